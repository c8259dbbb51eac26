import { checkConditions, formatHttpDate, quote } from '../dav/conditions.ts'
import { notFound } from '../dav/errors.ts'
import { type Headers, send, sendParts } from '../dav/respond.ts'
import { calendarJcal, calendarText } from './calendar-text.ts'
import { entryAt } from './entries.ts'
import type { Exchange, Method } from './gateway.ts'
import { JCAL_TYPE, jcalText, wantsJcal } from './jcal-text.ts'
import { calendarAt } from './locate.ts'
import { hrefOf, type Place } from './places.ts'
import { EVENT_TYPE, PAGE } from './properties.ts'
import { loadFor, sourceOf } from './sources.ts'
import { chooseTimezones, timezoneChoice } from './timezone-choice.ts'
import { etagAs, markOf, viewOf } from './withheld.ts'

/** @param status of a full answer, where another method answers with the event (RFC 8144 §2.2) */
export const getEvent = async (
  exchange: Exchange,
  place: Place & { kind: 'event' },
  status = 200,
  more: Headers = {},
): Promise<void> => {
  const { gateway, request, response, person } = exchange
  const calendar = await calendarAt(exchange, place.calendar)
  const source = sourceOf(calendar)
  const member = await source.member(gateway, calendar, place.name)
  if (!member) throw notFound(`There is no event at ${hrefOf(place)}`)
  const reading = request.method === 'GET' || request.method === 'HEAD'
  const view = viewOf(person, calendar.segment)
  const known = etagAs(view, member.etag)
  if (reading && checkConditions(request.headers, { etag: known }, true)) {
    return send(response, 304, { ETag: quote(known) })
  }
  const [served] = await loadFor(exchange, calendar, [member])
  if (!served) throw notFound(`There is no event at ${hrefOf(place)}`)
  const { updatedAt } = served.details
  const etag = etagAs(view, served.member.etag)
  // The flags of the whole schedule move without a change of the event.
  const dated = reading && calendar.kind === 'resource'
  if (dated && checkConditions(request.headers, { etag, lastModified: updatedAt }, true)) {
    return send(response, 304, { ETag: quote(etag) })
  }
  const body = chooseTimezones(served.details.body, timezoneChoice(request.headers))
  // Who sends jCal and names no type to be answered in means the type it sent.
  const json = wantsJcal(request.headers.accept ?? (reading ? undefined : request.headers['content-type']))
  const headers = {
    'Content-Type': json ? `${JCAL_TYPE}; charset=utf-8` : EVENT_TYPE,
    ETag: quote(etag),
    'Last-Modified': formatHttpDate(updatedAt),
    Vary: 'Accept, CalDAV-Timezones',
    ...(gateway.scheduling === 'rooms' ? { 'Schedule-Tag': quote(etag) } : {}),
    ...more,
  }
  send(response, status, headers, Buffer.from(json ? jcalText(body) : body))
}

/** The whole calendar as one file: for devices and people who have only an address to enter. */
const getCalendar = async (exchange: Exchange, place: Place & { kind: 'calendar' }): Promise<void> => {
  const { gateway, request, response } = exchange
  const calendar = await calendarAt(exchange, place.calendar)
  const mark = markOf(viewOf(exchange.person, calendar.segment))
  const etag = (await sourceOf(calendar).token(gateway, calendar)) + mark
  if (checkConditions(request.headers, { etag }, true)) return send(response, 304, { ETag: quote(etag) })
  const headers = { ETag: quote(etag), Vary: 'Accept' }
  if (wantsJcal(request.headers.accept)) {
    const type = { 'Content-Type': `${JCAL_TYPE}; charset=utf-8` }
    return sendParts(response, { ...headers, ...type }, calendarJcal(exchange, calendar, etag))
  }
  const { length, parts } = await calendarText(exchange, calendar, etag)
  await sendParts(response, { ...headers, 'Content-Type': EVENT_TYPE, 'Content-Length': String(length) }, parts)
}

export const get: Method = async exchange => {
  const { place, request, response } = exchange
  request.resume()
  if (place.kind === 'event') return getEvent(exchange, place)
  if (place.kind === 'calendar') return getCalendar(exchange, place)
  await entryAt(exchange, place)
  send(response, 200, { 'Content-Type': 'text/html; charset=utf-8' }, PAGE)
}
