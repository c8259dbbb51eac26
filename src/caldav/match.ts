import { TooManyOccurrences } from '../errors.ts'
import { toEpoch } from '../schedule/caltime.ts'
import type { Component, ScheduleEvent } from '../schedule/event.ts'
import { occurrences, type Window } from '../schedule/recurrence.ts'
import { alarmTouches } from './alarms.ts'
import { type Block, type Line, lineParameter, lineValue, parseBlocks, unescapeText } from './content.ts'
import type { ComponentFilter, ParameterFilter, PropertyFilter, TextMatch } from './filter.ts'
import { lineSpans } from './line-time.ts'
import { matchesText } from './text-match.ts'

/** An event as filters see it: its text for properties, its meaning for times. */
export interface Candidate {
  readonly body: string
  readonly event: ScheduleEvent
  /** IANA name of the clock for dates and floating times. */
  readonly zone: string
}

const overlaps = ([start, end]: readonly [number, number], { from, to }: Window): boolean =>
  start < to && (end > from || (end === start && start >= from))

const matchesParameter = (filter: ParameterFilter, line: Line): boolean => {
  const value = lineParameter(line, filter.name)
  if (filter.isNotDefined) return value === null
  return value !== null && (!filter.textMatch || matchesText(filter.textMatch, [value]))
}

/** The text of a value; beside it the value as it is written, where `a\,b` is asked for, as python-caldav asks. */
const textsOf = ({ text }: TextMatch, value: string): readonly string[] =>
  text.includes('\\') ? [unescapeText(value), value] : [unescapeText(value)]

const matchesLine = (filter: PropertyFilter, line: Line, zone: string): boolean => {
  const { timeRange, textMatch } = filter
  if (timeRange && !lineSpans(line, zone).some(span => overlaps(span, timeRange))) return false
  if (textMatch && !matchesText(textMatch, textsOf(textMatch, lineValue(line)))) return false
  return filter.parameters.every(parameter => matchesParameter(parameter, line))
}

const matchesProperty = (filter: PropertyFilter, block: Block, zone: string): boolean => {
  const lines = block.lines.filter(({ name }) => name === filter.name)
  if (filter.isNotDefined) return lines.length === 0
  return lines.some(line => matchesLine(filter, line, zone))
}

/** What of the event a VEVENT of the text is: its master, or the override with that RECURRENCE-ID. */
const componentOf = (block: Block, { event, zone }: Candidate): Component | null => {
  const line = block.lines.find(({ name }) => name === 'RECURRENCE-ID')
  if (!line) return event.master
  const [span] = lineSpans(line, zone)
  return event.overrides.find(override => toEpoch(override.recurrenceId, zone) === span?.[0]) ?? null
}

/**
 * An override is in time where it says itself. Asked alone, it has an answer even in a window that has more occurrences
 * of the series than are looked at.
 */
const alone = (component: Component | null, candidate: Candidate): Candidate => {
  const { event } = candidate
  const override = event.overrides.find(each => each === component)
  if (!override || override.thisAndFuture) return candidate
  return { ...candidate, event: { ...event, master: null, overrides: [override] } }
}

/** Whether one component has an occurrence in the window; past the budget of a rule there surely is one. */
const touches = (component: Component | null, window: Window, { event, zone }: Candidate): boolean => {
  try {
    const found = occurrences(event, window, { zone })
    return component === null ? found.length > 0 : found.some(occurrence => occurrence.component === component)
  } catch (error) {
    if (error instanceof TooManyOccurrences) return true
    throw error
  }
}

const inTime = (filter: ComponentFilter, block: Block, parent: Block | null, candidate: Candidate): boolean => {
  if (!filter.timeRange) return true
  if (block.name === 'VEVENT') {
    const component = componentOf(block, candidate)
    return touches(component, filter.timeRange, alone(component, candidate))
  }
  if (block.name === 'VALARM' && parent) {
    const component = componentOf(parent, candidate)
    return alarmTouches(block, component, filter.timeRange, alone(component, candidate))
  }
  return false
}

const matchesBlock = (filter: ComponentFilter, block: Block, parent: Block | null, candidate: Candidate): boolean =>
  filter.properties.every(property => matchesProperty(property, block, candidate.zone)) &&
  filter.components.every(inner => matchesAmong(inner, block.blocks, block, candidate)) &&
  inTime(filter, block, parent, candidate)

const matchesAmong = (
  filter: ComponentFilter,
  blocks: readonly Block[],
  parent: Block | null,
  candidate: Candidate,
): boolean => {
  const same = blocks.filter(({ name }) => name === filter.name)
  if (filter.isNotDefined) return same.length === 0
  return same.some(block => matchesBlock(filter, block, parent, candidate))
}

/** Whether an event passes a CALDAV:filter (RFC 4791 §9.7): each condition on one and the same component. */
export const matchesFilter = (filter: ComponentFilter, candidate: Candidate): boolean =>
  matchesAmong(filter, [parseBlocks(candidate.body)], null, candidate)
