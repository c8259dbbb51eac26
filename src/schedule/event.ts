/**
 * The calendar object: what one UID means (RFC 5545 §3.8.4.7), as wall-clock times. Pure values, compared by content.
 * Never a JS `Date`: a `Date` forgets its zone, and with it what 09:00 means after the clocks change.
 */

/**
 * A time as iCalendar writes it (RFC 5545 §3.3.4, §3.3.5).
 * `date` is `YYYY-MM-DD`; `dateTime` is `YYYY-MM-DDTHH:MM:SS` on the clock of `tzid`: an IANA name, `UTC`, or
 * `null` for floating time, which is read on the clock of the calendar it lies in.
 */
export type CalTime = { readonly date: string } | { readonly dateTime: string; readonly tzid: string | null }

/** How an end was written: DTEND, DURATION (`PT1H`), or not at all (a day for a date, nothing for a time: §3.6.1). */
export type EventEnd = CalTime | { readonly duration: string } | null

/** An RDATE: a start, or a period with its own end (RFC 5545 §3.8.5.2). */
export type RDate = CalTime | { readonly start: CalTime; readonly end: CalTime | { readonly duration: string } }

export type JCalParameters = { readonly [name: string]: string | readonly string[] }

/** A property as jCal writes it (RFC 7265 §3.4): lower-case name, parameters, type, values. */
export type JCalProperty = readonly [name: string, parameters: JCalParameters, type: string, ...values: unknown[]]

/** A component as jCal writes it (RFC 7265 §3.3). */
export type JCalComponent = readonly [
  name: string,
  properties: readonly JCalProperty[],
  components: readonly JCalComponent[],
]

/** KalturaScheduleEventType as X-KALTURA-TYPE carries it. */
export const KalturaType = { recording: 1, liveStream: 2, blackout: 3 } as const
/** KalturaScheduleEventStatus as X-KALTURA-STATUS carries it. */
export const KalturaStatus = { cancelled: 1, active: 2, deleted: 3 } as const

/** A UID as iCalendar text carries it: without what a line cannot hold, and white space that does not survive reading. */
export const plainUid = (uid: string): string => uid.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()

/** The values Kaltura gives an event; nobody else can change them, so a merge leaves them out. */
export interface KalturaIdentity {
  readonly id?: number
  readonly partnerId?: number
  readonly parentId?: number
  readonly status?: 1 | 2 | 3
}

/** What X-KALTURA-* says of one component. X-KALTURA-RESOURCE-IDS is `ScheduleEvent.resourceIds`. */
export interface KalturaProperties extends KalturaIdentity {
  readonly type?: 1 | 2 | 3
  readonly categoryIds?: readonly number[]
  readonly entryIds?: readonly string[]
  readonly tags?: readonly string[]
  readonly templateEntryId?: string
  readonly primaryRtmpEndpoint?: string
  readonly secondaryRtmpEndpoint?: string
  readonly primaryRtspEndpoint?: string
  readonly secondaryRtspEndpoint?: string
  readonly liveStreamName?: string
  readonly liveStreamUsername?: string
  /** A secret: written only where the reader is the device itself. */
  readonly liveStreamPassword?: string
}

/** One VEVENT without its identity: the master of a series, a single event, or one changed occurrence. */
export interface Component {
  readonly start: CalTime
  readonly end: EventEnd
  readonly summary: string | null
  readonly description: string | null
  readonly location: string | null
  readonly status: 'CONFIRMED' | 'TENTATIVE' | 'CANCELLED' | null
  /** TRANSP:TRANSPARENT: shown, but occupies nothing. */
  readonly transparent: boolean
  /** CLASS; PRIVATE and CONFIDENTIAL withhold the title from readers without that right. */
  readonly classification: 'PUBLIC' | 'PRIVATE' | 'CONFIDENTIAL' | null
  readonly sequence: number
  readonly kaltura: KalturaProperties
  /** Parameters of the properties above, by lower-case property name (`summary` → `{ language: 'de' }`), where any. */
  readonly parameters: { readonly [property: string]: JCalParameters }
  /** Every property we keep without reading it, in its order: ORGANIZER, ATTENDEE, GEO, X-… */
  readonly extra: readonly JCalProperty[]
  /** Sub-components kept as they are: VALARM, VLOCATION … */
  readonly components: readonly JCalComponent[]
}

/** A component that may recur. Rules are RRULE values as text, without the property name. */
export interface Master extends Component {
  readonly rrules: readonly string[]
  /** EXRULE (RFC 2445 §4.8.5.2), still written by old exporters. */
  readonly exrules: readonly string[]
  readonly rdates: readonly RDate[]
  readonly exdates: readonly CalTime[]
}

/** A changed occurrence. `recurrenceId` has the value type and zone of the master's start where a master is known. */
export interface Override extends Component {
  readonly recurrenceId: CalTime
  /** RANGE=THISANDFUTURE (RFC 5545 §3.2.13): the change also moves all later occurrences. */
  readonly thisAndFuture: boolean
}

/** One UID: the unit of storage, merge, ETag and push (a calendar object resource, RFC 4791 §4.1). */
export interface ScheduleEvent {
  readonly uid: string
  /** `null` where only some occurrences of a series are known to us (RFC 4791 §4.1). */
  readonly master: Master | null
  /** Sorted by recurrenceId. */
  readonly overrides: readonly Override[]
  /** Kaltura scheduleResource ids it occupies, ascending. */
  readonly resourceIds: readonly number[]
}

/** The one resource id that no resource has: the account schedule as a whole. */
export const SCHEDULE = 0

export const isDate = (time: CalTime): time is { readonly date: string } => 'date' in time

/** Whether an end was given as DURATION. */
export const isDuration = (end: unknown): end is { readonly duration: string } =>
  typeof end === 'object' && end !== null && 'duration' in end

/** Whether the event repeats by its own rules or dates. */
export const isRecurring = (event: ScheduleEvent): boolean =>
  event.master !== null && (event.master.rrules.length > 0 || event.master.rdates.length > 0)

/** The component that speaks for the event: its master, or the first known occurrence. */
export const mainComponent = (event: ScheduleEvent): Component => {
  const component = event.master ?? event.overrides[0]
  if (!component) throw new TypeError(`event ${event.uid} has neither master nor overrides`)
  return component
}

/** A component with nothing said but its start; adapters and tests build on it. */
export const emptyComponent = (start: CalTime, end: EventEnd = null): Component => ({
  start,
  end,
  summary: null,
  description: null,
  location: null,
  status: null,
  transparent: false,
  classification: null,
  sequence: 0,
  kaltura: {},
  parameters: {},
  extra: [],
  components: [],
})

export const emptyMaster = (start: CalTime, end: EventEnd = null): Master => ({
  ...emptyComponent(start, end),
  rrules: [],
  exrules: [],
  rdates: [],
  exdates: [],
})

/** A text key of a time, equal exactly when value type, clock time and zone are equal; sorts by time within one zone. */
export const timeKey = (time: CalTime): string =>
  isDate(time) ? time.date : `${time.dateTime}${time.tzid === 'UTC' ? 'Z' : time.tzid === null ? '' : `[${time.tzid}]`}`
