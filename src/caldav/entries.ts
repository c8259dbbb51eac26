import { notFound } from '../dav/errors.ts'
import { type PropertyRequest, type PropertyTable, renderer, writeProperty } from '../dav/propfind.ts'
import { inSlices } from '../dav/respond.ts'
import type { PersonalProperties } from '../store/properties.ts'
import type { Member } from '../store/store.ts'
import { type Calendar, calendarsFor, findCalendar } from './calendars.ts'
import type { Exchange } from './gateway.ts'
import { homeToken } from './home.ts'
import { eventHref, hrefOf, type Place } from './places.ts'
import { roomTarget, userTarget } from './principals.ts'
import {
  CALENDAR_PROPERTIES,
  COLLECTION_PROPERTIES,
  EVENT_PROPERTIES,
  HOME_PROPERTIES,
  INBOX_PROPERTIES,
  OUTBOX_PROPERTIES,
  PRINCIPAL_PROPERTIES,
} from './properties.ts'
import { rightsOf } from './rights.ts'
import { loadFor, type Served, sourceOf, tokensOf } from './sources.ts'
import type { CalendarTarget, CollectionTarget, EventTarget, Target } from './targets.ts'
import { EMPTY_TOKEN } from './tokens.ts'
import { etagAs, markOf, viewOf } from './withheld.ts'

/** What is asked of each resource of one answer. */
export interface Question {
  readonly request: PropertyRequest
  readonly minimal: boolean
  readonly personal: PersonalProperties
}

/** A resource that is there and can be written into a multistatus. */
export interface Entry {
  readonly href: string
  write(question: Question): string
  /** One property as a whole element; `null` where it is missing. */
  property(name: string, personal: PersonalProperties): string | null
}

const entry = <T extends Target>(table: PropertyTable<T>, target: T): Entry => ({
  href: target.href,
  write: ({ request, minimal, personal }) =>
    renderer(request, table, minimal).render(target, target.href, personal.get(target.href)),
  property: (name, personal) => writeProperty(table, target, name, personal.get(target.href)),
})

const base = ({ gateway, person }: Exchange, place: Place) => ({
  kind: place.kind,
  scheduling: gateway.scheduling === 'rooms',
  href: hrefOf(place),
  person,
  rights: rightsOf(person, place),
})

const NAMES: Readonly<Record<string, string>> = {
  root: 'kaldav',
  principals: 'Principals',
  users: 'People',
  rooms: 'Resources',
  home: 'Calendars',
  inbox: 'Inbox',
  outbox: 'Outbox',
}

const collectionTarget = (exchange: Exchange, place: Place, token: string | null): CollectionTarget => ({
  ...base(exchange, place),
  name: NAMES[place.kind] ?? '',
  token,
})

export const calendarTarget = (exchange: Exchange, calendar: Calendar, token: string): CalendarTarget => ({
  ...base(exchange, { kind: 'calendar', calendar: calendar.segment }),
  name: calendar.name,
  calendar,
  token: token + markOf(viewOf(exchange.person, calendar.segment)),
  vapidKey: exchange.gateway.push?.publicKey ?? null,
})

export const eventTarget = (exchange: Exchange, calendar: Calendar) => {
  const common = base(exchange, { kind: 'event', calendar: calendar.segment, name: '' })
  const view = viewOf(exchange.person, calendar.segment)
  return (member: Member, details: Served['details'] | null, href: string): EventTarget => ({
    kind: common.kind,
    person: common.person,
    rights: common.rights,
    scheduling: common.scheduling,
    href,
    calendar,
    member: view === 'all' ? member : { ...member, etag: etagAs(view, member.etag) },
    details,
  })
}

export const calendarEntry = async (exchange: Exchange, calendar: Calendar): Promise<Entry> =>
  entry(
    CALENDAR_PROPERTIES,
    calendarTarget(exchange, calendar, await sourceOf(calendar).token(exchange.gateway, calendar)),
  )

const principalEntry = async (exchange: Exchange, place: Place & { name: string }): Promise<Entry | null> => {
  const { gateway, person } = exchange
  // Nobody sees who else has an account.
  if (place.kind === 'user')
    return place.name === person.name ? entry(PRINCIPAL_PROPERTIES, userTarget(gateway, person)) : null
  const resource = (await findCalendar(exchange, place.name))?.resource
  return resource ? entry(PRINCIPAL_PROPERTIES, roomTarget(gateway, resource, person)) : null
}

const eventEntry = async (exchange: Exchange, calendar: Calendar, name: string): Promise<Entry | null> => {
  const { gateway } = exchange
  const member = await sourceOf(calendar).member(gateway, calendar, name)
  const [served] = member ? await loadFor(exchange, calendar, [member]) : []
  if (!served) return null
  const href = eventHref(calendar.segment, name)
  return entry(EVENT_PROPERTIES, eventTarget(exchange, calendar)(served.member, served.details, href))
}

