import { type DavError, forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { escapeXml } from '../dav/write.ts'
import { emptyMaster } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import { resolveZone } from '../schedule/timezone.ts'
import { parseBlocks, writeBlock } from './content.ts'

const written = new Map<string, string>()
const escaped = new Map<string, string>()

/** UTC needs none in an event, and is written with one only where a VTIMEZONE is asked for. */
const UTC = parseBlocks(
  'BEGIN:VTIMEZONE\r\nTZID:UTC\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\nTZOFFSETTO:+0000\r\nTZNAME:UTC\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n',
)

/** A VCALENDAR with the VTIMEZONE of an IANA zone alone: the form of CALDAV:calendar-timezone (RFC 4791 §5.2.2). */
const writeTimezone = (zone: string): string => {
  const start = { dateTime: '2020-01-01T00:00:00', tzid: zone }
  const event = { uid: 'zone', master: emptyMaster(start), overrides: [], resourceIds: [] }
  const calendar = parseBlocks(writeCalendar([event], { dtstamp: '20200101T000000Z' }))
  const blocks = resolveZone(zone) === 'UTC' ? [UTC] : calendar.blocks.filter(({ name }) => name === 'VTIMEZONE')
  return writeBlock({ ...calendar, blocks })
}

export const timezoneText = (zone: string): string => {
  const known = written.get(zone) ?? writeTimezone(zone)
  written.set(zone, known)
  return known
}

/** The same as element content. */
export const calendarTimezone = (zone: string): string => {
  const known = escaped.get(zone) ?? escapeXml(timezoneText(zone))
  escaped.set(zone, known)
  return known
}

/** The TZID of the one VTIMEZONE a text has to hold; `null` for any other text. */
const onlyTimezone = (text: string): string | null => {
  const calendar = parseBlocks(text)
  const [zone, second] = calendar.blocks
  if (calendar.name !== 'VCALENDAR' || zone?.name !== 'VTIMEZONE' || second) return null
  const tzid = zone.lines.find(({ name }) => name === 'TZID')?.text.slice('TZID:'.length)
  return zone.blocks.length > 0 && tzid ? tzid : null
}

/** RFC 4791 §5.2.2: what may be set as CALDAV:calendar-timezone. It is kept, and changes no event. */
export const checkTimezone = (text: string): DavError | null =>
  onlyTimezone(text) === null
    ? forbidden(caldav('valid-calendar-data'), 'A time zone is a VCALENDAR with one VTIMEZONE and nothing else')
    : null

/** RFC 7809 §5.2. */
export const checkTimezoneId = (text: string): DavError | null =>
  resolveZone(text.trim()) === null ? forbidden(caldav('valid-timezone'), `There is no time zone ${text.trim()}`) : null

/** The clock a query wants dates and floating times read on (RFC 4791 §9.8, RFC 7809 §3.3). @throws DavError 403 */
export const zoneOfTimezone = (text: string): string | null => {
  const refusal = checkTimezone(text)
  if (refusal) throw refusal
  return resolveZone(onlyTimezone(text) ?? '')
}

export const zoneOfTimezoneId = (text: string): string | null => {
  const refusal = checkTimezoneId(text)
  if (refusal) throw refusal
  return resolveZone(text.trim())
}
