import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSqlite } from '../../adapters/sqlite.ts'
import { Auth } from '../../src/auth.ts'
import { loadConfig } from '../../src/config.ts'
import { accessLog } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { parseCalendar } from '../../src/schedule/ical.ts'
import type { Database } from '../../src/store/database.ts'
import { Store } from '../../src/store/store.ts'
import { Engine } from '../../src/sync/engine.ts'
import { Sync } from '../../src/sync/sync.ts'
import { Worker } from '../../src/sync/worker.ts'
import { healthRouter } from '../../src/web/health.ts'
import { webRouter } from '../../src/web/index.ts'

const log = pino({ level: 'silent' })
const now = () => Math.floor(Date.now() / 1000)
const logged: Record<string, unknown>[] = []
const requestLog = pino({ level: 'debug' }, { write: (line: string) => void logged.push(JSON.parse(line)) })
const health = { ready: true }
let database: Database
let server: Server
let origin: string

const basic = (name: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
})
const ada = basic('ada', 'right')
const get = (path: string, headers: Record<string, string> = ada) => fetch(`${origin}${path}`, { headers })
const json = async (path: string) => (await (await get(path)).json()) as Record<string, unknown>[]

const inDays = (days: number, time: string) => {
  const day = Temporal.Now.zonedDateTimeISO('Europe/Berlin').add({ days }).toPlainDate()
  return `${day.toString().replaceAll('-', '')}T${time}`
}

beforeAll(async () => {
  database = await openSqlite(':memory:')
  const store = await Store.open(database, { zone: 'Europe/Berlin' })
  const auth = await Auth.open(database, { users: [] }, log)
  await auth.addUser({ name: 'ada', role: 'viewer' }, 'right')
  const engine = new Engine({ store, log, zone: 'Europe/Berlin', now })
  const remote = {
    source: 'google',
    type: 'google',
    calendar: 'c_1',
    resource: 'gone',
    error: 'no such <room>',
    remedy: 'Make it.',
  }
  const configured = async () => ({ bindings: [], broken: [remote] })
  const worker = new Worker({ store, engine, configured, log, now })
  const sync = new Sync({ store, engine, worker, configured })
  const room = {
    type: 'location',
    description: null,
    tags: [],
    parentId: null,
    entryId: null,
    timeZone: 'Europe/Berlin',
  } as const
  const at = (day: number, from: string, to: string) =>
    `DTSTART;TZID=Europe/Berlin:${inDays(day, from)}\r\nDTEND;TZID=Europe/Berlin:${inDays(day, to)}`
  const { events } = parseCalendar(
    [
      'BEGIN:VCALENDAR',
      ...[
        'BEGIN:VEVENT',
        'UID:a',
        at(1, '100000', '113000'),
        'RRULE:FREQ=DAILY;COUNT=3',
        'SUMMARY:Algebra & <b>Logic</b>',
        'END:VEVENT',
      ],
      ...[
        'BEGIN:VEVENT',
        'UID:a',
        `RECURRENCE-ID;TZID=Europe/Berlin:${inDays(2, '100000')}`,
        at(2, '140000', '150000'),
        'SUMMARY:Algebra (moved)',
        'END:VEVENT',
      ],
      ...['BEGIN:VEVENT', 'UID:b', at(1, '110000', '120000'), 'SUMMARY:Booked over it', 'END:VEVENT'],
      ...[
        'BEGIN:VEVENT',
        'UID:c',
        at(20, '080000', '090000'),
        'RRULE:FREQ=DAILY;COUNT=3',
        'SUMMARY:Base',
        'END:VEVENT',
      ],
      ...[
        ...['BEGIN:VEVENT', 'UID:c', `RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:${inDays(21, '080000')}`],
        ...[at(21, '090000', '100000'), 'SUMMARY:Later', 'END:VEVENT'],
      ],
      ...['BEGIN:VEVENT', 'UID:d', at(25, '080000', '090000'), 'CLASS:PRIVATE', 'SUMMARY:Hiring', 'END:VEVENT'],
      'END:VCALENDAR',
    ].join('\r\n'),
  )
  await store.write({ source: 'import', user: null, run: null }, async tx => {
    await tx.putResource({ ...room, id: 1, systemName: 'lh 101', name: 'Lecture Hall "101"', status: 2 })
    await tx.putResource({ ...room, id: 2, systemName: 'old', name: 'Torn down', status: 3 })
    for (const event of events) await tx.put({ ...event, resourceIds: [1] })
  })
  const app = express()
  const metrics = createMetrics()
  app.use(accessLog(requestLog), metrics.middleware, healthRouter({ store, sync, health, metrics }))
  app.use(webRouter({ store, auth, sync, config: loadConfig({ KALDAV_EXAMPLE: '0' }, '/nowhere'), log }))
  server = createServer(app).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await database.close()
})

