import { badRequest } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { send } from '../dav/respond.ts'
import { child } from '../dav/xml.ts'
import type { Window } from '../schedule/recurrence.ts'
import { type BusyPeriod, busyTimes, freeBusyText } from './busy-times.ts'
import type { Calendar } from './calendars.ts'
import type { Gateway } from './gateway.ts'
import { calendarAt } from './locate.ts'
import type { Report } from './report.ts'
import { timeRange } from './time-range.ts'

/** What occupies a calendar inside a window: from the occurrence index, no event is read. */
export const busyPeriods = async (
  { store }: Gateway,
  calendar: Calendar,
  window: Window,
): Promise<readonly BusyPeriod[]> => {
  const rows = await store.occurrencesIn(calendar.id, window.from, window.to)
  return rows.flatMap(({ start, end, busy, blackout }) => {
    if (!busy && !blackout) return []
    return [{ start, end, type: blackout ? ('BUSY-UNAVAILABLE' as const) : ('BUSY' as const) }]
  })
}

/** RFC 4791 §7.10. */
export const freeBusyQuery: Report = async ({ gateway, place, response }, body) => {
  if (place.kind !== 'calendar') throw badRequest('free-busy-query is asked of a calendar')
  const calendar = await calendarAt({ gateway }, place.calendar)
  const range = child(body, caldav('time-range'))
  if (!range) throw badRequest('free-busy-query has a time-range')
  const window = timeRange(range, reason => badRequest(`free-busy-query: ${reason}`))
  const periods = busyTimes(await busyPeriods(gateway, calendar, window), window)
  const text = freeBusyText(periods, window, Math.floor(Date.now() / 1000))
  send(response, 200, { 'Content-Type': 'text/calendar; charset=utf-8' }, text)
}
