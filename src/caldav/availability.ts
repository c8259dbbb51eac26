import { type DavError, forbidden } from '../dav/errors.ts'
import { caldav, dav } from '../dav/names.ts'
import { document } from '../dav/write.ts'
import { child, parseXml, textOf } from '../dav/xml.ts'
import { parseCalendar } from '../schedule/ical.ts'
import { occurrences, type Window } from '../schedule/recurrence.ts'
import { type BusyType, type Period, subtract, union } from './busy-times.ts'
import { type Block, lineValue, parseBlocks, writeBlock } from './content.ts'
import { lineSpans } from './line-time.ts'

/** When a room is open (RFC 7953): a property of its calendar, the same for everybody, set by an administrator. */
export const AVAILABILITY = caldav('calendar-availability')

/** RFC 7953 §7.2.4. */
export const checkAvailability = (text: string): DavError | null => {
  const calendar = parseBlocks(text)
  const sound =
    calendar.name === 'VCALENDAR' &&
    calendar.blocks.some(({ name }) => name === 'VAVAILABILITY') &&
    calendar.blocks.every(({ name }) => name === 'VAVAILABILITY' || name === 'VTIMEZONE')
  return sound ? null : forbidden(caldav('valid-calendar-data'), 'An availability is a VCALENDAR with VAVAILABILITY')
}

const valueIn = (block: Block, name: string): string | null => {
  const line = block.lines.find(candidate => candidate.name === name)
  return line ? lineValue(line).trim() : null
}

const timeIn = (block: Block, name: string, zone: string): number | null => {
  const line = block.lines.find(candidate => candidate.name === name)
  return (line && lineSpans(line, zone)[0]?.[0]) ?? null
}

/** The times an AVAILABLE names: it recurs as an event does, so it is read as one. */
const availableTimes = (calendar: Block, availability: Block, window: Window, zone: string): readonly Period[] => {
  const zones = calendar.blocks.filter(({ name }) => name === 'VTIMEZONE')
  const events = availability.blocks
    .filter(({ name }) => name === 'AVAILABLE')
    .map(block => ({ ...block, name: 'VEVENT' }))
  const text = writeBlock({ ...calendar, blocks: [...zones, ...events] })
  return union(
    parseCalendar(text).events.flatMap(event =>
      occurrences(event, window, { zone }).map(({ start, end }) => ({ start, end })),
    ),
  )
}

const TYPES: Readonly<Record<string, BusyType | null>> = {
  BUSY: 'BUSY',
  'BUSY-TENTATIVE': 'BUSY-TENTATIVE',
  'BUSY-UNAVAILABLE': 'BUSY-UNAVAILABLE',
}

interface Layer {
  readonly priority: number
  readonly type: BusyType
  readonly reach: readonly Period[]
  readonly busy: readonly Period[]
}

const layer = (calendar: Block, availability: Block, window: Window, zone: string): Layer => {
  const start = Math.max(window.from, timeIn(availability, 'DTSTART', zone) ?? window.from)
  const end = Math.min(window.to, timeIn(availability, 'DTEND', zone) ?? window.to)
  const reach = start < end ? [{ start, end }] : []
  const given = Number(valueIn(availability, 'PRIORITY') ?? 0)
  return {
    // 1 is the highest, 0 says nothing and comes last (RFC 5545 §3.8.1.9).
    priority: given >= 1 && given <= 9 ? given : 10,
    type: TYPES[valueIn(availability, 'BUSYTYPE')?.toUpperCase() ?? ''] ?? 'BUSY-UNAVAILABLE',
    reach,
    busy: subtract(reach, availableTimes(calendar, availability, window, zone)),
  }
}

export interface TypedPeriod extends Period {
  readonly type: BusyType
}

/** When a room is not to be had, by the availability set for it; of two, the one with the higher priority counts. */
export const unavailableTimes = (text: string, window: Window, zone: string): readonly TypedPeriod[] => {
  const calendar = parseBlocks(text)
  const layers = calendar.blocks
    .filter(({ name }) => name === 'VAVAILABILITY')
    .map(block => layer(calendar, block, window, zone))
    .toSorted((a, b) => a.priority - b.priority)
  let decided: readonly Period[] = []
  return layers.flatMap(({ type, reach, busy }) => {
    const own = subtract(busy, decided)
    decided = union([...decided, ...reach])
    return own.map(period => ({ ...period, type }))
  })
}

/** The text inside the property as it is kept. */
export const availabilityText = (element: string): string => {
  const node = child(parseXml(document(dav('prop'), element)), AVAILABILITY)
  return node ? textOf(node) : ''
}
