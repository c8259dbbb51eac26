import type { IncomingHttpHeaders } from 'node:http'
import { resolveZone } from '../schedule/timezone.ts'
import { type Block, lineParameter, lineValue, parseBlocks, writeBlock } from './content.ts'
import { timezoneText } from './zones.ts'

/** Whether a client wants VTIMEZONEs (RFC 7809 §7.1); `null`: as they are stored. */
export type TimezoneChoice = 'T' | 'F' | null

export const timezoneChoice = (headers: IncomingHttpHeaders): TimezoneChoice => {
  const value = String(headers['caldav-timezones'] ?? '')
    .trim()
    .toUpperCase()
  return value === 'T' || value === 'F' ? value : null
}

export const tzidOf = (zone: Block): string => {
  const line = zone.lines.find(({ name }) => name === 'TZID')
  return line ? lineValue(line) : ''
}

export const zonesUsed = (block: Block): readonly string[] => [
  ...block.lines.flatMap(line => lineParameter(line, 'TZID') ?? []),
  ...block.blocks.flatMap(zonesUsed),
]

/** The VTIMEZONE of a TZID that everybody knows, under that very name. */
export const zoneBlock = (tzid: string): Block | null => {
  const zone = resolveZone(tzid)
  const [block] = zone === null ? [] : parseBlocks(timezoneText(zone)).blocks
  if (!block) return null
  const lines = block.lines.map(line =>
    line.name === 'TZID' ? { name: 'TZID', text: `TZID:${tzid}`, raw: `TZID:${tzid}\r\n` } : line,
  )
  return { ...block, lines }
}

/** A text with or without the VTIMEZONEs of zones that have a well-known name; any others stay. */
export const chooseTimezones = (text: string, choice: TimezoneChoice): string => {
  if (choice === null) return text
  const calendar = parseBlocks(text)
  const isZone = (block: Block): boolean => block.name === 'VTIMEZONE'
  if (choice === 'F') {
    const kept = calendar.blocks.filter(block => !isZone(block) || resolveZone(tzidOf(block)) === null)
    return kept.length === calendar.blocks.length ? text : writeBlock({ ...calendar, blocks: kept })
  }
  const present = new Set(calendar.blocks.filter(isZone).map(tzidOf))
  const missing = [...new Set(zonesUsed(calendar))].filter(tzid => !present.has(tzid))
  const added = missing.flatMap(tzid => zoneBlock(tzid) ?? [])
  return added.length === 0 ? text : writeBlock({ ...calendar, blocks: [...added, ...calendar.blocks] })
}
