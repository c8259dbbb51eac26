/**
 * `npm run demo`: the gateway with the example campus beside stand-ins of Google Calendar and Microsoft 365, so that
 * two-way synchronisation can be watched without any account. Nothing outlives it.
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
import { FakeGraph } from './fakes/microsoft365/server.ts'

const calendarId = 'c_lh101@resource.calendar.google.com'
const mailbox = 'lab301@example.com'
const folder = mkdtempSync(join(tmpdir(), 'kaldav-demo-'))

const google = new FakeGoogle()
await google.start()
google.calendar(calendarId)
const graph = new FakeGraph()
await graph.start()
graph.mailbox(mailbox)

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
    calendars: [ { calendarId: ${calendarId}, resource: lh101 } ]
  - id: m365
    type: microsoft365
    tenantId: 11111111-2222-3333-4444-555555555555
    clientId: aaaaaaaa-2222-3333-4444-555555555555
    clientSecret: demo
    graphUrl: ${graph.url}
    authorityUrl: ${graph.url}
    pollSeconds: 5
    calendars: [ { mailbox: ${mailbox}, resource: lab301 } ]
`,
)

const env = { ...process.env, KALDAV_CONFIG: file, KALDAV_DATA_DIR: join(folder, 'data'), KALDAV_EXAMPLE: '1' }
const config = loadConfig({ ...env, KALDAV_ADMIN_PASSWORD: process.env.KALDAV_ADMIN_PASSWORD ?? 'demo' }, folder)
const running = await startGateway(config, createLog(config.logLevel), createMetrics())
const end = async () => {
  await running.close()
  await Promise.all([google.stop(), graph.stop()])
  process.exit(0)
}
process.once('SIGINT', () => void end())

process.stdout.write(`
The demo is running.

  Google        ${running.url}/dav/calendars/lh101/    (admin / ${process.env.KALDAV_ADMIN_PASSWORD ?? 'demo'})
  Microsoft 365 ${running.url}/dav/calendars/lab301/
  Web page      ${running.url}/

Change something in lh101 or lab301 with a calendar client, or wait: Ann books both rooms on the other side every half minute.
What the other side holds is printed when it changes.
`)

/** The first twelve events of each side, in lines. */
const sides: Readonly<Record<string, () => string[]>> = {
  "Google's calendar of lh101": () =>
    google
      .calendar(calendarId)
      .living()
      .map(item => `${(item.start?.dateTime ?? item.start?.date ?? '').padEnd(26)} ${item.summary ?? ''}`),
  "Outlook's calendar of lab301 (UTC)": () =>
    graph
      .mailbox(mailbox)
      .all()
      .map(item => `${item.start.dateTime.slice(0, 19).padEnd(26)} ${item.subject ?? ''}`),
}

const known = new Map<string, string>()
let bookings = 0
for await (const _ of setInterval(2000)) {
  if (bookings * 15 < process.uptime() / 2) book(++bookings)
  for (const [side, linesOf] of Object.entries(sides)) {
    const lines = linesOf()
      .sort()
      .slice(0, 12)
      .map(line => `  ${line}`)
      .join('\n')
    if (lines !== known.get(side)) process.stdout.write(`\n${side} (the first twelve):\n${lines}\n`)
    known.set(side, lines)
  }
}

function book(number: number): void {
  const day = Temporal.Now.plainDateISO().add({ days: number })
  const at = (hour: number) => ({
    dateTime: day
      .toZonedDateTime({ timeZone: 'Europe/Berlin', plainTime: { hour } })
      .toString({ timeZoneName: 'never' }),
    timeZone: 'Europe/Berlin',
  })
  google.calendar(calendarId).put({
    ...{ id: `ann${String(number).padStart(5, '0')}`, iCalUID: `ann-${number}@example.com`, status: 'confirmed' },
    ...{ kind: 'calendar#event', eventType: 'default', summary: `Ann's meeting ${number}` },
    organizer: { email: calendarId, self: true },
    start: at(19),
    end: at(20),
  })
  const local = (hour: number) => ({ dateTime: `${day}T${hour}:00:00`, timeZone: 'W. Europe Standard Time' })
  graph.mailbox(mailbox).put({ subject: `Ann's meeting ${number}`, start: local(19), end: local(20) })
}
