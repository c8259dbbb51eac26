import { LRUCache } from 'lru-cache'
import { breathe } from '../breath.ts'
import { badRequest, forbidden } from '../dav/errors.ts'
import { caldav, dav } from '../dav/names.ts'
import { send } from '../dav/respond.ts'
import { child, childrenNamed } from '../dav/xml.ts'
import { TooManyOccurrences } from '../errors.ts'
import { type Component, SCHEDULE, type ScheduleEvent, timeKey } from '../schedule/event.ts'
import type { Window } from '../schedule/recurrence.ts'
import { type BusyOccurrence, busyWithin, calendarState, sayingTentative } from '../store/calendar-reads.ts'
import { AVAILABILITY, unavailableTimes } from './availability.ts'
import { type BusyPeriod, type BusyType, busyTimes, freeBusyText } from './busy-times.ts'
import type { Calendar } from './calendars.ts'
import type { Gateway } from './gateway.ts'
import { keptText, type Personal, personalOf } from './personal.ts'
import { calendarHref } from './places.ts'
import type { Report } from './report.ts'
import { scopesOf } from './scope.ts'
import { timeRange } from './time-range.ts'

/** Which occurrences of an event are only tentative; most have none. */
interface Tentative {
  readonly all: boolean
  readonly overrides: ReadonlyMap<string, boolean>
}

const NONE: Tentative = { all: false, overrides: new Map() }
const isTentative = ({ status }: Component): boolean => status === 'TENTATIVE'

const tentativeIn = ({ master, overrides }: ScheduleEvent): Tentative => ({
  all: master !== null && isTentative(master),
  overrides: new Map(overrides.map(override => [timeKey(override.recurrenceId), isTentative(override)])),
})

/** By the version of the event: nothing to invalidate. */
const known = new LRUCache<string, Tentative>({ max: 20_000 })

const learn = async ({ store }: Gateway, rows: readonly BusyOccurrence[]): Promise<void> => {
  const missing = new Map(rows.filter(({ etag }) => !known.has(etag)).map(({ uid, etag }) => [uid, etag]))
  const few = await sayingTentative(store.database, [...missing.keys()])
  const events = await store.events(few)
  // Only now: another request must not take for certain what this one has not looked at yet.
  for (const etag of missing.values()) known.set(etag, NONE)
  for (const { uid, etag, event } of events) known.set(missing.get(uid) ?? etag, tentativeIn(event))
}

const typeOf = ({ etag, recurrenceId, blackout }: BusyOccurrence): BusyType => {
  if (blackout) return 'BUSY-UNAVAILABLE'
  const { all, overrides } = known.get(etag) ?? NONE
  return (overrides.get(recurrenceId ?? '') ?? all) ? 'BUSY-TENTATIVE' : 'BUSY'
}

/** Occurrences whose events are looked at before others have their turn. */
const BATCH = 400

/** What occupies a calendar inside a window: from the occurrence index; events are only read to learn their STATUS. */
export const busyPeriods = async (
  gateway: Gateway,
  calendar: Calendar,
  window: Window,
): Promise<readonly BusyPeriod[]> => {
  // Conflicts are shown, and occupy nothing.
  if (calendar.kind === 'conflicts') return []
  const rows = await busyWithin(gateway.store, calendar.id, window)
  const periods: BusyPeriod[] = []
  for (let from = 0; from < rows.length; from += BATCH) {
    await breathe()
    const batch = rows.slice(from, from + BATCH)
    await learn(gateway, batch)
    for (const row of batch) periods.push({ start: row.start, end: row.end, type: typeOf(row) })
  }
  return periods
}

/** When a calendar is closed by the availability set for it (RFC 7953). */
export const closedPeriods = (calendar: Calendar, window: Window, { byPath }: Personal): readonly BusyPeriod[] => {
  const availability = byPath.get(calendarHref(calendar.segment))?.get(AVAILABILITY)
  return availability ? unavailableTimes(keptText(availability), window, calendar.zone) : []
}

/** Answers by the state of what they are about: nothing to invalidate. */
const answers = new LRUCache<string, string>({ maxSize: 8_000_000, sizeCalculation: text => text.length })

/** A time so long that it holds more occurrences than anybody counts (RFC 4791 §7.10, postconditions). */
const tooMany = (error: unknown): never => {
  if (!(error instanceof TooManyOccurrences)) throw error
  throw forbidden(dav('number-of-matches-within-limits'), error.message, { remedy: 'Ask for a shorter time' })
}

/** RFC 4791 §7.10. */
export const freeBusyQuery: Report = async (exchange, body) => {
  const { gateway, response } = exchange
  const range = child(body, caldav('time-range'))
  if (!range || childrenNamed(body, caldav('time-range')).length > 1)
    throw badRequest('free-busy-query has one time-range')
  const window = timeRange(range, reason => badRequest(`free-busy-query: ${reason}`))
  const calendars = (await scopesOf(exchange)).map(({ calendar }) => calendar)
  const [only] = calendars
  const state = await calendarState(gateway.store, calendars.length === 1 && only ? only.id : SCHEDULE)
  const personal = await personalOf(exchange)
  const key = [
    state.epoch,
    state.token,
    personal.shared,
    window.from,
    window.to,
    ...calendars.map(({ id, zone }) => id + zone),
  ].join(' ')
  let text = answers.get(key)
  if (text === undefined) {
    const periods: (readonly BusyPeriod[])[] = []
    for (const calendar of calendars) {
      periods.push(
        await busyPeriods(gateway, calendar, window).catch(tooMany),
        closedPeriods(calendar, window, personal),
      )
    }
    // Of years of a full calendar, each of these steps takes tens of milliseconds.
    await breathe()
    const busy = busyTimes(periods.flat(), window)
    text = await freeBusyText(busy, window, Math.floor(Date.now() / 1000))
    answers.set(key, text)
  }
  send(response, 200, { 'Content-Type': 'text/calendar; charset=utf-8' }, text)
}
