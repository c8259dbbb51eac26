/** A real store in a temporary folder, the engine, and bindings over given sources. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { openSqlite } from '../../adapters/sqlite.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import type { Database } from '../../src/store/database.ts'
import type { Actor, Resource } from '../../src/store/store.ts'
import { Store } from '../../src/store/store.ts'
import type { Binding } from '../../src/sync/binding.ts'
import { Engine } from '../../src/sync/engine.ts'
import type { SyncReport } from '../../src/sync/report.ts'
import type { Source } from '../../src/sync/source.ts'

export const person: Actor = { source: 'caldav', user: 'ann', run: null }

export interface Harness {
  readonly store: Store
  readonly engine: Engine
  /** One run of the source's binding. */
  run(source: Source, binding?: Partial<Binding>): Promise<SyncReport>
  binding(source: Source, change?: Partial<Binding>): Binding
  put(event: ScheduleEvent): Promise<void>
  remove(uid: string): Promise<void>
  close(): Promise<void>
}

const room: Resource = {
  ...{ id: 1, systemName: 'lh101', name: 'Lecture hall 101', type: 'location', description: null, tags: [] },
  ...{ parentId: null, entryId: null, timeZone: 'Europe/Berlin', status: 2 },
}

export interface HarnessOptions {
  readonly wrap?: (database: Database) => Database
  /** No file and so no wait for a disk, for those that open many. */
  readonly inMemory?: boolean
}

export async function openHarness(
  clock: { now: number } = { now: Math.floor(Date.now() / 1000) },
  { wrap = database => database, inMemory = false }: HarnessOptions = {},
): Promise<Harness> {
  const folder = mkdtempSync(join(tmpdir(), 'kaldav-sync-'))
  const database = wrap(await openSqlite(inMemory ? ':memory:' : join(folder, 'kaldav.db')))
  const now = () => clock.now
  const store = await Store.open(database, { zone: 'Europe/Berlin', now })
  await store.write(person, async tx => {
    await tx.putResource(room)
    await tx.putResource({ ...room, id: 2, systemName: 'lh102', name: 'Lecture hall 102' })
  })
  const log = pino({ level: 'silent' })
  const engine = new Engine({ store, log, zone: 'Europe/Berlin', now })
  const binding = (source: Source, change: Partial<Binding> = {}): Binding => ({
    ...{ id: 'test/room', source: 'test', type: 'test', calendar: 'room', resourceId: 1, direction: 'both' },
    ...{ pollSeconds: 60, open: async () => source, prefer: () => 'theirs' },
    ...change,
  })
  return {
    store,
    engine,
    binding,
    run: (source, change) => engine.run(binding(source, change)),
    put: event => store.write(person, async tx => void (await tx.put(event))),
    remove: uid => store.write(person, tx => tx.remove(uid)),
    async close() {
      await engine.close()
      await database.close()
      rmSync(folder, { recursive: true })
    },
  }
}
