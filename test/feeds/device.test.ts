import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { loadContent, renderFeed, windowAt } from '../../src/feeds/feed.ts'
import { berlin, event, NOW, openFeeds, override, vevents } from './support.ts'

let feeds: Awaited<ReturnType<typeof openFeeds>>
beforeAll(async () => {
  feeds = await openFeeds()
})
afterAll(() => feeds.close())
beforeEach(async () => {
  feeds.clock.now = NOW
  for (const uid of await feeds.store.uids()) await feeds.remove(uid)
})

const read = async (query = '') => {
  const { status, body } = await feeds.get(`?profile=device${query}`)
  expect(status).toBe(200)
  return { body, events: vevents(body) }
}
const times = (events: Map<string, string>[]) => events.map(each => `${each.get('DTSTART')}/${each.get('DTEND')}`)
const titles = (events: Map<string, string>[]) => events.map(each => each.get('SUMMARY'))

const lecture = (uid: string, hour: string, change: object = {}, length = 'PT1H') =>
  event(uid, berlin(`2026-03-03T${hour}:00`), { duration: length }, change)

test('a series is written out as single events in UTC, each with a UID of its own', async () => {
  await feeds.put(
    event(
      'algebra',
      berlin('2026-03-16T09:00:00'),
      berlin('2026-03-16T10:30:00'),
      { rrules: ['FREQ=WEEKLY;COUNT=4'], exdates: [berlin('2026-03-23T09:00:00')], sequence: 3 },
      [
        override(
          berlin('2026-03-30T09:00:00'),
          berlin('2026-03-31T14:00:00'),
          { duration: 'PT1H' },
          { summary: 'moved' },
        ),
      ],
    ),
  )
  const { body, events } = await read()
  expect(times(events)).toEqual(['20260316T080000Z/20260316T093000Z', '20260331T120000Z/20260331T130000Z'])
  expect(titles(events)).toEqual(['algebra', 'moved'])
  expect(new Set(events.map(each => each.get('UID'))).size).toBe(2)
  for (const each of events) {
    const stamp = '20260302T062000Z'
    expect(Object.fromEntries(each)).toMatchObject({ DTSTAMP: stamp, 'LAST-MODIFIED': stamp, LOCATION: 'Room lh101' })
  }
  expect(events.map(each => each.get('SEQUENCE'))).toEqual(['3', '0'])
  expect(body).not.toMatch(/RRULE|EXDATE|RECURRENCE-ID|VTIMEZONE|VALARM|METHOD|TZID|VALUE=DATE|DURATION|ATTENDEE/)
})

test('CRLF everywhere, version and producer, no line that would be folded', async () => {
  const long = 'Ürümqi, Zürich; \\ Ålesund\n'.repeat(20)
  await feeds.put(lecture('long', '09:00', { summary: long, location: long, description: long }))
  const { body, events } = await read()
  expect(body).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:/)
  expect(body.endsWith('END:VCALENDAR\r\n')).toBe(true)
  expect(body.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
  for (const line of body.split('\r\n')) {
    expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
    expect(line).not.toMatch(/^\s/)
  }
  for (const name of ['SUMMARY', 'LOCATION', 'DESCRIPTION']) expect(events[0]?.get(name)).not.toMatch(/[\\,;]/)
  expect(events[0]?.get('SUMMARY')).toMatch(/^Ürümqi - Zürich - \/ Ålesund Ürümqi/)
})

test('no command for a device survives in DESCRIPTION', async () => {
  await feeds.put(lecture('x', '09:00', { description: '\u001bCMD=1|rm -rf $HOME; `reboot` <a href="x">#1</a>' }))
  const { events } = await read()
  expect(events[0]?.get('DESCRIPTION')).toBe('CMD 1 rm -rf HOME reboot a href x 1 a')
})

test('all-day and floating times are read on the clock of the room', async () => {
  await feeds.put(
    event('day', { date: '2026-03-28' }, null),
    event('floating', { dateTime: '2026-03-27T09:00:00', tzid: null }, { duration: 'PT1H' }),
  )
  expect(times((await read()).events)).toEqual([
    '20260327T080000Z/20260327T090000Z',
    '20260327T230000Z/20260328T230000Z',
  ])
})

