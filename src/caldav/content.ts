import { parameter, readLine } from '../schedule/content-line.ts'

/**
 * iCalendar text as a tree of its lines (RFC 5545 §3.1), nothing read beyond what frames them: what selects, filters and
 * gives back parts of an event works on the very lines a client sent.
 */
export interface Line {
  /** Upper case. */
  readonly name: string
  /** Unfolded: name, parameters and value. */
  readonly text: string
  /** As it stands in the file, folds and line end included. */
  readonly raw: string
}

export interface Block {
  readonly name: string
  readonly lines: readonly Line[]
  readonly blocks: readonly Block[]
}

interface OpenBlock {
  readonly name: string
  readonly lines: Line[]
  readonly blocks: OpenBlock[]
}

const LINES = /[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|$)/g
const FOLDS = /\r?\n[ \t]/g

const lineOf = (raw: string): Line => {
  const text = raw.replace(FOLDS, '').replace('\ufeff', '').trimEnd()
  const end = text.search(/[;:]/)
  return { name: (end < 0 ? text : text.slice(0, end)).toUpperCase(), text, raw }
}

/** What stands behind the colon, escapes and all. */
export const lineValue = (line: Line): string => readLine(line.text, 0)?.value ?? ''

/** A parameter as one text, without quotes; `null` where the line does not have it. */
export const lineParameter = (line: Line, name: string): string | null => {
  const property = readLine(line.text, 0)
  return property && parameter(property, name.toLowerCase())
}

/** RFC 5545 §3.3.11. */
export const unescapeText = (value: string): string =>
  value.replace(/\\([\\;,nN])/g, (_, escaped: string) => (escaped === 'n' || escaped === 'N' ? '\n' : escaped))

/** The outermost component of a text; lines that end nothing and components that never end are borne with. */
export const parseBlocks = (text: string): Block => {
  const root: OpenBlock = { name: '', lines: [], blocks: [] }
  const open: OpenBlock[] = [root]
  for (const [raw] of text.matchAll(LINES)) {
    const line = lineOf(raw)
    const top = open.at(-1) ?? root
    if (line.name === 'BEGIN') {
      const block = { name: lineValue(line).trim().toUpperCase(), lines: [], blocks: [] }
      top.blocks.push(block)
      open.push(block)
    } else if (line.name === 'END') {
      if (open.length > 1) open.pop()
    } else if (line.text !== '') top.lines.push(line)
  }
  return root.blocks[0] ?? root
}

const end = (block: Block): string => `END:${block.name}\r\n`

/** Lines first, then components: the order RFC 5545 §3.4 has anyway. */
export const writeBlock = (block: Block): string =>
  `BEGIN:${block.name}\r\n${block.lines.map(({ raw }) => raw).join('')}${block.blocks.map(writeBlock).join('')}${end(block)}`
