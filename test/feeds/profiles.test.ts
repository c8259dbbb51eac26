import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isProfile, loadContent, profiles, renderFeed, windowAt } from '../../src/feeds/feed.ts'
import { parseCalendar } from '../../src/schedule/ical.ts'
import { berlin, event, NOW, openFeeds, override, vevents } from './support.ts'

let feeds: Awaited<ReturnType<typeof openFeeds>>
const ids = new Map([['series', { id: 500, partnerId: 99, occurrences: {} as Record<string, number> }]])
beforeAll(async () => {
  feeds = await openFeeds({ kalturaIds: async uid => ids.get(uid) ?? null })
})
afterAll(() => feeds.close())
beforeEach(async () => {
  feeds.clock.now = NOW
  for (const uid of await feeds.store.uids()) await feeds.remove(uid)
})

const hour = { duration: 'PT1H' }
const series = (change: object = {}) =>
  event('series', berlin('2026-03-16T09:00:00'), hour, { rrules: ['FREQ=WEEKLY;COUNT=4'], ...change }, [
    override(berlin('2026-03-23T09:00:00'), berlin('2026-03-24T15:00:00'), hour, { summary: 'moved' }),
  ])

describe('standard', () => {
  test('whole series with overrides, zone, name and how often to look again', async () => {
    await feeds.put(series({ extra: [['attendee', {}, 'cal-address', 'mailto:a@example.edu']] }))
    const { body } = await feeds.get()
    expect(body).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2\.0\r\nPRODID:[^\r]+\r\n[\s\S]*METHOD:PUBLISH\r\n/)
    for (const line of [
      'X-WR-CALNAME:Room lh101',
      'REFRESH-INTERVAL;VALUE=DURATION:PT15M',
      'X-PUBLISHED-TTL:PT15M',
      'TZID:Europe/Berlin',
      'RRULE:FREQ=WEEKLY;COUNT=4',
      'RECURRENCE-ID;TZID=Europe/Berlin:20260323T090000',
      'ATTENDEE:mailto:a@example.edu',
      'LAST-MODIFIED:20260302T062000Z',
      'X-KALDAV-SOURCE:caldav',
    ]) {
      expect(body).toContain(`${line}\r\n`)
    }
    expect(body.indexOf('REFRESH-INTERVAL')).toBeLessThan(body.indexOf('BEGIN:V', 10))
    const read = parseCalendar(body)
    expect([read.rejected, read.events.length]).toEqual([[], 1])
    expect(read.events[0]?.overrides).toHaveLength(1)
  })

  test('one flag for each open conflict, on the event and not on its overrides', async () => {
    await feeds.put(
      series(),
      event('other', berlin('2026-03-16T09:30:00'), hour),
      event('more', berlin('2026-04-06T09:00:00'), hour),
    )
    const [master, moved] = vevents((await feeds.get()).body).filter(each => each.get('UID') === 'series')
    expect((await feeds.get()).body.match(/X-KALDAV-CONFLICT:.*;other;|X-KALDAV-CONFLICT:.*;more;/g)).toHaveLength(2)
    expect((await feeds.get()).body).toContain('X-KALDAV-CONFLICT:overlap;other;20260316T083000Z/20260316T090000Z\r\n')
    expect([master?.has('X-KALDAV-CONFLICT'), moved?.has('X-KALDAV-CONFLICT')]).toEqual([true, false])
  })

  test('everything there is, or what has an occurrence in the days asked for', async () => {
    await feeds.put(
      event('past', berlin('2020-03-16T09:00:00'), hour),
      event('soon', berlin('2026-03-05T09:00:00'), hour),
    )
    const uids = async (query: string) => vevents((await feeds.get(query)).body).map(each => each.get('UID'))
    expect(await uids('')).toEqual(['past', 'soon'])
    expect(await uids('?days=7')).toEqual(['soon'])
    expect(await uids('?days=1')).toEqual([])
  })

  test('times as they were written: dates stay dates, floating times float', async () => {
    await feeds.put(
      event('day', { date: '2026-03-28' }, null),
      event('floating', { dateTime: '2026-03-27T09:00:00', tzid: null }, hour),
    )
    const { body } = await feeds.get()
    expect(body).toContain('DTSTART;VALUE=DATE:20260328\r\n')
    expect(body).toContain('DTSTART:20260327T090000\r\n')
  })
})

