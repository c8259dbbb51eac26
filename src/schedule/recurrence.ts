/**
 * What an event means in time. A series is followed on its own wall clock and each start is then turned into an
 * instant, so 09:00 stays 09:00 across clock changes. The only user of the rule engine.
 */
import { TooManyOccurrences } from '../errors.ts'
import { endOf, fromEpoch, fromLocal, parseDuration, toEpoch, toLocal, zoneOf } from './caltime.ts'
import { DAY } from './civil.ts'
import type { CalTime, Component, EventEnd, Master, Override, RDate, ScheduleEvent } from './event.ts'
import { isDate, isDuration } from './event.ts'
import type { Rule } from './rrule.ts'
import { parseRule } from './rrule.ts'
import type { Budget, Span } from './rule-engine.ts'
import { follow, spend } from './rule-engine.ts'
import { instantOf, isTabled, offsetAt } from './zone-clock.ts'

export { checkRecurrence, recurrenceNotices } from './recurrence-check.ts'

/** One occurrence in time: `start` and `end` are epoch seconds, half-open. */
export interface Occurrence {
  /** The start the series gives it, as RECURRENCE-ID names it; `null` for an event that does not recur. */
  readonly recurrenceId: CalTime | null
  readonly start: number
  readonly end: number
  readonly startTime: CalTime
  readonly endTime: CalTime
  /** The component that speaks for it: the master, its override, or the override that changed it and all later ones. */
  readonly component: Component
}

/** Epoch seconds, half-open. */
export interface Window {
  readonly from: number
  readonly to: number
}

export interface ExpandOptions {
  /** IANA name of the clock on which dates and floating times are read. */
  readonly zone: string
  /** More in the window is refused; 3,000 unless told. */
  readonly maxOccurrences?: number
  /** Work allowed, about one step for each day looked at; 100,000 unless told, which takes 10 to 20 ms. */
  readonly maxSteps?: number
}

const MAX_OCCURRENCES = 3000
const MAX_STEPS = 100_000
/** Steps that an instant costs in a year for which no zone has a table. */
const UNTABLED_STEPS = 100
/** More than any clock is off UTC or any gap is long. */
const MARGIN = 2 * DAY
const YEAR_0 = -62_167_219_200
const YEAR_10000 = 253_402_300_800

/** How long a component lasts: days on the calendar, then elapsed seconds. */
interface Length {
  readonly days: number
  readonly seconds: number
}

/** An end given as a time makes the elapsed length count, one given as days the calendar (RFC 5545 §3.8.5.3). */
const lengthOf = (start: CalTime, end: EventEnd, zone: string): Length => {
  if (isDuration(end)) return parseDuration(end.duration) ?? { days: 0, seconds: 0 }
  if (end === null) return { days: isDate(start) ? 1 : 0, seconds: 0 }
  if (isDate(start) && isDate(end)) return { days: (toLocal(end) - toLocal(start)) / DAY, seconds: 0 }
  return { days: 0, seconds: toEpoch(end, zone) - toEpoch(start, zone) }
}

/** The clock and value type of the starts, their lengths, and who speaks for them. */
interface Shape {
  readonly component: Component
  /** A time whose value type and zone the starts have. */
  readonly like: CalTime
  readonly zone: string
  /** Seconds on the clock by which the starts differ from what the rule gives. */
  readonly shift: number
  readonly length: Length
}

/** Where a start lies: on its clock and, with its end, in time. */
interface Placed {
  readonly local: number
  readonly start: number
  readonly end: number
}

const place = ({ like, zone, length }: Shape, at: number): Placed => {
  const local = isDate(like) ? Math.floor(at / DAY) * DAY : at
  const start = instantOf(local, zone)
  const later = length.days === 0 ? start : instantOf(local + length.days * DAY, zone)
  return { local, start, end: Math.max(start, later + length.seconds) }
}

const overlapsWindow = ({ start, end }: Placed, { from, to }: Window): boolean =>
  start < to && (end > from || (end === start && start >= from))

const endTimeOf = ({ like, length, component, zone }: Shape, { local, end }: Placed): CalTime => {
  if (isDate(like) && length.seconds === 0) return fromLocal(local + length.days * DAY, like)
  const written = component.end
  const told = written !== null && !isDuration(written) && !isDate(written) ? written : like
  const tzid = isDate(told) ? null : told.tzid
  const time = fromEpoch(end, tzid ?? zone)
  return tzid === null && !isDate(time) ? { dateTime: time.dateTime, tzid: null } : time
}

const occurrenceAt = (shape: Shape, placed: Placed, recurrenceId: CalTime | null): Occurrence => {
  const { local, start, end } = placed
  const startTime = fromLocal(local, shape.like)
  const endTime = end === start ? startTime : endTimeOf(shape, placed)
  return { recurrenceId, start, end, startTime, endTime, component: shape.component }
}

const ownShape = (component: Component, zone: string): Shape => ({
  component,
  like: component.start,
  zone: zoneOf(component.start, zone),
  shift: 0,
  length: lengthOf(component.start, component.end, zone),
})

