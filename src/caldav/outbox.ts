import { contentType, decodeText, readBody } from '../dav/body.ts'
import { type DavError, forbidden, needPrivilege } from '../dav/errors.ts'
import { caldav, dav } from '../dav/names.ts'
import { sendXml } from '../dav/respond.ts'
import { document, element, textElement } from '../dav/write.ts'
import type { Window } from '../schedule/recurrence.ts'
import { busyTimes, freeBusyText } from './busy-times.ts'
import { type Calendar, calendarsFor } from './calendars.ts'
import { type Block, type Line, lineValue, parseBlocks } from './content.ts'
import { busyPeriods, closedPeriods } from './free-busy.ts'
import type { Exchange, Method } from './gateway.ts'
import { lineSpans } from './line-time.ts'
import { personalOf } from './personal.ts'
import { outboxHref } from './places.ts'
import { roomAddresses } from './principals.ts'
import { mayAskRooms } from './rights.ts'

const invalid = (message: string): DavError => forbidden(caldav('valid-scheduling-message'), message)

interface Request {
  readonly window: Window
  readonly attendees: readonly Line[]
  /** Lines the answer repeats. */
  readonly kept: readonly string[]
}

const KEPT = new Set(['UID', 'ORGANIZER'])

/** @throws DavError 403 for bytes that are no text of the charset they claim */
const textIn = (bytes: Buffer, charset: string | null): string => {
  try {
    return decodeText(bytes, charset)
  } catch {
    throw forbidden(caldav('valid-calendar-data'), `The body is not valid ${charset ?? 'UTF-8'}`)
  }
}

const parseRequest = (text: string): Request => {
  const calendar = parseBlocks(text)
  if (calendar.name !== 'VCALENDAR') throw forbidden(caldav('valid-calendar-data'), 'The body is no VCALENDAR')
  const line = (block: Block, name: string) => block.lines.find(candidate => candidate.name === name)
  const method = line(calendar, 'METHOD')
  const [busy, second] = calendar.blocks.filter(({ name }) => name === 'VFREEBUSY')
  if (second) throw invalid('A message asks for one VFREEBUSY')
  if (!busy || !method || lineValue(method).trim().toUpperCase() !== 'REQUEST') {
    throw invalid('The outbox takes VFREEBUSY with METHOD:REQUEST')
  }
  const [start, end] = ['DTSTART', 'DTEND'].map(name => {
    const found = line(busy, name)
    return found ? lineSpans(found, 'UTC')[0]?.[0] : undefined
  })
  if (start === undefined || end === undefined || start >= end)
    throw invalid('DTSTART and DTEND bound the time asked for')
  const attendees = busy.lines.filter(({ name }) => name === 'ATTENDEE')
  if (attendees.length === 0) throw invalid('There is no ATTENDEE')
  // RFC 5546 §3.3.2: the answer goes to somebody.
  if (!line(busy, 'ORGANIZER')) throw invalid('There is no ORGANIZER')
  const kept = busy.lines.filter(({ name }) => KEPT.has(name)).map(({ text: kept }) => kept)
  return { window: { from: start, to: end }, attendees, kept }
}

const answerFor = async (
  exchange: Exchange,
  asked: Request,
  attendee: Line,
  room: Calendar | null,
): Promise<string> => {
  const recipient = element(caldav('recipient'), textElement(dav('href'), lineValue(attendee).trim()))
  const status = (text: string): string => textElement(caldav('request-status'), text)
  if (!room) return element(caldav('response'), recipient + status('3.7;Invalid calendar user'))
  const { window } = asked
  const personal = await personalOf(exchange)
  const busy = await busyPeriods(exchange.gateway, room, window)
  const periods = busyTimes([...busy, ...closedPeriods(room, window, personal)], window)
  const lines = [...asked.kept, attendee.text]
  const text = await freeBusyText(periods, window, Math.floor(Date.now() / 1000), { method: 'REPLY', lines })
  return element(caldav('response'), recipient + status('2.0;Success') + textElement(caldav('calendar-data'), text))
}

/** Free/busy of rooms for whoever plans a meeting (RFC 6638 §5); people are asked in their own systems. */
export const postOutbox: Method = async exchange => {
  const { gateway, person, request, response } = exchange
  if (!mayAskRooms(person)) {
    throw needPrivilege(outboxHref, caldav('schedule-send-freebusy'), `${person.name} may not book rooms`)
  }
  const { type, charset } = contentType(request)
  const bytes = await readBody(request)
  if (type !== 'text/calendar') throw forbidden(caldav('supported-calendar-data'), 'The outbox takes text/calendar')
  const asked = parseRequest(textIn(bytes, charset))
  const rooms = (await calendarsFor(exchange)).flatMap(calendar =>
    calendar.resource ? [{ calendar, addresses: roomAddresses(gateway, calendar.resource) }] : [],
  )
  let body = ''
  for (const attendee of asked.attendees) {
    const address = lineValue(attendee).trim().toLowerCase()
    const room = rooms.find(({ addresses }) => addresses.has(address))
    body += await answerFor(exchange, asked, attendee, room?.calendar ?? null)
  }
  sendXml(response, 200, document(caldav('schedule-response'), body))
}
