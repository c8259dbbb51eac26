import { type Block, type Line, lineParameter, lineValue, parseBlocks, writeBlock } from './content.ts'

/** `P1DT`, as Apple's clients once wrote it: a T with no time after it. */
const LOOSE_DURATION = /^([+-]?P(?:\d+W)?(?:\d+D)?)T$/
const DURATIONS = new Set(['DURATION', 'TRIGGER'])

/** How a time is written: two of different forms cannot be compared as they stand (RFC 5545 §3.8.2.2). */
const formOf = (line: Line): string => {
  const value = lineValue(line).trim()
  if (/^\d{8}$/.test(value)) return 'date'
  if (value.endsWith('Z')) return 'utc'
  return lineParameter(line, 'TZID') === null ? 'floating' : 'zone'
}

const withValue = (line: Line, value: string): Line => {
  const text = line.text.slice(0, line.text.length - lineValue(line).length) + value
  return { ...line, text, raw: `${text}\r\n` }
}

const repairLine = (line: Line): Line => {
  const duration = DURATIONS.has(line.name) ? LOOSE_DURATION.exec(lineValue(line).trim()) : null
  return duration?.[1] ? withValue(line, duration[1]) : line
}

const repairBlock = (block: Block): Block => {
  const start = block.lines.find(({ name }) => name === 'DTSTART')
  const isForeignEnd = (line: Line): boolean =>
    block.name === 'VEVENT' && line.name === 'DTEND' && start !== undefined && formOf(line) !== formOf(start)
  return {
    ...block,
    lines: block.lines.filter(line => !isForeignEnd(line)).map(repairLine),
    blocks: block.blocks.map(repairBlock),
  }
}

/**
 * A text that could not be read, with what other programs are known to write wrongly put right: durations with a loose
 * T, and ends of another form than their start, which mean nothing. `null` where there is nothing of the kind.
 */
export const repairText = (text: string): string | null => {
  const calendar = parseBlocks(text)
  const repaired = writeBlock(repairBlock(calendar))
  return repaired === writeBlock(calendar) ? null : repaired
}
