import type { Output } from '../wire/output.ts'
import { icalTime, recurrenceIn, zoneIn } from './properties.ts'
import { type Transition, transitionsOf } from './transitions.ts'

const STEP: Readonly<Record<string, number>> = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
  weeks: 604_800,
  months: 2_678_400,
  years: 31_556_926,
}
const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']

/** Until, or the start plus `count` periods, the interval not counted. */
function endOf(rule: Output, start: number): number {
  const until = Number(rule.until ?? 0)
  return until || start + Number(rule.count ?? 0) * (STEP[String(rule.frequency)] ?? 0)
}

/** Halves of hours west of Greenwich come out an hour off: the hours are rounded down. */
function brokenOffset(offset: number): string {
  const hours = Math.floor(offset / 3600)
  const minutes = Math.abs(Math.trunc((offset % 3600) / 60))
  const two = (value: number): string => String(Math.abs(value)).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(hours)}${two(minutes)}`
}

function timeBlock(transition: Transition, daylight: number, standard: number): string {
  const kind = transition.daylight ? 'DAYLIGHT' : 'STANDARD'
  const at = new Date(transition.at * 1000)
  const onset = icalTime(transition.at, 'UTC')
  const rule = `RRULE:FREQ=YEARLY;BYMONTH=${at.getUTCMonth() + 1};BYDAY=-1${DAYS[at.getUTCDay()]}`
  const lines = [
    `BEGIN:${kind}`,
    `TZOFFSETFROM:${brokenOffset(transition.daylight ? standard : daylight)}`,
    `TZOFFSETTO:${brokenOffset(transition.daylight ? daylight : standard)}`,
    `TZNAME:${transition.name}`,
    `DTSTART:${onset}`,
    ...(transition.at === 0 ? [] : [rule]),
    `END:${kind}`,
  ]
  return lines.map(text => `${text}\r\n`).join('')
}

/**
 * The pieces Kaltura puts into its one VTIMEZONE for an event: the TZID line and a block for the change before the
 * start and each one until the end, with its time in UTC and the last such weekday of the month for a rule.
 */
export function verbatimZone(event: Output): string[] {
  const zone = zoneIn(event)
  const rule = recurrenceIn(event)
  if (zone === null || !rule || typeof event.startDate !== 'number') return []
  const start = event.startDate
  const until = endOf(rule, start)
  const from = yearBefore(start)
  let transitions = transitionsOf(zone, from, until)
  if (transitions.length === 1)
    transitions = [{ at: 0, offset: transitions[0]?.offset ?? 0, daylight: false, name: zone }]
  const daylight = transitions.findLast(transition => transition.daylight)?.offset
  const standard = transitions.findLast(transition => !transition.daylight)?.offset
  const initial = transitions.findLast(transition => transition.at <= start)
  const later = transitions.filter(transition => transition.at >= start && transition.at <= until)
  const relevant = initial ? [initial, ...later] : later
  const blocks = relevant.map(transition =>
    timeBlock(transition, daylight || (standard ?? 0), standard || (daylight ?? 0)),
  )
  return [`TZID:${zone}\r\n`, ...blocks]
}

const yearBefore = (epoch: number): number =>
  Temporal.Instant.fromEpochMilliseconds(epoch * 1000)
    .toZonedDateTimeISO('UTC')
    .subtract({ years: 1 }).epochMilliseconds / 1000
