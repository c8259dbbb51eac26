/** What people and commands ask of synchronisation: run it, plan it, look at it, answer what waits. */
import { NotFound } from '../errors.ts'
import { bindingState, bindings as bindingStates, ensureBinding, heldShadows, saveBinding } from '../store/bindings.ts'
import type { Store } from '../store/store.ts'
import type { Binding } from './binding.ts'
import type { Engine } from './engine.ts'
import { newReport, type SyncReport, together } from './report.ts'
import type { Worker } from './worker.ts'

/** One binding as `kaldav sources` shows it. Times are epoch seconds. */
export interface SourceState {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly calendar: string
  /** systemName; `null`: the whole schedule. */
  readonly resource: string | null
  readonly direction: Binding['direction']
  readonly lastSuccess: number | null
  readonly nextDue: number
  readonly failures: number
  readonly error: string | null
  readonly remedy: string | null
  /** Somebody has stopped it: it is neither read nor written until it is released. */
  readonly frozen: boolean
  /** The remote has had enough: writes wait until then, reads go on; `null`: they do not. */
  readonly writesAfter: number | null
}

/** The bindings of the configuration, and the configured calendars that cannot be bound, with the reason. */
export interface Configured {
  readonly bindings: readonly Binding[]
  readonly broken: readonly {
    readonly source: string
    readonly type: string
    readonly calendar: string
    readonly resource: string
    readonly error: string
    readonly remedy: string
  }[]
}

export interface SyncOptions {
  readonly store: Store
  readonly engine: Engine
  readonly worker: Worker
  /** The account first: the others need its resources. */
  readonly configured: () => Promise<Configured>
  /** Epoch seconds. */
  readonly now?: () => number
}

export class Sync {
  readonly #options: SyncOptions

  constructor(options: SyncOptions) {
    this.#options = options
  }

  /**
   * Runs every binding of a source (all for `null`) once, one after the other, and the account once more when others
   * have changed the schedule: a single call leaves all sides agreed.
   */
  async run(source: string | null, { dryRun = false } = {}): Promise<SyncReport[]> {
    const { engine, worker, configured } = this.#options
    const reports: SyncReport[] = []
    const { bindings, broken } = await configured()
    const asked = bindings.filter(binding => source === null || binding.source === source)
    for (const binding of asked) {
      if (dryRun) reports.push(await engine.run(binding, { dryRun }))
      else reports.push((await this.#frozen(binding)) ?? (await worker.runNow(binding)))
    }
    const [account, ...others] = asked
    const [first, ...rest] = reports
    const changed = rest.some(({ created, updated, removed }) => created + updated + removed > 0)
    if (source === null && !dryRun && account && first && others.length > 0 && changed) {
      reports[0] = together(first, await worker.runNow(account))
    }
    for (const { source: id, calendar, error, remedy } of broken) {
      if (source === null || id === source) reports.push({ ...newReport(id, calendar, null), error, remedy })
    }
    return reports
  }

  async sources(): Promise<SourceState[]> {
    const { store, configured, now = () => Math.floor(Date.now() / 1000) } = this.#options
    const states = new Map((await bindingStates(store.database)).map(state => [state.id, state]))
    const names = new Map((await store.resources()).map(({ id, systemName }) => [id, systemName]))
    const { bindings, broken } = await configured()
    const bound = bindings.map((binding): SourceState => {
      const { id, source, type, calendar, direction, resourceId } = binding
      const state = states.get(id)
      return {
        id,
        source,
        type,
        calendar,
        direction,
        resource: resourceId === null ? null : (names.get(resourceId) ?? String(resourceId)),
        lastSuccess: state?.lastSuccess ?? null,
        nextDue: state?.dueAt ?? 0,
        failures: state?.failures ?? 0,
        error: state?.error ?? null,
        remedy: state?.remedy ?? null,
        frozen: state?.frozen ?? false,
        writesAfter: state && state.writesAfter > now() ? state.writesAfter : null,
      }
    })
    const unbound = broken.map(
      ({ source, type, calendar, resource, error, remedy }): SourceState => ({
        ...{ id: `${source}/${calendar}`, source, type, calendar, resource, error, remedy },
        ...{ direction: 'both', lastSuccess: null, nextDue: 0, failures: 0, frozen: false, writesAfter: null },
      }),
    )
    return [...bound, ...unbound]
  }

  /**
   * Stops every calendar of a source, or releases it. What changes meanwhile on either side is merged afterwards.
   * @throws NotFound
   */
  async freeze(source: string, frozen: boolean): Promise<void> {
    const { store, configured } = this.#options
    const { bindings } = await configured()
    const asked = bindings.filter(binding => binding.source === source)
    if (asked.length === 0) {
      const remedy = `There are ${[...new Set(bindings.map(binding => binding.source))].join(', ')}.`
      throw new NotFound(`There is no source ${source}.`, { remedy })
    }
    for (const { id } of asked) {
      await ensureBinding(store.database, id)
      await saveBinding(store.database, id, frozen ? { frozen } : { frozen, dueAt: 0 })
    }
  }

  async #frozen({ id, source, calendar }: Binding): Promise<SyncReport | null> {
    if (!(await bindingState(this.#options.store.database, id)).frozen) return null
    const remedy = `"kaldav sources --release ${source}" lets it go on.`
    return { ...newReport(source, calendar, null), error: `${id} is frozen: nothing was done`, remedy }
  }

  /**
   * Lets the deletions that wait happen (`approve`), or writes the events back to their source (`restore`): of one
   * source, or for `null` of every calendar where some wait.
   */
  async answer(source: string | null, answer: 'approve' | 'restore'): Promise<SyncReport[]> {
    const { store, engine, worker, configured } = this.#options
    const reports: SyncReport[] = []
    for (const binding of (await configured()).bindings) {
      const waits = source === null && (await heldShadows(store.database, binding.id)).length > 0
      if (binding.source !== source && !waits) continue
      reports.push(together(await engine.answerHeld(binding, answer), await worker.runNow(binding)))
    }
    return reports
  }
}