/** A component at the times it says itself, if they are in the window. */
const ownOccurrence = (
  component: Component,
  recurrenceId: CalTime | null,
  window: Window,
  zone: string,
): Occurrence[] => {
  const shape = ownShape(component, zone)
  const placed = place(shape, toLocal(component.start))
  if (!overlapsWindow(placed, window)) return []
  const occurrence = occurrenceAt(shape, placed, recurrenceId)
  const asWritten = component.end !== null && !isDuration(component.end) && placed.end > placed.start
  return [asWritten ? { ...occurrence, endTime: endOf(component) } : occurrence]
}

/** Seconds that a time shows on the clock of a series. */
const localOn = (time: CalTime, zone: string): number => {
  if (isDate(time) || zoneOf(time, zone) === zone) return toLocal(time)
  const epoch = toEpoch(time, zone)
  return epoch + offsetAt(epoch, zone)
}

/** Times that point at occurrences: by instant, or by day where only a day is said. */
interface Marks {
  readonly instants: ReadonlySet<number>
  readonly days: ReadonlySet<number>
}

const marksOf = (times: readonly CalTime[], master: Master, zone: string): Marks => {
  const [instants, days] = [new Set<number>(), new Set<number>()]
  for (const time of times) {
    if (isDate(time) || isDate(master.start)) days.add(Math.floor(toLocal(time) / DAY))
    else instants.add(toEpoch(time, zone))
  }
  return { instants, days }
}

const isMarked = (marks: Marks, instant: number, local: number): boolean =>
  marks.instants.has(instant) || (marks.days.size > 0 && marks.days.has(Math.floor(local / DAY)))

/** The shape that holds from an instant on. */
interface Regime {
  readonly since: number
  readonly shape: Shape
}

/** The master's shape, and that of every THISANDFUTURE override for the occurrences after it (RFC 5545 §3.2.13). */
const regimesOf = (master: Master, overrides: readonly Override[], zone: string): Regime[] => {
  const own = ownShape(master, zone)
  const regimes: Regime[] = [{ since: Number.NEGATIVE_INFINITY, shape: own }]
  for (const override of overrides) {
    if (!override.thisAndFuture) continue
    const onMaster = !isDate(override.start) && !isDate(master.start)
    const like = onMaster ? master.start : override.start
    const clock = zoneOf(like, zone)
    const shift = localOn(override.start, clock) - localOn(override.recurrenceId, own.zone)
    const length = lengthOf(override.start, override.end, zone)
    const since = toEpoch(override.recurrenceId, own.zone)
    regimes.push({ since, shape: { component: override, like, zone: clock, shift, length } })
  }
  return regimes.sort((a, b) => a.since - b.since)
}

const regimeAt = (regimes: readonly Regime[], instant: number): Shape => {
  let found = regimes.length - 1
  while (found > 0 && (regimes[found] as Regime).since > instant) found--
  return (regimes[found] as Regime).shape
}

/** The stretch of the series' clock in which a start can still touch the window. */
const spanOf = (regimes: readonly Regime[], { from, to }: Window): Span => {
  const reach = regimes.map(({ shape }) => shape.shift + Math.max(0, shape.length.days * DAY + shape.length.seconds))
  const shifts = regimes.map(({ shape }) => shape.shift)
  return {
    from: Math.max(from, YEAR_0) - Math.max(...reach) - MARGIN,
    to: Math.min(Math.min(to, YEAR_10000) - Math.min(...shifts) + MARGIN, YEAR_10000 - 1),
  }
}

interface Series {
  readonly master: Master
  readonly start: number
  /** The clock of the series. */
  readonly zone: string
  readonly span: Span
  readonly budget: Budget
}

/** Dates have no time of day, so rules for them have none; and their UNTIL is a date whatever its form. */
const prepared = (rule: Rule, { start }: Master): Rule => {
  const timeless = isDate(start) ? { ...rule, byHour: [], byMinute: [], bySecond: [] } : rule
  const ownClock = isDate(start) || start.tzid === null
  return ownClock && rule.until !== null ? { ...timeless, until: { ...rule.until, form: 'local' } } : timeless
}

/** The starts one rule gives in the span of the series, on its clock; nothing for a rule that cannot be read. */
function* ruleStarts(text: string, series: Series, startCounts: boolean): Generator<number> {
  const { master, start, span, budget, zone } = series
  const read = parseRule(text)
  if (typeof read === 'string') return
  const rule = prepared(read, master)
  const { until } = rule
  const last = until?.form === 'utc' ? until.last : Number.POSITIVE_INFINITY
  let { count } = rule
  // A start that the rule itself does not give is still the first of COUNT.
  if (count !== null && startCounts && follow(rule, start, { from: start, to: start }, budget).next().done) count--
  if (count === 0) return
  const to = Math.min(span.to, last + MARGIN)
  for (const local of follow({ ...rule, count }, start, { from: span.from, to }, budget)) {
    if (last !== Number.POSITIVE_INFINITY && instantOf(local, zone) > last) continue
    yield isDate(master.start) ? Math.floor(local / DAY) * DAY : local
  }
}

