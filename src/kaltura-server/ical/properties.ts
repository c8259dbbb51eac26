import { createHash } from 'node:crypto'
import { classOf } from '../events/classes.ts'
import { isZone } from '../events/zone-clock.ts'
import type { Output, OutputValue } from '../wire/output.ts'
import { isOutput } from '../wire/output.ts'
import type { Details } from './details.ts'

/** One line of a component before it is written: raw text, neither escaped nor folded. */
export interface Property {
  readonly name: string
  readonly tzid?: string
  readonly value: string
  /** A list or structured value, whose separators stand for themselves. */
  readonly structured?: boolean
}

const pad = (value: number): string => String(value).padStart(2, '0')

/** `20260302T081500Z`, or the wall time in a zone without the Z. */
export function icalTime(epoch: number, zone: string | null): string {
  const at = Temporal.Instant.fromEpochMilliseconds(epoch * 1000).toZonedDateTimeISO(zone ?? 'UTC')
  const date = `${String(at.year).padStart(4, '0')}${pad(at.month)}${pad(at.day)}`
  return `${date}T${pad(at.hour)}${pad(at.minute)}${pad(at.second)}${zone === null ? 'Z' : ''}`
}

/** What stands in for a missing referenceId: a UUID made of the sha1 of the id (Kaltura: getUidFromEventId). */
export function uidFromId(id: number): string {
  const hex = createHash('sha1').update(String(id)).digest('hex')
  const third = ((Number.parseInt(hex.slice(12, 16), 16) & 0x0fff) | 0x4000).toString(16)
  const fourth = ((Number.parseInt(hex.slice(16, 20), 16) & 0x3fff) | 0x8000).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${third}-${fourth}-${hex.slice(20, 32)}`
}

export function durationText(seconds: number): string {
  return `PT${Math.trunc(seconds / 3600)}H${Math.trunc((seconds % 3600) / 60)}M${seconds % 60}S`
}

const FREQUENCIES: Readonly<Record<string, string>> = {
  seconds: 'SECONDLY',
  minutes: 'MINUTELY',
  hours: 'HOURLY',
  days: 'DAILY',
  weeks: 'WEEKLY',
  months: 'MONTHLY',
  years: 'YEARLY',
}

const RULE_PARTS: readonly (readonly [field: string, part: string])[] = [
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

/** PHP truth: what is written at all. */
export const truthy = (value: OutputValue | undefined): boolean => Boolean(value) && value !== '0'

export function ruleText(rule: Output): string {
  const parts: string[] = []
  const frequency = FREQUENCIES[String(rule.frequency)]
  if (frequency) parts.push(`FREQ=${frequency}`)
  if (typeof rule.until === 'number' && rule.until) parts.push(`UNTIL=${icalTime(rule.until, null)}`)
  for (const [field, part] of RULE_PARTS) if (truthy(rule[field])) parts.push(`${part}=${String(rule[field])}`)
  return parts.join(';')
}

export const recurrenceIn = (event: Output): Output | null => (isOutput(event.recurrence) ? event.recurrence : null)

/** The zone an event is written in: that of its rule when it is a known one, otherwise UTC (null). */
export function zoneIn(event: Output): string | null {
  const zone = recurrenceIn(event)?.timeZone
  return typeof zone === 'string' && zone !== '' && isZone(zone) ? zone : null
}

const CLASSES = ['', 'PUBLIC', 'PRIVATE', 'CONFIDENTIAL']

const LIVE_PROPERTIES = [
  ['X-KALTURA-PRIMARY-RTMP-ENDPOINT', 'primaryBroadcastingUrl'],
  ['X-KALTURA-SECONDARY-RTMP-ENDPOINT', 'secondaryBroadcastingUrl'],
  ['X-KALTURA-PRIMARY-RTSP-ENDPOINT', 'primaryRtspBroadcastingUrl'],
  ['X-KALTURA-SECONDARY-RTSP-ENDPOINT', 'secondaryRtspBroadcastingUrl'],
  ['X-KALTURA-LIVE-STREAM-NAME', 'streamName'],
  ['X-KALTURA-LIVE-STREAM-USERNAME', 'streamUsername'],
  ['X-KALTURA-LIVE-STREAM-PASSWORD', 'streamPassword'],
] as const

const text = (value: OutputValue | undefined): string => (value === null || value === undefined ? '' : String(value))

const optional = (name: string, value: OutputValue | undefined, structured = false): Property[] =>
  truthy(value) ? [{ name, value: text(value), structured }] : []

/** X-KALTURA-*, RELATED-TO and the live endpoints, in Kaltura's order. */
export function kalturaProperties(event: Output, details: Details): Property[] {
  const { resourceIds, liveEntry, parent, parentUid, categoryPaths } = details
  const { type, entry } = classOf(event.objectType)
  return [
    { name: 'X-KALTURA-ID', value: text(event.id) },
    { name: 'X-KALTURA-TYPE', value: String(type) },
    { name: 'X-KALTURA-PARTNER-ID', value: text(event.partnerId) },
    { name: 'X-KALTURA-STATUS', value: text(event.status) },
    { name: 'X-KALTURA-OWNER-ID', value: text(event.ownerId) },
    ...(parent ? optional('X-KALTURA-PARENT-ID', event.parentId) : []),
    ...optional('X-KALTURA-PARENT-UID', parentUid),
    ...optional('X-KALTURA-RESOURCE-IDS', resourceIds.join(','), true),
    ...optional('X-KALTURA-TAGS', event.tags, true),
    ...(entry ? optional('X-KALTURA-TEMPLATE-ENTRY-ID', event.templateEntryId) : []),
    ...(entry ? optional('X-KALTURA-ENTRY-IDS', event.entryIds, true) : []),
    ...(entry ? optional('X-KALTURA-CATEGORY-IDS', event.categoryIds, true) : []),
    ...(entry ? optional('RELATED-TO', categoryPaths.join(';')) : []),
    ...(liveEntry ? LIVE_PROPERTIES.map(([name, field]) => ({ name, value: liveEntry[field] })) : []),
  ]
}

export const classification = (event: Output): Property[] =>
  optional('CLASS', CLASSES[Number(event.classificationType ?? 0)])

export const simple = optional
export const plainText = text
