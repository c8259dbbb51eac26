import { describe, expect, it } from 'vitest'
import { patternOf, ruleOf } from '../../adapters/microsoft365/recurrence.ts'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'

const start = { dateTime: '2026-11-02T09:00:00', tzid: 'Europe/Berlin' }
const zone = 'W. Europe Standard Time'
const window = { from: Date.parse('2026-01-01') / 1000, to: Date.parse('2029-01-01') / 1000 }
const starts = (rule: string) => {
  const event: ScheduleEvent = {
    ...{ uid: 'u', overrides: [], resourceIds: [] },
    master: { ...emptyMaster(start, { duration: 'PT1H' }), rrules: [rule] },
  }
  return occurrences(event, window, { zone: 'UTC' }).map(each => each.start)
}

describe('rules that Graph can say come back with the same occurrences', () => {
  it.each([
    'FREQ=DAILY;COUNT=10',
    'FREQ=DAILY;INTERVAL=3;UNTIL=20261220T080000Z',
    'FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=12',
    'FREQ=WEEKLY;COUNT=14',
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;UNTIL=20270201T225959Z',
    'FREQ=WEEKLY;BYDAY=MO;UNTIL=20270301T070000Z',
    'FREQ=MONTHLY;COUNT=6',
    'FREQ=MONTHLY;BYDAY=1MO;COUNT=6',
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=6',
    'FREQ=YEARLY;COUNT=2',
    'FREQ=YEARLY;BYMONTH=11;BYDAY=1MO;COUNT=2',
  ])('%s', rule => {
    const pattern = patternOf([rule], start, zone)
    expect(pattern).not.toBeNull()
    const back = pattern && ruleOf(pattern, start)
    expect(starts(back ?? '')).toEqual(starts(rule))
  })
})

it.each([
  ['two rules', ['FREQ=DAILY;COUNT=2', 'FREQ=WEEKLY;COUNT=2']],
  ['hours', ['FREQ=HOURLY;COUNT=2']],
  ['several days of the month', ['FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=4']],
  ['the fifth Monday', ['FREQ=MONTHLY;BYDAY=5MO;COUNT=4']],
  ['the 31st, which Exchange moves', ['FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4']],
  ['months of a weekly rule', ['FREQ=WEEKLY;BYMONTH=11;COUNT=4']],
  ['more than 999', ['FREQ=DAILY;COUNT=1000']],
  ['a first date off the pattern', ['FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=6']],
  ['weeks of the year', ['FREQ=YEARLY;BYWEEKNO=45;COUNT=2']],
])('what Graph cannot say is not said wrongly: %s', (_, rules) => {
  expect(patternOf(rules, start, zone)).toBeNull()
})

it('reads the defaults Graph fills in, and the clamped 31st of Exchange', () => {
  const range = { type: 'numbered', startDate: '2027-01-31', numberOfOccurrences: 3, endDate: '0001-01-01' }
  const rule = ruleOf(
    { pattern: { type: 'absoluteMonthly', interval: 1, dayOfMonth: 31, index: 'first', month: 0 }, range },
    start,
  )
  const event: ScheduleEvent = {
    ...{ uid: 'u', overrides: [], resourceIds: [] },
    master: { ...emptyMaster({ date: '2027-01-31' }), rrules: [rule ?? ''] },
  }
  const days = occurrences(event, { from: window.from, to: window.to }, { zone: 'UTC' }).map(
    ({ startTime }) => startTime,
  )
  expect(days).toEqual([{ date: '2027-01-31' }, { date: '2027-02-28' }, { date: '2027-03-31' }])
})
