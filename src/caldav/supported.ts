import { caldav, calendarserver, dav } from '../dav/names.ts'
import { element } from '../dav/write.ts'
import type { Kind } from './places.ts'

/** Where each report can be asked. The functions that answer them are in `report.ts`. */
const EVERYWHERE: readonly Kind[] = [
  ...([
    'root',
    'principals',
    'users',
    'rooms',
    'user',
    'room',
    'home',
    'calendar',
    'event',
    'inbox',
    'outbox',
  ] as const),
]
const PRINCIPALS: readonly Kind[] = ['root', 'principals', 'users', 'rooms', 'user', 'room']

const EVENTS: readonly Kind[] = ['calendar', 'event', 'home', 'inbox', 'outbox']

export const REPORT_KINDS: Readonly<Record<string, readonly Kind[]>> = {
  [caldav('calendar-query')]: EVENTS,
  [caldav('calendar-multiget')]: EVENTS,
  [caldav('free-busy-query')]: ['calendar', 'home'],
  [dav('sync-collection')]: ['calendar', 'home', 'inbox', 'outbox'],
  [dav('expand-property')]: EVERYWHERE,
  [dav('acl-principal-prop-set')]: EVERYWHERE,
  [dav('principal-match')]: EVERYWHERE,
  [dav('principal-property-search')]: EVERYWHERE,
  [dav('principal-search-property-set')]: PRINCIPALS,
  [calendarserver('calendarserver-principal-search')]: EVERYWHERE,
}

const set = (names: readonly string[]): string =>
  names.map(name => element(dav('supported-report'), element(dav('report'), element(name)))).join('')

const cached = new Map<string, string>()

/** DAV:supported-report-set (RFC 3253 §3.1.5). `logged`: whether the changes of a collection are in the change log. */
export const supportedReports = (kind: Kind, logged = true): string => {
  const key = `${kind} ${logged}`
  const names = Object.keys(REPORT_KINDS).filter(name => logged || name !== dav('sync-collection'))
  const known = cached.get(key) ?? set(names.filter(name => REPORT_KINDS[name]?.includes(kind)))
  cached.set(key, known)
  return known
}
