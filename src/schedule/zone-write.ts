/** VTIMEZONE components made from the zone database (RFC 5545 §3.6.5). */
import { civilFromDays, DAY, daysInMonth, formatDateTime, weekday } from './civil.ts'
import type { JCalComponent, JCalProperty } from './event.ts'
import { changesOf, LAST_CHANGE, rankAt, type ZoneChanges } from './zone-changes.ts'
import { ianaZone } from './zone-lookup.ts'

/** One change of a zone's clock; `local` is read on the clock before it. */
interface Change {
  readonly at: number
  readonly from: number
  readonly to: number
  readonly local: number
}

/** A rule that holds without end from `first`, the index of a change: two changes a year, each by the same yearly rule. */
interface Steady {
  readonly first: number
  readonly rules: readonly { readonly start: Change; readonly rule: { readonly [part: string]: unknown } }[]
}

const YEAR = 366 * DAY
const dayNames = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

const changeAt = (changes: ZoneChanges, index: number): Change | undefined => {
  const at = changes.at[index]
  const from = changes.offsets[index]
  const to = changes.offsets[index + 1]
  return at === undefined || from === undefined || to === undefined ? undefined : { at, from, to, local: at + from }
}

/** What all changes of one kind have in common; `nth` are the countings that fit them all, -1 for the last. */
interface Fit {
  readonly month: number
  readonly weekday: number
  readonly time: number
  readonly from: number
  readonly to: number
  readonly nth: readonly number[]
  readonly days: readonly [first: number, last: number]
}

const fitOf = ({ local, from, to }: Change): Fit => {
  const days = Math.floor(local / DAY)
  const { year, month, day } = civilFromDays(days)
  const nth = day > daysInMonth(year, month) - 7 ? [Math.ceil(day / 7), -1] : [Math.ceil(day / 7)]
  return { month, weekday: weekday(days), time: local - days * DAY, from, to, nth, days: [day, day] }
}

const narrowed = (a: Fit, b: Fit): Fit | null => {
  const same = a.month === b.month && a.weekday === b.weekday && a.time === b.time && a.from === b.from && a.to === b.to
  const nth = a.nth.filter(n => b.nth.includes(n))
  const days = [Math.min(a.days[0], b.days[0]), Math.max(a.days[1], b.days[1])] as const
  return same && (nth.length > 0 || days[1] - days[0] <= 6) ? { ...a, nth, days } : null
}

const ruleOf = ({ month, weekday: day, nth, days }: Fit): Steady['rules'][number]['rule'] => {
  const name = dayNames[day] as string
  const best = nth.includes(-1) ? -1 : nth[0]
  if (best !== undefined) return { freq: 'YEARLY', bymonth: month, byday: `${best}${name}` }
  return { freq: 'YEARLY', bymonth: month, byday: name, bymonthday: Array.from({ length: 7 }, (_, i) => days[0] + i) }
}

/** Walks back from the end of the database for as long as the same two rules explain every change. */
const findSteady = (changes: ZoneChanges): Steady | null => {
  const last = changes.at.length - 1
  const end = changes.at[last]
  if (end === undefined || end < LAST_CHANGE - 2 * YEAR) return null
  const fits: (Fit | undefined)[] = [undefined, undefined]
  let first = last + 1
  for (let index = last; index >= 0; index--) {
    const change = changeAt(changes, index)
    const next = changes.at[index + 2]
    if (!change || (next !== undefined && (next - change.at < 350 * DAY || next - change.at > 380 * DAY))) break
    const known = fits[index % 2]
    const fit = known ? narrowed(known, fitOf(change)) : fitOf(change)
    if (fit === null) break
    fits[index % 2] = fit
    first = index
  }
  if (last - first < 20) return null
  const rules = [first, first + 1].flatMap(index => {
    const start = changeAt(changes, index)
    const fit = fits[index % 2]
    return start && fit ? [{ start, rule: ruleOf(fit) }] : []
  })
  return { first, rules }
}

