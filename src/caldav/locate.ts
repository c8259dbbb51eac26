import { needPrivilege, notFound } from '../dav/errors.ts'
import { type Calendar, findCalendar } from './calendars.ts'
import type { Exchange } from './gateway.ts'
import { calendarHref, hrefOf } from './places.ts'
import { rightsOf } from './rights.ts'

/** The origin clients know this gateway by, where an address has to be absolute. */
export const originOf = ({ gateway, request }: Pick<Exchange, 'gateway' | 'request'>): string =>
  gateway.config.baseUrl === null
    ? `${'encrypted' in request.socket ? 'https' : 'http'}://${request.headers.host ?? 'localhost'}`
    : new URL(gateway.config.baseUrl).origin

/** The calendar with that path segment. @throws DavError 404 */
export const calendarAt = async ({ gateway }: Pick<Exchange, 'gateway'>, segment: string): Promise<Calendar> => {
  const calendar = await findCalendar(gateway, segment)
  if (!calendar) throw notFound(`There is no calendar at ${calendarHref(segment)}`)
  return calendar
}

/** @throws DavError 403 DAV:need-privileges */
export const requireWrite = (
  { person }: Exchange,
  calendar: Calendar,
  privilege: 'bind' | 'unbind' | 'write-content',
): void => {
  const place = { kind: 'calendar', calendar: calendar.segment } as const
  if (rightsOf(person, place).write) return
  throw needPrivilege(hrefOf(place), privilege, `${person.name} may read ${calendar.name}, but not change its events`)
}
