/** The requests of calendar clients, as they go over the wire. */
import type { Access } from '../test/conformance/support/dav.ts'
import { counted, range } from './data.ts'
import { request } from './load-client.ts'

const xml = { 'content-type': 'application/xml; charset=utf-8' }
const spaces = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
const prolog = '<?xml version="1.0" encoding="utf-8"?>'

const report = (access: Access, url: string, depth: 0 | 1, body: string) =>
  request(access, 'REPORT', url, { ...xml, depth: String(depth) }, prolog + body)

/** RFC 4791 §7.8: events between two days from today; `data` also asks for their text. */
export const calendarQuery = (access: Access, url: string, from: number, to: number, data: boolean): string =>
  report(
    access,
    url,
    1,
    `<C:calendar-query ${spaces}><D:prop><D:getetag/>${data ? '<C:calendar-data/>' : ''}</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range ${range(from, to)}/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`,
  )

/** RFC 4791 §7.10. */
export const freeBusyQuery = (access: Access, url: string, from: number, to: number): string =>
  report(access, url, 1, `<C:free-busy-query ${spaces}><C:time-range ${range(from, to)}/></C:free-busy-query>`)

/** RFC 6578 §3.2. */
export const syncCollection = (access: Access, url: string, token: string): string =>
  report(
    access,
    url,
    0,
    `<D:sync-collection ${spaces}><D:sync-token>${token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`,
  )

/** RFC 4791 §7.9. */
export const multiget = (access: Access, url: string, hrefs: readonly string[]): string =>
  report(
    access,
    url,
    1,
    `<C:calendar-multiget ${spaces}><D:prop><D:getetag/><C:calendar-data/></D:prop>${hrefs.map(href => `<D:href>${href}</D:href>`).join('')}</C:calendar-multiget>`,
  )

const propfind = (access: Access, url: string, properties: string) =>
  request(
    access,
    'PROPFIND',
    url,
    { ...xml, depth: '1' },
    `${prolog}<D:propfind ${spaces} xmlns:A="http://apple.com/ns/ical/" xmlns:CS="http://calendarserver.org/ns/"><D:prop>${properties}</D:prop></D:propfind>`,
  )

export const listMembers = (access: Access, url: string): string => propfind(access, url, '<D:getetag/>')

/** What clients ask of a home: who it is, what it holds, whether it changed. */
export const listHome = (access: Access, url: string): string =>
  propfind(
    access,
    url,
    '<D:resourcetype/><D:displayname/><D:sync-token/><CS:getctag/><A:calendar-color/><C:supported-calendar-component-set/><D:current-user-privilege-set/>',
  )

/** A new event at a name and a time of its own. */
export const putNew = (access: Access, url: string): string =>
  request(access, 'PUT', `${url}new-@@@@@@@@.ics`, { 'content-type': 'text/calendar; charset=utf-8' }, counted)

export const getFeed = (url: string, etag: string): string => request(null, 'GET', url, { 'if-none-match': etag })
