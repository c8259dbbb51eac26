/** Events to calendar text that strict readers take (RFC 5545 §3.1: CRLF, lines of at most 75 octets). */
import { toEpoch } from './caltime.ts'
import type {
  CalTime,
  Component,
  JCalParameters,
  JCalProperty,
  Master,
  Override,
  RDate,
  ScheduleEvent,
} from './event.ts'
import { isDate, isDuration } from './event.ts'
import { NO_DTSTAMP } from './ical-event.ts'
import { timeParameters, timeValue } from './ical-time.ts'
import { writeComponent, writeParameters, writeProperty, writeText } from './jcal.ts'
import { vtimezone } from './timezone.ts'
import { isKaltura, writeKaltura } from './x-kaltura.ts'

export interface WriteOptions {
  /** METHOD (RFC 5546); left out in what a CalDAV server stores (RFC 4791 §4.1). */
  readonly method?: string
  /** The calendar's display name. */
  readonly name?: string
  /** X-KALTURA-LIVE-STREAM-PASSWORD too: only for the device itself. Default false. */
  readonly password?: boolean
  /** `YYYYMMDDTHHMMSSZ`, used where an event has no DTSTAMP. */
  readonly dtstamp?: string
  /** VTIMEZONE for every zone that is used. Default true. */
  readonly timezones?: boolean
  /** Properties added to a component. */
  readonly decorate?: (event: ScheduleEvent, component: Component | Override) => readonly JCalProperty[]
}

const FOLD = 75
const ASCII = /^[\x20-\x7e]*$/
const octets = (code: number): number => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4)

/** Folds at 75 octets, never inside a character (RFC 5545 §3.1). */
export const fold = (line: string): string => {
  if (line.length * 3 <= FOLD || (line.length <= FOLD && ASCII.test(line))) return line
  let out = ''
  let start = 0
  let room = FOLD
  for (let i = 0; i < line.length; ) {
    const code = line.codePointAt(i) ?? 0
    const size = octets(code)
    if (size > room) {
      out += `${line.slice(start, i)}\r\n `
      start = i
      room = FOLD - 1
    }
    room -= size
    i += code >= 0x10000 ? 2 : 1
  }
  return out + line.slice(start)
}

const isOverride = (component: Component): component is Override => 'recurrenceId' in component
const isMaster = (component: Component): component is Master => 'rrules' in component

/** Where a component's lines go, and what they used. */
class Lines {
  readonly lines: string[] = []
  private readonly parameters: { readonly [property: string]: JCalParameters }

  constructor(parameters: { readonly [property: string]: JCalParameters }) {
    this.parameters = parameters
  }

  /** A property by its upper-case name; `value` as it is to be written. */
  add(name: string, value: string, own = ''): void {
    const parameters = this.parameters[name.toLowerCase()]
    this.lines.push(`${name}${own}${parameters ? writeParameters(parameters) : ''}:${value}`)
  }

  time(name: string, time: CalTime, own = ''): void {
    this.add(name, timeValue(time), timeParameters(time) + own)
  }

  text(name: string, value: string | null): void {
    if (value !== null) this.add(name, writeText(value))
  }
}

const periodValue = (date: RDate): string => {
  if (!('start' in date)) return timeValue(date)
  return `${timeValue(date.start)}/${isDuration(date.end) ? date.end.duration : timeValue(date.end)}`
}

/** Times of one zone and type share a line, in the order in which they come. */
const addTimes = (lines: Lines, name: string, dates: readonly RDate[]): void => {
  const groups: { own: string; values: string[] }[] = []
  for (const date of dates) {
    const period = 'start' in date
    const own = (period ? ';VALUE=PERIOD' : '') + timeParameters(period ? date.start : date)
    const last = groups.at(-1)
    if (last?.own === own) last.values.push(periodValue(date))
    else groups.push({ own, values: [periodValue(date)] })
  }
  for (const { own, values } of groups) lines.add(name, values.join(','), own)
}

const addWhen = (lines: Lines, component: Component): void => {
  lines.time('DTSTART', component.start)
  if (isDuration(component.end)) lines.add('DURATION', component.end.duration)
  else if (component.end) lines.time('DTEND', component.end)
  if (isOverride(component))
    lines.time('RECURRENCE-ID', component.recurrenceId, component.thisAndFuture ? ';RANGE=THISANDFUTURE' : '')
  if (!isMaster(component)) return
  for (const rule of component.rrules) lines.add('RRULE', rule)
  for (const rule of component.exrules) lines.add('EXRULE', rule)
  addTimes(lines, 'RDATE', component.rdates)
  addTimes(lines, 'EXDATE', component.exdates)
}

const secret = 'x-kaltura-live-stream-password'
/** Written from the model or from `options`, whatever somebody put among the other properties. */
const isOurs = (name: string): boolean => isKaltura(name) || name.startsWith('x-kaldav-')

const addExtra = (lines: Lines, properties: readonly JCalProperty[], dropped: (name: string) => boolean): void => {
  for (const property of properties) {
    const line = dropped(property[0].toLowerCase()) ? null : writeProperty(property)
    if (line !== null) lines.lines.push(line)
  }
}

