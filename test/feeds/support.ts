/** A real store on a file, real tokens, and the feeds behind a real server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import pino from 'pino'
import { openSqlite } from '../../adapters/sqlite.ts'
import { Auth } from '../../src/auth.ts'
import { type FeedsDependencies, feedsRouter } from '../../src/feeds/router.ts'
import type { CalTime, EventEnd, Master, Override, ScheduleEvent } from '../../src/schedule/event.ts'
import { emptyComponent, emptyMaster } from '../../src/schedule/event.ts'
import { type Resource, Store } from '../../src/store/store.ts'

/** The clock of the tests: Monday, 2 March 2026, 07:20 in Berlin. */
export const NOW = Date.parse('2026-03-02T06:20:00Z') / 1000

export const berlin = (dateTime: string): CalTime => ({ dateTime, tzid: 'Europe/Berlin' })

export const event = (
  uid: string,
  start: CalTime,
  end: EventEnd,
  change: Partial<Master> = {},
  overrides: readonly Override[] = [],
  resourceIds: readonly number[] = [1],
): ScheduleEvent => ({
  uid,
  master: { ...emptyMaster(start, end), summary: uid, ...change },
  overrides,
  resourceIds,
})

export const override = (id: CalTime, start: CalTime, end: EventEnd, change: Partial<Override> = {}): Override => ({
  ...emptyComponent(start, end),
  recurrenceId: id,
  thisAndFuture: false,
  ...change,
})

export const room = (id: number, systemName: string, change: Partial<Resource> = {}): Resource => ({
  ...{ id, systemName, name: `Room ${systemName}`, type: 'location', description: null, tags: [], parentId: null },
  ...{ entryId: null, timeZone: 'Europe/Berlin', status: 2 as const },
  ...change,
})

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export const ask = (url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(parts).toString(),
        }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })

export const openFeeds = async (options: Pick<FeedsDependencies, 'kalturaIds' | 'isRead'> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'kaldav-feeds-'))
  const file = join(folder, 'kaldav.db')
  const database = await openSqlite(file)
  const clock = { now: NOW }
  const now = () => clock.now
  const store = await Store.open(database, { zone: 'Europe/Berlin', now })
  const log = pino({ level: 'silent' })
  const auth = await Auth.open(database, { users: [] }, log)
  const actor = { source: 'caldav', user: 'ada', run: null }
  await store.write(actor, async tx => {
    await tx.putResource(room(1, 'lh101'))
    await tx.putResource(room(2, 'lh 102/b', { name: 'Room, the "second"' }))
  })
  const put = (...events: readonly ScheduleEvent[]) =>
    store.write(actor, async tx => {
      for (const each of events) await tx.put(each)
    })
  const remove = (uid: string) => store.write(actor, tx => tx.remove(uid))
  const app = express().disable('x-powered-by').set('etag', false)
  app.use(feedsRouter({ store, auth, log, now, ...options }))
  const server = createServer(app)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const tokens = {
    link: await auth.createFeedToken({ resource: 'lh101', device: false, label: '' }),
    device: await auth.createFeedToken({ resource: 'lh101', device: true, label: '' }),
    all: await auth.createFeedToken({ resource: null, device: false, label: '' }),
  }
  const get = (query = '', headers?: Record<string, string>, method?: string, token = tokens.device.token) =>
    ask(`${url}/feeds/${token}/lh101.ics${query}`, headers, method)
  const close = async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    await database.close().catch(() => {})
    rmSync(folder, { recursive: true })
  }
  return { ...{ folder, file, database, store, auth, log, clock, actor, put, remove, url, tokens, get, close } }
}

/** Unfolded content lines of each VEVENT, as name (with parameters) and value. */
export const vevents = (text: string): Map<string, string>[] =>
  [...text.replaceAll('\r\n ', '').matchAll(/BEGIN:VEVENT\r\n([\s\S]*?)END:VEVENT/g)].map(
    ([, inside = '']) =>
      new Map(
        inside
          .trimEnd()
          .split('\r\n')
          .map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const),
      ),
  )
