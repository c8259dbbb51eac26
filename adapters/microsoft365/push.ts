/** Writing to a mailbox: only what differs, and only while the copy says what we know of it. */
import { randomUUID } from 'node:crypto'
import { Rejected, VersionMismatch } from '../../src/errors.ts'
import { isRecurring, type Master, type ScheduleEvent } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { writeExceptions } from './exceptions.ts'
import { homeRef, isHome, type Place, unanswered } from './home.ts'
import type { Held, Mailbox } from './mailbox.ts'
import { crosses, isPart, needsParts, pushParts, refuseParts, removeParts, uidOfParts } from './parts.ts'
import { hasPattern, recurrenceOf } from './recurrence.ts'
import { keptByMailbox } from './room-clock.ts'
import { versionOf } from './series.ts'
import { reasonToGiveWay, refuseIfTaken } from './taken.ts'
import { bodyOf, claims, type GraphEvent } from './translate.ts'
import { changedFields, erase, held, insert, patch } from './write.ts'

/** In the organizer's calendar with the room as a guest, or in the room's own. */
export async function push(
  { room, home, asked }: Place,
  event: ScheduleEvent,
  at: RemoteRef | null,
): Promise<RemoteRef> {
  const box = home && (at === null || isHome(at)) ? home : room
  const kept = { ...keptByMailbox(event, room.zone), resourceIds: [] }
  const wanted = box === home ? unanswered(kept) : kept
  const master = masterOf(wanted)
  const guest = box === home ? room.address : null
  // Each guest of single events would answer for itself: rooms are only invited to what has a pattern.
  if (box === room && needsParts(wanted, room.zone)) return asParts(room, wanted, master, at)
  const parts = at && uidOfParts(at.id)
  if (parts) await removeParts(box, parts, at.version)
  const known = parts ? null : at
  const ref = known ? await update(box, wanted, master, known, guest) : await create(box, wanted, master, guest)
  if (box !== home) return ref
  asked.add(ref.id)
  return homeRef(ref)
}

/** Single events take the place of what the series was before. */
async function asParts(room: Mailbox, wanted: ScheduleEvent, master: Master, at: RemoteRef | null): Promise<RemoteRef> {
  refuseParts(wanted, room)
  if (at && uidOfParts(at.id) === null) {
    const item = await room.item(at.id)
    if (item) refuseForeign(item)
    if (item && claims(item)) {
      const there = await held(room, item, wanted.uid)
      refuseOther(room, there, at.version)
      // Exchange has taken such a move after all.
      if (hasPattern(master, room.zone) && crosses(there.event, room.zone)) return bring(room, wanted, master, there)
      await refuseIfTaken(room, wanted, item.id)
      await erase(room, there)
    }
  }
  return pushParts(room, wanted, at && uidOfParts(at.id) ? at.version : null)
}

function masterOf({ master, overrides }: ScheduleEvent): Master {
  if (!master) throw new Rejected('no-master', 'Exchange cannot hold an occurrence without its series')
  if (overrides.some(({ thisAndFuture }) => thisAndFuture)) {
    const remedy = 'Split the series in two at that date.'
    throw new Rejected('this-and-future', 'Exchange cannot hold a change of this and all following', { remedy })
  }
  return master
}

/** @param guest the room to be invited; `null`: the mailbox is the room itself, and nobody is asked */
async function create(room: Mailbox, wanted: ScheduleEvent, master: Master, guest: string | null): Promise<RemoteRef> {
  const recurrence = isRecurring(wanted) ? { recurrence: recurrenceOf(master, room.zone) } : {}
  const known = await ofEarlierTry(room, wanted.uid)
  // Our own earlier try, whose answer was lost.
  if (known) return bring(room, wanted, master, await held(room, known, wanted.uid))
  if (guest === null) await refuseIfTaken(room, wanted)
  const item = await insert(room, () => ofEarlierTry(room, wanted.uid), {
    ...bodyOf(master, room.zone),
    ...recurrence,
    ...(guest === null ? {} : { attendees: [{ type: 'resource', emailAddress: { address: guest } }] }),
    isReminderOn: false,
    singleValueExtendedProperties: [room.mark(wanted.uid)],
    // New for each try to book, the same for each repetition of one.
    transactionId: randomUUID(),
  })
  const loss = guest === null ? await reasonToGiveWay(room, wanted, item) : null
  try {
    if (loss) throw loss
    return await settle(room, wanted, item)
  } catch (error) {
    // Half of a series would come back as all of it.
    if (error instanceof Rejected) await erase(room, { item, instances: [], event: wanted })
    throw error
  }
}