const component = (event: ScheduleEvent, component: Component, options: WriteOptions): string[] => {
  const password = options.password ?? false
  const lines = new Lines(component.parameters)
  lines.lines.push('BEGIN:VEVENT')
  lines.text('UID', event.uid)
  if (!component.extra.some(([name]) => name === 'dtstamp')) lines.add('DTSTAMP', options.dtstamp ?? NO_DTSTAMP)
  addWhen(lines, component)
  lines.text('SUMMARY', component.summary)
  lines.text('DESCRIPTION', component.description)
  lines.text('LOCATION', component.location)
  lines.text('STATUS', component.status)
  lines.text('CLASS', component.classification)
  if (component.transparent) lines.add('TRANSP', 'TRANSPARENT')
  if (component.sequence > 0) lines.add('SEQUENCE', String(component.sequence))
  addExtra(lines, component.extra, isOurs)
  for (const [name, value] of writeKaltura(component.kaltura, event.resourceIds, password)) lines.add(name, value)
  addExtra(lines, options.decorate?.(event, component) ?? [], name => name === secret && !password)
  for (const part of component.components) writeComponent(part, lines.lines, name => name === secret)
  lines.lines.push('END:VEVENT')
  return lines.lines
}

const componentsOf = ({ master, overrides }: ScheduleEvent): readonly (Master | Override)[] =>
  master ? [master, ...overrides] : overrides

/** All times of a component that may name a zone. */
const timesOf = (component: Component): CalTime[] => [
  component.start,
  ...(component.end === null || isDuration(component.end) ? [] : [component.end]),
  ...(isOverride(component) ? [component.recurrenceId] : []),
  ...(isMaster(component)
    ? [
        ...component.exdates,
        ...component.rdates.flatMap(date =>
          'start' in date ? (isDuration(date.end) ? [date.start] : [date.start, date.end]) : [date],
        ),
      ]
    : []),
]

const YEAR = 366 * 86_400
/** A series without end is described so far ahead; most zones have rules that hold for ever anyway. */
const AHEAD = 20 * YEAR

/** The span of years in which each zone is used, as first and last second of them. */
class ZoneUse {
  readonly spans = new Map<string, { from: number; to: number }>()

  add(zone: string, from: number, to: number): void {
    const span = this.spans.get(zone)
    if (!span) this.spans.set(zone, { from, to })
    else {
      span.from = Math.min(span.from, from)
      span.to = Math.max(span.to, to)
    }
  }

  component(component: Component): void {
    const recurs = isMaster(component) && component.rrules.length > 0
    for (const time of timesOf(component)) {
      if (isDate(time) || time.tzid === null || time.tzid === 'UTC') continue
      // A day's doubt about the zone does not matter to a span of years.
      const at = toEpoch({ dateTime: time.dateTime, tzid: null }, 'UTC')
      this.add(time.tzid, at, at + (recurs ? AHEAD : 0))
    }
    for (const [, { tzid }] of component.extra) {
      if (typeof tzid === 'string') this.add(tzid, toEpoch(component.start, 'UTC'), toEpoch(component.start, 'UTC'))
    }
  }
}

const yearOf = (epoch: number): number =>
  Temporal.Instant.fromEpochMilliseconds(epoch * 1000).toZonedDateTimeISO('UTC').year
const startOfYear = (year: number): number =>
  new Temporal.PlainDate(year, 1, 1).toZonedDateTime('UTC').epochMilliseconds / 1000

const MAX_ZONES = 1000
const written = new Map<string, string>()

/** The lines of a VTIMEZONE, made once per zone and years; none for a name that is no zone. */
const zoneLines = (tzid: string, from: number, to: number): string => {
  const [first, last] = [yearOf(from) - 1, yearOf(to) + 2]
  const key = `${tzid} ${first} ${last}`
  let text = written.get(key)
  if (text === undefined) {
    const lines: string[] = []
    try {
      writeComponent(vtimezone(tzid, startOfYear(first), startOfYear(last)), lines)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
    text = lines.map(line => `${fold(line)}\r\n`).join('')
    if (written.size >= MAX_ZONES) written.clear()
    written.set(key, text)
  }
  return text
}

const zones = (events: readonly ScheduleEvent[]): string => {
  const use = new ZoneUse()
  for (const event of events) for (const part of componentsOf(event)) use.component(part)
  return [...use.spans]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([zone, { from, to }]) => zoneLines(zone, from, to))
    .join('')
}

/**
 * Writes events as one calendar. What `parseCalendar` reads of it are the same events; the stream password and
 * X-KALDAV-* come only from `options`. Deterministic: the same events give the same bytes.
 */
export const writeCalendar = (events: readonly ScheduleEvent[], options: WriteOptions = {}): string => {
  const head = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kaldav//kaldav//EN', 'CALSCALE:GREGORIAN']
  if (options.method !== undefined) head.push(`METHOD:${writeText(options.method.toUpperCase())}`)
  if (options.name !== undefined) head.push(`X-WR-CALNAME:${writeText(options.name)}`)
  const parts = [head.map(line => `${fold(line)}\r\n`).join('')]
  if (options.timezones ?? true) parts.push(zones(events))
  for (const event of events) {
    for (const part of componentsOf(event)) {
      for (const line of component(event, part, options)) parts.push(fold(line), '\r\n')
    }
  }
  return `${parts.join('')}END:VCALENDAR\r\n`
}
