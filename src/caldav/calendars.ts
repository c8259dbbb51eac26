import { LRUCache } from 'lru-cache'
import { SCHEDULE } from '../schedule/event.ts'
import { isLimited } from '../store/access.ts'
import type { Resource, Store } from '../store/store.ts'
import type { Asking, Gateway } from './gateway.ts'
import { CONFLICTS_SEGMENT, SCHEDULE_SEGMENT } from './places.ts'
import { accessAt, type Person } from './rights.ts'

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

/** How long calendars are believed without looking again, ms: changes by other processes take that long. */
const BELIEVED = 100

/** When something was read of the resources; what this process has written since is seen at once. */
interface Reading {
  readonly readAt: number
  readonly writes: number
}

const readingOf = ({ resourceWrites }: Store): Reading => ({ readAt: performance.now(), writes: resourceWrites })

const holds = ({ readAt, writes }: Reading, { resourceWrites }: Store): boolean =>
  writes === resourceWrites && performance.now() - readAt < BELIEVED

/** By segment. */
const single = new WeakMap<Store, LRUCache<string, Reading & { readonly calendar: Calendar }>>()

const calendarNamed = async ({ store }: Gateway, segment: string): Promise<Calendar | null> => {
  const known = single.get(store) ?? new LRUCache({ max: 1000 })
  single.set(store, known)
  const cached = known.get(segment)
  if (cached && holds(cached, store)) return cached.calendar
  const reading = readingOf(store)
  const resource = await store.resourceBySystemName(segment)
  if (!resource || resource.status === GONE) return null
  const calendar = ofResource(resource)
  known.set(segment, { ...reading, calendar })
  return calendar
}

/** The calendar with that path segment, where whoever asks may know of it. */
export const findCalendar = async ({ gateway, person }: Asking, segment: string): Promise<Calendar | null> => {
  if (accessAt(person, segment) === 'none') return null
  return special(gateway, segment) ?? calendarNamed(gateway, segment)
}

interface CalendarList extends Reading {
  readonly calendars: readonly Calendar[]
  readonly text: string
}

const lists = new WeakMap<Store, CalendarList>()

const readList = async (gateway: Gateway, before: CalendarList | undefined): Promise<CalendarList> => {
  const reading = readingOf(gateway.store)
  const resources = (await gateway.store.resources()).filter(({ status }) => status !== GONE)
  const text = JSON.stringify(resources)
  if (before?.text === text) return { ...before, ...reading }
  const specials = [SCHEDULE_SEGMENT, CONFLICTS_SEGMENT].flatMap(segment => special(gateway, segment) ?? [])
  return { ...reading, calendars: [...resources.map(ofResource), ...specials], text }
}

/** What a limited person sees of a list, by what they may do. */
const seen = new WeakMap<readonly Calendar[], Map<string, readonly Calendar[]>>()

const seenBy = (person: Person, calendars: readonly Calendar[]): readonly Calendar[] => {
  const views = seen.get(calendars) ?? new Map<string, readonly Calendar[]>()
  seen.set(calendars, views)
  const key = JSON.stringify([person.role, person.access])
  const view = views.get(key) ?? calendars.filter(({ segment }) => accessAt(person, segment) !== 'none')
  views.set(key, view)
  return view
}

/** The calendars that whoever asks may know of. The same array as long as nothing about them changes. */
export const calendarsFor = async ({ gateway, person }: Asking): Promise<readonly Calendar[]> => {
  const calendars = await allCalendars(gateway)
  return isLimited(person) ? seenBy(person, calendars) : calendars
}

/** Resources by id, then what spans all of them. The same array as long as nothing about them changes. */
export const allCalendars = async (gateway: Gateway): Promise<readonly Calendar[]> => {
  const { store } = gateway
  const known = lists.get(store)
  if (known && holds(known, store)) return known.calendars
  const list = await readList(gateway, known)
  lists.set(store, list)
  return list.calendars
}
