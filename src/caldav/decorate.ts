import type { JCalProperty } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import type { Conflict, StoredEvent } from '../store/store.ts'
import type { Gateway } from './gateway.ts'
import { utcText } from './time-range.ts'

/** The flags of the gateway's own: never in the bytes a client sent, only where the whole schedule is shown. */
const conflictProperty = (uid: string, conflict: Conflict): JCalProperty => {
  const others = conflict.uids.filter(other => other !== uid)
  const overlap =
    conflict.start === null
      ? ''
      : `;${utcText(conflict.start)}${conflict.end === null ? '' : `/${utcText(conflict.end)}`}`
  return ['x-kaldav-conflict', {}, 'unknown', `${conflict.kind};${others.join(',')}${overlap}`]
}

const flagsOf = (stored: StoredEvent, conflicts: readonly Conflict[]): readonly JCalProperty[] => [
  ['x-kaldav-source', {}, 'unknown', stored.source],
  ...conflicts.map(conflict => conflictProperty(stored.uid, conflict)),
]

const byUid = (conflicts: readonly Conflict[]): ReadonlyMap<string, readonly Conflict[]> => {
  const found = new Map<string, Conflict[]>()
  for (const conflict of conflicts) {
    for (const uid of conflict.uids) found.set(uid, [...(found.get(uid) ?? []), conflict])
  }
  return found
}

/** Up to here conflicts are read event by event. */
const FEW = 3

export const decoratedBodies = async (
  { store }: Gateway,
  events: readonly StoredEvent[],
): Promise<readonly string[]> => {
  const found =
    events.length <= FEW
      ? (await Promise.all(events.map(({ uid }) => store.conflicts({ uid })))).flat()
      : await store.conflicts()
  const conflicts = byUid(found)
  return events.map(stored =>
    writeCalendar([stored.event], { decorate: () => flagsOf(stored, conflicts.get(stored.uid) ?? []) }),
  )
}
