/**
 * What a binding does about one event, as a pure function of three states. Deletion follows the same law as edits: what
 * one side did to something the other left alone is done; an edit beats a deletion made at the same time, and says so.
 */
import type { ScheduleEvent } from '../schedule/event.ts'
import { differences, type EditClash, merge, type Prefer } from '../schedule/merge.ts'

export interface Sides {
  /** What both agreed on, as the remote keeps it; `null`: never. */
  readonly base: ScheduleEvent | null
  /** `null`: not (or no longer) in our schedule. */
  readonly ours: ScheduleEvent | null
  /** `null`: not (or no longer) at the remote. */
  readonly theirs: ScheduleEvent | null
}

export interface Decision {
  readonly ours: 'none' | 'create' | 'update' | 'delete'
  readonly theirs: 'none' | 'create' | 'update' | 'remove'
  /** What our side holds afterwards; `null`: nothing. */
  readonly event: ScheduleEvent | null
  /** Slots that change, on either side, for plans. */
  readonly fields: readonly string[]
  readonly clashes: readonly EditClash[]
  /** One side deleted what the other had edited; the edit was kept. */
  readonly deleteEdit: boolean
}

const nothing: Decision = { ours: 'none', theirs: 'none', event: null, fields: [], clashes: [], deleteEdit: false }

/** What somebody edited; whether a room has answered yet is no edit that would keep a deleted event. */
const edits = (base: ScheduleEvent, now: ScheduleEvent): string[] =>
  differences(base, now).filter(slot => slot !== 'status:status')

export function decide(
  { base, ours, theirs }: Sides,
  prefer: Prefer,
  view: (event: ScheduleEvent) => ScheduleEvent,
): Decision {
  if (!ours && !theirs) return nothing
  if (!ours && theirs) {
    if (!base) return { ...nothing, ours: 'create', event: theirs }
    if (edits(base, theirs).length === 0) return { ...nothing, theirs: 'remove' }
    return { ...nothing, ours: 'create', event: theirs, fields: differences(base, theirs), deleteEdit: true }
  }
  if (ours && !theirs) {
    if (!base) return { ...nothing, theirs: 'create', event: ours }
    const edited = edits(base, view(ours))
    if (edited.length === 0) return { ...nothing, ours: 'delete' }
    return { ...nothing, theirs: 'create', event: ours, fields: edited, deleteEdit: true }
  }
  if (!ours || !theirs) return nothing
  const { event, clashes, taken } = merge(base, ours, theirs, prefer, view)
  const toTheirs = differences(theirs, view(event))
  return {
    ours: taken.length > 0 ? 'update' : 'none',
    theirs: toTheirs.length > 0 ? 'update' : 'none',
    event,
    fields: [...new Set([...taken, ...toTheirs])],
    clashes,
    deleteEdit: false,
  }
}

/**
 * Whether so many deletions at once look like an accident: more than ten and more than a fifth, or everything there
 * was (unless the remote named each of at most five). They then wait for a person.
 * @param byAbsence deletions are concluded from what a full read no longer shows, not named by the remote
 */
export function isMassDeletion(deletions: number, known: number, byAbsence: boolean): boolean {
  if (deletions > 10 && deletions > known / 5) return true
  return deletions > 0 && deletions >= known && (deletions > 5 || (byAbsence && deletions > 1))
}
