import { DavError } from '../dav/errors.ts'
import { statusResponse } from '../dav/multistatus.ts'
import { dav } from '../dav/names.ts'
import { whenMinimal } from '../dav/prefer.ts'
import { propertyRequest } from '../dav/propfind.ts'
import { sendMultistatus } from '../dav/respond.ts'
import { textElement } from '../dav/write.ts'
import type { XmlNode } from '../dav/xml.ts'
import { calendarState } from '../store/calendar-reads.ts'
import type { CalendarChanges } from '../store/store.ts'
import type { Calendar } from './calendars.ts'
import { entryAt, memberResponses, type Question } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { syncHome } from './home.ts'
import { calendarAt } from './locate.ts'
import { calendarHref, eventHref } from './places.ts'
import type { Report } from './report.ts'
import { isInfinite, limitOf, syncTokenIn } from './sync-request.ts'
import { EMPTY_TOKEN, formatToken, invalidToken, parseToken } from './tokens.ts'
import { markOf, viewOf } from './withheld.ts'

/** The answer was cut off; the next request with the new token goes on (RFC 6578 §3.6). */
const cutOff = (calendar: Calendar): string =>
  statusResponse(
    calendarHref(calendar.segment),
    507,
    new DavError(507, 'There is more', { condition: dav('number-of-matches-within-limits') }),
  )

async function* responses(
  exchange: Exchange,
  calendar: Calendar,
  changes: CalendarChanges,
  question: Question,
  token: string,
): AsyncGenerator<string> {
  yield* memberResponses(exchange, calendar, changes.changed, question)
  let rest = ''
  for (const name of changes.removed) rest += statusResponse(eventHref(calendar.segment, name), 404)
  yield rest + (changes.truncated ? cutOff(calendar) : '') + textElement(dav('sync-token'), token)
}

/** RFC 6578 on a calendar: the change log since a token, an empty token meaning from the beginning. */
export const syncCalendar = async (exchange: Exchange, body: XmlNode, segment: string): Promise<void> => {
  const { gateway, prefer, response } = exchange
  const calendar = await calendarAt(exchange, segment)
  if (calendar.kind === 'conflicts') {
    throw new DavError(403, 'The conflicts are not in the change log', { condition: dav('supported-report') })
  }
  // A calendar has nothing below its events: both levels mean the same.
  isInfinite(body, exchange.request.headers.depth)
  const { epoch, token: current } = await calendarState(gateway.store, calendar.id)
  const mark = markOf(viewOf(exchange.person, segment))
  const given = syncTokenIn(body)
  const since = given === '' ? 0 : parseToken(given, epoch, calendar.id, mark)
  // Most requests only learn that there is nothing new.
  const changes =
    since === current && since > 0
      ? { token: since, changed: [], removed: [], truncated: false }
      : await gateway.store.changesSince(calendar.id, since, limitOf(body))
  const question = { request: propertyRequest(body), minimal: prefer.minimal, personal: new Map() }
  const token = formatToken(epoch, calendar.id, changes.token) + mark
  await sendMultistatus(response, responses(exchange, calendar, changes, question, token), whenMinimal(prefer))
}

/** The inbox and the outbox, which Apple's clients synchronise as calendars. */
const syncEmpty = async (exchange: Exchange, body: XmlNode): Promise<void> => {
  await entryAt(exchange, exchange.place)
  isInfinite(body, exchange.request.headers.depth)
  limitOf(body)
  const given = syncTokenIn(body)
  if (given !== '' && given !== EMPTY_TOKEN) throw invalidToken()
  const token = textElement(dav('sync-token'), EMPTY_TOKEN)
  await sendMultistatus(exchange.response, [token], whenMinimal(exchange.prefer))
}

export const syncCollection: Report = async (exchange, body) => {
  const { place } = exchange
  if (place.kind === 'calendar') return syncCalendar(exchange, body, place.calendar)
  await (place.kind === 'home' ? syncHome(exchange, body) : syncEmpty(exchange, body))
}
