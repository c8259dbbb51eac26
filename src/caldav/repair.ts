import { type Block, type Line, lineParameter, lineValue, parseBlocks, writeBlock } from './content.ts'

/** How a time is written: two of different forms cannot be compared as they stand (RFC 5545 §3.8.2.2). */
const formOf = (line: Line): string => {
  const value = lineValue(line).trim()
  if (/^\d{8}$/.test(value)) return 'date'
  if (value.endsWith('Z')) return 'utc'
  return lineParameter(line, 'TZID') === null ? 'floating' : 'zone'
}

const repairBlock = (block: Block): Block => {
  const start = block.lines.find(({ name }) => name === 'DTSTART')
  const isForeignEnd = (line: Line): boolean =>
    block.name === 'VEVENT' && line.name === 'DTEND' && start !== undefined && formOf(line) !== formOf(start)
  return {
    ...block,
    lines: block.lines.filter(line => !isForeignEnd(line)),
    blocks: block.blocks.map(repairBlock),
  }
}

/**
 * A text that could not be read, without what makes it so: an end of another form than its start, which means nothing.
 * `null` where there is nothing of the kind.
 */
export const repairText = (text: string): string | null => {
  const calendar = parseBlocks(text)
  const repaired = writeBlock(repairBlock(calendar))
  return repaired === writeBlock(calendar) ? null : repaired
}
