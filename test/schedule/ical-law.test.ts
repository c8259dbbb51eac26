import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCalendar, writeCalendar } from '../../src/schedule/ical.ts'
import { anyEvent } from './ical-arbitrary.ts'

/** What makes a written calendar acceptable to strict readers. */
const expectStrict = (text: string) => {
  expect(text).not.toMatch(/[^\r]\n|\r[^\n]/)
  for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
}

describe('writing and reading', () => {
  it('an event that is written is read back the same', () => {
    fc.assert(
      fc.property(anyEvent, event => {
        const text = writeCalendar([event], { password: true })
        expectStrict(text)
        const { events, rejected } = parseCalendar(text)
        expect(rejected).toEqual([])
        expect(events).toEqual([event])
      }),
      { numRuns: 400 },
    )
  })
})

const corpus = new URL('../../../shared/data/ics/', import.meta.url)
const corpusHere = existsSync(corpus)
if (!corpusHere) console.warn('SKIPPED: damaging real files, because ../shared/data/ics is not there')

/** Real files with a few lines lost, doubled, exchanged or damaged: what arrives from half-broken exporters. */
describe.runIf(corpusHere)('damaged files', () => {
  // What is skipped is collected all the same.
  const names = corpusHere ? readdirSync(corpus, { recursive: true, encoding: 'utf8' }) : []
  const files = names
    .filter(file => /\.(ics|vcs)$/.test(file))
    .map(file => new TextDecoder().decode(readFileSync(new URL(file, corpus))))
    .filter(text => text.length < 4000)
    .map(text => text.split(/\r\n|\n/))
  const strayLines = files.flatMap(lines => lines.filter((line, i) => i % 7 === 0 && !line.startsWith(' ')))
  const junk = [
    '"',
    ';',
    ':',
    '=',
    '\\',
    '^',
    '\u0000',
    '\r',
    '😀',
    '\ud800',
    'T',
    'Z',
    '9',
    'BEGIN:',
    'END:',
    'TZID=',
    ' ',
    '\t',
  ]
  const damage = fc.oneof(
    fc.record({ kind: fc.constant('delete' as const), line: fc.nat() }),
    fc.record({ kind: fc.constant('insert' as const), line: fc.nat(), text: fc.constantFrom('', ...strayLines) }),
    fc.record({
      kind: fc.constant('spoil' as const),
      line: fc.nat(),
      at: fc.nat({ max: 40 }),
      text: fc.constantFrom(...junk),
    }),
  )
  type Damage = typeof damage extends fc.Arbitrary<infer Value> ? Value : never

  const apply = (lines: readonly string[], hit: Damage): string[] => {
    if (lines.length === 0) return []
    const at = hit.line % lines.length
    const line = lines[at] ?? ''
    if (hit.kind === 'delete') return lines.toSpliced(at, 1)
    if (hit.kind === 'insert') return lines.toSpliced(at, 0, hit.text)
    return lines.with(at, line.slice(0, hit.at) + hit.text + line.slice(hit.at))
  }

  it('are read without a fault, and what is read survives being written', () => {
    fc.assert(
      fc.property(
        fc.constantFrom([], ...files),
        fc.array(damage, { minLength: 1, maxLength: 6 }),
        fc.constantFrom('\r\n', '\n', '\r'),
        (file, hits, end) => {
          const { events, rejected } = parseCalendar(hits.reduce<readonly string[]>(apply, file).join(end))
          expect(rejected.filter(({ reason }) => reason.includes('could not be'))).toEqual([])
          const text = writeCalendar(events, { password: true })
          expectStrict(text)
          expect(parseCalendar(text)).toMatchObject({ rejected: [], events })
        },
      ),
      { numRuns: 1500 },
    )
  })
})
