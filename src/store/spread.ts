/** What the occurrence index holds of an event. Pure. */
import { hash } from 'node:crypto'
import { TooManyOccurrences } from '../errors.ts'
import { toEpoch } from '../schedule/caltime.ts'
import {
  type CalTime,
  type Component,
  isDate,
  isDuration,
  isRecurring,
  KalturaStatus,
  KalturaType,
  type ScheduleEvent,
  timeKey,
} from '../schedule/event.ts'
import { type Occurrence, occurrences, type Window } from '../schedule/recurrence.ts'
import type { OccurrenceRow } from './types.ts'

const DAY = 86_400
const YEAR = 366 * DAY
/** The years 1 to 9999. */
export const ALWAYS: Window = { from: -62_135_596_800, to: 253_402_300_800 }
/** A series is indexed this much beyond the horizon, so that the daily round finds little to do. */
const slack = 60 * DAY

/** What is promised to be in the index at `now`: 1 year back, 3 ahead. */
export const horizon = (now: number): Window => ({ from: now - YEAR, to: now + 3 * YEAR })

/** The occurrences of an event on one clock. */
export interface Spread {
  readonly rows: readonly OccurrenceRow[]
  /** Of a series that goes on, the part that `rows` covers; null where `rows` is everything. */
  readonly part: Window | null
}

const occupies = (component: Component, master: Component | null): boolean => {
  const status = component.kaltura.status ?? master?.kaltura.status ?? KalturaStatus.active
  return component.status !== 'CANCELLED' && !component.transparent && status === KalturaStatus.active
}

export const rowOf = (event: ScheduleEvent, occurrence: Occurrence): OccurrenceRow => {
  const { component, recurrenceId, start, end } = occurrence
  const busy = occupies(component, event.master)
  const type = component.kaltura.type ?? event.master?.kaltura.type
  return {
    uid: event.uid,
    recurrenceId: recurrenceId && timeKey(recurrenceId),
    start,
    end,
    busy,
    blackout: busy && type === KalturaType.blackout,
  }
}

const hasEnd = (rule: string): boolean => /(?:^|;)(?:UNTIL|COUNT)=/i.test(rule)

/** All occurrences of an event that ends, unless they are too many to keep. */
function whole(event: ScheduleEvent, zone: string): OccurrenceRow[] | null {
  if (isRecurring(event) && !event.master?.rrules.every(hasEnd)) return null
  try {
    return occurrences(event, ALWAYS, { zone }).map(occurrence => rowOf(event, occurrence))
  } catch (error) {
    if (error instanceof TooManyOccurrences) return null
    throw error
  }
}

/** Whether nothing of a series can lie before an instant. */
const startsAfter = ({ master, overrides }: ScheduleEvent, from: number, zone: string): boolean => {
  const rdates = (master?.rdates ?? []).map(rdate => ('start' in rdate ? rdate.start : rdate))
  const starts = [...(master ? [master.start] : []), ...rdates, ...overrides.map(({ start }) => start)]
  return starts.every(start => toEpoch(start, zone) >= from)
}

/**
 * An event that ends is indexed whole. Of a series that goes on, the part within the horizon is.
 * @throws TooManyOccurrences even that is more than can be kept
 */
export function spreadOf(event: ScheduleEvent, zone: string, now: number): Spread {
  const all = whole(event, zone)
  if (all) return { rows: all, part: null }
  const { from, to } = horizon(now)
  const part = { from: startsAfter(event, from, zone) ? ALWAYS.from : from, to: to + slack }
  return { rows: occurrences(event, part, { zone }).map(occurrence => rowOf(event, occurrence)), part }
}

/** Dates and floating times mean other instants in other zones. */
const isLocal = (time: CalTime): boolean => isDate(time) || time.tzid === null

const hasLocalTimes = ({ start, end }: Component): boolean =>
  isLocal(start) || (end !== null && !isDuration(end) && isLocal(end))

/** Whether the occurrences of the event depend on the calendar it lies in. */
export const dependsOnZone = ({ master, overrides }: ScheduleEvent): boolean =>
  (master !== null && (hasLocalTimes(master) || master.exdates.some(isLocal) || master.rdates.length > 0)) ||
  overrides.some(override => hasLocalTimes(override) || isLocal(override.recurrenceId))

/** Equal exactly where the index would hold the same. */
export const spreadKey = (spreads: readonly (readonly [resourceId: number, spread: Spread])[]): string =>
  hash('sha256', JSON.stringify(spreads.map(([id, { rows, part }]) => [id, part, rows.map(Object.values)])))
