/**
 * Follows one rule on one wall clock (RFC 5545 §3.3.10, RFC 7529 for SKIP): seconds in, seconds out, no zones. Every
 * period of the rule is a set of days times a set of times of day, kept as two small lists and never multiplied out, so
 * BYSETPOS and hostile products cost what they yield. What a rule costs is counted in steps of a shared budget.
 */
import { TooManyOccurrences } from '../errors.ts'
import { civilFromDays, DAY, daysFromCivil, daysInMonth, isLeap, weekday } from './civil.ts'
import type { Rule } from './rrule.ts'
import { isAtMostWeekly, isSubDaily } from './rrule.ts'

/** Work that may still be done; one step is about what it takes to look at one day. */
export interface Budget {
  steps: number
}

export const spend = (budget: Budget, steps: number): void => {
  budget.steps -= steps
  if (budget.steps < 0)
    throw new TooManyOccurrences('the recurrence takes more steps than allowed', {
      remedy: 'end the series with UNTIL or a smaller COUNT, or ask for a shorter time',
    })
}

/** The stretch of the clock that is asked for, inclusive. */
export interface Span {
  readonly from: number
  readonly to: number
}

const LAST_DAY = daysFromCivil(9999, 12, 31)
const mod = (value: number, by: number): number => ((value % by) + by) % by
const ascending = (a: number, b: number): number => a - b

/** The week a day lies in, its first week being the first with four days in the year (RFC 5545 §3.3.10). */
const weekOf = (day: number, weekStart: number): { number: number; fromEnd: number } => {
  const fourth = day - mod(weekday(day) - weekStart, 7) + 3
  const { year } = civilFromDays(fourth)
  const number = Math.floor((fourth - daysFromCivil(year, 1, 1)) / 7) + 1
  const left = Math.floor((daysFromCivil(year + 1, 1, 1) - 1 - fourth) / 7)
  return { number, fromEnd: -left - 1 }
}

type DayTest = (day: number, year: number, month: number, date: number) => boolean

const yearLength = (year: number): number => (isLeap(year) ? 366 : 365)

/** Whether a set that counts from both ends holds a position of `length`. */
const holds = (set: ReadonlySet<number>, position: number, length: number): boolean =>
  set.has(position) || set.has(position - length - 1)

/** Whether a weekday with its number matches, counted in the month or in the year. */
const byDayTest = (rule: Rule): DayTest => {
  const numbered = !isAtMostWeekly(rule.frequency) && rule.byWeekNo.length === 0
  const inYear = rule.frequency === 'YEARLY' && rule.byMonth.length === 0
  const wanted = Array.from({ length: 7 }, () => new Set<number>())
  for (const { weekday: day, nth } of rule.byDay) wanted[day]?.add(numbered ? nth : 0)
  return (day, year, month, date) => {
    const set = wanted[weekday(day)]
    if (!set || set.size === 0) return false
    if (set.has(0)) return true
    const position = inYear ? day - daysFromCivil(year, 1, 1) : date - 1
    const length = inYear ? yearLength(year) : daysInMonth(year, month)
    return set.has(Math.floor(position / 7) + 1) || set.has(-Math.floor((length - 1 - position) / 7) - 1)
  }
}

/** The tests a day must pass; where days were `placed` by month and date, those two are not asked again. */
const dayTests = (rule: Rule, placed: boolean): DayTest[] => {
  const [months, dates] = [new Set(rule.byMonth), new Set(rule.byMonthDay)]
  const [yearDays, weeks] = [new Set(rule.byYearDay), new Set(rule.byWeekNo)]
  const tests: DayTest[] = []
  if (months.size > 0 && !placed) tests.push((_, __, month) => months.has(month))
  if (dates.size > 0 && !placed) tests.push((_, year, month, date) => holds(dates, date, daysInMonth(year, month)))
  if (yearDays.size > 0)
    tests.push((day, year) => holds(yearDays, day - daysFromCivil(year, 1, 1) + 1, yearLength(year)))
  if (weeks.size > 0)
    tests.push(day => {
      const week = weekOf(day, rule.weekStart)
      return weeks.has(week.number) || weeks.has(week.fromEnd)
    })
  if (rule.byDay.length > 0) tests.push(byDayTest(rule))
  return tests
}

