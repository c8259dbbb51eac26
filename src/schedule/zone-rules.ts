/** What a VTIMEZONE says, as offset changes, and the zone whose clock keeps them (RFC 5545 §3.6.5). */
import { DAY, daysFromCivil, daysInMonth, parseLocal, weekday } from './civil.ts'
import type { JCalComponent } from './event.ts'
import { agree, changesOf, HORIZON, type ZoneChanges } from './zone-changes.ts'
import { allZones, bestOf } from './zone-lookup.ts'

/** A yearly rule: weekday `day` (0 = Monday), the `nth` of its month (negative: from its end), or of `monthDays`. */
interface YearlyRule {
  readonly month: number
  readonly day: number | null
  readonly nth: number
  readonly monthDays: readonly number[]
  readonly until: number
  readonly count: number
  readonly interval: number
}

interface Observance {
  readonly start: number // seconds of the clock before the change
  readonly from: number
  readonly to: number
  readonly rule: YearlyRule | null
  readonly dates: readonly number[]
}

const values = (component: JCalComponent, name: string): unknown[] =>
  component[1].filter(property => property[0] === name).flatMap(property => property.slice(3))

const localForm = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\dZ?)?$/
const local = (value: unknown): number | null =>
  typeof value === 'string' && localForm.test(value) ? parseLocal(value.replace('Z', '')) : null

const offsetForm = /^([+-])(\d\d):?(\d\d)(?::?(\d\d))?$/
const offset = (value: unknown): number | null => {
  const parts = typeof value === 'string' ? offsetForm.exec(value) : null
  if (!parts) return null
  const [, sign, hours, minutes, seconds = '0'] = parts
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) + 0
}

const days = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const list = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value])

/** Only what zones are written with: yearly, in one month, on one weekday or day. Null for anything else. */
const yearlyRule = (value: unknown, start: number, from: number): YearlyRule | null => {
  if (typeof value !== 'object' || value === null) return null
  const rule: { readonly [part: string]: unknown } = { ...value }
  const months = list(rule.bymonth)
  const [byday] = list(rule.byday)
  const monthDays = list(rule.bymonthday).map(Number)
  const [, nth = '', name = ''] = /^([+-]?\d)?([A-Z]{2})$/.exec(String(byday ?? '')) ?? []
  const date = new Temporal.PlainDate(1970, 1, 1).add({ days: Math.floor(start / DAY) })
  if (rule.freq !== 'YEARLY' || months.length > 1 || list(rule.byday).length > 1) return null
  if (byday !== undefined && !days.includes(name)) return null
  const until = local(rule.until)
  const inUtc = String(rule.until).endsWith('Z')
  return {
    month: months.length === 1 ? Number(months[0]) : date.month,
    day: byday === undefined ? null : days.indexOf(name),
    nth: Number(nth),
    monthDays: byday === undefined && monthDays.length === 0 ? [date.day] : monthDays,
    until:
      until === null
        ? Number.POSITIVE_INFINITY
        : inUtc
          ? until
          : until - from + (String(rule.until).length === 10 ? DAY - 1 : 0),
    count: rule.count === undefined ? Number.POSITIVE_INFINITY : Number(rule.count),
    interval: Number(rule.interval ?? 1),
  }
}

const observance = (component: JCalComponent): Observance | null => {
  const start = local(values(component, 'dtstart')[0])
  const from = offset(values(component, 'tzoffsetfrom')[0])
  const to = offset(values(component, 'tzoffsetto')[0])
  if (start === null || from === null || to === null) return null
  const [text] = values(component, 'rrule')
  const rule = yearlyRule(text, start, from)
  if (text !== undefined && rule === null) return null
  const dates = values(component, 'rdate').flatMap(value => {
    const seconds = local(value)
    if (seconds === null) return []
    return [String(value).endsWith('Z') ? seconds + from : seconds]
  })
  return { start, from, to, rule, dates }
}

/** The day of the rule in a year, in days since 1970, or null where the year has none. */
const dayIn = (rule: YearlyRule, year: number): number | null => {
  const { month, day, nth, monthDays } = rule
  if (!(month >= 1 && month <= 12)) return null
  const length = daysInMonth(year, month)
  const first = daysFromCivil(year, month, 1)
  if (day === null || monthDays.length > 0) {
    const candidates = monthDays
      .map(value => (value > 0 ? value : length + value + 1))
      .filter(d => d >= 1 && d <= length)
    const found = candidates.find(value => day === null || weekday(first + value - 1) === day)
    return found === undefined ? null : first + found - 1
  }
  const ahead = (day - weekday(first) + 7) % 7
  const back = (weekday(first + length - 1) - day + 7) % 7
  const index = nth < 0 ? length - 1 - back + (nth + 1) * 7 : ahead + (Math.max(nth, 1) - 1) * 7
  return index >= 0 && index < length ? first + index : null
}

