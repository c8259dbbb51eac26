/**
 * RRULE and Graph's patternedRecurrence, both ways. What Graph cannot say (facts of its pattern types) gives `null`;
 * the adapter then refuses or the events are written one by one.
 */

import { Rejected } from '../../src/errors.ts'
import { fromEpoch } from '../../src/schedule/caltime.ts'
import type { CalTime, Master } from '../../src/schedule/event.ts'
import { isDate } from '../../src/schedule/event.ts'
import { parseRule, type Rule } from '../../src/schedule/rrule.ts'
import { graphZone } from './zones.ts'

export interface Pattern {
  readonly type: string
  readonly interval: number
  readonly month?: number
  readonly dayOfMonth?: number
  readonly daysOfWeek?: readonly string[]
  readonly firstDayOfWeek?: string
  readonly index?: string
}

export interface Range {
  readonly type: string
  readonly startDate: string
  readonly endDate?: string
  readonly numberOfOccurrences?: number
  readonly recurrenceTimeZone?: string | null
}

export interface PatternedRecurrence {
  readonly pattern: Pattern
  readonly range: Range
}

/** Monday first, as in `WeekdayNumber`. */
const dayNames = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
const dayCodes = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
/** BYSETPOS and Graph's index. */
const positions = new Map([
  [1, 'first'],
  [2, 'second'],
  [3, 'third'],
  [4, 'fourth'],
  [-1, 'last'],
])

const dateOf = (time: CalTime): string => (isDate(time) ? time.date : time.dateTime.slice(0, 10))
const dayOf = (date: string): number => Temporal.PlainDate.from(date).dayOfWeek - 1

/**
 * @param zone the series' zone as Graph is to name it; the start lies on its clock
 * @returns `null` where Graph has no pattern for it
 */
export function patternOf(rules: readonly string[], start: CalTime, zone: string): PatternedRecurrence | null {
  const [text] = rules
  if (text === undefined || rules.length > 1) return null
  const rule = parseRule(text)
  if (typeof rule === 'string' || isBeyondGraph(rule)) return null
  const pattern = patternFor(rule, start)
  return pattern && begins(pattern, dateOf(start)) ? { pattern, range: rangeFor(rule, start, zone) } : null
}

/** Whether the pattern gives its first date: Exchange moves a start that is none of its dates, RFC 5545 keeps it. */
function begins({ type, daysOfWeek = [], dayOfMonth, month, index }: Pattern, start: string): boolean {
  const date = Temporal.PlainDate.from(start)
  const isNamed = (day: Temporal.PlainDate) => daysOfWeek.includes(dayNames[day.dayOfWeek - 1] ?? '')
  if (month !== undefined && date.month !== month) return false
  if (type === 'weekly') return isNamed(date)
  if (type.startsWith('absolute')) return date.day === dayOfMonth
  if (!type.startsWith('relative')) return true
  const days = Array.from({ length: date.daysInMonth }, (_, n) => date.with({ day: n + 1 })).filter(isNamed)
  const nth = [...positions].find(([, name]) => name === index)?.[0] ?? 1
  return days.at(nth > 0 ? nth - 1 : nth)?.equals(date) ?? false
}

/** Whether Exchange has a pattern for the series; dates are on the clock of `room`, IANA. */
export function hasPattern(master: Master, room: string): boolean {
  return patternOfSeries(master, room) !== null
}

function patternOfSeries(master: Master, room: string): PatternedRecurrence | null {
  const zone = graphZone(isDate(master.start) ? room : (master.start.tzid ?? room))
  const plain = master.rdates.length === 0 && master.exrules.length === 0
  return plain ? patternOf(master.rrules, master.start, zone) : null
}

/** The pattern of a series; dates are on the clock of `room`, IANA. @throws Rejected Exchange has no pattern for it */
export function recurrenceOf(master: Master, room: string): PatternedRecurrence {
  const recurrence = patternOfSeries(master, room)
  if (recurrence) return recurrence
  const said = [...master.rrules, ...master.exrules.map(rule => `except ${rule}`)].join(' and ') || 'single dates'
  const remedy = 'Write it as several series that are daily, weekly, monthly or yearly, or as single events.'
  throw new Rejected('recurrence', `Exchange has no pattern for a series of this kind: ${said}`, { remedy })
}

const isBeyondGraph = (rule: Rule): boolean =>
  [rule.bySecond, rule.byMinute, rule.byHour, rule.byYearDay, rule.byWeekNo].some(list => list.length > 0) ||
  ['SECONDLY', 'MINUTELY', 'HOURLY'].includes(rule.frequency) ||
  rule.bySetPos.length > 1 ||
  (rule.count ?? 0) > 999

