/** What a feed is made of, read from the store. */
import { setImmediate } from 'node:timers/promises'
import { SCHEDULE } from '../schedule/event.ts'
import type { Window } from '../schedule/recurrence.ts'
import { ACCOUNT } from '../store/occurrence-index.ts'
import type { Conflict, OccurrenceRow, Resource, Store, StoredEvent } from '../store/store.ts'

/** The ids Kaltura gave an event that was made elsewhere. */
export interface KalturaIds {
  readonly id: number
  readonly partnerId?: number
  /** By the `timeKey` of the RECURRENCE-ID. */
  readonly occurrences: { readonly [recurrenceId: string]: number }
}

/** `null` where Kaltura does not have the event, or not yet. */
export type KalturaIdsOf = (uid: string) => Promise<KalturaIds | null>

export interface FeedContent {
  /** The calendar; `null` for the whole account schedule. */
  readonly resource: Resource | null
  /** The clock on which dates and floating times are read. */
  readonly zone: string
  /** What is asked for; `null` for everything there is. */
  readonly window: Window | null
  /** Those with an occurrence in the window, by UID. */
  readonly events: readonly StoredEvent[]
  readonly conflicts: ReadonlyMap<string, readonly Conflict[]>
  /** Blackouts of the whole account in the window, where there is one. */
  readonly blackouts: readonly OccurrenceRow[]
  /** Names of resources by id. */
  readonly names: ReadonlyMap<number, string>
  readonly kalturaIds: ReadonlyMap<string, KalturaIds>
}

/** Events read and parsed before others get their turn. */
const BATCH = 200

const loadEvents = async (store: Store, uids: readonly string[]): Promise<StoredEvent[]> => {
  const events: StoredEvent[] = []
  for (let at = 0; at < uids.length; at += BATCH) {
    if (at > 0) await setImmediate()
    const batch = await store.events(uids.slice(at, at + BATCH))
    // The body is parsed when the event is asked for: here, where others can get in between.
    events.push(...batch.map(stored => ({ ...stored, event: stored.event })))
  }
  return events
}

const byUid = (conflicts: readonly Conflict[]): Map<string, Conflict[]> => {
  const found = new Map<string, Conflict[]>()
  for (const conflict of conflicts) {
    for (const uid of new Set(conflict.uids)) {
      const known = found.get(uid)
      if (known) known.push(conflict)
      else found.set(uid, [conflict])
    }
  }
  return found
}

const uidsOf = async (store: Store, calendar: number, window: Window | null): Promise<string[]> => {
  const uids = window
    ? await store.uidsIn(calendar, window.from, window.to)
    : (await store.members(calendar)).map(({ uid }) => uid)
  return [...new Set(uids)].sort()
}

/** Everything a feed of one calendar, or of the whole schedule, is made of. Whole or not at all: it throws as the store does. */
export const loadContent = async (
  store: Store,
  resource: Resource | null,
  window: Window | null,
  kalturaIds?: KalturaIdsOf,
): Promise<FeedContent> => {
  const uids = await uidsOf(store, resource?.id ?? SCHEDULE, window)
  const ids = new Map<string, KalturaIds>()
  for (const uid of kalturaIds ? uids : []) {
    const known = await kalturaIds?.(uid)
    if (known) ids.set(uid, known)
  }
  return {
    resource,
    zone: resource?.timeZone ?? store.zone,
    window,
    events: await loadEvents(store, uids),
    conflicts: byUid(await store.conflicts()),
    blackouts: window ? await store.occurrencesIn(ACCOUNT, window.from, window.to) : [],
    names: new Map((await store.resources()).map(({ id, name }) => [id, name])),
    kalturaIds: ids,
  }
}
