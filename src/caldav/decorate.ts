import { type Component, type JCalProperty, mainComponent, type ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import { flagsOf } from '../store/flags.ts'
import type { Conflict, StoredEvent } from '../store/store.ts'
import type { Gateway } from './gateway.ts'

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
    const flags = flagsOf(stored.uid, stored.source, conflicts.get(stored.uid) ?? [])
    const decorate = (event: ScheduleEvent, component: Component): readonly JCalProperty[] =>
      component === mainComponent(event) ? flags : []
    return writeCalendar([stored.event], { decorate })
  })
}
