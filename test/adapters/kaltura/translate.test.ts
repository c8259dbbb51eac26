import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { slotsOf } from '../../../adapters/kaltura/expand.ts'
import { readComment, writeComment } from '../../../adapters/kaltura/note.ts'
import { canonicalRule, fromRecurrence, toRecurrence } from '../../../adapters/kaltura/rule.ts'
import { byteLength, cutBytes, storable } from '../../../adapters/kaltura/text.ts'
import { contentOf } from '../../../adapters/kaltura/translate.ts'
import { type Context, normalize } from '../../../adapters/kaltura/view.ts'
import { type CalTime, emptyMaster, type JCalProperty } from '../../../src/schedule/event.ts'
import { differences } from '../../../src/schedule/merge.ts'
import { scheduleEvent } from '../../sync/arbitrary.ts'

const zone = 'Europe/Berlin'
const start: CalTime = { dateTime: '2027-03-03T09:00:00', tzid: zone } // a Wednesday
const context: Context = {
  zoneOf: () => zone,
  now: () => 1_790_000_000,
  templateEntryOf: () => '',
  endpointsOf: () => null,
}

describe('a text', () => {
  it.each([
    ['Emoji 🎓 go', 'Emoji go'],
    ['family 👩‍👩‍👧‍👦 and flag 🇩🇪', 'family and flag'],
    ['rare ideograph 𠮷', 'rare ideograph �'],
    ['a\u0000b\u001bc\ud800d', 'abcd'],
    ['one\r\ntwo\rthree', 'one\ntwo\nthree'],
    ['Ψ, ü and 漢字 stay', 'Ψ, ü and 漢字 stay'],
  ])('%j becomes %j', (text, kept) => expect(storable(text)).toBe(kept))

  it('is cut between two characters, and once', () => {
    const property = fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.nat(80), (text, bytes) => {
      const cut = cutBytes(storable(text), bytes)
      expect(byteLength(cut)).toBeLessThanOrEqual(Math.max(bytes, 0))
      expect(storable(text).startsWith(cut)).toBe(true)
      expect(cutBytes(cut, bytes)).toBe(cut)
      expect(storable(storable(text))).toBe(storable(text))
      expect(/[\u{10000}-\u{10FFFF}]/u.test(storable(text))).toBe(false)
    })
    fc.assert(property)
  })
})

describe('a note', () => {
  it('comes back from the comment it was written into', () => {
    const rdates = [start, { start, end: { duration: 'PT2H' } }, { start, end: { date: '2027-03-04' } }]
    const note = {
      pattern: { start, end: { date: '2027-03-04' }, rrules: ['FREQ=WEEKLY'], exrules: [], rdates },
      ...{ zone, rid: '2027-03-03T09:00:00[Europe/Berlin]', piece: [1, 3] as const, own: true, through: 5 },
      ...{ pending: true, writing: 'a', done: 'b' },
    }
    // A whole day that begins at a time is no pattern.
    expect(readComment(writeComment('', note)).note?.pattern).toBeUndefined()
    const timed = { ...note, pattern: { ...note.pattern, end: start } }
    for (const text of ['', 'said by a person', 'two\nlines']) {
      expect(readComment(writeComment(text, timed))).toEqual({ text, note: timed })
    }
  })

  it('is only what we have written', () => {
    for (const comment of ['', 'kaldav:{', 'kaldav:{"v":2}', 'kaldav:[]', 'about kaldav:{"v":1}', '{"v":1}']) {
      expect(readComment(comment)).toEqual({ text: comment, note: null })
    }
    const property = fc.property(fc.string(), fc.json(), (text, json) => {
      expect(() => readComment(`${text}\nkaldav:${json}`)).not.toThrow()
    })
    fc.assert(property)
  })
})

