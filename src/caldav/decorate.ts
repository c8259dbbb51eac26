import { type Component, type JCalProperty, mainComponent, type ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import type { Conflict, StoredEvent } from '../store/store.ts'
import type { Gateway } from './gateway.ts'
import { utcText } from './time-range.ts'

/** The flags of the gateway's own: never in the bytes a client sent, only where the whole schedule is shown. */
const conflictFlag = (uid: string, { kind, uids, start, end }: Conflict): JCalProperty => {
  const others = uids.filter(other => other !== uid).join(',')
  const overlap = start === null ? '' : `;${utcText(start)}${end === null ? '' : `/${utcText(end)}`}`
  return ['x-kaldav-conflict', {}, 'unknown', `${kind};${others}${overlap}`]
}

const flagsOf = ({ uid, source }: StoredEvent, conflicts: readonly Conflict[]): readonly JCalProperty[] => [
  ['x-kaldav-source', {}, 'unknown', source],
  ...conflicts.map(conflict => conflictFlag(uid, conflict)),
]

const byUid = (conflicts: readonly Conflict[]): ReadonlyMap<string, readonly Conflict[]> => {
  const found = new Map<string, Conflict[]>()
  for (const conflict of conflicts) {
    for (const uid of conflict.uids) {
      const own = found.get(uid)
      if (own) own.push(conflict)
      else found.set(uid, [conflict])
    }
  }
  return found
}

/** Up to here conflicts are read event by event. */
const FEW = 3

const conflictsOf = async ({ store }: Gateway, events: readonly StoredEvent[]): Promise<readonly Conflict[]> => {
  if (events.length > FEW) return store.conflicts()
  const found = (await Promise.all(events.map(({ uid }) => store.conflicts({ uid })))).flat()
  return [...new Map(found.map(conflict => [conflict.id, conflict])).values()]
}

/** Events as the whole schedule shows them: with their source, and a flag for each open conflict, in the main component. */
export const decoratedBodies = async (gateway: Gateway, events: readonly StoredEvent[]): Promise<readonly string[]> => {
  const conflicts = byUid(await conflictsOf(gateway, events))
  return events.map(stored => {
    const flags = flagsOf(stored, conflicts.get(stored.uid) ?? [])
    const decorate = (event: ScheduleEvent, component: Component): readonly JCalProperty[] =>
      component === mainComponent(event) ? flags : []
    return writeCalendar([stored.event], { decorate })
  })
}
