import { TooManyOccurrences } from '../errors.ts'
import { parseDuration } from '../schedule/caltime.ts'
import { regularDuration } from '../schedule/content-line.ts'
import type { Component } from '../schedule/event.ts'
import { type Occurrence, occurrences, type Window } from '../schedule/recurrence.ts'
import { type Block, lineParameter, lineValue } from './content.ts'
import { lineSpans } from './line-time.ts'
import type { Candidate } from './match.ts'

const DAY = 86_400
/** As many repetitions as anybody snoozes. */
const MAX_REPEAT = 100

const secondsOf = (duration: string | undefined): number | null => {
  const parsed = duration === undefined ? null : parseDuration(regularDuration(duration))
  return parsed && parsed.days * DAY + parsed.seconds
}

const valueIn = (alarm: Block, name: string): string | undefined => {
  const line = alarm.lines.find(candidate => candidate.name === name)
  return line && lineValue(line).trim()
}

/** When an alarm rings again after its trigger, in seconds: DURATION, REPEAT times (RFC 5545 §3.8.6.2). */
const repeats = (alarm: Block): readonly number[] => {
  const pause = secondsOf(valueIn(alarm, 'DURATION')) ?? 0
  const count = Math.min(Number(valueIn(alarm, 'REPEAT') ?? 0) || 0, MAX_REPEAT)
  return Array.from({ length: count + 1 }, (_, index) => index * pause)
}

/** `null`: more than the budget of the rule allows to look at. */
const occurrencesNear = (window: Window, reach: number, { event, zone }: Candidate): readonly Occurrence[] | null => {
  try {
    return occurrences(event, { from: window.from - reach, to: window.to + reach }, { zone })
  } catch (error) {
    if (error instanceof TooManyOccurrences) return null
    throw error
  }
}

/** Whether an alarm of `component` rings inside the window (RFC 4791 §9.9): `from <= ring < to`. */
export const alarmTouches = (
  alarm: Block,
  component: Component | null,
  window: Window,
  candidate: Candidate,
): boolean => {
  const trigger = alarm.lines.find(({ name }) => name === 'TRIGGER')
  if (!trigger) return false
  const rings = (time: number): boolean =>
    repeats(alarm).some(later => time + later >= window.from && time + later < window.to)
  const offset = secondsOf(lineValue(trigger).trim())
  if (offset === null) return lineSpans(trigger, candidate.zone).some(([time]) => rings(time))
  const atEnd = lineParameter(trigger, 'RELATED')?.toUpperCase() === 'END'
  const reach = Math.abs(offset) + (repeats(alarm).at(-1) ?? 0) + 1
  const near = occurrencesNear(window, reach, candidate)
  if (near === null) return true
  const own = near.filter(occurrence => component === null || occurrence.component === component)
  return own.some(({ start, end }) => rings((atEnd ? end : start) + offset))
}
