/**
 * RRULE ⇄ KalturaScheduleEventRecurrence. Kaltura's expansion is not RFC 5545's (its DatesGenerator), so only rules of
 * which both are known to mean the same are given to it; those of its own that mean something else are told by their
 * occurrences instead.
 */
import { fromEpoch, fromLocal, toEpoch, toLocal } from '../../src/schedule/caltime.ts'
import { civilFromDays, DAY, daysInMonth, formatDate, weekday } from '../../src/schedule/civil.ts'
import type { CalTime } from '../../src/schedule/event.ts'
import { isDate } from '../../src/schedule/event.ts'
import type { Rule, WeekdayNumber } from '../../src/schedule/rrule.ts'
import { parseRule } from '../../src/schedule/rrule.ts'
import type { Recurrence } from './rows.ts'

const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const

const dayOf = (start: CalTime) => {
  const days = Math.floor(toLocal(start) / DAY)
  return { ...civilFromDays(days), weekday: weekday(days) }
}

const dayText = ({ weekday, nth }: WeekdayNumber): string => `${nth === 0 ? '' : nth}${weekdays[weekday]}`

/** The rule with what RFC 5545 §3.3.10 takes from DTSTART where the rule does not say it. */
function explicit(rule: Rule, start: CalTime): Rule {
  const { month, day, weekday } = dayOf(start)
  const byDay = [{ weekday, nth: 0 }]
  if (rule.frequency === 'WEEKLY' && rule.byDay.length === 0) return { ...rule, byDay }
  const anyDay = [rule.byDay, rule.byMonthDay, rule.byYearDay].some(list => list.length > 0)
  if (anyDay) return rule
  if (rule.frequency === 'MONTHLY') return { ...rule, byMonthDay: [day] }
  if (rule.frequency !== 'YEARLY') return rule
  if (rule.byWeekNo.length > 0) return { ...rule, byDay }
  return { ...rule, byMonth: rule.byMonth.length > 0 ? rule.byMonth : [month], byMonthDay: [day] }
}

/** Epoch seconds of the last instant that UNTIL allows. */
const untilEpoch = ({ until }: Rule, start: CalTime, zone: string): number | null => {
  if (!until) return null
  const tzid = isDate(start) ? zone : (start.tzid ?? zone)
  return until.form === 'utc' ? until.last : toEpoch(fromLocal(until.last, { dateTime: '', tzid }), zone)
}

const utcText = (epoch: number): string => {
  const time = fromEpoch(epoch, 'UTC')
  return isDate(time) ? '' : `${time.dateTime.replace(/[-:]/g, '')}Z`
}

function untilText(rule: Rule, start: CalTime, zone: string): string | null {
  if (!rule.until) return null
  // A date recurs by dates, so the day is all that its UNTIL says.
  if (isDate(start)) return formatDate(Math.floor(rule.until.last / DAY)).replaceAll('-', '')
  return utcText(untilEpoch(rule, start, zone) ?? 0)
}

/**
 * One text for all spellings of a rule, so that a rule that went through Kaltura equals the one that was sent. A rule
 * that cannot be read stays as it is.
 */
export function canonicalRule(text: string, start: CalTime, zone: string): string {
  const read = parseRule(text)
  if (typeof read === 'string') return text
  const rule = explicit(read, start)
  const byDay = [...rule.byDay].sort((a, b) => a.nth - b.nth || a.weekday - b.weekday).map(dayText)
  const weekStartCounts = rule.byWeekNo.length > 0 || (rule.frequency === 'WEEKLY' && rule.interval > 1)
  const parts: readonly (readonly [string, string | number | null | readonly (string | number)[]])[] = [
    ['FREQ', rule.frequency],
    ['INTERVAL', rule.interval > 1 ? rule.interval : null],
    ['COUNT', rule.count],
    ['UNTIL', untilText(rule, start, zone)],
    ['BYMONTH', rule.byMonth],
    ['BYWEEKNO', rule.byWeekNo],
    ['BYYEARDAY', rule.byYearDay],
    ['BYMONTHDAY', rule.byMonthDay],
    ['BYDAY', byDay],
    ['BYHOUR', rule.byHour],
    ['BYMINUTE', rule.byMinute],
    ['BYSECOND', rule.bySecond],
    ['BYSETPOS', rule.bySetPos],
    ['WKST', weekStartCounts && rule.weekStart > 0 ? (weekdays[rule.weekStart] ?? null) : null],
    ['RSCALE', rule.skip === 'OMIT' ? null : 'GREGORIAN'],
    ['SKIP', rule.skip === 'OMIT' ? null : rule.skip],
  ]
  return parts
    .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(';')
}

const frequencies = {
  SECONDLY: 'seconds',
  MINUTELY: 'minutes',
  HOURLY: 'hours',
  DAILY: 'days',
  WEEKLY: 'weeks',
  MONTHLY: 'months',
  YEARLY: 'years',
} as const