function patternFor(rule: Rule, start: CalTime): Pattern | null {
  const { frequency, interval, byDay, byMonthDay, byMonth, bySetPos } = rule
  if (frequency === 'DAILY' || frequency === 'WEEKLY') {
    if (byMonth.length > 0 || byMonthDay.length > 0 || bySetPos.length > 0 || byDay.some(({ nth }) => nth !== 0))
      return null
    if (frequency === 'DAILY' && byDay.length === 0) return { type: 'daily', interval }
    // Every weekday said as a daily rule is a weekly pattern, as long as no day is skipped by the interval.
    if (frequency === 'DAILY' && interval !== 1) return null
    const days = byDay.length > 0 ? byDay.map(({ weekday }) => weekday) : [dayOf(dateOf(start))]
    const daysOfWeek = days.map(day => dayNames[day] ?? '')
    return { type: 'weekly', interval, daysOfWeek, firstDayOfWeek: dayNames[rule.weekStart] ?? 'monday' }
  }
  const yearly = frequency === 'YEARLY'
  if (byMonth.length > (yearly ? 1 : 0)) return null
  const month = byMonth[0] ?? Number(dateOf(start).slice(5, 7))
  const prefix = yearly ? { interval, month } : { interval }
  const kind = (form: 'absolute' | 'relative') => `${form}${yearly ? 'Yearly' : 'Monthly'}`
  if (byDay.length === 0) {
    if (bySetPos.length > 0 || byMonthDay.length > 1) return null
    const dayOfMonth = byMonthDay[0] ?? Number(dateOf(start).slice(8, 10))
    // Exchange puts the 31st on a shorter month's last day; RFC 5545 leaves that month out.
    return dayOfMonth < 1 || dayOfMonth > 28 ? null : { type: kind('absolute'), ...prefix, dayOfMonth }
  }
  if (byMonthDay.length > 0 || (yearly && byMonth.length === 0)) return null
  const nths = new Set(byDay.map(({ nth }) => nth))
  const [nth = 0] = nths
  if (nths.size > 1 || (byDay.length > 1 && nth !== 0)) return null
  const index = positions.get(nth === 0 ? (bySetPos[0] ?? 0) : nth)
  if (!index || (nth !== 0 && bySetPos.length > 0)) return null
  return { type: kind('relative'), ...prefix, daysOfWeek: byDay.map(({ weekday }) => dayNames[weekday] ?? ''), index }
}

function rangeFor(rule: Rule, start: CalTime, zone: string): Range {
  const common = { startDate: dateOf(start), recurrenceTimeZone: zone }
  if (rule.count !== null) return { ...common, type: 'numbered', numberOfOccurrences: rule.count }
  if (rule.until === null) return { ...common, type: 'noEnd' }
  // UNTIL is an instant, endDate a day on the series' own clock.
  const tzid = isDate(start) ? 'UTC' : (start.tzid ?? 'UTC')
  const clock = rule.until.form === 'utc' ? tzid : 'UTC'
  const last = fromEpoch(rule.until.last, clock)
  const endDate = dateOf(last)
  const early = !isDate(start) && !isDate(last) && last.dateTime.slice(11) < start.dateTime.slice(11)
  return {
    ...common,
    type: 'endDate',
    endDate: early ? Temporal.PlainDate.from(endDate).subtract({ days: 1 }).toString() : endDate,
  }
}

/** @returns the RRULE value; `null` for a pattern type this version does not know */
export function ruleOf({ pattern, range }: PatternedRecurrence, start: CalTime): string | null {
  const by = byParts(pattern)
  if (!by) return null
  const parts = [...by, ...(pattern.interval > 1 ? [`INTERVAL=${pattern.interval}`] : [])]
  const { numberOfOccurrences = 0, endDate = '' } = range
  // What says nothing is filled in with 0 and the year 1.
  if ((range.type === 'numbered' && numberOfOccurrences < 1) || (range.type === 'endDate' && endDate < '1')) return null
  if (range.type === 'numbered') parts.push(`COUNT=${range.numberOfOccurrences}`)
  if (range.type === 'endDate') parts.push(`UNTIL=${untilOf(range.endDate ?? range.startDate, start)}`)
  return parts.join(';')
}

function byParts({ type, daysOfWeek = [], firstDayOfWeek, index, dayOfMonth, month }: Pattern): string[] | null {
  const codes = daysOfWeek.map(name => dayCodes[dayNames.indexOf(name.toLowerCase())])
  if (codes.includes(undefined) || (codes.length === 0 && /^(weekly|relative)/i.test(type))) return null
  const days = codes.join(',')
  const position = [...positions].find(([, name]) => name === (index ?? 'first').toLowerCase())?.[0] ?? 1
  const relative = daysOfWeek.length === 1 ? [`BYDAY=${position}${days}`] : [`BYDAY=${days}`, `BYSETPOS=${position}`]
  const weekStart = dayCodes[dayNames.indexOf((firstDayOfWeek ?? 'sunday').toLowerCase())] ?? 'SU'
  const forms: Readonly<Record<string, readonly string[]>> = {
    daily: ['FREQ=DAILY'],
    weekly: ['FREQ=WEEKLY', `BYDAY=${days}`, `WKST=${weekStart}`],
    absolutemonthly: ['FREQ=MONTHLY', `BYMONTHDAY=${dayOfMonth}`],
    relativemonthly: ['FREQ=MONTHLY', ...relative],
    absoluteyearly: ['FREQ=YEARLY', `BYMONTH=${month}`, `BYMONTHDAY=${dayOfMonth}`],
    relativeyearly: ['FREQ=YEARLY', `BYMONTH=${month}`, ...relative],
  }
  const form = forms[type.toLowerCase()]
  if (!form) return null
  // Exchange keeps the 29th to 31st on a shorter month's last day: that is the last of the days up to it.
  if ((dayOfMonth ?? 0) > 28 && /^absolute/i.test(type)) {
    const upTo = Array.from({ length: (dayOfMonth ?? 0) - 27 }, (_, day) => day + 28).join(',')
    return [...form.slice(0, -1), `BYMONTHDAY=${upTo}`, 'BYSETPOS=-1']
  }
  return [...form]
}

const untilOf = (endDate: string, start: CalTime): string => {
  const day = endDate.replaceAll('-', '')
  if (isDate(start)) return day
  const tzid = start.tzid ?? 'UTC'
  const last = Temporal.PlainDateTime.from(`${endDate}T${start.dateTime.slice(11)}`)
    .toZonedDateTime(tzid)
    .toInstant()
  return last.toString().replace(/[-:]/g, '')
}
