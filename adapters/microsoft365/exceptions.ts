/** The occurrences of a series that differ from it, written one by one under the ids Exchange gave them. */
import { Rejected } from '../../src/errors.ts'
import { type CalTime, isDate, type Master, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import type { Held, Mailbox } from './mailbox.ts'
import { type PatternedRecurrence, recurrenceOf } from './recurrence.ts'
import { placesOf, realKey, zoneOfPlaces } from './series.ts'
import { bodyOf, type GraphEvent, lengthOf, placeKey, realEnd } from './translate.ts'

/** What is wanted of one occurrence: its own content, or nothing at all. */
type Wish = Override | 'excluded'

const wishes = ({ master, overrides }: ScheduleEvent): Map<string, Wish> =>
  new Map<string, Wish>([
    ...(master?.exdates ?? []).map((time): [string, Wish] => [placeKey(time), 'excluded']),
    ...overrides.map((override): [string, Wish] => [placeKey(override.recurrenceId), override]),
  ])

/** @param there the series with its master as it is wanted, its exceptions not yet */
export async function writeExceptions(room: Mailbox, wanted: ScheduleEvent, there: Held): Promise<void> {
  const master = there.event.master
  if (!master || !wanted.master) return
  const revived = revives(wanted, there.event) ? await revive(room, there) : there
  const zone = zoneOfPlaces(revived.item, master, room.zone)
  const places = placesOf(master, revived.instances, zone)
  const { start } = master
  const instanceAt = (key: string) =>
    places.get(isDate(start) ? key : realKey({ dateTime: key, tzid: start.tzid ?? zone }, zone))
  const [before, after] = [wishes(revived.event), wishes(wanted)]
  for (const [key, wish] of after) {
    if (sameWish(before.get(key), wish)) continue
    const instance = instanceAt(key)
    // An excluded date that the series never had.
    if (!instance && wish === 'excluded') continue
    if (!instance) throw new Rejected('no-occurrence', `${room.address}: the series has no occurrence at ${key}`)
    await writeOne(room, instance, wish, before.get(key) ?? regularAt(revived.event, wish))
  }
  for (const [key, wish] of before) {
    const instance = instanceAt(key)
    if (wish === 'excluded' || after.has(key) || !instance) continue
    await writeOne(room, instance, regular(wanted, wish.recurrenceId), wish)
  }
  // Only now: what was dropped on the way to this lies there again.
  if (!revives(wanted, revived.event)) return
  const remedy = 'Delete the series and make it anew, or add a single event at that date.'
  throw new Rejected('occurrence-gone', `${room.address}: a deleted occurrence cannot be brought back`, { remedy })
}

const sameWish = (a: Wish | undefined, b: Wish): boolean => {
  if (a === undefined || a === 'excluded' || b === 'excluded') return a === b
  const event = (override: Override): ScheduleEvent => ({
    ...{ uid: '', master: null, overrides: [override], resourceIds: [] },
  })
  return differences(event(a), event(b)).length === 0
}

/** Moved over a neighbour's day, it is refused: `ErrorOccurrenceCrossingBoundary`. */
async function writeOne(room: Mailbox, { id }: GraphEvent, wish: Wish, there: Wish): Promise<void> {
  const path = room.eventPath(id)
  if (wish === 'excluded') await room.request({ method: 'DELETE', path })
  else await room.request({ method: 'PATCH', path, body: changesOf(there, wish, room.zone) })
}

/** Of an occurrence, too, only what differs is written: its text may hold the link of a meeting. */
function changesOf(there: Wish, wish: Override, zone: string): object {
  const { start, end, isAllDay, ...texts } = bodyOf(wish, zone)
  if (there === 'excluded') return { ...texts, start, end, isAllDay }
  const before = bodyOf(there, zone)
  const changed = Object.entries(texts).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof texts]),
  )
  const moved = JSON.stringify([start, end, isAllDay]) !== JSON.stringify([before.start, before.end, before.isAllDay])
  return { ...Object.fromEntries(changed), ...(moved ? { start, end, isAllDay } : {}) }
}

const regularAt = (event: ScheduleEvent, wish: Wish): Wish =>
  wish === 'excluded' ? wish : regular(event, wish.recurrenceId)

/** What the series itself says of its occurrence at `original`. */
function regular({ master }: ScheduleEvent, original: CalTime): Override {
  if (!master) throw new TypeError('looked at before')
  const length = lengthOf(master)
  const end = realEnd({
    start: original,
    end: { duration: isDate(original) ? `P${length / 86_400}D` : `PT${length}S` },
  })
  return { ...master, start: original, end, recurrenceId: original, thisAndFuture: false }
}

const excluded = (event: ScheduleEvent): string[] => (event.master?.exdates ?? []).map(placeKey)

function revives(wanted: ScheduleEvent, there: ScheduleEvent): boolean {
  const stay = new Set(excluded(wanted))
  return excluded(there).some(key => !stay.has(key))
}

/**
 * A deleted occurrence comes back only with the whole pattern. That a pattern like the one there drops exceptions is not
 * known, only that a changed one does: so it is changed for a moment. What is dropped is written again by the caller.
 */
async function revive(room: Mailbox, { item, event }: Held): Promise<Held> {
  const { master } = event
  if (!master) throw new TypeError('looked at before')
  const bodyWith = (pattern: Master, change: (recurrence: PatternedRecurrence) => PatternedRecurrence) => {
    const { start, end, isAllDay } = bodyOf(pattern, room.zone)
    return { start, end, isAllDay, recurrence: change(recurrenceOf(master, room.zone)) }
  }
  const path = room.eventPath(item.id)
  await room.request({ method: 'PATCH', path, body: bodyWith(otherLength(master), otherRange) })
  await room.request({ method: 'PATCH', path, body: bodyWith(master, same => same) })
  return room.hold((await room.item(item.id)) ?? item, event.uid)
}

/** A minute shorter, or longer where there is no minute to spare. */
function otherLength(master: Master): Master {
  if (isDate(master.start)) return master
  const length = lengthOf(master)
  return { ...master, end: { duration: `PT${length > 60 ? length - 60 : length + 60}S` } }
}

/** One date more; one that has no end gets one that is far. */
function otherRange({ pattern, range }: PatternedRecurrence): PatternedRecurrence {
  const { numberOfOccurrences: count, endDate, ...common } = range
  if (count) return { pattern, range: { ...common, numberOfOccurrences: count < 999 ? count + 1 : count - 1 } }
  const end = Temporal.PlainDate.from(endDate ?? range.startDate).add(endDate ? { days: 1 } : { years: 10 })
  return { pattern, range: { ...common, type: 'endDate', endDate: end.toString() } }
}