/** The resource at a place; `null` where nothing is. */
export const findEntry = async (exchange: Exchange, place: Place): Promise<Entry | null> => {
  if (place.kind === 'subscription') return null
  if (place.kind === 'user' || place.kind === 'room') return principalEntry(exchange, place)
  if (place.kind === 'calendar' || place.kind === 'event') {
    const calendar = await findCalendar(exchange, place.calendar)
    if (!calendar) return null
    return place.kind === 'calendar' ? calendarEntry(exchange, calendar) : eventEntry(exchange, calendar, place.name)
  }
  if (place.kind === 'home') {
    return entry(HOME_PROPERTIES, collectionTarget(exchange, place, await homeToken(exchange)))
  }
  if (place.kind === 'inbox' || place.kind === 'outbox') {
    if (exchange.gateway.scheduling !== 'rooms') return null
    const table = place.kind === 'inbox' ? INBOX_PROPERTIES : OUTBOX_PROPERTIES
    return entry(table, collectionTarget(exchange, place, EMPTY_TOKEN))
  }
  return entry(COLLECTION_PROPERTIES, collectionTarget(exchange, place, null))
}

/** @throws DavError 404 */
export const entryAt = async (exchange: Exchange, place: Place): Promise<Entry> => {
  const found = await findEntry(exchange, place)
  if (!found) throw notFound(`There is nothing at ${hrefOf(place)}`)
  return found
}

/** Everybody and everything one can look for: the person who asks, and every resource. */
export const allPrincipals = async (exchange: Exchange): Promise<readonly Entry[]> => {
  const { gateway, person } = exchange
  const resources = (await calendarsFor(exchange)).flatMap(({ resource }) => resource ?? [])
  return [
    entry(PRINCIPAL_PROPERTIES, userTarget(gateway, person)),
    ...resources.map(resource => entry(PRINCIPAL_PROPERTIES, roomTarget(gateway, resource, person))),
  ]
}

/** How many events are read at once where an answer needs their bodies. */
const BATCH = 200

/** The members of a calendar; bodies are only read where a property needs them. */
export async function* memberResponses(
  exchange: Exchange,
  calendar: Calendar,
  members: readonly Member[],
  { request, minimal }: Question,
): AsyncGenerator<string> {
  const row = renderer(request, EVENT_PROPERTIES, minimal)
  const target = eventTarget(exchange, calendar)
  const write = (member: Member, details: Served['details'] | null): string => {
    const href = eventHref(calendar.segment, member.name)
    return row.render(target(member, details, href), href)
  }
  if (!row.needsEvent) yield* inSlices(members, member => write(member, null))
  else {
    for (let start = 0; start < members.length; start += BATCH) {
      const batch = await loadFor(exchange, calendar, members.slice(start, start + BATCH))
      yield* inSlices(batch, ({ member, details }) => write(member, details))
    }
  }
}

const CHILDREN: Readonly<Partial<Record<Place['kind'], (exchange: Exchange) => readonly Place[]>>> = {
  root: () => [{ kind: 'principals' }, { kind: 'home' }],
  principals: () => [{ kind: 'users' }, { kind: 'rooms' }],
  users: ({ person }) => [{ kind: 'user', name: person.name }],
}

/** The resources directly below a place that is no calendar. */
export const entriesBelow = async (exchange: Exchange, place: Place): Promise<readonly Entry[]> => {
  const { gateway, person } = exchange
  if (place.kind === 'home') {
    const calendars = await calendarsFor(exchange)
    const tokens = await tokensOf(gateway, calendars)
    const boxes = await Promise.all((['inbox', 'outbox'] as const).map(kind => findEntry(exchange, { kind })))
    return [
      ...calendars.map(calendar =>
        entry(CALENDAR_PROPERTIES, calendarTarget(exchange, calendar, tokens.get(calendar) ?? '')),
      ),
      ...boxes.filter(box => box !== null),
    ]
  }
  if (place.kind === 'rooms') {
    const resources = (await calendarsFor(exchange)).flatMap(({ resource }) => resource ?? [])
    return resources.map(resource => entry(PRINCIPAL_PROPERTIES, roomTarget(gateway, resource, person)))
  }
  return Promise.all((CHILDREN[place.kind]?.(exchange) ?? []).map(child => entryAt(exchange, child)))
}

/** What lies directly below a place, as DAV:response elements. */
export async function* responsesBelow(exchange: Exchange, place: Place, question: Question): AsyncGenerator<string> {
  if (place.kind === 'calendar') {
    const calendar = await findCalendar(exchange, place.calendar)
    if (!calendar) return
    const members = await sourceOf(calendar).within(exchange.gateway, calendar, null, calendar.zone)
    yield* memberResponses(exchange, calendar, members, question)
  } else {
    yield* inSlices(await entriesBelow(exchange, place), child => child.write(question))
  }
}
