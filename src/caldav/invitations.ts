import type { ScheduleEvent } from '../schedule/event.ts'
import { type Occurrence, occurrences } from '../schedule/recurrence.ts'
import type { Writer } from '../store/store.ts'
import { allCalendars, type Calendar } from './calendars.ts'
import type { Gateway } from './gateway.ts'
import { roomAddresses } from './principals.ts'
import { acceptedIds, addressesIn, addressesOf, type Invited, isMeeting, withAnswers } from './room-answers.ts'

/** As far as rooms look ahead when they answer, seconds. */
const AHEAD = 3 * 366 * 86_400
const BACK = 366 * 86_400

const overlaps = (a: { start: number; end: number }, b: { start: number; end: number }): boolean =>
  a.start < b.end && b.start < a.end

const invitation = async (
  tx: Writer,
  event: ScheduleEvent,
  room: Calendar,
  addresses: ReadonlySet<string>,
  now: number,
): Promise<Invited> => {
  const window = { from: now - BACK, to: now + AHEAD }
  const own = occurrences(event, window, { zone: room.zone }).filter(
    ({ component }) =>
      component.status !== 'CANCELLED' &&
      !component.transparent &&
      addressesOf(component).some(each => addresses.has(each)),
  )
  const first = Math.min(...own.map(({ start }) => start))
  const last = Math.max(...own.map(({ end }) => end))
  const rows = own.length === 0 ? [] : await tx.occurrencesIn(room.id, first, last)
  const others = rows.filter(row => row.uid !== event.uid && (row.busy || row.blackout))
  const taken: readonly Occurrence[] = own.filter(occurrence => others.some(other => overlaps(occurrence, other)))
  return { resourceId: room.id, addresses, taken, total: Math.max(own.length, 1) }
}

export interface Answered {
  readonly event: ScheduleEvent
  /** Resources that came with the invitation, and those that left with it. */
  readonly added: readonly number[]
  readonly removed: readonly number[]
}

/**
 * Rooms that are invited as attendees answer at once (RFC 6638, for resources only).
 * @param before the event as it was stored
 * @returns `null` where no room is concerned, and nothing is to be changed
 */
export const answerInvitations = async (
  gateway: Gateway,
  tx: Writer,
  event: ScheduleEvent,
  before: ScheduleEvent | null,
): Promise<Answered | null> => {
  if (gateway.scheduling !== 'rooms' || !isMeeting(event)) return null
  const wanted = addressesIn(event)
  const earlier = before && isMeeting(before) ? addressesIn(before) : new Set<string>()
  const now = Math.floor(Date.now() / 1000)
  const invited: Invited[] = []
  const removed: number[] = []
  for (const calendar of await allCalendars(gateway)) {
    if (!calendar.resource) continue
    const addresses = roomAddresses(gateway, calendar.resource)
    const isIn = (set: ReadonlySet<string>): boolean => [...addresses].some(address => set.has(address))
    if (isIn(wanted)) invited.push(await invitation(tx, event, calendar, addresses, now))
    else if (isIn(earlier)) removed.push(calendar.id)
  }
  const declined = invited.filter(({ resourceId }) => !acceptedIds(invited).includes(resourceId))
  return {
    event: withAnswers(event, invited),
    added: acceptedIds(invited),
    removed: [...removed, ...declined.map(({ resourceId }) => resourceId)],
  }
}
