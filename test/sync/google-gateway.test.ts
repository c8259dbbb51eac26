/** The whole gateway beside Google: a CalDAV client's event gets there, a pushed booking reaches a device's feed. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { type Running, startGateway } from '../../src/main.ts'
import { createMetrics } from '../../src/metrics.ts'
import { FakeGoogle } from '../fakes/google/server.ts'

const room = 'c_lh101@resource.calendar.google.com'
const folder = mkdtempSync(join(tmpdir(), 'kaldav-google-gateway-'))
const google = new FakeGoogle()
const year = new Date().getUTCFullYear() + 1
let running: Running

beforeAll(async () => {
  await google.start()
  google.calendar(room)
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  writeFileSync(join(folder, 'key.json'), JSON.stringify({ client_email: 'a@example.com', private_key: privateKey }))
  writeFileSync(
    join(folder, 'kaldav.yaml'),
    `timeZone: Europe/Berlin
server: { baseUrl: https://calendar.example.edu }
sources:
  - id: google
    type: google
    keyFile: key.json
    apiUrl: ${google.url}
    tokenUrl: ${google.url}/token
    pollSeconds: 3600
    calendars: [ { calendarId: ${room}, resource: lh101 } ]
`,
  )
  const env = { KALDAV_CONFIG: join(folder, 'kaldav.yaml'), KALDAV_DATA_DIR: join(folder, 'data'), PORT: '0' }
  const config = loadConfig({ ...env, KALDAV_EXAMPLE: '1', KALDAV_ADMIN_PASSWORD: 'demo' }, folder)
  running = await startGateway(config, createLog('silent'), createMetrics())
  const port = new URL(running.url).port
  google.hookOrigin = `http://127.0.0.1:${port}`
}, 60_000)
afterAll(async () => {
  await running?.close()
  await google.stop()
  rmSync(folder, { recursive: true })
})

const authorization = `Basic ${Buffer.from('admin:demo').toString('base64')}`
const titles = () =>
  google
    .calendar(room)
    .living()
    .map(({ summary }) => summary)

async function until(done: () => boolean | Promise<boolean>, patience: number): Promise<number> {
  const begun = performance.now()
  while (!(await done())) {
    if (performance.now() - begun > patience) throw new Error(`not within ${patience} ms`)
    await wait(20)
  }
  return performance.now() - begun
}

it('an event put by a CalDAV client appears in Google', async () => {
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', 'BEGIN:VEVENT', 'UID:from-caldav']
  lines.push('DTSTAMP:20260101T000000Z', `DTSTART:${year}0705T200000Z`, `DTEND:${year}0705T210000Z`)
  lines.push('SUMMARY:From CalDAV', 'END:VEVENT', 'END:VCALENDAR', '')
  const response = await fetch(`${running.url}/dav/calendars/lh101/from-caldav.ics`, {
    method: 'PUT',
    headers: { authorization, 'Content-Type': 'text/calendar' },
    body: lines.join('\r\n'),
  })
  expect(response.status).toBe(201)
  await until(() => titles().includes('From CalDAV'), 20_000)
}, 30_000)

it('a booking that Google notifies of is soon in the feed of the device', async () => {
  await until(() => google.channels.size > 0, 20_000)
  const scope = { resource: 'lh101', device: true, label: 'recorder' }
  const { token } = await running.gateway.auth.createFeedToken(scope)
  const feed = async () => (await fetch(`${running.url}/feeds/${token}/lh101.ics`)).text()
  google.calendar(room).put({
    ...{ id: 'ann00001', iCalUID: 'ann-1@example.com', status: 'confirmed', kind: 'calendar#event' },
    ...{ eventType: 'default', summary: 'Booked by Ann', organizer: { email: room, self: true } },
    start: { dateTime: `${year}-07-06T19:00:00Z` },
    end: { dateTime: `${year}-07-06T20:00:00Z` },
  })
  await google.notify(room)
  // Without the notification it would be the poll of an hour later.
  await until(async () => (await feed()).includes('Booked by Ann'), 20_000)
  expect(google.contract.violations).toEqual([])
}, 40_000)

const lists = () => google.calls.filter(({ id, calendarId }) => id === 'calendar.events.list' && calendarId === room)

it('S54 S55 a storm of notifications is one or two reads, forged ones are none, and nothing is written', async () => {
  const [channel] = google.channels.values()
  if (!channel) throw new Error('no channel')
  // What the worker still has to do for the tests before.
  for (let known = -1; known !== google.calls.length; await wait(2500)) known = google.calls.length
  google.calls.length = 0
  const forged = [
    { ...channel, token: 'guessed' },
    { ...channel, resourceId: 'other' },
    { ...channel, id: 'other' },
  ]
  for (const each of forged) expect(await google.call(each, 'exists')).toBe(404)
  expect(await google.call(channel, 'sync')).toBe(200)
  await wait(2500)
  expect(lists()).toEqual([])
  const answers = await Promise.all(Array.from({ length: 30 }, () => google.call(channel, 'exists')))
  expect(new Set(answers)).toEqual(new Set([202]))
  await until(() => lists().length > 0, 20_000)
  await wait(2500)
  expect(lists().length).toBeLessThanOrEqual(3)
  expect(google.writes()).toEqual([])
}, 60_000)

it('no write of all this could have reached a mailbox', () => {
  expect(google.mailed).toEqual([])
  expect(google.contract.violations).toEqual([])
})
