/** What is left of an event for those who may know when it takes place, but not what it is (CLASS, RFC 5545 §3.8.1.3). */
import type { Component, KalturaProperties, ScheduleEvent } from './event.ts'

/** How much somebody sees: everything, all but what is marked as private, or only when something takes place. */
export type View = 'all' | 'public' | 'busy'

const STAMPS = new Set(['dtstamp', 'created', 'last-modified'])
/** What tells devices of two events apart, and says nothing of them. */
const KEPT = ['type', 'status', 'id', 'parentId'] as const

const withheld = <C extends Component>(component: C): C => {
  const kaltura: KalturaProperties = Object.fromEntries(
    KEPT.map(name => [name, component.kaltura[name]]).filter(([, value]) => value !== undefined),
  )
  const extra = component.extra.filter(([name]) => STAMPS.has(name))
  const nothing = { description: null, location: null, parameters: {}, components: [] }
  return { ...component, ...nothing, summary: 'Busy', kaltura, extra }
}

export const isPrivate = ({ classification }: Component): boolean =>
  classification === 'PRIVATE' || classification === 'CONFIDENTIAL'

/** The event as it is seen; the same object where nothing is hidden. */
export function seenAs(view: View, event: ScheduleEvent): ScheduleEvent {
  const hides = (component: Component): boolean => view === 'busy' || (view === 'public' && isPrivate(component))
  const components = [...(event.master ? [event.master] : []), ...event.overrides]
  if (!components.some(hides)) return event
  return {
    ...event,
    master: event.master && hides(event.master) ? withheld(event.master) : event.master,
    overrides: event.overrides.map(override => (hides(override) ? withheld(override) : override)),
  }
}
