/** A VEVENT as the event Kaltura makes of it (Kaltura: kSchedulingICalEvent::toObject), to be sent to the API. */
import { findIana } from 'windows-iana'
import { isZone } from '../events/zone-clock.ts'
import { EventType } from '../schema/enums.ts'
import { FREQUENCIES } from './frequencies.ts'
import type { IcalComponent } from './ical-reader.ts'

interface Clock {
  /** Epoch seconds. */
  readonly now: number
  readonly serverZone: string
}

const CLASSES: Readonly<Record<number, string>> = {
  [EventType.record]: 'KalturaRecordScheduleEvent',
  [EventType.live]: 'KalturaLiveStreamScheduleEvent',
  [EventType.blackout]: 'KalturaBlackoutScheduleEvent',
}

const TEXTS: readonly (readonly [field: string, property: string])[] = [
  ['referenceId', 'UID'],
  ['summary', 'SUMMARY'],
  ['description', 'DESCRIPTION'],
  ['status', 'STATUS'],
  ['geoLatitude', 'GEOLATITUDE'],
  ['geoLongitude', 'GEOLONGITUDE'],
  ['location', 'LOCATION'],
  ['priority', 'PRIORITY'],
  ['sequence', 'SEQUENCE'],
  ['contact', 'CONTACT'],
  ['comment', 'COMMENT'],
  ['organizer', 'ORGANIZER'],
  ['parentId', 'X-KALTURA-PARENT-ID'],
  ['tags', 'X-KALTURA-TAGS'],
  ['ownerId', 'X-KALTURA-OWNER-ID'],
]
const ENTRY_TEXTS: readonly (readonly [field: string, property: string])[] = [
  ['templateEntryId', 'X-KALTURA-TEMPLATE-ENTRY-ID'],
  ['entryIds', 'X-KALTURA-ENTRY-IDS'],
  ['categoryIds', 'X-KALTURA-CATEGORY-IDS'],
]
const CLASSIFICATIONS: ReadonlyMap<string, number> = new Map(Object.entries({ PUBLIC: 1, PRIVATE: 2, CONFIDENTIAL: 3 }))

const RULE_TEXTS: readonly (readonly [field: string, part: string])[] = [
  ['name', 'NAME'],
  ['count', 'COUNT'],
  ['interval', 'INTERVAL'],
  ['bySecond', 'BYSECOND'],
  ['byMinute', 'BYMINUTE'],
  ['byHour', 'BYHOUR'],
  ['byDay', 'BYDAY'],
  ['byMonthDay', 'BYMONTHDAY'],
  ['byYearDay', 'BYYEARDAY'],
  ['byWeekNumber', 'BYWEEKNO'],
  ['byMonth', 'BYMONTH'],
  ['byOffset', 'BYSETPOS'],
  ['weekStartDay', 'WKST'],
]

/** The zone a TZID names, the server's own when nobody knows it. `GMT+0100` is an offset in seconds. */
function offsetNow(tzid: string | null, { now, serverZone }: Clock): number {
  const gmt = tzid === null ? null : /^GMT([+-])(\d{2})(\d{2})$/.exec(tzid)
  if (gmt) return (gmt[1] === '-' ? -1 : 1) * (Number(gmt[2]) * 3600 + Number(gmt[3]) * 60)
  const named = tzid !== null && /^[A-Za-z]/.test(tzid) && isZone(tzid) ? tzid : null
  const zone = named ?? (tzid === null ? undefined : findIana(tzid)[0]) ?? serverZone
  return Temporal.Instant.fromEpochMilliseconds(now * 1000).toZonedDateTimeISO(zone).offsetNanoseconds / 1e9
}

const STAMP = '([12]\\d{3})([01]\\d)([0-3]\\d)T([0-2]\\d)([0-5]\\d)([0-5]\\d)'
const UTC_STAMP = new RegExp(`${STAMP}Z`)
const LOCAL_STAMP = new RegExp(STAMP)

/**
 * Epoch seconds, or null for a form that is not taken (dates, floating times). Without a TZID the time is read in the
 * server's zone although it ends in Z; the offset of a zone is that of now, not of the event.
 */
export function icalInstant(text: string | undefined, tzid: string | null, clock: Clock): number | null {
  const match = (tzid === null ? UTC_STAMP : LOCAL_STAMP).exec(text ?? '')
  if (!match) return null
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second) / 1000
  return asUtc === 0 ? null : asUtc - offsetNow(tzid, clock)
}

/** What stands in quotes, or else behind the first equals sign. */
function zoneName(parameters: string | undefined): string | null {
  if (parameters === undefined) return null
  return /"([^"]+)"/.exec(parameters)?.[1] ?? /=([^"]+)/.exec(parameters)?.[1] ?? null
}

/** A number stays; a duration of iCalendar becomes seconds. Anything else ends the job. */
function durationOf(text: string): number | string {
  if (text === '' || text === '0' || Number.parseInt(text, 10)) return text
  const duration = Temporal.Duration.from(text)
  return duration.total({ unit: 'seconds', relativeTo: Temporal.PlainDateTime.from('1970-01-01') })
}

function ruleObject(rule: ReadonlyMap<string, string>, clock: Clock): Record<string, unknown> {
  const frequency = FREQUENCIES.get(rule.get('FREQ') ?? '')
  if (!frequency)
    throw new Error(`Undefined constant KalturaScheduleEventRecurrenceFrequency::${rule.get('FREQ') ?? ''}`)
  const object: Record<string, unknown> = { objectType: 'KalturaScheduleEventRecurrence', frequency }
  const until = icalInstant(rule.get('UNTIL'), null, clock)
  if (until !== null) object.until = until
  for (const [field, part] of RULE_TEXTS) {
    const value = rule.get(part)
    if (value !== undefined) object[field] = value
  }
  return object
}

/** The event to be sent. Throws what ends the whole job: a type that is not taken, a frequency nobody knows. */
export function eventOf(component: IcalComponent, eventsType: number, clock: Clock): Record<string, unknown> {
  const objectType = CLASSES[eventsType]
  if (!objectType) throw new Error(`Event type [${eventsType}] not supported`)
  const { fields, parameters, rule } = component
  const event: Record<string, unknown> = { objectType, recurrenceType: rule ? 1 : 0 }
  const texts = eventsType === EventType.blackout ? TEXTS : [...TEXTS, ...ENTRY_TEXTS]
  for (const [field, property] of texts) {
    const value = fields.get(property)
    if (value !== undefined) event[field] = value
  }
  const duration = fields.get('DURATION')
  if (duration !== undefined) event.duration = durationOf(duration)
  for (const [field, property] of [
    ['startDate', 'DTSTART'],
    ['endDate', 'DTEND'],
  ] as const) {
    const at = icalInstant(fields.get(property), zoneName(parameters.get(property)), clock)
    if (at !== null) event[field] = at
  }
  const classification = CLASSIFICATIONS.get(fields.get('CLASS') ?? '')
  if (classification !== undefined) event.classificationType = classification
  if (rule) event.recurrence = ruleObject(rule, clock)
  return event
}
