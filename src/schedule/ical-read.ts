/** Calendar text to events: what is good is read, what is not is named, nothing is thrown. */
import type { JCalComponent, ScheduleEvent } from './event.ts'
import { isDate } from './event.ts'
import { type EventContext, type ReadEvent, readEvent, uidOf } from './ical-event.ts'
import { group } from './ical-group.ts'
import { type RawComponent, scan } from './ical-scan.ts'
import { Unreadable } from './ical-time.ts'
import { readComponent, readText } from './jcal.ts'
import { resolveZone } from './timezone.ts'
import { certainZone } from './zone-lookup.ts'

/** Something in a file that its owner should know of: where it is, and what was or was not done with it. */
export interface Finding {
  readonly file: string | null
  readonly line: number
  readonly component: string
  readonly uid: string | null
  readonly reason: string
}

export interface ParsedCalendar {
  readonly events: readonly ScheduleEvent[]
  /** Components that could not be read. */
  readonly rejected: readonly Finding[]
  /** Values that were left out or read otherwise than written. */
  readonly notices: readonly Finding[]
  /** METHOD, upper case (RFC 5546 §1.4). */
  readonly method: string | null
  readonly prodid: string | null
  readonly name: string | null
  /** The line on which each UID first appears. */
  readonly lines: ReadonlyMap<string, number>
  /** Names of the components that are no events, once for each: VTODO, VJOURNAL, VFREEBUSY … */
  readonly otherComponents: readonly string[]
  /**
   * VEVENTs that are neither rejected nor a component of their own: earlier versions, unchanged occurrences of a Kaltura
   * series. All VEVENTs = components of `events` + rejected VEVENTs + these.
   */
  readonly absorbed: number
}

/** All VEVENTs below a component, also inside components we do not know. */
const eventsIn = (component: RawComponent): RawComponent[] =>
  component.components.flatMap(child => (child.name === 'VEVENT' ? [child] : eventsIn(child)))

const firstValue = (component: RawComponent, ...names: readonly string[]): string | null => {
  for (const name of names) {
    const value = component.properties.find(property => property.name === name)?.value
    if (value !== undefined && value.trim() !== '') return readText(value).trim()
  }
  return null
}

class Reader {
  readonly rejected: Finding[] = []
  readonly notices: Finding[] = []
  readonly events: ReadEvent[] = []
  readonly otherComponents: string[] = []
  readonly lines = new Map<string, number>()
  absorbed = 0
  private readonly file: string | null

  constructor(file: string | null) {
    this.file = file
  }

  finding(line: number, component: string, uid: string | null, reason: string): Finding {
    return { file: this.file, line, component, uid, reason }
  }

  notice(line: number, component: string, uid: string | null, reason: string): void {
    this.notices.push(this.finding(line, component, uid, reason))
  }

  /** The zones that a TZID means in this calendar, each looked up once. */
  private zones(calendar: RawComponent): (tzid: string) => string | null {
    const components = calendar.components.filter(({ name }) => name === 'VTIMEZONE')
    const byTzid = new Map(components.map(raw => [firstValue(raw, 'tzid') ?? '', raw]))
    const rules = (raw: RawComponent): JCalComponent => readComponent(raw, () => {})
    const known = new Map<string, string | null>()
    return tzid => {
      const found = known.get(tzid)
      if (found !== undefined) return found
      const raw = byTzid.get(tzid) ?? byTzid.get(readText(tzid))
      const named = certainZone(tzid)
      const zone = named ?? resolveZone(tzid, raw && rules(raw))
      known.set(tzid, zone)
      if (zone !== null && named === null)
        this.notice(
          raw?.line ?? calendar.line,
          'VTIMEZONE',
          null,
          `the time zone "${tzid.slice(0, 60)}" is taken for ${zone}`,
        )
      return zone
    }
  }

