import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FeedContent } from '../../src/feeds/feed.ts'
import { writeKalturaBulk } from '../../src/feeds/kaltura-bulk.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import { type Json, startAccount, type TestAccount } from '../kaltura-server/account.ts'
import { berlin, event, NOW, override } from './support.ts'

let account: TestAccount
beforeAll(async () => {
  account = await startAccount()
})
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
})

const zone = 'Europe/Berlin'
const window = { from: NOW - 86_400, to: NOW + 700 * 86_400 }

const contentOf = (...events: readonly ScheduleEvent[]): FeedContent => ({
  ...{ resource: null, zone, window, conflicts: new Map(), blackouts: [], kalturaIds: new Map() },
  names: new Map([[1, 'Hörsaal 1; links']]),
  events: events.map(each => ({
    ...{ uid: each.uid, event: each, body: '', etag: '', source: 'caldav', createdAt: 0, updatedAt: 0 },
    scheduleEtag: '',
  })),
})

/** Sends the file as Kaltura wants it; what became of each VEVENT. */
async function upload(text: string, eventsType = 1): Promise<Json[]> {
  const form = new FormData()
  const bulkUploadData = { objectType: 'KalturaBulkUploadICalJobData', eventsType, fileName: 'a.ics' }
  form.append('json', JSON.stringify({ ks: await account.adminKs(), format: 1, bulkUploadData }))
  form.append('fileData', new Blob([text]), 'a.ics')
  const url = `${account.url}/api_v3/service/schedule_scheduleEvent/action/addFromBulkUpload`
  const { id } = (await (await fetch(url, { method: 'POST', body: form })).json()) as Json
  for (;;) {
    const job = await account.admin('bulkUpload_bulk', 'get', { id })
    if (Number(job.status) > 2) return job.results as Json[]
    await wait(5)
  }
}

/** What the account has now, and nothing of it afterwards. */
async function taken(): Promise<Json[]> {
  const filter = { statusEqual: 2, orderBy: '+startDate' }
  const { objects } = await account.admin('schedule_scheduleEvent', 'list', { filter, pager: { pageSize: 500 } })
  const all = objects as Json[]
  for (const { id, parentId } of all)
    if (!parentId) await account.admin('schedule_scheduleEvent', 'delete', { scheduleEventId: id })
  return all
}

const timesOf = (rows: readonly Json[]) =>
  rows
    .filter(({ recurrenceType }) => recurrenceType !== 1)
    .map(({ startDate, endDate }) => `${startDate} ${endDate}`)
    .sort()

const expected = (...events: readonly ScheduleEvent[]) =>
  events
    .flatMap(each => occurrences(each, window, { zone }))
    .filter(({ component }) => component.status !== 'CANCELLED')
    .map(({ start, end }) => `${start} ${end}`)
    .sort()

test('text comes out as it went in: separators, backslashes, colons, long lines, line breaks as blanks', async () => {
  const long = `äöü, ${'very long; '.repeat(30)}https://example.edu/a:b`
  const single = event('a,b: c', berlin('2026-04-01T10:00:00'), berlin('2026-04-01T11:00:00'), {
    summary: 'Maß, Zahl; C:\\Temp \\n "x"',
    description: `Line one\r\n two: three\n${long}`,
    status: 'CONFIRMED',
    classification: 'PRIVATE',
    kaltura: { type: 1, id: 7, parentId: 6, tags: ['a', 'b c'], categoryIds: [3, 4] },
    extra: [['organizer', { cn: 'Ada' }, 'cal-address', 'mailto:ada@example.edu']],
    components: [['valarm', [['description', {}, 'text', 'Wake up']], []]],
  })
  const { text, events, others } = writeKalturaBulk(contentOf(single), 'record')
  expect({ events, others }).toEqual({ events: 1, others: 0 })
  expect(text).not.toMatch(/[^\r]\n|\r[^\n]|\r\n[ \t]|TZID|VALUE=|VALARM|STATUS|PARENT-ID/)
  expect(await upload(text)).toMatchObject([{ status: '2' }])
  expect(await taken()).toMatchObject([
    {
      summary: 'Maß, Zahl; C:\\Temp \\n "x"',
      description: `Line one  two: three ${long}`,
      location: 'Hörsaal 1; links',
      organizer: 'mailto:ada@example.edu',
      classificationType: 2,
      tags: 'a,b c',
      startDate: Date.parse('2026-04-01T08:00:00Z') / 1000,
      endDate: Date.parse('2026-04-01T09:00:00Z') / 1000,
    },
  ])
})

