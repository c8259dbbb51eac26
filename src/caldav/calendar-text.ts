import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { type CalTime, emptyMaster, isDate, type ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import type { Calendar } from './calendars.ts'
import type { Exchange } from './gateway.ts'
import { loadFor, sourceOf } from './sources.ts'
import { seesPrivate } from './withheld.ts'

/** Events written in one turn of the event loop. */
const BATCH = 100

/** The first and last time on the clock of each zone: enough to know which years its rules are needed for. */
class ZoneSpans {
  readonly #spans = new Map<string, { first: string; last: string }>()

  #add(time: CalTime): void {
    if (isDate(time) || time.tzid === null || time.tzid === 'UTC') return
    const { dateTime, tzid } = time
    const span = this.#spans.get(tzid) ?? { first: dateTime, last: dateTime }
    if (dateTime < span.first) span.first = dateTime
    if (dateTime > span.last) span.last = dateTime
    this.#spans.set(tzid, span)
  }

  add({ master, overrides }: ScheduleEvent): void {
    for (const { start } of master ? [master, ...overrides] : overrides) this.#add(start)
  }

  /** An event without meaning for each end of each span, the last one going on for ever. */
  markers(): readonly ScheduleEvent[] {
    return [...this.#spans].flatMap(([tzid, { first, last }]) =>
      [first, last].map(dateTime => ({
        uid: `${tzid} ${dateTime}`,
        master: { ...emptyMaster({ dateTime, tzid }), rrules: ['FREQ=YEARLY'] },
        overrides: [],
        resourceIds: [],
      })),
    )
  }
}

const BEGIN = 'BEGIN:VEVENT\r\n'
const END = 'END:VEVENT\r\n'

/** The VEVENTs of a text alone. */
const eventsIn = (text: string): string => {
  const start = text.indexOf(`\r\n${BEGIN}`)
  return start < 0 ? '' : text.slice(start + 2, text.lastIndexOf(END) + END.length)
}

const write = async (exchange: Exchange, calendar: Calendar): Promise<string> => {
  const members = await sourceOf(calendar).within(exchange.gateway, calendar, null, calendar.zone)
  const zones = new ZoneSpans()
  let events = ''
  for (let start = 0; start < members.length; start += BATCH) {
    const served = await loadFor(exchange, calendar, members.slice(start, start + BATCH))
    const batch = served.map(({ details }) => details.event())
    for (const event of batch) zones.add(event)
    // The whole schedule is served in our own writing, flags and all; a room's calendar in that of its clients.
    events +=
      calendar.kind === 'resource'
        ? eventsIn(writeCalendar(batch, { timezones: false }))
        : served.map(({ details }) => eventsIn(details.body)).join('')
    await setImmediate()
  }
  const frame = writeCalendar(zones.markers(), { name: calendar.name })
  const within = eventsIn(frame)
  return within === ''
    ? frame.replace('END:VCALENDAR\r\n', () => `${events}END:VCALENDAR\r\n`)
    : frame.replace(within, () => events)
}

/** By the state of the calendar: nothing to invalidate. */
const texts = new LRUCache<string, Buffer>({ maxSize: 16_000_000, sizeCalculation: text => text.length + 1 })

/** All events of a calendar in one iCalendar text. `token`: the state it is asked for in. */
export const calendarText = async (exchange: Exchange, calendar: Calendar, token: string): Promise<Buffer> => {
  const key = `${seesPrivate(exchange.person)} ${token} ${calendar.name}`
  const text = texts.get(key) ?? Buffer.from(await write(exchange, calendar))
  texts.set(key, text)
  return text
}
