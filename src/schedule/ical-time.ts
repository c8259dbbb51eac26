/** Dates, times, periods and durations as content lines write them (RFC 5545 §3.3.4–3.3.6, §3.3.9), and back. */
import { fromEpoch, fromLocal, parseDuration, toEpoch, toLocal } from './caltime.ts'
import { DAY, daysInMonth } from './civil.ts'
import { parameter, type RawProperty, regularDuration } from './content-line.ts'
import type { CalTime, RDate } from './event.ts'
import { isDate } from './event.ts'

/** A value that cannot be read; the message says why, for the one who owns the file. */
export class Unreadable extends Error {}

/** What reading times needs to know of the file around them. */
export interface TimeContext {
  /** The IANA zone of a TZID of this calendar; null where unknown. */
  zone(tzid: string): string | null
  /** Told of each value that was read otherwise than it is written. */
  repaired(line: number, what: string): void
}

const form = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):?(\d\d)(?::?(\d\d))?(?:[.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?$/i
const strictDateTime = /^\d{8}T\d{6}Z?$/
const strictDate = /^\d{8}$/

const shown = (value: string): string => (value.length > 40 ? `${value.slice(0, 40)}…` : value)

const unknownZone = (tzid: string): Unreadable =>
  new Unreadable(
    `the time zone "${shown(tzid)}" is unknown, and no VTIMEZONE has rules of a zone that is: name it as IANA does (Europe/Berlin)`,
  )

/** The parts of a value; 24:00 is the next day, a leap second the second before it. */
const parts = (raw: string): { day: string; time: string | null; zone: string | null; odd: boolean } => {
  const match = form.exec(raw)
  const [, year = '', month = '', date = '', hour, minute = '00', second = '00', zone = null] = match ?? []
  const late = hour === '24' && Number(minute) === 0 && Number(second) === 0
  const inRange = (hour === undefined || Number(hour) < 24 || late) && Number(minute) < 60 && Number(second) <= 60
  const known =
    Number(month) >= 1 &&
    Number(month) <= 12 &&
    Number(date) >= 1 &&
    Number(date) <= daysInMonth(Number(year), Number(month))
  if (!match || !inRange || !known)
    throw new Unreadable(raw === '' ? 'the value is empty' : `"${shown(raw)}" is no date and no time`)
  const odd = !(strictDateTime.test(raw) || strictDate.test(raw)) || late || second === '60'
  const day = `${year}-${month}-${date}`
  if (late) return { day: nextDay(day), time: '00:00:00', zone, odd }
  return { day, time: hour === undefined ? null : `${hour}:${minute}:${second === '60' ? '59' : second}`, zone, odd }
}

const nextDay = (date: string): string => {
  const next = fromLocal(toLocal({ date }) + DAY, { date })
  return isDate(next) ? next.date : date
}

/** `DTSTART;TZID=(GMT-05:00) Eastern:20060601T090000`: an unquoted colon cut the TZID in two. */
const splitZone = (tzid: string | null, value: string): [tzid: string | null, value: string] => {
  const colon = value.lastIndexOf(':')
  if (tzid === null || colon < 0 || !form.test(value.slice(colon + 1))) return [tzid, value]
  return [`${tzid}:${value.slice(0, colon)}`, value.slice(colon + 1)]
}

const offsetSeconds = (offset: string): number => {
  const digits = offset.replace(':', '')
  return (digits.startsWith('-') ? -1 : 1) * (Number(digits.slice(1, 3)) * 3600 + Number(digits.slice(3, 5)) * 60)
}

/**
 * One value of a DTSTART-like property. What VALUE claims is believed less than what the value looks like; `timed` says
 * that it stands beside a time of day, which decides for midnight and for a date that does not say it is one.
 */
const readOne = (
  raw: string,
  tzidGiven: string | null,
  property: RawProperty,
  context: TimeContext,
  timed = false,
): CalTime => {
  const [tzid, value] = splitZone(tzidGiven, raw.trim())
  const { day, time, zone, odd } = parts(value)
  const name = property.name.toUpperCase()
  const repaired = (what: string) => context.repaired(property.line, `${name}: "${shown(value)}" ${what}`)
  const saysDate = parameter(property, 'value')?.toUpperCase() === 'DATE'
  if (time === null && !(timed && !saysDate)) {
    if (zone !== null || odd) repaired(`taken as the date ${day}`)
    else if (!saysDate) repaired('is a date: VALUE=DATE is missing')
    return { date: day }
  }
  if (saysDate && time === '00:00:00' && !timed) {
    repaired(`taken as the date ${day}, as its VALUE=DATE says`)
    return { date: day }
  }
  const dateTime = `${day}T${time ?? '00:00:00'}`
  if (saysDate) repaired('is a time, although its VALUE says DATE')
  else if (odd || time === null) repaired(`taken as ${dateTime}${zone ?? ''}`)
  if (zone !== null && zone.toUpperCase() !== 'Z') {
    return fromEpoch(toEpoch({ dateTime, tzid: 'UTC' }, 'UTC') - offsetSeconds(zone), 'UTC')
  }
  if (zone !== null) {
    if (tzid !== null && context.zone(tzid) !== 'UTC') repaired('ends in Z: its TZID is left out')
    return { dateTime, tzid: 'UTC' }
  }
  if (tzid === null) return { dateTime, tzid: null }
  const found = context.zone(tzid)
  if (found === null) throw unknownZone(tzid)
  return { dateTime, tzid: found }
}

/**
 * The value of DTSTART, DTEND or RECURRENCE-ID. `timed`: it stands beside one that has a time of day.
 * @throws Unreadable
 */
export const readTime = (property: RawProperty, context: TimeContext, timed = false): CalTime =>
  readOne(property.value, parameter(property, 'tzid'), property, context, timed)

/** Whether a value has a time of day other than midnight. */
export const hasTimeOfDay = (value: string): boolean => /T(?!00:?00)/i.test(value)

/** A list with more than these is no list of dates at all. */
const MAX_UNUSABLE = 1000
/** vCalendar 1.0 separates by semicolons. */
const list = (property: RawProperty): string[] => property.value.split(/[,;]/)

/**
 * The values of a list; those that cannot be read are told to `unusable`, in one sentence, and left out. An unknown zone
 * is no fault of a single value.
 */
const readList = <T>(property: RawProperty, read: (value: string) => T, unusable: (reason: string) => void): T[] => {
  const good: T[] = []
  const reasons: string[] = []
  for (const value of list(property)) {
    if (value.trim() === '') {
      reasons.push('the value is empty')
      continue
    }
    try {
      good.push(read(value))
    } catch (error) {
      if (!(error instanceof Unreadable) || error.message.startsWith('the time zone')) throw error
      reasons.push(error.message)
    }
    if (reasons.length > MAX_UNUSABLE)
      throw new Unreadable(`more than ${MAX_UNUSABLE} values cannot be read: ${reasons[0]}`)
  }
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : ''
  if (reasons.length > 0) unusable(`${reasons[0]}${more}`)
  return good
}

export const readTimes = (property: RawProperty, context: TimeContext, unusable: (reason: string) => void): CalTime[] =>
  readList(property, value => readOne(value, parameter(property, 'tzid'), property, context), unusable)

/**
 * A DURATION as RFC 5545 §3.3.6 writes it; negative ones are refused.
 * @throws Unreadable
 */
export const readDuration = (text: string): string => {
  const duration = regularDuration(text.trim().toUpperCase())
  const parsed = parseDuration(duration)
  if (!parsed) throw new Unreadable(`"${shown(text)}" is no duration`)
  if (parsed.days < 0 || parsed.seconds < 0)
    throw new Unreadable(`the duration ${duration} is negative: it would end before it starts`)
  return duration
}

const readPeriod = (value: string, property: RawProperty, context: TimeContext): RDate => {
  const tzid = parameter(property, 'tzid')
  const [from = '', to] = value.split('/', 2)
  // VALUE=PERIOD says nothing about its two halves.
  const half: RawProperty = { ...property, parameters: {} }
  const start = readOne(from, tzid, to === undefined ? property : half, context)
  if (to === undefined) return start
  const end = /^[+-]?P/i.test(to.trim()) ? { duration: readDuration(to) } : readOne(to, tzid, half, context)
  if (!('duration' in end) && toEpoch(end, 'UTC') < toEpoch(start, 'UTC'))
    throw new Unreadable(`the period "${shown(value)}" ends before it starts`)
  return { start, end }
}

export const readRDates = (property: RawProperty, context: TimeContext, unusable: (reason: string) => void): RDate[] =>
  readList(property, value => readPeriod(value, property, context), unusable)

const compact = (text: string): string => text.replace(/[-:]/g, '')

/** The value alone: `20260302`, `20260302T081500`, `…Z`. */
export const timeValue = (time: CalTime): string =>
  isDate(time) ? compact(time.date) : `${compact(time.dateTime)}${time.tzid === 'UTC' ? 'Z' : ''}`

/** The parameters that go with the value. */
export const timeParameters = (time: CalTime): string => {
  if (isDate(time)) return ';VALUE=DATE'
  return time.tzid === null || time.tzid === 'UTC' ? '' : `;TZID=${time.tzid}`
}
