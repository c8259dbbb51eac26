import { lookup } from 'node:dns'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import type { Logger } from 'pino'
import { dav, push } from '../dav/names.ts'
import { document, element, textElement } from '../dav/write.ts'
import { SCHEDULE } from '../schedule/event.ts'
import { calendarTokens } from '../store/calendar-reads.ts'
import { dropSubscriptions, type PushSubscription, subscriptionsTo } from '../store/push-subscriptions.ts'
import type { Store } from '../store/store.ts'
import { topicOf } from './push.ts'
import { formatToken } from './tokens.ts'
import { encryptPush, type VapidKeys, vapidHeader } from './web-push.ts'

export interface PushOptions extends VapidKeys {
  /** Whether messages may also go to addresses of our own network and over plain HTTP; only where a test wants it. */
  readonly local?: boolean
}

/** Changes that come close together make one message, ms. */
const GATHER = 500
const TIMEOUT = 10_000
/** How long the push service keeps a message for a device that is off, seconds. */
const KEPT = 86_400

/** Addresses that are nobody's push service: a client could have us knock on our own doors (RFC 1918, 4193, 6890). */
const OWN_NETWORKS = new BlockList()
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  OWN_NETWORKS.addSubnet(net, prefix, 'ipv4')
  // The same inside IPv6 (RFC 4291 §2.5.5.2).
  OWN_NETWORKS.addSubnet(`::ffff:${net}`, 96 + prefix, 'ipv6')
}
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  OWN_NETWORKS.addSubnet(net, prefix, 'ipv6')
}

const isOwnNetwork = (address: string): boolean => OWN_NETWORKS.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Resolves a name, and refuses what lies in our own network: the very address that is then connected to. */
const publicLookup: LookupFunction = (host, options, callback) => {
  lookup(host, { ...options, all: true }, (error, addresses) => {
    const found = addresses?.find(({ address }) => !isOwnNetwork(address))
    if (error || !found) callback(error ?? new Error(`${host} is no public address`), '', 4)
    else if (options.all) callback(null, [found])
    else callback(null, found.address, found.family)
  })
}

/** Tells subscribers which calendars have changed. */
export class Notifier {
  readonly #store: Store
  readonly #options: PushOptions
  readonly #log: Logger
  readonly #silenced = new Set<string>()
  #tokens: ReadonlyMap<number, number> | null = null
  #timer: NodeJS.Timeout | null = null
  #stopped = false

  constructor(store: Store, options: PushOptions, log: Logger) {
    this.#store = store
    this.#options = options
    this.#log = log
  }

  /** From now on; what changed before is not told. */
  async start(): Promise<void> {
    this.#tokens = await calendarTokens(this.#store.database)
    this.#store.onWrite(() => {
      if (this.#stopped) return
      this.#timer ??= setTimeout(() => void this.#round(), GATHER).unref()
    })
  }

  /** What changed at the last moment is told by nobody: clients look for themselves when they come back. */
  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#stopped = true
  }

  /** Leaves these subscriptions out of the next round: the change is their own. */
  silence(ids: readonly string[]): void {
    for (const id of ids) this.#silenced.add(id)
  }

  async #round(): Promise<void> {
    this.#timer = null
    const silenced = new Set(this.#silenced)
    this.#silenced.clear()
    try {
      const before = this.#tokens ?? new Map<number, number>()
      const now = await calendarTokens(this.#store.database)
      this.#tokens = now
      const epoch = await this.#store.epoch()
      for (const [resourceId, token] of now) {
        if (before.get(resourceId) === token) continue
        const subscriptions = await subscriptionsTo(this.#store.database, resourceId, seconds())
        const wanted = subscriptions.filter(({ id }) => !silenced.has(id))
        await Promise.all(wanted.map(subscription => this.#tell(subscription, epoch, token)))
      }
    } catch (error) {
      this.#log.error({ err: error }, 'changes could not be pushed')
    }
  }

  async #tell(subscription: PushSubscription, epoch: string, token: number): Promise<void> {
    const { resourceId, endpoint } = subscription
    const state = textElement(dav('sync-token'), formatToken(epoch, resourceId ?? SCHEDULE, token))
    const topic = topicOf(epoch, resourceId)
    const message = document(
      push('push-message'),
      textElement(push('topic'), topic) + element(push('content-update'), state),
    )
    try {
      const status = await this.#post(endpoint, topic, encryptPush(message, subscription))
      if (status === 404 || status === 410) await dropSubscriptions(this.#store.database, endpoint, seconds())
      else if (status >= 400)
        this.#log.warn({ status, host: new URL(endpoint).host }, 'a push service refused a message')
    } catch (error) {
      this.#log.warn({ err: error, host: new URL(endpoint).host }, 'a push service could not be reached')
    }
  }

  #post(endpoint: string, topic: string, body: Buffer): Promise<number> {
    const url = new URL(endpoint)
    const local = this.#options.local === true
    if (!local && (url.protocol !== 'https:' || isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0)) {
      return Promise.reject(new Error('a push resource is a name reached by https'))
    }
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const outgoing = send(url, {
        method: 'POST',
        timeout: TIMEOUT,
        ...(local ? {} : { lookup: publicLookup }),
        headers: {
          Authorization: vapidHeader(this.#options, url.origin, seconds()),
          'Content-Type': 'application/xml; charset="UTF-8"',
          'Content-Encoding': 'aes128gcm',
          'Content-Length': String(body.length),
          TTL: String(KEPT),
          Topic: topic,
        },
      })
      outgoing.on('response', response => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      outgoing.on('timeout', () => outgoing.destroy(new Error('the push service did not answer in time')))
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
}

const seconds = (): number => Math.floor(Date.now() / 1000)
