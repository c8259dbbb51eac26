/** Files that Kaltura reads by itself, on a server whose clock is not UTC. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVENT, RESOURCE, startAccount, type TestAccount } from './account.ts'

let account: TestAccount
beforeAll(async () => {
  account = await startAccount()
})
afterAll(() => account.close())

const calendar = (...events: readonly string[][]): string =>
  [
    'BEGIN:VCALENDAR',
    ...events.flatMap(lines => ['BEGIN:VEVENT', ...lines, 'END:VEVENT']),
    ...['END:VCALENDAR', ''],
  ].join('\r\n')

test('a calendar: every item with its result, times as written whatever the clock of the server', async () => {
  const adapter = account.open()
  const content = calendar(
    ['UID:summer', 'SUMMARY:a', 'DTSTART:20270701T080000Z', 'DTEND:20270701T090000Z'],
    ['UID:bad', 'SUMMARY:b', 'DTSTART;VALUE=DATE:20270701', 'DTEND;VALUE=DATE:20270702'],
    ['UID:winter', 'SUMMARY:c', 'DTSTART:20270101T080000Z', 'DTEND:20270101T090000Z'],
  )
  const job = await adapter.bulkUpload({ name: 'term.ics', content, eventsType: 3 })
  expect(job).toMatchObject({ finished: true, reason: null })
  expect(job.items).toMatchObject([
    { item: 1, name: 'summer', refused: false, code: null },
    { item: 2, name: 'bad', refused: true, id: null, code: 'START_TIME_AND_LINKED_TO_NOT_SET' },
    { item: 3, name: 'winter', refused: false },
  ])
  for (const [index, start] of [
    [0, '2027-07-01T08:00:00Z'],
    [2, '2027-01-01T08:00:00Z'],
  ] as const) {
    const event = await account.ask(EVENT, 'get', { scheduleEventId: job.items[index]?.id })
    expect(event).toMatchObject({ objectType: 'KalturaBlackoutScheduleEvent', startDate: Date.parse(start) / 1000 })
  }
  await adapter.close()
})

test('a file with bare line feeds has nothing in it for Kaltura', async () => {
  const adapter = account.open()
  const content = calendar(['UID:x']).replaceAll('\r', '')
  expect(await adapter.bulkUpload({ name: 'x.ics', content, eventsType: 1 })).toMatchObject({ items: [] })
  await adapter.close()
})

test('resources: line by line', async () => {
  const adapter = account.open()
  const content = '*action,name,type,systemName\n1,Hall 1,location,hall1\n3,Gone,location,nowhere\n'
  const { items } = await adapter.bulkUpload({ name: 'rooms.csv', content, eventsType: null })
  expect(items).toMatchObject([
    { item: 1, name: 'hall1', refused: false, reason: null },
    { item: 2, name: 'nowhere', refused: true, reason: 'Unable to find location resource [nowhere]' },
  ])
  const rooms = await account.ask(RESOURCE, 'list', { filter: { systemNameEqual: 'hall1' } })
  expect(rooms).toMatchObject({ objects: [{ id: items[0]?.id, name: 'Hall 1' }] })
  await adapter.close()
})