/** Adds what the start says where the rule does not (RFC 5545 §3.3.10, "derived from DTSTART"). */
const completed = (rule: Rule, start: number): Rule => {
  const day = Math.floor(start / DAY)
  const second = start - day * DAY
  const { month, day: date } = civilFromDays(day)
  const sub = isSubDaily(rule.frequency)
  const unit = rule.frequency
  const full: Rule = {
    ...rule,
    byHour: rule.byHour.length > 0 || sub ? rule.byHour : [Math.floor(second / 3600)],
    byMinute:
      rule.byMinute.length > 0 || unit === 'MINUTELY' || unit === 'SECONDLY'
        ? rule.byMinute
        : [Math.floor(second / 60) % 60],
    bySecond: rule.bySecond.length > 0 || unit === 'SECONDLY' ? rule.bySecond : [second % 60],
  }
  if (rule.byDay.length > 0 || rule.byMonthDay.length > 0 || rule.byYearDay.length > 0) return full
  const onWeekday = { ...full, byDay: [{ weekday: weekday(day), nth: 0 }] }
  if (rule.byWeekNo.length > 0) return unit === 'YEARLY' ? onWeekday : full
  if (unit === 'WEEKLY') return onWeekday
  if (unit === 'MONTHLY') return { ...full, byMonthDay: [date] }
  if (unit === 'YEARLY')
    return { ...full, byMonthDay: [date], byMonth: rule.byMonth.length > 0 ? rule.byMonth : [month] }
  return full
}

const allMonths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const allDates = Array.from({ length: 31 }, (_, i) => i + 1)

/** The days of one month that BYMONTHDAY names, with days it lacks skipped as the rule says. */
const daysOfMonth = (rule: Rule, year: number, month: number): number[] => {
  const first = daysFromCivil(year, month, 1)
  const length = daysInMonth(year, month)
  if (rule.byMonthDay.length === 0) return allDates.slice(0, length).map(date => first + date - 1)
  const days: number[] = []
  for (const wanted of rule.byMonthDay) {
    const date = wanted > 0 ? wanted : length + 1 + wanted
    if (date >= 1 && date <= length) days.push(first + date - 1)
    else if (date > length && rule.skip !== 'OMIT') days.push(first + length - (rule.skip === 'FORWARD' ? 0 : 1))
  }
  return days
}

const sortedSet = (values: readonly number[]): readonly number[] =>
  values.length < 2 ? values : [...new Set(values)].sort(ascending)

/** One period of a rule that is not below a day: its first day and how to find its days. */
interface Periods {
  /** The number of the period in which a day lies, counted from the start's. */
  indexOf(day: number): number
  firstDay(index: number): number
  days(index: number): readonly number[]
}

const periodsOf = (rule: Rule, startDay: number): Periods => {
  const { year, month } = civilFromDays(startDay)
  const months = rule.byMonth.length > 0 ? rule.byMonth : allMonths
  if (rule.frequency === 'YEARLY')
    return {
      indexOf: day => Math.floor((civilFromDays(day).year - year) / rule.interval),
      firstDay: index => daysFromCivil(year + index * rule.interval, 1, 1),
      days: index => months.flatMap(each => daysOfMonth(rule, year + index * rule.interval, each)),
    }
  if (rule.frequency === 'MONTHLY') {
    const at = (index: number) => {
      const total = year * 12 + month - 1 + index * rule.interval
      return [Math.floor(total / 12), mod(total, 12) + 1] as const
    }
    return {
      indexOf: day => {
        const civil = civilFromDays(day)
        return Math.floor(((civil.year - year) * 12 + civil.month - month) / rule.interval)
      },
      firstDay: index => daysFromCivil(...at(index), 1),
      days: index => {
        const [atYear, atMonth] = at(index)
        return months.includes(atMonth) ? daysOfMonth(rule, atYear, atMonth) : []
      },
    }
  }
  const length = rule.frequency === 'WEEKLY' ? 7 : 1
  const offsets = length === 7 ? [0, 1, 2, 3, 4, 5, 6] : [0]
  const first = length === 7 ? startDay - mod(weekday(startDay) - rule.weekStart, 7) : startDay
  const firstDay = (index: number) => first + index * rule.interval * length
  return {
    indexOf: day => Math.floor((day - first) / (rule.interval * length)),
    firstDay,
    days: index => offsets.map(offset => firstDay(index) + offset),
  }
}

/** Positions of BYSETPOS in a set of `size`, as indexes from 0; all of them where there is none. */
const positions = (rule: Rule, size: number): readonly number[] =>
  sortedSet(rule.bySetPos.map(at => (at > 0 ? at - 1 : size + at)).filter(index => index >= 0 && index < size))

/** The members of days × hours × minutes × seconds that are wanted, without building the product. */
function* members(rule: Rule, days: readonly number[]): Generator<number> {
  const { byHour, byMinute, bySecond } = rule
  const perHour = byMinute.length * bySecond.length
  const perDay = byHour.length * perHour
  if (rule.bySetPos.length === 0) {
    for (const day of days)
      for (const hour of byHour)
        for (const minute of byMinute)
          for (const second of bySecond) yield day * DAY + hour * 3600 + minute * 60 + second
    return
  }
  for (const index of positions(rule, days.length * perDay)) {
    const day = days[Math.floor(index / perDay)] as number
    const hour = byHour[Math.floor(index / perHour) % byHour.length] as number
    const minute = byMinute[Math.floor(index / bySecond.length) % byMinute.length] as number
    yield day * DAY + hour * 3600 + minute * 60 + (bySecond[index % bySecond.length] as number)
  }
}

