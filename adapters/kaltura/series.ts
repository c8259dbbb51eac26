/**
 * A series of Kaltura and its occurrences as one event. Which start an occurrence had before it was moved is not said
 * by the API, and Kaltura's rules are not RFC 5545's; the occurrences are the truth, whatever the rule says.
 */
import { fromEpoch, toEpoch } from '../../src/schedule/caltime.ts'
import type { CalTime } from '../../src/schedule/event.ts'
import { timeKey } from '../../src/schedule/event.ts'
import { type Actual, composeSeries } from './compose.ts'
import { MAX_OCCURRENCES, type Slot, slotsOf, timeLike } from './expand.ts'
import { type Assembled, type Item, isPending, type Links, linked, refOf, type Unfinished } from './item.ts'
import { type Pattern, readComment, readTime } from './note.ts'
import type { EventRow } from './rows.ts'
import { canonicalRule, endedAfter, endedAt, fromRecurrence, toRecurrence } from './rule.ts'
import { contentOfRow, identityOf } from './translate.ts'
import type { Context } from './view.ts'

type SeriesItem = Extract<Item, { kind: 'series' }>

/** The pattern of a series, its slots, and which occurrence fills each. */
export interface SeriesShape {
  readonly pattern: Pattern
  readonly zone: string
  readonly slots: readonly Slot[]
  /** Occurrences that take place, by slot. */
  readonly children: ReadonlyMap<number, EventRow>
  readonly cancelled: ReadonlyMap<number, EventRow>
  /** Slots that no row stands for, cancelled or not. */
  readonly missing: number
}

/** Kaltura's clock for the series; what it does not know it ignores, and so do we. */
function zoneOfSeries(row: EventRow, fallback: string): string {
  const told = row.recurrence?.timeZone
  if (!told) return fallback
  try {
    fromEpoch(row.startDate, told)
    return told
  } catch {
    return fallback
  }
}

/** The note of a series, where the row is still what was made of it. */
function notedPattern(row: EventRow): { pattern: Pattern; zone: string } | null {
  const { note } = readComment(row.comment)
  const { pattern, zone } = note ?? {}
  const [rule] = pattern?.rrules ?? []
  if (!pattern || !zone || !rule || !row.recurrence) return null
  const made = toRecurrence(rule, pattern.start, zone)
  const same = made !== null && fromRecurrence(made, pattern.start, zone) === ruleOf(row, pattern.start, zone)
  return same && toEpoch(pattern.start, zone) === row.startDate ? { pattern, zone } : null
}

const ruleOf = (row: EventRow, start: CalTime, zone: string): string | null =>
  row.recurrence && fromRecurrence(row.recurrence, start, zone)

/** The same wall-clock time two years later: where DatesGenerator ends. */
const horizonOf = (start: CalTime, zone: string): number => {
  const text = 'date' in start ? start.date : start.dateTime
  const later = `${Number(text.slice(0, 4)) + 2}${text.slice(4)}`
  return toEpoch('date' in start ? { date: later } : { ...start, dateTime: later }, zone)
}

/** The rule within Kaltura's own limits, whatever it says: two years and 1,000 occurrences. */
function limited(pattern: Pattern, rule: string, zone: string, now: number): Pattern {
  const horizon = horizonOf(pattern.start, zone)
  for (const said of [rule, endedAt(rule, horizon)]) {
    const rrules = [canonicalRule(said, pattern.start, zone)]
    const { slots, window } = slotsOf({ ...pattern, rrules }, zone, now)
    if (!window && (slots.at(-1)?.key ?? 0) <= horizon) return { ...pattern, rrules }
  }
  return { ...pattern, rrules: [canonicalRule(endedAfter(rule, MAX_OCCURRENCES), pattern.start, zone)] }
}

const byStart = (rows: readonly EventRow[]): EventRow[] =>
  [...rows].sort((a, b) => a.startDate - b.startDate || a.id - b.id)

interface Filled {
  /** Rows by slot. */
  readonly filled: ReadonlyMap<number, EventRow>
  /** Rows that begin where no slot is, placed or not. */
  readonly moved: number
  /** Rows for which no slot was left. */
  readonly extra: readonly EventRow[]
}

/** Fills slots with rows: by the recurrence id in a note of ours, by the same start, else the nearest that is free. */
function fill(slots: readonly Slot[], rows: readonly EventRow[], zone: string): Filled {
  const free = new Map(slots.map(slot => [slot.key, slot]))
  const filled = new Map<number, EventRow>()
  const take = (key: number | null, row: EventRow) => key !== null && free.delete(key) && filled.set(key, row)
  const unnoted = rows.filter(row => !take(notedKey(row, zone), row))
  const moved = unnoted.filter(row => !take(row.startDate, row))
  const placed = new Set<EventRow>()
  for (const [row, key] of isMany(moved, rows) ? [] : nearest(moved, [...free.keys()])) {
    if (!placed.has(row) && take(key, row)) placed.add(row)
  }
  return { filled, moved: moved.length, extra: moved.filter(row => !placed.has(row)) }
}

/** More than this and more than half are no exceptions: the rule itself means something else. */
const FEW = 3
const isMany = (moved: readonly EventRow[], rows: readonly EventRow[]): boolean =>
  moved.length > FEW && moved.length > rows.length / 2

/** Above this, what was moved is taken in its order instead of by distance. */
const MANY_PAIRS = 20_000

const nearest = (moved: readonly EventRow[], free: readonly number[]): [EventRow, number][] =>
  moved.length * free.length > MANY_PAIRS
    ? moved.slice(0, free.length).map((row, index) => [row, free[index] ?? 0])
    : moved
        .flatMap(row => free.map((key): [EventRow, number] => [row, key]))
        .sort(([a, x], [b, y]) => Math.abs(a.startDate - x) - Math.abs(b.startDate - y) || x - y)

