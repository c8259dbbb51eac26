/** Whether an item of a room's calendar claims the room, and what the room has answered to our own invitations. */
import { timeKey } from '../../src/schedule/event.ts'
import { type Calendar, exceptionsOf, getEvent, proveAccess, type Series } from './series.ts'
import { type Context, type GoogleEvent, occurrenceOf, roomAnswer, timeIn } from './translate.ts'

/** `gone`: cancelled, or a meeting of others that the room has declined. `kept`: ours, though the room has declined. */
export type Claim =
  | { readonly kind: 'claim'; readonly series: Series; readonly declined: string | null }
  | { readonly kind: 'gone' }
  | { readonly kind: 'kept'; readonly uid: string | null; readonly declined: string }

const isOff = (item: GoogleEvent): boolean => item.status === 'cancelled' || roomAnswer(item) === 'declined'
const isTaken = (item: GoogleEvent): boolean =>
  item.status !== 'cancelled' && ['accepted', 'tentative'].includes(roomAnswer(item) ?? '')

const allDeclined = 'The room has declined the invitation: it is taken or closed at that time.'

export async function claimOf(calendar: Calendar, id: string, series: Series, context: Context): Promise<Claim> {
  const { master, exceptions } = series
  const invited = calendar.organizer !== null && calendar.identity.isOurs(id)
  if (master && isOff(master)) {
    if (invited) return answerTo(calendar, id, context)
    // A series may be declined as a whole, and single occurrences of it accepted.
    const taken = master.status === 'cancelled' ? [] : exceptions.filter(isTaken)
    return taken.length > 0 ? { kind: 'claim', series: { master: null, exceptions: taken }, declined: null } : gone
  }
  if (!master && exceptions.every(isOff)) return gone
  if (!invited || !master || !exceptions.some(isOff)) return { kind: 'claim', series, declined: null }
  return occurrencesKept(calendar, master, exceptions, context)
}

const gone = { kind: 'gone' } as const

/** Our own invitation: declined by the room, or cancelled by somebody at the organizer's? Only that calendar knows. */
async function answerTo(calendar: Calendar, id: string, context: Context): Promise<Claim> {
  const home = calendar.organizer ?? calendar.calendarId
  const meeting = await getEvent(calendar, id, home)
  if (!meeting) await proveAccess(calendar, home)
  return isInvited(meeting, calendar.calendarId)
    ? { kind: 'kept', uid: context.uidOf(meeting), declined: allDeclined }
    : gone
}

/** Whether a meeting of the organizer's takes place and has the room among its guests. */
export function isInvited(meeting: GoogleEvent | null, room: string): meeting is GoogleEvent {
  if (!meeting || meeting.status === 'cancelled') return false
  const { attendees, attendeesOmitted } = meeting
  return attendeesOmitted === true || !attendees || attendees.some(({ email }) => isSame(email, room))
}

export const isSame = (email: string | null | undefined, address: string): boolean =>
  email?.toLowerCase() === address.toLowerCase()

/** The room may decline single occurrences of ours; what the organizer has not cancelled stays in our schedule. */
async function occurrencesKept(
  calendar: Calendar,
  master: GoogleEvent,
  exceptions: readonly GoogleEvent[],
  context: Context,
): Promise<Claim> {
  const home = { ...calendar, calendarId: calendar.organizer ?? calendar.calendarId }
  const like = timeIn(master.start, context.zone)
  const keyOf = (item: GoogleEvent): string => {
    const original = occurrenceOf(item, like, context)
    return original ? timeKey(original) : (item.id ?? '')
  }
  const there = new Map((await exceptionsOf(home, master)).map(item => [keyOf(item), item]))
  const declined: string[] = []
  const kept: GoogleEvent[] = []
  for (const item of exceptions) {
    const key = keyOf(item)
    const meeting = there.get(key)
    if (!isOff(item) || meeting?.status === 'cancelled') kept.push(item)
    else {
      declined.push(key.slice(0, 16).replace('T', ' '))
      if (meeting) kept.push(meeting)
    }
  }
  const days = declined.sort().join(', ')
  const reason = days ? `The room has declined single occurrences: it is taken or closed at ${days}.` : null
  return { kind: 'claim', series: { master, exceptions: kept }, declined: reason }
}