const passes = (tests: readonly DayTest[], day: number): boolean => {
  if (tests.length === 0) return true
  const { year, month, day: date } = civilFromDays(day)
  return tests.every(test => test(day, year, month, date))
}

function* daily(rule: Rule, start: number, span: Span, budget: Budget): Generator<number> {
  const startDay = Math.floor(start / DAY)
  const periods = periodsOf(rule, startDay)
  const tests = dayTests(rule, rule.frequency === 'YEARLY' || rule.frequency === 'MONTHLY')
  const lastDay = Math.min(Math.floor(span.to / DAY), LAST_DAY)
  // Days before it are needed only to count and to find positions.
  const wantedFrom = rule.count === null ? Math.floor(Math.max(start, span.from) / DAY) : startDay
  const firstWanted = rule.bySetPos.length > 0 ? Number.NEGATIVE_INFINITY : wantedFrom
  // A skipped day can leave its period, so the one before the span is looked at too.
  const seek = rule.count === null ? periods.indexOf(Math.floor(span.from / DAY)) - 1 : 0
  for (let index = Math.max(0, seek); periods.firstDay(index) <= lastDay; index++) {
    const candidates = periods.days(index)
    spend(budget, candidates.length + rule.bySetPos.length + 1)
    const days = sortedSet(candidates).filter(day => day >= firstWanted && passes(tests, day))
    yield* members(rule, days)
  }
}

const unitSeconds: { readonly [frequency: string]: number } = { HOURLY: 3600, MINUTELY: 60, SECONDLY: 1 }

/** The first unit from that of `at` on which is in `wanted`, within the larger unit; the next larger unit if none is. */
const nextUnit = (wanted: readonly number[], at: number, unit: number, larger: number): number => {
  if (wanted.length === 0) return at
  const begin = Math.floor(at / larger) * larger
  const now = Math.floor((at - begin) / unit)
  const next = wanted.find(value => value >= now)
  if (next === now) return at
  return begin + (next === undefined ? larger : next * unit)
}

/** The next moment at which the period at `at` could match: `at` itself, or the start of a later day, hour or minute. */
const nextFit = (rule: Rule, tests: readonly DayTest[], at: number): number => {
  const day = Math.floor(at / DAY)
  if (!passes(tests, day)) return (day + 1) * DAY
  const hour = nextUnit(rule.byHour, at, 3600, DAY)
  if (hour > at || rule.frequency === 'HOURLY') return hour
  const minute = nextUnit(rule.byMinute, at, 60, 3600)
  if (minute > at || rule.frequency === 'MINUTELY') return minute
  return nextUnit(rule.bySecond, at, 1, 60)
}

/** The set of one hour, minute or second, as offsets from its start. */
const offsetsOf = (rule: Rule): number[] => {
  const seconds = rule.frequency === 'SECONDLY' ? [0] : rule.bySecond
  const minutes = rule.frequency === 'HOURLY' ? rule.byMinute : [0]
  const all = minutes.flatMap(minute => seconds.map(second => minute * 60 + second))
  return rule.bySetPos.length === 0 ? all : positions(rule, all.length).map(index => all[index] as number)
}

function* subDaily(rule: Rule, start: number, span: Span, budget: Budget): Generator<number> {
  const unit = unitSeconds[rule.frequency] as number
  const step = unit * rule.interval
  const first = Math.floor(start / unit) * unit
  const tests = dayTests(rule, false)
  const offsets = offsetsOf(rule)
  const seek = rule.count === null ? Math.floor((span.from - first) / step) : 0
  let at = first + Math.max(0, seek) * step
  while (at <= span.to) {
    spend(budget, 1)
    const fit = nextFit(rule, tests, at)
    if (fit > at) {
      at = first + Math.ceil((fit - first) / step) * step
      continue
    }
    for (const offset of offsets) yield at + offset
    at += step
  }
}

/**
 * The starts that `rule` gives a series whose first is at `start`, ascending, from those in `span` on (COUNT is always
 * counted from `start`). UNTIL is honoured here only where it is on the same clock; one in UTC needs the zone.
 * @throws TooManyOccurrences when the budget is spent
 */
export function* follow(rule: Rule, start: number, span: Span, budget: Budget): Generator<number> {
  const until = rule.until === null || rule.until.form === 'utc' ? span.to : Math.min(span.to, rule.until.last)
  const limit = { from: span.from, to: until }
  const full = completed(rule, start)
  let left = rule.count ?? Number.POSITIVE_INFINITY
  let last = start - 1
  const all = isSubDaily(rule.frequency) ? subDaily : daily
  for (const at of all(full, start, limit, budget)) {
    if (at > until) return
    spend(budget, 1)
    if (at <= last) continue
    last = at
    left--
    if (at >= span.from) yield at
    if (left === 0) return
  }
}
