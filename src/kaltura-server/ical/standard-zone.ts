import { icalTime } from './properties.ts'
import { offsetText, type Transition, transitionsOf } from './transitions.ts'

const DAY = 86_400

/** The wall time at which a change takes place, by the offset before it (RFC 5545 §3.6.5). */
function block(transition: Transition, before: number): string {
  const kind = transition.daylight ? 'DAYLIGHT' : 'STANDARD'
  return [
    `BEGIN:${kind}`,
    `DTSTART:${icalTime(transition.at + before, 'UTC')}`,
    `TZOFFSETFROM:${offsetText(before)}`,
    `TZOFFSETTO:${offsetText(transition.offset)}`,
    `TZNAME:${transition.name}`,
    `END:${kind}`,
  ]
    .map(line => `${line}\r\n`)
    .join('')
}

/** A VTIMEZONE with each change of the clock that a time in the span can need, one by one. */
export function standardZone(zone: string, span: { readonly from: number; readonly to: number }): string {
  const transitions = transitionsOf(zone, span.from - 2 * DAY, span.to + 2 * DAY)
  const blocks = transitions.map((transition, index) =>
    block(transition, (transitions[index - 1] ?? transition).offset),
  )
  return `BEGIN:VTIMEZONE\r\nTZID:${zone}\r\n${blocks.join('')}END:VTIMEZONE\r\n`
}
