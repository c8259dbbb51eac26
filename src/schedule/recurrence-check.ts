/** What is wrong with the times and rules of an event, in words. */
import { parseDuration, toEpoch } from './caltime.ts'
import type { CalTime, Component, Master, ScheduleEvent } from './event.ts'
import { isDate, isDuration, timeKey } from './event.ts'
import { isSubDaily, parseRule, ruleOddities } from './rrule.ts'

const kind = (time: CalTime): string => (isDate(time) ? 'a date' : 'a time')

const endProblems = ({ start, end }: Component, name: string): string[] => {
  if (end === null) return []
  if (isDuration(end)) {
    const duration = parseDuration(end.duration)
    if (!duration) return [`${name}: the duration ${end.duration} cannot be read`]
    return duration.days < 0 || duration.seconds < 0 ? [`${name}: the duration ${end.duration} is negative`] : []
  }
  const ends = toEpoch(end, 'UTC') < toEpoch(start, 'UTC')
  return ends ? [`${name}: it ends (${timeKey(end)}) before it starts (${timeKey(start)})`] : []
}

const overrideProblems = ({ master, overrides }: ScheduleEvent): string[] => {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const { recurrenceId } of overrides) {
    const key = timeKey(recurrenceId)
    if (seen.has(key)) problems.push(`RECURRENCE-ID ${key} occurs twice`)
    seen.add(key)
    if (master && isDate(recurrenceId) !== isDate(master.start))
      problems.push(`RECURRENCE-ID ${key} is ${kind(recurrenceId)}, but the series starts with ${kind(master.start)}`)
  }
  return problems
}

/**
 * What makes an event impossible to place in time, as sentences: a rule that cannot be read, an end before its start, a
 * RECURRENCE-ID of another value type than DTSTART (RFC 5545 §3.8.4.4) or given twice. Empty for a sound event.
 */
export const checkRecurrence = (event: ScheduleEvent): string[] => {
  const { master, overrides } = event
  if (!master && overrides.length === 0) return ['there is neither a master nor an override']
  const rules = master ? [...master.rrules, ...master.exrules].map(parseRule) : []
  return [
    ...rules.filter(rule => typeof rule === 'string'),
    ...(master ? endProblems(master, 'the event') : []),
    ...overrides.flatMap(override => endProblems(override, `the occurrence ${timeKey(override.recurrenceId)}`)),
    ...overrideProblems(event),
  ]
}

/** The form UNTIL should have for a start (RFC 5545 §3.3.10). */
const untilForm = (start: CalTime): 'date' | 'local' | 'utc' =>
  isDate(start) ? 'date' : start.tzid === null ? 'local' : 'utc'

const ruleNotices = (text: string, start: CalTime): string[] => {
  const rule = parseRule(text)
  if (typeof rule === 'string') return []
  const notices = ruleOddities(rule).map(words => `the rule ${text} ${words}`)
  const wanted = untilForm(start)
  if (rule.until && rule.until.form !== wanted)
    notices.push(`the rule ${text} gives UNTIL as ${rule.until.form} where the start asks for ${wanted}`)
  const timed = isSubDaily(rule.frequency) || rule.byHour.length + rule.byMinute.length + rule.bySecond.length > 0
  if (isDate(start) && timed) notices.push(`the rule ${text} speaks of times of day, but the series has only dates`)
  return notices
}

const seriesNotices = (master: Master): string[] => [
  ...[...master.rrules, ...master.exrules].flatMap(rule => ruleNotices(rule, master.start)),
  ...master.exdates
    .filter(time => isDate(time) !== isDate(master.start))
    .map(time => `EXDATE ${timeKey(time)} is ${kind(time)}, but the series starts with ${kind(master.start)}`),
]

/** What RFC 5545 forbids but has one sensible reading, which `occurrences` takes, as sentences. */
export const recurrenceNotices = ({ master, overrides }: ScheduleEvent): string[] => {
  const mixed = [...(master ? [master] : []), ...overrides].filter(
    ({ start, end }) => end !== null && !isDuration(end) && isDate(end) !== isDate(start),
  )
  return [
    ...(master ? seriesNotices(master) : []),
    ...mixed.map(({ start }) => `DTSTART ${timeKey(start)} and its DTEND are not of the same value type`),
  ]
}