test('a series stays one where its rule alone gives the same occurrences in UTC, and is split otherwise', async () => {
  const at = [berlin('2026-04-01T10:00:00'), berlin('2026-04-01T11:00:00')] as const
  const whole = event('whole', ...at, { rrules: ['FREQ=WEEKLY;BYDAY=WE,FR;UNTIL=20260701T080000Z'] })
  const overClockChange = event('clock', ...at, { rrules: ['FREQ=WEEKLY;COUNT=40'] })
  const changed = event(
    'changed',
    ...at,
    { rrules: ['FREQ=DAILY;COUNT=6'], exdates: [berlin('2026-04-03T10:00:00')] },
    [
      override(berlin('2026-04-04T10:00:00'), berlin('2026-04-04T14:00:00'), berlin('2026-04-04T15:30:00')),
      override(berlin('2026-04-05T10:00:00'), ...at, { status: 'CANCELLED' }),
    ],
  )
  const days = event('days', { date: '2026-05-01' }, null)
  const all = [whole, overClockChange, changed, days]
  const { text, events } = writeKalturaBulk(contentOf(...all), 'record')
  expect(text.match(/RRULE:.*/g)).toEqual(['RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=WE,FR;COUNT=27;WKST=MO'])
  expect(events).toBe(1 + 40 + 4 + 1)
  expect(new Set(text.match(/^UID:.*/gm)).size).toBe(events)
  expect((await upload(text)).filter(({ errorCode }) => errorCode)).toEqual([])
  expect(timesOf(await taken())).toEqual(expected(...all))
})

test('Kaltura makes of any rule the occurrences that it has', async () => {
  const rules = fc
    .record({
      rule: fc.constantFrom('DAILY', 'WEEKLY', 'WEEKLY;BYDAY=MO,SU', 'WEEKLY;WKST=SU;BYDAY=SU,WE', 'MONTHLY', 'YEARLY'),
      interval: fc.integer({ min: 1, max: 3 }),
      count: fc.integer({ min: 1, max: 12 }),
      hour: fc.integer({ min: 0, max: 22 }),
      day: fc.integer({ min: 3, max: 31 }),
    })
    .map(({ rule, interval, count, hour, day }) => {
      const date = `2026-03-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}`
      const rrules = [`FREQ=${rule};INTERVAL=${interval};COUNT=${count}`]
      return event('any', berlin(`${date}:30:00`), { duration: 'PT45M' }, { rrules })
    })
  await fc.assert(
    fc.asyncProperty(rules, async any => {
      const { text } = writeKalturaBulk(contentOf(any), 'record')
      expect((await upload(text)).filter(({ errorCode }) => errorCode)).toEqual([])
      expect(timesOf(await taken())).toEqual(expected(any))
    }),
    { numRuns: 25 },
  )
  // Each run is a job of the account, and waits for the disk several times.
}, 120_000)

test('a file has events of one type', async () => {
  const at = [berlin('2026-04-01T10:00:00'), berlin('2026-04-01T11:00:00')] as const
  const content = contentOf(event('a', ...at), event('b', ...at, { kaltura: { type: 3 } }))
  expect(writeKalturaBulk(content, 'record')).toMatchObject({ events: 1, others: 1 })
  const { text } = writeKalturaBulk(content, 'blackout')
  await upload(text, 3)
  expect(await taken()).toMatchObject([{ referenceId: 'b', objectType: 'KalturaBlackoutScheduleEvent' }])
})
