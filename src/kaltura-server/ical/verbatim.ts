/**
 * iCalendar as Kaltura writes it: no VERSION, no PRODID, nothing escaped, nothing folded, the rule of a series repeated
 * on its occurrences (Kaltura: KalturaICalSerializer). For devices and tests that need exactly that.
 */
import type { ApiError } from '../api-error.ts'
import { EventStatus } from '../schema/enums.ts'
import type { Output } from '../wire/output.ts'
import type { Details } from './details.ts'
import {
  classification,
  durationText,
  icalTime,
  kalturaProperties,
  type Property,
  plainText,
  recurrenceIn,
  ruleText,
  simple,
  uidFromId,
  zoneIn,
} from './properties.ts'
import { verbatimZone } from './verbatim-zone.ts'

export const line = ({ name, tzid, value }: Property): string =>
  `${name}${tzid === undefined ? '' : `;TZID=${tzid}`}:${value}\r\n`

function statusLine(event: Output, modern: boolean): Property[] {
  if (!modern) return simple('STATUS', event.status)
  return event.status
    ? [{ name: 'STATUS', value: event.status === EventStatus.active ? 'CONFIRMED' : 'CANCELLED' }]
    : []
}

function durationLine(event: Output, modern: boolean): Property[] {
  if (!event.duration || (modern && event.endDate !== undefined)) return []
  return [{ name: 'DURATION', value: durationText(Number(event.duration)) }]
}

function locationLine(event: Output, details: Details, modern: boolean): Property[] {
  const own = simple('LOCATION', event.location)
  if (own.length > 0 || !modern || details.resourceIds.length === 0) return own
  return [{ name: 'LOCATION', value: details.resourceNames.join(',') }]
}

function timeLine(name: string, epoch: unknown, zone: string | null): Property[] {
  if (typeof epoch !== 'number' || epoch === 0) return []
  return [{ name, value: icalTime(epoch, zone), ...(zone === null ? {} : { tzid: zone }) }]
}

function uidLine(event: Output, modern: boolean): Property[] {
  const own = simple('UID', event.referenceId)
  return own.length > 0 || !modern ? own : [{ name: 'UID', value: uidFromId(Number(event.id)) }]
}

function properties(event: Output, details: Details, modern: boolean): Property[] {
  const zone = modern ? zoneIn(event) : null
  const rule = recurrenceIn(event)
  return [
    ...uidLine(event, modern),
    ...simple('SUMMARY', event.summary),
    ...simple('DESCRIPTION', event.description),
    ...statusLine(event, modern),
    ...simple('GEOLATITUDE', event.geoLatitude),
    ...simple('GEOLONGITUDE', event.geoLongitude),
    ...locationLine(event, details, modern),
    ...simple('PRIORITY', event.priority),
    ...simple('SEQUENCE', event.sequence),
    ...durationLine(event, modern),
    ...simple('CONTACT', event.contact),
    ...simple('COMMENT', event.comment),
    ...simple('ORGANIZER', event.organizer),
    ...timeLine('DTSTART', event.startDate, zone),
    ...timeLine('DTEND', event.endDate, zone),
    ...classification(event),
    ...timeLine('DTSTAMP', event.updatedAt, null),
    ...kalturaProperties(event, details),
    ...(rule ? [{ name: 'RRULE', value: ruleText(rule) }] : []),
  ]
}

/** `modern` is false for an account with FEATURE_DISABLE_NEW_ICAL_STANDARD. */
export function verbatimEvents(
  events: readonly Output[],
  details: ReadonlyMap<Output, Details>,
  modern: boolean,
): string {
  const blocks = events.map(event => {
    const known = details.get(event)
    const body = known ? properties(event, known, modern).map(line).join('') : ''
    return `BEGIN:VEVENT\r\n${body}END:VEVENT\r\n`
  })
  const zones = modern ? events.flatMap(verbatimZone) : []
  const unique = [...new Set(zones)]
  return (unique.length > 0 ? `BEGIN:VTIMEZONE\r\n${unique.join('')}END:VTIMEZONE\r\n` : '') + blocks.join('')
}

export function verbatimError(error: ApiError): string {
  return [
    { name: 'BEGIN', value: 'VERROR' },
    { name: 'X-KALTURA-CODE', value: error.code },
    { name: 'X-KALTURA-MESSAGE', value: error.message },
    { name: 'X-KALTURA-ARGUMENTS', value: Object.values(error.args).join(';') },
    { name: 'END', value: 'VERROR' },
  ]
    .map(line)
    .join('')
}

/** An object that is no event is an empty component named by its class. */
export const verbatimOther = (object: Output): string => `BEGIN:${object.objectType}\r\nEND:${object.objectType}\r\n`

export const wrapVerbatim = (inner: string): string => `BEGIN:VCALENDAR\r\n${inner}END:VCALENDAR\r\n`
export const totalCount = (count: unknown): string =>
  line({ name: 'X-KALTURA-TOTAL-COUNT', value: plainText(count as number) })