function notedKey(row: EventRow, zone: string): number | null {
  const time = readTime(readComment(row.comment).note?.rid)
  return time && toEpoch(time, zone)
}

/** @param rows its occurrences that stand for the series, without strays */
export function shapeOf(row: EventRow, rows: readonly EventRow[], fallbackZone: string, now: number): SeriesShape {
  const noted = notedPattern(row)
  const zone = noted?.zone ?? zoneOfSeries(row, fallbackZone)
  const start = fromEpoch(row.startDate, zone)
  const length = row.duration > 0 ? row.duration : row.endDate - row.startDate
  const plain: Pattern = {
    ...{ start, end: fromEpoch(row.startDate + length, zone) },
    ...{ rrules: [], exrules: [], rdates: [] },
  }
  const rule = ruleOf(row, start, zone)
  const pattern = noted?.pattern ?? (rule ? limited(plain, rule, zone, now) : plain)
  const living = byStart(rows.filter(({ status }) => status !== 1))
  const { slots } = slotsOf(pattern, zone, now)
  const { filled, moved, extra } = fill(slots, living, zone)
  const different = !rule || (moved > FEW && moved > living.length / 2)
  if (different && living.length > 0) {
    // Where each occurrence is named by itself none can be missed; only the rule tells how many there should be.
    const missing = rule ? Math.max(0, slots.length - rows.length) : 0
    return { ...listed(plain, rows, living, zone, now), missing }
  }
  if (extra.length > 0) {
    const rdates = extra.map(({ startDate }) => timeLike(startDate, pattern.start, zone))
    return shapeWith({ ...pattern, rdates }, rows, living, zone, now)
  }
  return finish(pattern, slots, filled, rows, zone)
}

/** A series whose rule means something else to us: each occurrence is named by itself. */
function listed(plain: Pattern, rows: readonly EventRow[], living: readonly EventRow[], zone: string, now: number) {
  const rdates = living
    .filter(({ startDate }) => startDate !== toEpoch(plain.start, zone))
    .map(({ startDate }) => fromEpoch(startDate, zone))
  return shapeWith({ ...plain, rdates }, rows, living, zone, now)
}

function shapeWith(
  pattern: Pattern,
  rows: readonly EventRow[],
  living: readonly EventRow[],
  zone: string,
  now: number,
): SeriesShape {
  const rdates = [...pattern.rdates].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  const sorted = { ...pattern, rdates }
  const { slots } = slotsOf(sorted, zone, now)
  return finish(sorted, slots, fill(slots, living, zone).filled, rows, zone)
}

function finish(
  pattern: Pattern,
  slots: readonly Slot[],
  children: ReadonlyMap<number, EventRow>,
  rows: readonly EventRow[],
  zone: string,
): SeriesShape {
  const keys = new Set(slots.map(({ key }) => key))
  const cancelled = new Map<number, EventRow>()
  for (const row of rows) {
    const key = notedKey(row, zone) ?? row.startDate
    if (row.status === 1 && keys.has(key) && !children.has(key)) cancelled.set(key, row)
  }
  const gone = rows.filter(({ status }) => status === 1).length
  return { pattern, zone, slots, children, cancelled, missing: slots.length - children.size - gone }
}

/** An occurrence with resources of its own is only on these, so it is an event of its own. */
export const isStray = (child: EventRow, series: EventRow, links: Links): boolean => {
  const own = linked(links, child)
  return child.status !== 1 && own.length > 0 && own.join() !== linked(links, series).join()
}

/** Whether the exceptions of a series that we were writing are all in place. */
export function isWritten(row: EventRow, children: readonly EventRow[]): boolean {
  const writing = readComment(row.comment).note?.writing
  return writing === undefined || children.some(child => readComment(child.comment).note?.done === writing)
}

export function assembleSeries(
  item: SeriesItem,
  uid: string,
  links: Links,
  context: Context,
  fresh: boolean,
): Assembled | Unfinished {
  const { row, children } = item
  const resourceIds = linked(links, row)
  const strays = children.filter(child => isStray(child, row, links))
  const own = children.filter(child => !strays.includes(child))
  const shape = shapeOf(row, own, context.zoneOf(resourceIds), context.now())
  const active = row.status !== 1
  if (active && (isPending(row) || !isWritten(row, children)))
    return { id: String(row.id), uid, unfinished: 'its exceptions are being written' }
  if (active && fresh && shape.missing > strays.length) {
    return { id: String(row.id), uid, unfinished: 'Kaltura does not show all of its occurrences yet' }
  }
  const actuals = new Map<number, Actual>()
  for (const { key, rid } of shape.slots) {
    const child = shape.children.get(key)
    if (child) actuals.set(key, actualOf(key, rid, child))
  }
  const parts = {
    ...{ uid, resourceIds, zone: shape.zone, pattern: shape.pattern },
    ...{ content: contentOfRow(row), identity: identityOf(row) },
  }
  const event = composeSeries(parts, shape.slots, actuals, context)
  return { ref: refOf(item, links, occurrenceIds(shape)), event, strays }
}

const actualOf = (key: number, rid: CalTime, child: EventRow): Actual => ({
  ...{ key, rid, start: child.startDate, end: child.endDate },
  ...{ content: contentOfRow(child), identity: identityOf(child) },
})

export const occurrenceIds = ({ slots, children, cancelled }: SeriesShape): Map<string, number> => {
  const ids = new Map<string, number>()
  for (const { key, rid } of slots) {
    const row = children.get(key) ?? cancelled.get(key)
    if (row) ids.set(timeKey(rid), row.id)
  }
  return ids
}