test('asks who is there, and says when there were too many wrong passwords', async () => {
  const refused = await get('/', {})
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toBe('Basic realm="kaldav", charset="UTF-8"')
  expect((await get('/api/resources', {})).status).toBe(401)
  expect((await get('/', basic('ada', 'wrong'))).status).toBe(401)
  expect((await get('/', { Authorization: 'Bearer x' })).status).toBe(401)
  const burst = await Promise.all(Array.from({ length: 12 }, (_, i) => get('/', basic('mallory', `guess ${i}`))))
  const limited = burst.filter(({ status }) => status === 429)
  expect(limited.length).toBeGreaterThan(0)
  expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('the page shows rooms, conflicts and sources, escaped, and loads nothing from elsewhere', async () => {
  const response = await get('/')
  const text = await response.text()
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(response.headers.get('content-security-policy')).not.toContain('unsafe')
  expect(response.headers.get('strict-transport-security')).toBeNull()
  expect(text).toContain('Lecture Hall &quot;101&quot;')
  expect(text).toContain('Algebra &amp; &lt;b&gt;Logic&lt;/b&gt;')
  expect(text).toContain(`${origin}/dav/calendars/lh%20101/`)
  expect(text).toContain('Open conflicts: 1')
  expect(text).toContain('Booked over it')
  expect(text).toContain('no such &lt;room&gt;')
  expect(text).not.toContain('Torn down')
  expect(text).not.toMatch(/<script|style="|javascript:/)
  expect((await get('/style.css', {})).headers.get('content-type')).toContain('text/css')
})

test('the page can be read without seeing it', async () => {
  const text = await (await get('/')).text()
  expect(text).toMatch(/<html lang="en">/)
  expect(text.match(/<h1>/g)).toHaveLength(1)
  expect(text.match(/<table>/g)?.length).toBe(text.match(/<caption/g)?.length)
  expect(text.match(/<th /g)?.length).toBe(text.match(/<th scope="(col|row)"/g)?.length)
  for (const [, id] of text.matchAll(/(?:href="#|labelledby=")([^"]+)"/g)) expect(text).toContain(`id="${id}"`)
})

test('the API answers resources, conflicts, sources and occurrences', async () => {
  expect(await json('/api/resources')).toEqual([
    expect.objectContaining({ systemName: 'lh 101', calendar: '/dav/calendars/lh%20101/', active: true }),
  ])
  expect(await json('/api/conflicts?resource=lh%20101')).toEqual([
    expect.objectContaining({
      kind: 'overlap',
      resource: 'lh 101',
      uids: ['a', 'b'],
      events: [
        { uid: 'a', summary: 'Algebra & <b>Logic</b>', source: expect.any(String) },
        { uid: 'b', summary: 'Booked over it', source: expect.any(String) },
      ],
      remedy: expect.stringContaining('another room'),
      start: expect.stringMatching(/T\d\d:00:00Z$/),
    }),
  ])
  expect(await json('/api/sources')).toEqual([expect.objectContaining({ source: 'google', error: 'no such <room>' })])
  const events = await json('/api/events')
  expect(events.map(({ uid, summary }) => [uid, summary])).toEqual([
    ['a', 'Algebra & <b>Logic</b>'],
    ['b', 'Booked over it'],
    ['a', 'Algebra (moved)'],
    ['a', 'Algebra & <b>Logic</b>'],
  ])
  expect(await json('/api/events?resource=lh%20101&from=2001-01-01&to=2001-02-01')).toEqual([])
})

test('the API gives occurrences the title of the change that holds for them, and readers none of a private event', async () => {
  const day = (days: number) => inDays(days, '').replace(/^(....)(..)(..).*$/, '$1-$2-$3')
  const events = await json(`/api/events?from=${day(19)}&to=${day(27)}`)
  expect(events.map(({ summary }) => summary)).toEqual(['Base', 'Later', 'Later', 'Busy'])
})

test('the API says what is wrong with a question', async () => {
  const cases = [
    ['/api/events?from=yesterday', 400],
    ['/api/events?from=2026-01-02&to=2026-01-01', 400],
    ['/api/events?from=2026-01-01&to=2030-01-01', 400],
    ['/api/events?resource=nowhere', 404],
    ['/api/conflicts?resource=old', 404],
    ['/api/nothing', 404],
    ['/wp-login.php', 404],
  ] as const
  for (const [path, status] of cases) {
    const response = await get(path)
    expect([path, response.status]).toEqual([path, status])
    expect(await response.json()).toMatchObject({ error: expect.any(String) })
  }
})

interface Described {
  readonly paths: Record<
    string,
    { get: { responses: Record<string, { content: Record<string, { schema: unknown }> }> } }
  >
  readonly components: { schemas: Record<string, { properties: Record<string, { type?: unknown; enum?: unknown[] }> }> }
}

const kindOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

test.each([
  ['/resources', 'Resource'],
  ['/conflicts', 'Conflict'],
  ['/sources', 'Source'],
  ['/events', 'Event'],
])('%s is as its description says', async (path, name) => {
  const { paths, components } = (await (await get('/api/openapi.json', {})).json()) as Described
  expect(JSON.stringify(paths[path]?.get.responses['200'])).toContain(`#/components/schemas/${name}"`)
  const properties = components.schemas[name]?.properties ?? {}
  const items = await json(`/api${path}`)
  expect(items.length).toBeGreaterThan(0)
  for (const item of items) {
    expect(Object.keys(item).sort()).toEqual(Object.keys(properties).sort())
    for (const [key, value] of Object.entries(item)) {
      const { type, enum: values } = properties[key] ?? {}
      if (values) expect(values).toContain(value)
      else expect([type].flat(), `${name}.${key}`).toContain(kindOf(value))
    }
  }
})

test('says that it is alive and ready, and not ready while it stops', async () => {
  expect((await get('/healthz', {})).status).toBe(200)
  expect((await get('/readyz', {})).status).toBe(200)
  health.ready = false
  const stopping = await get('/readyz', {})
  expect([stopping.status, stopping.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await get('/healthz', {})).status).toBe(200)
  health.ready = true
})

test('counts requests by class, conflicts and sources', async () => {
  await get('/api/resources')
  await fetch(`${origin}/x`, { method: 'PROPFIND' })
  const response = await get('/metrics', {})
  const text = await response.text()
  expect(response.headers.get('content-type')).toContain('text/plain')
  expect(text).toMatch(/kaldav_http_request_seconds_count\{route="api",method="GET",status="2xx"\} [1-9]/)
  expect(text).toMatch(/kaldav_http_request_seconds_count\{route="web",method="PROPFIND",status="4xx"\} 1/)
  expect(text).toContain('kaldav_conflicts{kind="overlap"} 1')
  expect(text).toContain('kaldav_sync_failures{source="google",calendar="c_1"} 0')
  expect(text).toContain('nodejs_eventloop_lag_seconds')
})

test('logs each request without what gives access', async () => {
  await get('/feeds/secrettoken/lh101.ics')
  await get('/', basic('ada', 'wrong again'))
  await get('/api/sources')
  const text = JSON.stringify(logged)
  expect(text).not.toMatch(/secrettoken|right|wrong again|Basic /)
  expect(logged).toContainEqual(
    expect.objectContaining({
      method: 'GET',
      path: '/feeds/[redacted]/lh101.ics',
      status: 404,
      ms: expect.any(Number),
    }),
  )
  expect(logged.find(({ path }) => path === '/api/sources')).toMatchObject({ user: 'ada', level: 20 })
})
