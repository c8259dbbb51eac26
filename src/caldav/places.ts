import { DavError } from '../dav/errors.ts'
import { decodePath, encodePath, encodeSegment, pathOf } from '../dav/href.ts'

/** Calendars that belong to no resource. */
export const SCHEDULE_SEGMENT = '_schedule'
export const CONFLICTS_SEGMENT = '_conflicts'
export const INBOX_SEGMENT = '_inbox'
export const OUTBOX_SEGMENT = '_outbox'

/** What a path under /dav/ names; whether it is there is another question. */
export type Place =
  | { readonly kind: 'root' | 'principals' | 'users' | 'rooms' | 'home' | 'inbox' | 'outbox' }
  | { readonly kind: 'user' | 'room' | 'subscription'; readonly name: string }
  | { readonly kind: 'calendar'; readonly calendar: string }
  | { readonly kind: 'event'; readonly calendar: string; readonly name: string }

export type Kind = Place['kind']

const ROOTS: Readonly<Record<string, Place>> = {
  '': { kind: 'root' },
  principals: { kind: 'principals' },
  'principals/users': { kind: 'users' },
  'principals/resources': { kind: 'rooms' },
  calendars: { kind: 'home' },
  [`calendars/${INBOX_SEGMENT}`]: { kind: 'inbox' },
  [`calendars/${OUTBOX_SEGMENT}`]: { kind: 'outbox' },
}

/** The place of the segments below `/dav`, or `null` where nothing can be. */
export const placeOf = (segments: readonly string[]): Place | null => {
  const plain = segments.every(segment => segment !== '' && !segment.includes('/'))
  const fixed = plain ? ROOTS[segments.join('/')] : undefined
  if (fixed) return fixed
  const [top, first = '', second = '', ...rest] = segments
  if (rest.length > 0 || first === '') return null
  if (top === 'principals' && second !== '') {
    if (first === 'users') return { kind: 'user', name: second }
    return first === 'resources' ? { kind: 'room', name: second } : null
  }
  if (top === 'subscriptions') return segments.length === 2 ? { kind: 'subscription', name: first } : null
  if (top !== 'calendars') return null
  if (second === '') return segments.length === 2 ? { kind: 'calendar', calendar: first } : null
  return { kind: 'event', calendar: first, name: second }
}

/** The place an href of a request names; `null` for one that can name nothing here. */
export const placeOfHref = (href: string): Place | null => {
  try {
    const { segments } = decodePath(pathOf(href))
    return segments[0] === 'dav' ? placeOf(segments.slice(1)) : null
  } catch (error) {
    if (error instanceof DavError) return null
    throw error
  }
}

export const rootHref = '/dav/'
export const principalsHref = '/dav/principals/'
export const usersHref = '/dav/principals/users/'
export const roomsHref = '/dav/principals/resources/'
export const homeHref = '/dav/calendars/'
export const inboxHref = `${homeHref}${INBOX_SEGMENT}/`
export const outboxHref = `${homeHref}${OUTBOX_SEGMENT}/`
export const userHref = (name: string): string => encodePath(['dav', 'principals', 'users', name], true)
export const roomHref = (systemName: string): string => encodePath(['dav', 'principals', 'resources', systemName], true)
export const calendarHref = (segment: string): string => encodePath(['dav', 'calendars', segment], true)
export const eventHref = (segment: string, name: string): string =>
  `${homeHref}${encodeSegment(segment)}/${encodeSegment(name)}`

/** Where a POST makes an event whose name the server chooses; the example of RFC 5995 §3.2.1, and Apple's. */
const ADD_MEMBER = ';add-member'

export const addMemberHref = (segment: string): string => `${calendarHref(segment)}${ADD_MEMBER}`

/** The calendar whose add-member address this is; every other place is itself. */
export const postedTo = (place: Place | null): Place | null =>
  place?.kind === 'event' && place.name === ADD_MEMBER ? { kind: 'calendar', calendar: place.calendar } : place

export const subscriptionHref = (id: string): string => `/dav/subscriptions/${encodeSegment(id)}`

const FIXED: Readonly<Record<string, string>> = {
  root: rootHref,
  principals: principalsHref,
  users: usersHref,
  rooms: roomsHref,
  home: homeHref,
  inbox: inboxHref,
  outbox: outboxHref,
}

export const hrefOf = (place: Place): string => {
  if (place.kind === 'user') return userHref(place.name)
  if (place.kind === 'room') return roomHref(place.name)
  if (place.kind === 'subscription') return subscriptionHref(place.name)
  if (place.kind === 'calendar') return calendarHref(place.calendar)
  if (place.kind === 'event') return eventHref(place.calendar, place.name)
  return FIXED[place.kind] ?? rootHref
}
