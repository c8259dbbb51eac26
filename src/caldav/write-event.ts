import { checkConditions } from '../dav/conditions.ts'
import { type DavError, forbidden } from '../dav/errors.ts'
import { taggedUris } from '../dav/if-header.ts'
import { caldav, dav } from '../dav/names.ts'
import { textElement } from '../dav/write.ts'
import { SCHEDULE, type ScheduleEvent } from '../schedule/event.ts'
import type { Actor, StoredEvent, Writer } from '../store/store.ts'
import type { Member } from '../store/types.ts'
import { answeredText } from './answered-text.ts'
import { type Calendar, findCalendar } from './calendars.ts'
import type { Exchange } from './gateway.ts'
import { eventHref, placeOfHref } from './places.ts'
import { isMeeting, withRefusal } from './room-answers.ts'
import { etagAs, viewOf } from './withheld.ts'

export const actorOf = ({ person }: Exchange): Actor => ({ source: 'caldav', user: person.name, run: null })

/** The ETag a person was told, who may see less than the event. */
const etagFor = ({ person }: Exchange, segment: string, { etag }: Member): string =>
  etagAs(viewOf(person, segment), etag)

/** What an If header asks about (RFC 4918 §10.4): events, by the URIs it gives them. */
const taggedEtags = async (tx: Writer, exchange: Exchange): Promise<ReadonlyMap<string, string | null>> => {
  const found = new Map<string, string | null>()
  const header = exchange.request.headers.if
  for (const uri of typeof header === 'string' ? taggedUris(header) : []) {
    const place = placeOfHref(uri)
    const calendar = place?.kind === 'event' ? await findCalendar(exchange, place.calendar) : null
    const member = place?.kind === 'event' && calendar ? await tx.member(calendar.id, place.name) : null
    found.set(uri, member && place?.kind === 'event' ? etagFor(exchange, place.calendar, member) : null)
  }
  return found
}

/**
 * The conditions of a request that changes what is there; when that was changed is looked up only where one asks for it.
 * @throws DavError 412
 */
export const checkMember = async (tx: Writer, exchange: Exchange, member: Member | null): Promise<void> => {
  const { request } = exchange
  const dated = request.headers['if-unmodified-since'] !== undefined
  const lastModified = dated && member ? ((await tx.event(member.uid))?.updatedAt ?? null) : null
  const tagged = await taggedEtags(tx, exchange)
  const { place } = exchange
  const etag = member && place.kind === 'event' ? etagFor(exchange, place.calendar, member) : (member?.etag ?? null)
  checkConditions(request.headers, { etag, lastModified, tagged }, false)
}

/** RFC 4791 §5.3.2.1: the href lets a client that lost track find its event again. */
export const uidConflict = (calendar: Calendar, name: string, uid: string): DavError =>
  forbidden(caldav('no-uid-conflict'), `The event ${uid} is in this calendar already, at another address`, {
    content: textElement(dav('href'), eventHref(calendar.segment, name)),
    remedy: 'Change the event at that address',
  })

/** The same event on other resources; the store keeps the client's text where that does not name others. */
export const withResources = (
  tx: Writer,
  stored: StoredEvent,
  resourceIds: readonly number[],
  name?: { readonly resourceId: number; readonly name: string },
): Promise<StoredEvent> => tx.put({ ...stored.event, resourceIds }, name ? { name, touch: true } : {})

/**
 * One resource less; without any left, or from the whole schedule, the event itself.
 * @param refusing addresses of a room that declines by it (RFC 6638 §3.2.2)
 */
export const removeFrom = async (
  tx: Writer,
  calendar: Calendar,
  uid: string,
  refusing: ReadonlySet<string> | null,
): Promise<void> => {
  const stored = await tx.event(uid)
  if (!stored) return
  const rest = stored.event.resourceIds.filter(id => id !== calendar.id)
  if (calendar.id === SCHEDULE || rest.length === 0) await tx.remove(uid)
  else if (!refusing || !isMeeting(stored.event)) await withResources(tx, stored, rest)
  else {
    const event = { ...withRefusal(stored.event, refusing), resourceIds: rest }
    const body = answeredText(stored.body, stored.event, event)
    await tx.put(event, body === null ? {} : { body })
  }
}

/**
 * The resources of an event that was sent to `calendar`: that one, and those it names itself; where it names none,
 * those it has already. Ids nobody knows are left out.
 */
export const resourcesFor = async (
  tx: Writer,
  sent: ScheduleEvent,
  existing: StoredEvent | null,
  calendar: Calendar,
): Promise<readonly number[]> => {
  const ids = new Set(existing?.event.resourceIds ?? [])
  if (sent.resourceIds.length > 0) {
    const known = new Set((await tx.resources()).map(({ id }) => id))
    ids.clear()
    for (const id of sent.resourceIds) if (known.has(id)) ids.add(id)
  }
  if (calendar.id !== SCHEDULE) ids.add(calendar.id)
  return [...ids].toSorted((a, b) => a - b)
}
