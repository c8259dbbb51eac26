/**
 * The dates of a series, as Kaltura expands them. This is not RFC 5545 and is not meant to be: what differs (permanent
 * drift after a skipped hour, MONTHLY falling to the 1st, clamped and shifted month days, YEARLY BYDAY, the two-year
 * horizon) is what a client of Kaltura meets.
 */
import { apiError } from '../api-error.ts'
import { csv, looseNumber } from '../wire/values.ts'
import { type DateUnit, isZone, type WallTime, type ZoneClock, zoneClock } from './zone-clock.ts'

export interface RecurrenceRule {
  readonly frequency: DateUnit
  readonly until?: number | null
  readonly count?: number | null
  readonly interval?: number | null
  readonly timeZone?: string | null
  readonly weekStartDay?: string | null
  readonly bySecond?: string | null
  readonly byMinute?: string | null
  readonly byHour?: string | null
  readonly byDay?: string | null
  readonly byMonthDay?: string | null
  readonly byYearDay?: string | null
  readonly byWeekNumber?: string | null
  readonly byMonth?: string | null
  readonly byOffset?: string | null
}

/** Kaltura: max_schedule_event_recurrences. */
const MAX_RECURRENCES = 1000
const HORIZON_YEARS = 2
/** Periods looked at before giving up; Kaltura has no such limit and runs into its time limit. */
const MAX_PERIODS = 10_000

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

interface Expansion {
  readonly rule: RecurrenceRule
  readonly clock: ZoneClock
  /** 1 Monday … 7 Sunday. */
  readonly weekStart: number
}

type Stage = (dates: readonly number[], on: Expansion) => number[]

/** Empty and "0" count as not given (PHP truth). */
const given = (value: string | null | undefined): value is string => Boolean(value) && value !== '0'

/** Where one number must stand: a list such as "1,15" is an error of the server's own. */
function single(value: string): number {
  const number = looseNumber(value)
  if (number === null) throw apiError('INTERNAL_SERVERL_ERROR')
  return Math.trunc(number)
}

const numbers = (value: string): number[] => csv(value).map(part => Math.trunc(looseNumber(part) ?? 0))

const daysInMonth = (year: number, month: number): number =>
  new Temporal.PlainDate(year, 1, 1).add({ months: month - 1 }).daysInMonth

/** A token such as `-1FR`: its weekday (an unknown one is the first day of the week) and its place in the month. */
function dayToken(token: string, weekStart: number): { weekday: number; place: number } {
  const index = DAYS.indexOf(token.slice(-2))
  const place = token.length > 2 ? Number.parseInt(token.slice(0, -2), 10) || 0 : 0
  return { weekday: index < 0 ? weekStart : index + 1, place }
}

const byMonth: Stage = (dates, { rule, clock }) => {
  if (!given(rule.byMonth)) return [...dates]
  const months = numbers(rule.byMonth)
  return dates.flatMap(date => {
    const current = clock.partsOf(date).month
    return months.map(month => clock.add(date, (month - current + 12) % 12, 'months'))
  })
}

/** The same weekday in the ISO week asked for, in this year or, when that week has passed, the next. */
const byWeekNumber: Stage = (dates, { rule, clock }) => {
  if (!given(rule.byWeekNumber)) return [...dates]
  const weeks = numbers(rule.byWeekNumber)
  return dates.flatMap(date => {
    const wall = clock.partsOf(date)
    const day = new Temporal.PlainDate(wall.year, wall.month, wall.day)
    return weeks.map(week => {
      const year = week < (day.weekOfYear ?? 0) ? wall.year + 1 : wall.year
      const inWeekOne = new Temporal.PlainDate(year, 1, 4)
      const monday = inWeekOne.subtract({ days: inWeekOne.dayOfWeek - 1 }).add({ weeks: week - 1 })
      const target = monday.add({ days: day.dayOfWeek - 1 })
      return clock.epochOf({ ...wall, year: target.year, month: target.month, day: target.day })
    })
  })
}

