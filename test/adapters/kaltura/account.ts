/** An embedded account on a port of its own, with the adapter on it and everything a test does behind its back. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import pino from 'pino'
import { type KalturaAccount, type KalturaOptions, openKaltura } from '../../../adapters/kaltura/index.ts'
import { openSqlite } from '../../../adapters/sqlite.ts'
import { type Credentials, openKalturaServer } from '../../../src/kaltura-server/index.ts'

export type Json = { readonly [key: string]: unknown }

export interface TestAccount {
  readonly url: string
  readonly credentials: Credentials
  /** `service/action` of every request, of a multirequest only that. */
  readonly requests: string[]
  /** The adapter, opened anew: nothing of what another has learned is known to it. */
  open(options?: Partial<KalturaOptions>): KalturaAccount
  /** An action by an administrator, as the official client sends it. */
  ask(service: string, action: string, parameters?: Json): Promise<Json>
  fault(fault: Json): Promise<void>
  clearFaults(): Promise<void>
  /** The adapter's request after `skip` more meets it: it is refused, lost before or after it is carried out, or … */
  breakOnce(fault: Break | null, skip: number): void
  /** The next request is answered so by what stands before Kaltura. */
  answerOnce(status: number, headers?: Record<string, string>, body?: string): void
  /** Rows of events as the account lists them. */
  rows(filter?: Json): Promise<Json[]>
  /** Every row of events and links, with what any write changes. */
  snapshot(): Promise<unknown>
  room(name: string, more?: Json): Promise<number>
  /** Makes so many single events, each on one of the rooms. */
  fill(count: number, rooms: readonly number[]): Promise<void>
  /** Deletes every event. */
  empty(): Promise<void>
  close(): Promise<void>
}

/**
 * `refused`: HTTP 503 and nothing done. `lost`: the connection ends before anything is done. `dropped`: it ends when all
 * is done. `failed`: all is done and the answer is HTTP 502. `expired`: the session is no longer taken.
 */
export const breaks = ['refused', 'lost', 'dropped', 'failed', 'expired'] as const
export type Break = (typeof breaks)[number]

const EXPIRED = {
  code: 'INVALID_KS',
  message: 'Invalid KS "EXPIRED", Error "-1,INVALID_STR"',
  args: { KSID: 'EXPIRED' },
}

export const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' })

export const EVENT = 'schedule_scheduleEvent'
export const RESOURCE = 'schedule_scheduleResource'
export const LINK = 'schedule_scheduleEventResource'

const seconds = () => Math.floor(Date.now() / 1000)

