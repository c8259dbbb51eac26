/**
 * A series as Exchange keeps it: a master with a pattern, and instances that say what became of each date. What the
 * pattern gives and the instances lack was deleted; nothing else tells of it.
 */
import { createHash } from 'node:crypto'
import { TooManyOccurrences } from '../../src/errors.ts'
import { fromEpoch, toEpoch } from '../../src/schedule/caltime.ts'
import { type CalTime, isDate, type Master, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'
import { contentKey } from '../../src/schedule/merge.ts'
import { type Occurrence, occurrences } from '../../src/schedule/recurrence.ts'
import { ruleOf } from './recurrence.ts'
import {
  claims,
  componentOf,
  epochOf,
  type GraphEvent,
  lengthOf,
  ownZone,
  placeKey,
  realEnd,
  type Span,
  saysNothing,
  spanOf,
  Untranslatable,
} from './translate.ts'
import { day, type Window } from './window.ts'

/** How far an instance may have been moved from its place and still be found. */
const reach = 60 * day
const budget = { maxOccurrences: 10_000, maxSteps: 1_000_000 }

/** The series without its exceptions. @throws Untranslatable */
export function patternMaster(item: GraphEvent, room: string): Master {
  const { recurrence } = item
  if (!recurrence) throw new Untranslatable('a series without a pattern')
  // A zone of its own making is read as the room's; the instances tell whether that is right.
  const zone = ownZone(item) ?? room
  const span = clockSpan(item, zone)
  const rule = ruleOf(recurrence, span.start)
  if (!rule) throw new Untranslatable(`a recurrence of a kind that is not known: ${recurrence.pattern.type}`)
  return { ...componentOf(item, span), rrules: [rule], exrules: [], rdates: [], exdates: [] }
}

/** On the clock of the series, even where its first date lies in an hour that is repeated. */
function clockSpan(item: GraphEvent, zone: string): Span {
  const span = spanOf(item, zone)
  if (isDate(span.start) || span.start.tzid === zone) return span
  const start = fromEpoch(toEpoch(span.start, zone), zone)
  return { start, end: laterBy(start, toEpoch(span.end, zone) - toEpoch(span.start, zone)) }
}

const laterBy = (start: CalTime, length: number): CalTime => realEnd({ start, end: { duration: `PT${length}S` } })

/**
 * Exchange keeps the clock time of the end over a change of clocks, so one occurrence may be longer: what most of them
 * last is the length of the series.
 */
function commonLength(master: Master, instances: readonly GraphEvent[]): Master {
  if (isDate(master.start)) return master
  const counts = new Map<number, number>()
  for (const { type, start, end } of instances) {
    const length = epochOf(end) - epochOf(start)
    if (type !== 'exception') counts.set(length, (counts.get(length) ?? 0) + 1)
  }
  const [length, count = 0] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? []
  if (length === undefined || count === (counts.get(lengthOf(master)) ?? 0)) return master
  return { ...master, end: laterBy(master.start, length) }
}

const bare = (master: Master): ScheduleEvent => ({ uid: 'series', master, overrides: [], resourceIds: [] })

function slotsOf(master: Master, window: Window, zone: string) {
  try {
    return occurrences(bare(master), window, { zone, ...budget })
  } catch (error) {
    if (error instanceof TooManyOccurrences) throw new Untranslatable(error.message)
    throw error
  }
}

/** Where the instances of a series have to be looked for, so that none of them is missed. @param end of what is watched */
export function reachOf(item: GraphEvent, room: string, end: number): Window {
  const master = patternMaster(item, room)
  const from = toEpoch(master.start, room)
  const endless = item.recurrence?.range.type === 'noEnd'
  const last = endless ? end : (slotsOf(master, { from, to: from + 20 * 366 * day }, room).at(-1)?.end ?? end)
  return { from: from - reach, to: last + reach }
}

/** The place of an instance in its pattern, as the series writes its times. */
function originalOf(item: GraphEvent, like: CalTime, room: string): CalTime {
  if (!isDate(like)) {
    const epoch = item.originalStart ? Date.parse(item.originalStart) / 1000 : epochOf(item.start)
    return fromEpoch(epoch, like.tzid ?? room)
  }
  // An occurrence that was not moved lies in its place.
  if (!item.originalStart || item.type === 'occurrence') return spanOf({ ...item, isAllDay: true }, room).start
  // Of an all-day series it is midnight in the series' zone, told in UTC.
  const instant = Date.parse(item.originalStart) / 1000
  const local = instant % day === 0 ? fromEpoch(instant, 'UTC') : fromEpoch(instant, room)
  return { date: isDate(local) ? local.date : local.dateTime.slice(0, 10) }
}

/** Whether the room has put the organizer's name in the place of the title. */
const isNamed = ({ subject }: GraphEvent, { isOrganizer, organizer }: GraphEvent): boolean =>
  isOrganizer === false && subject?.trim() === organizer?.emailAddress?.name?.trim()

/** Where an exception leaves something out, it says what its series says. */
const withMaster = (instance: GraphEvent, master: GraphEvent): GraphEvent => ({
  ...{ subject: master.subject ?? null, body: master.body ?? null, location: master.location ?? null },
  ...{ showAs: master.showAs ?? null, sensitivity: master.sensitivity ?? null, isAllDay: master.isAllDay ?? null },
  ...Object.fromEntries(Object.entries(instance).filter(([, value]) => value !== null && value !== undefined)),
  ...(isNamed(instance, master) ? { subject: master.subject ?? null, body: master.body ?? null } : {}),
  ...{ id: instance.id },
})

/** The clock on which the places of a series are told. */
export const zoneOfPlaces = (item: GraphEvent, { start }: Master, room: string): string =>
  isDate(start) ? (ownZone(item) ?? room) : (start.tzid ?? room)

/** A place by the time that really is: one in the hour that a change of clocks leaves out is told an hour later. */
export const realKey = (time: CalTime, zone: string): string =>
  placeKey(isDate(time) ? time : fromEpoch(toEpoch(time, zone), time.tzid ?? zone))

/** The instances by the place each has in the pattern; its key is the clock time of the series. */
export function placesOf(master: Master, instances: readonly GraphEvent[], room: string): Map<string, GraphEvent> {
  return new Map(instances.map(item => [placeKey(originalOf(item, master.start, room)), item]))
}

/**
 * @param reached what `instances` covers
 * @throws Untranslatable where the instances do not follow the pattern as we read it
 */
export function seriesOf(
  item: GraphEvent,
  instances: readonly GraphEvent[],
  reached: Window,
  uid: string,
  room: string,
): ScheduleEvent {
  const master = commonLength(patternMaster(item, room), instances)
  const zone = zoneOfPlaces(item, master, room)
  const places = placesOf(master, instances, zone)
  const slots = new Map(slotsOf(master, reached, room).map(slot => [realKey(slot.startTime, zone), slot]))
  const exdates: CalTime[] = []
  const overrides: Override[] = []
  for (const [key, instance] of places) {
    const slot = slots.get(key)
    if (!slot && instance.type !== 'exception') {
      throw new Untranslatable(`the dates of the series do not follow its pattern in the zone ${zone}: ${key}`)
    }
    const like = master.start
    const recurrenceId = slot?.startTime ?? (isDate(like) ? { date: key } : { dateTime: key, tzid: like.tzid })
    if (!claims(instance)) exdates.push(recurrenceId)
    else if (instance.type === 'exception' || (slot && !isDate(like) && !liesAt(instance, slot)))
      overrides.push(overrideOf(withMaster(instance, item), recurrenceId, zone))
  }
  for (const [key, slot] of slots) if (!places.has(key)) exdates.push(slot.startTime)
  const ordered = overrides.sort((a, b) => (placeKey(a.recurrenceId) < placeKey(b.recurrenceId) ? -1 : 1))
  const changed = ordered.filter(override => !saysNothing(override, master))
  return { uid, master: { ...master, exdates }, overrides: changed, resourceIds: [] }
}

/** An occurrence that nobody has changed may lie elsewhere than its pattern says, over a change of clocks. */
const liesAt = (instance: GraphEvent, { start, end }: Pick<Occurrence, 'start' | 'end'>): boolean =>
  epochOf(instance.start) === start && epochOf(instance.end) === end

const overrideOf = (item: GraphEvent, recurrenceId: CalTime, zone: string): Override => ({
  ...componentOf(item, spanOf(item, zone)),
  ...{ recurrenceId, thisAndFuture: false },
})

/** The state of a whole event in one text. Exchange's own change keys also move when nobody has changed anything. */
export const versionOf = (event: ScheduleEvent): string =>
  createHash('sha256').update(contentKey(event)).digest('base64url').slice(0, 22)
