/**
 * A ScheduleEvent from a pattern and the occurrences that take place. Reading Kaltura's rows and viewing an event of ours
 * as Kaltura would keep it both end here, so what was written and read again is what was to be expected.
 */
import type { CalTime, KalturaIdentity, Master, Override, ScheduleEvent } from '../../src/schedule/event.ts'
import { timeKey } from '../../src/schedule/event.ts'
import { type Slot, timeLike } from './expand.ts'
import type { Pattern } from './note.ts'
import { type Content, componentOf, type Surroundings, sameContent } from './translate.ts'

/** An occurrence that takes place. */
export interface Actual {
  /** The slot it fills, or where its own recurrence id lies. */
  readonly key: number
  readonly rid: CalTime
  readonly start: number
  readonly end: number
  readonly content: Content
  readonly identity: KalturaIdentity
}

export interface Parts {
  readonly uid: string
  readonly resourceIds: readonly number[]
  readonly zone: string
  /** `null` where only some occurrences are known. */
  readonly pattern: Pattern | null
  readonly content: Content
  readonly identity: KalturaIdentity
}

/** An event that takes place once. */
export function composeSingle(parts: Parts & { readonly pattern: Pattern }, around: Surroundings): ScheduleEvent {
  const { uid, resourceIds, pattern, content, identity } = parts
  const component = componentOf(content, pattern, identity, around)
  const master: Master = { ...component, rrules: [], exrules: [], rdates: [], exdates: [] }
  return { uid, master, overrides: [], resourceIds: cancelled(identity) ? [] : resourceIds }
}

/** Cancelling takes an event off its resources, and a cancelled series has no occurrences left to differ. */
const cancelled = ({ status }: KalturaIdentity): boolean => status === 1

export function composeSeries(
  parts: Parts,
  slots: readonly Slot[],
  actuals: ReadonlyMap<number, Actual>,
  around: Surroundings,
): ScheduleEvent {
  const { uid, zone, pattern, identity } = parts
  if (cancelled(identity)) return composeCancelled(parts, around)
  const sorted = [...actuals.values()].sort((a, b) => a.key - b.key)
  const content = generalContent(parts.content, sorted)
  const bySlot = new Map(slots.map(slot => [slot.key, slot]))
  const overrides = sorted
    .filter(actual => pattern === null || isChanged(actual, bySlot.get(actual.key), content))
    .map(actual => overrideOf(actual, pattern?.start ?? actual.rid, zone, around))
    .sort((a, b) => (timeKey(a.recurrenceId) < timeKey(b.recurrenceId) ? -1 : 1))
  if (pattern === null) return { uid, master: null, overrides, resourceIds: parts.resourceIds }
  const exdates = slots.filter(({ key }) => !actuals.has(key)).map(({ rid }) => rid)
  const { rrules, exrules, rdates } = pattern
  const component = componentOf(content, pattern, identity, around)
  return {
    uid,
    master: { ...component, rrules, exrules, rdates, exdates },
    overrides,
    resourceIds: parts.resourceIds,
  }
}

function composeCancelled(parts: Parts, around: Surroundings): ScheduleEvent {
  const { uid, pattern, content, identity } = parts
  if (pattern === null) return { uid, master: null, overrides: [], resourceIds: [] }
  const { rrules, exrules, rdates } = pattern
  const component = componentOf(content, pattern, identity, around)
  return { uid, master: { ...component, rrules, exrules, rdates, exdates: [] }, overrides: [], resourceIds: [] }
}

/** What the series says in general: nobody can see a text that each of its occurrences has replaced. */
const generalContent = (content: Content, sorted: readonly Actual[]): Content =>
  sorted.some(actual => sameContent(actual.content, content)) ? content : (sorted[0]?.content ?? content)

const isChanged = (actual: Actual, slot: Slot | undefined, content: Content): boolean =>
  slot === undefined || actual.start !== slot.key || actual.end !== slot.end || !sameContent(actual.content, content)

function overrideOf(actual: Actual, like: CalTime, zone: string, around: Surroundings): Override {
  const time = { start: timeLike(actual.start, like, zone), end: timeLike(actual.end, like, zone) }
  // A day whose start was moved off midnight is no date any more, and so neither is its end.
  const mixed = 'date' in time.end && !('date' in time.start)
  const end = mixed ? timeLike(actual.end, time.start, zone) : time.end
  const start = 'date' in time.start && !('date' in end) ? timeLike(actual.start, end, zone) : time.start
  const component = componentOf(actual.content, { start, end }, actual.identity, around)
  return { ...component, recurrenceId: actual.rid, thisAndFuture: false }
}
