/**
 * A pattern of time as the places ("slots") of its occurrences, within what Kaltura can hold: at most 1,000. A series
 * with more, or without an end, is held in a window of two years that moves on every quarter, from the start of the
 * last quarter; the quarter keeps two views of the same event from differing by the second.
 */
import { TooManyOccurrences } from '../../src/errors.ts'
import { endOf, fromEpoch, timeAt, toEpoch } from '../../src/schedule/caltime.ts'
import { civilFromDays, DAY, daysFromCivil } from '../../src/schedule/civil.ts'
import type { CalTime, Component, Master, RDate, ScheduleEvent } from '../../src/schedule/event.ts'
import { emptyMaster, isDate, isDuration, timeKey } from '../../src/schedule/event.ts'
import { type Occurrence, occurrences, type Window } from '../../src/schedule/recurrence.ts'
import type { Pattern } from './note.ts'
import { canonicalRule, ends } from './rule.ts'

/** KalturaScheduleEvent: max_schedule_event_recurrences. */
export const MAX_OCCURRENCES = 1000
/** How far the window of an endless series reaches, seconds. */
const REACH = 730 * DAY
/** Everything from 1970 to 2242: `Window` wants numbers, and Kaltura's own time does not reach further. */
const ALWAYS: Window = { from: 0, to: 2 ** 33 }
/** How far THISANDFUTURE may move the occurrences of an endless series for them to be found. */
const MOVED = 60 * DAY

export interface Slot {
  /** Its start by the rule, epoch seconds. */
  readonly key: number
  readonly rid: CalTime
  /** Its end by the rule. */
  readonly end: number
}

export interface Slots {
  readonly slots: readonly Slot[]
  /** Where the window of a series that goes on begins and ends; `null`: all occurrences are there. */
  readonly window: Window | null
}

/** Floating times and dates on the clock of `zone`; a date stays a date. */
export const zoned = (time: CalTime, zone: string): CalTime =>
  isDate(time) || time.tzid !== null ? time : { dateTime: time.dateTime, tzid: zone }

const rdateOf = (rdate: RDate, zone: string): RDate => {
  if (!('start' in rdate)) return zoned(rdate, zone)
  const end = isDuration(rdate.end) ? rdate.end : zoned(rdate.end, zone)
  return { start: zoned(rdate.start, zone), end }
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort()

/** The end on the clock of the start, as Kaltura has but one. */
function endFor(start: CalTime, end: CalTime, zone: string): CalTime {
  if (isDate(start)) return end
  const tzid = start.tzid ?? zone
  return !isDate(end) && end.tzid === tzid ? end : timeAt(toEpoch(end, zone), tzid)
}

/** One form for all ways of writing when an event takes place. */
export function patternOf(master: Master, zone: string): Pattern {
  const start = zoned(master.start, zone)
  const end = endFor(start, zoned(endOf(master), zone), zone)
  const rule = (text: string) => canonicalRule(text, start, zone)
  const rdates = new Map(master.rdates.map(rdate => rdateOf(rdate, zone)).map(rdate => [JSON.stringify(rdate), rdate]))
  return {
    start,
    end,
    rrules: unique(master.rrules.map(rule)),
    exrules: unique(master.exrules.map(rule)),
    rdates: [...rdates].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rdate]) => rdate),
  }
}

export const recurs = ({ rrules, rdates }: Pick<Pattern, 'rrules' | 'rdates'>): boolean =>
  rrules.length > 0 || rdates.length > 0

const bare = (pattern: Pattern): ScheduleEvent => ({
  uid: 'pattern',
  master: { ...emptyMaster(pattern.start, pattern.end), ...pattern },
  overrides: [],
  resourceIds: [],
})

/** 00:00 UTC of the first day of the quarter before this one. */
export function quarterOf(now: number): number {
  const { year, month } = civilFromDays(Math.floor(now / DAY))
  const quarter = Math.floor((month - 1) / 3) - 1
  return DAY * (quarter < 0 ? daysFromCivil(year - 1, 10, 1) : daysFromCivil(year, quarter * 3 + 1, 1))
}

const expand = (pattern: Pattern, window: Window, zone: string): Occurrence[] | null => {
  try {
    return occurrences(bare(pattern), window, { zone, maxOccurrences: MAX_OCCURRENCES })
  } catch (error) {
    if (error instanceof TooManyOccurrences) return null
    throw error
  }
}

