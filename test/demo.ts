/**
 * `npm run demo`: the gateway with the example campus beside a stand-in of Google Calendar, so that a two-way
 * synchronisation can be watched without any account. Nothing outlives it.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setInterval } from 'node:timers/promises'
import { loadConfig } from '../src/config.ts'
import { createLog } from '../src/log.ts'
import { startGateway } from '../src/main.ts'
import { createMetrics } from '../src/metrics.ts'
import { FakeGoogle } from './fakes/google/server.ts'

const room = 'c_lh101@resource.calendar.google.com'
const folder = mkdtempSync(join(tmpdir(), 'kaldav-demo-'))

const google = new FakeGoogle()
await google.start()
google.calendar(room)

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const keyFile = join(folder, 'service-account.json')
writeFileSync(keyFile, JSON.stringify({ client_email: 'demo@example.com', private_key: privateKey }))
const file = join(folder, 'kaldav.yaml')
writeFileSync(
  file,
  `timeZone: Europe/Berlin
sources:
  - id: google
    type: google
    keyFile: ${keyFile}
    apiUrl: ${google.url}
    tokenUrl: ${google.url}/token
    pollSeconds: 5
    calendars: [ { calendarId: ${room}, resource: lh101 } ]
`,
)

const env = { ...process.env, KALDAV_CONFIG: file, KALDAV_DATA_DIR: join(folder, 'data'), KALDAV_EXAMPLE: '1' }
const config = loadConfig({ ...env, KALDAV_ADMIN_PASSWORD: process.env.KALDAV_ADMIN_PASSWORD ?? 'demo' }, folder)
const running = await startGateway(config, createLog(config.logLevel), createMetrics())
process.once(
  'SIGINT',
  () =>
    void running
      .close()
      .then(() => google.stop())
      .then(() => process.exit(0)),
)

process.stdout.write(`
The demo is running.

  CalDAV       ${running.url}/dav/calendars/lh101/   (admin / ${process.env.KALDAV_ADMIN_PASSWORD ?? 'demo'})
  Web page     ${running.url}/

Change something in lh101 with a calendar client, or wait: Ann books the room in "Google" every half minute.
What Google's side holds is printed when it changes.
`)

let known = ''
let bookings = 0
for await (const _ of setInterval(2000)) {
  if (bookings * 15 < process.uptime() / 2) book(++bookings)
  const lines = google
    .calendar(room)
    .living()
    .map(item => `  ${(item.start?.dateTime ?? item.start?.date ?? '').padEnd(26)} ${item.summary ?? ''}`)
    .sort()
    .slice(0, 12)
    .join('\n')
  if (lines !== known) process.stdout.write(`\nGoogle's calendar of lh101 (the first twelve):\n${lines}\n`)
  known = lines
}

function book(number: number): void {
  const day = Temporal.Now.plainDateISO().add({ days: number })
  const at = (hour: number) => ({
    dateTime: day
      .toZonedDateTime({ timeZone: 'Europe/Berlin', plainTime: { hour } })
      .toString({ timeZoneName: 'never' }),
    timeZone: 'Europe/Berlin',
  })
  google.calendar(room).put({
    ...{ id: `ann${String(number).padStart(5, '0')}`, iCalUID: `ann-${number}@example.com`, status: 'confirmed' },
    ...{ kind: 'calendar#event', eventType: 'default', summary: `Ann's meeting ${number}` },
    organizer: { email: room, self: true },
    start: at(19),
    end: at(20),
  })
}
