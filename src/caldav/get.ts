import { checkConditions, formatHttpDate, quote } from '../dav/conditions.ts'
import { notFound } from '../dav/errors.ts'
import { type Headers, send } from '../dav/respond.ts'
import { calendarText } from './calendar-text.ts'
import { entryAt } from './entries.ts'
import type { Exchange, Method } from './gateway.ts'
import { calendarAt } from './locate.ts'
import { hrefOf, type Place } from './places.ts'
import { sourceOf } from './sources.ts'

const CALENDAR_TYPE = 'text/calendar; charset=utf-8'

/** @param status of a full answer, where another method answers with the event (RFC 8144 §2.2) */
export const getEvent = async (
  exchange: Exchange,
  place: Place & { kind: 'event' },
  status = 200,
  more: Headers = {},
): Promise<void> => {
  const { gateway, request, response } = exchange
  const calendar = await calendarAt(exchange, place.calendar)
  const source = sourceOf(calendar)
  const member = await source.member(gateway, calendar, place.name)
  if (!member) throw notFound(`There is no event at ${hrefOf(place)}`)
  const reading = request.method === 'GET' || request.method === 'HEAD'
  if (reading && checkConditions(request.headers, { etag: member.etag }, true)) {
    return send(response, 304, { ETag: quote(member.etag) })
  }
  const [served] = await source.load(gateway, calendar, [member])
  if (!served) throw notFound(`There is no event at ${hrefOf(place)}`)
  const headers = {
    'Content-Type': CALENDAR_TYPE,
    ETag: quote(served.member.etag),
    'Last-Modified': formatHttpDate(served.details.updatedAt),
    ...more,
  }
  send(response, status, headers, Buffer.from(served.details.body))
}

/** The whole calendar as one file: for devices and people who have only an address to enter. */
const getCalendar = async (exchange: Exchange, place: Place & { kind: 'calendar' }): Promise<void> => {
  const { gateway, request, response } = exchange
  const calendar = await calendarAt(exchange, place.calendar)
  const etag = await sourceOf(calendar).token(gateway, calendar)
  if (checkConditions(request.headers, { etag }, true)) return send(response, 304, { ETag: quote(etag) })
  const headers = { 'Content-Type': CALENDAR_TYPE, ETag: quote(etag) }
  send(response, 200, headers, Buffer.from(await calendarText(gateway, calendar)))
}

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>kaldav</title>
<p>This address is for calendar programs (CalDAV). Enter it there, with your name and password.</p></html>
`

export const get: Method = async exchange => {
  const { place, request, response } = exchange
  request.resume()
  if (place.kind === 'event') return getEvent(exchange, place)
  if (place.kind === 'calendar') return getCalendar(exchange, place)
  await entryAt(exchange, place)
  send(response, 200, { 'Content-Type': 'text/html; charset=utf-8' }, PAGE)
}
