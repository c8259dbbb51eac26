import { describe, expect, test } from 'vitest'
import { ApiError } from '../../src/kaltura-server/api-error.ts'
import { generateDates, type RecurrenceRule } from '../../src/kaltura-server/events/dates-generator.ts'

const NEW_YORK = 'America/New_York'
const AMSTERDAM = 'Europe/Amsterdam'

const at = (local: string, zone: string): number =>
  Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds / 1000

/** `2026-03-09 10:00` in the zone. */
const show = (epoch: number, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(epoch * 1000)
    .toZonedDateTimeISO(zone)
    .toPlainDateTime()
    .toString({ smallestUnit: 'minute' })
    .replace('T', ' ')

function expand(start: string, rule: RecurrenceRule, zone = 'UTC', server = 'UTC'): string[] {
  const dates = generateDates({ timeZone: zone === server ? null : zone, ...rule }, at(start, zone), server)
  return dates.map(date => show(date, zone))
}
const days = (dates: readonly string[]): string[] => dates.map(date => date.slice(0, 10))

describe('limits', () => {
  test('count 2000 daily ends with the two-year horizon', () => {
    expect(expand('2026-01-01T10:00', { frequency: 'days', count: 2000 })).toHaveLength(731)
  })
  test.each([
    ['weeks', 105],
    ['years', 3],
  ] as const)('%s: nothing lies more than two years after the start', (frequency, found) => {
    expect(expand('2026-01-05T10:00', { frequency, count: 400 })).toHaveLength(found)
  })
  test('no more than 1000', () => {
    expect(expand('2026-01-01T10:00', { frequency: 'hours', count: 5000 })).toHaveLength(1000)
  })
  test('until is inclusive', () => {
    const until = at('2026-01-03T10:00', 'UTC')
    expect(expand('2026-01-01T10:00', { frequency: 'days', until })).toHaveLength(3)
    expect(expand('2026-01-01T10:00', { frequency: 'days', until: until - 1 })).toHaveLength(2)
  })
  test('a rule that never yields is given up', () => {
    const rule = { frequency: 'seconds', byDay: 'MO', count: 5 } as const
    expect(() => expand('2026-01-01T10:00', rule)).toThrow(ApiError)
  })
})

describe('the clock', () => {
  test('a skipped hour moves every later date for good', () => {
    const rule = { frequency: 'days', count: 5 } as const
    expect(expand('2026-03-06T02:30', rule, NEW_YORK)).toEqual([
      '2026-03-06 02:30',
      '2026-03-07 02:30',
      '2026-03-08 03:30',
      '2026-03-09 03:30',
      '2026-03-10 03:30',
    ])
  })
  test('weekly 10:00 stays 10:00 local', () => {
    const start = at('2026-03-02T10:00', NEW_YORK)
    const dates = generateDates({ frequency: 'weeks', count: 2, timeZone: NEW_YORK }, start, 'UTC')
    expect(dates.map(date => new Date(date * 1000).toISOString().slice(0, 16))).toEqual([
      '2026-03-02T15:00',
      '2026-03-09T14:00',
    ])
  })
  test('without a zone the server reckons in its own', () => {
    const start = at('2026-03-02T10:00', NEW_YORK)
    const dates = generateDates({ frequency: 'weeks', count: 2 }, start, 'UTC')
    expect((dates[1] ?? 0) - (dates[0] ?? 0)).toBe(7 * 86_400)
    const inServer = generateDates({ frequency: 'weeks', count: 2 }, start, NEW_YORK)
    expect((inServer[1] ?? 0) - (inServer[0] ?? 0)).toBe(7 * 86_400 - 3600)
  })
  test('an unknown zone is passed over', () => {
    const start = at('2026-03-02T10:00', 'UTC')
    expect(generateDates({ frequency: 'weeks', count: 2, timeZone: 'Mars/Base' }, start, 'UTC')).toHaveLength(2)
  })
  test('an hour that comes twice: the second one in Amsterdam, the first in New York', () => {
    const start = at('2026-10-24T02:30', AMSTERDAM)
    const dates = generateDates({ frequency: 'days', count: 2, timeZone: AMSTERDAM }, start, 'UTC')
    expect(dates[1]).toBe(Date.parse('2026-10-25T02:30:00+01:00') / 1000)
    const west = generateDates(
      { frequency: 'days', count: 2, timeZone: NEW_YORK },
      at('2026-10-31T01:30', NEW_YORK),
      'UTC',
    )
    expect(west[1]).toBe(Date.parse('2026-11-01T01:30:00-04:00') / 1000)
  })
})

describe('monthly', () => {
  test('without a part that says the day it falls to the first', () => {
    expect(days(expand('2026-01-31T10:00', { frequency: 'months', count: 4 }))).toEqual([
      '2026-01-31',
      '2026-02-01',
      '2026-03-01',
      '2026-04-01',
    ])
  })
  test('the 31st is held inside shorter months', () => {
    const rule = { frequency: 'months', byMonthDay: '31', count: 4 } as const
    expect(days(expand('2026-01-31T10:00', rule))).toEqual(['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30'])
  })
  test('the 30th likewise', () => {
    const rule = { frequency: 'months', byMonthDay: '30', count: 3 } as const
    expect(days(expand('2026-01-30T10:00', rule))).toEqual(['2026-01-30', '2026-02-28', '2026-03-30'])
  })
  test('-1 is the day before the last', () => {
    const rule = { frequency: 'months', byMonthDay: '-1', count: 2 } as const
    expect(days(expand('2026-03-01T10:00', rule))).toEqual(['2026-03-30', '2026-04-29'])
  })
  test('a month day after the start day begins next month', () => {
    const rule = { frequency: 'months', byMonthDay: '15', count: 2 } as const
    expect(days(expand('2026-01-20T10:00', rule))).toEqual(['2026-02-15', '2026-03-15'])
  })
  test('every third month', () => {
    const rule = { frequency: 'months', interval: 3, byMonthDay: '15', count: 3 } as const
    expect(days(expand('2026-01-15T10:00', rule))).toEqual(['2026-01-15', '2026-04-15', '2026-07-15'])
  })
  test('the last Friday', () => {
    const rule = { frequency: 'months', byDay: '-1FR', count: 3 } as const
    expect(days(expand('2026-01-01T10:00', rule))).toEqual(['2026-01-30', '2026-02-27', '2026-03-27'])
  })
  test('second and fourth Wednesday', () => {
    const rule = { frequency: 'months', byDay: '2WE,4WE', count: 4 } as const
    expect(days(expand('2026-01-01T10:00', rule))).toEqual(['2026-01-14', '2026-01-28', '2026-02-11', '2026-02-25'])
  })
  test('the last weekday by byOffset', () => {
    const rule = { frequency: 'months', byDay: 'MO,TU,WE,TH,FR', byOffset: '-1', count: 3 } as const
    expect(days(expand('2026-01-01T10:00', rule))).toEqual(['2026-01-30', '2026-02-27', '2026-03-31'])
  })
})

describe('weekly', () => {
  test('days before the start are passed over and not counted', () => {
    const rule = { frequency: 'weeks', byDay: 'MO,WE', count: 3 } as const
    expect(days(expand('2026-03-03T10:00', rule))).toEqual(['2026-03-04', '2026-03-09', '2026-03-11'])
  })
  test.each([
    ['MO', ['1997-08-05', '1997-08-10', '1997-08-19', '1997-08-24']],
    ['SU', ['1997-08-05', '1997-08-17', '1997-08-19', '1997-08-31']],
  ])('every second week from %s on (RFC 5545 §3.8.5.3)', (weekStartDay, expected) => {
    const rule = { frequency: 'weeks', interval: 2, count: 4, byDay: 'TU,SU', weekStartDay } as const
    expect(days(expand('1997-08-05T09:00', rule))).toEqual(expected)
  })
  test('an unknown day is the first of the week', () => {
    const rule = { frequency: 'weeks', byDay: 'XX', count: 2 } as const
    expect(days(expand('2026-03-02T10:00', rule))).toEqual(['2026-03-02', '2026-03-09'])
  })
})

describe('daily and yearly', () => {
  test('daily byDay filters', () => {
    const rule = { frequency: 'days', byDay: 'SA,SU', count: 3 } as const
    expect(days(expand('2026-03-02T10:00', rule))).toEqual(['2026-03-07', '2026-03-08', '2026-03-14'])
  })
  test('yearly byDay takes the weekday of 1 January', () => {
    const rule = { frequency: 'years', byDay: 'WE', count: 2 } as const
    expect(days(expand('2026-01-01T10:00', rule))).toEqual(['2026-01-01', '2026-01-08'])
  })
  test('yearly byDay with byMonth is right', () => {
    const rule = { frequency: 'years', byMonth: '3', byDay: '1WE', count: 2 } as const
    expect(days(expand('2026-01-01T10:00', rule))).toEqual(['2026-03-04', '2027-03-03'])
  })
  test.each<[RecurrenceRule, string[]]>([
    [{ frequency: 'years', byMonth: '5', count: 2 }, ['2026-05-05', '2027-05-05']],
    [{ frequency: 'years', byMonth: '5', byMonthDay: '20', count: 2 }, ['2026-05-20', '2027-05-20']],
    [{ frequency: 'years', byYearDay: '100', count: 2 }, ['2026-04-10', '2027-04-10']],
    [{ frequency: 'years', byWeekNumber: '20', byDay: 'MO', count: 2 }, ['2026-05-11', '2027-05-17']],
  ])('%j', (rule, expected) => {
    expect(days(expand('2026-01-05T10:00', rule))).toEqual(expected)
  })
})

describe('parts of the day', () => {
  test.each(['byHour', 'byMinute', 'bySecond', 'byMonthDay', 'byMonth'])('%s takes one value only', part => {
    const rule = { frequency: 'days', count: 2, [part]: '1,5' } as RecurrenceRule
    expect(() => expand('2026-01-01T10:00', rule)).toThrow(expect.objectContaining({ code: 'INTERNAL_SERVERL_ERROR' }))
  })
  test('one value moves the start', () => {
    const rule = { frequency: 'days', byHour: '14', byMinute: '5', count: 2 } as const
    expect(expand('2026-01-01T10:00', rule)).toEqual(['2026-01-01 14:05', '2026-01-02 14:05'])
  })
  test('hour 0 begins on the next day', () => {
    const rule = { frequency: 'days', byHour: '0', count: 2 } as const
    expect(expand('2026-01-01T10:00', rule)).toEqual(['2026-01-02 00:00', '2026-01-03 00:00'])
  })
})
