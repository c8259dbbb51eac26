/** Google's events as ours. A series is a master item and its exception items (API v3, `singleEvents=false`). */
import type { calendar_v3 } from 'googleapis'
import { fromEpoch, timeAt } from '../../src/schedule/caltime.ts'
import {
  type CalTime,
  type Component,
  emptyComponent,
  isDate,
  type Master,
  type Override,
  type RDate,
  type ScheduleEvent,
  timeKey,
} from '../../src/schedule/event.ts'
import { resolveZone } from '../../src/schedule/timezone.ts'
import type { Marked } from './identity.ts'
import {
  asSet,
  canonicalRule,
  type Keeping,
  meantExdates,
  onClockOf,
  plainText,
  type Span,
  saysNothing,
  wholeDays,
  withheldTitle,
} from './normalize.ts'

export type GoogleEvent = calendar_v3.Schema$Event
export type EventTime = calendar_v3.Schema$EventDateTime

/** Why an item cannot be taken; the rest of the calendar goes on. */
export class Untranslatable extends Error {}

export interface Context extends Keeping {
  /** The UID of an event of ours. */
  readonly uidOf: (item: Marked) => string | null
}

const zoneNamed = (name: string): string => {
  const zone = resolveZone(name)
  if (!zone) throw new Untranslatable(`Google names a time zone that does not exist: ${name}`)
  return zone
}

const offset = /(Z|[+-]\d{2}:?\d{2})$/i

/**
 * A time of Google's on the clock of its own zone, else of the calendar's; where that clock repeats an hour, an instant
 * of the second one stays in UTC. A series needs the clock.
 */
export function timeIn(time: EventTime | null | undefined, calendarZone: string, repeats = false): CalTime {
  if (time?.date) return { date: time.date.slice(0, 10) }
  if (!time?.dateTime) throw new Untranslatable('the event has no start or no end')
  const tzid = zoneNamed(time.timeZone || calendarZone)
  if (!offset.test(time.dateTime)) return { dateTime: time.dateTime.slice(0, 19), tzid }
  const epoch = Math.floor(new Date(time.dateTime).getTime() / 1000)
  if (Number.isNaN(epoch)) throw new Untranslatable(`not a time: ${time.dateTime}`)
  return repeats ? fromEpoch(epoch, tzid) : timeAt(epoch, tzid)
}

function spanOf(item: GoogleEvent, context: Context): Span {
  const repeats = Boolean(item.recurrence?.length)
  const start = timeIn(item.start, context.zone, repeats)
  const end = timeIn(item.end, context.zone, repeats)
  if (isDate(start) !== isDate(end)) throw new Untranslatable('the event begins with a day and ends with a time')
  return wholeDays({ start, end }, context)
}

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

export const isPrivate = (item: GoogleEvent): boolean =>
  item.visibility === 'private' || item.visibility === 'confidential'

/** @param master an occurrence that does not say how visible it is, is as visible as its series */
function componentOf(item: GoogleEvent, span: Span, master: GoogleEvent | null = null): Component {
  const tentative = item.status === 'tentative' || roomAnswer(item) === 'needsAction'
  const visibility = item.visibility ?? master?.visibility
  const withheld = visibility === 'private' || visibility === 'confidential'
  return {
    ...emptyComponent(span.start, span.end),
    summary: withheld ? withheldTitle : plainText(item.summary),
    description: withheld ? null : plainText(item.description),
    location: withheld ? null : plainText(item.location),
    status: tentative ? 'TENTATIVE' : 'CONFIRMED',
    transparent: item.transparency === 'transparent',
    classification: withheld ? (visibility === 'private' ? 'PRIVATE' : 'CONFIDENTIAL') : null,
  }
}

/** One item alone, as what it says of one stretch of time. @throws Untranslatable */
export const componentAt = (item: GoogleEvent, context: Context): Component => componentOf(item, spanOf(item, context))

interface Lines {
  readonly rrules: string[]
  readonly exrules: string[]
  readonly rdates: RDate[]
  readonly exdates: CalTime[]
}

/** RRULE, EXRULE, RDATE and EXDATE lines; `like` gives value type and zone to times that state none. */
export function linesOf(recurrence: readonly string[], like: CalTime): Lines {
  const lines = { rrules: [] as string[], exrules: [] as string[], rdates: [] as CalTime[], exdates: [] as CalTime[] }
  for (const line of recurrence) {
    const [, name = '', parameters = '', value = ''] = /^([A-Z]+)((?:;[^:]*)?):(.*)$/i.exec(line.trim()) ?? []
    const zone = /;TZID="?([^;"]+)/i.exec(parameters)?.[1]
    const times = () =>
      value
        .split(',')
        .filter(part => part.trim() !== '')
        .map(part => listedTime(part.trim(), zone ? zoneNamed(zone) : null, like))
    if (/^RRULE$/i.test(name)) lines.rrules.push(canonicalRule(value, like))
    else if (/^EXRULE$/i.test(name)) lines.exrules.push(canonicalRule(value, like))
    else if (/^RDATE$/i.test(name)) lines.rdates.push(...times())
    else if (/^EXDATE$/i.test(name)) lines.exdates.push(...times())
    // Some importers leave the lines of the start among them; the event tells its start itself.
    else if (!/^(DTSTART|DTEND)$/i.test(name))
      throw new Untranslatable(`a recurrence line that cannot be read: ${line}`)
  }
  return { ...lines, rdates: asSet(lines.rdates), exdates: asSet(lines.exdates) }
}

