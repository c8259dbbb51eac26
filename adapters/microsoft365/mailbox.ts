/** One mailbox's calendar at the wire: what the other modules read and write of it. */

import type { ScheduleEvent } from '../../src/schedule/event.ts'
import { GraphFailure, isGone, meaningOf } from './errors.ts'
import type { Graph, GraphRequest } from './graph.ts'
import { expandMark, markedAs, markOf, propertyId, uidOn } from './identity.ts'
import { onRoomClock } from './room-clock.ts'
import { reachOf, seriesOf } from './series.ts'
import { type GraphEvent, singleOf, Untranslatable } from './translate.ts'
import { day, epochNow, instant, type Window, windowAt } from './window.ts'

/** The longest span of instances Exchange lists at once is 1825 days. */
const longestView = 1800 * day
const seen =
  'id,type,subject,body,location,start,end,isAllDay,isCancelled,isOrganizer,responseStatus,showAs,sensitivity,originalStart,seriesMasterId'

export type Marks = GraphEvent['singleValueExtendedProperties']

/** An event as it lies in a mailbox: its item, the instances of a series, and what they say. */
export interface Held {
  readonly item: GraphEvent
  readonly instances: readonly GraphEvent[]
  readonly event: ScheduleEvent
}

export class Mailbox {
  readonly address: string
  /** IANA. */
  readonly zone: string
  readonly #graph: Graph
  readonly #tenant: string

  constructor(graph: Graph, address: string, zone: string, tenant: string) {
    this.#graph = graph
    this.address = address
    this.zone = zone
    this.#tenant = tenant
  }

  /** Where the mailbox lies, relative to the version. */
  get path(): string {
    return `/users/${encodeURIComponent(this.address)}`
  }

  eventPath(id: string): string {
    return `${this.path}/events/${encodeURIComponent(id)}`
  }

  /** @throws what `meaningOf` makes of a refusal */
  async request<T>(request: GraphRequest): Promise<T> {
    try {
      return await this.#graph.request<T>(this.address, request)
    } catch (error) {
      throw meaningOf(error, this.address, request.method !== 'GET')
    }
  }

  /** The same, with the refusal as it came: `GraphFailure`. */
  raw<T>(request: GraphRequest): Promise<T> {
    return this.#graph.request<T>(this.address, request)
  }

  async list<T>(path: string): Promise<T[]> {
    try {
      return await this.#graph.list<T>(this.address, path)
    } catch (error) {
      throw meaningOf(error, this.address, false)
    }
  }

  /** One item with our mark; `null` where there is none. */
  async item(id: string): Promise<GraphEvent | null> {
    try {
      return await this.raw<GraphEvent>({ method: 'GET', path: `${this.eventPath(id)}?${expandMark}` })
    } catch (error) {
      if (error instanceof GraphFailure && isGone(error.failure)) return null
      throw meaningOf(error, this.address, false)
    }
  }

  /** The items that stand for an event of ours. */
  async marked(uid: string): Promise<GraphEvent[]> {
    const found = await this.list<GraphEvent>(`${this.path}/events?${markedAs(this.mark(uid).value)}`)
    // What is found may come without the property: it is read with it.
    const items = await Promise.all(found.map(item => (this.uidOn(item) === uid ? item : this.item(item.id))))
    return items.filter(item => item !== null).filter(item => this.uidOn(item) === uid)
  }

  uidOn(item: GraphEvent): string | null {
    return uidOn(item, this.#tenant)
  }

  /** The property that marks an item as the event of this UID. */
  mark(uid: string): { id: string; value: string } {
    return { id: propertyId, value: markOf(this.#tenant, uid) }
  }

  /** Every item that carries a mark of ours, whole. */
  async markedItems(): Promise<GraphEvent[]> {
    const items = await this.list<GraphEvent>(`${this.path}/events?$top=500&${expandMark}`)
    return items.filter(item => this.uidOn(item) !== null)
  }

  /** Our item with an iCalUId, which a meeting has in every mailbox. */
  async byCalUid(iCalUId: string): Promise<GraphEvent | null> {
    const filter = encodeURIComponent(`iCalUId eq '${iCalUId.replaceAll("'", "''")}'`)
    const items = await this.list<GraphEvent>(`${this.path}/events?$filter=${filter}&${expandMark}`)
    return items.find(item => this.uidOn(item) !== null) ?? null
  }

  /** Our properties by item id, for a whole read. */
  async marks(): Promise<Map<string, Marks>> {
    const items = await this.list<GraphEvent>(`${this.path}/events?$select=id&$top=500&${expandMark}`)
    return new Map(items.map(({ id, singleValueExtendedProperties }) => [id, singleValueExtendedProperties]))
  }

  async instances(id: string, { from, to }: Window): Promise<GraphEvent[]> {
    const items = new Map<string, GraphEvent>()
    for (let at = from; at < to; at += longestView) {
      const window = `startDateTime=${instant(at)}&endDateTime=${instant(Math.min(to, at + longestView))}`
      const path = `${this.eventPath(id)}/instances?${window}&$select=${seen}&$top=1000`
      for (const item of await this.list<GraphEvent>(path)) items.set(item.id, item)
    }
    return [...items.values()]
  }

  /** The whole event that begins with `item`. @throws Untranslatable */
  async hold(item: GraphEvent, uid: string): Promise<Held> {
    if (!item.recurrence) return { item, instances: [], event: singleOf(item, uid, this.zone) }
    const reached = reachOf(item, this.zone, windowAt(epochNow()).to)
    const told = await this.instances(item.id, reached)
    // A living series without any instance is rather an answer gone wrong: nothing is excluded on one word.
    const instances = told.length > 0 ? told : await this.instances(item.id, reached)
    const event = seriesOf(item, instances, reached, uid, this.zone)
    return { item, instances, event: onRoomClock(event, this.zone) }
  }
}

/** Whether a failure to read one item leaves the others readable. */
export const isItemTrouble = (error: unknown): error is Error =>
  error instanceof Untranslatable || error instanceof RangeError
