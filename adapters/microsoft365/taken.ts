/**
 * Whether a slot is free. A direct write passes the room's own booking rules, so the calendar is read just before and
 * just after.
 */
import { Rejected } from '../../src/errors.ts'
import { toEpoch } from '../../src/schedule/caltime.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import { type Occurrence, occurrences } from '../../src/schedule/recurrence.ts'
import type { Mailbox } from './mailbox.ts'
import { claims, type GraphEvent, spanOf } from './translate.ts'
import { day, epochNow, instant } from './window.ts'

/** How far ahead is looked, days. */
const lookAhead = 366
const seen = 'id,createdDateTime,seriesMasterId,start,end,isAllDay,isCancelled,isOrganizer,responseStatus,showAs'

/** Overlaps of our own events are known here, and flagged: only what others have booked is news. */
async function isOurs(room: Mailbox, item: GraphEvent): Promise<boolean> {
  if (item.isOrganizer === false) return false
  const marked = await room.item(item.seriesMasterId ?? item.id)
  return marked !== null && room.uidOn(marked) !== null
}

/** @param own the item that is being moved @throws Rejected the room is taken */
export async function refuseIfTaken(room: Mailbox, wanted: ScheduleEvent, own: string | null = null): Promise<void> {
  const hit = await firstTaken(room, wanted, own, () => true)
  if (hit) throw taken(room, hit.start)
}

/**
 * Two who looked at the same moment have both found the room free: whoever was earlier keeps it.
 * @param made what has just been written @returns why it has to give way; `null`: it stays
 */
export async function reasonToGiveWay(
  room: Mailbox,
  wanted: ScheduleEvent,
  made: GraphEvent,
): Promise<Rejected | null> {
  const rank = ({ createdDateTime, id }: GraphEvent) => `${createdDateTime ?? ''} ${id}`
  const hit = await firstTaken(room, wanted, made.id, item => rank(item) < rank(made))
  return hit && taken(room, hit.start)
}

function taken(room: Mailbox, start: number): Rejected {
  const remedy = 'Move one of the two, or free the room in Outlook; it is tried again when something changes there.'
  const message = `Microsoft 365 mailbox ${room.address}: the room is taken at ${instant(start)}`
  return new Rejected('room-taken', message, { remedy })
}

/** The first occurrence that somebody else's item lies on. @param counts whether an item matters */
async function firstTaken(
  room: Mailbox,
  wanted: ScheduleEvent,
  own: string | null,
  counts: (item: GraphEvent) => boolean,
): Promise<Occurrence | null> {
  if (wanted.master?.transparent) return null
  const now = epochNow()
  const mine = occurrences(wanted, { from: now, to: now + lookAhead * day }, { zone: room.zone })
  const [first, last] = [mine[0], mine.at(-1)]
  if (!first || !last) return null
  const window = `startDateTime=${instant(first.start)}&endDateTime=${instant(last.end)}`
  const items = await room.list<GraphEvent>(`${room.path}/calendarView?${window}&$select=${seen}&$top=1000`)
  for (const item of items) {
    if (own !== null && (item.id === own || item.seriesMasterId === own)) continue
    if (!claims(item) || /^(free|workingElsewhere)$/i.test(item.showAs ?? '')) continue
    const span = spanOf(item, room.zone)
    const [from, to] = [toEpoch(span.start, room.zone), toEpoch(span.end, room.zone)]
    const hit = mine.find(({ start, end, component }) => !component.transparent && start < to && from < end)
    if (!hit || !counts(item) || (await isOurs(room, item))) continue
    return hit
  }
  return null
}
