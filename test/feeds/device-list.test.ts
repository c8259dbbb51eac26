/** A device that knows only Kaltura's form, before a gateway whose real account is played by the embedded server. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deviceListRouter } from '../../src/feeds/device-list.ts'
import { parseCalendar } from '../../src/schedule/ical.ts'
import { startAccount, type TestAccount } from '../kaltura-server/account.ts'
import { berlin, event, NOW, openFeeds, override, vevents } from './support.ts'

/** The official client has no types of its own; these are the parts used here. */
interface Client {
  setKs(ks: string): Client
}
type Start = (...values: unknown[]) => { execute(client: Client): Promise<{ ks: string }> }
const kaltura = createRequire(import.meta.url)('kaltura-client') as {
  Configuration: new () => { serviceUrl: string; setLogger(logger: object): void }
  Client: new (configuration: object) => Client
  services: { session: { startWidgetSession: Start }; appToken: { startSession: Start } }
}

let account: TestAccount
let feeds: Awaited<ReturnType<typeof openFeeds>>
let url = ''
let ks = ''
let close = async () => {}
const asked: string[] = []

beforeAll(async () => {
  account = await startAccount({ now: () => NOW })
  feeds = await openFeeds()
  const moved = override(berlin('2026-03-09T10:00:00'), berlin('2026-03-09T14:00:00'), berlin('2026-03-09T15:00:00'))
  await feeds.put(
    event('single', berlin('2026-03-02T12:00:00'), berlin('2026-03-02T13:00:00'), { summary: 'A, b' }),
    event('weekly', berlin('2026-03-02T10:00:00'), berlin('2026-03-02T11:00:00'), { rrules: ['FREQ=WEEKLY;COUNT=4'] }, [
      moved,
    ]),
    event('both', berlin('2026-03-03T08:00:00'), berlin('2026-03-03T09:00:00'), {}, [], [1, 2]),
    event('past', berlin('2026-01-05T08:00:00'), berlin('2026-01-05T09:00:00')),
  )
  const { partnerId } = await account.server.bootstrap()
  const real = createServer(async (request, response) => {
    asked.push(request.url ?? '')
    const body = await Array.fromAsync(request)
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${account.url}${request.url}`, { method: 'POST', headers, body: Buffer.concat(body) })
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
    response.end(await answer.text())
  })
  await new Promise<void>(resolve => real.listen(0, '127.0.0.1', resolve))
  const serviceUrl = `http://127.0.0.1:${(real.address() as AddressInfo).port}`
  const { store, log } = feeds
  const app = express().use(
    '/api_v3',
    deviceListRouter({ store, log, account: { serviceUrl, partnerId }, now: () => NOW }),
  )
  const gateway = createServer(app)
  await new Promise<void>(resolve => gateway.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/api_v3`
  ks = await account.deviceKs()
  close = async () => {
    for (const server of [gateway, real]) {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
})
afterAll(async () => {
  await close()
  await feeds.close()
  await account.close()
})

const list = '/service/schedule_scheduleevent/action/list/format/ical'
const get = async (path: string) => (await fetch(`${url}${path}`)).text()
const uids = (text: string) => vevents(text).map(lines => lines.get('UID'))
const total = (text: string) => Number(/X-KALTURA-TOTAL-COUNT:(\d+)/.exec(text)?.[1])

test('a room, in every form a device may ask in', async () => {
  const filter = { objectType: 'KalturaRecordScheduleEventFilter', resourceIdsLike: 1, orderBy: '+startDate' }
  const form = new URLSearchParams(Object.entries(filter).map(([name, value]) => [`filter[${name}]`, String(value)]))
  const post = (type: string, body: string) =>
    fetch(`${url}${list}`, { method: 'POST', headers: { 'content-type': type }, body }).then(answer => answer.text())
  const first = await get(
    `${list}/ks/${ks}/filter[objectType]/KalturaScheduleEventBaseFilter/filter[resourceIdsLike]/1`,
  )
  const forms = [
    await get(`${list}/ks/${ks}/filter:resourceIdsLike/1/filter:orderBy/%2BstartDate`),
    await get(`/index.php${list}?ks=${ks}&${form}`),
    await get(`?service=schedule_scheduleEvent&action=list&format=ical&ks=${ks}&filter%5BresourceIdsLike%5D=1`),
    await post('application/x-www-form-urlencoded', `ks=${ks}&${form}`),
    await post('application/json', JSON.stringify({ ks, filter })),
  ]
  for (const text of forms) expect(text).toBe(first)
  expect(parseCalendar(first).rejected).toEqual([])
  // The series and its four occurrences, the single one, the one in two rooms.
  expect(total(first)).toBe(7)
  expect(uids(first).toSorted()).toEqual(['both', 'single', ...Array(5).fill('weekly')])
  expect(first).toContain('20260309T130000Z')
})

test('bounds, pages, other rooms', async () => {
  const week = `filter:startDateGreaterThanOrEqual/0/filter:startDateLessThanOrEqual/${86_400 * 7}`
  const now = await get(`${list}/ks/${ks}/filter:resourceIdsLike/1/${week}`)
  expect(uids(now).toSorted()).toEqual(['both', 'single', 'weekly', 'weekly'])
  const pages = await Promise.all(
    [1, 2, 3].map(page => get(`${list}/ks/${ks}/filter:resourceIdsLike/1/pager:pageSize/3/pager:pageIndex/${page}`)),
  )
  expect(pages.map(page => uids(page).length)).toEqual([3, 3, 1])
  expect(pages.map(total)).toEqual([7, 7, 7])
  expect(uids(await get(`${list}/ks/${ks}/filter:resourceIdEqual/2`))).toEqual([])
  expect(uids(await get(`${list}/ks/${ks}/filter:resourceIdsMultiLikeOr/2,9`))).toEqual(['both'])
  expect(total(await get(`${list}/ks/${ks}/filter:resourceIdsLike/9`))).toBe(0)
  const long = 1_767_225_600
  expect(uids(await get(`${list}/ks/${ks}/filter:startDateGreaterThanOrEqual/${long}`))).toContain('past')
  expect(await get(`${list}/ks/${ks}/filter:tagsLike/x`)).toContain('X-KALTURA-CODE:INVALID_PARAMETER')
})

test('only sessions of this account, each asked about once', async () => {
  const stranger = Buffer.from('v2|999|whatever').toString('base64')
  const forged = Buffer.from(`v2|${(await account.server.bootstrap()).partnerId}|whatever`).toString('base64')
  const widget = await account.call('session', 'startWidgetSession', { widgetId: '_101' })
  asked.length = 0
  for (const bad of ['', 'x', stranger, forged, forged, String(widget.ks)]) {
    const text = await get(`${list}/filter:resourceIdsLike/1?ks=${encodeURIComponent(bad)}`)
    expect(text).toMatch(/^BEGIN:VCALENDAR\r\nBEGIN:VERROR\r\nX-KALTURA-CODE:INVALID_KS\r\n/)
    expect(text).not.toContain('VEVENT')
  }
  expect(asked).toHaveLength(2)
  await get(`${list}/ks/${ks}`)
  expect(asked).toHaveLength(2)
})

test('sessions are started by the account; nothing else goes there', async () => {
  const answer = await fetch(`${url}/service/session/action/startWidgetSession/widgetId/_101/format/1`)
  expect(await answer.json()).toMatchObject({ partnerId: 101, ks: expect.any(String) })
  asked.length = 0
  for (const path of [
    '/service/schedule_scheduleevent/action/delete/scheduleEventId/1/format/1',
    '/service/session/action/start/format/1',
    '/service/multirequest/format/1',
    `/service/schedule_scheduleevent/action/list/format/1/ks/${ks}`,
  ])
    expect(JSON.parse(await get(path))).toMatchObject({ code: 'SERVICE_FORBIDDEN', objectType: 'KalturaAPIException' })
  expect(asked).toEqual([])
  const long = await fetch(`${url}${list}`, { method: 'POST', body: 'x'.repeat(70_000) })
  expect(long.status).toBe(413)
  expect((await fetch(`${url}${list}`, { method: 'DELETE' })).status).toBe(405)
})

test('sessions of the official client, asked for at the gateway as at Kaltura itself', async () => {
  const { partnerId, deviceAppToken } = await account.server.bootstrap()
  const configuration = new kaltura.Configuration()
  configuration.serviceUrl = url.replace(/\/api_v3$/, '')
  configuration.setLogger({ log: () => {}, debug: () => {}, error: () => {} })
  const client = new kaltura.Client(configuration)
  const { session, appToken } = kaltura.services
  const widget = await session.startWidgetSession(`_${partnerId}`, 86_400).execute(client)
  client.setKs(widget.ks)
  const tokenHash = createHash('sha256').update(`${widget.ks}${deviceAppToken.token}`).digest('hex')
  const info = await appToken.startSession(deviceAppToken.id, tokenHash).execute(client)
  expect(await get(`${list}/ks/${info.ks}/filter:resourceIdsLike/1`)).toBe(
    await get(`${list}/ks/${ks}/filter:resourceIdsLike/1`),
  )
})

test.each([
  ['brackets', (path: string) => path],
  ['colons', (path: string) => path.replace(/\[(\w+)\]/g, ':$1')],
])('the three addresses of the documentation, with %s', async (name, spelled) => {
  const daily = { rrules: ['FREQ=DAILY;COUNT=600'] }
  await feeds.put(event(name, berlin('2026-03-02T18:00:00'), berlin('2026-03-02T19:00:00'), daily, [], [2]))
  const ask = (path: string) => get(spelled(`${list}/ks/${ks}${path}`))
  const ofRoom = await ask('/filter[objectType]/KalturaScheduleEventFilter/filter[resourceIdsLike]/1')
  expect(uids(ofRoom).toSorted()).toEqual(['both', 'single', ...Array(5).fill('weekly')])
  const next = await ask('/filter[startDateGreaterThanOrEqual]/0/filter[orderBy]/%2BstartDate/pager[pageSize]/30')
  const days = [...next.slice(next.indexOf('BEGIN:VEVENT')).matchAll(/^DTSTART[^:]*:(\d{8})/gm)].map(
    ([, day = '']) => day,
  )
  expect(days).toHaveLength(30)
  expect(days).toEqual(days.toSorted())
  const long = 1_772_000_000
  const years = `/filter[startDateGreaterThanOrEqual]/${long}/filter[startDateLessThanOrEqual]/${long + 3 * 31_536_000}`
  const pages = [1, 2, 3, 4].map(index => ask(`${years}/pager[pageSize]/500/pager[pageIndex]/${index}`))
  const counts = (await Promise.all(pages)).map(page => uids(page).length)
  expect(counts.slice(0, 2)).toEqual([500, Math.min(500, total((await pages[0]) ?? '') - 500)])
  expect(counts.reduce((sum, count) => sum + count)).toBe(total((await pages[0]) ?? ''))
})

test('an account that does not answer makes no empty calendar', async () => {
  const { store, log } = feeds
  const app = express().use(
    deviceListRouter({ store, log, account: { serviceUrl: 'http://127.0.0.1:1', partnerId: 101 }, now: () => NOW }),
  )
  const server = createServer(app)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${list}/ks/${ks}`)
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  server.closeAllConnections()
  server.close()
})