const byYearDay: Stage = (dates, { rule, clock }) => {
  if (!given(rule.byYearDay)) return [...dates]
  const yearDays = numbers(rule.byYearDay)
  return dates.flatMap(date => {
    const wall = clock.partsOf(date)
    const day = new Temporal.PlainDate(wall.year, wall.month, wall.day)
    return yearDays.map(target => {
      const distance = target - day.dayOfYear + (target < day.dayOfYear ? day.daysInYear : 0)
      return clock.add(date, distance, 'days')
    })
  })
}

/** Days past the end of a month become its last, and end the list; negative ones count from the month before. */
const byMonthDay: Stage = (dates, { rule, clock }) => {
  if (!given(rule.byMonthDay)) return [...dates]
  const monthDays = numbers(rule.byMonthDay).sort((a, b) => a - b)
  return dates.flatMap(date => {
    const wall = clock.partsOf(date)
    const last = daysInMonth(wall.year, wall.month)
    const beyond = monthDays.findIndex(day => day >= last)
    const days = beyond < 0 ? monthDays : [...monthDays.slice(0, beyond), last]
    return days.map(day => clock.epochOf({ ...wall, day }))
  })
}

/** Days of the week of `date`, counted from the week's first day. */
function inWeek(date: number, weekday: number, { clock, weekStart }: Expansion): number[] {
  const wall = clock.partsOf(date)
  const back = (clock.weekdayOf(date) - weekStart + 7) % 7
  return [clock.epochOf({ ...wall, day: wall.day - back + ((weekday - weekStart + 7) % 7) })]
}

function inMonth(date: number, weekday: number, { clock }: Expansion): number[] {
  const wall = clock.partsOf(date)
  const first = new Temporal.PlainDate(wall.year, wall.month, 1)
  const days: number[] = []
  for (let day = 1 + ((weekday - first.dayOfWeek + 7) % 7); day <= first.daysInMonth; day += 7) days.push(day)
  return days.map(day => clock.epochOf({ ...wall, day }))
}

/** Every week from 1 January on, whatever the weekday asked for. */
function inYear(date: number, { clock }: Expansion): number[] {
  const wall = clock.partsOf(date)
  const days: number[] = []
  let at = clock.epochOf({ ...wall, month: 1, day: 1 })
  while (clock.partsOf(at).year === wall.year) {
    days.push(at)
    at = clock.add(at, 1, 'weeks')
  }
  return days
}

function weekdaysNear(date: number, weekday: number, on: Expansion): number[] {
  const { frequency } = on.rule
  if (frequency === 'days') return on.clock.weekdayOf(date) === weekday ? [date] : []
  if (frequency === 'weeks' || given(on.rule.byWeekNumber)) return inWeek(date, weekday, on)
  if (frequency === 'months' || given(on.rule.byMonth)) return inMonth(date, weekday, on)
  return frequency === 'years' ? inYear(date, on) : []
}

function atPlace(dates: number[], place: number): number[] {
  if (place === 0) return dates
  const date = dates.at(place > 0 ? place - 1 : place)
  return date === undefined ? [] : [date]
}

const byDay: Stage = (dates, on) => {
  const { rule, clock, weekStart } = on
  if (!given(rule.byDay)) return [...dates]
  const tokens = csv(rule.byDay)
    .map(token => dayToken(token, weekStart))
    .sort((a, b) => ((a.weekday - weekStart + 7) % 7) - ((b.weekday - weekStart + 7) % 7))
  const filters = given(rule.byYearDay) || given(rule.byMonthDay)
  return dates.flatMap(date =>
    tokens.flatMap(({ weekday, place }) => {
      if (filters) return clock.weekdayOf(date) === weekday ? [date] : []
      return atPlace(weekdaysNear(date, weekday, on), place)
    }),
  )
}

