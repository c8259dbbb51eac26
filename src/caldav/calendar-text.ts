import type { ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import type { Calendar } from './calendars.ts'
import type { Gateway } from './gateway.ts'
import { sourceOf } from './sources.ts'

const BATCH = 500

/** All events of a calendar in one iCalendar text. */
export const calendarText = async (gateway: Gateway, calendar: Calendar): Promise<string> => {
  const source = sourceOf(calendar)
  const members = await source.within(gateway, calendar, null, calendar.zone)
  const events: ScheduleEvent[] = []
  for (let start = 0; start < members.length; start += BATCH) {
    const served = await source.load(gateway, calendar, members.slice(start, start + BATCH))
    events.push(...served.map(({ details }) => details.event()))
  }
  return writeCalendar(events, { name: calendar.name })
}
