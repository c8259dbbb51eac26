import { describe, expect, it } from 'vitest'
import { emptyMaster, type Master, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'
import { parseCalendar, type WriteOptions, writeCalendar } from '../../src/schedule/ical.ts'
import { cpuTime } from './ical-cpu.ts'

const start = { dateTime: '2026-03-02T09:15:00', tzid: 'Europe/Berlin' }
const event = (master: Partial<Master> = {}, more: Partial<ScheduleEvent> = {}): ScheduleEvent => ({
  uid: 'a',
  master: { ...emptyMaster(start), ...master },
  overrides: [],
  resourceIds: [],
  ...more,
})
const write = (written: ScheduleEvent, options?: WriteOptions) =>
  writeCalendar([written], { timezones: false, ...options })
const unfolded = (text: string) => text.replaceAll('\r\n ', '').split('\r\n')

describe('what strict readers want', () => {
  it('writes the whole of it', () => {
    const written = event(
      {
        end: { duration: 'PT1H' },
        summary: 'A, b; c\\d\ne',
        status: 'CONFIRMED',
        transparent: true,
        classification: 'PRIVATE',
        sequence: 3,
        rrules: ['FREQ=WEEKLY'],
        exdates: [start, { date: '2026-03-09' }],
        rdates: [{ start, end: { duration: 'PT2H' } }],
        parameters: { summary: { language: 'de' } },
        extra: [['categories', {}, 'text', 'x,y', 'z']],
        components: [['valarm', [['trigger', {}, 'duration', '-PT15M']], []]],
        kaltura: { id: 7, tags: ['a', 'b'], liveStreamPassword: 'p' },
      },
      { resourceIds: [12, 13] },
    )
    expect(write(written, { method: 'publish', name: 'Room; one', dtstamp: '20260101T000000Z' }).split('\r\n')).toEqual(
      [
        'BEGIN:VCALENDAR',
        'VERSION:2.0',
        'PRODID:-//kaldav//kaldav//EN',
        'CALSCALE:GREGORIAN',
        'METHOD:PUBLISH',
        'X-WR-CALNAME:Room\\; one',
        'BEGIN:VEVENT',
        'UID:a',
        'DTSTAMP:20260101T000000Z',
        'DTSTART;TZID=Europe/Berlin:20260302T091500',
        'DURATION:PT1H',
        'RRULE:FREQ=WEEKLY',
        'RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20260302T091500/PT2H',
        'EXDATE;TZID=Europe/Berlin:20260302T091500',
        'EXDATE;VALUE=DATE:20260309',
        'SUMMARY;LANGUAGE=de:A\\, b\\; c\\\\d\\ne',
        'STATUS:CONFIRMED',
        'CLASS:PRIVATE',
        'TRANSP:TRANSPARENT',
        'SEQUENCE:3',
        'CATEGORIES:x\\,y,z',
        'X-KALTURA-ID:7',
        'X-KALTURA-RESOURCE-IDS:12,13',
        'X-KALTURA-TAGS:a,b',
        'BEGIN:VALARM',
        'TRIGGER:-PT15M',
        'END:VALARM',
        'END:VEVENT',
        'END:VCALENDAR',
        '',
      ],
    )
  })

  it('writes overrides in full, each with the UID and the resources', () => {
    const override: Override = {
      ...emptyMaster({ ...start, dateTime: '2026-03-09T14:00:00' }),
      recurrenceId: start,
      thisAndFuture: true,
      summary: 'Moved',
    }
    const { rrules: _, exrules: __, rdates: ___, exdates: ____, ...plain } = override as Override & Master
    const lines = write(event({ rrules: ['FREQ=WEEKLY'] }, { overrides: [plain], resourceIds: [5] })).split('\r\n')
    expect(lines.filter(line => line === 'UID:a')).toHaveLength(2)
    expect(lines.filter(line => line === 'X-KALTURA-RESOURCE-IDS:5')).toHaveLength(2)
    expect(lines).toContain('RECURRENCE-ID;TZID=Europe/Berlin;RANGE=THISANDFUTURE:20260302T091500')
  })

  it.each(['ä', '漢', '😀', 'a'])('folds at 75 octets without cutting %s', letter => {
    for (let shift = 0; shift < 4; shift++) {
      const summary = 'x'.repeat(shift) + letter.repeat(200)
      const text = write(event({ summary }))
      for (const line of text.split('\r\n')) {
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
        expect(line.isWellFormed()).toBe(true)
      }
      expect(unfolded(text)).toContain(`SUMMARY:${summary}`)
    }
  })

  it('quotes and encodes parameters', () => {
    const text = write(
      event({
        extra: [['attendee', { cn: 'Doe, "J"\n^', member: ['mailto:a', 'mailto:b'] }, 'cal-address', 'mailto:c']],
      }),
    )
    expect(unfolded(text)).toContain(`ATTENDEE;CN="Doe, ^'J^'^n^^";MEMBER="mailto:a","mailto:b":mailto:c`)
  })

  it('lets no value, parameter or name begin a line or leave XML', () => {
    const evil = 'x\r\nEND:VEVENT\r\nBEGIN:VEVENT\rUID:b\u0000\u000b'
    const text = writeCalendar(
      [
        event(
          {
            summary: evil,
            kaltura: { tags: [evil], liveStreamName: evil, primaryRtmpEndpoint: evil },
            parameters: { summary: { x: evil } },
            extra: [
              ['x-a', { [evil]: 'v', y: evil }, 'unknown', evil],
              ['x-b', {}, 'text', evil],
              ['url', {}, 'uri', evil],
              ['geo', {}, 'float', [evil, 1]],
              [evil, {}, 'text', 'v'],
              ['end', {}, 'unknown', 'VEVENT'],
              ['begin', {}, 'unknown', 'VEVENT'],
            ],
            components: [[evil, [], []]],
          },
          { uid: evil },
        ),
      ],
      { name: evil, method: evil },
    )
    expect(text.match(/^BEGIN:VEVENT\r$/gm)).toHaveLength(1)
    expect(text.match(/^END:VEVENT\r$/gm)).toHaveLength(1)
    expect(text).not.toMatch(/[^\r]\n|\r[^\n]/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/)
    expect(parseCalendar(text).events).toHaveLength(1)
  })

  it('writes a DTSTAMP even where nobody gave one, and does not read that one back', () => {
    const text = write(event())
    expect(text).toContain('DTSTAMP:19700101T000000Z')
    expect(parseCalendar(text).events[0]?.master?.extra).toEqual([])
  })

  it('adds what it is asked to, to each component', () => {
    const text = write(event(), {
      decorate: ({ uid }, { sequence }) => [['x-kaldav-conflict', {}, 'text', `overlap, ${uid}, ${sequence}`]],
    })
    expect(text).toContain('X-KALDAV-CONFLICT;VALUE=TEXT:overlap\\, a\\, 0')
    expect(parseCalendar(text).events[0]?.master?.extra).toEqual([])
  })

  it('gives the same bytes for the same events', () => {
    expect(writeCalendar([event()])).toBe(writeCalendar([structuredClone(event())]))
  })
})

describe('the stream password', () => {
  const secret = event({
    kaltura: { liveStreamPassword: 'hush' },
    extra: [['x-kaltura-live-stream-password', {}, 'unknown', 'hush']],
    components: [['valarm', [['x-kaltura-live-stream-password', {}, 'unknown', 'hush']], []]],
  })
  it('is left out', () => {
    expect(write(secret)).not.toContain('hush')
    expect(write(secret, { decorate: () => secret.master?.extra ?? [] })).not.toContain('hush')
  })
  it('is written once where the reader is the device', () => {
    expect(write(secret, { password: true }).match(/hush/g)).toHaveLength(1)
  })
  it('is in no notice and in no other place when read', () => {
    const text = [
      'BEGIN:VEVENT',
      'DTSTART:20260302T080000Z',
      'X-KALTURA-LIVE-STREAM-PASSWORD:hush',
      'X-KALTURA-LIVE-STREAM-PASSWORD:hush2',
      'BEGIN:VALARM',
      'X-KALTURA-LIVE-STREAM-PASSWORD:hush3',
      'END:VALARM',
      'END:VEVENT',
    ].join('\n')
    const { events, notices } = parseCalendar(text)
    expect(JSON.stringify(events).match(/hush/g)).toHaveLength(1)
    expect(JSON.stringify(notices)).not.toContain('hush')
  })
})

describe('time zones', () => {
  const zoneLines = (events: ScheduleEvent[], options?: WriteOptions) =>
    [...writeCalendar(events, options).matchAll(/^TZID:(.*)\r$/gm)].map(([, zone]) => zone)
  const utc = { dateTime: '2026-03-02T09:15:00', tzid: 'UTC' }

  it('come with every zone that is used, once, and with none for UTC, dates and floating times', () => {
    const tokyo = { ...start, tzid: 'Asia/Tokyo' }
    const inExtra = event({
      start: utc,
      extra: [['x-t', { tzid: 'America/New_York' }, 'date-time', '2026-01-01T00:00:00']],
    })
    expect(zoneLines([event(), event({ end: tokyo }), inExtra])).toEqual([
      'America/New_York',
      'Asia/Tokyo',
      'Europe/Berlin',
    ])
    expect(
      zoneLines([
        event({ start: utc }),
        event({ start: { date: '2026-03-02' } }),
        event({ start: { ...start, tzid: null } }),
      ]),
    ).toEqual([])
    expect(zoneLines([event()], { timezones: false })).toEqual([])
  })

  it('stand before the events and hold the rules', () => {
    expect(writeCalendar([event()])).toContain(
      [
        'BEGIN:DAYLIGHT',
        'DTSTART:19960331T020000',
        'TZOFFSETFROM:+0100',
        'TZOFFSETTO:+0200',
        'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
        'END:DAYLIGHT',
        'BEGIN:STANDARD',
        'DTSTART:19961027T030000',
        'TZOFFSETFROM:+0200',
        'TZOFFSETTO:+0100',
        'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
        'END:STANDARD',
        'END:VTIMEZONE',
        'BEGIN:VEVENT',
      ].join('\r\n'),
    )
  })

  it('a name that is no zone does not stop the rest', () => {
    expect(zoneLines([event({ start: { ...start, tzid: 'Nowhere/Else' } }), event()])).toEqual(['Europe/Berlin'])
  })
})

it('writes 10,000 events in well under a second, and reads them in under three', () => {
  const events = Array.from({ length: 10_000 }, (_, i) =>
    event(
      {
        end: { duration: 'PT1H30M' },
        summary: `Lecture ${i}, für alle`,
        description: 'x'.repeat(120),
        rrules: i % 5 ? [] : ['FREQ=WEEKLY;COUNT=14'],
        extra: [['organizer', { cn: 'Prof. Müller' }, 'cal-address', 'mailto:m@x.example']],
      },
      { uid: `u${i}`, resourceIds: [i % 40] },
    ),
  )
  let text = ''
  let read = parseCalendar('')
  const writing = cpuTime(() => {
    text = writeCalendar(events)
  })
  const reading = cpuTime(() => {
    read = parseCalendar(text)
  })
  expect(read.events).toEqual(events)
  expect(writing).toBeLessThan(1000)
  expect(reading).toBeLessThan(3000)
})
