/**
 * A world of two to four sources and people around one store: anyone edits and deletes at any time, requests fail before
 * or after they took effect, the process dies between any two effects, cursors expire. When it has calmed down, every side must say the same, nobody may write any more,
 * and nothing may be lost or doubled.
 */
import fc from 'fast-check'
import { MemorySource } from '../../adapters/memory.ts'
import { Rejected, Unavailable } from '../../src/errors.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import type { Database } from '../../src/store/database.ts'
import type { Binding } from '../../src/sync/binding.ts'
import type { SyncReport } from '../../src/sync/report.ts'
import type { Changes, RemoteRef, Source } from '../../src/sync/source.ts'
import { lossy, scheduleEvent } from './arbitrary.ts'
import { type Harness, openHarness } from './harness.ts'

/** A process that dies before its n-th effect from now, and does nothing more until it is started again. */
class Process {
  #left = Number.POSITIVE_INFINITY

  dieAfter(effects: number): void {
    this.#left = effects
  }

  start(): void {
    this.#left = Number.POSITIVE_INFINITY
  }

  /** Called before anything that lasts, here or at a remote. */
  effect(): void {
    this.alive()
    this.#left--
    this.alive()
  }

  alive(): void {
    if (this.#left < 0) throw new Error('the process died')
  }

  around(database: Database): Database {
    const isRead = (sql: string) => /^\s*SELECT/i.test(sql)
    return {
      engine: database.engine,
      query: async (sql, values) => {
        if (isRead(sql)) this.alive()
        else this.effect()
        return database.query(sql, values)
      },
      transaction: async work => {
        this.effect()
        return database.transaction(work)
      },
      snapshot: work => database.snapshot(work),
      close: () => database.close(),
    }
  }
}

interface Traits {
  /** It keeps a part of each event only. */
  readonly lossy: boolean
  /** It takes no event that is tentative, where somebody else makes it so. */
  readonly refuses: boolean
}

/** A source whose next request fails, before or after it took effect. */
class Unreliable implements Source {
  readonly inner = new MemorySource()
  readonly #traits: Traits
  readonly #process: Process
  failure: 'none' | 'before' | 'after' = 'none'

  constructor(traits: Traits, process: Process) {
    this.#traits = traits
    this.#process = process
  }

  refuses({ master }: ScheduleEvent): boolean {
    return this.#traits.refuses && master?.status === 'TENTATIVE'
  }

  normalize(event: ScheduleEvent): ScheduleEvent {
    return this.#traits.lossy ? lossy(event) : event
  }

  pull(cursor: string | null): Promise<Changes> {
    return this.#guarded(() => this.inner.pull(cursor))
  }

  push(event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
    if (this.refuses(event)) return Promise.reject(new Rejected('tentative', 'what is not certain is not taken here'))
    return this.#guarded(() => this.inner.push(this.normalize(event), at))
  }

  remove(at: RemoteRef): Promise<void> {
    return this.#guarded(() => this.inner.remove(at))
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#process.effect()
    const { failure } = this
    this.failure = 'none'
    if (failure === 'before') throw new Unavailable('the connection broke before the request')
    const result = await work()
    if (failure === 'after') throw new Unavailable('the connection broke before the answer')
    return result
  }
}

export type Step =
  | { readonly kind: 'put' | 'delete'; readonly where: number; readonly uid: string; readonly event: ScheduleEvent }
  | { readonly kind: 'run'; readonly where: number }
  | { readonly kind: 'fail'; readonly where: number; readonly how: 'before' | 'after' }
  | { readonly kind: 'forget'; readonly where: number }
  | { readonly kind: 'die'; readonly where: number; readonly after: number }

const where = fc.nat({ max: 4 })
const uid = fc.constantFrom('a', 'b', 'c', 'd')

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), where, uid, event: scheduleEvent }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), where, uid, event: scheduleEvent }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('run' as const), where }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      where,
      how: fc.constantFrom('before' as const, 'after' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), where }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('die' as const), where, after: fc.nat({ max: 20 }) }) },
)

/** How a world is made: what its first room keeps, what the account refuses, and how many sources there are (2 to 4). */
export interface Shape extends Traits {
  readonly sources: number
}

export const shape: fc.Arbitrary<Shape> = fc.record({
  lossy: fc.boolean(),
  refuses: fc.boolean(),
  sources: fc.integer({ min: 2, max: 4 }),
})

/** Sources 0 and 2 are rooms, 1 is the account, 3 a second calendar of the first room; further places are people here. */
export async function play(steps: readonly Step[], shape: Shape): Promise<void> {
  const process = new Process()
  const harness = await openHarness(
    { now: 1_790_000_000 },
    { wrap: database => process.around(database), inMemory: true },
  )
  try {
    const world = new World(harness, process, shape)
    for (const each of steps) await world.take(each)
    await world.settle()
    await world.check()
  } finally {
    await harness.close()
  }
}

class World {
  readonly #harness: Harness
  readonly #process: Process
  readonly #sources: readonly Unreliable[]
  readonly #bindings: readonly Partial<Binding>[]
  readonly #deleted = new Set<string>()
  readonly #made = new Set<string>()

