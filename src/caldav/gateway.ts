import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Auth } from '../auth.ts'
import type { Preferences } from '../dav/prefer.ts'
import type { Store } from '../store/store.ts'
import type { Notifier } from './notifier.ts'
import type { Place } from './places.ts'
import type { Person } from './rights.ts'

/** What the CalDAV side is made of; the same for every request. */
export interface Gateway {
  readonly store: Store
  readonly auth: Pick<Auth, 'verify'>
  readonly config: {
    /** Origin clients see, where an href must be absolute; `null`: whatever they asked for. */
    readonly baseUrl: string | null
    /** Whether `X-Forwarded-For` comes from a proxy of ours. */
    readonly trustProxy: boolean
  }
  readonly log: Logger
  /** Whether rooms that are invited answer by themselves (RFC 6638); off unless told. */
  readonly scheduling?: 'rooms' | 'off'
  /** Tells subscribers of changes (WebDAV-Push); off where there are no keys. */
  readonly push?: { readonly publicKey: string; readonly notifier: Pick<Notifier, 'silence'> } | null
}

/** One request by one person to one place. */
export interface Exchange {
  readonly gateway: Gateway
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly person: Person
  readonly place: Place
  readonly prefer: Preferences
}

/** Who asks what, as far as seeing goes. */
export type Asking = Pick<Exchange, 'gateway' | 'person'>

/** A method: answers, or throws what `errors.ts` knows how to answer. */
export type Method = (exchange: Exchange) => Promise<void>
