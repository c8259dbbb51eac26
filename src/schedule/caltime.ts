/** The only place that turns wall-clock times into instants and back. */
import { DAY, formatDate, formatDateTime, parseLocal } from './civil.ts'
import type { CalTime, Component, ScheduleEvent } from './event.ts'
import { isDate, isDuration } from './event.ts'
import { instantOf, offsetAt } from './zone-clock.ts'

/** The zone whose clock a time is read on; dates and floating times have none of their own and use `zone`. */
export const zoneOf = (time: CalTime, zone: string): string => (isDate(time) ? zone : (time.tzid ?? zone))

/** Seconds of the time's own clock since 1970-01-01T00:00:00; a date is its midnight. */
export const toLocal = (time: CalTime): number => parseLocal(isDate(time) ? time.date : time.dateTime)

/** The time `local` seconds on the clock and of the value type of `like`. */
export const fromLocal = (local: number, like: CalTime): CalTime =>
  isDate(like) ? { date: formatDate(Math.floor(local / DAY)) } : { dateTime: formatDateTime(local), tzid: like.tzid }

/**
 * Epoch seconds. `zone` (IANA) is the clock for dates, read at their midnight, and for floating times. A time inside a
 * gap moves forward by the gap, a repeated one is the first (RFC 5545 §3.3.5).
 * @throws RangeError for a malformed time or a zone that does not exist
 */
export const toEpoch = (time: CalTime, zone: string): number => instantOf(toLocal(time), zoneOf(time, zone))

export const fromEpoch = (epoch: number, tzid: string): CalTime => {
  const whole = Math.floor(epoch)
  return { dateTime: formatDateTime(whole + offsetAt(whole, tzid)), tzid }
}

/** An instant on the clock of `tzid`; in UTC where that clock means another by the same words (RFC 5545 §3.3.5: the first). */
export const timeAt = (epoch: number, tzid: string): CalTime => {
  const local = fromEpoch(epoch, tzid)
  return toEpoch(local, tzid) === Math.floor(epoch) ? local : fromEpoch(epoch, 'UTC')
}

/** A DURATION in its two parts: `days` on the calendar, `seconds` as elapsed time (RFC 5545 §3.3.6). */
export interface Duration {
  readonly days: number
  readonly seconds: number
}

/** Ten thousand years: as far as the years of a date go. */
const MAX_DAYS = 3_652_500

const durationForm = /^([+-])?P(?=\d|T\d)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

/** `null` for what is not a DURATION, or for one longer than the calendar. */
export const parseDuration = (text: string): Duration | null => {
  const parts = durationForm.exec(text)
  if (!parts) return null
  const [, sign, weeks = '0', days = '0', hours = '0', minutes = '0', seconds = '0'] = parts
  const factor = sign === '-' ? -1 : 1
  const total = {
    days: factor * (Number(weeks) * 7 + Number(days)) + 0,
    seconds: factor * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) + 0,
  }
  return Math.abs(total.days) + Math.abs(total.seconds) / DAY > MAX_DAYS ? null : total
}

/**
 * `time` later by a DURATION: its days on the calendar, then its hours as elapsed time. A date takes whole days only; a
 * part of a day counts as one, since RFC 5545 §3.6.1 has no date with hours.
 * @throws RangeError for a malformed duration
 */
export const addDuration = (time: CalTime, duration: string): CalTime => {
  const parsed = parseDuration(duration)
  if (!parsed) throw new RangeError(`not a duration: ${duration}`)
  if (isDate(time)) return fromLocal(toLocal(time) + (parsed.days + Math.ceil(parsed.seconds / DAY)) * DAY, time)
  const moved = toLocal(time) + parsed.days * DAY
  if (parsed.seconds === 0 || time.tzid === null) return fromLocal(moved + parsed.seconds, time)
  return fromEpoch(instantOf(moved, time.tzid) + parsed.seconds, time.tzid)
}

/** The exclusive end: DTEND, DTSTART + DURATION, else a day for a date and the start itself for a time (§3.6.1). */
export const endOf = (component: Pick<Component, 'start' | 'end'>): CalTime => {
  const { start, end } = component
  if (end === null) return isDate(start) ? addDuration(start, 'P1D') : start
  return isDuration(end) ? addDuration(start, end.duration) : end
}

/** Lists whose order says nothing: rules and dates are sets, and so are the properties and components of a component. */
const unordered = new Set(['rrules', 'exrules', 'rdates', 'exdates', 'extra', 'components', 'overrides'])

const canonical = (value: unknown, name = ''): string => {
  if (Array.isArray(value)) {
    const items = value.map(item => canonical(item))
    return `[${(unordered.has(name) ? items.sort() : items).join()}]`
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, key)}`)
    .join()}}`
}

/** Whether two events say the same, whatever the order of their properties, rules and dates. */
export const sameEvent = (a: ScheduleEvent, b: ScheduleEvent): boolean => a === b || canonical(a) === canonical(b)
