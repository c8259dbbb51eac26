import { caldav } from '../dav/names.ts'
import { resolveZone } from '../schedule/timezone.ts'
import { type Calendar, calendarsFor } from './calendars.ts'
import { entryAt } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { calendarAt } from './locate.ts'
import { keptText, type Personal, personalOf } from './personal.ts'
import { calendarHref } from './places.ts'

/** What a report over events looks at. */
export interface Scope {
  readonly calendar: Calendar
  /** The one event the report was asked of; `null`: all of the calendar. */
  readonly name: string | null
  /** The clock for dates and floating times: what the person set as CALDAV:calendar-timezone, else the calendar's. */
  readonly zone: string
}

const TIMEZONE_ID = caldav('calendar-timezone-id')

/** RFC 4791 §9.8: without a zone in the request, that of the calendar as whoever asks sees it. */
const zoneFor = ({ byPath }: Personal, { segment, zone }: Calendar): string => {
  const own = byPath.get(calendarHref(segment))?.get(TIMEZONE_ID)
  return (own && resolveZone(keptText(own).trim())) || zone
}

/**
 * The calendars a report is about (RFC 4791 §7): one, one event of it, or all resources at once where the home is asked;
 * the whole schedule repeats what they have. Inbox and outbox are asked by macOS and iOS, and hold nothing.
 */
export const scopesOf = async (exchange: Exchange): Promise<readonly Scope[]> => {
  const { place } = exchange
  if (place.kind === 'calendar' || place.kind === 'event') {
    const calendar = await calendarAt(exchange, place.calendar)
    if (place.kind === 'event') await entryAt(exchange, place)
    return [
      {
        calendar,
        name: place.kind === 'event' ? place.name : null,
        zone: zoneFor(await personalOf(exchange), calendar),
      },
    ]
  }
  if (place.kind !== 'home') {
    await entryAt(exchange, place)
    return []
  }
  const calendars = await calendarsFor(exchange)
  const personal = await personalOf(exchange)
  return calendars
    .filter(({ kind }) => kind === 'resource')
    .map(calendar => ({ calendar, name: null, zone: zoneFor(personal, calendar) }))
}
