import type { IncomingMessage } from 'node:http'
import { contentType, decodeText, MAX_BODY, readBody } from '../dav/body.ts'
import { DavError, type DavErrorOptions, forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import type { ScheduleEvent } from '../schedule/event.ts'
import { type ParsedCalendar, parseCalendar } from '../schedule/ical.ts'
import { checkRecurrence } from '../schedule/recurrence.ts'
import { resolveZone } from '../schedule/timezone.ts'
import { type Block, type Line, lineValue, parseBlocks } from './content.ts'
import { JCAL_TYPE, textOfJcal } from './jcal-text.ts'
import { formProblem } from './object-form.ts'
import { checkLimits } from './object-limits.ts'
import { repairText } from './repair.ts'

/** A calendar object as it was sent (RFC 4791 §4.1): one event and the text it came in. */
export interface CalendarObject {
  readonly event: ScheduleEvent
  /** iCalendar, whatever it came as. */
  readonly body: string
  /** The body of the request: where it is not what is served, the client has to know. */
  readonly sent: string
}

const refuse = (condition: string, message: string, remedy?: string): DavError =>
  forbidden(caldav(condition), message, remedy === undefined ? {} : { remedy })

/** Types under which calendar objects come; a client that names none means this one. */
const TYPES = new Set<string | null>([null, 'text/calendar', 'application/ics', JCAL_TYPE])

const readText = async (request: IncomingMessage): Promise<{ text: string; type: string | null }> => {
  const { type, charset } = contentType(request)
  const bytes = await readBody(request).catch((error: unknown) => {
    if (!(error instanceof DavError && error.status === 413)) throw error
    const options: DavErrorOptions = { headers: error.headers, remedy: 'Leave attachments out' }
    throw forbidden(caldav('max-resource-size'), `An event may have ${MAX_BODY} bytes at most`, options)
  })
  if (!TYPES.has(type)) throw refuse('supported-calendar-data', `Events are text/calendar, not ${type}`)
  try {
    return { text: decodeText(bytes, charset), type }
  } catch {
    throw refuse('valid-calendar-data', `The body is not valid ${charset ?? 'UTF-8'}`, 'Send it as UTF-8')
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 5545 §3.1 CONTROL, and what no report could carry (XML 1.0 §2.2)
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length

const checkText = (text: string): void => {
  const control = CONTROL.exec(text)
  if (control) {
    throw refuse('valid-calendar-data', `Line ${lineAt(text, control.index)} has a control character in it`)
  }
  const calendars = text.match(/^\ufeff?BEGIN:VCALENDAR[ \t]*$/gim)?.length ?? 0
  if (calendars === 0) throw refuse('valid-calendar-data', 'The body has no BEGIN:VCALENDAR line')
  if (calendars > 1) throw refuse('valid-calendar-object-resource', 'The body has more than one VCALENDAR')
}

/** RFC 4791 §4.1: one UID, one kind of component, no METHOD. */
const checkShape = (parsed: ParsedCalendar): void => {
  if (parsed.method !== null) {
    throw refuse(
      'valid-calendar-object-resource',
      `METHOD:${parsed.method} makes this a message, not an event to store`,
      'Leave the METHOD line out',
    )
  }
  const others = [...new Set(parsed.otherComponents)]
  if (others.length > 0 && parsed.events.length > 0) {
    throw refuse('valid-calendar-object-resource', `The body mixes VEVENT with ${others.join(', ')}`)
  }
  if (others.length > 0) {
    throw refuse('supported-calendar-component', `A room holds events (VEVENT), not ${others.join(', ')}`)
  }
}

const isDateLine = (line: Line | undefined): boolean => line !== undefined && /^\d{8}$/.test(lineValue(line).trim())

/**
 * RECURRENCE-ID has the value type of the series' DTSTART (RFC 5545 §3.8.4.4). We could guess what is meant; those who
 * get the text as it is cannot.
 */
const checkRecurrenceIds = (body: string): void => {
  if (!/^RECURRENCE-ID/im.test(body)) return
  const events = parseBlocks(body).blocks.filter(({ name }) => name === 'VEVENT')
  const line = (block: Block, name: string) => block.lines.find(candidate => candidate.name === name)
  const master = events.find(event => !line(event, 'RECURRENCE-ID'))
  const start = master && line(master, 'DTSTART')
  if (!start) return
  for (const event of events) {
    const id = line(event, 'RECURRENCE-ID')
    if (!id || isDateLine(id) === isDateLine(start)) continue
    const types = isDateLine(id) ? 'a date, but the series has times' : 'a time, but the series has dates'
    throw refuse('valid-calendar-data', `RECURRENCE-ID ${lineValue(id)} is ${types}`)
  }
}

/** When an alarm was seen to is a time in UTC (RFC 9074 §6.1): on another clock it would ring again, or never. */
const checkAcknowledged = (body: string): void => {
  if (!/^ACKNOWLEDGED/im.test(body)) return
  const alarms = parseBlocks(body).blocks.flatMap(({ blocks }) => blocks.filter(({ name }) => name === 'VALARM'))
  const lines = alarms.flatMap(alarm => alarm.lines.filter(({ name }) => name === 'ACKNOWLEDGED'))
  const bad = lines.map(line => lineValue(line).trim()).find(value => !/^\d{8}T\d{6}Z$/.test(value))
  if (bad !== undefined) throw refuse('valid-calendar-data', `ACKNOWLEDGED ${bad} is no time in UTC`)
}

/** A TZID that neither the zone database nor the body itself explains (RFC 7809 §3.1.3). */
const unknownZone = (body: string): string | null => {
  const explained = new Set([...body.matchAll(/^TZID:(.*?)\s*$/gim)].map(([, tzid]) => tzid))
  const used = [...body.matchAll(/;TZID="?([^":;\r\n]+)"?[:;]/gi)].map(([, tzid = '']) => tzid)
  return used.find(tzid => !explained.has(tzid) && resolveZone(tzid) === null) ?? null
}

const onlyEvent = (parsed: ParsedCalendar, body: string): ScheduleEvent => {
  const [finding] = parsed.rejected
  const zone = finding ? unknownZone(body) : null
  if (zone !== null) {
    throw refuse('valid-timezone', `There is no time zone ${zone}`, 'Name it as IANA does, or send its VTIMEZONE')
  }
  if (finding) {
    throw refuse('valid-calendar-data', `${finding.component} in line ${finding.line}: ${finding.reason}`)
  }
  const [event, second] = parsed.events
  if (!event) throw refuse('valid-calendar-object-resource', 'The body has no VEVENT')
  if (second) {
    throw refuse('valid-calendar-object-resource', `The body has several UIDs: ${event.uid} and ${second.uid}`)
  }
  return event
}

/** What is readable in a text, or in the same text with known faults put right. */
const readable = (text: string): { readonly parsed: ParsedCalendar; readonly body: string } => {
  const parsed = parseCalendar(text)
  const body = parsed.rejected.length > 0 ? repairText(text) : null
  const again = body === null ? null : parseCalendar(body)
  return body !== null && again?.rejected.length === 0 ? { parsed: again, body } : { parsed, body: text }
}

/** The event in a text, checked as RFC 4791 §5.3.2.1 asks. @throws DavError 403 with the precondition */
export const parseObject = (text: string): CalendarObject => {
  checkText(text)
  const { parsed, body } = readable(text)
  checkShape(parsed)
  const event = onlyEvent(parsed, body)
  const problem = formProblem(body)
  if (problem) throw refuse(problem.condition, problem.message)
  checkRecurrenceIds(body)
  checkAcknowledged(body)
  const problems = checkRecurrence(event)
  if (problems.length > 0) throw refuse('valid-calendar-data', problems.join('; '))
  checkLimits(event)
  return { event, body, sent: text }
}

export const readObject = async (request: IncomingMessage): Promise<CalendarObject> => {
  const { text, type } = await readText(request)
  if (type !== JCAL_TYPE) return parseObject(text)
  const converted = textOfJcal(text)
  if (converted === null) throw refuse('valid-calendar-data', 'The body is not jCal (RFC 7265)')
  return { ...parseObject(converted), sent: text }
}
