import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { openSqlite } from '../../adapters/sqlite.ts'
import { type KalturaServer, type KalturaServerOptions, openKalturaServer } from '../../src/kaltura-server/index.ts'
import type { Database } from '../../src/store/database.ts'

export type Json = { [key: string]: unknown }

/** A running account on a port of its own, with what tests say to it. */
export interface TestAccount {
  readonly url: string
  readonly server: KalturaServer
  readonly database: Database
  /** Errors of the server itself; a test that does not expect one looks here. */
  readonly defects: unknown[]
  /** What time the server believes it is. */
  clock: { now: number }
  /** POST with JSON, as the official client does; the parsed answer. */
  call(service: string, action: string, parameters?: Json): Promise<Json>
  /** The same with a session of an administrator. */
  admin(service: string, action: string, parameters?: Json): Promise<Json>
  /** GET of a path below /api_v3; the text of the answer. */
  get(path: string): Promise<string>
  adminKs(): Promise<string>
  deviceKs(): Promise<string>
  close(): Promise<void>
}

export const NOW = 1_772_438_400 // 2026-03-02T08:00:00Z, a Monday

async function tokenKs(account: TestAccount, token: { id: string; token: string }): Promise<string> {
  const { partnerId } = await account.server.bootstrap()
  const widget = await account.call('session', 'startWidgetSession', { widgetId: `_${partnerId}` })
  const tokenHash = createHash('sha256').update(`${widget.ks}${token.token}`).digest('hex')
  const info = await account.call('appToken', 'startSession', { ks: widget.ks, id: token.id, tokenHash })
  return String(info.ks)
}

export async function startAccount(options: Partial<KalturaServerOptions> = {}): Promise<TestAccount> {
  const folder = await mkdtemp(join(tmpdir(), 'kaltura-server-'))
  const database = options.database ?? (await openSqlite(join(folder, 'account.db')))
  const clock = { now: NOW }
  const defects: unknown[] = []
  const server = await openKalturaServer({
    now: () => clock.now,
    uploadDir: join(folder, 'uploads'),
    report: error => defects.push(error),
    ...options,
    database,
  })
  const app = express()
  app.use('/api_v3', server.router)
  const http = createServer(app)
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  let ks: string | null = null
  const account: TestAccount = {
    url,
    server,
    database,
    clock,
    defects,
    async call(service, action, parameters = {}) {
      const response = await fetch(`${url}/api_v3/service/${service}/action/${action}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ format: 1, ...parameters }),
      })
      return (await response.json()) as Json
    },
    async admin(service, action, parameters = {}) {
      return account.call(service, action, { ks: await account.adminKs(), ...parameters })
    },
    async get(path) {
      return (await fetch(`${url}/api_v3${path}`)).text()
    },
    async adminKs() {
      ks ??= await tokenKs(account, (await server.bootstrap()).appToken)
      return ks
    },
    async deviceKs() {
      return tokenKs(account, (await server.bootstrap()).deviceAppToken)
    },
    async close() {
      http.closeAllConnections()
      await new Promise(resolve => http.close(resolve))
      await server.close()
      if (!options.database) await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return account
}

export const EVENT = 'schedule_scheduleEvent'
export const RESOURCE = 'schedule_scheduleResource'
export const LINK = 'schedule_scheduleEventResource'

const HOUR = 3600
/** A single recording of an hour, to be changed by what a test is about. */
export const recording = (changes: Json = {}): Json => ({
  objectType: 'KalturaRecordScheduleEvent',
  summary: 'Analysis I',
  recurrenceType: 0,
  startDate: NOW + HOUR,
  endDate: NOW + 2 * HOUR,
  ...changes,
})

export const series = (recurrence: Json, changes: Json = {}): Json =>
  recording({
    recurrenceType: 1,
    duration: HOUR,
    recurrence: { objectType: 'KalturaScheduleEventRecurrence', ...recurrence },
    ...changes,
  })
