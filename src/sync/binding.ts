import type { ScheduleEvent } from '../schedule/event.ts'
import type { Prefer } from '../schedule/merge.ts'
import type { Source } from './source.ts'

/** A source paired with what it fills, as configured. */
export interface Binding {
  /** `<source id>/<calendar id>`: stable, it names the stored state. */
  readonly id: string
  readonly source: string
  /** The adapter's name: kaltura, google, … */
  readonly type: string
  readonly calendar: string
  /** The Kaltura resource it books; `null`: its events name their own. */
  readonly resourceId: number | null
  readonly direction: 'both' | 'in' | 'out'
  readonly pollSeconds: number
  /** Opened at the first run, so a vendor's modules are loaded only when used. */
  open(): Promise<Source>
  /** Who wins when both sides changed the same thing; `origin` is the source that made our copy. */
  prefer(origin: string): Prefer
}

/** Our event as the binding sees it: only its own resource, or nothing when the event is not on it. */
export function project(binding: Binding, event: ScheduleEvent): ScheduleEvent | null {
  if (binding.resourceId === null) return event
  return event.resourceIds.includes(binding.resourceId) ? { ...event, resourceIds: [binding.resourceId] } : null
}

/** The binding's event back in the account schedule, beside the resources it does not speak for. */
export function embed(binding: Binding, event: ScheduleEvent, stored: ScheduleEvent | null): ScheduleEvent {
  if (binding.resourceId === null) return event
  const resourceIds = [...new Set([...(stored?.resourceIds ?? []), binding.resourceId])].sort((a, b) => a - b)
  return { ...event, resourceIds }
}

/** What is left of our event when the binding's side of it goes; `null`: nothing, the event goes. */
export function withdraw(binding: Binding, stored: ScheduleEvent): ScheduleEvent | null {
  if (binding.resourceId === null) return null
  const resourceIds = stored.resourceIds.filter(id => id !== binding.resourceId)
  return resourceIds.length > 0 ? { ...stored, resourceIds } : null
}
