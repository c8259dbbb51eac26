/** Google's events and ours, both ways. A series is a master item and its exception items (API v3, `singleEvents=false`). */
import type { calendar_v3 } from 'googleapis'
import { endOf, fromEpoch, toEpoch } from '../../src/schedule/caltime.ts'
import {
  type CalTime,
  type Component,
  emptyComponent,
  isDate,
  isRecurring,
  type Master,
  type Override,
  type RDate,
  type ScheduleEvent,
} from '../../src/schedule/event.ts'
import { resolveZone } from '../../src/schedule/timezone.ts'

export type GoogleEvent = calendar_v3.Schema$Event
type EventTime = calendar_v3.Schema$EventDateTime

/** Why an item cannot be taken; the rest of the calendar goes on. */
export class Untranslatable extends Error {}

/** What a private meeting is called everywhere but in its own calendar. */
export const withheldTitle = 'Busy'

const zoneNamed = (name: string): string => {
  const zone = resolveZone(name)
  if (!zone) throw new Untranslatable(`Google names a time zone that does not exist: ${name}`)
  return zone
}

/** A time of Google's on the clock of its own zone, else of the calendar's. */
export function timeIn(time: EventTime | undefined, calendarZone: string): CalTime {
  if (time?.date) return { date: time.date }
  if (!time?.dateTime) throw new Untranslatable('the event has no start or no end')
  const tzid = zoneNamed(time.timeZone ?? calendarZone)
  if (!/(Z|[+-]\d{2}:?\d{2})$/i.test(time.dateTime)) return { dateTime: time.dateTime.slice(0, 19), tzid }
  const epoch = Math.floor(new Date(time.dateTime).getTime() / 1000)
  if (Number.isNaN(epoch)) throw new Untranslatable(`not a time: ${time.dateTime}`)
  return fromEpoch(epoch, tzid)
}

/** Room calendars give all-day events back as midnight to midnight. */
const isMidnight = (time: CalTime): boolean => !isDate(time) && time.dateTime.endsWith('T00:00:00')
const asDate = (time: CalTime): CalTime => (isDate(time) ? time : { date: time.dateTime.slice(0, 10) })

interface Span {
  readonly start: CalTime
  readonly end: CalTime
}

function spanOf(item: GoogleEvent, context: Context): Span {
  const start = timeIn(item.start, context.zone)
  const end = timeIn(item.end, context.zone)
  const wholeDays =
    context.isRoom && isMidnight(start) && isMidnight(end) && toEpoch(start, 'UTC') < toEpoch(end, 'UTC')
  return wholeDays ? { start: asDate(start), end: asDate(end) } : { start, end }
}

export interface Context {
  /** The calendar's own zone, IANA. */
  readonly zone: string
  /** A resource calendar, with its habits. */
  readonly isRoom: boolean
  /** The UID of an event of ours, by its id. */
  readonly uidOf: (id: string) => string | null
}

const text = (value: string | null | undefined): string | null => (value ? value : null)

/** Marks the calendar's own attendee where the answer has not: its address tells it. */
export function withSelf(item: GoogleEvent, calendarId: string): GoogleEvent {
  const { attendees, organizer } = item
  if (!attendees || attendees.some(({ self }) => self) || organizer?.email === calendarId) return item
  const own = (email: string | null | undefined) => email?.toLowerCase() === calendarId.toLowerCase()
  return { ...item, attendees: attendees.map(each => (own(each.email) ? { ...each, self: true } : each)) }
}

/** How the room itself has answered; `null` where it was not asked. */
export const roomAnswer = (item: GoogleEvent): string | null =>
  item.attendees?.find(attendee => attendee.self)?.responseStatus ?? null

const isPrivate = (item: GoogleEvent): boolean => item.visibility === 'private' || item.visibility === 'confidential'

function componentOf(item: GoogleEvent, span: Span): Component {
  const tentative = item.status === 'tentative' || roomAnswer(item) === 'needsAction'
  const withheld = isPrivate(item)
  return {
    ...emptyComponent(span.start, span.end),
    summary: withheld ? withheldTitle : text(item.summary),
    description: withheld ? null : text(item.description),
    location: withheld ? null : text(item.location),
    status: tentative ? 'TENTATIVE' : 'CONFIRMED',
    transparent: item.transparency === 'transparent',
    classification:
      item.visibility === 'private' ? 'PRIVATE' : item.visibility === 'confidential' ? 'CONFIDENTIAL' : null,
  }
}

