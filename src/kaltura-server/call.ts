import type { Database } from '../store/database.ts'
import type { BulkQueue } from './bulk/runner.ts'
import type { Reservations } from './events/reservations.ts'
import type { Faults } from './faults.ts'
import type { Partner } from './session/partner.ts'
import type { Session } from './session/session.ts'
import type { Input } from './wire/input.ts'
import type { Result } from './wire/output.ts'
import type { Profile } from './wire/profile.ts'
import type { Parameter } from './wire/read-object.ts'

/** What the whole server knows; one for all calls. */
export interface Account {
  readonly database: Database
  readonly partner: Partner
  /** Epoch seconds. */
  readonly now: () => number
  /** The server's own zone (Kaltura: date_default_timezone), for recurrences that name none. */
  readonly timeZone: string
  readonly uploadDir: string
  /** Seconds the last chunk of an upload waits for those before it. */
  readonly finalChunkWait: number
  readonly reservations: Reservations
  readonly bulk: BulkQueue
  /** What is made to go wrong; null outside test mode. */
  readonly faults: Faults | null
  /** Takes note of a defect: the client only hears INTERNAL_SERVERL_ERROR. */
  readonly report: (error: unknown) => void
  /** To be told of each committed write. */
  readonly changed: () => void
}

/** One action being run. In a transaction of its own when the action writes. */
export interface Call {
  readonly account: Account
  readonly database: Database
  readonly now: number
  readonly session: Session | null
  readonly profile: Profile | null
  /** To be done once what the action wrote is durable. */
  afterCommit(work: () => void): void
}

export interface Action {
  readonly parameters: readonly Parameter[]
  /** Any one of these is enough. */
  readonly permissions: readonly string[]
  readonly writes?: boolean
  run(call: Call, args: Input): Promise<Result>
}

/** Action names in lower case. */
export type Service = Readonly<Record<string, Action>>

/** The user of the session, '' for none. */
export const userOf = (call: Call): string => call.session?.userId ?? ''
