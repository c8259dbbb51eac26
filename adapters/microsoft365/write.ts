/** One item at a time: created once, changed and deleted only while it says what we know of it. */
import { setTimeout as wait } from 'node:timers/promises'
import { Rejected } from '../../src/errors.ts'
import { endOf, toEpoch } from '../../src/schedule/caltime.ts'
import { isDate, isRecurring, type Master, type ScheduleEvent } from '../../src/schedule/event.ts'
import { GraphFailure, isGone, isPassing, meaningOf } from './errors.ts'
import { type Held, isItemTrouble, type Mailbox } from './mailbox.ts'
import { recurrenceOf } from './recurrence.ts'
import { versionOf } from './series.ts'
import { bodyOf, claims, type GraphEvent } from './translate.ts'

/** Waits before a create is looked for and tried again, ms. */
const pauses = [500, 2000]

/** A create that failed in an unclear way is looked for before it is repeated. */
export async function insert(room: Mailbox, find: () => Promise<GraphEvent | null>, body: object): Promise<GraphEvent> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await room.raw<GraphEvent>({ method: 'POST', path: `${room.path}/events`, body })
    } catch (error) {
      const pause = pauses[attempt]
      if (!(error instanceof GraphFailure)) throw error
      // A repetition may also be refused as one.
      if (!isPassing(error.failure) && error.failure.status !== 409) throw meaningOf(error, room.address, true)
      const made = await find()
      if (made) return made
      if (pause === undefined || error.failure.retryAfter || error.failure.status === 409)
        throw meaningOf(error, room.address, true)
      await wait(pause)
    }
  }
}

/** @throws Rejected where what lies there cannot be read */
export async function held(room: Mailbox, item: GraphEvent, uid: string): Promise<Held> {
  try {
    return await room.hold(item, uid)
  } catch (error) {
    if (!isItemTrouble(error)) throw error
    throw new Rejected('unreadable', `Microsoft 365 mailbox ${room.address}: ${error.message}`, { cause: error })
  }
}

/**
 * Exchange touches items by itself, and its 412 may mean only that: the item is read once more, and what it says
 * decides.
 */
export async function patch(room: Mailbox, there: Held, fields: object): Promise<GraphEvent> {
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
export function changedFields({ event, item }: Held, wanted: ScheduleEvent, master: Master, room: string): object {
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

/** Deletes an item; one that is gone already is no error. */
export async function erase(room: Mailbox, there: Held): Promise<void> {
  const { item } = there
  const send = (etag: string | undefined) =>
    room.raw({ method: 'DELETE', path: room.eventPath(item.id), ifMatch: etag })
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
