import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { emptyMaster, type KalturaProperties } from '../../src/schedule/event.ts'
import { parseCalendar, writeCalendar } from '../../src/schedule/ical.ts'

const read = (...lines: string[]) => {
  const text = ['BEGIN:VEVENT', 'UID:a', 'DTSTART:20260302T080000Z', ...lines, 'END:VEVENT'].join('\r\n')
  const { events, notices, rejected } = parseCalendar(`BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${text}\r\nEND:VCALENDAR\r\n`)
  expect(rejected).toEqual([])
  return {
    kaltura: events[0]?.master?.kaltura,
    resourceIds: events[0]?.resourceIds,
    extra: events[0]?.master?.extra,
    notices,
  }
}
const write = (kaltura: KalturaProperties, resourceIds: number[] = []) =>
  writeCalendar(
    [{ uid: 'a', master: { ...emptyMaster({ date: '2026-03-02' }), kaltura }, overrides: [], resourceIds }],
    { password: true },
  )

/** The 17 properties of the Kaltura iCal format and what they become. */
const table: readonly (readonly [string, string, KalturaProperties])[] = [
  ['X-KALTURA-ID', '101', { id: 101 }],
  ['X-KALTURA-PARTNER-ID', '12345', { partnerId: 12345 }],
  ['X-KALTURA-PARENT-ID', '0', { parentId: 0 }],
  ['X-KALTURA-STATUS', '2', { status: 2 }],
  ['X-KALTURA-TYPE', '3', { type: 3 }],
  ['X-KALTURA-CATEGORY-IDS', '55,77', { categoryIds: [55, 77] }],
  ['X-KALTURA-ENTRY-IDS', '0_abcd1234,1_efgh5678', { entryIds: ['0_abcd1234', '1_efgh5678'] }],
  ['X-KALTURA-TAGS', 'math,linear algebra', { tags: ['math', 'linear algebra'] }],
  ['X-KALTURA-TEMPLATE-ENTRY-ID', '0_abcd1234', { templateEntryId: '0_abcd1234' }],
  [
    'X-KALTURA-PRIMARY-RTMP-ENDPOINT',
    'rtmp://p.x.example/kLive?s=1&t=a,b;c',
    { primaryRtmpEndpoint: 'rtmp://p.x.example/kLive?s=1&t=a,b;c' },
  ],
  [
    'X-KALTURA-SECONDARY-RTMP-ENDPOINT',
    'rtmps://b.x.example/kLive',
    { secondaryRtmpEndpoint: 'rtmps://b.x.example/kLive' },
  ],
  [
    'X-KALTURA-PRIMARY-RTSP-ENDPOINT',
    'rtsp://p.x.example:554/kLive/s=1',
    { primaryRtspEndpoint: 'rtsp://p.x.example:554/kLive/s=1' },
  ],
  [
    'X-KALTURA-SECONDARY-RTSP-ENDPOINT',
    'rtsp://b.x.example:554/',
    { secondaryRtspEndpoint: 'rtsp://b.x.example:554/' },
  ],
  ['X-KALTURA-LIVE-STREAM-NAME', '0_live0001_%i', { liveStreamName: '0_live0001_%i' }],
  ['X-KALTURA-LIVE-STREAM-USERNAME', '101', { liveStreamUsername: '101' }],
  ['X-KALTURA-LIVE-STREAM-PASSWORD', 'a;b,c\\d', { liveStreamPassword: 'a;b,c\\d' }],
]