interface Lines {
  readonly rrules: string[]
  readonly exrules: string[]
  readonly rdates: RDate[]
  readonly exdates: CalTime[]
}

/** RRULE, EXRULE, RDATE and EXDATE lines; `like` gives value type and zone to times that state none. */
function linesOf(recurrence: readonly string[], like: CalTime): Lines {
  const lines: Lines = { rrules: [], exrules: [], rdates: [], exdates: [] }
  for (const line of recurrence) {
    const [, name, parameters = '', value = ''] = /^([A-Z]+)((?:;[^:]*)?):(.*)$/i.exec(line.trim()) ?? []
    const zone = /;TZID=([^;]+)/i.exec(parameters)?.[1]
    const times = () => value.split(',').map(part => listedTime(part.trim(), zone ? zoneNamed(zone) : null, like))
    if (/^RRULE$/i.test(name ?? '')) lines.rrules.push(value)
    else if (/^EXRULE$/i.test(name ?? '')) lines.exrules.push(value)
    else if (/^RDATE$/i.test(name ?? '')) lines.rdates.push(...times())
    else if (/^EXDATE$/i.test(name ?? '')) lines.exdates.push(...times())
    else throw new Untranslatable(`a recurrence line that cannot be read: ${line}`)
  }
  return lines
}

function listedTime(value: string, zone: string | null, like: CalTime): CalTime {
  const parts = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})(Z)?)?/.exec(value)
  if (!parts) throw new Untranslatable(`not a date in a recurrence line: ${value}`)
  const [, year, month, day, hour, minute, second, utc] = parts
  const date = `${year}-${month}-${day}`
  if (isDate(like)) return { date }
  if (hour === undefined) return { dateTime: `${date}T${like.dateTime.slice(11)}`, tzid: like.tzid }
  const tzid = utc ? 'UTC' : (zone ?? like.tzid)
  return onClockOf({ dateTime: `${date}T${hour}:${minute}:${second}`, tzid }, like)
}

/** The same instant on the clock of the series: recurrence ids are compared as instants, Google's zones vary. */
function onClockOf(time: CalTime, like: CalTime): CalTime {
  if (isDate(like)) return asDate(time)
  if (isDate(time)) return { dateTime: `${time.date}T${like.dateTime.slice(11)}`, tzid: like.tzid }
  if (time.tzid === like.tzid || like.tzid === null || time.tzid === null) return time
  return fromEpoch(toEpoch(time, 'UTC'), like.tzid)
}

const isDeclined = (item: GoogleEvent): boolean => item.status === 'cancelled' || roomAnswer(item) === 'declined'

function overrideOf(item: GoogleEvent, master: Master | null, context: Context): Override {
  const span = spanOf(item, context)
  const original = timeIn(item.originalStartTime, context.zone)
  const recurrenceId = master ? onClockOf(original, master.start) : original
  const seriesZone = master && !isDate(master.start) ? master.start.tzid : null
  const start = seriesZone && !isDate(span.start) ? onClockOf(span.start, master?.start ?? span.start) : span.start
  const end = seriesZone && !isDate(span.end) ? onClockOf(span.end, master?.start ?? span.end) : span.end
  return { ...componentOf(item, { start, end }), recurrenceId, thisAndFuture: false }
}

/** @throws Untranslatable */
export function eventOf(
  master: GoogleEvent | null,
  exceptions: readonly GoogleEvent[],
  context: Context,
): ScheduleEvent {
  const known = master ?? exceptions[0]
  if (!known?.id) throw new Untranslatable('an event without an id')
  const uid =
    context.uidOf(master?.id ?? known.recurringEventId ?? known.id) ?? known.iCalUID ?? `${known.id}@google.com`
  const main = master && masterOf(master, context)
  const excluded = exceptions.filter(isDeclined).flatMap(item => {
    if (!main || !item.originalStartTime) return []
    return [onClockOf(timeIn(item.originalStartTime, context.zone), main.start)]
  })
  const overrides = exceptions.filter(item => !isDeclined(item)).map(item => overrideOf(item, main, context))
  return {
    uid,
    master: main && { ...main, exdates: [...main.exdates, ...excluded] },
    overrides,
    resourceIds: [],
  }
}

