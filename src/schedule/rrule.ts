/** The value of an RRULE or EXRULE as text (RFC 5545 §3.3.10), read into numbers and checked. */
import { DAY, parseLocal } from './civil.ts'

const frequencies = ['SECONDLY', 'MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'] as const
export type Frequency = (typeof frequencies)[number]

/** A weekday, 0 = Monday; `nth` counts within the month or year, from its end where negative, 0 = every one. */
export interface WeekdayNumber {
  readonly weekday: number
  readonly nth: number
}

/** UNTIL as written. `last` is the latest start it allows, in seconds of the clock it is written on. */
export interface Until {
  readonly form: 'date' | 'local' | 'utc'
  readonly last: number
}

export interface Rule {
  readonly frequency: Frequency
  readonly interval: number
  readonly count: number | null
  readonly until: Until | null
  readonly weekStart: number
  readonly bySecond: readonly number[]
  readonly byMinute: readonly number[]
  readonly byHour: readonly number[]
  readonly byDay: readonly WeekdayNumber[]
  readonly byMonthDay: readonly number[]
  readonly byYearDay: readonly number[]
  readonly byWeekNo: readonly number[]
  readonly byMonth: readonly number[]
  readonly bySetPos: readonly number[]
  /** What a day that its month lacks becomes (RFC 7529 §4.1). */
  readonly skip: 'OMIT' | 'BACKWARD' | 'FORWARD'
}

type Draft = { -readonly [Key in keyof Rule]: Rule[Key] }
type NumberList = 'bySecond' | 'byMinute' | 'byHour' | 'byMonthDay' | 'byYearDay' | 'byWeekNo' | 'byMonth' | 'bySetPos'

/** Parts that are lists of numbers: field, smallest, largest, whether negatives count from the end. */
const numberLists: { readonly [part: string]: readonly [NumberList, number, number, boolean] } = {
  BYSECOND: ['bySecond', 0, 60, false],
  BYMINUTE: ['byMinute', 0, 59, false],
  BYHOUR: ['byHour', 0, 23, false],
  BYMONTHDAY: ['byMonthDay', 1, 31, true],
  BYYEARDAY: ['byYearDay', 1, 366, true],
  BYWEEKNO: ['byWeekNo', 1, 53, true],
  BYMONTH: ['byMonth', 1, 12, false],
  BYSETPOS: ['bySetPos', 1, 366, true],
}

const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
/** More than any calendar can reach; keeps the arithmetic on intervals exact. */
const MAX_NUMBER = 1e9

/** A list as a set in ascending order; `null` for a malformed one. */
const numbers = (text: string, low: number, high: number, signed: boolean): number[] | null => {
  const values = new Set<number>()
  for (const item of text.split(',')) {
    if (!/^[+-]?\d{1,3}$/.test(item)) return null
    const value = Number(item)
    const size = signed ? Math.abs(value) : value
    if (size < low || size > high) return null
    values.add(value)
  }
  return [...values].sort((a, b) => a - b)
}

const positive = (text: string): number | null => {
  if (!/^\d+$/.test(text)) return null
  const value = Number(text)
  return value >= 1 ? Math.min(value, MAX_NUMBER) : null
}

const byDay = (text: string): WeekdayNumber[] | null => {
  const days: WeekdayNumber[] = []
  for (const item of text.split(',')) {
    const match = /^([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)$/.exec(item)
    const nth = Number(match?.[1] ?? 0)
    if (!match || Math.abs(nth) > 53 || (match[1] !== undefined && nth === 0)) return null
    days.push({ weekday: weekdays.indexOf(match[2] as string), nth })
  }
  return days
}

const until = (text: string): Until | null => {
  const match = /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):?(\d{2}):?(\d{2})(Z)?)?$/.exec(text)
  if (!match) return null
  const [, year, month, day, hour, minute, second, utc] = match
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > 31) return null
  const midnight = parseLocal(`${year}-${month}-${day}`)
  if (hour === undefined) return { form: 'date', last: midnight + DAY - 1 }
  const time = Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  return { form: utc ? 'utc' : 'local', last: midnight + time }
}

