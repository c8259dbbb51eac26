import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TooManyOccurrences } from '../../src/errors.ts'
import { toEpoch } from '../../src/schedule/caltime.ts'
import type { CalTime, EventEnd, Master, Override, ScheduleEvent } from '../../src/schedule/event.ts'
import { emptyComponent, emptyMaster, timeKey } from '../../src/schedule/event.ts'
import type { Occurrence } from '../../src/schedule/recurrence.ts'
import { checkRecurrence, occurrences, recurrenceNotices } from '../../src/schedule/recurrence.ts'

const berlin = (dateTime: string): CalTime => ({ dateTime, tzid: 'Europe/Berlin' })
const utc = (dateTime: string): CalTime => ({ dateTime, tzid: 'UTC' })
const floating = (dateTime: string): CalTime => ({ dateTime, tzid: null })
const date = (text: string): CalTime => ({ date: text })

const series = (start: CalTime, change: Partial<Master> = {}, overrides: readonly Override[] = []): ScheduleEvent => ({
  uid: 'series',
  master: { ...emptyMaster(start, { duration: 'PT1H' }), ...change },
  overrides,
  resourceIds: [],
})

const override = (recurrenceId: CalTime, start: CalTime, end: EventEnd, change: Partial<Override> = {}): Override => ({
  ...emptyComponent(start, end),
  recurrenceId,
  thisAndFuture: false,
  ...change,
})

