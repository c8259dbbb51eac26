/**
 * Runs bindings when they are due: by their poll, after a change of ours, or because a webhook or a person said so.
 * Several processes may share a database: a lease keeps each binding with one of them at a time.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Unavailable } from '../errors.ts'
import { SCHEDULE } from '../schedule/event.ts'
import {
  type BindingState,
  bindingState,
  bindings as bindingStates,
  ensureBinding,
  lease,
  leaseOwner,
  release,
  wakeBindings,
} from '../store/bindings.ts'
import type { Store } from '../store/store.ts'
import type { Binding } from './binding.ts'
import type { Engine } from './engine.ts'
import { isGone, newOwner } from './owner.ts'
import type { SyncReport } from './report.ts'
import type { Hook } from './source.ts'
import type { Configured } from './sync.ts'

/** Calls of a remote within this time, seconds, are answered by one look at the first and one at the rest. */
const callsTogether = 2
/** How often due times are looked at, ms; a wake does not wait for it. */
const tickEvery = 1000
/** Changes of ours go out once no other has come for so long, so that many go out together … ms. */
const settleTime = 50
/** … or so long after the first one that waits, ms: pushing takes the time of those who are writing. */
const longestWait = 5000
/** A process that died holds its bindings this long at most, seconds; a living one renews while it runs. */
const leaseTime = 60
const perSource = 4
/** How long a person waits for another process to finish with a binding, and how often we look, ms. */
const patience = 60_000
const lookAgain = 200

export interface WorkerOptions {
  readonly store: Store
  readonly engine: Engine
  readonly configured: () => Promise<Configured>
  readonly log: Logger
  readonly now: () => number
  readonly onReport?: (report: SyncReport) => void
  /** Where a binding's remote may call; `null`: nobody outside can reach us. */
  readonly hookOf?: (binding: Binding) => Hook | null
}

export class Worker {
  readonly #options: WorkerOptions
  readonly #owner = newOwner()
  readonly #running = new Map<string, { readonly source: string; readonly finished: Promise<void> }>()
  /** When each binding was last woken at once by its remote, epoch seconds. */
  readonly #called = new Map<string, number>()
  #next: { readonly at: number; readonly timer: NodeJS.Timeout } | null = null
  /** A wake came while bindings were being looked at. */
  #again = false
  #ticking: Promise<void> | null = null
  /** When the first and the last change came that have not been looked at. */
  #changes: { readonly first: number; readonly last: number } | null = null
  /** Before `start` and after `stop` nothing is looked at; what becomes due meanwhile stays due. */
  #stopped = true

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  start(): void {
    this.#stopped = false
    this.#schedule(0)
  }

  /** Something of ours has changed: bindings that push look at it soon. */
  changed(): void {
    const now = performance.now()
    this.#changes = { first: this.#changes?.first ?? now, last: now }
    this.#schedule(settleTime)
  }