const yearOf = (seconds: number): number =>
  new Temporal.PlainDate(1970, 1, 1).add({ days: Math.floor(seconds / DAY) }).year

/** The instants at which the observance begins between two years. */
const onsets = ({ start, from, rule, dates }: Observance, years: readonly [number, number]): number[] => {
  const found = [start, ...dates].map(at => at - from)
  if (rule === null) return found
  const firstYear = yearOf(start)
  const time = start - Math.floor(start / DAY) * DAY
  const step = Number.isInteger(rule.interval) && rule.interval > 0 ? rule.interval : 1
  const skipped = Math.max(0, Math.ceil((years[0] - firstYear) / step))
  for (let n = skipped; n < rule.count && firstYear + n * step <= years[1]; n++) {
    const day = dayIn(rule, firstYear + n * step)
    if (day === null || day * DAY + time < start) continue
    const at = day * DAY + time - from
    if (at > rule.until) break
    found.push(at)
  }
  return found
}

const toChanges = (observances: readonly Observance[], years: readonly [number, number]): ZoneChanges => {
  const all = observances.flatMap(o => onsets(o, years).map(at => ({ at, to: o.to, from: o.from })))
  all.sort((a, b) => a.at - b.at)
  const at: number[] = []
  const offsets = [all[0]?.from ?? 0]
  for (const change of all) {
    if (at.at(-1) === change.at) {
      offsets[at.length] = change.to
      continue
    }
    at.push(change.at)
    offsets.push(change.to)
  }
  return { at, offsets }
}

/** Outlook writes each era of a zone without end; then a later era of the same change ends the earlier. */
const superseded = (observances: readonly Observance[]): Observance[] =>
  observances.map(o => {
    const later = observances.filter(other => other.start > o.start && other.to === o.to && other.rule !== null)
    const end = Math.min(...later.map(other => other.start)) - o.from
    return o.rule === null || later.length === 0
      ? o
      : { ...o, rule: { ...o.rule, until: Math.min(o.rule.until, end - 1) } }
  })

interface Reading {
  readonly changes: ZoneChanges
  readonly from: number
  readonly to: number
}

const CURRENT = 1_735_689_600 // 2025-01-01T00:00:00Z
const MARGIN = 90 * DAY

/** Whether a rule goes on past any year compared. */
const isOpen = ({ rule }: Observance): boolean => rule !== null && rule.until > HORIZON.to && rule.count > 1000

/**
 * The ways to take the rules, best first: over the whole horizon; with each era ended by the next; as today's rules
 * alone; and, where every observance ends, over the years they cover.
 */
const readings = (observances: readonly Observance[]): Reading[] => {
  const years = [2014, 2036] as const
  const eras = superseded(observances)
  const same = eras.every((era, i) => era === observances[i])
  const latest = toChanges(eras, years)
  const ways = [
    ...(same ? [] : [{ changes: toChanges(observances, years), ...HORIZON }]),
    { changes: latest, ...HORIZON },
  ]
  if (observances.some(isOpen)) return [...ways, { changes: latest, from: CURRENT, to: HORIZON.to }]
  const bounded = toChanges(observances, [1969, 2036])
  const [first = 0, last = 0] = [bounded.at[0], bounded.at.at(-1)]
  return bounded.at.length > 1 ? [...ways, { changes: bounded, from: first, to: last + MARGIN }] : ways
}

const observancesOf = (vtimezone: JCalComponent): Observance[] | null => {
  const read = vtimezone[2].filter(([name]) => name === 'standard' || name === 'daylight').map(observance)
  const known = read.filter(o => o !== null)
  return read.length > 0 && known.length === read.length ? known : null
}

/** The rules as offset changes between two years, exactly as RFC 5545 reads them; null where they cannot be read. */
export const changesOfRules = (
  vtimezone: JCalComponent,
  years: readonly [from: number, to: number],
): ZoneChanges | null => {
  const observances = observancesOf(vtimezone)
  return observances === null ? null : toChanges(observances, years)
}

/** Whether a zone keeps these rules; null where they cannot be read. */
export const keepsRules = (zone: string, vtimezone: JCalComponent): boolean | null => {
  const observances = observancesOf(vtimezone)
  if (observances === null) return null
  return readings(observances).some(({ changes, from, to }) => agree(changesOf(zone), changes, from, to))
}

/** The zone that keeps these rules, the best known of several; `name` may mention its city. Null where none does. */
export const zoneOfRules = (vtimezone: JCalComponent, name: string): string | null => {
  const observances = observancesOf(vtimezone)
  if (observances === null) return null
  for (const { changes, from, to } of readings(observances)) {
    const zones = allZones().filter(zone => agree(changesOf(zone), changes, from, to))
    const best = bestOf(zones, name)
    if (best) return best
  }
  return null
}
