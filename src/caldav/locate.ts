import { needPrivilege, notFound } from '../dav/errors.ts'
import { accessTo, allows, isLimited } from '../store/access.ts'
import type { Writer } from '../store/store.ts'
import { type Calendar, findCalendar } from './calendars.ts'
import type { Asking, Exchange } from './gateway.ts'
import { calendarHref, hrefOf } from './places.ts'
import { rightsOf } from './rights.ts'

/** The origin clients know this gateway by, where an address has to be absolute. */
export const originOf = ({ gateway, request }: Pick<Exchange, 'gateway' | 'request'>): string =>
  gateway.config.baseUrl === null
    ? `${'encrypted' in request.socket ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`
    : new URL(gateway.config.baseUrl).origin

/** The calendar with that path segment. @throws DavError 404 */
export const calendarAt = async (exchange: Asking, segment: string): Promise<Calendar> => {
  const calendar = await findCalendar(exchange, segment)
  if (!calendar) throw notFound(`There is no calendar at ${calendarHref(segment)}`)
  return calendar
}

/** Events whose times alone are seen cannot be taken elsewhere. @throws DavError 403 DAV:need-privileges */
export const requireRead = ({ person }: Exchange, calendar: Calendar): void => {
  const place = { kind: 'calendar', calendar: calendar.segment } as const
  if (allows(rightsOf(person, place), 'read')) return
  throw needPrivilege(hrefOf(place), 'read', `${person.name} sees when ${calendar.name} is taken, but not by what`)
}

/** @throws DavError 403 DAV:need-privileges */
export const requireWrite = (
  { person }: Exchange,
  calendar: Calendar,
  privilege: 'bind' | 'unbind' | 'write-content',
): void => {
  const place = { kind: 'calendar', calendar: calendar.segment } as const
  if (rightsOf(person, place) === 'write') return
  throw needPrivilege(hrefOf(place), privilege, `${person.name} may read ${calendar.name}, but not change its events`)
}

/**
 * An event on several resources is one event: who changes it in one calendar changes it in all.
 * @throws DavError 403 DAV:need-privileges
 */
export const requireWriteToEach = async (
  exchange: Exchange,
  tx: Writer,
  resourceIds: Iterable<number>,
): Promise<void> => {
  const { person } = exchange
  if (!isLimited(person)) return
  const ids = new Set(resourceIds)
  for (const { id, systemName, name } of await tx.resources()) {
    if (!ids.has(id) || accessTo(person, systemName) === 'write') continue
    const message = `The event is on ${name} as well, whose events ${person.name} may not change`
    throw needPrivilege(calendarHref(systemName), 'write-content', message)
  }
}
