/**
 * What a Google calendar keeps of an event, told the same way whether it is about to be written or has just been read:
 * neither Kaltura's fields nor foreign properties, no alarms, no sequence; every time on a clock with a name.
 */
import { TooManyOccurrences } from '../../src/errors.ts'
import { endOf, fromEpoch, toEpoch } from '../../src/schedule/caltime.ts'
import {
  type CalTime,
  type Component,
  isDate,
  type Master,
  type Override,
  type ScheduleEvent,
  timeKey,
} from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import { resolveZone } from '../../src/schedule/timezone.ts'

/** What a private meeting is called everywhere but in its own calendar. */
export const withheldTitle = 'Busy'

export interface Keeping {
  /** The clock of the calendar, IANA: dates and floating times are read on it. */
  readonly zone: string
  /** A resource calendar, with its habits. */
  readonly isRoom: boolean
}

export interface Span {
  readonly start: CalTime
  readonly end: CalTime
}

/** A text as iCalendar keeps it: lines end with LF, and there are no other control characters (RFC 5545 §3.3.11). */
export const plainText = (value: string | null | undefined): string | null =>
  value?.replace(/\r\n?/g, '\n').replace(/[\p{Cc}--[\n\t]]/gv, '') || null

export const isWithheld = ({ classification }: Pick<Component, 'classification'>): boolean =>
  classification === 'PRIVATE' || classification === 'CONFIDENTIAL'

/** The same instant on the clock of `like`, whose value type it takes: recurrence ids are compared as instants. */
export function onClockOf(time: CalTime, like: CalTime): CalTime {
  if (isDate(like)) return isDate(time) ? time : { date: time.dateTime.slice(0, 10) }
  if (isDate(time)) return { dateTime: `${time.date}T${like.dateTime.slice(11)}`, tzid: like.tzid }
  if (time.tzid === like.tzid || like.tzid === null || time.tzid === null) return time
  return fromEpoch(toEpoch(time, 'UTC'), like.tzid)
}

/** Room calendars give all-day events back as midnight to midnight on their own clock. */
export function wholeDays(span: Span, { zone, isRoom }: Keeping): Span {
  const { start, end } = span
  if (!isRoom || isDate(start) || isDate(end)) return span
  const [from, to] = [toEpoch(start, zone), toEpoch(end, zone)]
  if (to - from < 22 * 3600) return span
  const midnight = (epoch: number): CalTime | null => {
    const time = fromEpoch(epoch, zone)
    return !isDate(time) && time.dateTime.endsWith('T00:00:00') ? { date: time.dateTime.slice(0, 10) } : null
  }
  const [first, last] = [midnight(from), midnight(to)]
  return first && last ? { start: first, end: last } : span
}

const order = [
  'FREQ',
  'INTERVAL',
  'COUNT',
  'UNTIL',
  'BYMONTH',
  'BYWEEKNO',
  'BYYEARDAY',
  'BYMONTHDAY',
  'BYDAY',
  'BYHOUR',
]
const untilForm = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):?(\d{2}):?(\d{2})(Z)?)?$/

/** UNTIL as Google asks for it: a date in a series of days, else an instant in UTC (RFC 5545 §3.3.10). */
function untilOf(value: string, start: CalTime): string {
  const [, year, month, day, hour, minute, second, utc] = untilForm.exec(value) ?? []
  if (!year) return value
  if (isDate(start)) return `${year}${month}${day}`
  const clock = hour === undefined ? '23:59:59' : `${hour}:${minute}:${second}`
  const local = { dateTime: `${year}-${month}-${day}T${clock}`, tzid: utc ? 'UTC' : start.tzid }
  return new Date(toEpoch(local, 'UTC') * 1000).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** One spelling for one rule: Google sorts the parts of a rule its own way, which is no change. */
export function canonicalRule(rule: string, start: CalTime): string {
  const parts = new Map<string, string>()
  for (const part of rule.trim().toUpperCase().split(';')) {
    const at = part.indexOf('=')
    if (at > 0) parts.set(part.slice(0, at), part.slice(at + 1))
    else if (part !== '') return rule
  }
  const until = parts.get('UNTIL')
  if (until !== undefined) parts.set('UNTIL', untilOf(until, start))
  if (parts.get('INTERVAL') === '1') parts.delete('INTERVAL')
  if (parts.get('WKST') === 'MO') parts.delete('WKST')
  const place = (name: string) => (order.indexOf(name) + 1 || order.length + 1).toString().padStart(2, '0') + name
  return [...parts]
    .sort(([a], [b]) => (place(a) < place(b) ? -1 : 1))
    .map(([name, value]) => `${name}=${value.split(',').sort().join()}`)
    .join(';')
}

/** In order, each once. */
export const asSet = (times: readonly CalTime[]): CalTime[] =>
  [...new Map(times.map(time => [timeKey(time), time]))].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, time]) => time)

