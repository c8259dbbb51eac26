/**
 * One run of a binding: pull, merge into our schedule, push what differs, remember how far both sides were read.
 * Every step may be interrupted and every one may be repeated; the decisions are in `decide.ts`, the I/O around them in
 * `incoming.ts` and `outgoing.ts`.
 */
import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { AccessDenied, CursorExpired, KaldavError, Unavailable } from '../errors.ts'
import { SCHEDULE } from '../schedule/event.ts'
import {
  type BindingState,
  bindingState,
  changedUids,
  cursorOf,
  ensureBinding,
  saveBinding,
  saveCursor,
  wakeBindings,
} from '../store/bindings.ts'
import type { Store } from '../store/store.ts'
import type { Binding } from './binding.ts'
import { applyHeld } from './held.ts'
import { applyIncoming, type Context } from './incoming.ts'
import { applyOutgoing, applyRefusals, isWritePause, offerAgain } from './outgoing.ts'
import { nextPace, quickPace, spread } from './pace.ts'
import { newReport, type SyncReport } from './report.ts'
import type { Changes, Hook, Source } from './source.ts'

/** A push that meets a changed remote copy pulls and merges again, this often in one run. */
const rounds = 3
/** How many changes of ours are looked at between two saves of the token. */
const pushBatch = 500
/** How long writes wait where the remote said "enough" without saying for how long, seconds. */
const writePause = 900

/** After a refusal to push, or where a source cannot, it is asked again after this time, seconds. */
const watchAgain = 3600

export interface EngineOptions {
  readonly store: Store
  readonly log: Logger
  readonly zone: string
  readonly now: () => number
}

/** Why writes to a calendar that is read all the same have to wait. */
type Waiting = Pick<BindingState, 'error' | 'remedy'>

export class Engine {
  readonly #options: EngineOptions
  readonly #open = new Map<string, Promise<Source>>()
  readonly #readOnly = new Set<string>()
  /** Seconds between two looks at each binding, while it was last run here. */
  readonly #pace = new Map<string, number>()
  readonly #ending = new AbortController()

  constructor(options: EngineOptions) {
    this.#options = options
  }