const steadyByZone = new Map<string, Steady | null>()
const steadyOf = (zone: string, changes: ZoneChanges): Steady | null => {
  let steady = steadyByZone.get(zone)
  if (steady === undefined) {
    steady = findSteady(changes)
    steadyByZone.set(zone, steady)
  }
  return steady
}

const two = (value: number): string => String(value).padStart(2, '0')
const offsetText = (offset: number): string => {
  const size = Math.abs(offset)
  const seconds = size % 60 === 0 ? '' : `:${two(size % 60)}`
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 3600))}:${two(Math.floor(size / 60) % 60)}${seconds}`
}

interface Onset {
  readonly from: number
  readonly to: number
  readonly local: number
}

const observance = (name: string, start: Onset, ...more: JCalProperty[]): JCalComponent => [
  name,
  [
    ['dtstart', {}, 'date-time', formatDateTime(start.local)],
    ['tzoffsetfrom', {}, 'utc-offset', offsetText(start.from)],
    ['tzoffsetto', {}, 'utc-offset', offsetText(start.to)],
    ...more,
  ],
  [],
]

/** Summer time is a clock put forward that goes back within the year. */
const isDaylight = (change: Change, next: Change | undefined): boolean =>
  change.to > change.from && next !== undefined && next.to < next.from && next.at - change.at < YEAR

/** Single changes, those of the same kind together: DTSTART is the first, RDATE the rest. */
const explicit = (changes: ZoneChanges, from: number, to: number): JCalComponent[] => {
  const kinds = new Map<string, Change[]>()
  for (let index = from; index < to; index++) {
    const change = changeAt(changes, index)
    if (!change) continue
    const name = isDaylight(change, changeAt(changes, index + 1)) ? 'daylight' : 'standard'
    const key = `${name} ${change.from} ${change.to}`
    kinds.set(key, [...(kinds.get(key) ?? []), change])
  }
  return [...kinds].flatMap(([key, [start, ...rest]]) => {
    if (!start) return []
    const name = key.slice(0, key.indexOf(' '))
    const dates = rest.map(change => formatDateTime(change.local))
    return [dates.length > 0 ? observance(name, start, ['rdate', {}, 'date-time', ...dates]) : observance(name, start)]
  })
}

/** 1970-01-01T00:00:00, and 1601-01-01T00:00:00 for what is older: before every event, as others write it. */
const beginning = (from: number): number => (from >= DAY ? 0 : -11_644_473_600)

const fixed = (offset: number, from: number): JCalComponent =>
  observance('standard', { from: offset, to: offset, local: beginning(from) })

const observances = (zone: string, from: number, to: number): JCalComponent[] => {
  const changes = changesOf(zone)
  const begin = rankAt(changes, from) - 1
  const end = rankAt(changes, to)
  const steady = steadyOf(zone, changes)
  const ruled = steady !== null && end > steady.first ? steady : null
  const before = begin < 0 ? [fixed(changes.offsets[0] ?? 0, from)] : []
  if (ruled === null && end - begin <= 1) return [fixed(changes.offsets[begin + 1] ?? 0, from)]
  return [
    ...before,
    ...explicit(changes, Math.max(begin, 0), ruled ? ruled.first : end),
    ...(ruled?.rules ?? []).map(({ start, rule }) =>
      observance(start.to > start.from ? 'daylight' : 'standard', start, ['rrule', {}, 'recur', rule]),
    ),
  ]
}

/**
 * The rules of a zone for everything between `from` and `to` (epoch seconds; `to` may be Infinity): yearly rules where
 * the zone has them without end, so that they also hold later; otherwise its changes one by one, as far as known.
 * @throws RangeError for a zone that is not in the zone database
 */
export const vtimezone = (tzid: string, from: number, to: number): JCalComponent => {
  const zone = ianaZone(tzid)
  if (zone === null) throw new RangeError(`not a time zone of the zone database: ${tzid}`)
  return ['vtimezone', [['tzid', {}, 'text', tzid]], observances(zone, from, to)]
}
