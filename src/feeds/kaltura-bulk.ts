/**
 * The profile for Kaltura's own bulk upload (`scheduleEvent.addFromBulkUpload`, drop folders), whose reader is not one of
 * iCalendar: it ends lines at CRLF only, joins a folded line only where that has no colon, unescapes nothing, reads the
 * lines of a VALARM or a second component into the event, takes times as `…Z` only, refuses a STATUS, ignores EXDATE,
 * RDATE and RECURRENCE-ID, and expands rules by its own reckoning on the clock of its server, whatever that is.
 *
 * So: one line for each value, however long; text as it is, line breaks as blanks; and a series only where it needs
 * nothing but a rule that gives the same occurrences in UTC and on the calendar's clock. Every other occurrence is an event with a UID of its own.
 * One file has events of one type, as Kaltura is told the type of all of them beside the file. It takes no resources.
 */
import { createHash } from 'node:crypto'
import { TooManyOccurrences } from '../errors.ts'
import { fromEpoch, toLocal } from '../schedule/caltime.ts'
import { DAY, weekday } from '../schedule/civil.ts'
import type { Component, JCalProperty, ScheduleEvent } from '../schedule/event.ts'
import { emptyMaster, isDate, KalturaType } from '../schedule/event.ts'
import { type Occurrence, occurrences, type Window } from '../schedule/recurrence.ts'
import { parseRule, type Rule } from '../schedule/rrule.ts'
import { utcText } from '../store/flags.ts'
import type { FeedContent } from './content.ts'
import { isCancelled, placeOf, windowOf } from './writing.ts'

export const bulkTypes = {
  record: KalturaType.recording,
  live: KalturaType.liveStream,
  blackout: KalturaType.blackout,
} as const
export type BulkType = keyof typeof bulkTypes

export interface BulkFile {
  readonly text: string
  /** VEVENTs in it. */
  readonly events: number
  /** Events of the other types, which are in no file of this one. */
  readonly others: number
}

/** Kaltura makes no more occurrences of one series (max_schedule_event_recurrences). */
const MAX_RECURRENCES = 1000
/** A little less than the two years after its start in which Kaltura expands a series, seconds. */
const HORIZON = 729 * DAY
const always: Window = { from: -62_135_596_800, to: 253_370_764_800 }

/** What the reader takes for one value: no line break, no control character, no blanks around it (it trims them). */
const plain = (text: string): string =>
  text
    .replace(/\r\n|[\r\n\u2028\u2029]/g, ' ')
    .replace(/\t/g, ' ')
    .replace(/\p{Cc}/gu, '')
    .trim()

const line = (name: string, value: string | number | null | undefined): string[] => {
  const text = plain(String(value ?? ''))
  return text === '' ? [] : [`${name}:${text}`]
}

/** Kaltura looks events up by a list of UIDs with commas between them. */
const uidOf = (uid: string): string =>
  /^[^\s,\p{Cc}]{1,200}$/u.test(uid) ? uid : createHash('sha256').update(uid).digest('hex').slice(0, 40)

/** Stays while the occurrence keeps its place in the series, wherever it is moved to. */
const occurrenceUid = (uid: string, { recurrenceId, start }: Occurrence): string => {
  const place =
    recurrenceId === null || !('tzid' in recurrenceId && recurrenceId.tzid === 'UTC')
      ? recurrenceId && (isDate(recurrenceId) ? recurrenceId.date : recurrenceId.dateTime)
      : `${recurrenceId.dateTime}Z`
  return `${uidOf(uid)}-${(place ?? utcText(start)).replace(/[-:]/g, '')}`
}

/** Kept properties that Kaltura has a column for. */
const kept = ['contact', 'comment', 'organizer', 'priority'] as const

const valueIn = (extra: readonly JCalProperty[], name: string): unknown => extra.find(([is]) => is === name)?.[3]

/** Kaltura's columns for a place on the globe take nothing south of the equator or west of Greenwich. */
const geo = (extra: readonly JCalProperty[]): string[] => {
  const value = valueIn(extra, 'geo')
  if (!Array.isArray(value) || value.length !== 2 || value.some(part => !(Number(part) >= 0))) return []
  return [...line('GEOLATITUDE', String(value[0])), ...line('GEOLONGITUDE', String(value[1]))]
}

const content = (component: Component, event: ScheduleEvent, { names }: FeedContent): string[] => {
  const { extra } = component
  const kaltura = { ...event.master?.kaltura, ...component.kaltura }
  return [
    ...line('SUMMARY', component.summary?.trim() || 'Recording'),
    ...line('DESCRIPTION', component.description),
    ...line('LOCATION', placeOf(component, event, names)),
    ...line('CLASS', component.classification),
    ...line('SEQUENCE', component.sequence),
    ...kept.flatMap(name => line(name.toUpperCase(), valueIn(extra, name) as string | undefined)),
    ...geo(extra),
    ...line('X-KALTURA-TAGS', kaltura.tags?.join(',')),
    ...line('X-KALTURA-TEMPLATE-ENTRY-ID', kaltura.templateEntryId),
    ...line('X-KALTURA-ENTRY-IDS', kaltura.entryIds?.join(',')),
    ...line('X-KALTURA-CATEGORY-IDS', kaltura.categoryIds?.join(',')),
  ]
}

