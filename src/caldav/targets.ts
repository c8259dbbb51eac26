import type { ScheduleEvent } from '../schedule/event.ts'
import type { Access } from '../store/access.ts'
import type { Member } from '../store/store.ts'
import type { Calendar } from './calendars.ts'
import type { Kind } from './places.ts'
import type { Person } from './rights.ts'

/** What the property tables read. Everything is loaded before; a property only writes it down. */
export interface Target {
  readonly kind: Kind
  readonly href: string
  readonly person: Person
  readonly rights: Access
  /** Whether rooms answer invitations (RFC 6638). */
  readonly scheduling: boolean
}

export interface CollectionTarget extends Target {
  readonly name: string
  /** Changes whenever anything below does; `null` where nobody asks for that. */
  readonly token: string | null
}

export interface PrincipalTarget extends Target {
  readonly name: string
  readonly addresses: readonly string[]
  /** RFC 5545 CUTYPE. */
  readonly userType: 'INDIVIDUAL' | 'ROOM' | 'RESOURCE'
  readonly description: string | null
  /** Of rooms: the tags `capacity:120` and `building:North` of the resource. */
  readonly capacity: string | null
  readonly building: string | null
}

export interface CalendarTarget extends CollectionTarget {
  readonly calendar: Calendar
  /** Where changes are pushed (WebDAV-Push): our public key; `null` where they are not. */
  readonly vapidKey: string | null
}

/** What only the stored event knows. */
export interface EventDetails {
  /** The iCalendar text as served here. */
  readonly body: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly event: () => ScheduleEvent
}

export interface EventTarget extends Target {
  readonly calendar: Calendar
  readonly member: Member
  /** Loaded where a requested property needs it. */
  readonly details: EventDetails | null
}
