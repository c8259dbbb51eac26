import type { JCalProperty, ScheduleEvent } from '../schedule/event.ts'
import { fold } from '../schedule/ical-write.ts'
import { type Block, type Line, lineParameter, lineValue, parseBlocks, writeBlock } from './content.ts'
import { addressIn, componentsOf, isOurs } from './room-answers.ts'

/** What an answer changes in an attendee; all its other parameters stay. */
const CHANGED = new Set(['PARTSTAT', 'RSVP', 'SCHEDULE-STATUS'])
const AGENT = new Set(['SCHEDULE-AGENT'])

const PARAMETER = /;([\w-]+)=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*/g

const attendeesIn = (event: ScheduleEvent): readonly JCalProperty[] =>
  componentsOf(event).flatMap(({ extra }) => extra.filter(([name]) => name === 'attendee'))

/** `ACCEPTED` or `DECLINED`; `null` for people, who are left to their own systems. */
const partstatOf = ([, parameters]: JCalProperty): string | null =>
  parameters['schedule-agent'] === 'CLIENT' ? null : String(parameters.partstat)

/** What became of each address the server answers for; `null` where that is not the same in every component. */
const outcomes = (event: ScheduleEvent, answered: ScheduleEvent): ReadonlyMap<string, string | null> | null => {
  if (event.overrides.length !== answered.overrides.length) return null
  const ours = new Set(attendeesIn(event).filter(isOurs).map(addressIn))
  const found = new Map<string, string | null>()
  for (const attendee of attendeesIn(answered)) {
    const address = addressIn(attendee)
    if (!ours.has(address)) continue
    const partstat = partstatOf(attendee)
    if (found.has(address) && found.get(address) !== partstat) return null
    found.set(address, partstat)
  }
  return found
}

const withOutcome = (line: Line, partstat: string | null): Line => {
  const value = lineValue(line)
  const dropped = partstat === null ? AGENT : CHANGED
  const head = line.text
    .slice(0, line.text.length - value.length - 1)
    .replace(PARAMETER, (all: string, name: string) => (dropped.has(name.toUpperCase()) ? '' : all))
  const more = partstat === null ? ';SCHEDULE-AGENT=CLIENT' : `;PARTSTAT=${partstat};SCHEDULE-STATUS=2.0`
  const text = `${head}${more}:${value}`
  return { ...line, text, raw: `${fold(text)}\r\n` }
}

/**
 * The text a client sent with the answers of rooms in its ATTENDEE lines, and nothing else changed; `null` where a room
 * answers differently for single dates: those get components of their own, which the text does not have.
 */
export const answeredText = (body: string, event: ScheduleEvent, answered: ScheduleEvent): string | null => {
  const found = outcomes(event, answered)
  if (!found) return null
  if (found.size === 0) return body
  const patched = (line: Line): Line => {
    const agent = lineParameter(line, 'SCHEDULE-AGENT')?.toUpperCase() ?? 'SERVER'
    const partstat = found.get(lineValue(line).trim().toLowerCase())
    return line.name !== 'ATTENDEE' || agent !== 'SERVER' || partstat === undefined ? line : withOutcome(line, partstat)
  }
  const inEvents = (block: Block): Block =>
    block.name === 'VEVENT' ? { ...block, lines: block.lines.map(patched) } : block
  const calendar = parseBlocks(body)
  return writeBlock({ ...calendar, blocks: calendar.blocks.map(inEvents) })
}
