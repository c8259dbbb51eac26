import { badRequest, DavError, needPrivilege, notFound } from '../dav/errors.ts'
import { send } from '../dav/respond.ts'
import { SCHEDULE } from '../schedule/event.ts'
import type { Member, Writer } from '../store/store.ts'
import type { Calendar } from './calendars.ts'
import { entryAt } from './entries.ts'
import type { Exchange, Method } from './gateway.ts'
import { calendarAt, originOf, requireRead, requireWrite } from './locate.ts'
import { eventHref, homeHref, hrefOf, placeOfHref } from './places.ts'
import { actorOf, checkMember, uidConflict, withResources } from './write-event.ts'

interface Spot {
  readonly calendar: Calendar
  readonly name: string
  /** Whether an event that is there may be replaced. */
  readonly overwrite: boolean
}

/** RFC 4918 §10.6: `T` where it is not said. */
const mayOverwrite = ({ request }: Exchange): boolean => {
  const overwrite = String(request.headers.overwrite ?? 'T')
    .trim()
    .toUpperCase()
  if (overwrite !== 'T' && overwrite !== 'F') throw badRequest(`Overwrite is T or F, not ${overwrite}`)
  return overwrite === 'T'
}

/** RFC 4918 §10.3: a URI on this server, absolute or a path. */
const destinationOf = async (exchange: Exchange): Promise<Spot> => {
  const { request, gateway } = exchange
  const header = request.headers.destination
  if (typeof header !== 'string') throw badRequest('COPY and MOVE need a Destination header')
  const origin = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(header)?.[1]?.toLowerCase()
  const own = [request.headers.host, gateway.config.baseUrl && new URL(gateway.config.baseUrl).host]
  if (origin !== undefined && !own.includes(origin)) {
    throw new DavError(502, `The destination is on another server: ${origin}`)
  }
  const overwrite = mayOverwrite(exchange)
  const place = placeOfHref(header)
  if (place?.kind !== 'event') throw needPrivilege(homeHref, 'bind', 'The destination is not inside a calendar')
  try {
    return { calendar: await calendarAt(exchange, place.calendar), name: place.name, overwrite }
  } catch (error) {
    if (error instanceof DavError && error.status === 404) throw new DavError(409, error.message)
    throw error
  }
}

/**
 * What the destination holds now; another event there is only replaced where the client allows it.
 * @param uid of an event that comes from another calendar, and may be in this one already
 */
const clearWay = async (tx: Writer, to: Spot, uid: string | null): Promise<Member | null> => {
  const there = await tx.member(to.calendar.id, to.name)
  if (there && !to.overwrite) {
    throw new DavError(412, 'There is an event at the destination, and Overwrite: F forbids to replace it')
  }
  if (there && there.uid !== uid) throw uidConflict(to.calendar, to.name, there.uid)
  const known = uid === null ? null : await tx.memberOf(to.calendar.id, uid)
  if (known && known.name !== to.name) throw uidConflict(to.calendar, known.name, known.uid)
  return there
}

const sorted = (ids: ReadonlySet<number>): readonly number[] => [...ids].toSorted((a, b) => a - b)

/**
 * COPY brings an event onto one more resource, MOVE from one resource to another: it stays one event, with one UID.
 * The whole schedule has every event already, so nothing is copied there.
 */
const transfer =
  (moving: boolean): Method =>
  async exchange => {
    const { gateway, request, response, place } = exchange
    request.resume()
    if (place.kind !== 'event') {
      await entryAt(exchange, place)
      throw needPrivilege(homeHref, 'bind', 'Calendars are made and removed in Kaltura')
    }
    const from = await calendarAt(exchange, place.calendar)
    if (from.kind === 'conflicts') throw needPrivilege(homeHref, 'bind', 'A conflict is not an event')
    requireRead(exchange, from)
    const to = await destinationOf(exchange)
    if (moving) requireWrite(exchange, from, 'unbind')
    requireWrite(exchange, to.calendar, 'bind')
    const created = await gateway.store.write(actorOf(exchange), async tx => {
      const member = await tx.member(from.id, place.name)
      await checkMember(tx, exchange, member)
      const stored = member && (await tx.event(member.uid))
      if (!member || !stored) throw notFound(`There is no event at ${hrefOf(place)}`)
      if (from.id === to.calendar.id && place.name === to.name) {
        throw new DavError(403, 'Source and destination are the same event')
      }
      const sameCalendar = from.id === to.calendar.id
      if (sameCalendar && !moving) throw uidConflict(from, place.name, member.uid)
      const there = await clearWay(tx, to, sameCalendar ? null : member.uid)
      const ids = new Set(stored.event.resourceIds)
      if (moving) ids.delete(from.id)
      // A new name in the same calendar: the store lets go of the old one first.
      if (sameCalendar && from.id !== SCHEDULE) await withResources(tx, stored, sorted(ids))
      if (to.calendar.id !== SCHEDULE) ids.add(to.calendar.id)
      await withResources(tx, stored, sorted(ids), { resourceId: to.calendar.id, name: to.name })
      return !there
    })
    send(
      response,
      created ? 201 : 204,
      created ? { Location: originOf(exchange) + eventHref(to.calendar.segment, to.name) } : {},
    )
  }

export const copy = transfer(false)
export const move = transfer(true)