export async function startAccount(now: () => number = seconds): Promise<TestAccount> {
  const database = await openSqlite(':memory:')
  const defects: unknown[] = []
  const server = await openKalturaServer({
    ...{ database, now, test: true, timeZone: 'America/New_York' },
    uploadDir: join(tmpdir(), 'kaldav-none'),
    report: error => defects.push(error),
  })
  const credentials = await server.bootstrap()
  const requests: string[] = []
  const canned: { status: number; headers: Record<string, string>; body: string }[] = []
  let broken: { fault: Break; skip: number } | null = null
  const app = express()
  app.use((request, response, next) => {
    response.set('date', new Date(now() * 1000).toUTCString())
    const session = /session/i.test(request.originalUrl)
    if (request.headers['x-test'] !== undefined || session || !broken || broken.skip-- > 0) return next()
    const { fault } = broken
    broken = null
    if (fault === 'refused') return void response.status(503).send('<html>busy</html>')
    if (fault === 'lost') return void request.socket.destroy()
    if (fault === 'expired') return void response.json({ ...EXPIRED, objectType: 'KalturaAPIException' })
    response.send = () => {
      if (fault === 'dropped') request.socket.destroy()
      else response.writeHead(502).end('bad gateway')
      return response
    }
    next()
  })
  app.use((request, response, next) => {
    const [, service = '', action = ''] = /service\/(\w+)(?:\/action\/(\w+))?/.exec(request.originalUrl) ?? []
    if (request.headers['x-test'] === undefined) {
      requests.push(`${service}/${action}`)
      const answer = canned.shift()
      if (answer) {
        response.status(answer.status).set(answer.headers).send(answer.body)
        return
      }
    }
    next()
  })
  app.use('/api_v3', server.router)
  const http = createServer(app)
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const call = async (service: string, action: string, parameters: Json): Promise<Json> => {
    const response = await fetch(`${url}/api_v3/service/${service}/action/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-test': '1' },
      body: JSON.stringify({ format: 1, ...parameters }),
    })
    return (await response.json()) as Json
  }
  const { partnerId, adminSecret } = credentials
  const login = () => call('session', 'start', { secret: adminSecret, partnerId, type: 2, userId: 'admin' })
  let ks = await login()
  const ask = async (service: string, action: string, parameters: Json = {}): Promise<Json> => {
    const answer = await call(service, action, { ks, ...parameters })
    if (answer?.objectType !== 'KalturaAPIException') return answer
    if (answer.code !== 'INVALID_KS') throw new Error(`${answer.code}: ${answer.message}`)
    ks = await login()
    return ask(service, action, parameters)
  }
  const opened: KalturaAccount[] = []
  const account: TestAccount = {
    ...{ url, credentials, requests, ask },
    open(options = {}) {
      const account = openKaltura({
        ...{ serviceUrl: url, partnerId, zone: 'Europe/Berlin', resources: {}, log },
        appToken: { ...credentials.appToken, hashType: 'SHA256' },
        ...options,
      })
      opened.push(account)
      return account
    },
    fault: async fault => void (await ask('kaldav_fault', 'add', { fault: { objectType: 'KaldavFault', ...fault } })),
    clearFaults: async () => void (await ask('kaldav_fault', 'clear')),
    breakOnce(fault, skip) {
      broken = fault && { fault, skip }
    },
    answerOnce(status, headers = {}, body = '') {
      canned.push({ status, headers, body })
    },
    async rows(filter = {}) {
      const found: Json[] = []
      for (let pageIndex = 1; ; pageIndex++) {
        const { objects, totalCount } = await ask(EVENT, 'list', {
          filter: { objectType: 'KalturaScheduleEventFilter', ...filter },
          pager: { pageSize: 500, pageIndex },
        })
        found.push(...(objects as Json[]))
        if (Number(totalCount) <= pageIndex * 500) return found
      }
    },
    async snapshot() {
      const links = await ask(LINK, 'list', { pager: { pageSize: 500 }, filterBlackoutConflicts: false })
      return [await account.rows(), links]
    },
    async room(name, more = {}) {
      const scheduleResource = { objectType: 'KalturaLocationScheduleResource', name, systemName: name, ...more }
      return Number((await ask(RESOURCE, 'add', { scheduleResource })).id)
    },
    async fill(count, rooms) {
      for (let from = 0; from < count; from += 100) {
        const calls: Record<string, Json> = {}
        for (let n = from; n < Math.min(count, from + 100); n++) {
          const startDate = 1_900_000_800 + n * 3600
          const place = (n - from) * 2 + 1
          calls[place] = {
            ...{ service: EVENT, action: 'add' },
            scheduleEvent: {
              ...{ objectType: 'KalturaRecordScheduleEvent', summary: `Event ${n}`, recurrenceType: 0 },
              ...{ startDate, endDate: startDate + 3000, referenceId: `event-${n}` },
            },
          }
          const resourceId = rooms[n % rooms.length]
          const link = { objectType: 'KalturaScheduleEventResource', eventId: `{${place}:result:id}`, resourceId }
          calls[place + 1] = { service: LINK, action: 'add', scheduleEventResource: link }
        }
        await ask('multirequest', 'null', calls)
      }
    },
    async empty() {
      for (const { id } of await account.rows({ recurrenceTypeIn: '0,1' })) {
        await ask(EVENT, 'delete', { scheduleEventId: id })
      }
    },
    async close() {
      for (const account of opened) await account.close()
      http.closeAllConnections()
      await new Promise(resolve => http.close(resolve))
      await server.close()
      await database.close()
      if (defects.length > 0) throw new AggregateError(defects as Error[], 'the embedded account has a defect')
    },
  }
  return account
}