  private event(raw: RawComponent, zone: (tzid: string) => string | null): void {
    const uid = uidOf(raw)
    if (uid !== null && !this.lines.has(uid)) this.lines.set(uid, raw.line)
    const notice = (line: number, what: string) => this.notice(line, 'VEVENT', uid, what)
    const context: EventContext = { zone, notice, repaired: notice }
    // The commonest fault by far, told without the cost of a throw.
    if (!raw.truncated && !raw.properties.some(({ name }) => name === 'dtstart' || name === 'recurrence-id')) {
      this.rejected.push(this.finding(raw.line, 'VEVENT', uid, 'there is no DTSTART'))
      return
    }
    try {
      if (raw.truncated) throw new Unreadable('the text ends inside it')
      const read = readEvent(raw, context)
      this.events.push(read)
      if (!read.hasUid)
        this.notice(raw.line, 'VEVENT', read.uid, `there is no UID: ${read.uid} is made from its content`)
      if (!this.lines.has(read.uid)) this.lines.set(read.uid, raw.line)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const unexpected = error instanceof Unreadable ? '' : 'it could not be read: '
      this.rejected.push(this.finding(raw.line, 'VEVENT', uid, unexpected + reason))
    }
  }

  private other(raw: RawComponent): void {
    if (raw.name !== 'VERROR') {
      this.otherComponents.push(raw.name)
      return
    }
    // Kaltura answers 200 and this instead of events when it refuses.
    const message = [firstValue(raw, 'x-kaltura-code'), firstValue(raw, 'x-kaltura-message')].filter(Boolean).join(': ')
    this.rejected.push(this.finding(raw.line, 'VERROR', null, `the calendar is an error message: ${message}`))
  }

  calendar(calendar: RawComponent): void {
    const zone = this.zones(calendar)
    const before = this.events.length
    for (const child of calendar.components) {
      if (child.name === 'VEVENT') this.event(child, zone)
      else {
        if (child.name !== 'VTIMEZONE') this.other(child)
        for (const raw of eventsIn(child)) this.event(raw, zone)
      }
    }
    const hint = firstValue(calendar, 'x-wr-timezone')
    const floating = this.events.slice(before).some(({ component: { start } }) => !isDate(start) && start.tzid === null)
    if (hint !== null && floating)
      this.notice(
        calendar.line,
        'VCALENDAR',
        null,
        `X-WR-TIMEZONE ${hint} is not applied: times without a zone keep none`,
      )
  }

  group(): ScheduleEvent[] {
    return group(this.events, {
      rejected: (event, reason) => this.rejected.push(this.finding(event.line, 'VEVENT', event.uid, reason)),
      notice: (event, reason) => this.notice(event.line, 'VEVENT', event.uid, reason),
      absorbed: count => {
        this.absorbed += count
      },
    })
  }
}

/** Components outside any VCALENDAR are read as if they were in one. */
const calendarsOf = (roots: readonly RawComponent[]): RawComponent[] => {
  const loose = roots.filter(({ name }) => name !== 'VCALENDAR')
  const calendars = roots.filter(({ name }) => name === 'VCALENDAR')
  const [first] = loose
  return first
    ? [...calendars, { name: 'VCALENDAR', line: first.line, properties: [], components: loose, truncated: false }]
    : calendars
}

const firstInAny = (calendars: readonly RawComponent[], ...names: readonly string[]): string | null =>
  calendars.map(calendar => firstValue(calendar, ...names)).find(value => value !== null) ?? null

/**
 * Reads iCalendar (RFC 5545) or vCalendar 1.0 text, one calendar or several, in any line ends. Components and values
 * that cannot be understood are named in `rejected` and `notices`, with their line; the others are read. Never throws.
 */
export const parseCalendar = (text: string, options: { file?: string } = {}): ParsedCalendar => {
  const reader = new Reader(options.file ?? null)
  const { components, notes } = scan(text)
  for (const { line, component, reason } of notes)
    reader.notice(line, component?.name ?? 'VCALENDAR', component && uidOf(component), reason)
  const calendars = calendarsOf(components)
  for (const calendar of calendars) reader.calendar(calendar)
  if (calendars.length === 0)
    reader.rejected.push(reader.finding(1, 'VCALENDAR', null, 'there is no calendar in this text'))
  const events = reader.group()
  return {
    events,
    rejected: reader.rejected.sort((a, b) => a.line - b.line),
    notices: reader.notices.sort((a, b) => a.line - b.line),
    method: firstInAny(calendars, 'method')?.toUpperCase() ?? null,
    prodid: firstInAny(calendars, 'prodid'),
    name: firstInAny(calendars, 'x-wr-calname', 'name'),
    lines: reader.lines,
    otherComponents: reader.otherComponents,
    absorbed: reader.absorbed,
  }
}

/** How many VEVENTs an event is made of. */
export const componentCount = (event: ScheduleEvent): number => (event.master ? 1 : 0) + event.overrides.length