  /** The opened source of a binding; opened once, at its first use. */
  source(binding: Binding): Promise<Source> {
    const opened = this.#open.get(binding.id) ?? binding.open()
    this.#open.set(binding.id, opened)
    // A source that could not be opened is tried anew at the next run.
    opened.catch(() => this.#open.delete(binding.id))
    return opened
  }

  /** Whether changes of ours concern the binding: of a source that was not opened yet it is assumed. */
  pushes({ id, direction }: Binding): boolean {
    return direction !== 'in' && !this.#readOnly.has(id)
  }

  /**
   * Runs the binding once and records how it went. Never throws for what a remote does: that is in the report, and in
   * the binding's state with its remedy.
   */
  async run(binding: Binding, { dryRun = false } = {}): Promise<SyncReport> {
    const { store, log, now } = this.#options
    const run = dryRun ? null : `${now()}-${randomUUID().slice(0, 8)}`
    const report = newReport(binding.source, binding.calendar, run)
    if (!dryRun) await ensureBinding(store.database, binding.id)
    const state = await bindingState(store.database, binding.id)
    const pace = nextPace(this.#pace.get(binding.id) ?? null, binding.pollSeconds)
    // The next poll is set before the run: a wake that comes during it is then not lost.
    if (!dryRun) await saveBinding(store.database, binding.id, { dueAt: now() + spread(pace) })
    try {
      const source = await this.source(binding)
      const actor = { source: binding.source, user: null, run }
      const context = {
        store,
        binding,
        source,
        actor,
        report,
        dryRun,
        planned: new Set<string>(),
        zone: this.#options.zone,
        signal: this.#ending.signal,
      }
      const waiting = await this.#rounds(context, state)
      if (dryRun) return report
      const { error, remedy } = waiting ?? { error: null, remedy: null }
      await saveBinding(store.database, binding.id, { failures: 0, error, remedy, lastSuccess: now() })
      await this.#keepPace(binding, pace, report)
    } catch (error) {
      // Nothing has gone wrong: the next start goes on from here.
      if (this.#ending.signal.aborted) return report
      report.error = error instanceof Error ? error.message : String(error)
      report.remedy = error instanceof KaldavError ? error.remedy : null
      const level = error instanceof KaldavError ? 'warn' : 'error'
      log[level]({ binding: binding.id, err: error, remedy: report.remedy }, 'a calendar could not be synchronised')
      if (!dryRun) await this.#failed(binding, state, error)
    }
    return report
  }

  /**
   * Has the remote call us on change, where it can; renewed when four fifths of its promise are over. A refusal is no
   * failure: the calendar is polled.
   */
  async watch(binding: Binding, hook: Hook): Promise<void> {
    const { store, log, now } = this.#options
    const { watchMark: previous } = await bindingState(store.database, binding.id)
    let watchUntil = now() + watchAgain
    try {
      const source = await this.source(binding)
      if (!source.watch) return
      const { expiresAt, mark = null, endPrevious } = await source.watch(hook, previous)
      await saveBinding(store.database, binding.id, { watchMark: mark })
      await endPrevious?.()
      const expires = Math.floor(Temporal.Instant.from(expiresAt).epochMilliseconds / 1000)
      watchUntil = now() + Math.max(60, Math.floor((expires - now()) * 0.8))
    } catch (error) {
      log.warn({ binding: binding.id, err: error }, 'a calendar is only polled: its changes cannot be pushed')
    } finally {
      await saveBinding(store.database, binding.id, { watchUntil })
    }
  }

  /** Answers the deletions that wait: `approve` lets them happen here, `restore` writes the events to the remote again. */
  async answerHeld(binding: Binding, answer: 'approve' | 'restore'): Promise<SyncReport> {
    const { store, now, zone } = this.#options
    const run = `${now()}-${randomUUID().slice(0, 8)}`
    const report = newReport(binding.source, binding.calendar, run)
    const source = await this.source(binding)
    const actor = { source: binding.source, user: null, run }
    const { signal } = this.#ending
    const context = { store, binding, source, actor, report, dryRun: false, planned: new Set<string>(), zone, signal }
    await applyHeld(context, answer)
    await saveBinding(store.database, binding.id, { dueAt: 0, ...(answer === 'restore' ? { token: 0 } : {}) })
    return report
  }

  /** Ends running work between two events. */
  stop(): void {
    this.#ending.abort(new Unavailable('the gateway is stopping'))
  }

  async close(): Promise<void> {
    const closed = [...this.#open].map(async ([id, opening]) => {
      const source = await opening
      if (!source.close) return
      await source.close()
      // Its watches have ended with it: the next start asks for new ones.
      await saveBinding(this.#options.store.database, id, { watchUntil: 0 })
    })
    await Promise.allSettled(closed)
  }

  /** Where something has just changed, more is likely to change: the next look comes sooner. */
  async #keepPace(binding: Binding, pace: number, report: SyncReport): Promise<void> {
    const busy = report.created + report.updated + report.removed > 0
    const kept = busy ? quickPace(binding.pollSeconds) : pace
    this.#pace.set(binding.id, kept)
    if (kept < pace) await wakeBindings(this.#options.store.database, [binding.id], this.#options.now() + spread(kept))
  }

  /** @returns why writes wait, where they do */
  async #rounds(context: Context, state: BindingState): Promise<Waiting | null> {
    const { binding } = context
    let { token } = state
    let cursor = await cursorOf(this.#options.store.database, binding.id)
    for (let round = 1; ; round++) {
      const changes = await pull(context, cursor)
      await applyRefusals(context, changes.refused ?? [])
      await applyIncoming(context, changes)
      if (changes.changed.length + changes.removed.length > 0) await offerAgain(context)
      cursor = changes.cursor
      // What came may have to be answered with an event of ours that was looked at before.
      token = Math.min(token, (await bindingState(this.#options.store.database, binding.id)).token)
      // The source hears that its refusals have arrived, and can tidy up behind them.
      if (changes.refused?.length && round < rounds && !context.dryRun) continue
      if (!context.source.push) this.#readOnly.add(binding.id)
      if (!this.pushes(binding)) return null
      const pushed = await this.#push(context, token, state)
      token = pushed.token
      if (pushed.outcome === 'done' || context.dryRun) return pushed.waiting
      if (round === rounds) {
        throw new Unavailable(`${binding.id}: the remote calendar keeps changing while it is being written`)
      }
    }
  }

  async #push(context: Context, from: number, state: BindingState) {
    const { store, now } = this.#options
    const { binding } = context
    if (state.writesAfter > now()) {
      return { outcome: 'done' as const, token: from, waiting: { error: state.error, remedy: state.remedy } }
    }
    let token = from
    try {
      for (;;) {
        const changed = await changedUids(store.database, binding.resourceId ?? SCHEDULE, token, pushBatch)
        const outcome = await applyOutgoing(context, changed.uids)
        if (outcome === 'again') return { outcome, token, waiting: null }
        const done = changed.token === token
        token = changed.token
        if (!done && !context.dryRun) await saveBinding(store.database, binding.id, { token })
        if (done) return { outcome, token, waiting: null }
      }
    } catch (error) {
      if (!isWritePause(error)) throw error
      const until = now() + (error.retryAfter ?? writePause)
      await saveBinding(store.database, binding.id, { writesAfter: until })
      this.#options.log.warn({ binding: binding.id, until }, 'writes to a calendar wait')
      return { outcome: 'done' as const, token, waiting: { error: error.message, remedy: error.remedy } }
    }
  }

  async #failed(binding: Binding, state: BindingState, error: unknown): Promise<void> {
    const { store, now } = this.#options
    const failures = state.failures + 1
    const asked = error instanceof Unavailable ? error.retryAfter : null
    // With growing distance, from 5 s to the poll. What only a person can mend is looked at seldom in the end, but soon
    // at first: a right that was taken by mistake is often given back at once.
    const longest = Math.max(error instanceof AccessDenied ? 300 : 60, binding.pollSeconds)
    const wait = Math.min(5 * 2 ** Math.min(failures - 1, 10), longest)
    await saveBinding(store.database, binding.id, {
      failures,
      error: error instanceof Error ? error.message : String(error),
      remedy: error instanceof KaldavError ? error.remedy : null,
      dueAt: now() + spread(Math.max(wait, asked ?? 0)),
    })
  }
}

/** A read from the cursor, or from the beginning where the remote no longer knows it. */
async function pull({ source, store, binding, signal, dryRun }: Context, cursor: string | null): Promise<Changes> {
  const save = async (at: string) => {
    signal.throwIfAborted()
    await saveCursor(store.database, binding.id, at)
  }
  const keep = dryRun ? undefined : save
  try {
    return await source.pull(cursor, keep)
  } catch (error) {
    if (!(error instanceof CursorExpired) || cursor === null) throw error
    return source.pull(null, keep)
  }
}
