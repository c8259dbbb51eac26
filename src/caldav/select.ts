import { endOf, toEpoch } from '../schedule/caltime.ts'
import type { Component, ScheduleEvent } from '../schedule/event.ts'
import type { Window } from '../schedule/recurrence.ts'
import type { Block, Line } from './content.ts'
import type { ComponentSelection } from './data-spec.ts'
import { lineSpans } from './line-time.ts'

const withoutValue = ({ name }: Line): Line => ({ name, text: `${name}:`, raw: `${name}:\r\n` })

/** The wanted parts of a component, on the lines of its text (RFC 4791 §9.6.1). */
export const selectParts = (block: Block, { properties, components }: ComponentSelection): Block => ({
  name: block.name,
  lines: properties
    ? block.lines.flatMap(line => {
        const wanted = properties.get(line.name)
        if (!wanted) return []
        return [wanted.noValue ? withoutValue(line) : line]
      })
    : block.lines,
  blocks: components
    ? block.blocks.flatMap(inner => {
        const wanted = components.find(({ name }) => name === inner.name)
        return wanted ? [selectParts(inner, wanted)] : []
      })
    : block.blocks,
})

const touches = (start: number, length: number, { from, to }: Window): boolean =>
  start < to && (start + length > from || (length === 0 && start >= from))

const lengthOf = (component: Component, zone: string): number =>
  Math.max(0, toEpoch(endOf(component), zone) - toEpoch(component.start, zone))

/**
 * The master and those overrides that lie in the window, replace an occurrence that would, or move all later ones
 * (RFC 4791 §9.6.6).
 */
export const limitRecurrences = (calendar: Block, event: ScheduleEvent, window: Window, zone: string): Block => {
  const usual = event.master ? lengthOf(event.master, zone) : 0
  const wanted = new Set(
    event.overrides.flatMap(override => {
      const original = toEpoch(override.recurrenceId, zone)
      const inside =
        touches(original, usual, window) ||
        touches(toEpoch(override.start, zone), lengthOf(override, zone), window) ||
        (override.thisAndFuture && original < window.to)
      return inside ? [original] : []
    }),
  )
  const kept = (block: Block): boolean => {
    const recurrence = block.lines.find(({ name }) => name === 'RECURRENCE-ID')
    if (block.name !== 'VEVENT' || !recurrence) return true
    const [span] = lineSpans(recurrence, zone)
    return span === undefined || wanted.has(span[0])
  }
  return { ...calendar, blocks: calendar.blocks.filter(kept) }
}
