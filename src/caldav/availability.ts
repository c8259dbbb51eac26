import { type DavError, forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { type ParsedCalendar, parseCalendar } from '../schedule/ical.ts'
import { occurrences, type Window } from '../schedule/recurrence.ts'
import { type BusyType, type Period, subtract, union } from './busy-times.ts'
import { type Block, lineValue, parseBlocks, writeBlock } from './content.ts'
import { lineSpans } from './line-time.ts'

/** When a room is open (RFC 7953): a property of its calendar, the same for everybody, set by an administrator. */
export const AVAILABILITY = caldav('calendar-availability')

/** Components of an availability read as events: they have their times, and recur, as events do. */
const asEvents = (calendar: Block, blocks: readonly Block[]): ParsedCalendar => {
  const zones = calendar.blocks.filter(({ name }) => name === 'VTIMEZONE')
  const events = blocks.map(block => ({ ...block, name: 'VEVENT', blocks: [] }))
  return parseCalendar(writeBlock({ ...calendar, blocks: [...zones, ...events] }))
}

const openIn = ({ blocks }: Block): readonly Block[] => blocks.filter(({ name }) => name === 'AVAILABLE')

const refuse = (message: string): DavError => forbidden(caldav('valid-calendar-data'), message)

/** RFC 7953 §7.2.4. */
export const checkAvailability = (text: string): DavError | null => {
  const calendar = parseBlocks(text)
  const availabilities = calendar.blocks.filter(({ name }) => name === 'VAVAILABILITY')
  const sound =
    calendar.name === 'VCALENDAR' &&
    availabilities.length > 0 &&
    calendar.blocks.every(({ name }) => name === 'VAVAILABILITY' || name === 'VTIMEZONE')
  if (!sound) return refuse('An availability is a VCALENDAR with VAVAILABILITY')
  // What cannot be read would close the room for ever.
  const [finding] = availabilities.flatMap(each => asEvents(calendar, openIn(each)).rejected)
  return finding ? refuse(`An AVAILABLE cannot be read: ${finding.reason}`) : null
}

const valueIn = (block: Block, name: string): string | null => {
  const line = block.lines.find(candidate => candidate.name === name)
  return line ? lineValue(line).trim() : null
}

const timeIn = (block: Block, name: string, zone: string): number | null => {
  const line = block.lines.find(candidate => candidate.name === name)
  return (line && lineSpans(line, zone)[0]?.[0]) ?? null
}

const timesOf = (calendar: Block, blocks: readonly Block[], window: Window, zone: string): readonly Period[] =>
  union(
    asEvents(calendar, blocks).events.flatMap(event =>
      occurrences(event, window, { zone }).map(({ start, end }) => ({ start, end })),
    ),
  )

/** The time a VAVAILABILITY speaks of; without DTSTART or an end, it has none on that side (RFC 7953 §3.1). */
const reachOf = (calendar: Block, availability: Block, window: Window, zone: string): readonly Period[] => {
  const isBounded = valueIn(availability, 'DTSTART') !== null && valueIn(availability, 'DURATION') !== null
  if (isBounded) {
    const times = timesOf(calendar, [availability], window, zone)
    return times
      .map(({ start, end }) => ({ start: Math.max(start, window.from), end: Math.min(end, window.to) }))
      .filter(({ start, end }) => start < end)
  }
  const start = Math.max(window.from, timeIn(availability, 'DTSTART', zone) ?? window.from)
  const end = Math.min(window.to, timeIn(availability, 'DTEND', zone) ?? window.to)
  return start < end ? [{ start, end }] : []
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
  const reach = reachOf(calendar, availability, window, zone)
  const given = Number(valueIn(availability, 'PRIORITY') ?? 0)
  return {
    // 1 is the highest, 0 says nothing and comes last (RFC 5545 §3.8.1.9).
    priority: given >= 1 && given <= 9 ? given : 10,
    type: TYPES[valueIn(availability, 'BUSYTYPE')?.toUpperCase() ?? ''] ?? 'BUSY-UNAVAILABLE',
    reach,
    busy: subtract(reach, timesOf(calendar, openIn(availability), window, zone)),
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
