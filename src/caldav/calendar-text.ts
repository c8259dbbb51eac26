import { setImmediate } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { writeCalendar } from '../schedule/ical.ts'
import { resolveZone } from '../schedule/timezone.ts'
import type { Calendar } from './calendars.ts'
import { type Block, parseBlocks, writeBlock } from './content.ts'
import type { Exchange } from './gateway.ts'
import { loadFor, type Served, sourceOf } from './sources.ts'
import { tzidOf, zoneBlock, zonesUsed } from './timezone-choice.ts'
import { viewOf } from './withheld.ts'

/** Events taken in one turn of the event loop. */
const BATCH = 200

const crlf = (text: string): string => text.replace(/\r?\n/g, '\r\n')

/** The events of many texts as one: each with its lines as they are, each time zone once. */
class Merged {
  readonly #zones = new Map<string, string>()
  readonly #used = new Set<string>()
  events = ''

  /** Whether the zones of a text mean what those of the same name mean that are there already. */
  #agrees(zones: readonly Block[]): boolean {
    return zones.every(zone => {
      const tzid = tzidOf(zone)
      const known = this.#zones.get(tzid)
      return known === undefined || known === crlf(writeBlock(zone)) || resolveZone(tzid) !== null
    })
  }

  add({ details }: Served): void {
    let calendar = parseBlocks(details.body)
    const isZone = (block: Block): boolean => block.name === 'VTIMEZONE'
    // Two zones of one name and other rules: this event is written anew, in the zone that is meant.
    if (!this.#agrees(calendar.blocks.filter(isZone))) calendar = parseBlocks(writeCalendar([details.event()]))
    for (const block of calendar.blocks) {
      if (!isZone(block)) {
        for (const tzid of zonesUsed(block)) this.#used.add(tzid)
        this.events += crlf(writeBlock(block))
      } else if (!this.#zones.has(tzidOf(block))) this.#zones.set(tzidOf(block), crlf(writeBlock(block)))
    }
  }

  /** The VTIMEZONEs that came along, and those of zones that came by name only (RFC 7809). */
  zones(): string {
    const named = [...this.#used].filter(tzid => !this.#zones.has(tzid)).flatMap(tzid => zoneBlock(tzid) ?? [])
    return [...this.#zones.values(), ...named.map(writeBlock)].join('')
  }
}

const write = async (exchange: Exchange, calendar: Calendar): Promise<string> => {
  const members = await sourceOf(calendar).within(exchange.gateway, calendar, null, calendar.zone)
  const merged = new Merged()
  for (let start = 0; start < members.length; start += BATCH) {
    for (const served of await loadFor(exchange, calendar, members.slice(start, start + BATCH))) merged.add(served)
    await setImmediate()
  }
  const frame = writeCalendar([], { name: calendar.name })
  return frame.replace('END:VCALENDAR\r\n', () => `${merged.zones()}${merged.events}END:VCALENDAR\r\n`)
}

/** By the state of the calendar: nothing to invalidate. */
const texts = new LRUCache<string, Buffer>({ maxSize: 16_000_000, sizeCalculation: text => text.length + 1 })

/** All events of a calendar in one iCalendar text. `token`: the state it is asked for in. */
export const calendarText = async (exchange: Exchange, calendar: Calendar, token: string): Promise<Buffer> => {
  const key = `${viewOf(exchange.person, calendar.segment)} ${token} ${calendar.name}`
  const text = texts.get(key) ?? Buffer.from(await write(exchange, calendar))
  texts.set(key, text)
  return text
}
