import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDuration, endOf, fromEpoch, parseDuration, sameEvent, toEpoch } from '../../src/schedule/caltime.ts'
import { formatDateTime, parseLocal } from '../../src/schedule/civil.ts'
import type { CalTime, ScheduleEvent } from '../../src/schedule/event.ts'
import { emptyComponent, emptyMaster } from '../../src/schedule/event.ts'
import { instantOf, offsetAt } from '../../src/schedule/zone-clock.ts'

const zones = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Asia/Kolkata',
  'Pacific/Apia',
  'Africa/Casablanca',
  'UTC',
] as const

const at = (dateTime: string, tzid: string | null): CalTime => ({ dateTime, tzid })
const utc = (time: CalTime, zone = 'UTC'): string => new Date(toEpoch(time, zone) * 1000).toISOString().slice(0, 19)

describe('toEpoch', () => {
  test.each([
    // A time that never was moves forward by the gap; one that was twice is the first (RFC 5545 §3.3.5).
    ['Europe/Berlin', '2026-03-29T01:59:59', '2026-03-29T00:59:59'],
    ['Europe/Berlin', '2026-03-29T02:30:00', '2026-03-29T01:30:00'],
    ['Europe/Berlin', '2026-03-29T03:00:00', '2026-03-29T01:00:00'],
    ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T00:30:00'],
    ['Europe/Berlin', '2026-10-25T03:00:00', '2026-10-25T02:00:00'],
    ['America/New_York', '2026-03-08T02:30:00', '2026-03-08T07:30:00'],
    ['America/New_York', '2026-11-01T01:30:00', '2026-11-01T05:30:00'],
    ['Australia/Lord_Howe', '2026-10-04T02:15:00', '2026-10-03T15:45:00'],
    ['Australia/Lord_Howe', '2026-04-05T01:45:00', '2026-04-04T14:45:00'],
    ['America/Sao_Paulo', '2018-11-04T00:30:00', '2018-11-04T03:30:00'],
    ['America/Sao_Paulo', '2018-02-17T23:30:00', '2018-02-18T01:30:00'],
    ['America/Sao_Paulo', '2026-11-01T00:30:00', '2026-11-01T03:30:00'],
    ['Asia/Kolkata', '2026-03-29T02:30:00', '2026-03-28T21:00:00'],
    // Samoa left out 30 December 2011.
    ['Pacific/Apia', '2011-12-29T09:00:00', '2011-12-29T19:00:00'],
    ['Pacific/Apia', '2011-12-30T09:00:00', '2011-12-30T19:00:00'],
    ['Pacific/Apia', '2011-12-31T09:00:00', '2011-12-30T19:00:00'],
  ])('%s %s is %sZ', (zone, local, expected) => {
    expect(utc(at(local, zone))).toBe(expected)
  })

  test('a date is the midnight, and a floating time the clock, of the zone asked for', () => {
    expect(utc({ date: '2026-07-01' }, 'Europe/Berlin')).toBe('2026-06-30T22:00:00')
    expect(utc(at('2026-07-01T09:00:00', null), 'America/New_York')).toBe('2026-07-01T13:00:00')
    expect(utc(at('2026-07-01T09:00:00', 'Asia/Kolkata'), 'America/New_York')).toBe('2026-07-01T03:30:00')
  })

  test('a midnight that does not exist is the first moment of the day', () => {
    expect(utc({ date: '2018-11-04' }, 'America/Sao_Paulo')).toBe('2018-11-04T03:00:00')
  })

  test('a zone or a time that does not exist is refused', () => {
    expect(() => toEpoch(at('2026-01-01T09:00:00', 'Mars/Olympus'), 'UTC')).toThrow(RangeError)
    expect(() => toEpoch(at('noon', 'UTC'), 'UTC')).toThrow(RangeError)
  })
})

describe('the table of a zone agrees with Temporal', () => {
  const seconds = fc.integer({ min: -3_000_000_000, max: 7_000_000_000 })
  test.each(zones)('%s', zone => {
    fc.assert(
      fc.property(seconds, value => {
        const instant = Temporal.Instant.fromEpochMilliseconds(value * 1000).toZonedDateTimeISO(zone)
        expect(offsetAt(value, zone)).toBe(Math.trunc(instant.offsetNanoseconds / 1e9))
        const local = Temporal.PlainDateTime.from(formatDateTime(value)).toZonedDateTime(zone)
        expect(instantOf(value, zone)).toBe(local.epochMilliseconds / 1000)
      }),
      { numRuns: 300 },
    )
  })

  test.each(zones)('%s, in the days around every change of this century', zone => {
    let change = Temporal.Instant.from('2000-01-01T00:00:00Z').toZonedDateTimeISO(zone).getTimeZoneTransition('next')
    for (; change && change.year < 2100; change = change.getTimeZoneTransition('next')) {
      const epoch = change.epochMilliseconds / 1000
      for (const apart of [-90_000, -3601, -1800, -1, 0, 1, 1799, 3600, 90_000]) {
        const near = Temporal.Instant.fromEpochMilliseconds((epoch + apart) * 1000).toZonedDateTimeISO(zone)
        expect(offsetAt(epoch + apart, zone)).toBe(near.offsetNanoseconds / 1e9)
        const local = epoch + apart + near.offsetNanoseconds / 1e9
        const plain = Temporal.PlainDateTime.from(formatDateTime(local)).toZonedDateTime(zone)
        expect(instantOf(local, zone)).toBe(plain.epochMilliseconds / 1000)
      }
    }
  })
})

