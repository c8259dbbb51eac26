import { type Calendar, calendarsFor } from './calendars.ts'
import { entryAt } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { calendarAt } from './locate.ts'

/** What a report over events looks at. */
export interface Scope {
  readonly calendar: Calendar
  /** The one event the report was asked of; `null`: all of the calendar. */
  readonly name: string | null
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
    return [{ calendar, name: place.kind === 'event' ? place.name : null }]
  }
  if (place.kind !== 'home') {
    await entryAt(exchange, place)
    return []
  }
  const calendars = await calendarsFor(exchange)
  return calendars.filter(({ kind }) => kind === 'resource').map(calendar => ({ calendar, name: null }))
}