  constructor(harness: Harness, process: Process, { lossy, refuses, sources }: Shape) {
    this.#harness = harness
    this.#process = process
    const traits = (n: number) => ({ lossy: lossy && n === 0, refuses: refuses && n === 1 })
    this.#sources = Array.from({ length: sources }, (_, n) => new Unreliable(traits(n), process))
    this.#bindings = [
      { id: 'a/1', source: 'a', resourceId: 1, prefer: () => 'theirs' },
      { id: 'k/all', source: 'k', resourceId: null, prefer: () => 'ours' },
      { id: 'b/2', source: 'b', resourceId: 2, prefer: () => 'ours' },
      { id: 'c/1', source: 'c', resourceId: 1, prefer: () => 'ours' },
    ]
  }

  async take(step: Step): Promise<void> {
    const source = this.#sources[step.where]
    if (step.kind === 'put') await this.#put(step, source)
    else if (step.kind === 'delete') await this.#delete(step.uid, source)
    else if (!source) return
    else if (step.kind === 'run') await this.#run(step.where)
    else if (step.kind === 'die') await this.#die(step)
    else if (step.kind === 'fail') source.failure = step.how
    else source.inner.forget()
  }

  async #put({ uid, event, where }: Extract<Step, { kind: 'put' | 'delete' }>, source: Unreliable | undefined) {
    this.#made.add(uid)
    const room = source && this.#bindings[where]?.resourceId
    const said = { ...event, uid, resourceIds: room ? [room] : event.resourceIds }
    if (source) source.inner.put(source.normalize(said))
    else await this.#harness.put(said)
  }

  async #delete(uid: string, source: Unreliable | undefined): Promise<void> {
    this.#deleted.add(uid)
    if (source) source.inner.delete(uid)
    else await this.#harness.remove(uid)
  }

  #run(where: number): Promise<SyncReport> {
    const source = this.#sources[where]
    if (!source) throw new TypeError('no such source')
    return this.#harness.run(source, this.#bindings[where])
  }

  /** A run that does not live to its end, unless it is over before. */
  async #die({ where, after }: Extract<Step, { kind: 'die' }>): Promise<void> {
    this.#process.dieAfter(after)
    await this.#run(where).catch(() => {})
    this.#process.start()
  }

  async settle(): Promise<void> {
    for (const source of this.#sources) source.failure = 'none'
    for (let round = 0; round < 6; round++) {
      for (let each = 0; each < this.#sources.length; each++) {
        const report = await this.#run(each)
        if (report.held > 0) await this.#approve(each)
      }
    }
  }

  async #approve(where: number): Promise<void> {
    const source = this.#sources[where]
    const binding = this.#bindings[where]
    if (!source || !binding) return
    const whole = {
      type: 'test',
      calendar: 'x',
      direction: 'both',
      pollSeconds: 60,
      open: async () => source,
      ...binding,
    }
    await this.#harness.engine.answerHeld(whole as Binding, 'approve')
  }

  async check(): Promise<void> {
    const { store } = this.#harness
    const before = [await store.token(0), ...this.#sources.map(({ inner }) => inner.clock)]
    for (let round = 0; round < 2; round++) {
      for (let each = 0; each < this.#sources.length; each++) {
        const { error } = await this.#run(each)
        if (error !== null) throw new Error(`a quiet round failed: ${error}`)
      }
    }
    const after = [await store.token(0), ...this.#sources.map(({ inner }) => inner.clock)]
    if (String(before) !== String(after)) throw new Error(`not quiet: ${before} became ${after}`)
    const uids = await store.uids()
    for (const uid of this.#made) {
      if (!this.#deleted.has(uid) && !uids.includes(uid)) throw new Error(`lost: ${uid}`)
    }
    for (const uid of uids) if (!this.#made.has(uid)) throw new Error(`invented: ${uid}`)
    for (let each = 0; each < this.#sources.length; each++) await this.#agree(each)
  }

  /** A source holds what the store holds for it, once; where it refuses, a conflict says so. */
  async #agree(where: number): Promise<void> {
    const source = this.#sources[where]
    const { store } = this.#harness
    const { resourceId: room = null, source: name } = this.#bindings[where] ?? {}
    const told = (await store.conflicts()).filter(({ kind, source: from }) => kind === 'rejected' && from === name)
    const refused = new Set(told.flatMap(({ uids }) => uids))
    const stored = await store.events(await store.uids())
    const expected = stored
      .map(({ event }) => event)
      .filter(({ resourceIds }) => room === null || resourceIds.includes(room))
      .filter(event => !(source?.refuses(event) && refused.has(event.uid)))
    const left = new Set(expected.map(({ uid }) => uid))
    const held = (source?.inner.events ?? []).filter(({ uid }) => left.has(uid) || !refused.has(uid))
    const ids = held.map(({ uid }) => uid).sort()
    if (String(ids) !== String(expected.map(({ uid }) => uid).sort())) {
      throw new Error(`source ${where} holds ${ids}, the store ${expected.map(({ uid }) => uid).sort()}`)
    }
    for (const event of expected) {
      const theirs = held.find(({ uid }) => uid === event.uid)
      const ours = source?.normalize(room === null ? event : { ...event, resourceIds: [room] })
      const fields = theirs && ours ? differences(theirs, ours) : []
      if (fields.length > 0) throw new Error(`source ${where} and the store differ in ${event.uid}: ${fields}`)
    }
  }
}
