/**
 * Every file of the corpus (../shared/data/ics: real exports of many products) through the reader and back.
 * `CORPUS=1` prints each rejected component, `CORPUS=2` each notice too.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  componentCount,
  type Finding,
  type ParsedCalendar,
  parseCalendar,
  writeCalendar,
} from '../../src/schedule/ical.ts'
import { cpuTime } from './ical-cpu.ts'

const root = new URL('../../../shared/data/', import.meta.url)
const present = existsSync(root)
if (!present) console.warn('SKIPPED: the corpus, because ../shared/data is not there')

interface Row {
  readonly file: string
  /** VEVENTs that ical.js alone finds, 0 where it gives up. */
  readonly events: string
  /** `ok`, or how ical.js alone fails. */
  readonly parse: string
}

interface Read {
  readonly row: Row
  readonly text: string
  readonly parsed: ParsedCalendar
  readonly milliseconds: number
  readonly imported: number
}

const isEvent = ({ component }: Finding) => component === 'VEVENT'
const list = (findings: readonly Finding[]) =>
  findings
    .map(({ file, line, component, uid, reason }) => `${file}:${line} ${component} ${uid ?? '-'}: ${reason}`)
    .join('\n')

/** Why a VEVENT of the corpus cannot be imported, and how many there are. A new reason is a finding. */
const reasons: readonly (readonly [reason: RegExp, count: number, why: string])[] = [
  [
    /there is no DTSTART/,
    59,
    'fragments of test suites; RFC 5545 §3.6.1 wants DTSTART, and nothing says when they are',
  ],
  [/is no date and no time/, 8, 'DTSTART:Next Year, DTEND:None, 30 February'],
  [/the time zone ".*" is unknown/, 7, 'foo, Europe/Germany, "(GMT +01:00)", custom names without their VTIMEZONE'],
  [/the rule .* has no usable/, 2, 'FREQ=INVALID_TYPE_CAUSES_ERROR, UNTIL=20123456T123456'],
  [/is no duration/, 1, 'DURATION:-PT1W1D2H3M4S'],
  [/the text ends inside it/, 1, 'a file that was cut off: what is missing cannot be known'],
]

describe.runIf(present)('the corpus', () => {
  const files: Read[] = []

  beforeAll(() => {
    const rows: Row[] = parse(readFileSync(new URL('INDEX.csv', root)), { columns: true })
    for (const row of rows) {
      const text = new TextDecoder().decode(readFileSync(new URL(`ics/${row.file}`, root)))
      let parsed = parseCalendar('')
      const milliseconds = cpuTime(() => {
        parsed = parseCalendar(text, { file: row.file })
      })
      files.push({
        row,
        text,
        parsed,
        milliseconds,
        imported: parsed.events.reduce((sum, event) => sum + componentCount(event), 0),
      })
    }
    const sum = (count: (file: Read) => number) => files.reduce((total, file) => total + count(file), 0)
    const rejected = files.flatMap(({ parsed }) => parsed.rejected)
    console.log(
      `corpus: ${files.length} files, ${sum(({ parsed }) => parsed.events.length)} events of ${sum(({ imported }) => imported)} VEVENTs imported, ` +
        `${rejected.filter(isEvent).length} rejected, ${sum(({ parsed }) => parsed.absorbed)} superseded or unchanged, ${sum(({ parsed }) => parsed.notices.length)} notices`,
    )
    if (process.env.CORPUS) console.log(list(rejected))
    if (process.env.CORPUS === '2') console.log(list(files.flatMap(({ parsed }) => parsed.notices)))
  })

  it('is whole', () => {
    const onDisk = readdirSync(new URL('ics/', root), { recursive: true, withFileTypes: true }).filter(entry =>
      entry.isFile(),
    )
    expect(files.length).toBe(onDisk.length)
    expect(files.length).toBeGreaterThanOrEqual(432)
  })

  it('takes no file longer than 2 s', () => {
    expect(files.filter(({ milliseconds }) => milliseconds > 2000).map(({ row }) => row.file)).toEqual([])
  })

  it('loses no VEVENT silently', () => {
    for (const { row, text, parsed, imported } of files) {
      const unfolded = text.replace(/(\r\n|\r|\n)[ \t]/g, '')
      const present = unfolded.match(/^[ \t]*BEGIN:VEVENT[ \t]*$/gim)?.length ?? 0
      expect([row.file, imported + parsed.rejected.filter(isEvent).length + parsed.absorbed]).toEqual([
        row.file,
        present,
      ])
      // ical.js counts only those inside a VCALENDAR.
      expect(present, row.file).toBeGreaterThanOrEqual(Number(row.events))
    }
  })

  it('rejects only what cannot be understood, each with its line and reason', () => {
    const rejected = files.flatMap(({ parsed }) => parsed.rejected).filter(isEvent)
    const counted = reasons.map(([reason]) => rejected.filter(finding => reason.test(finding.reason)).length)
    expect(counted).toEqual(reasons.map(([, count]) => count))
    expect(rejected.filter(finding => !reasons.some(([reason]) => reason.test(finding.reason)))).toEqual([])
    for (const { file, line } of rejected) {
      const text = files.find(({ row }) => row.file === file)?.text.split(/\r\n|\r|\n/) ?? []
      expect([file, line, text[line - 1]?.trim().toUpperCase()]).toEqual([file, line, 'BEGIN:VEVENT'])
    }
  })

  it('still gives the good events of files that ical.js alone gives up on', () => {
    const failed = files.filter(({ row }) => row.parse !== 'ok')
    const events = failed.reduce((sum, { imported }) => sum + imported, 0)
    expect([failed.length, events]).toEqual([30, 217])
  })

  it('survives being written: the same events, for strict readers, without a complaint', () => {
    for (const { row, parsed } of files) {
      const text = writeCalendar(parsed.events, { password: true })
      const again = parseCalendar(text)
      expect(again.events, row.file).toEqual(parsed.events)
      expect(again.rejected.filter(isEvent), row.file).toEqual([])
      expect(text, row.file).not.toMatch(/[^\r]\n|\r[^\n]/)
      expect(Math.max(...text.split('\r\n').map(line => Buffer.byteLength(line))), row.file).toBeLessThanOrEqual(75)
    }
  })
})
