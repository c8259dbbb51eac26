/** Writing to a mailbox: only what differs, and only while the copy says what we know of it. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { Rejected, VersionMismatch } from '../../src/errors.ts'
import { endOf, toEpoch } from '../../src/schedule/caltime.ts'
import { isDate, isRecurring, type Master, type ScheduleEvent } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { GraphFailure, isGone, isPassing, meaningOf } from './errors.ts'
import { writeExceptions } from './exceptions.ts'
import { homeRef, isHome, type Place, unanswered } from './home.ts'
import { type Held, isItemTrouble, type Mailbox } from './mailbox.ts'
import { recurrenceOf } from './recurrence.ts'
import { versionOf } from './series.ts'
import { refuseIfTaken } from './taken.ts'
import { bodyOf, claims, type GraphEvent, normalizeForGraph } from './translate.ts'

/** Waits before a create is looked for and tried again, ms. */
const pauses = [500, 2000]

/** In the organizer's calendar with the room as a guest, or in the room's own. */
export async function push(
  { room, home, asked }: Place,
  event: ScheduleEvent,
  at: RemoteRef | null,
): Promise<RemoteRef> {
  const box = home && (at === null || isHome(at)) ? home : room
  const kept = { ...normalizeForGraph(event, room.zone), resourceIds: [] }
  const wanted = box === home ? unanswered(kept) : kept
  const master = masterOf(wanted)
  const guest = box === home ? room.address : null
  const ref = at ? await update(box, wanted, master, at) : await create(box, wanted, master, guest)
  if (box !== home) return ref
  asked.add(ref.id)
  return homeRef(ref)
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
  const [known] = (await room.marked(wanted.uid)).filter(claims)
  // Our own earlier try, whose answer was lost.
  if (known) return bring(room, wanted, master, await held(room, known, wanted.uid))
  if (guest === null) await refuseIfTaken(room, wanted)
  const item = await insert(room, wanted.uid, {
    ...bodyOf(master, room.zone),
    ...recurrence,
    ...(guest === null ? {} : { attendees: [{ type: 'resource', emailAddress: { address: guest } }] }),
    isReminderOn: false,
    singleValueExtendedProperties: [room.mark(wanted.uid)],
    // New for each try to book, the same for each repetition of one.
    transactionId: randomUUID(),
  })
  return settle(room, wanted, item)
}

/** A create that failed in an unclear way is looked for before it is repeated. */
async function insert(room: Mailbox, uid: string, body: object): Promise<GraphEvent> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await room.raw<GraphEvent>({ method: 'POST', path: `${room.path}/events`, body })
    } catch (error) {
      const pause = pauses[attempt]
      if (!(error instanceof GraphFailure) || !isPassing(error.failure)) throw meaningOf(error, room.address, true)
      const [made] = await room.marked(uid)
      if (made) return made
      if (pause === undefined || error.failure.retryAfter) throw meaningOf(error, room.address, true)
      await wait(pause)
    }
  }
}

/** @throws Rejected where what lies there cannot be read */
async function held(room: Mailbox, item: GraphEvent, uid: string): Promise<Held> {
  try {
    return await room.hold(item, uid)
  } catch (error) {
    if (!isItemTrouble(error)) throw error
    throw new Rejected('unreadable', `Microsoft 365 mailbox ${room.address}: ${error.message}`, { cause: error })
  }
}

async function update(room: Mailbox, wanted: ScheduleEvent, master: Master, at: RemoteRef): Promise<RemoteRef> {
  const item = await room.item(at.id)
  if (!item || !claims(item)) throw new VersionMismatch(`Microsoft 365 mailbox ${room.address}: the event is gone`)
  const there = await held(room, item, wanted.uid)
  // Our own write whose answer was lost: nothing is left to do.
  if (differences(there.event, wanted).length === 0) return refOf(there)
  refuseOther(room, there, at.version)
  refuseForeign(item)
  return bring(room, wanted, master, there)
}

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

