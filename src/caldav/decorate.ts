import { breathe } from '../breath.ts'
import { type Component, type JCalProperty, mainComponent, type ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import { conflictsOf } from '../store/conflict-rows.ts'
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

/** Events as the whole schedule shows them: with their source, and a flag for each open conflict, in the main component. */
export const decoratedBodies = async (gateway: Gateway, events: readonly StoredEvent[]): Promise<readonly string[]> => {
  const conflicts = byUid(
    await conflictsOf(
      gateway.store.database,
      events.map(({ uid }) => uid),
    ),
  )
  const bodies: string[] = []
  for (const stored of events) {
    await breathe()
    const flags = flagsOf(stored.uid, stored.source, conflicts.get(stored.uid) ?? [])
    const decorate = (event: ScheduleEvent, component: Component): readonly JCalProperty[] =>
      component === mainComponent(event) ? flags : []
    bodies.push(writeCalendar([stored.event], { decorate }))
  }
  return bodies
}
