import { badRequest, forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { attribute, type XmlNode } from '../dav/xml.ts'
import { formatDateTime } from '../schedule/civil.ts'
import type { Window } from '../schedule/recurrence.ts'
import { MAX_DATE_TIME, MIN_DATE_TIME } from './limits.ts'

const FORM = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Epoch seconds of a UTC date-time in the basic format; `null` for anything else. */
export const utcSeconds = (text: string): number | null => {
  const parts = FORM.exec(text)
  if (!parts) return null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  if (hour > 23 || minute > 59 || second > 60) return null
  // Not Date.UTC, which takes the year 99 for 1999.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second
}

export const EARLIEST = utcSeconds(MIN_DATE_TIME) ?? 0
export const LATEST = utcSeconds(MAX_DATE_TIME) ?? 0

/** A UTC date-time in the basic format. */
export const utcText = (seconds: number): string =>
  `${formatDateTime(seconds).replaceAll('-', '').replaceAll(':', '')}Z`

/**
 * CALDAV:time-range and its like (RFC 4791 §9.9): `start` and `end` in UTC, one of them at least. An open side ends
 * where our calendars do. @throws DavError 400, or what `invalid` makes of the reason
 */
export const timeRange = (node: XmlNode, invalid: (reason: string) => Error): Window => {
  const [start, end] = [attribute(node, 'start'), attribute(node, 'end')]
  // The DTD asks for one of them: without, it is no time range at all.
  if (start === null && end === null) throw badRequest('A time range has a start or an end')
  const from = start === null ? EARLIEST : utcSeconds(start)
  const to = end === null ? LATEST : utcSeconds(end)
  if (from === null || to === null) throw invalid('a time range is written in UTC, as 20270405T080000Z')
  if (from >= to) throw invalid('a time range ends after its start')
  return { from: Math.max(from, EARLIEST), to: Math.min(Math.max(to, EARLIEST + 1), LATEST) }
}

export const invalidFilter = (reason: string): Error =>
  forbidden(caldav('valid-filter'), `The filter is not valid: ${reason}`)