/** Reads one part into the draft; `false` where its value cannot be read. */
const readers: { readonly [part: string]: (draft: Draft, value: string) => boolean } = {
  FREQ: (draft, value) => {
    draft.frequency = value as Frequency
    return frequencies.includes(draft.frequency)
  },
  INTERVAL: (draft, value) => {
    draft.interval = positive(value) ?? 0
    return draft.interval > 0
  },
  COUNT: (draft, value) => {
    draft.count = positive(value)
    return draft.count !== null
  },
  UNTIL: (draft, value) => {
    draft.until = until(value)
    return draft.until !== null
  },
  WKST: (draft, value) => {
    draft.weekStart = weekdays.indexOf(value)
    return draft.weekStart >= 0
  },
  BYDAY: (draft, value) => {
    const days = byDay(value)
    draft.byDay = days ?? []
    return days !== null
  },
  RSCALE: (_, value) => value === 'GREGORIAN',
  SKIP: (draft, value) => {
    draft.skip = value as Rule['skip']
    return ['OMIT', 'BACKWARD', 'FORWARD'].includes(value)
  },
}

const readList = (draft: Draft, part: string, value: string): boolean => {
  const list = numberLists[part]
  if (!list) return part.startsWith('X-')
  const [field, low, high, signed] = list
  const values = numbers(value, low, high, signed)
  // A leap second is taken as the second before it (RFC 5545 §3.3.5).
  draft[field] = field === 'bySecond' ? [...new Set(values?.map(second => Math.min(second, 59)))] : (values ?? [])
  return values !== null
}

/**
 * Reads a rule, in any letter case and with empty parts left out, as exporters write them.
 * @returns the rule, or a sentence saying what is wrong with it
 */
export const parseRule = (text: string): Rule | string => {
  const draft: Draft = {
    frequency: '' as Frequency,
    interval: 1,
    count: null,
    until: null,
    weekStart: 0,
    bySecond: [],
    byMinute: [],
    byHour: [],
    byDay: [],
    byMonthDay: [],
    byYearDay: [],
    byWeekNo: [],
    byMonth: [],
    bySetPos: [],
    skip: 'OMIT',
  }
  const seen = new Set<string>()
  for (const part of text.toUpperCase().replace(/\s/g, '').split(';')) {
    const [name = '', value = ''] = part.split('=', 2)
    if (value === '') continue
    if (seen.has(name)) return `the rule ${text} has ${name} twice`
    seen.add(name)
    const read = readers[name]
    if (!(read ? read(draft, value) : readList(draft, name, value))) return `the rule ${text} has no usable ${name}`
  }
  return draft.frequency ? draft : `the rule ${text} has no FREQ`
}

const rank = (frequency: Frequency): number => frequencies.indexOf(frequency)
const [DAILY, WEEKLY, MONTHLY] = [rank('DAILY'), rank('WEEKLY'), rank('MONTHLY')]

/** What RFC 5545 §3.3.10 forbids although it can be read, as conditions on a rule. */
const oddities: readonly (readonly [string, (rule: Rule) => boolean])[] = [
  ['has both COUNT and UNTIL', rule => rule.count !== null && rule.until !== null],
  [
    'has BYDAY with numbers, which only MONTHLY and YEARLY may have',
    rule => rank(rule.frequency) < MONTHLY && rule.byDay.some(({ nth }) => nth !== 0),
  ],
  ['has BYMONTHDAY, which WEEKLY may not have', rule => rule.frequency === 'WEEKLY' && rule.byMonthDay.length > 0],
  [
    'has BYYEARDAY, which DAILY, WEEKLY and MONTHLY may not have',
    rule => rank(rule.frequency) >= DAILY && rank(rule.frequency) <= MONTHLY && rule.byYearDay.length > 0,
  ],
  ['has BYWEEKNO, which only YEARLY may have', rule => rule.frequency !== 'YEARLY' && rule.byWeekNo.length > 0],
  [
    'has BYSETPOS without another BY part',
    rule => rule.bySetPos.length > 0 && !lists.some(field => rule[field].length > 0),
  ],
]

const lists = [
  'bySecond',
  'byMinute',
  'byHour',
  'byDay',
  'byMonthDay',
  'byYearDay',
  'byWeekNo',
  'byMonth',
] as const satisfies readonly (keyof Rule)[]

/** What is not allowed in a rule that can nevertheless be followed, as ends of sentences. */
export const ruleOddities = (rule: Rule): string[] =>
  oddities.filter(([, applies]) => applies(rule)).map(([words]) => words)

export const isSubDaily = (frequency: Frequency): boolean => rank(frequency) < DAILY
export const isAtMostWeekly = (frequency: Frequency): boolean => rank(frequency) <= WEEKLY