describe('kaltura', () => {
  const read = async (query = '') => {
    const { body } = await feeds.get(`?profile=kaltura${query}`)
    return { body, events: vevents(body) }
  }

  test('a series and its occurrences in the window, as correct iCalendar', async () => {
    ids.set('series', { id: 500, partnerId: 99, occurrences: { '2026-03-16T09:00:00[Europe/Berlin]': 501 } })
    await feeds.put(series())
    feeds.clock.now += 60
    const { body, events } = await read()
    const [master, ...occurrences] = events
    expect(master && Object.fromEntries(master)).toMatchObject({
      'DTSTART;TZID=Europe/Berlin': '20260316T090000',
      RRULE: 'FREQ=WEEKLY;COUNT=4',
      STATUS: 'CONFIRMED',
      LOCATION: 'Room lh101',
      DTSTAMP: '20260302T062000Z',
      'X-KALTURA-ID': '500',
      'X-KALTURA-PARTNER-ID': '99',
      'X-KALTURA-TYPE': '1',
      'X-KALTURA-STATUS': '2',
      'X-KALTURA-RESOURCE-IDS': '1',
    })
    expect(occurrences.map(each => `${each.get('DTSTART')} ${each.get('SUMMARY')}`)).toEqual([
      '20260316T080000Z series',
      '20260324T140000Z moved',
      '20260330T070000Z series',
    ])
    for (const each of occurrences) {
      expect([each.has('RRULE'), each.get('X-KALTURA-PARENT-ID'), each.get('UID')]).toEqual([false, '500', 'series'])
      expect(each.has('RECURRENCE-ID;TZID=Europe/Berlin')).toBe(true)
    }
    expect(occurrences.map(each => each.get('X-KALTURA-ID'))).toEqual(['501', undefined, undefined])
    expect(body).toContain('X-KALTURA-TOTAL-COUNT:4\r\n')
    const { events: parsed, rejected } = parseCalendar(body)
    expect([parsed.length, rejected]).toEqual([1, []])
  })

  test('a plain reader finds each occurrence once', async () => {
    await feeds.put(series())
    const { occurrences } = await import('../../src/schedule/recurrence.ts')
    const [parsed] = parseCalendar((await read()).body).events
    const stored = await feeds.store.event('series')
    if (!parsed || !stored) throw new Error('not there')
    const all = { from: 0, to: 4e9 }
    const spans = (of: typeof parsed) => occurrences(of, all, { zone: 'UTC' }).map(({ start, end }) => [start, end])
    expect(spans(parsed)).toEqual(spans(stored.event))
  })

  test('ids that Kaltura gives later are in the feed within a minute', async () => {
    ids.delete('series')
    await feeds.put(series())
    expect((await read()).events[0]?.has('X-KALTURA-ID')).toBe(false)
    ids.set('series', { id: 700, partnerId: 99, occurrences: {} })
    feeds.clock.now += 61
    await new Promise(resolve => setTimeout(resolve, 120))
    expect((await read()).events[0]?.get('X-KALTURA-ID')).toBe('700')
  })

  test('singles in UTC, cancelled ones with their status, blackouts with theirs', async () => {
    await feeds.put(
      event('single', berlin('2026-03-05T09:00:00'), hour, { kaltura: { id: 9, partnerId: 3, type: 2 } }),
      event('cancelled', berlin('2026-03-05T11:00:00'), hour, { status: 'CANCELLED' }),
      event('closed', { date: '2026-03-06' }, null, { kaltura: { type: 3 } }),
    )
    const { events, body } = await read()
    const lines = (uid: string) => Object.fromEntries(events.find(each => each.get('UID') === uid) ?? [])
    expect(lines('single')).toMatchObject({ DTSTART: '20260305T080000Z', 'X-KALTURA-ID': '9', 'X-KALTURA-TYPE': '2' })
    expect(lines('cancelled')).toMatchObject({ STATUS: 'CANCELLED', 'X-KALTURA-STATUS': '1' })
    expect(lines('closed')).toMatchObject({
      DTSTART: '20260305T230000Z',
      DTEND: '20260306T230000Z',
      'X-KALTURA-TYPE': '3',
    })
    expect(body).toContain('X-KALTURA-TOTAL-COUNT:3\r\n')
    expect(body).not.toContain('VALUE=DATE')
  })

  test('only what the days asked for touch', async () => {
    await feeds.put(series())
    expect((await read('&days=7')).events).toEqual([])
    expect((await read('&days=60')).events).toHaveLength(5)
  })
})

describe('for other parts', () => {
  test('the whole schedule can be written in every profile', async () => {
    await feeds.put(
      event('here', berlin('2026-03-05T09:00:00'), hour),
      event('there', berlin('2026-03-05T09:00:00'), hour, {}, [], [2]),
    )
    const content = await loadContent(feeds.store, null, windowAt(NOW))
    for (const profile of profiles) {
      const found = vevents(renderFeed(profile, content, 'owner'))
      expect(found.map(each => each.get('SUMMARY'))).toEqual(['here', 'there'])
    }
    expect(vevents(renderFeed('device', content, 'owner'))[1]?.get('LOCATION')).toBe('Room - the "second"')
    expect(renderFeed('standard', { ...content, window: null }, 'owner')).toContain('X-WR-CALNAME:Schedule')
    expect(() => renderFeed('device', { ...content, window: null }, 'owner')).toThrow(TypeError)
  })

  test('profiles are known by name', () => {
    expect(profiles).toEqual(['standard', 'device', 'kaltura'])
    expect(['standard', 'toString', ''].map(isProfile)).toEqual([true, false, false])
  })
})