function expandOpen(pattern: Pattern, zone: string, now: number): Slots {
  const from = Math.max(quarterOf(now), toEpoch(pattern.start, zone))
  for (let reach = REACH; reach >= DAY; reach = Math.floor(reach / 2)) {
    const window = { from, to: from + reach }
    const found = expand(pattern, window, zone)
    // An occurrence that began before the window belongs to the time before it.
    if (found) return { slots: slotsIn(found.filter(({ start }) => start >= from)), window }
  }
  return { slots: [], window: { from, to: from } }
}

const slotsIn = (found: readonly Occurrence[]): Slot[] =>
  found.map(({ recurrenceId, startTime, start, end }) => ({ key: start, rid: recurrenceId ?? startTime, end }))

/** Patterns remembered: a schedule asks for the same few hundred again and again. */
const known = new Map<string, Slots>()
let remembered = 0
/** Slots remembered in all, about 10 MB. */
const MAX_REMEMBERED = 50_000

/** The places of a pattern's occurrences by its own rules, without any exception. */
export function slotsOf(pattern: Pattern, zone: string, now: number): Slots {
  const name = JSON.stringify([pattern, zone, quarterOf(now)])
  const before = known.get(name)
  if (before) return before
  const closed = pattern.rrules.every(ends) ? expand(pattern, ALWAYS, zone) : null
  const slots = closed ? { slots: slotsIn(closed), window: null } : expandOpen(pattern, zone, now)
  remembered += slots.slots.length + 1
  if (remembered > MAX_REMEMBERED) {
    known.clear()
    remembered = slots.slots.length + 1
  }
  known.set(name, slots)
  return slots
}

/** An occurrence as it takes place. */
export interface Placed {
  readonly key: number
  readonly rid: CalTime
  readonly start: number
  readonly end: number
  readonly component: Component
}

/** The slot that a recurrence id means, also where it is written as another value type than the series has. */
function slotFinder(slots: readonly Slot[], zone: string): (rid: CalTime) => Slot | undefined {
  const byKey = new Map(slots.map(slot => [slot.key, slot]))
  const byDay = new Map(slots.map(slot => [timeKey(slot.rid).slice(0, 10), slot]))
  return rid => {
    const mixed = slots[0] !== undefined && isDate(rid) !== isDate(slots[0].rid)
    return mixed ? byDay.get(timeKey(rid).slice(0, 10)) : byKey.get(toEpoch(rid, zone))
  }
}

/** The occurrences that take place, by the slot they fill; one without a slot stands at its own recurrence id. */
export function placedOf(event: ScheduleEvent, { slots, window }: Slots, zone: string): Map<number, Placed> {
  const find = slotFinder(slots, zone)
  const placed = new Map<number, Placed>()
  for (const { recurrenceId, start, end, startTime, component } of found(event, window, zone)) {
    if (component.status === 'CANCELLED' || component.transparent) continue
    const said = zoned(recurrenceId ?? startTime, zone)
    const slot = find(said)
    if (!slot && window) continue
    const key = slot?.key ?? toEpoch(said, zone)
    placed.set(key, { key, rid: slot?.rid ?? said, start, end, component })
  }
  return placed
}

/** All occurrences, or those around the window and whatever somebody has moved out of it. */
function found(event: ScheduleEvent, window: Window | null, zone: string): Occurrence[] {
  const options = { zone, maxOccurrences: 6 * MAX_OCCURRENCES }
  if (!window) return occurrences(event, ALWAYS, options)
  const around = { from: window.from - MOVED, to: window.to + MOVED }
  const moved = occurrences({ ...event, master: null }, ALWAYS, options)
  return [...occurrences(event, around, options), ...moved]
}

/** A time of the value type and clock of `like`; a date only where the instant is its midnight. */
export function timeLike(epoch: number, like: CalTime, zone: string): CalTime {
  if (!isDate(like)) return timeAt(epoch, like.tzid ?? zone)
  const time = fromEpoch(epoch, zone)
  return !isDate(time) && time.dateTime.endsWith('T00:00:00') ? { date: time.dateTime.slice(0, 10) } : time
}
