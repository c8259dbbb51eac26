/** The same tests on every engine: a store of its own, empty, for each test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { openPostgres } from '../../adapters/postgres.ts'
import { openSqlite } from '../../adapters/sqlite.ts'
import type { Database } from '../../src/store/database.ts'
import { Store } from '../../src/store/store.ts'
import { listTables } from '../../src/store/tables.ts'
import { newPostgresDatabase } from '../support/postgres.ts'
import { now } from './events.ts'

export interface Opened {
  readonly store: Store
  readonly database: Database
  /** Epoch seconds; a test may move it. */
  readonly clock: { now: number }
  /** For files of the test. */
  readonly folder: string
  /** One more empty store of the same engine. */
  readonly another: () => Promise<Store>
  /** An empty store, quickly, for laws that want many; where it can it takes the place of the last one. */
  readonly fleeting: () => Promise<Store>
}

interface Engine {
  /** A new, empty database; null where the machine has no such engine. */
  fresh(): Promise<Database | null>
  /** One that may have been used by an earlier test, empty again. */
  emptied(): Promise<Database | null>
  /** One that need not last. */
  fleeting(): Promise<Database | null>
  end(): Promise<void>
}

const folder = mkdtempSync(join(tmpdir(), 'kaldav-store-'))

function sqlite(): Engine {
  const opened: Database[] = []
  const fresh = async () => {
    const database = await openSqlite(join(folder, `${opened.length}.db`))
    opened.push(database)
    return database
  }
  return {
    fresh,
    emptied: fresh,
    async fleeting() {
      const database = await openSqlite(':memory:')
      opened.push(database)
      return database
    },
    async end() {
      for (const database of opened) await database.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Quicker than making the tables anew. */
async function empty(database: Database): Promise<void> {
  const tables = (await listTables(database, database.engine)).filter(({ name }) => name !== 'migration')
  if (tables.length === 0) return
  await database.transaction(async tx => {
    for (const { name } of tables) await tx.query(`DELETE FROM ${name}`)
    await tx.query('INSERT INTO calendar (resource_id, token, floor) VALUES (0, 0, 0)')
  })
}

function postgres(): Engine {
  const closes: (() => Promise<void>)[] = []
  const fresh = async () => {
    const made = await newPostgresDatabase()
    if (!made) return null
    const database = await openPostgres(made.url)
    closes.push(async () => {
      await database.close()
      await made.drop()
    })
    return database
  }
  let used: Promise<Database | null> | null = null
  const emptied = async () => {
    used ??= fresh()
    const database = await used
    if (database) await empty(database)
    return database
  }
  return {
    fresh,
    emptied,
    fleeting: emptied,
    async end() {
      for (const close of closes) await close()
    },
  }
}

export const engines: Readonly<Record<Database['engine'], () => Engine>> = { sqlite, postgres }

/** Defines the tests once for each engine; `opened()` is what belongs to the test that runs. */
export function eachStore(title: string, define: (opened: () => Opened, engine: Database['engine']) => void): void {
  describe.each(Object.entries(engines))(`${title}, on %s`, (name, make) => {
    const engine = make()
    let current: Opened | null = null
    const open = async (made: Promise<Database | null>, clock: { now: number }) => {
      const database = await made
      return database && Store.open(database, { zone: 'Europe/Berlin', now: () => clock.now })
    }
    beforeAll(() => engine.emptied().then(() => {}))
    beforeEach(async context => {
      const clock = { now }
      const store = await open(engine.emptied(), clock)
      if (!store) return context.skip(`no ${name} on this machine`)
      const further = async (made: Promise<Database | null>) => {
        const opened = await open(made, clock)
        if (!opened) throw new Error(`${name} is gone`)
        return opened
      }
      const another = () => further(engine.fresh())
      const fleeting = () => further(engine.fleeting())
      current = { store, database: store.database, clock, folder, another, fleeting }
    })
    afterAll(() => engine.end())
    define(
      () => {
        if (!current) throw new Error('not open')
        return current
      },
      name as Database['engine'],
    )
  })
}
