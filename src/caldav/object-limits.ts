import { forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { endOf, toLocal } from '../schedule/caltime.ts'
import { type CalTime, type Component, isDate, type RDate, type ScheduleEvent } from '../schedule/event.ts'
import { occurrences } from '../schedule/recurrence.ts'
import { isSubDaily, parseRule, type Rule } from '../schedule/rrule.ts'
import { MAX_ATTENDEES, MAX_DATE_TIME, MAX_INSTANCES, MIN_DATE_TIME } from './limits.ts'
import { EARLIEST, LATEST } from './time-range.ts'

const refuse = (condition: string, message: string): Error => forbidden(caldav(condition), message)

/** The day of a time in the basic format, enough to compare with the limits. */
const dayOf = (time: CalTime): string => (isDate(time) ? time.date : time.dateTime.slice(0, 10)).replaceAll('-', '')

const FIRST_DAY = MIN_DATE_TIME.slice(0, 8)
const LAST_DAY = MAX_DATE_TIME.slice(0, 8)

const checkStart = (time: CalTime): void => {
  const day = dayOf(time)
  if (day < FIRST_DAY) throw refuse('min-date-time', `The event starts before ${MIN_DATE_TIME}`)
  if (day >= LAST_DAY) throw refuse('max-date-time', `The event starts after ${MAX_DATE_TIME}`)
}

const startOf = (rdate: RDate): CalTime => ('start' in rdate ? rdate.start : rdate)

const checkComponent = (component: Component): void => {
  checkStart(component.start)
  // An end is the first moment after: it may be the limit itself.
  if (dayOf(endOf(component)) > LAST_DAY) throw refuse('max-date-time', `The event ends after ${MAX_DATE_TIME}`)
  const attendees = component.extra.filter(([name]) => name === 'attendee').length
  if (attendees > MAX_ATTENDEES) {
    const message = `The event has ${attendees} attendees, and ${MAX_ATTENDEES} are the limit`
    throw refuse('max-attendees-per-instance', message)
  }
}

const DAY = 86_400

/** Whether a rule with an end may give more occurrences than are taken; most cannot, and are not counted. */
const mayExceed = (rule: Rule | string, start: CalTime): boolean => {
  if (typeof rule === 'string') return false
  if (rule.count !== null) return rule.count > MAX_INSTANCES
  if (rule.until === null) return false
  const days = (rule.until.last - toLocal(start)) / DAY + 2
  const { byHour, byMinute, bySecond } = rule
  const timed = isSubDaily(rule.frequency) || byHour.length + byMinute.length + bySecond.length > 0
  return timed || days > MAX_INSTANCES
}

/**
 * The limits a calendar states (RFC 4791 §5.2.5–§5.2.9), held by an event. Rules without an end are counted where they
 * are indexed. @throws DavError 403 with the precondition · TooManyOccurrences, which is CALDAV:max-instances
 */
export const checkLimits = (event: ScheduleEvent): void => {
  const { master, overrides } = event
  for (const component of master ? [master, ...overrides] : overrides) checkComponent(component)
  if (!master) return
  for (const rdate of master.rdates) checkStart(startOf(rdate))
  if (master.rdates.length > MAX_INSTANCES || master.rrules.some(rule => mayExceed(parseRule(rule), master.start))) {
    occurrences(event, { from: EARLIEST, to: LATEST }, { zone: 'UTC', maxOccurrences: MAX_INSTANCES })
  }
}
