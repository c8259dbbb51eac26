/** Between what is stored of an event and what it means. Pure, but for the cache of what has been parsed. */
import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { KaldavError } from '../errors.ts'
import { sameEvent } from '../schedule/caltime.ts'
import { type Component, type ScheduleEvent, timeKey } from '../schedule/event.ts'
import { parseCalendar, writeCalendar } from '../schedule/ical.ts'
import { memberRows } from './change-log.ts'
import type { Row } from './database.ts'
import type { StoredEvent } from './types.ts'

/** Stream passwords by component: '' the master, else the `timeKey` of the RECURRENCE-ID. Bodies never hold them. */
export type Secrets = Readonly<Record<string, string>>

/** What an event was made of: as `StoredEvent`, with what only the store needs. */
export interface Kept extends StoredEvent {
  readonly resourceIds: readonly number[]
  readonly secrets: Secrets
  readonly spread: string
}

/** How many parsed events are kept; keyed by etag, so there is nothing to invalidate. */
const parsedLimit = 2000

export type ParseCache = LRUCache<string, ScheduleEvent>

export const parseCache = (): ParseCache => new LRUCache({ max: parsedLimit })

/**
 * The same text has the same etag in one store. The key keeps what is not shown from being guessed: people who see an
 * event without its title see its etag.
 */
export const etagOf = (body: string, key: string): string => hash('sha256', key + body, 'base64url').slice(0, 22)

function parsedBody(cache: ParseCache, uid: string, body: string, etag: string): ScheduleEvent {
  const known = cache.get(etag)
  if (known) return known
  const { events, rejected } = parseCalendar(body)
  const event = events.find(candidate => candidate.uid === uid)
  if (!event) {
    const reason = rejected[0]?.reason ?? 'it holds no such event'
    throw new KaldavError(`the stored event ${uid} cannot be read: ${reason}`, {
      remedy: `kaldav history shows its earlier forms; write one of them again, or delete it`,
    })
  }
  cache.set(etag, event)
  return event
}

function mapComponents(event: ScheduleEvent, change: <C extends Component>(component: C, slot: string) => C) {
  return {
    ...event,
    master: event.master && change(event.master, ''),
    overrides: event.overrides.map(override => change(override, timeKey(override.recurrenceId))),
  }
}

const withSecrets = (event: ScheduleEvent, secrets: Secrets): ScheduleEvent =>
  mapComponents(event, (component, slot) => {
    const liveStreamPassword = secrets[slot]
    return liveStreamPassword === undefined
      ? component
      : { ...component, kaltura: { liveStreamPassword, ...component.kaltura } }
  })

const secretsOf = (event: ScheduleEvent): Secrets => {
  const secrets: Record<string, string> = {}
  mapComponents(event, (component, slot) => {
    const password = component.kaltura.liveStreamPassword
    if (password !== undefined) secrets[slot] = password
    return component
  })
  return secrets
}

const numbers = (json: unknown): readonly number[] => JSON.parse(String(json))

/** The columns that `keptEvent` reads, with a condition to follow. */
export const keptColumns = `
  SELECT e.uid, e.body, e.etag, e.resources, e.secrets, e.source, e.created_at, e.updated_at, e.spread,
    m.etag AS schedule_etag
  FROM event e JOIN ${memberRows} m ON m.uid = e.uid AND m.resource_id = 0`

/** An event as its row says; the body is parsed when somebody asks what it means. */
export function keptEvent(row: Row, cache: ParseCache): Kept {
  const [uid, body, etag] = [String(row.uid), String(row.body), String(row.etag)]
  const resourceIds = numbers(row.resources)
  const secrets: Secrets = row.secrets === null ? {} : JSON.parse(String(row.secrets))
  let event: ScheduleEvent | null = null
  return {
    uid,
    body,
    etag,
    resourceIds,
    secrets,
    source: String(row.source),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    scheduleEtag: String(row.schedule_etag),
    spread: String(row.spread),
    get event() {
      event ??= { ...withSecrets(parsedBody(cache, uid, body, etag), secrets), resourceIds }
      return event
    },
  }
}

const sameIds = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.join() === b.join()

const apart = (event: ScheduleEvent): ScheduleEvent => ({ ...event, resourceIds: [] })

/**
 * The body and secrets to store. What was PUT stays byte for byte; an event that means what the stored one does keeps
 * the stored body, unless that names other resources than it now has: sent back by a client, it would undo the change.
 */
export function bodyFor(
  event: ScheduleEvent,
  given: string | undefined,
  before: Kept | null,
  cache: ParseCache,
): { readonly body: string; readonly secrets: Secrets } {
  if (given !== undefined) return { body: given, secrets: withheld(event, before) }
  if (before && sameEvent(apart(event), apart(before.event))) {
    const named = parsedBody(cache, before.uid, before.body, before.etag).resourceIds
    if (named.length === 0 || sameIds(named, event.resourceIds)) return before
  }
  return { body: writeCalendar([apart(event)]), secrets: secretsOf(event) }
}

/** A client never saw the stream passwords: what it sends back without them still has them. */
function withheld(event: ScheduleEvent, before: Kept | null): Secrets {
  if (!before) return {}
  const kept: Record<string, string> = {}
  mapComponents(event, (component, slot) => {
    const password = before.secrets[slot]
    if (password !== undefined && component.kaltura.liveStreamPassword === undefined) kept[slot] = password
    return component
  })
  return kept
}

/** Whether storing would change nothing of the event itself. */
export const isUnchanged = (
  before: Kept,
  after: { readonly body: string; readonly secrets: Secrets; readonly resourceIds: readonly number[] },
): boolean =>
  before.body === after.body &&
  JSON.stringify(before.secrets) === JSON.stringify(after.secrets) &&
  sameIds(before.resourceIds, after.resourceIds)
