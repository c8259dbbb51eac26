/**
 * The reference source: a calendar in memory that obeys every law of the contract and loses nothing. What a new adapter
 * should look like from outside, and the other side of the tests of synchronisation.
 */
import { randomUUID } from 'node:crypto'
import { CursorExpired, Unavailable, VersionMismatch } from '../src/errors.ts'
import type { ScheduleEvent } from '../src/schedule/event.ts'
import type { Changes, RemoteEvent, RemoteRef, Source } from '../src/sync/source.ts'

interface Item {
  readonly id: string
  readonly event: ScheduleEvent
  readonly version: number
}

export class MemorySource implements Source {
  /** Cursors of another calendar, or of this one before it was emptied, mean nothing here. */
  #epoch = randomUUID()
  #clock = 0
  readonly #items = new Map<string, Item>()
  /** Removed ids and when. */
  readonly #graves = new Map<string, number>()
  #refusal: Unavailable | null = null

  async pull(cursor: string | null): Promise<Changes> {
    this.#answer()
    const since = cursor === null ? 0 : this.#read(cursor)
    const changed = [...this.#items.values()].filter(({ version }) => version > since).map(remoteOf)
    const removed = cursor === null ? [] : [...this.#graves].filter(([, at]) => at > since).map(([id]) => id)
    const now = { changed, removed, cursor: `${this.#epoch}/${this.#clock}` }
    return cursor === null ? { ...now, completeWithin: { from: null, to: null } } : now
  }

  async push(event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
    this.#answer()
    const known = at === null ? this.find(event.uid) : this.#current(at)
    // A create that is repeated finds what the first one made, and what says the same is no change.
    if (known && JSON.stringify(known.event) === JSON.stringify(event)) return remoteOf(known).ref
    return remoteOf(this.#write(known?.id ?? randomUUID(), event)).ref
  }

  async remove(at: RemoteRef): Promise<void> {
    this.#answer()
    if (this.#items.has(at.id)) this.#bury(this.#current(at).id)
  }

  normalize(event: ScheduleEvent): ScheduleEvent {
    return event
  }

  /** Somebody else writes an event here. */
  put(event: ScheduleEvent): RemoteRef {
    return remoteOf(this.#write(this.find(event.uid)?.id ?? randomUUID(), event)).ref
  }

  /** Somebody else deletes an event here. */
  delete(uid: string): void {
    const known = this.find(uid)
    if (known) this.#bury(known.id)
  }

  find(uid: string): Item | null {
    return this.#items.values().find(({ event }) => event.uid === uid) ?? null
  }

  /** Grows with every change. */
  get clock(): number {
    return this.#clock
  }

  get events(): readonly ScheduleEvent[] {
    return [...this.#items.values()].map(({ event }) => event)
  }

  /** The next request is refused, to be tried again after `seconds`. */
  refuseOnce(seconds: number): void {
    this.#refusal = new Unavailable('the calendar in memory was told to refuse', { retryAfter: seconds })
  }

  /** Forgets which changes led here: every cursor given so far expires. */
  forget(): void {
    this.#epoch = randomUUID()
    this.#graves.clear()
  }

  #answer(): void {
    const refusal = this.#refusal
    this.#refusal = null
    if (refusal) throw refusal
  }

  #read(cursor: string): number {
    const [epoch, clock] = cursor.split('/')
    const since = Number(clock)
    if (epoch !== this.#epoch || !Number.isInteger(since)) throw new CursorExpired('the cursor is not one of ours')
    return since
  }

  #current(at: RemoteRef): Item {
    const known = this.#items.get(at.id)
    if (!known || String(known.version) !== at.version) throw new VersionMismatch(`${at.id} has changed`)
    return known
  }

  #write(id: string, event: ScheduleEvent): Item {
    const item = { id, event, version: ++this.#clock }
    this.#items.set(id, item)
    return item
  }

  #bury(id: string): void {
    this.#items.delete(id)
    this.#graves.set(id, ++this.#clock)
  }
}

const remoteOf = ({ id, event, version }: Item): RemoteEvent => ({ ref: { id, version: String(version) }, event })
