import { readXml } from '../dav/body.ts'
import { badRequest, forbidden } from '../dav/errors.ts'
import { caldav, calendarserver, dav } from '../dav/names.ts'
import type { XmlNode } from '../dav/xml.ts'
import { expandProperty } from './expand-property.ts'
import { freeBusyQuery } from './free-busy.ts'
import type { Exchange, Method } from './gateway.ts'
import { multiget } from './multiget.ts'
import {
  aclPrincipalPropSet,
  calendarserverPrincipalSearch,
  principalMatch,
  principalPropertySearch,
  principalSearchPropertySet,
} from './principal-search.ts'
import { query } from './query.ts'
import { REPORT_KINDS } from './supported.ts'
import { syncCollection } from './sync.ts'

export type Report = (exchange: Exchange, body: XmlNode) => Promise<void>

const REPORTS: Readonly<Record<string, Report>> = {
  [caldav('calendar-query')]: query,
  [caldav('calendar-multiget')]: multiget,
  [caldav('free-busy-query')]: freeBusyQuery,
  [dav('sync-collection')]: syncCollection,
  [dav('expand-property')]: expandProperty,
  [dav('acl-principal-prop-set')]: aclPrincipalPropSet,
  [dav('principal-match')]: principalMatch,
  [dav('principal-property-search')]: principalPropertySearch,
  [dav('principal-search-property-set')]: principalSearchPropertySet,
  [calendarserver('calendarserver-principal-search')]: calendarserverPrincipalSearch,
}

/** RFC 3253 §3.6. @throws DavError 403 DAV:supported-report for one that is not answered here */
export const report: Method = async exchange => {
  const body = await readXml(exchange.request)
  if (!body) throw badRequest('A REPORT needs a body that names it')
  const run = REPORTS[body.name]
  if (!run || !REPORT_KINDS[body.name]?.includes(exchange.place.kind)) {
    throw forbidden(dav('supported-report'), `The report ${body.name} is not answered here`)
  }
  await run(exchange, body)
}
