import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { CalTime } from '../../src/schedule/event.ts'
import { emptyMaster, isDate } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'

/** Cases on which independent engines agree; see their `agree`. */
const file = new URL('../../../shared/data/recurrence-cases.json', import.meta.url)

interface Case {
  readonly id: string
  readonly dtstart: string
  readonly tzid: string | null
  readonly rrule: string
  readonly exdate?: readonly string[]
  readonly expected: readonly string[]
  /** Whether `expected` is the whole set, or only its beginning. */
  readonly complete: boolean
  readonly lecture_like: boolean
}

/** Cases we decide otherwise. The list may only shrink: one that passes must go. */
const deviations: { readonly [id: string]: string } = {
  R0068:
    'YEARLY;BYMONTHDAY without BYMONTH means every month (RFC 5545 §3.3.10, table); R0273 and R0695 expect that too',
  R0069: 'as R0068',
  R0529: 'as R0068',
}

const time = (text: string, tzid: string | null): CalTime => {
  const date = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`
  if (text.length === 8) return { date }
  return { dateTime: `${date}T${text.slice(9, 11)}:${text.slice(11, 13)}:${text.slice(13, 15)}`, tzid }
}

const text = (value: CalTime): string => (isDate(value) ? value.date : value.dateTime).replace(/[-:]/g, '')

/** The cases are of rules alone; in an event DTSTART is the first occurrence in any case (RFC 5545 §3.8.5.3). */
const asEvent = (given: Case) => {
  const extra = given.expected[0] !== given.dtstart && !given.exdate?.includes(given.dtstart)
  const rrule = extra ? given.rrule.replace(/COUNT=(\d+)/, (_, count) => `COUNT=${Number(count) + 1}`) : given.rrule
  const exdates = [...(given.exdate ?? []), ...(extra ? [given.dtstart] : [])].map(each => time(each, given.tzid))
  const master = { ...emptyMaster(time(given.dtstart, given.tzid)), rrules: [rrule], exdates }
  return { uid: given.id, master, overrides: [], resourceIds: [] }
}

const starts = (given: Case): string[] => {
  const event = asEvent(given)
  const open = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  if (given.complete) return occurrences(event, open, { zone: 'UTC' }).map(({ startTime }) => text(startTime))
  const last = { ...emptyMaster(time(given.expected.at(-1) ?? '', given.tzid)) }
  const [end] = occurrences({ ...event, master: last }, open, { zone: 'UTC' })
  const window = { from: open.from, to: (end?.start ?? 0) + 1 }
  return occurrences(event, window, { zone: 'UTC', maxSteps: 1e6 }).map(({ startTime }) => text(startTime))
}

const present = existsSync(file)
if (!present) console.warn(`recurrence cases NOT RUN: ${file.pathname} is not there`)

describe.skipIf(!present)('recurrence cases', () => {
  const cases = present ? (JSON.parse(readFileSync(file, 'utf8')) as Case[]) : []
  const wrong = new Set(
    cases.filter(given => JSON.stringify(starts(given)) !== JSON.stringify(given.expected)).map(({ id }) => id),
  )

  test('all 673 are read', () => {
    expect(cases).toHaveLength(673)
  })

  test('every lecture-like case is right', () => {
    const lectures = cases.filter(({ lecture_like }) => lecture_like)
    expect(lectures).toHaveLength(296)
    expect(lectures.filter(({ id }) => wrong.has(id))).toEqual([])
  })

  test('what differs is listed, and nothing else is', () => {
    expect([...wrong].sort()).toEqual(Object.keys(deviations).sort())
  })

  test.each(cases.filter(({ id }) => !(id in deviations)))('$id $rrule', given => {
    expect(starts(given)).toEqual(given.expected)
  })
})
