import { LRUCache } from 'lru-cache'
import { breathe } from '../breath.ts'
import { writeCalendar } from '../schedule/ical.ts'
import { resolveZone } from '../schedule/timezone.ts'
import type { Calendar } from './calendars.ts'
import { type Block, parseBlocks, writeBlock } from './content.ts'
import type { Exchange } from './gateway.ts'
import { jcalComponents, jcalText } from './jcal-text.ts'
import { loadFor, type Served, sourceOf } from './sources.ts'
import { tzidOf, zoneBlock, zonesUsed } from './timezone-choice.ts'
import { viewOf } from './withheld.ts'

/** Events read at once. */
const BATCH = 200

const [BEGIN, END] = ['BEGIN:VCALENDAR\r\n', 'END:VCALENDAR\r\n']

const crlf = (text: string): string => text.replace(/\r?\n/g, '\r\n')

/** The events of many texts as one: each with its lines as they are, each time zone once. */
class Merged {
  readonly #zones = new Map<string, string>()
  readonly #used = new Set<string>()

  /** Whether the zones of a text mean what those of the same name mean that are there already. */
  #agrees(zones: readonly Block[]): boolean {
    return zones.every(zone => {
      const tzid = tzidOf(zone)
      const known = this.#zones.get(tzid)
      return known === undefined || known === crlf(writeBlock(zone)) || resolveZone(tzid) !== null
    })
  }

  /** The events of one text. */
  add({ details }: Served): string {
    let calendar = parseBlocks(details.body)
    const isZone = (block: Block): boolean => block.name === 'VTIMEZONE'
    // Two zones of one name and other rules: this event is written anew, in the zone that is meant.
    if (!this.#agrees(calendar.blocks.filter(isZone))) calendar = parseBlocks(writeCalendar([details.event()]))
    let events = ''
    for (const block of calendar.blocks) {
      if (!isZone(block)) {
        for (const tzid of zonesUsed(block)) this.#used.add(tzid)
        events += crlf(writeBlock(block))
      } else if (!this.#zones.has(tzidOf(block))) this.#zones.set(tzidOf(block), crlf(writeBlock(block)))
    }
    return events
  }

  /** The VTIMEZONEs that came along, and those of zones that came by name only (RFC 7809). */
  zones(): string {
    const named = [...this.#used].filter(tzid => !this.#zones.has(tzid)).flatMap(tzid => zoneBlock(tzid) ?? [])
    return [...this.#zones.values(), ...named.map(writeBlock)].join('')
  }
}

/** A calendar without its events, and its events: some hundred in each part. */
interface CalendarText {
  readonly frame: string
  readonly events: readonly Buffer[]
}

const write = async (exchange: Exchange, calendar: Calendar): Promise<CalendarText> => {
  const members = await sourceOf(calendar).within(exchange.gateway, calendar, null, calendar.zone)
  const merged = new Merged()
  const events: Buffer[] = []
  for (let start = 0; start < members.length; start += BATCH) {
    let part = ''
    for (const served of await loadFor(exchange, calendar, members.slice(start, start + BATCH))) {
      part += merged.add(served)
      await breathe()
    }
    events.push(Buffer.from(part))
  }
  const frame = writeCalendar([], { name: calendar.name })
  return { frame: frame.replace(END, () => merged.zones() + END), events }
}

const sizeOf = (parts: readonly Buffer[]): number => parts.reduce((sum, { length }) => sum + length, 0)

/** By the state of the calendar: nothing to invalidate. */
const texts = new LRUCache<string, CalendarText>({
  maxSize: 16_000_000,
  sizeCalculation: ({ frame, events }) => frame.length + sizeOf(events),
})

const textOf = async (exchange: Exchange, calendar: Calendar, token: string): Promise<CalendarText> => {
  const key = `${viewOf(exchange.person, calendar.segment)} ${token} ${calendar.name}`
  const text = texts.get(key) ?? (await write(exchange, calendar))
  texts.set(key, text)
  return text
}

/** All events of a calendar in one iCalendar text, in parts. `token`: the state it is asked for in. */
export const calendarText = async (
  exchange: Exchange,
  calendar: Calendar,
  token: string,
): Promise<{ readonly length: number; readonly parts: readonly Buffer[] }> => {
  const { frame, events } = await textOf(exchange, calendar, token)
  const parts = [Buffer.from(frame.slice(0, -END.length)), ...events, Buffer.from(END)]
  return { length: sizeOf(parts), parts }
}

/** The same as jCal. */
export async function* calendarJcal(exchange: Exchange, calendar: Calendar, token: string): AsyncGenerator<string> {
  const { frame, events } = await textOf(exchange, calendar, token)
  // ["vcalendar", properties, components]
  const open = jcalText(frame).slice(0, -']]'.length)
  yield open
  let separator = open.endsWith('[') ? '' : ','
  for (const part of events) {
    const components = jcalComponents(`${BEGIN}${part.toString()}${END}`)
    if (components === '') continue
    yield separator + components
    separator = ','
  }
  yield ']]'
}