test('what is cancelled, transparent or too short is left out', async () => {
  const thrice = { rrules: ['FREQ=DAILY;COUNT=3'] }
  const second = berlin('2026-03-04T08:00:00')
  await feeds.put(
    lecture('cancelled', '09:00', { status: 'CANCELLED' }),
    lecture('cancelled in Kaltura', '10:00', { kaltura: { status: 1 } }),
    lecture('transparent', '11:00', { transparent: true }),
    lecture('a minute', '12:00', {}, 'PT119S'),
    lecture('two minutes', '13:00', {}, 'PT2M'),
    event('series', berlin('2026-03-03T08:00:00'), { duration: 'PT1H' }, thrice, [
      override(second, second, { duration: 'PT1H' }, { status: 'CANCELLED' }),
    ]),
  )
  expect(titles((await read()).events)).toEqual(['series', 'two minutes', 'series'])
})

test('one day back to thirty ahead, or as far as asked', async () => {
  await feeds.put(event('daily', berlin('2026-01-01T09:00:00'), { duration: 'PT1H' }, { rrules: ['FREQ=DAILY'] }))
  const { events } = await read()
  expect(times(events)[0]).toMatch(/^20260301/)
  expect(times(events).at(-1)).toMatch(/^20260331/)
  expect(events).toHaveLength(31)
  expect((await read('&days=1')).events).toHaveLength(2)
  expect((await read('&days=366')).events).toHaveLength(367)
})

describe('a blackout blocks', () => {
  const blackout = (resourceIds: readonly number[]) =>
    event('closed', berlin('2026-03-03T10:00:00'), { duration: 'PT2H' }, { kaltura: { type: 3 } }, [], resourceIds)

  test.each([
    ['of the room', [1]],
    ['of the whole account', []],
  ] as const)('%s: neither it nor what overlaps it is recorded', async (_, resourceIds) => {
    await feeds.put(
      lecture('before', '09:00'),
      lecture('into', '09:30'),
      lecture('inside', '10:30'),
      lecture('after', '12:00'),
      blackout(resourceIds),
    )
    expect(titles((await read()).events)).toEqual(['before', 'after'])
  })

  test('of another room does not', async () => {
    await feeds.put(lecture('inside', '10:30'), blackout([2]))
    expect(titles((await read()).events)).toEqual(['inside'])
  })
})

test('where an event comes from is said, and every open conflict that has no place of its own in time', async () => {
  await feeds.put(lecture('meeting', '09:00'))
  await feeds.store.write(feeds.actor, async tx => {
    const detail = { field: 'summary' }
    await tx.addConflict({
      kind: 'edit',
      resourceId: 1,
      uids: ['meeting'],
      start: null,
      end: null,
      source: 'g',
      detail,
    })
  })
  const [only] = (await read()).events
  expect([only?.get('X-KALDAV-SOURCE'), only?.get('X-KALDAV-CONFLICT')]).toEqual(['caldav', 'edit;'])
})

