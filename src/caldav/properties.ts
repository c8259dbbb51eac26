import { apple, caldav, calendarserver, dav, kaldav } from '../dav/names.ts'
import { type Property, propertyTable } from '../dav/propfind.ts'
import { element, emptyElements, escapeXml, textElement } from '../dav/write.ts'
import { AVAILABILITY } from './availability.ts'
import { DATA_TYPES } from './data-spec.ts'
import * as limits from './limits.ts'
import {
  addMemberHref,
  CONFLICTS_SEGMENT,
  calendarHref,
  homeHref,
  inboxHref,
  outboxHref,
  placeOfHref,
  principalsHref,
  roomHref,
  SCHEDULE_SEGMENT,
  userHref,
} from './places.ts'
import { PUSH_PROPERTIES } from './push.ts'
import {
  HOME_PRIVILEGES,
  OUTBOX_SUPPORTED_PRIVILEGES,
  outboxPrivilegesOf,
  privilegesOf,
  SUPPORTED_PRIVILEGES,
} from './rights.ts'
import { supportedReports } from './supported.ts'
import type { CalendarTarget, CollectionTarget, EventTarget, PrincipalTarget, Target } from './targets.ts'
import { urn } from './urn.ts'
import { calendarTimezone } from './zones.ts'

const href = (path: string): string => textElement(dav('href'), path)
const empty = (): string => ''

const whereScheduling =
  (value: string) =>
  (target: Target): string | null =>
    target.scheduling ? value : null

/** Calendars of several resources belong to nobody in particular. */
const ownerOfCalendar = (segment: string): string | null =>
  segment === SCHEDULE_SEGMENT || segment === CONFLICTS_SEGMENT ? null : href(roomHref(segment))

/** RFC 3744 §5.1: a principal, so that its name and addresses can be asked. */
const owner = (target: Target): string | null => {
  const place = placeOfHref(target.href)
  if (place?.kind === 'user' || place?.kind === 'room') return href(target.href)
  if (place?.kind === 'inbox' || place?.kind === 'outbox') return href(userHref(target.person.name))
  return place?.kind === 'calendar' || place?.kind === 'event' ? ownerOfCalendar(place.calendar) : null
}

const accessList = (target: Target): string =>
  element(
    dav('ace'),
    element(dav('principal'), href(userHref(target.person.name))) +
      element(dav('grant'), privilegesOf(target.rights)) +
      element(dav('protected')),
  )

/** RFC 4918 §15, RFC 3744 §5, RFC 5397: what every resource has. */
const COMMON: readonly Property<Target>[] = [
  { name: dav('current-user-principal'), value: target => href(userHref(target.person.name)) },
  { name: dav('current-user-privilege-set'), value: target => privilegesOf(target.rights) },
  { name: dav('supported-privilege-set'), value: () => SUPPORTED_PRIVILEGES },
  { name: dav('principal-collection-set'), value: () => href(principalsHref) },
  { name: dav('owner'), value: owner },
  { name: dav('acl'), value: accessList },
  { name: dav('resource-id'), value: target => href(urn(target.href)) },
  { name: dav('acl-restrictions'), value: () => emptyElements([dav('grant-only'), dav('no-invert')]) },
  { name: dav('inherited-acl-set'), value: empty },
  { name: dav('supported-report-set'), value: target => supportedReports(target.kind) },
  // Locks are not offered (class 1 and 3): the properties are there and empty.
  { name: dav('supportedlock'), allprop: true, value: empty },
  { name: dav('lockdiscovery'), allprop: true, value: empty },
]

const resourceType = (...types: readonly string[]): Property<Target> => ({
  name: dav('resourcetype'),
  allprop: true,
  value: () => emptyElements(types),
})

const collection = <T extends CollectionTarget>(...types: readonly string[]): readonly Property<T>[] => [
  ...COMMON,
  resourceType(dav('collection'), ...types),
  { name: dav('displayname'), allprop: true, personal: true, value: target => escapeXml(target.name) },
]

export const COLLECTION_PROPERTIES = propertyTable<CollectionTarget>(collection())