const rdateStart = (rdate: RDate): CalTime => ('start' in rdate ? rdate.start : rdate)

/** A start on the clock of the series; a bare day means the usual time on that day. */
const rdateLocal = (rdate: RDate, { master, start, zone }: Series): number => {
  const time = rdateStart(rdate)
  if (isDate(master.start)) return Math.floor(toLocal(time) / DAY) * DAY
  return isDate(time) ? toLocal(time) + (start - Math.floor(start / DAY) * DAY) : localOn(time, zone)
}

interface Start {
  readonly local: number
  /** The end an RDATE period gives it. */
  readonly end: EventEnd
}

/** Every start of the series in its span, in no order and possibly repeated. */
function* allStarts(series: Series): Generator<Start> {
  for (const rdate of series.master.rdates) {
    spend(series.budget, 1)
    yield { local: rdateLocal(rdate, series), end: 'start' in rdate ? rdate.end : null }
  }
  // DTSTART is the first occurrence whatever the rules say (RFC 5545 §3.8.5.3).
  yield { local: series.start, end: null }
  for (const text of series.master.rrules) {
    for (const local of ruleStarts(text, series, true)) yield { local, end: null }
  }
}

/** The starts that no EXRULE gives. */
const remainingStarts = (series: Series): Iterable<Start> => {
  const { exrules } = series.master
  if (exrules.length === 0) return allStarts(series)
  const starts = [...allStarts(series)]
  const [from, to] = starts.reduce(
    ([low, high], { local }) => [Math.min(low, local), Math.max(high, local)],
    [series.start, series.start],
  )
  const excluded = new Set<number>()
  for (const text of exrules) {
    for (const local of ruleStarts(text, { ...series, span: { from, to } }, false)) excluded.add(local)
  }
  return starts.filter(({ local }) => !excluded.has(local))
}

const periodShape = (shape: Shape, local: number, end: EventEnd, zone: string): Shape => {
  if (end === null) return shape
  const start = fromLocal(local, shape.like)
  return { ...shape, length: lengthOf(start, end, zone) }
}

/** The occurrences a series gives by itself, without those that an override replaces. */
function* seriesOccurrences(event: ScheduleEvent, master: Master, window: Window, options: ExpandOptions) {
  const zone = zoneOf(master.start, options.zone)
  const regimes = regimesOf(master, event.overrides, options.zone)
  const budget = { steps: options.maxSteps ?? MAX_STEPS }
  const series: Series = { master, start: toLocal(master.start), zone, span: spanOf(regimes, window), budget }
  const removed = marksOf(master.exdates, master, zone)
  const replaced = marksOf(
    event.overrides.map(({ recurrenceId }) => recurrenceId),
    master,
    zone,
  )
  const seen = new Set<number>()
  for (const { local, end } of remainingStarts(series)) {
    const instant = instantOf(local, zone)
    if (!isTabled(instant)) spend(budget, UNTABLED_STEPS)
    if (seen.has(instant) || isMarked(removed, instant, local) || isMarked(replaced, instant, local)) continue
    seen.add(instant)
    const shape = periodShape(regimeAt(regimes, instant), local, end, options.zone)
    const placed = place(shape, local + shape.shift)
    if (!overlapsWindow(placed, window)) continue
    yield occurrenceAt(shape, placed, fromLocal(local, master.start))
  }
}

const standsAlone = ({ master, overrides }: ScheduleEvent): boolean =>
  master !== null &&
  overrides.length === 0 &&
  master.rrules.length === 0 &&
  master.rdates.length === 0 &&
  master.exdates.length === 0 &&
  master.exrules.length === 0

/**
 * The occurrences that overlap `window`, sorted by start: those of the rules and RDATEs without EXDATEs and EXRULEs, with
 * overrides in place of what they replace. An override always counts, even where the series no longer has its
 * RECURRENCE-ID. Cancelled overrides are included with their component's status. An occurrence without length overlaps
 * where `from <= start < to`. A rule that cannot be read gives only DTSTART; `checkRecurrence` names it.
 * @throws TooManyOccurrences past `maxOccurrences` or `maxSteps`
 */
export const occurrences = (event: ScheduleEvent, window: Window, options: ExpandOptions): Occurrence[] => {
  const { master, overrides } = event
  if (master && standsAlone(event)) return ownOccurrence(master, null, window, options.zone)
  const found: Occurrence[] = []
  for (const override of overrides) found.push(...ownOccurrence(override, override.recurrenceId, window, options.zone))
  const max = options.maxOccurrences ?? MAX_OCCURRENCES
  if (master) {
    for (const occurrence of seriesOccurrences(event, master, window, options)) {
      found.push(occurrence)
      if (found.length > max) break
    }
  }
  if (found.length > max)
    throw new TooManyOccurrences(`${event.uid} has more than ${max} occurrences in the time asked for`, {
      remedy: 'end the series with UNTIL or a smaller COUNT, or ask for a shorter time',
    })
  return found.sort((a, b) => a.start - b.start || a.end - b.end)
}