test('clock seconds and their text are two ways to write one thing', () => {
  fc.assert(
    fc.property(fc.integer({ min: parseLocal('0001-01-01'), max: parseLocal('9999-12-31T23:59:59') }), local => {
      expect(parseLocal(formatDateTime(local))).toBe(local)
      const plain = Temporal.PlainDateTime.from(formatDateTime(local))
      expect(plain.toZonedDateTime('UTC').epochMilliseconds).toBe(local * 1000)
    }),
  )
})

test('an instant written on a clock and read back is that instant, unless its hour is repeated', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), fc.constantFrom(...zones), (epoch, zone) => {
      const back = toEpoch(fromEpoch(epoch, zone), 'UTC')
      const repeated = offsetAt(back, zone) !== offsetAt(epoch, zone)
      expect(back).toBe(repeated ? epoch - (offsetAt(back, zone) - offsetAt(epoch, zone)) : epoch)
    }),
  )
})

describe('durations', () => {
  test.each([
    ['P1D', { days: 1, seconds: 0 }],
    ['P2W', { days: 14, seconds: 0 }],
    ['PT1H30M', { days: 0, seconds: 5400 }],
    ['-P1DT6H', { days: -1, seconds: -21_600 }],
    ['P15DT5H0M20S', { days: 15, seconds: 18_020 }],
    ['+PT0S', { days: 0, seconds: 0 }],
    ['P', null],
    ['PT', null],
    ['P1H', null],
    ['1D', null],
    ['P1DT', null],
    ['P99999999999999W', null],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toEqual(expected)
  })

  test('days are counted on the calendar, hours by elapsed time (RFC 5545 §3.3.6)', () => {
    const eve = at('2026-03-28T10:00:00', 'Europe/Berlin')
    expect(addDuration(eve, 'P1D')).toEqual(at('2026-03-29T10:00:00', 'Europe/Berlin'))
    expect(addDuration(eve, 'PT24H')).toEqual(at('2026-03-29T11:00:00', 'Europe/Berlin'))
    expect(addDuration(eve, 'P1DT1H')).toEqual(at('2026-03-29T11:00:00', 'Europe/Berlin'))
    expect(addDuration(at('2026-03-28T10:00:00', null), 'PT24H')).toEqual(at('2026-03-29T10:00:00', null))
    expect(addDuration({ date: '2026-02-27' }, 'P2D')).toEqual({ date: '2026-03-01' })
    expect(addDuration({ date: '2026-02-27' }, 'PT1H')).toEqual({ date: '2026-02-28' })
    expect(() => addDuration(eve, 'an hour')).toThrow(RangeError)
  })
})

test('an end left out is a day for a date and nothing for a time (RFC 5545 §3.6.1)', () => {
  const start = at('2026-03-28T10:00:00', 'Europe/Berlin')
  expect(endOf(emptyComponent({ date: '2026-12-31' }))).toEqual({ date: '2027-01-01' })
  expect(endOf(emptyComponent(start))).toEqual(start)
  expect(endOf(emptyComponent(start, { duration: 'PT90M' }))).toEqual(at('2026-03-28T11:30:00', 'Europe/Berlin'))
  expect(endOf(emptyComponent(start, at('2026-03-28T11:00:00', 'UTC')))).toEqual(at('2026-03-28T11:00:00', 'UTC'))
})

describe('sameEvent', () => {
  const base: ScheduleEvent = {
    uid: 'a',
    master: {
      ...emptyMaster(at('2026-03-02T09:00:00', 'Europe/Berlin'), { duration: 'PT1H' }),
      rrules: ['FREQ=WEEKLY;COUNT=5'],
      exdates: [at('2026-03-09T09:00:00', 'Europe/Berlin'), at('2026-03-16T09:00:00', 'Europe/Berlin')],
      extra: [
        ['organizer', {}, 'cal-address', 'mailto:a@example.edu'],
        ['attendee', { partstat: 'ACCEPTED', role: 'CHAIR' }, 'cal-address', 'mailto:b@example.edu'],
      ],
    },
    overrides: [],
    resourceIds: [1, 2],
  }
  const changed = (change: object): ScheduleEvent => ({
    ...base,
    master: base.master && { ...base.master, ...change },
  })

  test('order of properties, parameters and dates says nothing', () => {
    const { master } = base
    const other = changed({
      exdates: [...(master?.exdates ?? [])].reverse(),
      extra: [
        ['attendee', { role: 'CHAIR', partstat: 'ACCEPTED' }, 'cal-address', 'mailto:b@example.edu'],
        ['organizer', {}, 'cal-address', 'mailto:a@example.edu'],
      ],
      kaltura: { id: undefined },
    })
    expect(sameEvent(base, other)).toBe(true)
    expect(sameEvent(base, structuredClone(base))).toBe(true)
  })

  test.each<object>([
    { summary: 'x' },
    { start: at('2026-03-02T09:00:00', 'UTC') },
    { start: at('2026-03-02T09:00:00', null) },
    { extra: [] },
    { exdates: [at('2026-03-09T09:00:00', 'Europe/Berlin')] },
    { kaltura: { id: 1 } },
    { sequence: 1 },
  ])('%j is a difference', change => {
    expect(sameEvent(base, changed(change))).toBe(false)
  })

  test('so are uid and resources', () => {
    expect(sameEvent(base, { ...base, uid: 'b' })).toBe(false)
    expect(sameEvent(base, { ...base, resourceIds: [1] })).toBe(false)
  })
})