describe('one thing at a time', () => {
  test('the event created first stays and names the other', async () => {
    await feeds.put(lecture('z first', '09:00'))
    feeds.clock.now += 60
    await feeds.put(lecture('a second', '09:30'), lecture('third', '10:00'))
    const { events } = await read()
    expect(titles(events)).toEqual(['z first', 'third'])
    expect(events.map(each => each.get('X-KALDAV-CONFLICT'))).toEqual([
      'overlap;a second;20260303T083000Z/20260303T090000Z',
      'overlap;a second;20260303T090000Z/20260303T093000Z',
    ])
  })

  test('a timed event comes before one of whole days, whichever was first', async () => {
    await feeds.put(event('open day', { date: '2026-03-03' }, null))
    feeds.clock.now += 60
    await feeds.put(lecture('lecture', '09:00'))
    expect(titles((await read()).events)).toEqual(['lecture'])
  })

  test('touching is no overlap', async () => {
    await feeds.put(lecture('a', '09:00'), lecture('b', '10:00'), lecture('c', '11:00'))
    expect((await read()).events).toHaveLength(3)
  })

  test('never do two overlap, and nothing is left out without one in its way', async () => {
    const booking = fc.record({
      start: fc.integer({ min: 0, max: 40 }),
      length: fc.integer({ min: 1, max: 12 }),
      age: fc.integer({ min: 0, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(booking, { maxLength: 20 }), async bookings => {
        const at = (quarter: number) => {
          const time = new Date(NOW * 1000 + quarter * 900_000).toISOString().slice(0, 19)
          return { dateTime: time, tzid: 'UTC' }
        }
        const window = windowAt(NOW)
        const content = await loadContent(feeds.store, await feeds.store.resourceBySystemName('lh101'), window)
        const events = bookings.map(({ start, length, age }, i) => ({
          ...{ uid: `b${i}`, body: '', etag: '', scheduleEtag: '', source: 'caldav', createdAt: age, updatedAt: 0 },
          event: event(`b${i}`, at(start), at(start + length)),
        }))
        const found = vevents(renderFeed('device', { ...content, events }, 'device'))
        const spans = times(found).map(text => text.split('/'))
        for (const [i, [, end = '']] of spans.entries()) {
          const next = spans[i + 1]?.[0]
          expect(next === undefined || next >= end).toBe(true)
        }
        const kept = new Set(titles(found))
        for (const [i, { start, length }] of bookings.entries()) {
          const inTheWay = bookings.some(
            (other, j) => kept.has(`b${j}`) && other.start < start + length && start < other.start + other.length,
          )
          expect(kept.has(`b${i}`) || inTheWay).toBe(true)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('UIDs stay', () => {
  const series = (change: object = {}) =>
    event('series', berlin('2026-03-03T09:00:00'), { duration: 'PT1H' }, { rrules: ['FREQ=WEEKLY;COUNT=3'], ...change })
  const uids = async () => (await read()).events.map(each => each.get('UID'))

  test('through edits of the title and the length, other occurrences being moved, and a new spelling of the zone', async () => {
    await feeds.put(series())
    const before = await uids()
    feeds.clock.now += 60
    await feeds.put(series({ summary: 'renamed', end: { duration: 'PT2H' } }))
    expect(await uids()).toEqual(before)
    const second = berlin('2026-03-10T09:00:00')
    await feeds.put({
      ...series(),
      overrides: [override(second, berlin('2026-03-11T12:00:00'), { duration: 'PT1H' })],
    })
    expect(await uids()).toEqual(before)
    const utc = { dateTime: '2026-03-03T08:00:00', tzid: 'UTC' }
    await feeds.put(series({ start: utc }))
    expect(await uids()).toEqual(before)
  })

  test('and are never shared between events', async () => {
    await feeds.put(lecture('a', '09:00'), lecture('b', '10:00'), lecture('a-b', '11:00'))
    expect(new Set(await uids()).size).toBe(3)
  })
})

test('X-KALTURA-* are in upper case; the password is for the device alone', async () => {
  const kaltura = {
    ...{ id: 7, partnerId: 99, type: 2 as const, tags: ['a', 'b'], templateEntryId: '0_abcd1234' },
    ...{ liveStreamName: 'stream', liveStreamPassword: 'planted-secret' },
  }
  await feeds.put(lecture('live', '09:00', { kaltura }))
  const [found] = (await read()).events
  expect(found && Object.fromEntries(found)).toMatchObject({
    'X-KALTURA-ID': '7',
    'X-KALTURA-TYPE': '2',
    'X-KALTURA-RESOURCE-IDS': '1',
    'X-KALTURA-TAGS': 'a,b',
    'X-KALTURA-TEMPLATE-ENTRY-ID': '0_abcd1234',
    'X-KALTURA-LIVE-STREAM-PASSWORD': 'planted-secret',
  })
  for (const profile of ['device', 'standard', 'kaltura']) {
    const { status, body } = await feeds.get(`?profile=${profile}`, {}, 'GET', feeds.tokens.link.token)
    expect(status).toBe(200)
    expect(body).toContain('X-KALTURA-LIVE-STREAM-NAME:stream')
    expect(body).not.toContain('planted-secret')
  }
})

test('an empty calendar is one that is empty', async () => {
  expect((await read()).body).toBe(
    'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//kaldav//kaldav//EN\r\nCALSCALE:GREGORIAN\r\nEND:VCALENDAR\r\n',
  )
})
