import { forbidden } from '../dav/errors.ts'
import { dav } from '../dav/names.ts'
import { TooManyOccurrences } from '../errors.ts'
import { fromEpoch, toEpoch } from '../schedule/caltime.ts'
import { type CalTime, type Component, isDate, isDuration, type ScheduleEvent } from '../schedule/event.ts'
import { type Occurrence, occurrences, type Window } from '../schedule/recurrence.ts'
import { MAX_INSTANCES } from './limits.ts'

const inUtc = (time: CalTime, zone: string): CalTime => (isDate(time) ? time : fromEpoch(toEpoch(time, zone), 'UTC'))

const NO_RULES = { rrules: [], exrules: [], rdates: [], exdates: [] } as const

/** Where the occurrence lies; its end in the form in which the component has it. */
const at = ({ component, startTime, endTime }: Occurrence, zone: string): Component & typeof NO_RULES => {
  const end = component.end === null || isDuration(component.end) ? component.end : inUtc(endTime, zone)
  return { ...component, ...NO_RULES, start: inUtc(startTime, zone), end }
}

const find = (event: ScheduleEvent, window: Window, zone: string): readonly Occurrence[] => {
  try {
    return occurrences(event, window, { zone, maxOccurrences: MAX_INSTANCES })
  } catch (error) {
    if (!(error instanceof TooManyOccurrences)) throw error
    throw forbidden(dav('number-of-matches-within-limits'), error.message, { remedy: 'Ask for a shorter time' })
  }
}

/** The first occurrence of the series, where no override is in its place. */
const opensSeries = ({ component, recurrenceId }: Occurrence, { master }: ScheduleEvent, zone: string): boolean =>
  master !== null &&
  component === master &&
  recurrenceId !== null &&
  toEpoch(recurrenceId, zone) === toEpoch(master.start, zone)

/**
 * The occurrences inside a window as events of their own, in UTC and without rules; `null` where there is none
 * (RFC 4791 §9.6.5). An event that does not recur has no RECURRENCE-ID, and neither has the first occurrence of a
 * series, which is how Apple's server and sabre/dav write it.
 */
export const expandEvent = (event: ScheduleEvent, window: Window, zone: string): ScheduleEvent | null => {
  const found = find(event, window, zone)
  const [first] = found
  if (!first) return null
  if (first.recurrenceId === null) {
    return { ...event, master: at(first, zone), overrides: [], resourceIds: [] }
  }
  const opening = found.find(occurrence => opensSeries(occurrence, event, zone)) ?? null
  const overrides = found.flatMap(occurrence =>
    occurrence.recurrenceId === null || occurrence === opening
      ? []
      : [
          {
            ...at(occurrence, zone),
            recurrenceId: inUtc(occurrence.recurrenceId, zone),
            thisAndFuture: false,
          },
        ],
  )
  return { ...event, master: opening && at(opening, zone), overrides, resourceIds: [] }
}
