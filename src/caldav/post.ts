import { randomUUID } from 'node:crypto'
import { contentType } from '../dav/body.ts'
import { DavError, forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import type { Method } from './gateway.ts'
import { JCAL_TYPE } from './jcal-text.ts'
import { originOf } from './locate.ts'
import { allow } from './options.ts'
import { postOutbox } from './outbox.ts'
import { hrefOf } from './places.ts'
import { registerPush } from './push.ts'
import { putAt } from './put.ts'

const CALENDAR_TYPES = new Set(['text/calendar', JCAL_TYPE])

const XML = /\/xml$/

/** What cannot be stored, said as a PUT of it would be (RFC 5995 §3.2.1). */
const refuseType = (type: string | null): DavError =>
  forbidden(caldav('supported-calendar-data'), `Events are text/calendar, not ${type ?? 'of no type'}`)

/** On a calendar: a new event under a name of our choice (RFC 5995), or a subscription to its changes (WebDAV-Push). */
export const post: Method = async exchange => {
  const { request, place, gateway } = exchange
  if (place.kind === 'outbox' && gateway.scheduling === 'rooms') return postOutbox(exchange)
  if (place.kind === 'calendar' && CALENDAR_TYPES.has(contentType(request).type ?? '')) {
    const spot = { kind: 'event', calendar: place.calendar, name: `${randomUUID()}.ics` } as const
    return putAt(exchange, spot, { Location: originOf(exchange) + hrefOf(spot) })
  }
  if (place.kind === 'calendar' && XML.test(contentType(request).type ?? ''))
    return registerPush(exchange, place.calendar)
  request.resume()
  if (place.kind === 'calendar') throw refuseType(contentType(request).type)
  throw new DavError(405, 'POST is not offered here', { headers: { Allow: allow(place.kind) } })
}
