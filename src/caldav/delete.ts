import { needPrivilege, notFound } from '../dav/errors.ts'
import { send } from '../dav/respond.ts'
import type { Calendar } from './calendars.ts'
import { entryAt } from './entries.ts'
import type { Exchange, Method } from './gateway.ts'
import { calendarAt, requireWrite } from './locate.ts'
import { homeHref, hrefOf } from './places.ts'
import { roomAddresses } from './principals.ts'
import { removePush, silenced } from './push.ts'
import { actorOf, checkMember, removeFrom } from './write-event.ts'

/** The room that declines when its event is deleted, by its addresses; a client may ask for silence (RFC 6638 §8.1). */
const refusing = ({ gateway, request }: Exchange, { resource }: Calendar): ReadonlySet<string> | null => {
  const silent =
    String(request.headers['schedule-reply'] ?? 'T')
      .trim()
      .toUpperCase() === 'F'
  return gateway.scheduling === 'rooms' && resource && !silent ? roomAddresses(gateway, resource) : null
}

/** In a room's calendar the event gives up the room; with its last room, or in the whole schedule, it is gone. */
export const remove: Method = async exchange => {
  const { gateway, request, response, place } = exchange
  request.resume()
  if (place.kind === 'subscription') return removePush(exchange)
  if (place.kind !== 'event') {
    await entryAt(exchange, place)
    throw needPrivilege(homeHref, 'unbind', 'Calendars are removed in Kaltura, not here')
  }
  const calendar = await calendarAt(exchange, place.calendar)
  requireWrite(exchange, calendar, 'unbind')
  await gateway.store.write(actorOf(exchange), async tx => {
    const member = await tx.member(calendar.id, place.name)
    await checkMember(tx, exchange, member)
    if (!member) throw notFound(`There is no event at ${hrefOf(place)}`)
    await removeFrom(tx, calendar, member.uid, refusing(exchange, calendar))
  })
  gateway.push?.notifier.silence(silenced(gateway, request.headers['push-dont-notify']))
  send(response, 204)
}
