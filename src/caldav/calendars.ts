import { SCHEDULE } from '../schedule/event.ts'
import type { Resource } from '../store/store.ts'
import type { Gateway } from './gateway.ts'
import { CONFLICTS_SEGMENT, SCHEDULE_SEGMENT } from './places.ts'

/** A collection of events as clients see it: one resource, the whole schedule, or what is in conflict. */
export interface Calendar {
  readonly kind: 'resource' | 'schedule' | 'conflicts'
  /** The resource, or `SCHEDULE`; the conflicts have none of their own. */
  readonly id: number
  readonly segment: string
  readonly name: string
  readonly description: string | null
  /** The clock on which floating times and dates are read (IANA name). */
  readonly zone: string
  readonly resource: Resource | null
}

const GONE = 3

const ofResource = (resource: Resource): Calendar => ({
  kind: 'resource',
  id: resource.id,
  segment: resource.systemName,
  name: resource.name,
  description: resource.description,
  zone: resource.timeZone,
  resource,
})

const special = (gateway: Gateway, segment: string): Calendar | null => {
  const common = { id: SCHEDULE, segment, zone: gateway.store.zone, resource: null }
  if (segment === SCHEDULE_SEGMENT) {
    const description = 'Every event of the account, with the resources it occupies and the conflicts it is in'
    return { ...common, kind: 'schedule', name: 'Account schedule', description }
  }
  if (segment !== CONFLICTS_SEGMENT) return null
  return { ...common, kind: 'conflicts', name: 'Conflicts', description: 'One event for each open conflict' }
}

export const findCalendar = async (gateway: Gateway, segment: string): Promise<Calendar | null> => {
  const known = special(gateway, segment)
  if (known) return known
  const resource = await gateway.store.resourceBySystemName(segment)
  return resource && resource.status !== GONE ? ofResource(resource) : null
}

/** Resources by id, then what spans all of them. */
export const allCalendars = async (gateway: Gateway): Promise<readonly Calendar[]> => {
  const resources = (await gateway.store.resources()).filter(({ status }) => status !== GONE)
  const specials = [SCHEDULE_SEGMENT, CONFLICTS_SEGMENT].flatMap(segment => special(gateway, segment) ?? [])
  return [...resources.map(ofResource), ...specials]
}
