/** The whole gateway as a process of its own beside Graph, over https with a certificate authority of its own. */
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kaldav, start, whenReady, workplace } from '../cli/support/run.ts'
import { localhost } from '../fakes/microsoft365/certificate.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'

const room = 'lh101@contoso.test'
const graph = new FakeGraph()
const place = workplace({ KALDAV_EXAMPLE: '1', KALDAV_ADMIN_PASSWORD: 'demo' })
const year = new Date().getUTCFullYear() + 1
let child: ChildProcess
let url: string

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

beforeAll(async () => {
  await graph.start()
  graph.mailbox(room)
  graph.asksHooks = true
  const { key, cert, ca } = localhost()
  const port = await freePort()
  const write = (name: string, text: string) => writeFileSync(join(place.folder, name), text)
  write('key.pem', key)
  write('cert.pem', cert)
  write('ca.pem', ca)
  write(
    'kaldav.yaml',
    `timeZone: Europe/Berlin
server: { baseUrl: "https://localhost:${port}", tls: { cert: cert.pem, key: key.pem } }
sources:
  - id: m365
    type: microsoft365
    tenantId: 11111111-2222-3333-4444-555555555555
    clientId: aaaaaaaa-2222-3333-4444-555555555555
    clientSecret: secret
    graphUrl: ${graph.url}
    authorityUrl: ${graph.url}
    pollSeconds: 3600
    calendars: [ { mailbox: ${room}, resource: lh101 } ]
`,
  )
  Object.assign(place.env, { PORT: String(port), NODE_EXTRA_CA_CERTS: join(place.folder, 'ca.pem') })
  child = start(place, ['serve'])
  await whenReady(child)
  url = `https://localhost:${port}`
})
afterAll(async () => {
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  await graph.stop()
  expect(graph.contract.violations).toEqual([])
})

const authorization = `Basic ${Buffer.from('admin:demo').toString('base64')}`
const subjects = () =>
  graph
    .mailbox(room)
    .all()
    .map(({ subject }) => subject)

async function until(done: () => boolean | Promise<boolean>, patience = 20_000): Promise<void> {
  const begun = performance.now()
  while (!(await done())) {
    if (performance.now() - begun > patience) throw new Error(`not within ${patience} ms`)
    await wait(20)
  }
}

const put = (uid: string, hour: number) => {
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', 'BEGIN:VEVENT', `UID:${uid}`]
  lines.push('DTSTAMP:20260101T000000Z', `DTSTART:${year}0705T${hour}0000Z`, `DTEND:${year}0705T${hour}3000Z`)
  lines.push(`SUMMARY:${uid}`, 'END:VEVENT', 'END:VCALENDAR', '')
  const headers = { authorization, 'Content-Type': 'text/calendar' }
  return fetch(`${url}/dav/calendars/lh101/${uid}.ics`, { method: 'PUT', headers, body: lines.join('\r\n') })
}
const book = (subject: string, hour: number) => {
  const time = (minute: string) => ({ dateTime: `${year}-07-06T${hour}:${minute}:00`, timeZone: 'UTC' })
  return graph.mailbox(room).put({ subject, start: time('00'), end: time('30') })
}

it('an event put by a CalDAV client appears in the room mailbox, once', async () => {
  expect((await put('from-caldav', 20)).status).toBe(201)
  await until(() => subjects().includes('from-caldav'))
  await until(() => graph.subscriptions.size > 0)
  expect(subjects().filter(subject => subject === 'from-caldav')).toHaveLength(1)
})

it('S45 both addresses have given their word back, and a booking that Graph notifies of reaches the feed', async () => {
  await until(() => graph.subscriptions.size > 0)
  const [subscription] = graph.subscriptions.values()
  expect(subscription?.notificationUrl).toMatch(new RegExp(`^${url}/webhooks/microsoft365\\?binding=`))
  const made = await kaldav(place, ['token', 'create', '--resource', 'lh101', '--device', '--json'])
  const feed = new URL(JSON.parse(made.stdout).url)
  const read = async () => (await fetch(`${url}${feed.pathname}`)).text()
  book('Booked by Ann', 19)
  expect(await graph.notify(room)).toEqual([202, 202, 202])
  // Without the notification it would be the poll of an hour later.
  await until(async () => (await read()).includes('Booked by Ann'))
})

it('S47 a storm of notifications is answered at once, and is a few looks at the room', async () => {
  graph.calls.length = 0
  const storm = await Promise.all(Array.from({ length: 100 }, () => graph.notify(room)))
  expect(new Set(storm.flat())).toEqual(new Set([202]))
  expect(storm.flat()).toHaveLength(300)
  const rounds = () => graph.calls.filter(({ path }) => path.endsWith('/delta')).length
  await until(() => rounds() > 0)
  // How many depends on how long the machine takes to send it: microsoft365-calls.test.ts has them exactly.
  expect(rounds()).toBeLessThan(30)
})

it('S01 what both sides wrote stays as it is', async () => {
  const before = graph.mailbox(room).revision
  await kaldav(place, ['sync', 'm365'])
  await kaldav(place, ['sync', 'm365'])
  expect(graph.mailbox(room).revision).toBe(before)
  expect(graph.writes().filter(({ path }) => !path.startsWith('/subscriptions'))).toEqual([])
})
