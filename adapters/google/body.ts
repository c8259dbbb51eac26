/** Our events in Google's words: whole for a new one, only what differs for one that is there. */
import { endOf, toEpoch } from '../../src/schedule/caltime.ts'
import { type CalTime, type Component, isDate, type Master } from '../../src/schedule/event.ts'
import { isWithheld, withheldTitle } from './normalize.ts'
import type { EventTime, GoogleEvent } from './translate.ts'

/** Null takes away what the other kind of time had: a PATCH merges. */
const googleTime = (time: CalTime, recurring: boolean): EventTime => {
  if (isDate(time)) return { date: time.date, dateTime: null, timeZone: null }
  const timeZone = time.tzid ?? 'UTC'
  const instant = () => new Date(toEpoch(time, 'UTC') * 1000).toISOString().replace('.000', '')
  // A series lives on the wall clock of its zone.
  return { dateTime: recurring ? time.dateTime : instant(), timeZone, date: null }
}

/** What one component says; texts of a private event stay with us. */
export function bodyOf(component: Component, recurring: boolean) {
  const withheld = isWithheld(component)
  return {
    summary: withheld ? withheldTitle : (component.summary ?? ''),
    description: withheld ? '' : (component.description ?? ''),
    location: withheld ? '' : (component.location ?? ''),
    start: googleTime(component.start, recurring),
    end: googleTime(endOf(component), recurring),
    status: component.status === 'TENTATIVE' ? 'tentative' : 'confirmed',
    transparency: component.transparent ? 'transparent' : 'opaque',
    visibility: withheld ? (component.classification === 'PRIVATE' ? 'private' : 'confidential') : 'default',
  } satisfies GoogleEvent
}

/** A new event has nothing to clear. */
export const withoutNulls = (body: GoogleEvent): GoogleEvent =>
  JSON.parse(JSON.stringify(body, (_, value: unknown) => (value === null || value === '' ? undefined : value)))

const spanKey = (component: Component, recurring: boolean): string => {
  const key = (time: CalTime) =>
    isDate(time) ? time.date : recurring ? `${time.dateTime} ${time.tzid}` : String(toEpoch(time, 'UTC'))
  return `${key(component.start)} ${key(endOf(component))}`
}

/** The fields in which `before` differs from `after`, with the values of `after`. An instant is one in every zone. */
export function changedFields(before: Component, after: Component, recurring: boolean): GoogleEvent {
  const [was, is] = [bodyOf(before, recurring), bodyOf(after, recurring)]
  const fields: Record<string, unknown> = {}
  for (const name of Object.keys(is) as (keyof typeof is)[]) {
    if (name !== 'start' && name !== 'end' && was[name] !== is[name]) fields[name] = is[name]
  }
  const moved = spanKey(before, recurring) !== spanKey(after, recurring)
  return moved ? { ...fields, start: is.start, end: is.end } : fields
}

function dateLine(name: 'RDATE' | 'EXDATE', time: CalTime): string {
  if (isDate(time)) return `${name};VALUE=DATE:${time.date.replaceAll('-', '')}`
  const clock = time.dateTime.replace(/[-:]/g, '')
  return time.tzid === 'UTC' || time.tzid === null ? `${name}:${clock}Z` : `${name};TZID=${time.tzid}:${clock}`
}

/** The recurrence lines of a series; `excluded` are occurrences that are told as EXDATE. */
export function recurrenceOf(master: Master, excluded: readonly CalTime[]): string[] {
  return [
    ...master.rrules.map(rule => `RRULE:${rule}`),
    ...master.exrules.map(rule => `EXRULE:${rule}`),
    ...master.rdates.map(rdate => dateLine('RDATE', 'start' in rdate ? rdate.start : rdate)),
    ...excluded.map(time => dateLine('EXDATE', time)),
  ]
}
