/** Conflicts as people read them: what happened, which events, where each comes from, and a way out. */
import { breathe } from '../breath.ts'
import { mainComponent } from '../schedule/event.ts'
import { isPrivate, type View } from '../schedule/privacy.ts'
import type { Store } from './store.ts'
import type { Conflict, ConflictKind } from './types.ts'

const TITLES: Readonly<Record<ConflictKind, string>> = {
  overlap: 'Two events at once',
  blackout: 'Event during a blackout',
  edit: 'Changed in two places',
  'delete-edit': 'Deleted in one place, changed in another',
  rejected: 'Refused',
  duplicate: 'Perhaps the same event twice',
  'foreign-organizer': 'Moved by somebody who is not its organizer',
  'mass-deletion': 'Many deletions wait for approval',
}

/** What a person can do where the conflict itself does not say. */
const REMEDIES: Readonly<Record<ConflictKind, string>> = {
  overlap: 'Move one of them or give it another room, where it was made.',
  blackout: 'Move the event out of the blackout, or shorten the blackout.',
  edit: 'Write the value you want where the event was made; both are kept in its history.',
  'delete-edit': 'Delete it once more if it is to go; the change was kept.',
  rejected: 'Change the event so that the other side can take it.',
  duplicate: 'Delete one of the two where it was made.',
  'foreign-organizer': 'Ask the organizer to change the meeting.',
  'mass-deletion': 'Answer with "kaldav sync SOURCE --approve" or "--restore".',
}

/** One side of a conflict. */
export interface Side {
  readonly uid: string
  /** Its summary; `null`: it has none, or is no longer in the schedule. */
  readonly summary: string | null
  /** The source it came from; `null`: it is not in the schedule. */
  readonly source: string | null
}

export interface ShownConflict {
  readonly conflict: Conflict
  /** What happened, in a few words. */
  readonly title: string
  readonly sides: readonly Side[]
  /** Whether an event in it is marked as private. */
  readonly isPrivate: boolean
  /** The name of the resource; `null`: it concerns the whole schedule. */
  readonly resource: string | null
  readonly remedy: string
}

export async function showConflicts(store: Store, conflicts: readonly Conflict[]): Promise<readonly ShownConflict[]> {
  const stored = await store.events([...new Set(conflicts.flatMap(({ uids }) => uids))])
  const sides = new Map<string, Side>()
  const marked = new Set<string>()
  for (const { uid, event, source } of stored) {
    await breathe()
    const main = mainComponent(event)
    sides.set(uid, { uid, summary: main.summary, source })
    if (isPrivate(main)) marked.add(uid)
  }
  const resources = new Map((await store.resources()).map(({ id, name }) => [id, name]))
  return conflicts.map(conflict => ({
    conflict,
    title: TITLES[conflict.kind],
    isPrivate: conflict.uids.some(uid => marked.has(uid)),
    sides: conflict.uids.map(uid => sides.get(uid) ?? { uid, summary: null, source: null }),
    resource: conflict.resourceId === null ? null : (resources.get(conflict.resourceId) ?? null),
    remedy: textOf(conflict.detail.remedy) ?? REMEDIES[conflict.kind],
  }))
}

/** The conflict as it may be seen: that there is one, and where, but not of what, where that is private. */
export const conflictSeenAs = (view: View, shown: ShownConflict): ShownConflict =>
  view === 'all' || (view === 'public' && !shown.isPrivate)
    ? shown
    : {
        ...shown,
        conflict: { ...shown.conflict, detail: {} },
        sides: shown.sides.map(side => ({ ...side, summary: 'Busy' })),
      }

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** All of it as lines: the sides, how often they meet, the reason where there is one, and the way out. */
export function explain({ conflict, sides, remedy }: ShownConflict): string {
  const { detail, source } = conflict
  const lines = sides.map(side => `${side.summary ?? side.uid} (${side.uid}), from ${side.source ?? 'elsewhere'}`)
  if (source !== null) lines.push(`Found in ${source}.`)
  if (typeof detail.occurrences === 'number' && detail.occurrences > 1) {
    lines.push(`They meet ${detail.occurrences} times; this is the first.`)
  }
  const reason = textOf(detail.reason)
  return [...lines, ...(reason === null ? [] : [reason]), remedy].join('\n')
}
