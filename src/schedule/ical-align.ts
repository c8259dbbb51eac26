/** Brings ends, exceptions and RECURRENCE-IDs to the value type and clock of the start they belong to. */
import { fromEpoch, parseDuration, toEpoch } from './caltime.ts'
import { DAY } from './civil.ts'
import type { CalTime, EventEnd } from './event.ts'
import { isDate, isDuration } from './event.ts'
import { Unreadable } from './ical-time.ts'
import { isSubDaily, parseRule } from './rrule.ts'

/** What a value became, and in words why, where it is not as it was written. */
export interface Aligned<T> {
  readonly value: T
  readonly repair: string | null
}

const asIs = <T>(value: T): Aligned<T> => ({ value, repair: null })
const isMidnight = (time: CalTime): boolean => !isDate(time) && time.dateTime.endsWith('T00:00:00')

/** DTEND beside its DTSTART, both of one value type and both with or both without a zone. */
const alignEnd = (start: CalTime, end: CalTime): Aligned<CalTime> => {
  if (isDate(start) && isDate(end)) return asIs(end)
  if (isDate(start) && !isDate(end)) {
    if (!isMidnight(end)) throw new Unreadable('DTSTART is a date, but DTEND a time of day')
    return { value: { date: end.dateTime.slice(0, 10) }, repair: 'DTEND is taken as a date, as DTSTART is one' }
  }
  if (isDate(start)) return asIs(end)
  if (isDate(end)) {
    return {
      value: { dateTime: `${end.date}T00:00:00`, tzid: start.tzid },
      repair: 'DTEND is a date: taken as its midnight on the clock of DTSTART',
    }
  }
  if (start.tzid !== null && end.tzid === null)
    return {
      value: { ...end, tzid: start.tzid },
      repair: `DTEND has no time zone: taken in that of DTSTART, ${start.tzid}`,
    }
  if (start.tzid === null && end.tzid !== null)
    throw new Unreadable('DTEND is in a time zone, but DTSTART in none: which instants are meant is unknown')
  return asIs(end)
}

/** A duration after a date has whole days (RFC 5545 §3.6.1). */
const alignDuration = (start: CalTime, duration: string): Aligned<EventEnd> => {
  const parsed = parseDuration(duration)
  if (!isDate(start) || !parsed || parsed.seconds === 0) return asIs({ duration })
  if (parsed.seconds % DAY !== 0)
    throw new Unreadable(`DTSTART is a date, but DURATION ${duration} is no number of days`)
  const whole = `P${parsed.days + parsed.seconds / DAY}D`
  return { value: { duration: whole }, repair: `DURATION ${duration} after a date is taken as ${whole}` }
}

/** @throws Unreadable for an end before the start, or one that cannot be compared with it */
export const checkedEnd = (start: CalTime, end: EventEnd): Aligned<EventEnd> => {
  if (end === null) return asIs(end)
  if (isDuration(end)) return alignDuration(start, end.duration)
  const aligned = alignEnd(start, end)
  // Where both float, any clock will do.
  if (toEpoch(aligned.value, 'UTC') < toEpoch(start, 'UTC')) throw new Unreadable('DTEND is before DTSTART')
  return aligned
}

/** Whether a day names at most one occurrence. */
const oncePerDay = (rules: readonly string[]): boolean =>
  rules.map(parseRule).every(rule => {
    if (typeof rule === 'string') return false
    return !isSubDaily(rule.frequency) && Math.max(rule.byHour.length, rule.byMinute.length, rule.bySecond.length) <= 1
  })

/**
 * The time that names an occurrence of a series that starts at `start`, as RFC 5545 §3.8.4.4 wants it: the same value
 * type, the same clock. An instant stays the instant it was. Null where it cannot be said which occurrence is meant.
 */
export const alignOccurrence = (time: CalTime, start: CalTime, rules: readonly string[]): Aligned<CalTime> | null => {
  if (isDate(start) && isDate(time)) return asIs(time)
  if (isDate(start) && !isDate(time)) {
    const value = { date: time.dateTime.slice(0, 10) }
    return isMidnight(time) ? { value, repair: `is a time, but the series has dates: taken as ${value.date}` } : null
  }
  if (isDate(start)) return null
  if (isDate(time)) {
    const value = { dateTime: `${time.date}${start.dateTime.slice(10)}`, tzid: start.tzid }
    return oncePerDay(rules) ? { value, repair: 'is a date: taken as the occurrence of that day' } : null
  }
  if (time.tzid === start.tzid) return asIs(time)
  if (time.tzid === null)
    return { value: { ...time, tzid: start.tzid }, repair: `has no time zone: taken in that of DTSTART, ${start.tzid}` }
  if (start.tzid !== null) return asIs(fromEpoch(toEpoch(time, time.tzid), start.tzid))
  if (time.tzid === 'UTC') return null
  return { value: { ...time, tzid: null }, repair: 'has a time zone, but the series has none: its clock time is taken' }
}
