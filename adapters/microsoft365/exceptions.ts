/** The occurrences of a series that differ from it, written one by one under the ids Exchange gave them. */
import { Rejected } from '../../src/errors.ts'
import { addDuration, endOf, toEpoch } from '../../src/schedule/caltime.ts'
import { type CalTime, isDate, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import type { Held, Mailbox } from './mailbox.ts'
import { recurrenceOf } from './recurrence.ts'
import { placesOf, realKey, zoneOfPlaces } from './series.ts'
import { bodyOf, type GraphEvent, placeKey } from './translate.ts'

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
  const revived = revives(wanted, there.event) ? await revive(room, wanted, there) : there
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
  const length = toEpoch(endOf(master), 'UTC') - toEpoch(master.start, 'UTC')
  const end = addDuration(original, isDate(original) ? `P${length / 86_400}D` : `PT${length}S`)
  return { ...master, start: original, end, recurrenceId: original, thisAndFuture: false }
}

const excluded = (event: ScheduleEvent): string[] => (event.master?.exdates ?? []).map(placeKey)

function revives(wanted: ScheduleEvent, there: ScheduleEvent): boolean {
  const stay = new Set(excluded(wanted))
  return excluded(there).some(key => !stay.has(key))
}

/** A deleted occurrence comes back only with the whole pattern, which drops every exception: they are written again. */
async function revive(room: Mailbox, wanted: ScheduleEvent, { item, event }: Held): Promise<Held> {
  if (!event.master) throw new TypeError('looked at before')
  const { start, end, isAllDay } = bodyOf(event.master, room.zone)
  const body = { start, end, isAllDay, recurrence: recurrenceOf(event.master, room.zone) }
  await room.request({ method: 'PATCH', path: room.eventPath(item.id), body })
  const held = await room.hold((await room.item(item.id)) ?? item, event.uid)
  if (!revives(wanted, held.event)) return held
  const remedy = 'Delete the series and make it anew, or add a single event at that date.'
  throw new Rejected('occurrence-gone', `${room.address}: a deleted occurrence cannot be brought back`, { remedy })
}
