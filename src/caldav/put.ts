import { readBody } from '../dav/body.ts'
import { quote } from '../dav/conditions.ts'
import { badRequest, DavError, needPrivilege } from '../dav/errors.ts'
import { applied } from '../dav/prefer.ts'
import { type Headers, send } from '../dav/respond.ts'
import type { ScheduleEvent } from '../schedule/event.ts'
import type { StoredEvent, Writer } from '../store/store.ts'
import { answeredText } from './answered-text.ts'
import type { CalendarObject } from './calendar-object.ts'
import { readObject } from './calendar-object.ts'
import { type Calendar, findCalendar } from './calendars.ts'
import type { Exchange, Method } from './gateway.ts'
import { getEvent } from './get.ts'
import { answerInvitations } from './invitations.ts'
import { requireWrite, requireWriteToEach } from './locate.ts'
import { hrefOf, INBOX_SEGMENT, inboxHref, OUTBOX_SEGMENT, outboxHref, type Place } from './places.ts'
import { silenced } from './push.ts'
import { actorOf, checkMember, resourcesFor, uidConflict } from './write-event.ts'

interface Placed {
  readonly stored: StoredEvent
  readonly created: boolean
}

/** A stream password is for the device alone: it is kept apart, and the text that is served does not have it. */
const holdsSecret = ({ master, overrides }: ScheduleEvent): boolean =>
  [...(master ? [master] : []), ...overrides].some(({ kaltura }) => kaltura.liveStreamPassword !== undefined)

/** Puts an event at `name`, under the conditions of the request, in one transaction. */
const place = async (
  tx: Writer,
  exchange: Exchange,
  calendar: Calendar,
  name: string,
  { event, body }: CalendarObject,
): Promise<Placed> => {
  const member = await tx.member(calendar.id, name)
  await checkMember(tx, exchange, member)
  const existing = await tx.event(event.uid)
  if (existing && member?.uid !== event.uid) {
    const elsewhere = await tx.memberOf(calendar.id, event.uid)
    if (elsewhere) throw uidConflict(calendar, elsewhere.name, event.uid)
  }
  if (member && member.uid !== event.uid) throw uidConflict(calendar, name, member.uid)
  const answered = await answerInvitations(exchange.gateway, tx, event, existing?.event ?? null)
  const ids = new Set(await resourcesFor(tx, event, existing, calendar))
  for (const id of answered?.removed ?? []) if (id !== calendar.id) ids.delete(id)
  for (const id of answered?.added ?? []) ids.add(id)
  await requireWriteToEach(exchange, tx, [...ids, ...(existing?.event.resourceIds ?? [])])
  const text = answered ? answeredText(body, event, answered.event) : body
  const read = text === body ? { meaning: event } : {}
  const given = text === null || holdsSecret(event) ? {} : { body: text, ...read }
  const stored = await tx.put(
    { ...(answered?.event ?? event), resourceIds: [...ids] },
    { ...given, name: { resourceId: calendar.id, name }, touch: true },
  )
  return { stored, created: !member }
}

const BOXES: Readonly<Record<string, string>> = { [INBOX_SEGMENT]: inboxHref, [OUTBOX_SEGMENT]: outboxHref }

/** A new event where there is no calendar has no place to be (RFC 4918 §9.7.1). */
const calendarFor = async (exchange: Exchange, { calendar: segment }: Place & { kind: 'event' }): Promise<Calendar> => {
  const calendar = await findCalendar(exchange, segment)
  const box = BOXES[segment]
  if (box && exchange.gateway.scheduling === 'rooms')
    throw needPrivilege(box, 'bind', 'Only the server puts messages here')
  if (!calendar) throw new DavError(409, 'There is no such calendar')
  return calendar
}

/** Stores the event in the body of a request at `spot`, and answers. `more`: headers of the answer. */
export const putAt = async (exchange: Exchange, spot: Place & { kind: 'event' }, more: Headers = {}): Promise<void> => {
  const { gateway, request, response, prefer } = exchange
  const calendar = await calendarFor(exchange, spot)
  requireWrite(exchange, calendar, 'write-content')
  const object = await readObject(request)
  const written = await gateway.store
    .write(actorOf(exchange), tx => place(tx, exchange, calendar, spot.name, object))
    .catch((error: unknown) => {
      if (prefer.representation && error instanceof DavError && error.status === 412) return null
      throw error
    })
  gateway.push?.notifier.silence(silenced(gateway, request.headers['push-dont-notify']))
  // RFC 9110 §9.3.4: what comes back is the event, and this is where it is.
  const representation = { ...applied('return=representation'), 'Content-Location': hrefOf(spot), ...more }
  // RFC 8144 §3.2: who asks for it gets what is there instead of what it sent.
  if (!written) return getEvent(exchange, spot, 412, representation)
  const { stored, created } = written
  if (prefer.representation) return getEvent(exchange, spot, created ? 201 : 200, representation)
  // Where what is served is not what was sent, the client has to fetch it: no ETag then (RFC 4791 §5.3.4).
  const same = calendar.kind === 'resource' && stored.body === object.sent
  const tag = gateway.scheduling === 'rooms' ? { 'Schedule-Tag': quote(stored.etag) } : {}
  send(response, created ? 201 : 204, { ...(same ? { ETag: quote(stored.etag) } : {}), ...tag, ...more })
}

export const put: Method = async exchange => {
  const { place: spot, request } = exchange
  // RFC 9110 §14.5: a part of an event is not an event.
  if (request.headers['content-range'] !== undefined) {
    request.resume()
    throw badRequest('PUT takes whole events, not parts of them (Content-Range)')
  }
  if (spot.kind === 'event') return putAt(exchange, spot)
  await readBody(request)
  throw needPrivilege(hrefOf(spot), 'write-content', 'PUT makes events, and only inside a calendar')
}
