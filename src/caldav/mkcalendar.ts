import { readBody } from '../dav/body.ts'
import { forbidden } from '../dav/errors.ts'
import { caldav, dav } from '../dav/names.ts'
import { findEntry } from './entries.ts'
import type { Method } from './gateway.ts'

/** Calendars are the resources of the account: they come and go there, not by MKCALENDAR or MKCOL (RFC 4791 §5.3.1.1). */
export const refuseCollection: Method = async exchange => {
  await readBody(exchange.request)
  if (await findEntry(exchange, exchange.place)) {
    throw forbidden(dav('resource-must-be-null'), 'There is something at this address already')
  }
  throw forbidden(caldav('calendar-collection-location-ok'), 'Calendars are made by adding a resource in Kaltura', {
    remedy: 'Add a resource to the account: its calendar appears at the next synchronisation',
  })
}
