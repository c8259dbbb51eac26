import { caldav, dav } from '../dav/names.ts'
import { element } from '../dav/write.ts'
import { type Access, accessTo, accessToAll, allows, type Holder } from '../store/access.ts'
import { CONFLICTS_SEGMENT, type Place, SCHEDULE_SEGMENT } from './places.ts'

/** Who asks: a user of ours (`auth.ts`), as far as CalDAV needs to know. */
export interface Person extends Holder {
  readonly name: string
}

/** What a person may do with the events of a calendar. Conflicts are made by the gateway, not by people. */
export const accessAt = (person: Person, segment: string): Access => {
  if (segment === SCHEDULE_SEGMENT) return accessToAll(person)
  if (segment === CONFLICTS_SEGMENT) return allows(accessToAll(person), 'read') ? 'read' : 'none'
  return accessTo(person, segment)
}

/** What a person may do at a place. Only calendars hold events; all else can be looked at. */
export const rightsOf = (person: Person, place: Place): Access =>
  place.kind === 'calendar' || place.kind === 'event' ? accessAt(person, place.calendar) : 'read'

const LOOKING = [dav('read'), dav('read-current-user-privilege-set'), caldav('read-free-busy')] as const
const READING = [...LOOKING, dav('read-acl')] as const
/** Aggregates and their parts are both listed: some clients only look for one of them. */
const WRITING = [dav('write'), dav('write-content'), dav('write-properties'), dav('bind'), dav('unbind')] as const

const privileges = (names: readonly string[]): string =>
  names.map(name => element(dav('privilege'), element(name))).join('')

/** Everybody's at the home, whose access list nobody reads: the calendars in it have one each. */
export const HOME_PRIVILEGES = privileges(LOOKING)
const READER = privileges(READING)
const WRITER = privileges([...READING, ...WRITING])

/** DAV:privilege elements of DAV:current-user-privilege-set (RFC 3744 §5.4) and of an ACE. */
export const privilegesOf = (rights: Access): string => (rights === 'write' ? WRITER : READER)

/** Who books may ask rooms when they are free (RFC 6638 §6.2); nothing else is sent from the outbox. */
export const mayAskRooms = ({ role }: Person): boolean => role !== 'viewer'
const ASKER = privileges([...READING, caldav('schedule-send'), caldav('schedule-send-freebusy')])
export const outboxPrivilegesOf = (person: Person): string => (mayAskRooms(person) ? ASKER : READER)

const supported = (name: string, description: string, parts = ''): string =>
  element(
    dav('supported-privilege'),
    `${element(dav('privilege'), element(name))}<D:description xml:lang="en">${description}</D:description>${parts}`,
  )

const PARTS =
  supported(dav('read'), 'Read', supported(caldav('read-free-busy'), 'Read busy times')) +
  supported(dav('read-acl'), 'Read access control list') +
  supported(dav('read-current-user-privilege-set'), 'Read own privileges') +
  supported(
    dav('write'),
    'Write',
    supported(dav('write-content'), 'Change events') +
      supported(dav('write-properties'), 'Change properties') +
      supported(dav('bind'), 'Create events') +
      supported(dav('unbind'), 'Delete events'),
  )

/** RFC 3744 §5.3: the tree of privileges; what has no counterpart in our roles is not there. */
export const SUPPORTED_PRIVILEGES = supported(dav('all'), 'Everything', PARTS)
export const OUTBOX_SUPPORTED_PRIVILEGES = supported(
  dav('all'),
  'Everything',
  PARTS +
    supported(
      caldav('schedule-send'),
      'Send scheduling messages',
      supported(caldav('schedule-send-freebusy'), 'Ask for busy times'),
    ),
)
