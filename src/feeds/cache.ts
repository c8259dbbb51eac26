/**
 * Feeds as last rendered. One stays true for as long as the change log says that nothing in it has changed, so a poll
 * costs a look at two rows, and at none while it was looked at a moment ago.
 */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { CursorExpired } from '../errors.ts'
import { SCHEDULE } from '../schedule/event.ts'
import type { Resource, Store } from '../store/store.ts'
import { type KalturaIdsOf, loadContent, needsWindow, type Profile, type Reader, renderFeed, windowAt } from './feed.ts'

export interface FeedRequest {
  readonly systemName: string
  readonly profile: Profile
  /** How far ahead; `null` as the profile does by itself. */
  readonly days: number | null
  readonly reader: Reader
}

export interface Feed {
  readonly body: Buffer
  /** Quoted: a hash of `body`. */
  readonly etag: string
  /** Epoch seconds at which this content was first seen here. */
  readonly lastModified: number
  /** Both, and how to keep the answer, as header lines. */
  readonly headers: readonly string[]
}

/** A feed with what it depends on. */
interface Entry extends Feed {
  readonly resource: Resource
  readonly resourceToken: number
  /** How far the change log of the whole schedule was read: conflicts and titles of others show there. */
  scheduleToken: number
  readonly uids: ReadonlySet<string>
  /** The hour its window belongs to. */
  readonly hour: number
  readonly madeAt: number
  /** By the clock of the process, ms. */
  checkedAt: number
}

export interface FeedsOptions {
  readonly store: Store
  readonly kalturaIds?: KalturaIdsOf
  /** Epoch seconds. */
  readonly now: () => number
}

/** Octets of rendered feeds that are kept. */
const MAX_SIZE = 32 * 1024 * 1024
/** How long it takes at most until a change made by another process is seen, ms. */
const RECHECK = 100
/** Ids of Kaltura come without a change of the event: how long a feed with them is kept, seconds. */
const IDS_AGE = 60
/** Changes read at once; after more than that a feed is made anew. */
const MANY_CHANGES = 500

const sameResource = (a: Resource, b: Resource): boolean => JSON.stringify(a) === JSON.stringify(b)

export class Feeds {
  readonly #store: Store
  readonly #kalturaIds: KalturaIdsOf | undefined
  readonly #now: () => number
  readonly #entries = new LRUCache<string, Entry>({ maxSize: MAX_SIZE, sizeCalculation: ({ body }) => body.length + 1 })
  readonly #running = new Map<string, { readonly since: number; readonly feed: Promise<Feed | null> }>()
  /** Grows with every write of this process: what was looked at before counts for nothing. */
  #writtenAt = Number.NEGATIVE_INFINITY

  constructor({ store, kalturaIds, now }: FeedsOptions) {
    this.#store = store
    this.#kalturaIds = kalturaIds
    this.#now = now
    store.onWrite(() => {
      this.#writtenAt = performance.now()
    })
  }

  /** @returns `null` where there is no such resource; throws as the store does */
  get(request: FeedRequest): Promise<Feed | null> {
    const key = `${request.profile} ${request.days} ${request.reader} ${request.systemName}`
    const entry = this.#entries.get(key)
    if (entry && this.#justChecked(entry) && this.#hour(request) === entry.hour) return Promise.resolve(entry)
    // Many that ask at once are answered with one reading, unless something was written after it began.
    const running = this.#running.get(key)
    if (running && running.since > this.#writtenAt) return running.feed
    const started = { since: performance.now(), feed: this.#current(key, request, entry) }
    this.#running.set(key, started)
    return started.feed.finally(() => {
      if (this.#running.get(key) === started) this.#running.delete(key)
    })
  }

  #justChecked({ checkedAt }: Entry): boolean {
    return checkedAt > this.#writtenAt && performance.now() - checkedAt < RECHECK
  }

  #hour({ profile, days }: FeedRequest): number {
    return needsWindow(profile) || days !== null ? windowAt(this.#now()).from : 0
  }

  async #current(key: string, request: FeedRequest, entry: Entry | undefined): Promise<Feed | null> {
    const checkedAt = performance.now()
    const resource = await this.#store.resourceBySystemName(request.systemName)
    if (!resource || resource.status === 3) return null
    if (entry && (await this.#stillTrue(entry, request, resource))) {
      entry.checkedAt = checkedAt
      return entry
    }
    const made = await this.#make(request, resource, entry, checkedAt)
    this.#entries.set(key, made)
    return made
  }

  async #stillTrue(entry: Entry, request: FeedRequest, resource: Resource): Promise<boolean> {
    if (entry.hour !== this.#hour(request) || !sameResource(entry.resource, resource)) return false
    if (request.profile === 'kaltura' && this.#kalturaIds && this.#now() - entry.madeAt >= IDS_AGE) return false
    const scheduleToken = await this.#store.token(SCHEDULE)
    if (scheduleToken === entry.scheduleToken) return true
    if ((await this.#store.token(resource.id)) !== entry.resourceToken) return false
    const touched = await this.#touchedSince(entry.scheduleToken)
    if (touched === null || touched.uids.some(uid => entry.uids.has(uid))) return false
    entry.scheduleToken = touched.token
    return true
  }

  /** The events whose rendering has changed since a token; `null` where that is too much to look at. */
  async #touchedSince(since: number): Promise<{ token: number; uids: string[] } | null> {
    try {
      const { token, changed, truncated } = await this.#store.changesSince(SCHEDULE, since, MANY_CHANGES)
      return truncated ? null : { token, uids: changed.map(({ uid }) => uid) }
    } catch (error) {
      if (error instanceof CursorExpired) return null
      throw error
    }
  }

  async #make(request: FeedRequest, resource: Resource, before: Entry | undefined, checkedAt: number): Promise<Entry> {
    const { profile, days, reader } = request
    const now = this.#now()
    const hour = this.#hour(request)
    // Read before the events: what changes in between makes the feed be made once more, not be missed.
    const scheduleToken = await this.#store.token(SCHEDULE)
    const resourceToken = await this.#store.token(resource.id)
    const window = needsWindow(profile) || days !== null ? windowAt(now, days ?? undefined) : null
    const content = await loadContent(
      this.#store,
      resource,
      window,
      profile === 'kaltura' ? this.#kalturaIds : undefined,
    )
    const body = Buffer.from(renderFeed(profile, content, reader))
    const etag = `"${hash('sha256', body, 'base64url').slice(0, 27)}"`
    const same = before?.etag === etag
    // Two contents within a second must not share their time: readers that send only that would miss the later one.
    const lastModified = same ? before.lastModified : Math.max(now, (before?.lastModified ?? 0) + 1)
    const uids = new Set(content.events.map(({ uid }) => uid))
    const date = new Date(lastModified * 1000).toUTCString()
    const headers = ['ETag', etag, 'Last-Modified', date, 'Cache-Control', 'private, no-cache']
    const feed = { body, etag, lastModified, headers }
    return { ...feed, resource, resourceToken, scheduleToken, uids, hour, madeAt: now, checkedAt }
  }
}
