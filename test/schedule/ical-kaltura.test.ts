import { describe, expect, it } from 'vitest'
import { parseCalendar, writeCalendar } from '../../src/schedule/ical.ts'
import { kalturaUid } from '../../src/schedule/ical-event.ts'

/** Kaltura's own output: CRLF, no VERSION, times of occurrences in UTC, nothing escaped. */
const output = (...events: string[][]): string =>
  [
    'BEGIN:VCALENDAR',
    ...events.flatMap(lines => ['BEGIN:VEVENT', ...lines, 'END:VEVENT']),
    `X-KALTURA-TOTAL-COUNT:${events.length}`,
    'END:VCALENDAR',
    '',
  ].join('\r\n')

const RULE = 'RRULE:FREQ=WEEKLY;COUNT=4;INTERVAL=1;BYDAY=MO'
const series = (...more: string[]): string[] => [
  'UID:ser-1',
  'SUMMARY:Physics',
  'DTSTART;TZID=Europe/Zurich:20260302T091500',
  'DTEND;TZID=Europe/Zurich:20260302T104500',
  'X-KALTURA-ID:104',
  'X-KALTURA-STATUS:2',
  'X-KALTURA-RESOURCE-IDS:12',
  ...more,
  RULE,
]
/** An occurrence as Kaltura writes it, on a day of March 2026. */
const occurrence = (id: number, day: number, more: Record<string, string> = {}): string[] => {
  const lines: Record<string, string> = {
    UID: 'ser-1',
    SUMMARY: 'Physics',
    DTSTART: `202603${String(day).padStart(2, '0')}T${day < 29 ? '081500' : '071500'}Z`,
    DTEND: `202603${String(day).padStart(2, '0')}T${day < 29 ? '094500' : '084500'}Z`,
    'X-KALTURA-ID': String(id),
    'X-KALTURA-STATUS': '2',
    'X-KALTURA-PARENT-ID': '104',
    'X-KALTURA-RESOURCE-IDS': '12',
    ...more,
  }
  return [
    ...Object.entries(lines)
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}:${value}`),
    RULE,
  ]
}
const start = { dateTime: '2026-03-02T09:15:00', tzid: 'Europe/Zurich' }
const zurich = (dateTime: string) => ({ dateTime, tzid: 'Europe/Zurich' })

const read = (...events: string[][]) => {
  const parsed = parseCalendar(output(...events))
  expect(parsed.rejected).toEqual([])
  // What was worked out stays worked out.
  expect(parseCalendar(writeCalendar(parsed.events)).events).toEqual(parsed.events)
  return parsed
}

describe('a series and its occurrences', () => {
  const days = [2, 9, 16, 23]

  it('are one event without overrides where nobody changed anything', () => {
    const { events, absorbed } = read(series(), ...days.map((day, i) => occurrence(105 + i, day)))
    expect(events).toMatchObject([
      {
        uid: 'ser-1',
        master: { start, rrules: ['FREQ=WEEKLY;COUNT=4;BYDAY=MO'], rdates: [] },
        overrides: [],
        resourceIds: [12],
      },
    ])
    expect(absorbed).toBe(4)
  })

  it('in any order, and with only some occurrences listed', () => {
    const { events } = read(occurrence(107, 16), series(), occurrence(105, 2))
    expect(events).toMatchObject([{ master: { rrules: ['FREQ=WEEKLY;COUNT=4;BYDAY=MO'], exdates: [] }, overrides: [] }])
  })

  it('where one was cancelled or renamed, that is an override of its place', () => {
    const { events, absorbed } = read(
      series(),
      occurrence(105, 2),
      occurrence(106, 9, { STATUS: 'CANCELLED', 'X-KALTURA-STATUS': '1' }),
      occurrence(107, 16, { SUMMARY: 'Exam' }),
    )
    expect(events[0]?.overrides).toMatchObject([
      {
        recurrenceId: zurich('2026-03-09T09:15:00'),
        status: 'CANCELLED',
        kaltura: { id: 106, status: 1, parentId: 104 },
      },
      { recurrenceId: zurich('2026-03-16T09:15:00'), summary: 'Exam' },
    ])
    expect(absorbed).toBe(1)
  })

  it('where one was moved, it has the place that no other fills', () => {
    const { events } = read(series(), occurrence(105, 2), occurrence(106, 11), occurrence(107, 16), occurrence(108, 23))
    expect(events[0]?.overrides).toMatchObject([
      { recurrenceId: zurich('2026-03-09T09:15:00'), start: { dateTime: '2026-03-11T08:15:00', tzid: 'UTC' } },
    ])
  })

  it('where one was moved past its neighbour, all have places of their own', () => {
    const { events } = read(series(), occurrence(105, 3), occurrence(106, 18), occurrence(107, 16), occurrence(108, 23))
    expect(events[0]?.overrides.map(({ recurrenceId, kaltura }) => [recurrenceId, kaltura.id])).toEqual([
      [zurich('2026-03-02T09:15:00'), 105],
      [zurich('2026-03-09T09:15:00'), 106],
    ])
  })

  it('where the rule has no place for one, it is added', () => {
    const { events } = read(series(), ...days.map((day, i) => occurrence(105 + i, day)), occurrence(109, 30))
    expect(events[0]?.master?.rdates).toEqual([{ dateTime: '2026-03-30T07:15:00', tzid: 'UTC' }])
    expect(events[0]?.overrides).toEqual([])
  })

  it('where one lasts longer, that is a change', () => {
    const { events } = read(series(), occurrence(105, 2, { DTEND: '20260302T100000Z' }))
    expect(events[0]?.overrides).toMatchObject([{ recurrenceId: start, end: { dateTime: '2026-03-02T10:00:00' } }])
  })

  it('belong together by X-KALTURA-PARENT-ID where the series has no UID of its own', () => {
    const { events } = read(
      series().filter(line => !line.startsWith('UID')),
      occurrence(105, 2, { UID: kalturaUid(105) }),
      occurrence(106, 9, { UID: '' }),
    )
    expect(events).toMatchObject([{ uid: kalturaUid(104), overrides: [] }])
  })

  it('by X-KALTURA-PARENT-UID where the ids say nothing', () => {
    const { events } = read(
      series().filter(line => !line.startsWith('X-KALTURA-ID')),
      occurrence(105, 2, { UID: 'x', 'X-KALTURA-PARENT-UID': 'ser-1' }),
    )
    expect(events).toMatchObject([{ uid: 'ser-1', overrides: [] }])
  })

  it('whose rule takes too much work are taken as they stand', () => {
    const { events } = read([...series().slice(0, -1), 'RRULE:FREQ=SECONDLY'], occurrence(105, 9))
    expect(events[0]?.overrides).toEqual([])
    expect(events[0]?.master?.start).toEqual(start)
  })
})

describe('occurrences without their series', () => {
  it('are known occurrences of its UID, and no masters with its rule', () => {
    const { events } = read(occurrence(105, 2), occurrence(106, 9))
    expect(events).toMatchObject([
      {
        uid: 'ser-1',
        master: null,
        overrides: [
          { recurrenceId: { dateTime: '2026-03-02T08:15:00', tzid: 'UTC' } },
          { recurrenceId: { dateTime: '2026-03-09T08:15:00', tzid: 'UTC' } },
        ],
      },
    ])
  })

  it('are single events where their UID is their own', () => {
    const own = read(
      occurrence(105, 2, { UID: kalturaUid(105) }),
      occurrence(106, 9, { UID: 'own', 'X-KALTURA-PARENT-UID': 'ser-1' }),
    )
    expect(own.events).toMatchObject([
      { uid: kalturaUid(105), master: { rrules: [], kaltura: { parentId: 104 } }, overrides: [] },
      { uid: 'own', master: { rrules: [] }, overrides: [] },
    ])
  })
})

it('makes the UID that Kaltura makes of an id', () => {
  expect(kalturaUid(1002)).toBe('a5b1d7e2-17aa-427d-9b2b-8a84920780cf')
  expect(kalturaUid(102)).toBe('c8306ae1-39ac-48f4-b293-2286151dc0ec')
})

it('reads the older output: numbers for STATUS, both ends, no UID', () => {
  const { events, notices } = read([
    'SUMMARY:Old',
    'STATUS:1',
    'DURATION:PT1H30M0S',
    'DTSTART:20260302T081500Z',
    'DTEND:20260302T094500Z',
    'X-KALTURA-ID:102',
    'X-KALTURA-OWNER-ID:u',
  ])
  expect(events).toMatchObject([
    {
      uid: kalturaUid(102),
      master: {
        status: 'CANCELLED',
        end: { dateTime: '2026-03-02T09:45:00', tzid: 'UTC' },
        extra: [['x-kaltura-owner-id', {}, 'unknown', 'u']],
      },
    },
  ])
  expect(notices).toHaveLength(1)
})

it('resources that occurrences add are occupied by the event', () => {
  const { events, notices } = read(series(), occurrence(105, 2, { 'X-KALTURA-RESOURCE-IDS': '13' }))
  expect(events).toMatchObject([{ resourceIds: [12, 13], overrides: [{ recurrenceId: start }] }])
  expect(notices).toMatchObject([{ reason: expect.stringContaining('other resources') }])
})
