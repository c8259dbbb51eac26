import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import type { Router } from 'express'
import type { Database } from '../store/database.ts'
import { openJobs } from './bulk/job.ts'
import { BulkQueue } from './bulk/runner.ts'
import type { Account } from './call.ts'
import { Reservations } from './events/reservations.ts'
import { Faults } from './faults.ts'
import type { IcalOutput } from './ical/write-ical.ts'
import { kalturaRouter } from './router.ts'
import { type AppToken, findTokenFor, newId, newToken, storeToken, TokenStatus } from './session/app-token.ts'
import { openPartner } from './session/partner.ts'
import { migrate } from './storage/migrations.ts'

export interface KalturaServerOptions {
  readonly database: Database
  /** The account's number; 101 unless said. */
  readonly partnerId?: number
  /** Epoch seconds. */
  readonly now?: () => number
  /** The server's own time zone, for recurrences that name none; UTC unless said. */
  readonly timeZone?: string
  /** Lets faults be switched on by an administrator. */
  readonly test?: boolean
  /** `standard`: correct iCalendar; `verbatim`: byte for byte as Kaltura writes it. */
  readonly icalOutput?: IcalOutput
  /** Where uploads are put. */
  readonly uploadDir?: string
  /** Seconds the last chunk of an upload waits for those before it; 45 unless said. */
  readonly finalChunkWait?: number
  /** Called after each committed write. */
  readonly onChange?: () => void
  /** Takes note of a defect of the server. */
  readonly report?: (error: unknown) => void
}

export interface Credentials {
  readonly partnerId: number
  readonly adminSecret: string
  /** Starts sessions of an administrator (hash type SHA256). */
  readonly appToken: { readonly id: string; readonly token: string }
  /** Starts sessions of CAPTURE_DEVICE_ROLE (hash type SHA256). */
  readonly deviceAppToken: { readonly id: string; readonly token: string }
}

export interface KalturaServer {
  /** To be mounted at /api_v3. */
  readonly router: Router
  /** The account's credentials, made once and the same ever after. */
  bootstrap(): Promise<Credentials>
  /** What is to go wrong; null outside test mode. */
  readonly faults: Faults | null
  close(): Promise<void>
}

const DEFAULT_PARTNER = 101
const DAY = 86_400
const FINAL_CHUNK_WAIT = 45
const DEVICE_PRIVILEGES = 'disableentitlement,setrole:CAPTURE_DEVICE_ROLE'

async function tokenFor(account: Account, purpose: string, own: AppToken['own']): Promise<AppToken> {
  return account.database.transaction(async database => {
    const known = await findTokenFor(database, account.partner.id, purpose)
    if (known) return known
    const now = account.now()
    const token: AppToken = {
      id: newId(),
      partnerId: account.partner.id,
      token: newToken(),
      status: TokenStatus.active,
      createdAt: now,
      updatedAt: now,
      own: { sessionDuration: DAY, hashType: 'SHA256', ...own },
    }
    return storeToken(database, token, purpose)
  })
}

async function bootstrap(account: Account): Promise<Credentials> {
  const admin = await tokenFor(account, 'admin', { sessionType: 2, description: 'administrator' })
  const device = await tokenFor(account, 'device', {
    sessionType: 0,
    sessionPrivileges: DEVICE_PRIVILEGES,
    description: 'capture devices',
  })
  const pair = ({ id, token }: AppToken) => ({ id, token })
  return {
    partnerId: account.partner.id,
    adminSecret: account.partner.adminSecret,
    appToken: pair(admin),
    deviceAppToken: pair(device),
  }
}

/** A Kaltura account of one partner, kept in `database`, that answers as Kaltura's scheduling API does. */
export async function openKalturaServer(options: KalturaServerOptions): Promise<KalturaServer> {
  const { database } = options
  const now = options.now ?? (() => Math.floor(Date.now() / 1000))
  await migrate(database)
  const partner = await openPartner(database, options.partnerId ?? DEFAULT_PARTNER, now())
  const account: Account = {
    database,
    partner,
    now,
    timeZone: options.timeZone ?? 'UTC',
    uploadDir: options.uploadDir ?? `${tmpdir()}/kaldav-${randomUUID()}`,
    finalChunkWait: options.finalChunkWait ?? FINAL_CHUNK_WAIT,
    reservations: new Reservations(),
    faults: options.test ? new Faults() : null,
    bulk: new BulkQueue(),
    report: options.report ?? (() => {}),
    changed: options.onChange ?? (() => {}),
  }
  for (const id of await openJobs(database, partner.id)) account.bulk.enqueue(account, id)
  const router = kalturaRouter({
    account,
    icalOutput: options.icalOutput ?? 'standard',
  })
  return { router, faults: account.faults, bootstrap: () => bootstrap(account), close: () => account.bulk.close() }
}
