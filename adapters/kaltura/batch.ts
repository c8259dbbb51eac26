/** Carries out units of requests, as few multirequests as may be, whichever pushes they are for. */
import { ApiFailure, meaningOf } from './errors.ts'
import type { EventRow } from './rows.ts'
import { readEvent } from './rows.ts'
import { services } from './sdk.ts'
import type { KalturaSession } from './session.ts'
import { type Round, Together } from './together.ts'
import type { Step, Unit } from './write.ts'

/** Requests in one multirequest, and characters of what they send. */
const BATCH = 50
const BATCH_LENGTH = 400_000
/** Multirequests under way at the same time. */
const PARALLEL = 4

const lengthOf = ({ ask }: Step): number => JSON.stringify(ask().data).length

/** What one push asks for, and the rows that were made for it. */
interface Order {
  readonly units: readonly Unit[]
  readonly created: EventRow[]
}

/** One multirequest: whose each step is. */
interface Batch {
  readonly steps: Step[]
  readonly owners: number[]
  length: number
}

/** Units of one order are carried out in their order; an order that fills several batches has these by itself. */
function batchesOf(orders: readonly Order[]): Batch[][] {
  const shared: Batch[] = []
  const lines: Batch[][] = []
  for (const [owner, { units }] of orders.entries()) {
    const own = pack(units, owner, { steps: [], owners: [], length: 0 })
    const [only] = own
    const last = shared.at(-1)
    if (own.length > 1 || !only) lines.push(own)
    else if (!last || !fits(last, only.steps.length, only.length)) shared.push(only)
    else pack(units, owner, last)
  }
  return [...shared.map(batch => [batch]), ...lines]
}

const fits = (batch: Batch, steps: number, length: number): boolean =>
  batch.steps.length + steps <= BATCH && batch.length + length <= BATCH_LENGTH

/** Adds units to a batch, and to new ones after it. */
function pack(units: readonly Unit[], owner: number, into: Batch): Batch[] {
  const batches = [into]
  let batch = into
  for (const unit of units) {
    const steps = unit(batch.steps.length + 1)
    const length = steps.reduce((sum, step) => sum + lengthOf(step), 0)
    const full = batch.steps.length > 0 && !fits(batch, steps.length, length)
    if (full) {
      batch = { steps: [], owners: [], length: 0 }
      batches.push(batch)
    }
    batch.steps.push(...(full ? unit(1) : steps))
    batch.owners.push(...steps.map(() => owner))
    batch.length += length
  }
  return batches
}

/** What came of one order. */
interface Outcome {
  readonly rows: EventRow[]
  failed: unknown
}

export class Writes {
  readonly #session: KalturaSession
  readonly #orders: Together<Order, EventRow[]>

  constructor(session: KalturaSession, round: Round) {
    this.#session = session
    this.#orders = new Together(round, async orders => {
      const outcomes = orders.map((): Outcome => ({ rows: [], failed: null }))
      const lines = batchesOf(orders)
      const work = async () => {
        for (let line = lines.shift(); line; line = lines.shift()) await this.#line(line, orders, outcomes)
      }
      await Promise.all(Array.from({ length: PARALLEL }, work))
      return index => {
        const outcome = outcomes[index]
        if (outcome?.failed) throw outcome.failed
        return outcome?.rows ?? []
      }
    })
  }

  /**
   * @returns the rows that were added, updated or cancelled, as they then were
   * @param created takes note of rows that were made, also where what follows fails
   * @throws Rejected · VersionMismatch · Unavailable · AccessDenied what the first failed request means
   */
  async carryOut(units: readonly Unit[], created: EventRow[] = []): Promise<EventRow[]> {
    return units.length === 0 ? [] : this.#orders.ask({ units, created })
  }

  /** Carries out each list of units only after the one before has succeeded. */
  async carryOutAll(phases: readonly (readonly Unit[])[], created: EventRow[]): Promise<EventRow[]> {
    const rows: EventRow[] = []
    for (const units of phases) rows.push(...(await this.carryOut(units, created)))
    return rows
  }

  /** Takes back what was made for an event that Kaltura then refused. */
  async takeBack(created: readonly EventRow[]): Promise<void> {
    const asks = created.map(
      ({ id }) =>
        () =>
          services.scheduleEvent.deleteAction(id),
    )
    for (let at = 0; at < asks.length; at += BATCH) await this.#session.askAll(asks.slice(at, at + BATCH))
  }

  /** Batches that must follow one another: after a failure the rest is not sent. */
  async #line(batches: readonly Batch[], orders: readonly Order[], outcomes: readonly Outcome[]): Promise<void> {
    for (const { steps, owners } of batches) {
      const concerned = new Set(owners.flatMap(owner => outcomes[owner] ?? []))
      try {
        const results = await this.#session.askAll(steps.map(({ ask }) => ask))
        for (const [index, step] of steps.entries()) {
          const owner = owners[index] ?? -1
          const [order, outcome] = [orders[owner], outcomes[owner]]
          if (order && outcome) take(step, results[index], order, outcome)
        }
      } catch (error) {
        for (const outcome of concerned) outcome.failed ??= error
      }
      if ([...concerned].every(({ failed }) => failed)) return
    }
  }
}

function take({ ask, quiet }: Step, result: unknown, { created }: Order, outcome: Outcome): void {
  const { service, action } = ask()
  if (result instanceof ApiFailure) {
    if (!quiet?.includes(result.code)) outcome.failed ??= meaningOf(result, `${service} ${action}`)
    return
  }
  const row = service === 'schedule_scheduleevent' && action !== 'delete' ? readEvent(result) : null
  if (!row) return
  outcome.rows.push(row)
  if (action === 'add') created.push(row)
}