/** What a browser gets at an address meant for calendar programs. */
export const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>kaldav</title>
<p>This address is for calendar programs (CalDAV). Enter it there, with your name and password.</p></html>
`

const CHANGE_MARKERS: readonly Property<CollectionTarget>[] = [
  // iOS only looks into calendars when the tag of the home has moved.
  { name: calendarserver('getctag'), value: target => target.token && escapeXml(target.token) },
]

const syncToken: Property<CollectionTarget> = {
  name: dav('sync-token'),
  value: target => target.token && escapeXml(target.token),
}

const defaultCalendar: Property<Target> = {
  // RFC 6638 §9.2 puts it on the inbox; Apple's clients make a calendar of their own where the home has none.
  name: caldav('schedule-default-calendar-URL'),
  value: () => href(calendarHref(SCHEDULE_SEGMENT)),
}

const eventComponent = '<C:comp name="VEVENT"/>'

export const HOME_PROPERTIES = propertyTable<CollectionTarget>(collection(), CHANGE_MARKERS, [
  // The home is everybody's: who may do what is written at each calendar.
  { name: dav('current-user-privilege-set'), value: () => HOME_PRIVILEGES },
  { name: dav('acl'), value: () => null },
  syncToken,
  defaultCalendar,
  // Of the page that a browser gets here.
  { name: dav('getcontentlength'), allprop: true, value: () => String(Buffer.byteLength(PAGE)) },
  {
    name: caldav('supported-calendar-component-sets'),
    value: () => element(caldav('supported-calendar-component-set'), eventComponent),
  },
])

const addressSet = (target: PrincipalTarget): string => target.addresses.map(href).join('')
const mailAddresses = (target: PrincipalTarget): string =>
  target.addresses
    .filter(address => address.startsWith('mailto:'))
    .map(address => textElement(calendarserver('email-address'), address.slice('mailto:'.length)))
    .join('')

const RECORD_TYPES = { INDIVIDUAL: 'users', ROOM: 'locations', RESOURCE: 'resources' } as const

/** RFC 3744 §4, RFC 4791 §6.2.1, RFC 6638 §2.4; the empty ones answer questions that clients insist on. */
export const PRINCIPAL_PROPERTIES = propertyTable<PrincipalTarget>(
  [
    ...COMMON,
    resourceType(dav('collection'), dav('principal')),
    { name: dav('displayname'), allprop: true, personal: true, value: target => escapeXml(target.name) },
  ],
  [
    { name: dav('principal-URL'), value: target => href(target.href) },
    { name: dav('alternate-URI-set'), value: empty },
    { name: dav('group-member-set'), value: empty },
    { name: dav('group-membership'), value: empty },
    { name: caldav('calendar-home-set'), value: () => href(homeHref) },
    { name: caldav('calendar-user-address-set'), value: addressSet },
    { name: caldav('calendar-user-type'), value: target => target.userType },
    { name: caldav('schedule-inbox-URL'), value: whereScheduling(href(inboxHref)) },
    { name: caldav('schedule-outbox-URL'), value: whereScheduling(href(outboxHref)) },
    { name: calendarserver('email-address-set'), value: mailAddresses },
    { name: calendarserver('record-type'), value: target => RECORD_TYPES[target.userType] },
    { name: calendarserver('calendar-proxy-read-for'), value: empty },
    { name: calendarserver('calendar-proxy-write-for'), value: empty },
    { name: caldav('calendar-description'), value: target => target.description && escapeXml(target.description) },
    { name: kaldav('capacity'), value: target => target.capacity },
    { name: kaldav('building'), value: target => target.building && escapeXml(target.building) },
    defaultCalendar,
  ],
)

export const EVENT_TYPE = 'text/calendar;charset=utf-8'

const calendarData = DATA_TYPES.map(type => `<C:calendar-data content-type="${type}" version="2.0"/>`).join('')
const COLLATIONS = ['i;ascii-casemap', 'i;octet', 'i;unicode-casemap']

export const CALENDAR_PROPERTIES = propertyTable<CalendarTarget>(collection(caldav('calendar')), CHANGE_MARKERS, [
  // The conflicts are not in the change log: they are compared by their tag alone.
  {
    name: dav('supported-report-set'),
    value: target => supportedReports(target.kind, target.calendar.kind !== 'conflicts'),
  },
  { name: dav('sync-token'), value: target => (target.calendar.kind === 'conflicts' ? null : target.token) },
  // RFC 4918 §15.5, §15.6: of what GET answers, all events in one text.
  { name: dav('getcontenttype'), allprop: true, value: () => EVENT_TYPE },
  { name: dav('getetag'), allprop: true, value: target => target.token && escapeXml(`"${target.token}"`) },
  {
    name: caldav('calendar-description'),
    personal: true,
    value: target => target.calendar.description && escapeXml(target.calendar.description),
  },
  {
    name: dav('add-member'),
    value: ({ rights, calendar }) => (rights === 'write' ? href(addMemberHref(calendar.segment)) : null),
  },
  {
    name: caldav('calendar-timezone'),
    personal: true,
    // UTC says no more than no zone at all.
    value: ({ calendar: { zone } }) => (zone === 'UTC' ? null : calendarTimezone(zone)),
  },
  {
    name: caldav('calendar-timezone-id'),
    personal: true,
    value: ({ calendar: { zone } }) => (zone === 'UTC' ? null : escapeXml(zone)),
  },
  ...PUSH_PROPERTIES,
  { name: AVAILABILITY, personal: true, value: () => null },
  { name: apple('calendar-color'), personal: true, value: () => null },
  { name: apple('calendar-order'), personal: true, value: () => null },
  { name: caldav('supported-calendar-component-set'), value: () => eventComponent },
  { name: caldav('supported-calendar-data'), value: () => calendarData },
  {
    name: caldav('supported-collation-set'),
    value: () => COLLATIONS.map(name => textElement(caldav('supported-collation'), name)).join(''),
  },
  { name: caldav('max-resource-size'), value: () => String(limits.MAX_RESOURCE_SIZE) },
  { name: caldav('min-date-time'), value: () => limits.MIN_DATE_TIME },
  { name: caldav('max-date-time'), value: () => limits.MAX_DATE_TIME },
  { name: caldav('max-instances'), value: () => String(limits.MAX_INSTANCES) },
  { name: caldav('max-attendees-per-instance'), value: () => String(limits.MAX_ATTENDEES) },
  { name: caldav('schedule-calendar-transp'), personal: true, value: () => element(caldav('opaque')) },
  {
    name: kaldav('resource-id'),
    value: target => (target.calendar.resource ? String(target.calendar.resource.id) : null),
  },
])

/** RFC 6638 §2.1, §2.2: rooms answer at once, so the inbox stays empty. */
export const INBOX_PROPERTIES = propertyTable<CollectionTarget>(collection(caldav('schedule-inbox')), CHANGE_MARKERS, [
  syncToken,
  defaultCalendar,
  { name: caldav('calendar-free-busy-set'), personal: true, value: empty },
])
export const OUTBOX_PROPERTIES = propertyTable<CollectionTarget>(collection(caldav('schedule-outbox')), [
  syncToken,
  { name: dav('current-user-privilege-set'), value: target => outboxPrivilegesOf(target.person) },
  { name: dav('supported-privilege-set'), value: () => OUTBOX_SUPPORTED_PRIVILEGES },
])

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

export const EVENT_PROPERTIES = propertyTable<EventTarget>(COMMON, [
  resourceType(),
  { name: dav('getetag'), allprop: true, value: target => escapeXml(`"${target.member.etag}"`) },
  { name: dav('getcontenttype'), allprop: true, value: () => EVENT_TYPE },
  // RFC 6638 §3.2.10. Only the rooms answer, and they do so in the PUT itself: no change of theirs comes later.
  { name: caldav('schedule-tag'), value: target => (target.scheduling ? escapeXml(`"${target.member.etag}"`) : null) },
  {
    name: dav('getcontentlength'),
    allprop: true,
    needsEvent: true,
    value: target => target.details && String(Buffer.byteLength(target.details.body)),
  },
  {
    name: dav('getlastmodified'),
    allprop: true,
    needsEvent: true,
    value: target => target.details && new Date(target.details.updatedAt * 1000).toUTCString(),
  },
  {
    name: dav('creationdate'),
    allprop: true,
    needsEvent: true,
    value: target => target.details && isoTime(target.details.createdAt),
  },
])