function listedTime(value: string, zone: string | null, like: CalTime): CalTime {
  const parts = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):?(\d{2}):?(\d{2})(Z)?)?/.exec(value)
  if (!parts) throw new Untranslatable(`not a date in a recurrence line: ${value}`)
  const [, year, month, day, hour, minute, second, utc] = parts
  const date = `${year}-${month}-${day}`
  if (isDate(like)) return { date }
  if (hour === undefined) return { dateTime: `${date}T${like.dateTime.slice(11)}`, tzid: like.tzid }
  const tzid = utc ? 'UTC' : (zone ?? like.tzid)
  return onClockOf({ dateTime: `${date}T${hour}:${minute}:${second}`, tzid }, like)
}

const isDeclined = (item: GoogleEvent): boolean => item.status === 'cancelled' || roomAnswer(item) === 'declined'

/** The occurrence an exception stands for; its id ends with it, where the answer has left it out. */
function originalOf(item: GoogleEvent, context: Context): CalTime | null {
  const { originalStartTime } = item
  if (originalStartTime?.date || originalStartTime?.dateTime) return timeIn(originalStartTime, context.zone)
  const [, day, time] = /_(\d{8})(?:T(\d{6})Z)?$/.exec(item.id ?? '') ?? []
  if (!day) return null
  const date = day.replace(/(\d{4})(\d{2})(\d{2})/, '$1-$2-$3')
  return time ? { dateTime: `${date}T${time.replace(/(\d{2})(\d{2})(\d{2})/, '$1:$2:$3')}`, tzid: 'UTC' } : { date }
}

/** Which occurrence of the series an exception stands for, on the clock of the series; `null`: it does not say. */
export function occurrenceOf(item: GoogleEvent, series: CalTime | null, context: Context): CalTime | null {
  const original = originalOf(item, context)
  if (original === null || series === null) return original
  // Midnight to midnight may also be told of days (rooms): a day is read on the calendar's clock.
  const onCalendar = isDate(series) && !isDate(original) ? onClockOf(original, midnightIn(context.zone)) : original
  return onClockOf(onCalendar, series)
}

const midnightIn = (tzid: string): CalTime => ({ dateTime: '2000-01-01T00:00:00', tzid })

function overrideOf(
  item: GoogleEvent,
  recurrenceId: CalTime,
  master: GoogleEvent | null,
  like: CalTime | null,
  context: Context,
): Override {
  const span = spanOf(item, context)
  const onClock = (time: CalTime) => (like && !isDate(like) && !isDate(time) ? onClockOf(time, like) : time)
  const component = componentOf(item, { start: onClock(span.start), end: onClock(span.end) }, master)
  return { ...component, recurrenceId, thisAndFuture: false }
}

/** A UID with control characters cannot be written in iCalendar. */
const spoken = (uid: string | null | undefined): string | null =>
  uid && uid.trim() === uid && !/\p{Cc}/u.test(uid) ? uid : null

/** @throws Untranslatable */
export function eventOf(
  master: GoogleEvent | null,
  exceptions: readonly GoogleEvent[],
  context: Context,
): ScheduleEvent {
  const known = master ?? exceptions[0]
  if (!known?.id) throw new Untranslatable('an event without an id')
  const uid =
    context.uidOf(master ?? { ...known, id: known.recurringEventId ?? known.id }) ??
    spoken(known.iCalUID) ??
    `${known.id}@google.com`
  const main = master && masterOf(master, context)
  const like = main?.start ?? null
  const excluded: CalTime[] = []
  const overrides = new Map<string, Override>()
  for (const item of exceptions) {
    const original = occurrenceOf(item, like, context)
    if (isDeclined(item)) {
      if (original) excluded.push(original)
      continue
    }
    if (!original) throw new Untranslatable('an occurrence that does not say which one it is')
    const override = overrideOf(item, original, master, like, context)
    if (!main || !saysNothing(override, main)) overrides.set(timeKey(original), override)
  }
  return {
    uid,
    master: main && { ...main, exdates: meantExdates(main, [...main.exdates, ...excluded], context.zone) },
    overrides: [...overrides].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, override]) => override),
    resourceIds: [],
  }
}

function masterOf(item: GoogleEvent, context: Context): Master {
  const span = spanOf(item, context)
  const lines = linesOf(item.recurrence ?? [], span.start)
  return { ...componentOf(item, span), ...lines }
}
