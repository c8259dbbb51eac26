import { describe, expect, it } from 'vitest'
import { lineParameter, lineValue, parseBlocks, unescapeText, writeBlock } from '../../src/caldav/content.ts'

const text = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'BEGIN:VEVENT',
  'UID:a',
  'ATTENDEE;CN="Doe, Jane; x:y";ROLE=CHAIR;MEMBER="mailto:a","mailto:b":mailto:ja',
  ' ne@example.edu',
  'SUMMARY:one\\, two\\nthree \\\\ four',
  'BEGIN:VALARM',
  'TRIGGER:-PT15M',
  'END:VALARM',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n')

describe('content lines', () => {
  const calendar = parseBlocks(text)
  const [event] = calendar.blocks
  const line = (name: string) => event?.lines.find(candidate => candidate.name === name) ?? { name, text: '', raw: '' }

  it('are framed by their components', () => {
    expect(calendar.name).toBe('VCALENDAR')
    expect(event?.lines.map(({ name }) => name)).toEqual(['UID', 'ATTENDEE', 'SUMMARY'])
    expect(event?.blocks.map(({ name }) => name)).toEqual(['VALARM'])
  })

  it('are written back as they were, folds and all', () => {
    expect(writeBlock(calendar)).toBe(text)
  })

  it('have parameters, whose quotes hide the characters that end them', () => {
    expect(lineParameter(line('ATTENDEE'), 'CN')).toBe('Doe, Jane; x:y')
    expect(lineParameter(line('ATTENDEE'), 'ROLE')).toBe('CHAIR')
    expect(lineParameter(line('ATTENDEE'), 'MEMBER')).toBe('mailto:a,mailto:b')
    expect(lineParameter(line('ATTENDEE'), 'RSVP')).toBeNull()
    expect(lineValue(line('ATTENDEE'))).toBe('mailto:jane@example.edu')
  })

  it('have values with escapes', () => {
    expect(unescapeText(lineValue(line('SUMMARY')))).toBe('one, two\nthree \\ four')
  })

  it.each(['', 'X', 'END:VEVENT', 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x', ' folded first'])('bear with %j', odd => {
    expect(() => parseBlocks(odd)).not.toThrow()
  })
})