const byClock =
  (part: 'byHour' | 'byMinute' | 'bySecond', name: 'hour' | 'minute' | 'second'): Stage =>
  (dates, { rule, clock }) => {
    const value = rule[part]
    if (!given(value)) return [...dates]
    return dates.map(date => clock.epochOf({ ...clock.partsOf(date), [name]: single(value) }))
  }

const byOffset: Stage = (dates, { rule }) => {
  if (!given(rule.byOffset)) return [...dates]
  const sorted = dates.toSorted((a, b) => a - b)
  return numbers(rule.byOffset).flatMap(place => (place === 0 ? [] : atPlace(sorted, place)))
}

const STAGES: readonly Stage[] = [
  byMonth,
  byWeekNumber,
  byYearDay,
  byMonthDay,
  byDay,
  byClock('byHour', 'hour'),
  byClock('byMinute', 'minute'),
  byClock('bySecond', 'second'),
  byOffset,
]

/** Where expansion starts: the seed with the parts the rule names put in place, its day held inside the month. */
function firstPeriod(seed: number, { rule, clock }: Expansion): number {
  const wall = clock.partsOf(seed)
  const part = (value: string | null | undefined, otherwise: number): number =>
    value === null || value === undefined ? otherwise : single(value)
  const start: WallTime = {
    year: wall.year,
    month: part(rule.byMonth, wall.month),
    day: part(rule.byMonthDay, wall.day),
    hour: part(rule.byHour, wall.hour),
    minute: part(rule.byMinute, wall.minute),
    second: part(rule.bySecond, wall.second),
  }
  return clock.epochOf({ ...start, day: Math.min(start.day, daysInMonth(start.year, start.month)) })
}

/** A month later is the first of that month; everything else is added to the wall time reached, drift included. */
function nextPeriod(at: number, { rule, clock }: Expansion): number {
  const interval = rule.interval || 1
  if (rule.frequency !== 'months') return clock.add(at, interval, rule.frequency)
  const wall = clock.partsOf(at)
  return clock.epochOf({ ...wall, month: wall.month + interval, day: 1 })
}

/**
 * Start times (epoch seconds, ascending) of a series starting at `seed`. A zone that is not known is passed over for
 * `serverZone`. Fewer than `count` may come out: nothing lies more than two years after the seed.
 */
export function generateDates(rule: RecurrenceRule, seed: number, serverZone: string): number[] {
  try {
    return expand(rule, seed, serverZone)
  } catch (error) {
    // A part so large that it leads out of the calendar.
    if (error instanceof RangeError) throw apiError('INTERNAL_SERVERL_ERROR')
    throw error
  }
}

function expand(rule: RecurrenceRule, seed: number, serverZone: string): number[] {
  const clock = zoneClock(rule.timeZone && isZone(rule.timeZone) ? rule.timeZone : serverZone)
  const on = { rule, clock, weekStart: DAYS.indexOf(rule.weekStartDay || 'MO') + 1 }
  const horizon = clock.add(seed, HORIZON_YEARS, 'years')
  const end = rule.until === null || rule.until === undefined ? horizon : Math.min(rule.until, horizon)
  const limit = rule.count && rule.count < MAX_RECURRENCES ? rule.count : MAX_RECURRENCES
  const dates: number[] = []
  let beyond = 0
  let at = firstPeriod(seed, on)
  for (let period = 0; dates.length + beyond < limit; period += 1) {
    if (period > MAX_PERIODS) throw apiError('INTERNAL_SERVERL_ERROR')
    const candidates = STAGES.reduce<number[]>((found, stage) => stage(found, on), [at])
    for (const candidate of candidates) {
      if (candidate < seed) continue
      if (candidate > end) beyond += 1
      else if (dates.length + beyond < limit) dates.push(candidate)
    }
    if (at > end) break
    at = nextPeriod(at, on)
  }
  return dates.sort((a, b) => a - b)
}