/** The parts a rule uses, as one word, to look it up in what Kaltura is known to do right. */
const shapeOf = (rule: Rule): string =>
  [
    rule.frequency,
    rule.byMonth.length === 1 ? 'month' : rule.byMonth.length > 1 ? 'months' : null,
    rule.byMonthDay.length === 1 && (rule.byMonthDay[0] ?? 0) >= 1 && (rule.byMonthDay[0] ?? 31) <= 28 ? 'date' : null,
    rule.byMonthDay.length > 1 || (rule.byMonthDay[0] ?? 1) < 1 || (rule.byMonthDay[0] ?? 1) > 28 ? 'dates' : null,
    rule.byDay.length > 0 ? (rule.byDay.every(({ nth }) => nth === 0) ? 'days' : 'nth') : null,
    rule.byWeekNo.length > 0 || rule.byYearDay.length > 0 || rule.bySetPos.length > 0 ? 'other' : null,
    rule.byHour.length > 0 || rule.byMinute.length > 0 || rule.bySecond.length > 0 ? 'time' : null,
    rule.skip === 'OMIT' ? null : 'skip',
  ]
    .filter(word => word !== null)
    .join(' ')

/**
 * Kaltura clamps days 29 to 31, miscounts negative ones, fails on lists of month days and months, and takes the weekday
 * of 1 January for YEARLY with BYDAY alone; these it is known to expand as RFC 5545 does.
 */
const holdable = new Set([
  'DAILY',
  'DAILY days',
  'WEEKLY days',
  'MONTHLY date',
  'MONTHLY days',
  'MONTHLY nth',
  'YEARLY month date',
  'YEARLY month nth',
])

/** Whether the rule itself gives DTSTART: Kaltura drops a start that its rule does not give, RFC 5545 keeps it. */
function givesStart(rule: Rule, start: CalTime): boolean {
  const { year, month, day, weekday } = dayOf(start)
  const [nth, fromEnd] = [Math.ceil(day / 7), -Math.ceil((daysInMonth(year, month) - day + 1) / 7)]
  const onDay = rule.byDay.some(by => by.weekday === weekday && (by.nth === 0 || by.nth === nth || by.nth === fromEnd))
  return (
    (rule.byDay.length === 0 || onDay) &&
    (rule.byMonthDay.length === 0 || rule.byMonthDay.includes(day)) &&
    (rule.byMonth.length === 0 || rule.byMonth.includes(month))
  )
}

/** The recurrence that means the same to Kaltura, or `null` where there is none. */
export function toRecurrence(canonical: string, start: CalTime, zone: string): Recurrence | null {
  const rule = parseRule(canonical)
  if (typeof rule === 'string') return null
  const ends = Number(rule.count !== null) + Number(rule.until !== null)
  if (ends !== 1 || !holdable.has(shapeOf(rule)) || !givesStart(rule, start)) return null
  const until = untilEpoch(rule, start, zone)
  return {
    frequency: frequencies[rule.frequency],
    interval: rule.interval,
    timeZone: isDate(start) ? zone : (start.tzid ?? zone),
    ...(rule.count === null ? {} : { count: rule.count }),
    ...(until === null ? {} : { until }),
    ...(rule.byDay.length > 0 && { byDay: rule.byDay.map(dayText).join() }),
    ...(rule.byMonthDay.length > 0 && { byMonthDay: rule.byMonthDay.join() }),
    ...(rule.byMonth.length > 0 && { byMonth: rule.byMonth.join() }),
    weekStartDay: weekdays[rule.weekStart] ?? 'MO',
  }
}

const parts = {
  BYSECOND: 'bySecond',
  BYMINUTE: 'byMinute',
  BYHOUR: 'byHour',
  BYDAY: 'byDay',
  BYMONTHDAY: 'byMonthDay',
  BYYEARDAY: 'byYearDay',
  BYWEEKNO: 'byWeekNumber',
  BYMONTH: 'byMonth',
  BYSETPOS: 'byOffset',
  WKST: 'weekStartDay',
} as const satisfies Record<string, keyof Recurrence>

/** The RRULE that says what Kaltura's recurrence says; `null` where it says nothing that can be read. */
export function fromRecurrence(recurrence: Recurrence, start: CalTime, zone: string): string | null {
  const frequency = Object.entries(frequencies).find(([, word]) => word === recurrence.frequency)?.[0]
  if (!frequency) return null
  const said = [
    `FREQ=${frequency}`,
    recurrence.interval ? `INTERVAL=${recurrence.interval}` : null,
    recurrence.count ? `COUNT=${recurrence.count}` : null,
    recurrence.until && !recurrence.count ? `UNTIL=${utcText(recurrence.until)}` : null,
    ...Object.entries(parts).map(([name, field]) => (recurrence[field] ? `${name}=${recurrence[field]}` : null)),
  ]
  const text = said.filter(part => part !== null).join(';')
  return typeof parseRule(text) === 'string' ? null : canonicalRule(text, start, zone)
}

const unended = (canonical: string): string => canonical.replace(/;(COUNT|UNTIL)=[^;]*/g, '')

/** The same rule, ended at an instant, or after so many occurrences, instead of by its own COUNT or UNTIL. */
export const endedAt = (canonical: string, epoch: number): string => `${unended(canonical)};UNTIL=${utcText(epoch)}`
export const endedAfter = (canonical: string, count: number): string => `${unended(canonical)};COUNT=${count}`

/** Whether a rule says when it ends. */
export const ends = (text: string): boolean => /(^|;)(COUNT|UNTIL)=/i.test(text)
