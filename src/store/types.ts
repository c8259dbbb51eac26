/** The nouns of the store. */
import type { ScheduleEvent } from '../schedule/event.ts'

/** A room, camera or live entry of the account: one calendar. */
export interface Resource {
  readonly id: number
  /** Unique and path-safe: the calendar's segment in URLs. */
  readonly systemName: string
  readonly name: string
  readonly type: 'location' | 'camera' | 'live_entry'
  readonly description: string | null
  readonly tags: readonly string[]
  readonly parentId: number | null
  readonly entryId: string | null
  /** IANA: the clock on which dates and floating times are read in this calendar. */
  readonly timeZone: string
  /** 1 disabled, 2 active, 3 deleted (KalturaScheduleResourceStatus). */
  readonly status: 1 | 2 | 3
}

export interface StoredEvent {
  readonly uid: string
  /** What `body` says, with the resources and stream passwords the store keeps beside it. Parsed when first read. */
  readonly event: ScheduleEvent
  /** Exactly what is served in a room's calendar. */
  readonly body: string
  /** Unquoted; a hash of `body`. */
  readonly etag: string
  /** Who made it: 'caldav', 'import' or a source id. */
  readonly source: string
  /** Epoch seconds. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Unquoted etag of its rendering in the account schedule: changes also when its resources or conflicts do. */
  readonly scheduleEtag: string
}

/** An event's place in one calendar. */
export interface Member {
  /** Path segment, decoded: `abc.ics`. */
  readonly name: string
  readonly uid: string
  /** Unquoted; in the account schedule the scheduleEtag. */
  readonly etag: string
}

/** Who writes; kept in the journal. */
export interface Actor {
  readonly source: string
  readonly user: string | null
  readonly run: string | null
}

/** One instance in time of an event in one calendar; half-open, epoch seconds. */
export interface OccurrenceRow {
  readonly uid: string
  /** `timeKey` of the RECURRENCE-ID; null where the event does not recur. */
  readonly recurrenceId: string | null
  readonly start: number
  readonly end: number
  readonly busy: boolean
  readonly blackout: boolean
}

export type ConflictKind =
  | 'overlap'
  | 'blackout'
  | 'edit'
  | 'delete-edit'
  | 'rejected'
  | 'duplicate'
  | 'foreign-organizer'
  | 'mass-deletion'

export interface Conflict {
  /** Stable while the conflict lasts. */
  readonly id: string
  readonly kind: ConflictKind
  /** null: not about one resource (a blackout of the whole account, a source that fills many). */
  readonly resourceId: number | null
  readonly uids: readonly string[]
  /** The first overlap, epoch seconds. */
  readonly start: number | null
  readonly end: number | null
  readonly source: string | null
  /** For overlap and blackout `{ occurrences }`: how many pairs of occurrences clash. */
  readonly detail: Readonly<Record<string, unknown>>
  /** Epoch seconds. */
  readonly since: number
}

export interface CalendarChanges {
  /** What to ask with next time. */
  readonly token: number
  readonly changed: Member[]
  /** Names. */
  readonly removed: string[]
  /** There is more: ask again with `token`. */
  readonly truncated: boolean
}

export interface JournalEntry {
  readonly id: number
  /** Epoch seconds. */
  readonly at: number
  readonly uid: string
  readonly source: string
  readonly user: string | null
  readonly run: string | null
  readonly action: 'create' | 'update' | 'delete'
  /** The body; null where there was none. */
  readonly before: string | null
  readonly after: string | null
  readonly resourcesBefore: readonly number[] | null
  readonly resourcesAfter: readonly number[] | null
}
