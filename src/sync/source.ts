/**
 * The contract of a source. Read this first.
 *
 * The words, one for each thing:
 * - **resource**: a room, camera or live entry of the Kaltura account; **calendar**: what clients see of one resource.
 * - **event**: one UID, its master and overrides; **occurrence**: one instance of it in time, on one resource.
 * - **source**: one calendar in another system (Kaltura, Google, Microsoft 365, a feed, a drop folder).
 * - **binding**: a source paired with what it fills: one resource, or the whole account schedule.
 * - **shadow**: what a source and we last agreed on about one event: the base of the next merge.
 * - **cursor**: how far we have read a source, in its words; **token**: how far a binding or a CalDAV client has read
 *   our change log, in ours.
 * - **conflict**: two claims that cannot both hold; kept, shown with where they come from, never resolved in silence.
 *
 * A source reports states, not events, and never decides anything: the engine merges. `testSource` holds its laws.
 */
import type { ScheduleEvent } from '../schedule/event.ts'

/** Where one remote copy lives. Opaque to everyone but the source, except that equal refs mean an equal copy. */
export interface RemoteRef {
  readonly id: string
  /** The remote's ETag, change key or the like: a write is conditional on it where the remote can do that. */
  readonly version: string
  /** What the source needs to find the parts again (ids of occurrences, …), as JSON values. Kept with the shadow. */
  readonly parts?: { readonly [key: string]: unknown }
}

export interface RemoteEvent {
  readonly ref: RemoteRef
  readonly event: ScheduleEvent
  /** What to call it where another living copy of the source has its UID already; unset: then it is kept out. */
  readonly otherUid?: string
  /** It lies outside what the source watches: news only where the copy is known already. */
  readonly onlyIfKnown?: boolean
}

/** An item the source holds but we cannot take: kept out, named, never the reason for a deletion. */
export interface Unreadable {
  readonly id: string
  readonly uid: string | null
  readonly reason: string
}

/** What the remote took and refused afterwards, as a room that declines: as if the push had been answered so. */
export interface Refusal {
  readonly id: string
  readonly uid: string
  readonly code: string
  readonly reason: string
  readonly remedy: string
}

/** What a source reports since a cursor. */
export interface Changes {
  readonly changed: readonly RemoteEvent[]
  /** Remote ids that are gone, each confirmed by the source where its reports are known to be wrong. */
  readonly removed: readonly string[]
  readonly unreadable?: readonly Unreadable[]
  readonly refused?: readonly Refusal[]
  readonly cursor: string
  /**
   * Set when `changed` is all there is between two instants (ISO 8601, UTC, half-open), so what is absent there was
   * deleted. `null` bounds are open. Unset: absence says nothing.
   */
  readonly completeWithin?: { readonly from: string | null; readonly to: string | null }
}

/** What has become of single copies. */
export type Confirmed = Pick<Changes, 'changed' | 'removed' | 'unreadable'>

/** Where a remote may say that something has changed. */
export interface Hook {
  /** Names the binding; public. */
  readonly url: string
  /** The remote gives it back with each call: only then is a call believed. */
  readonly token: string
}

/** A remote's promise to call a hook. */
export interface Watch {
  /** ISO 8601. */
  readonly expiresAt: string
  /** What each call carries beside the token, where the remote names its channels: then only such calls are believed. */
  readonly mark?: string
  /** Ends the promise before, once this one is known: in between, calls of neither are lost. */
  readonly endPrevious?: () => Promise<void>
}

/** One calendar in one external system. A source without `push` and `remove` can only be read. */
export interface Source {
  /**
   * Everything since `cursor`, or everything there is for `null`. Answers whole or throws: a partial read is an error.
   * @param keep is given a cursor from which a long read can go on if it breaks off; it throws where it has to end.
   * Unset: nothing may be changed at the remote either (a plan).
   * @throws CursorExpired the engine then pulls with `null` and reconciles by id
   * @throws Unavailable · AccessDenied
   */
  pull(cursor: string | null, keep?: (cursor: string) => Promise<void>): Promise<Changes>
  /** Looks at copies that a full read did not show: whether they are gone, or only lie elsewhere. */
  confirm?(refs: readonly RemoteRef[]): Promise<Confirmed>
  /**
   * Creates where `at` is `null`, else changes that copy; a create repeated after a crash finds its first result.
   * @throws VersionMismatch nothing was written; the engine pulls and merges again
   * @throws Rejected for good; becomes a conflict of kind `rejected` @throws Unavailable
   */
  push?(event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef>
  /** Removing what is already gone is no error. @throws VersionMismatch · Rejected · Unavailable */
  remove?(at: RemoteRef): Promise<void>
  /** So many pushes and removals may be under way at once, to share requests; unset: one after the other. */
  readonly together?: number
  /** Whether the event is this remote's business at all; what is not is never pushed, and removed where it was. */
  accepts?(event: ScheduleEvent): boolean
  /** What of `event` this remote keeps: identity unless it is lossy. Idempotent. */
  normalize?(event: ScheduleEvent): ScheduleEvent
  /**
   * Asks the remote to call the hook on change. A hint only: polling alone must be right.
   * @param previous the mark of the promise before, perhaps of another process
   */
  watch?(hook: Hook, previous?: string | null): Promise<Watch>
  /** Ends watches and connections; called once, at shutdown. */
  close?(): Promise<void>
}
