/** Carries out units of requests, as few multirequests as may be. */

import { ApiFailure, meaningOf } from './errors.ts'
import type { EventRow } from './rows.ts'
import { readEvent } from './rows.ts'
import { services } from './sdk.ts'
import type { KalturaSession } from './session.ts'
import type { Step, Unit } from './write.ts'

/** Requests in one multirequest, and characters of what they send. */
const BATCH = 40
const BATCH_LENGTH = 400_000

const lengthOf = ({ ask }: Step): number => JSON.stringify(ask().data).length

function* batches(units: readonly Unit[]): Generator<Step[]> {
  let steps: Step[] = []
  let length = 0
  for (const unit of units) {
    const more = unit(steps.length + 1)
    const added = more.reduce((sum, step) => sum + lengthOf(step), 0)
    const full = steps.length + more.length > BATCH || length + added > BATCH_LENGTH
    if (full && steps.length > 0) yield steps
    steps = full ? [...unit(1)] : [...steps, ...more]
    length = full ? added : length + added
  }
  if (steps.length > 0) yield steps
}

/**
 * @returns the rows that were added, updated or cancelled, as they then were
 * @param created takes note of rows that were made, also where what follows fails
 * @throws Rejected · VersionMismatch · Unavailable · AccessDenied what the first failed request means
 */
export async function carryOut(
  session: KalturaSession,
  units: readonly Unit[],
  created: EventRow[] = [],
): Promise<EventRow[]> {
  const rows: EventRow[] = []
  for (const steps of batches(units)) {
    const results = await session.askAll(steps.map(({ ask }) => ask))
    let failed: Error | null = null
    for (const [index, { ask, quiet }] of steps.entries()) {
      const result = results[index]
      const { service, action } = ask()
      if (result instanceof ApiFailure) {
        if (!quiet?.includes(result.code)) failed ??= meaningOf(result, `${service} ${action}`)
        continue
      }
      const row = service === 'schedule_scheduleevent' && action !== 'delete' ? readEvent(result) : null
      if (row) rows.push(row)
      if (row && action === 'add') created.push(row)
    }
    if (failed) throw failed
  }
  return rows
}

/** Carries out each list of units only after the one before has succeeded. */
export async function carryOutAll(
  session: KalturaSession,
  phases: readonly (readonly Unit[])[],
  created: EventRow[],
): Promise<EventRow[]> {
  const rows: EventRow[] = []
  for (const units of phases) rows.push(...(await carryOut(session, units, created)))
  return rows
}

/** Takes back what was made for an event that Kaltura then refused. */
export async function takeBack(session: KalturaSession, created: readonly EventRow[]): Promise<void> {
  const asks = created.map(
    ({ id }) =>
      () =>
        services.scheduleEvent.deleteAction(id),
  )
  for (let at = 0; at < asks.length; at += BATCH) await session.askAll(asks.slice(at, at + BATCH))
}