const epoch = (text: string): number => Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`) / 1000
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16)
const span = ({ start, end }: Occurrence): string => `${iso(start)}/${iso(end).slice(11)}`
const ids = (found: readonly Occurrence[]): string[] =>
  found.map(({ recurrenceId }) => (recurrenceId ? timeKey(recurrenceId) : 'none'))

const always = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
const between = (from: string, to: string) => ({ from: epoch(from), to: epoch(to) })
const all = (event: ScheduleEvent, zone = 'Europe/Berlin'): Occurrence[] => occurrences(event, always, { zone })
const starts = (event: ScheduleEvent, zone?: string): string[] => all(event, zone).map(({ start }) => iso(start))

describe('the clock of the event', () => {
  test.each([
    ['Europe/Berlin', '2026-03-22T09:00:00', ['08:00', '07:00', '07:00']],
    ['Europe/Berlin', '2026-10-18T09:00:00', ['07:00', '08:00', '08:00']],
    ['America/New_York', '2026-03-01T09:00:00', ['14:00', '13:00', '13:00']],
    ['America/New_York', '2026-10-25T09:00:00', ['13:00', '14:00', '14:00']],
    ['Australia/Lord_Howe', '2026-09-27T11:00:00', ['00:30', '00:00', '00:00']],
    ['Australia/Lord_Howe', '2026-03-29T11:00:00', ['00:00', '00:30', '00:30']],
    ['America/Sao_Paulo', '2018-10-28T09:00:00', ['12:00', '11:00', '11:00']],
    ['America/Sao_Paulo', '2018-02-11T09:00:00', ['11:00', '12:00', '12:00']],
    ['Asia/Kolkata', '2026-03-22T09:00:00', ['03:30', '03:30', '03:30']],
    ['Asia/Kolkata', '2026-10-18T09:00:00', ['03:30', '03:30', '03:30']],
    ['Pacific/Apia', '2012-09-23T11:00:00', ['22:00', '21:00', '21:00']],
    ['Pacific/Apia', '2012-03-25T12:00:00', ['22:00', '23:00', '23:00']],
  ])('a weekly hour keeps its place in %s from %s', (tzid, dateTime, expected) => {
    const event = series({ dateTime, tzid }, { rrules: ['FREQ=WEEKLY;COUNT=3'] })
    const found = all(event, 'UTC')
    expect(found.map(({ start }) => iso(start).slice(11))).toEqual(expected)
    for (const { start, end, startTime } of found) {
      expect(end - start).toBe(3600)
      expect('dateTime' in startTime && startTime.dateTime.slice(11)).toBe(dateTime.slice(11))
    }
  })

  test('a start inside the gap moves forward, and the series keeps its clock', () => {
    const event = series(berlin('2026-03-28T02:30:00'), { rrules: ['FREQ=DAILY;COUNT=3'] })
    expect(starts(event)).toEqual(['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30'])
    expect(ids(all(event))[1]).toBe('2026-03-29T02:30:00[Europe/Berlin]')
  })

  test('a start in the repeated hour is the first one', () => {
    const event = series(berlin('2026-10-24T02:30:00'), { rrules: ['FREQ=DAILY;COUNT=3'] })
    expect(starts(event)).toEqual(['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30'])
  })

  test('two clock times that are one instant are one occurrence', () => {
    const event = series(berlin('2026-03-29T01:30:00'), { rrules: ['FREQ=HOURLY;COUNT=3'] })
    expect(starts(event)).toEqual(['2026-03-29T00:30', '2026-03-29T01:30'])
  })

  test('a day left out by the calendar of the place moves to the next', () => {
    const event = series({ dateTime: '2011-12-29T09:00:00', tzid: 'Pacific/Apia' }, { rrules: ['FREQ=DAILY;COUNT=3'] })
    expect(starts(event)).toEqual(['2011-12-29T19:00', '2011-12-30T19:00'])
  })

  test('dates and floating times are read on the clock asked for', () => {
    const days = series(date('2026-03-28'), { rrules: ['FREQ=DAILY;COUNT=3'], end: null })
    expect(all(days, 'Europe/Berlin').map(span)).toEqual([
      '2026-03-27T23:00/23:00',
      '2026-03-28T23:00/22:00',
      '2026-03-29T22:00/22:00',
    ])
    expect(all(days, 'Asia/Kolkata').map(({ startTime }) => startTime)[1]).toEqual(date('2026-03-29'))
    const hours = series(floating('2026-07-01T09:00:00'))
    expect(starts(hours, 'America/New_York')).toEqual(['2026-07-01T13:00'])
    expect(all(hours, 'America/New_York')[0]?.endTime).toEqual(floating('2026-07-01T10:00:00'))
  })
})

describe('length (RFC 5545 §3.8.5.3)', () => {
  test('an end given as a time makes the elapsed time count', () => {
    const night = { rrules: ['FREQ=DAILY;COUNT=3'], end: berlin('2026-03-28T06:00:00') }
    expect(all(series(berlin('2026-03-27T22:00:00'), night)).map(span)).toEqual([
      '2026-03-27T21:00/05:00',
      '2026-03-28T21:00/05:00',
      '2026-03-29T20:00/04:00',
    ])
    expect(all(series(berlin('2026-03-27T22:00:00'), night))[1]?.endTime).toEqual(berlin('2026-03-29T07:00:00'))
  })

  test('days of a DURATION are days of the calendar, its hours elapsed', () => {
    const start = berlin('2026-03-28T12:00:00')
    expect(all(series(start, { end: { duration: 'P1D' } })).map(span)).toEqual(['2026-03-28T11:00/10:00'])
    expect(all(series(start, { end: { duration: 'PT24H' } })).map(span)).toEqual(['2026-03-28T11:00/11:00'])
  })

  test('dates last whole days', () => {
    const [first] = all(series(date('2026-03-28'), { end: date('2026-03-30') }))
    expect(first && span(first)).toBe('2026-03-27T23:00/22:00')
    expect(first?.endTime).toEqual(date('2026-03-30'))
  })

  test('an end in another zone stays in it', () => {
    const event = series(berlin('2026-03-02T09:00:00'), {
      end: { dateTime: '2026-03-02T05:00:00', tzid: 'America/New_York' },
      rrules: ['FREQ=WEEKLY;COUNT=2'],
    })
    expect(all(event).map(span)).toEqual(['2026-03-02T08:00/10:00', '2026-03-09T08:00/10:00'])
    expect(all(event)[1]?.endTime).toEqual({ dateTime: '2026-03-09T06:00:00', tzid: 'America/New_York' })
  })

  test('an end before its start lasts no time', () => {
    const [only] = all(series(berlin('2026-03-02T09:00:00'), { end: berlin('2026-03-02T08:00:00') }))
    expect(only && only.end - only.start).toBe(0)
    expect(only?.endTime).toEqual(only?.startTime)
  })
})

describe('the set', () => {
  const start = berlin('2026-03-02T09:00:00')
  const weekly = { rrules: ['FREQ=WEEKLY;COUNT=4'] }

  test('a single event has no recurrence id', () => {
    expect(all(series(start))).toMatchObject([{ recurrenceId: null, startTime: start, component: { start } }])
  })

  test('DTSTART is first and counted, also where the rule does not give it', () => {
    const event = series(start, { rrules: ['FREQ=WEEKLY;BYDAY=WE;COUNT=3'] })
    expect(starts(event)).toEqual(['2026-03-02T08:00', '2026-03-04T08:00', '2026-03-11T08:00'])
  })

  test.each([
    ['UTC', '20260316T080000Z'],
    ['the local clock', '20260316T090000'],
    ['a date', '20260316'],
  ])('UNTIL in %s is the last start', (_, until) => {
    const event = series(start, { rrules: [`FREQ=WEEKLY;UNTIL=${until}`] })
    expect(starts(event)).toEqual(['2026-03-02T08:00', '2026-03-09T08:00', '2026-03-16T08:00'])
  })

  test('UNTIL a second before a start leaves it out', () => {
    expect(starts(series(start, { rrules: ['FREQ=WEEKLY;UNTIL=20260316T075959Z'] }))).toHaveLength(2)
    expect(starts(series(start, { rrules: ['FREQ=WEEKLY;UNTIL=20260316T085959'] }))).toHaveLength(2)
  })

  test.each(['20260304', '20260304T000000Z', '20260304T225959Z'])('UNTIL=%s of a series of dates is a date', until => {
    const event = series(date('2026-03-02'), { end: null, rrules: [`FREQ=DAILY;UNTIL=${until}`] })
    expect(ids(all(event))).toEqual(['2026-03-02', '2026-03-03', '2026-03-04'])
    expect(ids(all(event, 'America/New_York'))).toEqual(['2026-03-02', '2026-03-03', '2026-03-04'])
  })

  test.each([
    ['on the same clock', berlin('2026-03-09T09:00:00')],
    ['in UTC', utc('2026-03-09T08:00:00')],
    ['in another zone', { dateTime: '2026-03-09T04:00:00', tzid: 'America/New_York' }],
    ['without a zone', floating('2026-03-09T09:00:00')],
    ['as a date', date('2026-03-09')],
  ] as const)('EXDATE %s takes out that occurrence', (_, exdate) => {
    const event = series(start, { ...weekly, exdates: [exdate] })
    expect(starts(event)).toEqual(['2026-03-02T08:00', '2026-03-16T08:00', '2026-03-23T08:00'])
  })

  test('EXDATE takes out DTSTART and an RDATE, and means nothing elsewhere', () => {
    const event = series(start, {
      rdates: [berlin('2026-05-01T09:00:00')],
      exdates: [start, utc('2026-03-09T08:00:01')],
    })
    expect(starts(event)).toEqual(['2026-05-01T07:00'])
    expect(
      starts({ ...event, master: event.master && { ...event.master, exdates: [start, date('2026-05-01')] } }),
    ).toEqual([])
  })

  test('EXDATE as a time takes a day out of a series of dates', () => {
    const days = { end: null, rrules: ['FREQ=DAILY;COUNT=3'], exdates: [utc('2026-03-03T00:00:00')] }
    expect(ids(all(series(date('2026-03-02'), days)))).toEqual(['2026-03-02', '2026-03-04'])
  })

  test('RDATE adds a time, a period with its own end, and a bare day at the usual time', () => {
    const event = series(start, {
      rdates: [
        utc('2026-04-01T10:00:00'),
        { start: berlin('2026-04-02T14:00:00'), end: { duration: 'PT3H' } },
        { start: berlin('2026-04-03T14:00:00'), end: berlin('2026-04-03T14:30:00') },
        date('2026-04-06'),
        start,
      ],
    })
    expect(all(event).map(span)).toEqual([
      '2026-03-02T08:00/09:00',
      '2026-04-01T10:00/11:00',
      '2026-04-02T12:00/15:00',
      '2026-04-03T12:00/12:30',
      '2026-04-06T07:00/08:00',
    ])
    expect(ids(all(event))[1]).toBe('2026-04-01T12:00:00[Europe/Berlin]')
  })

  test('several rules are joined, and what two give is given once', () => {
    const event = series(start, { rrules: ['FREQ=WEEKLY;COUNT=2', 'FREQ=DAILY;INTERVAL=7;COUNT=3'] })
    expect(starts(event)).toEqual(['2026-03-02T08:00', '2026-03-09T08:00', '2026-03-16T08:00'])
  })

  test('EXRULE takes out what it gives', () => {
    const event = series(start, { rrules: ['FREQ=DAILY;COUNT=7'], exrules: ['FREQ=WEEKLY;BYDAY=WE,SA,SU'] })
    expect(ids(all(event)).map(id => id.slice(8, 10))).toEqual(['02', '03', '05', '06'])
  })

  test('an EXRULE that gives everything leaves nothing', () => {
    const event = series(start, { rrules: ['FREQ=DAILY'], exrules: ['FREQ=DAILY'] })
    expect(occurrences(event, between('2026-01-01', '2036-01-01'), { zone: 'UTC' })).toEqual([])
  })

  test('a rule that cannot be read gives only DTSTART', () => {
    expect(starts(series(start, { rrules: ['FREQ=FORTNIGHTLY'] }))).toEqual(['2026-03-02T08:00'])
  })

  test('a series of dates has no times of day', () => {
    const event = series(date('2026-03-02'), { end: null, rrules: ['FREQ=DAILY;COUNT=2;BYHOUR=9;BYMINUTE=30'] })
    expect(ids(all(event))).toEqual(['2026-03-02', '2026-03-03'])
    const hourly = series(date('2026-03-02'), { end: null, rrules: ['FREQ=HOURLY;COUNT=30'] })
    expect(ids(all(hourly))).toEqual(['2026-03-02', '2026-03-03'])
  })
})

describe('overrides', () => {
  const start = berlin('2026-03-02T09:00:00')
  const rrules = ['FREQ=WEEKLY;COUNT=4']
  const second = berlin('2026-03-09T09:00:00')
  const hour = { duration: 'PT1H' }

  test('one takes the place of its occurrence', () => {
    const moved = override(second, berlin('2026-03-10T15:00:00'), hour, { summary: 'moved' })
    const found = all(series(start, { rrules }, [moved]))
    expect(found.map(span)).toEqual([
      '2026-03-02T08:00/09:00',
      '2026-03-10T14:00/15:00',
      '2026-03-16T08:00/09:00',
      '2026-03-23T08:00/09:00',
    ])
    expect(found[1]).toMatchObject({ recurrenceId: second, component: { summary: 'moved' } })
  })

  test.each([
    ['in UTC', utc('2026-03-09T08:00:00')],
    ['as a day', date('2026-03-09')],
  ])('one finds its occurrence by a RECURRENCE-ID %s', (_, id) => {
    expect(all(series(start, { rrules }, [override(id, berlin('2026-03-10T15:00:00'), hour)]))).toHaveLength(4)
  })

  test('one that was moved is found where it is, not where it was', () => {
    const event = series(start, { rrules }, [override(second, berlin('2026-06-01T09:00:00'), hour)])
    expect(occurrences(event, between('2026-03-09', '2026-03-10'), { zone: 'UTC' })).toEqual([])
    expect(ids(occurrences(event, between('2026-06-01', '2026-06-02'), { zone: 'UTC' }))).toEqual([timeKey(second)])
  })

  test('a cancelled one is told with its status', () => {
    const event = series(start, { rrules }, [override(second, second, hour, { status: 'CANCELLED' })])
    expect(all(event).map(({ component }) => component.status)).toEqual([null, 'CANCELLED', null, null])
  })

  test('one of an occurrence the series no longer has still counts', () => {
    const extra = berlin('2026-03-05T09:00:00')
    const event = series(start, { rrules, exdates: [second] }, [
      override(extra, extra, hour),
      override(second, berlin('2026-03-09T11:00:00'), hour),
    ])
    expect(ids(all(event)).map(id => id.slice(8, 10))).toEqual(['02', '05', '09', '16', '23'])
  })

  test('without a master, each is an occurrence', () => {
    const event = { uid: 'o', master: null, overrides: [override(second, second, hour)], resourceIds: [] }
    expect(all(event)).toMatchObject([{ recurrenceId: second, startTime: second }])
  })

  test('one of a single event takes its place', () => {
    expect(all(series(start, {}, [override(start, second, hour)]))).toMatchObject([{ startTime: second }])
  })

  describe('for this and all later ones', () => {
    const range = { thisAndFuture: true, summary: 'later' }

    test('the shift, the length and the fields hold from there on', () => {
      const event = series(start, { rrules: ['FREQ=WEEKLY;COUNT=5'] }, [
        override(berlin('2026-03-16T09:00:00'), berlin('2026-03-17T11:00:00'), { duration: 'PT2H' }, range),
      ])
      const found = all(event)
      expect(found.map(span)).toEqual([
        '2026-03-02T08:00/09:00',
        '2026-03-09T08:00/09:00',
        '2026-03-17T10:00/12:00',
        '2026-03-24T10:00/12:00',
        // After the clocks went forward: the shift is one of the clock.
        '2026-03-31T09:00/11:00',
      ])
      expect(found.map(({ component }) => component.summary)).toEqual([null, null, 'later', 'later', 'later'])
      expect(ids(found)[4]).toBe('2026-03-30T09:00:00[Europe/Berlin]')
      expect(found[4]?.startTime).toEqual(berlin('2026-03-31T11:00:00'))
    })

    test('a later one of either kind takes over', () => {
      const event = series(start, { rrules: ['FREQ=WEEKLY;COUNT=6'] }, [
        override(second, berlin('2026-03-09T10:00:00'), hour, range),
        override(berlin('2026-03-16T09:00:00'), berlin('2026-03-16T20:00:00'), hour, { summary: 'once' }),
        override(berlin('2026-03-30T09:00:00'), berlin('2026-03-30T12:00:00'), hour, { ...range, summary: 'last' }),
      ])
      expect(starts(event).map(text => text.slice(8))).toEqual([
        '02T08:00',
        '09T09:00',
        '16T19:00',
        '23T09:00',
        '30T10:00',
        '06T10:00',
      ])
    })

    test('a shift is found by the window it leads into', () => {
      const event = series(start, { rrules: ['FREQ=WEEKLY'] }, [
        override(second, berlin('2026-05-09T09:00:00'), hour, range),
      ])
      const found = occurrences(event, between('2031-01-01', '2031-01-08'), { zone: 'UTC' })
      expect(found).toHaveLength(1)
      const back = series(start, { rrules: ['FREQ=WEEKLY'] }, [
        override(berlin('2026-06-01T09:00:00'), berlin('2026-03-03T09:00:00'), hour, range),
      ])
      expect(occurrences(back, between('2031-01-01', '2031-01-08'), { zone: 'UTC' })).toHaveLength(1)
    })

    test('written in another zone or as a date, the series keeps its own clock or its days', () => {
      const elsewhere = { dateTime: '2026-03-09T06:00:00', tzid: 'America/New_York' }
      const event = series(start, { rrules }, [override(second, elsewhere, hour, range)])
      expect(all(event)[2]?.startTime).toEqual(berlin('2026-03-16T11:00:00'))
      const days = series(start, { rrules }, [override(second, date('2026-03-10'), null, range)])
      expect(all(days)[2]).toMatchObject({ startTime: date('2026-03-17'), endTime: date('2026-03-18') })
    })

    test('a cancelled one cancels the rest', () => {
      const event = series(start, { rrules }, [override(second, second, hour, { ...range, status: 'CANCELLED' })])
      expect(all(event).map(({ component }) => component.status)).toEqual([null, 'CANCELLED', 'CANCELLED', 'CANCELLED'])
    })
  })
})

describe('the window', () => {
  const event = series(utc('2026-03-02T09:00:00'))

  test.each([
    ['2026-03-02T08:00:00', '2026-03-02T09:00:00', 0],
    ['2026-03-02T08:00:00', '2026-03-02T09:00:01', 1],
    ['2026-03-02T09:59:59', '2026-03-02T12:00:00', 1],
    ['2026-03-02T10:00:00', '2026-03-02T12:00:00', 0],
    ['2026-03-02T09:10:00', '2026-03-02T09:20:00', 1],
  ])('half-open: %s to %s has %i', (from, to, count) => {
    expect(occurrences(event, between(from, to), { zone: 'UTC' })).toHaveLength(count)
  })

  test.each([
    ['2026-03-02T08:00:00', '2026-03-02T09:00:00', 0],
    ['2026-03-02T09:00:00', '2026-03-02T10:00:00', 1],
    ['2026-03-02T09:00:01', '2026-03-02T10:00:00', 0],
  ])('without length: %s to %s has %i', (from, to, count) => {
    const moment = series(utc('2026-03-02T09:00:00'), { end: null })
    expect(occurrences(moment, between(from, to), { zone: 'UTC' })).toHaveLength(count)
  })

  test('a long occurrence is found by a window in its middle', () => {
    const term = series(utc('2026-03-02T09:00:00'), { end: { duration: 'P60D' }, rrules: ['FREQ=YEARLY'] })
    expect(occurrences(term, between('2030-04-20', '2030-04-21'), { zone: 'UTC' })).toHaveLength(1)
  })

  test('a far window costs no more than a near one', () => {
    for (const frequency of ['HOURLY;BYHOUR=9', 'DAILY', 'WEEKLY;INTERVAL=3', 'MONTHLY;BYDAY=-1FR', 'YEARLY']) {
      const old = series(berlin('1600-01-03T09:00:00'), { rrules: [`FREQ=${frequency}`] })
      expect(() => occurrences(old, between('2090-01-01', '2090-02-01'), { zone: 'UTC', maxSteps: 600 })).not.toThrow()
    }
  })
})

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia', 'Asia/Kolkata'] as const
const weekdays: readonly string[] = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']
const byDay = fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1, maxLength: 4 })
const rule = fc
  .record({
    frequency: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
    interval: fc.integer({ min: 1, max: 5 }),
    end: fc.constantFrom('', ';COUNT=25', ';UNTIL=20291231T000000Z'),
    days: fc.option(byDay),
    months: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 })),
    dates: fc.option(fc.uniqueArray(fc.integer({ min: 1, max: 31 }), { minLength: 1, maxLength: 4 })),
  })
  .map(({ frequency, interval, end, days, months, dates }) => ({
    frequency,
    interval,
    days,
    months,
    dates: frequency === 'WEEKLY' ? null : dates,
    text: [
      `FREQ=${frequency};INTERVAL=${interval}${end}`,
      ...(days ? [`BYDAY=${days.join()}`] : []),
      ...(months ? [`BYMONTH=${months.join()}`] : []),
      ...(dates && frequency !== 'WEEKLY' ? [`BYMONTHDAY=${dates.join()}`] : []),
    ].join(';'),
  }))
const firstDay = fc.integer({ min: 0, max: 700 }).map(day => Temporal.PlainDate.from('2025-01-01').add({ days: day }))

describe('laws', () => {
  const dtstart = fc.tuple(firstDay, fc.constantFrom('01:30:00', '02:15:00', '09:00:00', '23:45:00'))

  test('two windows that meet hold what one holds', () => {
    fc.assert(
      fc.property(
        rule,
        dtstart,
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 1800 }),
        ({ text }, [day, time], tzid, cut) => {
          const event = series({ dateTime: `${day}T${time}`, tzid }, { rrules: [text], end: { duration: 'PT30H' } })
          const [from, to] = [epoch('2025-01-01'), epoch('2030-01-01')]
          const middle = from + cut * 86_400 + 40_000
          const options = { zone: 'UTC', maxSteps: 1e6 }
          const whole = occurrences(event, { from, to }, options)
          const early = occurrences(event, { from, to: middle }, options)
          const late = occurrences(event, { from: middle, to }, options)
          expect(new Set([...ids(early), ...ids(late)])).toEqual(new Set(ids(whole)))
          expect(early).toEqual(whole.filter(({ start }) => start < middle))
          expect(late).toEqual(whole.filter(({ end }) => end > middle))
        },
      ),
      { numRuns: 300 },
    )
  })

  // RFC 5545 §3.3.10 read day by day: which days of a period match, period by period.
  test('the days are those of the definition', () => {
    fc.assert(
      fc.property(rule, firstDay, ({ frequency, interval, days, months, dates, text }, first) => {
        const event = series(
          { dateTime: `${first}T09:00:00`, tzid: 'UTC' },
          { rrules: [text.replace(/;COUNT=\d+/, '')] },
        )
        const until = text.includes('UNTIL') ? '2029-12-30' : '2030-12-31'
        const monday = first.subtract({ days: first.dayOfWeek - 1 })
        const expected: string[] = []
        for (let day = first; Temporal.PlainDate.compare(day, until) <= 0; day = day.add({ days: 1 })) {
          const passed = {
            DAILY: first.until(day).days,
            WEEKLY: Math.floor(monday.until(day).days / 7),
            MONTHLY: (day.year - first.year) * 12 + day.month - first.month,
            YEARLY: day.year - first.year,
          }[frequency]
          const name = weekdays[day.dayOfWeek - 1] ?? ''
          const given = days !== null || dates !== null
          const matches =
            (days === null || days.includes(name)) &&
            (months === null || months.includes(day.month)) &&
            (dates === null || dates.includes(day.day)) &&
            (given || frequency !== 'WEEKLY' || day.dayOfWeek === first.dayOfWeek) &&
            (given || (frequency !== 'MONTHLY' && frequency !== 'YEARLY') || day.day === first.day) &&
            (given || frequency !== 'YEARLY' || months !== null || day.month === first.month)
          if (day.equals(first) || ((passed ?? 0) % interval === 0 && matches)) expected.push(`${day}T09:00`)
        }
        const found = occurrences(event, between('2025-01-01', '2031-01-01'), { zone: 'UTC' })
        expect(found.map(({ start }) => iso(start))).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  test('what is found is sorted, in the window, and named once', () => {
    fc.assert(
      fc.property(rule, dtstart, fc.constantFrom(...zones), ({ text }, [day, time], tzid) => {
        const event = series({ dateTime: `${day}T${time}`, tzid }, { rrules: [text, 'FREQ=WEEKLY;BYDAY=MO,TH'] })
        const window = between('2026-01-01', '2027-06-01')
        const found = occurrences(event, window, { zone: 'UTC' })
        expect(new Set(ids(found)).size).toBe(found.length)
        expect(found.map(({ start }) => start)).toEqual([...found.map(({ start }) => start)].sort((a, b) => a - b))
        for (const { start, end, startTime, endTime } of found) {
          expect(start < window.to && end > window.from).toBe(true)
          expect(toEpoch(startTime, 'UTC')).toBe(start)
          expect(end - start).toBe(3600)
          expect('dateTime' in endTime && endTime.tzid).toBe(tzid)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('budgets', () => {
  const from = (low: number, high: number) => Array.from({ length: high - low + 1 }, (_, i) => i + low).join()
  const times = `BYHOUR=${from(0, 23)};BYMINUTE=${from(0, 59)};BYSECOND=${from(0, 59)}`
  const hostile: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['a billion seconds', ['FREQ=SECONDLY;COUNT=1000000000'], []],
    ['every second', ['FREQ=SECONDLY'], []],
    ['seconds that never come', ['FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30'], []],
    ['every second of every day', [`FREQ=YEARLY;BYMONTHDAY=${from(1, 31)};${times};COUNT=1`], []],
    ['the last second of a year', [`FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;${times};BYSETPOS=-1`], []],
    ['30 February', ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'], []],
    ['30 February, five times', ['FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5'], []],
    ['until 9999', ['FREQ=DAILY;UNTIL=99991231'], []],
    ['a billion years apart', ['FREQ=YEARLY;INTERVAL=1000000000'], []],
    ['more seconds apart than there are', [`FREQ=SECONDLY;INTERVAL=${'9'.repeat(400)}`], []],
    ['everything taken out again', ['FREQ=DAILY'], ['FREQ=DAILY']],
    ['every second taken out again', ['FREQ=SECONDLY'], ['FREQ=SECONDLY']],
    ['every position', [`FREQ=DAILY;${times};BYSETPOS=${from(1, 366)},${from(-366, -1)}`], []],
    ['twenty thousand rules', Array(20_000).fill('FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30'), []],
  ]
  const windows = {
    'a year': between('2027-01-01', '2028-01-01'),
    'a century': between('1990-01-01', '2090-01-01'),
    'the year 9000': between('9000-01-01', '9000-02-01'),
    'all time': always,
  }
  const run = (event: ScheduleEvent, window: { from: number; to: number }): number => {
    const begun = process.cpuUsage()
    try {
      occurrences(event, window, { zone: 'Europe/Berlin' })
    } catch (error) {
      expect(error).toBeInstanceOf(TooManyOccurrences)
    }
    const { user, system } = process.cpuUsage(begun)
    return (user + system) / 1000
  }

  for (const [name, window] of Object.entries(windows)) {
    test.each(hostile)(`%s, asked for ${name}, end soon`, (_, rrules, exrules) => {
      const event = series(berlin('2026-12-31T23:59:59'), { rrules, exrules })
      // Without the budget these take minutes; with it, some ten milliseconds of a quiet machine (bench).
      expect(run(event, window)).toBeLessThan(500)
    })
  }

  test('the limit on occurrences is one on the window', () => {
    const daily = series(utc('2026-01-01T09:00:00'), { rrules: ['FREQ=DAILY'] })
    const month = between('2026-03-01', '2026-04-01')
    expect(occurrences(daily, month, { zone: 'UTC', maxOccurrences: 31 })).toHaveLength(31)
    expect(() => occurrences(daily, month, { zone: 'UTC', maxOccurrences: 30 })).toThrow(TooManyOccurrences)
    expect(occurrences(daily, between('2026-01-01', '2034-01-01'), { zone: 'UTC' })).toHaveLength(2922)
    expect(() => occurrences(daily, between('2026-01-01', '2035-01-01'), { zone: 'UTC' })).toThrow(/more than 3000/)
  })
})

describe('checkRecurrence', () => {
  const start = berlin('2026-03-02T09:00:00')
  const id = berlin('2026-03-09T09:00:00')

  test('a sound event has no problems', () => {
    const event = series(start, { rrules: ['freq=weekly;count=4;'] }, [override(id, id, { duration: 'PT1H' })])
    expect(checkRecurrence(event)).toEqual([])
    expect(recurrenceNotices(event)).toEqual([])
  })

  test.each([
    [series(start, { rrules: ['FREQ=FORTNIGHTLY'] }), 'no usable FREQ'],
    [series(start, { rrules: ['COUNT=3'] }), 'no FREQ'],
    [series(start, { rrules: ['FREQ=DAILY;INTERVAL=0'] }), 'no usable INTERVAL'],
    [series(start, { rrules: ['FREQ=DAILY;COUNT=-1'] }), 'no usable COUNT'],
    [series(start, { rrules: ['FREQ=DAILY;COUNT=2;COUNT=3'] }), 'COUNT twice'],
    [series(start, { rrules: ['FREQ=DAILY;UNTIL=tomorrow'] }), 'no usable UNTIL'],
    [series(start, { rrules: ['FREQ=MONTHLY;BYMONTHDAY=32'] }), 'no usable BYMONTHDAY'],
    [series(start, { rrules: ['FREQ=MONTHLY;BYDAY=0MO'] }), 'no usable BYDAY'],
    [series(start, { rrules: ['FREQ=DAILY;BYHOUR=-1'] }), 'no usable BYHOUR'],
    [series(start, { rrules: ['FREQ=DAILY;BYEASTER=1'] }), 'no usable BYEASTER'],
    [series(start, { rrules: ['FREQ=DAILY;WKST=XX'] }), 'no usable WKST'],
    [series(start, { rrules: ['RSCALE=HEBREW;FREQ=DAILY'] }), 'no usable RSCALE'],
    [series(start, { exrules: ['FREQ='] }), 'no FREQ'],
    [
      series(start, { end: berlin('2026-03-02T08:59:59') }),
      'ends (2026-03-02T08:59:59[Europe/Berlin]) before it starts',
    ],
    [series(start, { end: { duration: '-PT1H' } }), 'is negative'],
    [series(start, { end: { duration: '1 hour' } }), 'cannot be read'],
    [series(start, {}, [override(date('2026-03-09'), id, null)]), 'is a date, but the series starts with a time'],
    [series(start, {}, [override(id, id, null), override(id, id, null)]), 'occurs twice'],
    [series(start, {}, [override(id, id, start)]), 'the occurrence 2026-03-09T09:00:00[Europe/Berlin]: it ends'],
    [{ uid: 'x', master: null, overrides: [], resourceIds: [] }, 'neither a master nor an override'],
  ])('%# is one sentence', (event, expected) => {
    expect(checkRecurrence(event)).toEqual([expect.stringContaining(expected)])
  })

  test.each([
    [series(start, { rrules: ['FREQ=DAILY;UNTIL=20260401'] }), 'UNTIL as date where the start asks for utc'],
    [series(start, { rrules: ['FREQ=DAILY;UNTIL=20260401T090000'] }), 'UNTIL as local where the start asks for utc'],
    [series(date('2026-03-02'), { rrules: ['FREQ=DAILY;UNTIL=20260401T000000Z'], end: null }), 'asks for date'],
    [series(floating('2026-03-02T09:00:00'), { rrules: ['FREQ=DAILY;UNTIL=20260401T000000Z'] }), 'asks for local'],
    [series(start, { rrules: ['FREQ=DAILY;COUNT=2;UNTIL=20260401T000000Z'] }), 'both COUNT and UNTIL'],
    [series(start, { rrules: ['FREQ=WEEKLY;BYDAY=1MO'] }), 'BYDAY with numbers'],
    [series(start, { rrules: ['FREQ=WEEKLY;BYMONTHDAY=3'] }), 'BYMONTHDAY'],
    [series(start, { rrules: ['FREQ=DAILY;BYYEARDAY=3'] }), 'BYYEARDAY'],
    [series(start, { rrules: ['FREQ=MONTHLY;BYWEEKNO=3'] }), 'BYWEEKNO'],
    [series(start, { rrules: ['FREQ=MONTHLY;BYSETPOS=1'] }), 'BYSETPOS without'],
    [series(date('2026-03-02'), { rrules: ['FREQ=DAILY;BYHOUR=9'], end: null }), 'has only dates'],
    [series(start, { exdates: [date('2026-03-09')] }), 'EXDATE 2026-03-09 is a date'],
    [series(start, { end: date('2026-03-03') }), 'not of the same value type'],
  ])('%# is only worth a notice', (event, expected) => {
    expect(checkRecurrence(event)).toEqual([])
    expect(recurrenceNotices(event)).toEqual([expect.stringContaining(expected)])
  })
})