function masterOf(item: GoogleEvent, context: Context): Master {
  const span = spanOf(item, context)
  const lines = linesOf(item.recurrence ?? [], span.start)
  return { ...componentOf(item, span), ...lines }
}

const googleTime = (time: CalTime, recurring: boolean): EventTime => {
  if (isDate(time)) return { date: time.date, dateTime: null, timeZone: null }
  const tzid = time.tzid ?? 'UTC'
  if (!recurring) return { dateTime: rfc3339(time), timeZone: tzid, date: null }
  return { dateTime: time.dateTime, timeZone: tzid, date: null }
}

const rfc3339 = (time: Extract<CalTime, { dateTime: string }>): string =>
  new Date(toEpoch(time, 'UTC') * 1000).toISOString().replace('.000', '')

const compact = (time: CalTime): string =>
  isDate(time) ? time.date.replaceAll('-', '') : time.dateTime.replace(/[-:]/g, '')

function dateLine(name: 'RDATE' | 'EXDATE', time: CalTime): string {
  if (isDate(time)) return `${name};VALUE=DATE:${compact(time)}`
  if (time.tzid === 'UTC' || time.tzid === null) return `${name}:${compact(time)}Z`
  return `${name};TZID=${time.tzid}:${compact(time)}`
}

/** What one component says in Google's words; texts of a private event stay with us. */
export function bodyOf(component: Component, recurring: boolean): GoogleEvent {
  const withheld = component.classification === 'PRIVATE' || component.classification === 'CONFIDENTIAL'
  return {
    summary: withheld ? withheldTitle : (component.summary ?? ''),
    description: withheld ? '' : (component.description ?? ''),
    location: withheld ? '' : (component.location ?? ''),
    start: googleTime(component.start, recurring),
    end: googleTime(endOf(component), recurring),
    status: component.status === 'TENTATIVE' ? 'tentative' : 'confirmed',
    transparency: component.transparent ? 'transparent' : 'opaque',
    visibility: withheld ? (component.classification === 'PRIVATE' ? 'private' : 'confidential') : 'default',
  }
}

/** The recurrence lines of a series; `excluded` are occurrences that are told as EXDATE. */
export function recurrenceOf(master: Master, excluded: readonly CalTime[]): string[] {
  return [
    ...master.rrules.map(rule => `RRULE:${rule}`),
    ...master.exrules.map(rule => `EXRULE:${rule}`),
    ...master.rdates.map(rdate => dateLine('RDATE', 'start' in rdate ? rdate.start : rdate)),
    ...excluded.map(time => dateLine('EXDATE', time)),
  ]
}

/** What a Google calendar keeps of an event: neither Kaltura's fields nor foreign properties, no alarms, no sequence. */
export function normalizeForGoogle(event: ScheduleEvent): ScheduleEvent {
  const poor = <C extends Component>(component: C): C => {
    const withheld = component.classification === 'PRIVATE' || component.classification === 'CONFIDENTIAL'
    return {
      ...component,
      end: endOf(component),
      summary: withheld ? withheldTitle : text(component.summary),
      description: withheld ? null : text(component.description),
      location: withheld ? null : text(component.location),
      status: component.status === 'TENTATIVE' ? 'TENTATIVE' : 'CONFIRMED',
      classification: withheld ? component.classification : null,
      sequence: 0,
      kaltura: {},
      parameters: {},
      extra: [],
      components: [],
    }
  }
  const cancelled = event.overrides.filter(({ status }) => status === 'CANCELLED')
  const master = event.master && poor(event.master)
  return {
    ...event,
    master: master && { ...master, exdates: [...master.exdates, ...cancelled.map(({ recurrenceId }) => recurrenceId)] },
    overrides: event.overrides.filter(({ status }) => status !== 'CANCELLED').map(poor),
  }
}

export const recurs = (event: ScheduleEvent): boolean => isRecurring(event)