const times = ({ start, end }: Pick<Occurrence, 'start' | 'end'>): string[] => [
  ...line('DTSTART', utcText(start)),
  ...line('DTEND', utcText(end)),
]

const dayNames = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

/** The rules that Kaltura expands as RFC 5545 does: every so many days, or on weekdays of every so many weeks. */
const holds = (rule: Rule): boolean =>
  (rule.frequency === 'DAILY' ? rule.byDay.length === 0 : rule.frequency === 'WEEKLY') &&
  rule.byDay.every(({ nth }) => nth === 0) &&
  rule.skip === 'OMIT' &&
  [rule.bySecond, rule.byMinute, rule.byHour, rule.byMonthDay].every(({ length }) => length === 0) &&
  [rule.byYearDay, rule.byWeekNo, rule.byMonth, rule.bySetPos].every(({ length }) => length === 0)

const ruleText = ({ frequency, interval, byDay, weekStart }: Rule, count: number): string =>
  [
    `FREQ=${frequency}`,
    `INTERVAL=${interval}`,
    ...(byDay.length > 0 ? [`BYDAY=${byDay.map(day => dayNames[day.weekday]).join(',')}`] : []),
    `COUNT=${count}`,
    `WKST=${dayNames[weekStart]}`,
  ].join(';')

const found = (event: ScheduleEvent, window: Window, zone: string): Occurrence[] | null => {
  try {
    return occurrences(event, window, { zone, maxOccurrences: MAX_RECURRENCES + 1 })
  } catch (error) {
    if (error instanceof TooManyOccurrences) return null
    throw error
  }
}

/** Whether a server on this clock, which knows no zone of the event, makes these occurrences of the rule. */
const sameOn = (server: string, { uid }: ScheduleEvent, rule: Rule, text: string, wanted: readonly Occurrence[]) => {
  const [first] = wanted
  if (!first) return false
  const [start, end] = [fromEpoch(first.start, server), fromEpoch(first.end, server)]
  // Kaltura drops a first start that the rule does not give; RFC 5545 keeps it.
  const day = weekday(Math.floor(toLocal(start) / DAY))
  if (rule.byDay.length > 0 && !rule.byDay.some(by => by.weekday === day)) return false
  const event = { uid, master: { ...emptyMaster(start, end), rrules: [text] }, overrides: [], resourceIds: [] }
  const made = found(event, always, server)
  return (
    made?.length === wanted.length &&
    made.every(({ start, end }, index) => start === wanted[index]?.start && end === wanted[index]?.end)
  )
}

/** The rule of the whole series; `null` where the series is more than that, or reaches out of the window. */
const wholeRule = (event: ScheduleEvent, inWindow: readonly Occurrence[], zone: string): string | null => {
  const { master } = event
  if (master?.rrules.length !== 1 || event.overrides.length > 0 || isDate(master.start)) return null
  if (master.exrules.length + master.rdates.length + master.exdates.length > 0) return null
  const rule = parseRule(master.rrules[0] ?? '')
  if (typeof rule === 'string' || (rule.count === null && rule.until === null) || !holds(rule)) return null
  const first = inWindow[0]
  const last = inWindow.at(-1)
  if (!first || !last || inWindow.length > MAX_RECURRENCES || last.start > first.start + HORIZON) return null
  if (found(event, always, zone)?.length !== inWindow.length) return null
  const text = ruleText(rule, inWindow.length)
  return ['UTC', zone].every(server => sameOn(server, event, rule, text, inWindow)) ? text : null
}

const vevent = (lines: readonly string[]): string[] => ['BEGIN:VEVENT', ...lines, 'END:VEVENT']

const ofEvent = (event: ScheduleEvent, all: FeedContent): string[][] => {
  const inWindow = occurrences(event, windowOf(all), { zone: all.zone })
  const rule = wholeRule(event, inWindow, all.zone)
  const wanted = inWindow.filter(({ component }) => !component.transparent && !isCancelled(component, event))
  const [first] = wanted
  if (rule && first && wanted.length === inWindow.length) {
    const head = [...line('UID', uidOf(event.uid)), ...times(first), ...line('RRULE', rule)]
    return [vevent([...head, ...content(first.component, event, all)])]
  }
  return wanted.map(each => {
    const uid = each.recurrenceId === null ? uidOf(event.uid) : occurrenceUid(event.uid, each)
    return vevent([...line('UID', uid), ...times(each), ...content(each.component, event, all)])
  })
}

const typeOf = ({ master, overrides }: ScheduleEvent): number =>
  master?.kaltura.type ?? overrides[0]?.kaltura.type ?? KalturaType.recording

/** @param all with a window: series that reach out of it are written occurrence by occurrence */
export const writeKalturaBulk = (all: FeedContent, type: BulkType): BulkFile => {
  const events = all.events.map(({ event }) => event)
  const chosen = events.filter(event => typeOf(event) === bulkTypes[type])
  const written = chosen.flatMap(event => ofEvent(event, all))
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kaldav//kaldav//EN', ...written.flat(), 'END:VCALENDAR']
  return {
    text: `${lines.join('\r\n')}\r\n`,
    events: written.length,
    others: events.length - chosen.length,
  }
}