/**
 * Exchange touches items by itself, and its 412 may mean only that: the item is read once more, and what it says
 * decides.
 */
async function patch(room: Mailbox, there: Held, fields: object): Promise<GraphEvent> {
  const { item } = there
  const send = (etag: string | undefined) =>
    room.raw<GraphEvent>({ method: 'PATCH', path: room.eventPath(item.id), body: fields, ifMatch: etag })
  try {
    return await send(item['@odata.etag'])
  } catch (error) {
    if (!(error instanceof GraphFailure) || error.failure.status !== 412) throw meaningOf(error, room.address, true)
    const etag = await stillSays(room, there)
    if (etag === null) throw meaningOf(error, room.address, true)
    return send(etag).catch((again: unknown) => {
      throw meaningOf(again, room.address, true)
    })
  }
}

/** The new etag of an item that says what it said; `null` where it says something else or is gone. */
async function stillSays(room: Mailbox, { item, event }: Held): Promise<string | null> {
  const again = await room.item(item.id)
  if (!again || !claims(again)) return null
  const now = await held(room, again, event.uid)
  return versionOf(now.event) === versionOf(event) ? (again['@odata.etag'] ?? '') : null
}

/** The fields of the master in which the item differs from ours, and no others. */
function changedFields({ event, item }: Held, wanted: ScheduleEvent, master: Master, room: string): object {
  if (!event.master) return {}
  const recurring = isRecurring(wanted)
  const [before, after] = [bodyOf(event.master, room), bodyOf(master, room)]
  const { start, end, isAllDay, ...texts } = after
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(texts)) {
    if (JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof texts])) fields[name] = value
  }
  // The body of an online meeting holds its link; a new one would end the meeting.
  if (item.isOnlineMeeting) delete fields.body
  const rules = (of: Master) => JSON.stringify([of.rrules, of.rdates, of.exrules])
  const instants = (of: Master) => [toEpoch(of.start, room), toEpoch(endOf(of), room), isDate(of.start)].join()
  const samePattern = rules(event.master) === rules(master) && before.start.timeZone === start.timeZone
  if (instants(event.master) === instants(master) && (!recurring || samePattern)) {
    return isRecurring(event) && !recurring ? { ...fields, recurrence: null } : fields
  }
  // Start, end and pattern only make sense together.
  const pattern = recurring ? { recurrence: recurrenceOf(master, room) } : {}
  return { ...fields, start, end, isAllDay, ...(isRecurring(event) && !recurring ? { recurrence: null } : pattern) }
}

/** Deletes our own event; a meeting of somebody else is declined, which is how a room frees itself. */
export async function remove(place: Place, at: RemoteRef): Promise<void> {
  const room = place.home && isHome(at) ? place.home : place.room
  const item = await room.item(at.id)
  if (!item || !claims(item)) return
  if (item.isOrganizer === false) {
    await decline(room, item)
    return
  }
  const there = await held(room, item, room.uidOn(item) ?? '')
  refuseOther(room, there, at.version)
  const send = (etag: string | undefined) => room.raw({ method: 'DELETE', path: room.eventPath(at.id), ifMatch: etag })
  try {
    await send(item['@odata.etag'])
  } catch (error) {
    if (!(error instanceof GraphFailure)) throw error
    if (isGone(error.failure)) return
    if (error.failure.status !== 412) throw meaningOf(error, room.address, true)
    const etag = await stillSays(room, there)
    if (etag === null) throw meaningOf(error, room.address, true)
    await send(etag).catch((again: unknown) => {
      if (!(again instanceof GraphFailure && isGone(again.failure))) throw meaningOf(again, room.address, true)
    })
  }
}

/** An organizer who wants no answers gets none; Graph refuses a comment with an answer that is not sent. */
async function decline(room: Mailbox, item: GraphEvent): Promise<void> {
  const sendResponse = item.responseRequested !== false
  await room.request({ method: 'POST', path: `${room.eventPath(item.id)}/decline`, body: { sendResponse } })
}