  /** Makes the bindings of a source (or all) due now. */
  async wake(source: string | null = null): Promise<void> {
    const { bindings } = await this.#options.configured()
    const ids = bindings.filter(binding => source === null || binding.source === source).map(({ id }) => id)
    await wakeBindings(this.#options.store.database, ids)
    this.#schedule(0)
  }

  /**
   * Makes one binding due because its remote has called: at once, and once more for all the calls that follow soon. A
   * wait after a failure stands: the remote may have asked for it.
   */
  async wakeBinding(id: string): Promise<void> {
    const { store, now } = this.#options
    await ensureBinding(store.database, id)
    if ((await bindingState(store.database, id)).failures > 0) return
    const isFirst = (this.#called.get(id) ?? 0) + callsTogether <= now()
    if (isFirst) this.#called.set(id, now())
    await wakeBindings(store.database, [id], isFirst ? 0 : now() + callsTogether)
    if (isFirst) this.#schedule(settleTime)
  }

  /** Takes no new work, and waits for what runs. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#options.engine.stop()
    if (this.#next) clearTimeout(this.#next.timer)
    await this.#ticking
    await Promise.all([...this.#running.values()].map(({ finished }) => finished))
  }

  /**
   * Runs one binding now; what `kaldav sync` calls. Where another process is at it, its turn is waited for.
   * @throws Unavailable another process has been at it for a minute
   */
  async runNow(binding: Binding): Promise<SyncReport> {
    for (const until = performance.now() + patience; ; await wait(lookAgain)) {
      await this.#running.get(binding.id)?.finished
      const report = await this.#run(binding)
      if (report) return report
      if (performance.now() > until) {
        const remedy = 'Look at its log: a long first run may simply need more time.'
        throw new Unavailable(`another kaldav process is synchronising ${binding.id}`, { remedy })
      }
    }
  }

  /** The next look, in `delay` ms at the latest. */
  #schedule(delay: number): void {
    const at = performance.now() + delay
    if (this.#stopped || this.#ticking || (this.#next && this.#next.at <= at)) {
      this.#again ||= this.#ticking !== null && delay < tickEvery
      return
    }
    if (this.#next) clearTimeout(this.#next.timer)
    this.#next = { at, timer: setTimeout(() => this.#look(), delay) }
  }

  /** How long the next look waits for changes to settle, ms. */
  #unsettled(): number {
    if (!this.#changes) return 0
    const { first, last } = this.#changes
    return Math.min(last + settleTime, first + longestWait) - performance.now()
  }

  #look(): void {
    this.#next = null
    const rest = this.#unsettled()
    if (rest > 0) {
      this.#schedule(rest)
      return
    }
    this.#changes = null
    this.#ticking = this.#tick().finally(() => {
      this.#ticking = null
      this.#schedule(this.#again ? settleTime : tickEvery)
      this.#again = false
    })
  }

  async #tick(): Promise<void> {
    const { log, now } = this.#options
    try {
      const { bindings } = await this.#options.configured()
      const states = await this.#states(bindings)
      const dueAt = ({ id }: Binding) => states.get(id)?.dueAt ?? 0
      // Who has waited longest comes first: of many busy calendars none is left waiting for ever.
      for (const binding of [...bindings].sort((a, b) => dueAt(a) - dueAt(b))) {
        const state = states.get(binding.id)
        if (this.#stopped || !state || this.#running.has(binding.id)) continue
        if (!(await this.#isDue(binding, state, now()))) continue
        if (this.#busy(binding.source) >= perSource) continue
        this.#launch(binding)
      }
    } catch (error) {
      log.error({ err: error }, 'the synchronisation worker could not read its bindings')
    }
  }

  async #states(bindings: readonly Binding[]): Promise<ReadonlyMap<string, BindingState>> {
    const { database } = this.#options.store
    const read = async () => new Map((await bindingStates(database)).map(state => [state.id, state]))
    const states = await read()
    const fresh = bindings.filter(({ id }) => !states.has(id))
    for (const { id } of fresh) await ensureBinding(database, id)
    return fresh.length > 0 ? read() : states
  }

  #launch(binding: Binding): void {
    const finished = this.#run(binding)
      .catch((error: unknown) => this.#options.log.error({ err: error, binding: binding.id }, 'a run failed'))
      .then(() => {
        this.#running.delete(binding.id)
        // Others of its source may have waited for the place.
        this.#schedule(settleTime)
      })
    this.#running.set(binding.id, { source: binding.source, finished })
  }

  #busy(source: string): number {
    return [...this.#running.values()].filter(running => running.source === source).length
  }

  async #isDue(binding: Binding, state: BindingState, now: number): Promise<boolean> {
    if (state.frozen) return false
    if (state.dueAt <= now) return true
    // After a failure the distance to the next try stands, whatever has changed here.
    if (!this.#options.engine.pushes(binding) || state.failures > 0 || state.writesAfter > now) return false
    return (await this.#options.store.token(binding.resourceId ?? SCHEDULE)) > state.token
  }

  async #watch(binding: Binding): Promise<void> {
    const { store, engine, now, hookOf } = this.#options
    const hook = hookOf?.(binding)
    if (!hook) return
    const { watchUntil } = await bindingState(store.database, binding.id)
    if (watchUntil <= now()) await engine.watch(binding, hook)
  }

  /** A process that was killed needs no lease any more: its bindings do not wait until that ends. */
  async #inherit(id: string, hold: () => Promise<boolean>): Promise<boolean> {
    const { database } = this.#options.store
    const owner = await leaseOwner(database, id)
    if (owner === null || !isGone(owner)) return false
    await release(database, id, owner)
    return hold()
  }

  async #run(binding: Binding): Promise<SyncReport | null> {
    const { store, engine, now, onReport } = this.#options
    await ensureBinding(store.database, binding.id)
    const hold = () => lease(store.database, binding.id, this.#owner, now(), now() + leaseTime)
    if (!(await hold()) && !(await this.#inherit(binding.id, hold))) return null
    const renewal = setInterval(() => void hold(), (leaseTime / 3) * 1000)
    try {
      const report = await engine.run(binding)
      onReport?.(report)
      if (report.error === null) await this.#watch(binding)
      return report
    } finally {
      clearInterval(renewal)
      await release(store.database, binding.id, this.#owner)
    }
  }
}