async function ofEarlierTry(room: Mailbox, uid: string): Promise<GraphEvent | null> {
  return (await room.marked(uid)).find(item => claims(item) && !isPart(item)) ?? null
}

async function update(
  room: Mailbox,
  wanted: ScheduleEvent,
  master: Master,
  at: RemoteRef,
  guest: string | null,
): Promise<RemoteRef> {
  const item = await room.item(at.id)
  if (!item || !claims(item)) throw new VersionMismatch(`Microsoft 365 mailbox ${room.address}: the event is gone`)
  const there = await held(room, item, wanted.uid)
  // Our own write whose answer was lost: nothing is left to do.
  if (differences(there.event, wanted).length === 0) return refOf(there)
  refuseForeign(item)
  refuseOther(room, there, at.version)
  if (guest === null && isMoved(there.event, wanted)) await refuseIfTaken(room, wanted, item.id)
  return bring(room, wanted, master, there)
}

const isMoved = (a: ScheduleEvent, b: ScheduleEvent): boolean =>
  differences(a, b).some(slot => /^(time|exceptions):/.test(slot))

function refuseOther(room: Mailbox, there: Held, version: string): void {
  if (versionOf(there.event) === version) return
  throw new VersionMismatch(`Microsoft 365 mailbox ${room.address}: somebody else has changed the event`)
}

/** A meeting that belongs to somebody else: the room may answer it, not edit it. */
function refuseForeign({ isOrganizer, organizer }: GraphEvent): void {
  if (isOrganizer !== false) return
  const { name, address } = organizer?.emailAddress ?? {}
  const message = 'The meeting belongs to its organizer in Microsoft 365; the room can only answer it'
  throw new Rejected('foreign-organizer', message, {
    remedy: `Ask ${name ?? address ?? 'the organizer'} to change the meeting.`,
  })
}

const refOf = ({ item, event }: Held): RemoteRef => ({ id: item.id, version: versionOf(event) })

/** Brings what lies there to what is wanted. */
async function bring(room: Mailbox, wanted: ScheduleEvent, master: Master, there: Held): Promise<RemoteRef> {
  const fields = changedFields(there, wanted, master, room.zone)
  const item = Object.keys(fields).length > 0 ? await patch(room, there, fields) : there.item
  return settle(room, wanted, item)
}

async function settle(room: Mailbox, wanted: ScheduleEvent, item: GraphEvent): Promise<RemoteRef> {
  const there = await held(room, item, wanted.uid)
  if (!isRecurring(wanted) || differences(there.event, wanted).length === 0) return refOf(there)
  await writeExceptions(room, wanted, there)
  const after = (await room.item(item.id)) ?? item
  return refOf(await held(room, after, wanted.uid))
}

/** Deletes our own event; a meeting of somebody else is declined, which is how a room frees itself. */
export async function remove(place: Place, at: RemoteRef): Promise<void> {
  const room = place.home && isHome(at) ? place.home : place.room
  const parts = uidOfParts(at.id)
  if (parts) return removeParts(room, parts, at.version)
  const item = await room.item(at.id)
  if (!item || !claims(item)) return
  if (item.isOrganizer === false) {
    await decline(room, item)
    return
  }
  const there = await held(room, item, room.uidOn(item) ?? '')
  refuseOther(room, there, at.version)
  await erase(room, there)
}

/** An organizer who wants no answers gets none; Graph refuses a comment with an answer that is not sent. */
async function decline(room: Mailbox, item: GraphEvent): Promise<void> {
  const sendResponse = item.responseRequested !== false
  await room.request({ method: 'POST', path: `${room.eventPath(item.id)}/decline`, body: { sendResponse } })
}