const none: ScheduleEvent = { uid: '', master: null, overrides: [], resourceIds: [] }

/** Those of `times` at which the series would begin if nothing were excluded, by their keys. */
export function startsAmong(master: Master, times: readonly CalTime[], zone: string): ReadonlySet<string> {
  const keyed = times.map(time => ({ key: timeKey(time), epoch: toEpoch(time, zone) }))
  const epochs = keyed.map(({ epoch }) => epoch)
  const window = { from: Math.min(...epochs), to: Math.max(...epochs) + 1 }
  const series = { ...none, master: { ...master, exdates: [] } }
  const starts = new Set(occurrences(series, window, { zone }).map(({ start }) => start))
  return new Set(keyed.filter(({ epoch }) => starts.has(epoch)).map(({ key }) => key))
}

/** What is excluded without being an occurrence says nothing: Google keeps such leftovers when a series moves away. */
export function meantExdates(master: Master, exdates: readonly CalTime[], zone: string): CalTime[] {
  if (exdates.length === 0) return []
  try {
    const starts = startsAmong(master, exdates, zone)
    return asSet(exdates.filter(time => starts.has(timeKey(time))))
  } catch (error) {
    if (!(error instanceof TooManyOccurrences)) throw error
    return asSet(exdates)
  }
}

function instantOf(time: CalTime): string {
  return isDate(time) ? time.date : String(toEpoch(time, 'UTC'))
}

const lengthOf = ({ start, end }: Pick<Component, 'start' | 'end'>): number =>
  toEpoch(endOf({ start, end }), 'UTC') - toEpoch(start, 'UTC')

/** Whether an exception says nothing but what its series says: Google keeps those, too. */
export const saysNothing = (override: Override, master: Master): boolean =>
  !override.thisAndFuture &&
  instantOf(override.start) === instantOf(override.recurrenceId) &&
  lengthOf(override) === lengthOf(master) &&
  (['summary', 'description', 'location', 'status', 'transparent', 'classification'] as const).every(
    name => override[name] === master[name],
  )

function poor<C extends Component>(component: C, keeping: Keeping): C {
  const withheld = isWithheld(component)
  const own = (time: CalTime): CalTime =>
    isDate(time) ? time : { dateTime: time.dateTime, tzid: zoneNamed(time.tzid, keeping.zone) }
  return {
    ...component,
    ...wholeDays({ start: own(component.start), end: own(endOf(component)) }, keeping),
    summary: withheld ? withheldTitle : plainText(component.summary),
    description: withheld ? null : plainText(component.description),
    location: withheld ? null : plainText(component.location),
    status: component.status === 'TENTATIVE' ? 'TENTATIVE' : 'CONFIRMED',
    classification: withheld ? component.classification : null,
    sequence: 0,
    kaltura: {},
    parameters: {},
    extra: [],
    components: [],
  }
}

const zoneNamed = (tzid: string | null, zone: string): string => (tzid === null ? zone : (resolveZone(tzid) ?? tzid))

export function normalizeForGoogle(event: ScheduleEvent, keeping: Keeping): ScheduleEvent {
  const own = (time: CalTime): CalTime =>
    isDate(time) ? time : { dateTime: time.dateTime, tzid: zoneNamed(time.tzid, keeping.zone) }
  const main = event.master && poor(event.master, keeping)
  const clocked = (time: CalTime): CalTime => (main ? onClockOf(own(time), main.start) : own(time))
  const living = event.overrides.filter(({ status }) => status !== 'CANCELLED')
  const gone = event.overrides.filter(({ status }) => status === 'CANCELLED').map(({ recurrenceId }) => recurrenceId)
  return {
    ...event,
    master: main && {
      ...main,
      rrules: main.rrules.map(rule => canonicalRule(rule, main.start)),
      exrules: main.exrules.map(rule => canonicalRule(rule, main.start)),
      rdates: asSet(main.rdates.map(rdate => clocked('start' in rdate ? rdate.start : rdate))),
      exdates: meantExdates(main, [...main.exdates, ...gone].map(clocked), keeping.zone),
    },
    overrides: living
      .map(override => ({ ...poor(override, keeping), recurrenceId: clocked(override.recurrenceId) }))
      .filter(override => !main || !saysNothing(override, main)),
  }
}