describe('every property of the format', () => {
  it.each(table)('%s:%s in both directions, without escapes', (name, value, kaltura) => {
    expect(read(`${name}:${value}`)).toMatchObject({ kaltura, notices: [], extra: [] })
    expect(write(kaltura).replaceAll('\r\n ', '')).toContain(`\r\n${name}:${value}\r\n`)
  })

  it('X-KALTURA-RESOURCE-IDS belongs to the event, ascending', () => {
    expect(read('X-KALTURA-RESOURCE-IDS:14,12,12')).toMatchObject({ resourceIds: [12, 14], kaltura: {}, notices: [] })
    expect(write({}, [12, 14])).toContain('\r\nX-KALTURA-RESOURCE-IDS:12,14\r\n')
  })

  it('they are seventeen', () => expect(table.length + 1).toBe(17))

  it('reads what a client escaped, and what it typed', () => {
    expect(read('X-KALTURA-TAGS;VALUE=TEXT:a\\,b c').kaltura).toEqual({ tags: ['a', 'b c'] })
    expect(read('X-KALTURA-PRIMARY-RTMP-ENDPOINT;VALUE=URI:rtmp://x.example/a').kaltura).toEqual({
      primaryRtmpEndpoint: 'rtmp://x.example/a',
    })
  })

  it('reads an empty value, as Kaltura writes it, as nothing', () => {
    expect(read(...table.map(([name]) => `${name}:`))).toEqual({ kaltura: {}, resourceIds: [], extra: [], notices: [] })
  })
})

describe('a value of another format', () => {
  it.each([
    ['X-KALTURA-ID', 'x1'],
    ['X-KALTURA-PARTNER-ID', '1.5'],
    ['X-KALTURA-PARENT-ID', '-1'],
    ['X-KALTURA-STATUS', '4'],
    ['X-KALTURA-TYPE', '0'],
    ['X-KALTURA-CATEGORY-IDS', 'a,b'],
    ['X-KALTURA-RESOURCE-IDS', 'lh101'],
    ['X-KALTURA-ENTRY-IDS', '0_abc'],
    ['X-KALTURA-TEMPLATE-ENTRY-ID', '0_abcd1234,0_abcd1235'],
    ['X-KALTURA-PRIMARY-RTMP-ENDPOINT', 'p.x.example/kLive'],
    ['X-KALTURA-SECONDARY-RTSP-ENDPOINT', 'rtsp://a b'],
    ['X-KALTURA-TAGS', 'x'.repeat(65_000)],
  ])('of %s is left out with a notice, and the event stays', (name, value) => {
    const { kaltura, resourceIds, extra, notices } = read(`${name}:${value}`, 'X-KALTURA-OWNER-ID:u')
    expect([kaltura, resourceIds]).toEqual([{}, []])
    expect(extra).toEqual([['x-kaltura-owner-id', {}, 'unknown', 'u']])
    expect(notices).toMatchObject([{ line: 6, uid: 'a', component: 'VEVENT', reason: expect.stringContaining(name) }])
  })

  it('among good ones leaves the good ones', () => {
    const { resourceIds, kaltura, notices } = read(
      'X-KALTURA-RESOURCE-IDS:12,lh101,x,13',
      'X-KALTURA-ENTRY-IDS:0_abcd1234,nope',
    )
    expect([resourceIds, kaltura]).toEqual([[12, 13], { entryIds: ['0_abcd1234'] }])
    expect(notices.map(({ reason }) => reason)).toEqual([
      'X-KALTURA-RESOURCE-IDS: "lh101" (and 1 more) is not a whole number: left out',
      'X-KALTURA-ENTRY-IDS: "nope" is not a 10-character id: left out',
    ])
  })
})

it('what is written is read back the same, backslashes and all', () => {
  const text = fc
    .string({ unit: fc.constantFrom('a', '\\', 'n', ',', ';', ' ', '\n', '"', 'ü', '😀'), minLength: 1 })
    .filter(value => value.trim() !== '')
  const tag = fc.string({ unit: fc.constantFrom('a', '\\', 'n', ';', 'ü'), minLength: 1 })
  const properties = fc.record(
    {
      id: fc.nat(),
      type: fc.constantFrom<1 | 2 | 3>(1, 2, 3),
      tags: fc.uniqueArray(tag, { minLength: 1, maxLength: 4 }),
      categoryIds: fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 3 }),
      liveStreamName: text,
      liveStreamUsername: text,
      liveStreamPassword: text,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(properties, kaltura => {
      expect(parseCalendar(write(kaltura)).events[0]?.master?.kaltura).toEqual(kaltura)
    }),
  )
})
