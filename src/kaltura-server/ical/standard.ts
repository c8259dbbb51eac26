/**
 * Correct iCalendar (RFC 5545): VERSION and PRODID, text escaped, lines folded, a true VTIMEZONE, and an occurrence as
 * what it is: an instance of its series (same UID, RECURRENCE-ID, no rule of its own).
 */
import type { ApiError } from '../api-error.ts'
import { textOf } from '../events/event.ts'
import { EventStatus } from '../schema/enums.ts'
import type { Output } from '../wire/output.ts'
import type { Details } from './details.ts'
import {
  classification,
  icalTime,
  kalturaProperties,
  type Property,
  recurrenceIn,
  ruleText,
  simple,
  truthy,
  uidFromId,
  zoneIn,
} from './properties.ts'
import { standardZone } from './standard-zone.ts'

const PRODID = '-//kaldav//embedded account//EN'
const MAX_OCTETS = 75

const escapeText = (text: string): string => text.replace(/[\\;,]/g, char => `\\${char}`).replace(/\r\n|\r|\n/g, '\\n')

/** Folds at 75 octets, never inside a character (RFC 5545 §3.1). */
function fold(line: string): string {
  const parts: string[] = []
  let part = ''
  let octets = 0
  for (const char of line) {
    const size = Buffer.byteLength(char)
    if (octets + size > MAX_OCTETS) {
      parts.push(part)
      part = ''
      octets = 1
    }
    part += char
    octets += size
  }
  return [...parts, part].join('\r\n ')
}

const bare = (name: string, value: string): Property => ({ name, value, structured: true })

function line({ name, tzid, value, structured }: Property): string {
  const parameter = tzid === undefined ? '' : `;TZID=${tzid}`
  const written = structured ? value.replace(/[\r\n]+/g, ' ') : escapeText(value)
  return `${fold(`${name}${parameter}:${written}`)}\r\n`
}

function time(name: string, epoch: unknown, zone: string | null): Property[] {
  if (typeof epoch !== 'number' || epoch === 0) return []
  return [{ ...bare(name, icalTime(epoch, zone)), ...(zone === null ? {} : { tzid: zone }) }]
}

const uidOf = (event: Output, details: Details): string => {
  const series = details.parent
  const reference = series ? textOf(series.own, 'referenceId') : event.referenceId
  return details.ownsReference && truthy(reference ?? undefined)
    ? String(reference)
    : uidFromId(series ? series.id : Number(event.id))
}

const location = (event: Output, details: Details): string | null => {
  if (truthy(event.location)) return String(event.location)
  return details.resourceNames.length > 0 ? details.resourceNames.join(', ') : null
}

const geo = (event: Output): Property[] =>
  event.geoLatitude === undefined || event.geoLongitude === undefined
    ? []
    : [bare('GEO', `${String(event.geoLatitude)};${String(event.geoLongitude)}`)]

/** An address as it is; a name becomes the name of nobody's address. */
function organizer(event: Output): Property[] {
  if (!truthy(event.organizer)) return []
  const value = String(event.organizer)
  if (/^[a-z][a-z0-9+.-]*:/i.test(value)) return [bare('ORGANIZER', value)]
  if (/^[^\s@]+@[^\s@]+$/.test(value)) return [bare('ORGANIZER', `mailto:${value}`)]
  return [bare(`ORGANIZER;CN="${value.replace(/["\r\n]/g, ' ')}"`, 'urn:x-kaltura:organizer')]
}

function properties(event: Output, details: Details): Property[] {
  const zone = zoneIn(event)
  const rule = details.parent ? null : recurrenceIn(event)
  return [
    { name: 'UID', value: uidOf(event, details) },
    ...time('DTSTAMP', event.updatedAt, null),
    ...time('CREATED', event.createdAt, null),
    ...time('LAST-MODIFIED', event.updatedAt, null),
    ...(details.parent ? time('RECURRENCE-ID', details.originalStart, zone) : []),
    ...time('DTSTART', event.startDate, zone),
    ...time('DTEND', event.endDate, zone),
    ...(rule ? [bare('RRULE', ruleText(rule).replace(/NAME=[^;]*;?/, ''))] : []),
    ...simple('SUMMARY', event.summary),
    ...simple('DESCRIPTION', event.description),
    ...simple('LOCATION', location(event, details)),
    bare('STATUS', event.status === EventStatus.active ? 'CONFIRMED' : 'CANCELLED'),
    ...simple('SEQUENCE', event.sequence),
    ...simple('PRIORITY', event.priority),
    ...classification(event),
    ...geo(event),
    ...simple('CONTACT', event.contact),
    ...simple('COMMENT', event.comment),
    ...organizer(event),
    ...kalturaProperties(event, details),
  ]
}

export function standardEvents(events: readonly Output[], details: ReadonlyMap<Output, Details>): string {
  const zones = new Map<string, { from: number; to: number }>()
  const blocks = events.map(event => {
    const known = details.get(event)
    if (!known) return ''
    const zone = zoneIn(event)
    if (zone !== null) widen(zones, zone, event, known)
    return `BEGIN:VEVENT\r\n${properties(event, known).map(line).join('')}END:VEVENT\r\n`
  })
  const timezones = [...zones].map(([zone, span]) => standardZone(zone, span))
  return [...timezones, ...blocks].join('')
}

/** A rule reaches no further than two years after its start. */
const RULE_REACH = 2 * 366 * 86_400

function widen(zones: Map<string, { from: number; to: number }>, zone: string, event: Output, details: Details): void {
  const start = Number(event.startDate ?? 0)
  const from = Math.min(start, details.originalStart ?? start)
  const to = Number(event.endDate ?? start) + (details.parent ? 0 : RULE_REACH)
  const known = zones.get(zone)
  zones.set(zone, { from: Math.min(from, known?.from ?? from), to: Math.max(to, known?.to ?? to) })
}

export function standardError(error: ApiError): string {
  return [
    bare('BEGIN', 'X-KALTURA-ERROR'),
    { name: 'X-KALTURA-CODE', value: error.code },
    { name: 'X-KALTURA-MESSAGE', value: error.message },
    { name: 'X-KALTURA-ARGUMENTS', value: Object.values(error.args).join(';') },
    bare('END', 'X-KALTURA-ERROR'),
  ]
    .map(line)
    .join('')
}

export const standardCount = (count: unknown): string => line(bare('X-KALTURA-TOTAL-COUNT', String(count)))
export const wrapStandard = (inner: string): string =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:${PRODID}\r\n${inner}END:VCALENDAR\r\n`
