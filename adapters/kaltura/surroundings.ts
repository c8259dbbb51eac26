/** What the account knows besides events: the resources' clocks and entries, and where live entries are streamed to. */
import type { Logger } from 'pino'
import type { KalturaResource } from './resources.ts'
import { isFields, text } from './rows.ts'
import { services } from './sdk.ts'
import type { KalturaSession } from './session.ts'
import { BLACKOUT, type Endpoints, LIVE } from './translate.ts'
import type { Context } from './view.ts'

export interface ResourceSettings {
  readonly timeZone?: string | undefined
  readonly templateEntryId?: string | undefined
}

export interface SurroundingsOptions {
  /** IANA; for resources that have none of their own. */
  readonly zone: string
  /** By systemName. */
  readonly resources: Readonly<Record<string, ResourceSettings>>
  readonly log: Logger
}

/** How long endpoints are believed, ms. */
const BELIEVED = 600_000

const endpointFields = {
  primaryRtmpEndpoint: 'primaryBroadcastingUrl',
  secondaryRtmpEndpoint: 'secondaryBroadcastingUrl',
  primaryRtspEndpoint: 'primaryRtspBroadcastingUrl',
  secondaryRtspEndpoint: 'secondaryRtspBroadcastingUrl',
  liveStreamName: 'streamName',
  liveStreamUsername: 'streamUsername',
  liveStreamPassword: 'streamPassword',
} as const satisfies Record<keyof Endpoints, string>

export class AccountContext implements Context {
  readonly #options: SurroundingsOptions
  readonly #now: () => number
  #resources = new Map<number, KalturaResource>()
  readonly #endpoints = new Map<string, { readonly known: Endpoints | null; readonly until: number }>()

  /** @param now server time, seconds */
  constructor(options: SurroundingsOptions, now: () => number) {
    this.#options = options
    this.#now = now
  }

  now(): number {
    return this.#now()
  }

  /** Whether the resources have been read at all. */
  get isKnown(): boolean {
    return this.#resources.size > 0
  }

  learn(resources: readonly KalturaResource[]): void {
    this.#resources = new Map(resources.map(resource => [resource.id, resource]))
  }

  #settings(id: number): ResourceSettings | undefined {
    const systemName = this.#resources.get(id)?.systemName
    return systemName ? this.#options.resources[systemName] : undefined
  }

  /** The clock of the first resource that has one. */
  zoneOf(resourceIds: readonly number[]): string {
    for (const id of resourceIds) {
      const timeZone = this.#settings(id)?.timeZone
      if (timeZone) return timeZone
    }
    return this.#options.zone
  }

  templateEntryOf(resourceIds: readonly number[], objectType: string): string {
    if (objectType === BLACKOUT) return ''
    for (const id of resourceIds) {
      const configured = this.#settings(id)?.templateEntryId
      const resource = this.#resources.get(id)
      const live = objectType === LIVE && resource?.type === 'live_entry' ? resource.entryId : null
      if (configured || live) return configured ?? live ?? ''
    }
    return ''
  }

  endpointsOf(entryId: string): Endpoints | null {
    return this.#endpoints.get(entryId)?.known ?? null
  }

  /** Reads where these live entries are streamed to; one that cannot be read has no endpoints, and events are not kept waiting. */
  async learnEndpoints(session: KalturaSession, entryIds: Iterable<string>): Promise<void> {
    const now = performance.now()
    const asked = [...new Set(entryIds)].filter(id => id !== '' && (this.#endpoints.get(id)?.until ?? 0) <= now)
    for (let at = 0; at < asked.length; at += 20) {
      const some = asked.slice(at, at + 20)
      const answers = await session.askAll(some.map(id => () => services.liveStream.get(id)))
      for (const [index, id] of some.entries()) {
        const known = readEndpoints(answers[index])
        if (!known) this.#options.log.debug({ entryId: id }, 'a template entry of a live event is no live entry')
        this.#endpoints.set(id, { known, until: now + BELIEVED })
      }
    }
  }
}

function readEndpoints(entry: unknown): Endpoints | null {
  if (entry instanceof Error || !isFields(entry)) return null
  const found: Record<string, string> = {}
  for (const [ours, theirs] of Object.entries(endpointFields)) {
    const value = text(entry[theirs])
    if (value !== '') found[ours] = value
  }
  return Object.keys(found).length > 0 ? found : null
}