describe('a rule', () => {
  it.each([
    ['freq=weekly;count=5', 'FREQ=WEEKLY;COUNT=5;BYDAY=WE'],
    ['FREQ=WEEKLY;BYDAY=FR,MO;WKST=SU;UNTIL=20270601', 'FREQ=WEEKLY;UNTIL=20270601T215959Z;BYDAY=MO,FR'],
    ['FREQ=MONTHLY;INTERVAL=1', 'FREQ=MONTHLY;BYMONTHDAY=3'],
    ['FREQ=YEARLY;COUNT=2', 'FREQ=YEARLY;COUNT=2;BYMONTH=3;BYMONTHDAY=3'],
    ['FREQ=YEARLY;BYWEEKNO=20', 'FREQ=YEARLY;BYWEEKNO=20;BYDAY=WE'],
    ['FREQ=NEVER', 'FREQ=NEVER'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalRule(text, start, zone)).toBe(canonical)
    expect(canonicalRule(canonical, start, zone)).toBe(canonical)
  })

  it.each([
    ['FREQ=DAILY;COUNT=3', true],
    ['FREQ=DAILY;BYDAY=MO,TU,WE;COUNT=3', true],
    ['FREQ=WEEKLY;COUNT=3', true],
    ['FREQ=MONTHLY;COUNT=3', true],
    ['FREQ=MONTHLY;BYDAY=1WE;COUNT=3', true],
    ['FREQ=YEARLY;COUNT=2', true],
    ['FREQ=WEEKLY', false],
    ['FREQ=WEEKLY;BYDAY=MO;COUNT=3', false],
    ['FREQ=MONTHLY;BYMONTHDAY=3,17;COUNT=3', false],
    ['FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3', false],
    ['FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3', false],
    ['FREQ=YEARLY;BYDAY=WE;COUNT=3', false],
    ['FREQ=DAILY;BYHOUR=9,11;COUNT=3', false],
    ['FREQ=HOURLY;COUNT=3', false],
  ])('%s is given to Kaltura: %s', (text, given) => {
    const canonical = canonicalRule(text, start, zone)
    const recurrence = toRecurrence(canonical, start, zone)
    expect(recurrence !== null).toBe(given)
    if (recurrence) expect(fromRecurrence(recurrence, start, zone)).toBe(canonical)
  })

  it('means the same in its canonical form', () => {
    const rule = fc
      .record({
        frequency: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
        interval: fc.integer({ min: 1, max: 3 }),
        days: fc.subarray(['MO', 'WE', 'SU']),
        monthDays: fc.subarray([1, 3, 31, -1]),
        months: fc.subarray([1, 3]),
        weekStart: fc.constantFrom('MO', 'SU'),
        end: fc.constantFrom('COUNT=6', 'UNTIL=20280101', 'UNTIL=20280101T000000Z', 'UNTIL=20271231T090000'),
      })
      .map(({ frequency, interval, days, monthDays, months, weekStart, end }) =>
        [
          ...[`FREQ=${frequency}`, `INTERVAL=${interval}`, end, `WKST=${weekStart}`],
          days.length > 0 ? `BYDAY=${days}` : '',
          monthDays.length > 0 && frequency !== 'WEEKLY' ? `BYMONTHDAY=${monthDays}` : '',
          months.length > 0 ? `BYMONTH=${months}` : '',
        ]
          .filter(part => part !== '')
          .join(';'),
      )
    const slots = (text: string, first: CalTime) =>
      slotsOf({ start: first, end: first, rrules: [text], exrules: [], rdates: [] }, zone, 0)
    const first = fc.constantFrom<CalTime>(
      start,
      { date: '2027-03-03' },
      { dateTime: '2027-03-31T02:30:00', tzid: zone },
    )
    fc.assert(
      fc.property(rule, first, (text, at) => {
        expect(slots(canonicalRule(text, at, zone), at)).toEqual(slots(text, at))
      }),
      { numRuns: 300 },
    )
  })
})

describe('the view of an event', () => {
  it('is idempotent, keeps the UID, and never says what Kaltura has no field for', () => {
    const property = fc.property(scheduleEvent, event => {
      const once = normalize(event, context)
      expect(differences(normalize(once, context), once)).toEqual([])
      expect(once.uid).toBe(event.uid)
      expect(once.resourceIds).toEqual(event.resourceIds)
      for (const component of [once.master, ...once.overrides]) {
        expect(component?.parameters).toEqual({})
        expect(component?.extra.filter(([name]) => name.startsWith('x-note'))).toEqual([])
      }
    })
    fc.assert(property, { numRuns: 200 })
  })

  it.each<[string, JCalProperty[], [number, number]]>([
    ['north and east', [['geo', {}, 'float', [52.5186123, 13.3761981]]], [52.5186, 13.3762]],
    ['south', [['geo', {}, 'float', [-33.86, 151.2]]], [0, 0]],
    ['west', [['geo', {}, 'float', [40.7, -74]]], [0, 0]],
    ['as a text', [['geo', {}, 'text', '48.1;11.5']], [48.1, 11.5]],
    ['broken', [['geo', {}, 'float', ['x']]], [0, 0]],
  ])('of a place: %s', (_, extra, [geoLatitude, geoLongitude]) => {
    const content = contentOf({ ...emptyMaster(start), extra }, '')
    expect(content).toMatchObject({ geoLatitude, geoLongitude })
  })
})
