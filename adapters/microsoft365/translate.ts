/** Exchange's events and ours, both ways, one component at a time; `series.ts` puts series together. */
import { addDuration, endOf, fromEpoch, parseDuration, timeAt, toEpoch } from '../../src/schedule/caltime.ts'
import {
  type CalTime,
  type Component,
  emptyComponent,
  isDate,
  isDuration,
  isRecurring,
  type Master,
  type Override,
  type ScheduleEvent,
} from '../../src/schedule/event.ts'
import { type PatternedRecurrence, patternOf, ruleOf } from './recurrence.ts'
import { squeezed, textOfHtml } from './text.ts'
import { graphZone, keptZone, zoneNamed } from './zones.ts'

export interface GraphTime {
  readonly dateTime: string
  readonly timeZone?: string | null
}

interface Recipient {
  readonly emailAddress?: { readonly address?: string | null; readonly name?: string | null } | null
}

/** The parts of a Graph `event` that we read or write. */
export interface GraphEvent {
  readonly id: string
  readonly '@odata.etag'?: string
  readonly '@removed'?: { readonly reason?: string }
  readonly type?: 'singleInstance' | 'occurrence' | 'exception' | 'seriesMaster' | null
  readonly seriesMasterId?: string | null
  readonly iCalUId?: string | null
  readonly subject?: string | null
  readonly body?: { readonly contentType?: string | null; readonly content?: string | null } | null
  readonly location?: { readonly displayName?: string | null } | null
  readonly start?: GraphTime | null
  readonly end?: GraphTime | null
  readonly isAllDay?: boolean | null
  readonly isCancelled?: boolean | null
  readonly isOrganizer?: boolean | null
  readonly organizer?: Recipient | null
  readonly responseRequested?: boolean | null
  readonly responseStatus?: { readonly response?: string | null } | null
  readonly attendees?:
    | readonly (Recipient & { readonly status?: { readonly response?: string | null } | null })[]
    | null
  readonly isOnlineMeeting?: boolean | null
  readonly showAs?: string | null
  readonly sensitivity?: string | null
  readonly recurrence?: PatternedRecurrence | null
  readonly originalStart?: string | null
  readonly originalStartTimeZone?: string | null
  readonly createdDateTime?: string | null
  readonly singleValueExtendedProperties?: readonly { readonly id: string; readonly value?: string | null }[]
}

/** Why an item cannot be taken; the rest of the calendar goes on. */
export class Untranslatable extends Error {}

/** What a private meeting is called everywhere but in its own calendar. */
export const withheldTitle = 'Busy'
/** Exchange cuts a longer subject. */
const longestSubject = 255

/** An instant of Graph's, epoch seconds. */
export function epochOf(time: GraphTime | null | undefined): number {
  const zone = zoneNamed(time?.timeZone ?? 'UTC')
  if (!time?.dateTime || !zone) throw new Untranslatable('the event has no start or no end that can be read')
  const local = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.exec(time.dateTime)?.[0]
  if (!local) throw new Untranslatable(`not a time: ${time.dateTime}`)
  return toEpoch({ dateTime: local, tzid: zone }, 'UTC')
}

/**
 * An all-day event is rendered as midnights, in whatever zone was asked for: a date, never an instant. Where it is not
 * midnight, it was converted after all, and is on the clock of `zone`.
 */
const dateOf = (time: GraphTime | null | undefined, zone: string): CalTime => {
  const [, date, clock] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d))?/.exec(time?.dateTime ?? '') ?? []
  if (!date) throw new Untranslatable('the event has no start or no end that can be read')
  if (!clock || clock === '00:00') return { date }
  const local = fromEpoch(epochOf(time), zone)
  return { date: isDate(local) ? local.date : local.dateTime.slice(0, 10) }
}

/** The zone that the item itself names, if it is known. */
export const ownZone = ({ recurrence, originalStartTimeZone }: GraphEvent): string | null =>
  zoneNamed(recurrence?.range.recurrenceTimeZone) ?? zoneNamed(originalStartTimeZone)

export interface Span {
  readonly start: CalTime
  readonly end: CalTime
}

/** @param zone the clock the times are to be on, if it can tell both */
export function spanOf(item: GraphEvent, zone: string): Span {
  const timed = (clock: string) => ({
    start: timeAt(epochOf(item.start), clock),
    end: timeAt(epochOf(item.end), clock),
  })
  const isTold = ({ start, end }: Span) => [start, end].every(time => isDate(time) || time.tzid === zone)
  const span = item.isAllDay
    ? { start: dateOf(item.start, ownZone(item) ?? zone), end: dateOf(item.end, ownZone(item) ?? zone) }
    : timed(isTold(timed(zone)) ? zone : 'UTC')
  if (toEpoch(span.end, zone) < toEpoch(span.start, zone)) throw new Untranslatable('the event ends before it starts')
  return span
}

const classes = { private: 'PRIVATE', confidential: 'CONFIDENTIAL' } as const
const classOf = (item: GraphEvent): Component['classification'] =>
  classes[(item.sensitivity ?? '').toLowerCase() as keyof typeof classes] ?? null

const isFree = (item: GraphEvent): boolean => /^(free|workingElsewhere)$/i.test(item.showAs ?? '')

/** How the room itself has answered a meeting of somebody else; `null` where it is the organizer. */
export const answerOf = (item: GraphEvent): string | null =>
  item.isOrganizer === false ? (item.responseStatus?.response ?? null) : null

/** Whether the item claims the room: a cancelled meeting stays in a room's calendar, marked. */
export const claims = (item: GraphEvent): boolean => !item.isCancelled && answerOf(item) !== 'declined'

const isTentative = (item: GraphEvent): boolean =>
  /^tentative$/i.test(item.showAs ?? '') || /^(notResponded|tentativelyAccepted)$/i.test(answerOf(item) ?? '')

const textOf = (body: GraphEvent['body']): string | null =>
  /html/i.test(body?.contentType ?? '') ? textOfHtml(body?.content ?? '') : squeezed(body?.content ?? '')

/** Counted as Exchange counts, in UTF-16 units; no character is cut in two. */
const subjectOf = (text: string | null | undefined): string | null =>
  squeezed((text ?? '').slice(0, longestSubject).replace(/[\ud800-\udbff]$/, ''))?.replaceAll('\n', ' ') ?? null

export function componentOf(item: GraphEvent, span: Span): Component {
  const classification = classOf(item)
  const withheld = classification !== null
  return {
    ...emptyComponent(span.start, span.end),
    summary: withheld ? withheldTitle : subjectOf(item.subject),
    description: withheld ? null : textOf(item.body),
    location: withheld ? null : squeezed(item.location?.displayName ?? ''),
    status: isTentative(item) ? 'TENTATIVE' : 'CONFIRMED',
    transparent: isFree(item),
    classification,
  }
}

/** What a single event says. @param room IANA: where the event names no zone that is known */
export function singleOf(item: GraphEvent, uid: string, room: string): ScheduleEvent {
  const span = spanOf(item, zoneNamed(item.originalStartTimeZone) ?? room)
  const master = { ...componentOf(item, span), rrules: [], exrules: [], rdates: [], exdates: [] }
  return { uid, master, overrides: [], resourceIds: [] }
}

const graphTime = (time: CalTime, room: string): GraphTime =>
  isDate(time)
    ? { dateTime: `${time.date}T00:00:00`, timeZone: graphZone(room) }
    : { dateTime: time.dateTime, timeZone: graphZone(time.tzid ?? room) }

/** The end as the instant that it is: a duration may end in the hour that a change of clocks repeats. */
export function realEnd(component: Pick<Component, 'start' | 'end'>): CalTime {
  const { start, end } = component
  const length = end !== null && isDuration(end) ? parseDuration(end.duration) : null
  if (!length || isDate(start) || start.tzid === null) return endOf(component)
  return timeAt(toEpoch(addDuration(start, `P${length.days}D`), start.tzid) + length.seconds, start.tzid)
}

/** What one component says in Graph's words; texts of a private event stay with us. */
export function bodyOf(component: Component, room: string) {
  const { classification } = component
  const withheld = classification === 'PRIVATE' || classification === 'CONFIDENTIAL'
  const tentative = component.status === 'TENTATIVE' ? 'tentative' : 'busy'
  return {
    subject: withheld ? withheldTitle : (component.summary ?? ''),
    body: { contentType: 'text', content: withheld ? '' : (component.description ?? '') },
    location: { displayName: withheld ? '' : (component.location ?? '') },
    start: graphTime(component.start, room),
    end: graphTime(realEnd(component), room),
    isAllDay: isDate(component.start),
    showAs: component.transparent ? 'free' : tentative,
    sensitivity: withheld ? (classification === 'PRIVATE' ? 'private' : 'confidential') : 'normal',
  }
}

/** A rule comes back as Exchange's pattern says it; one without a pattern is left as it is, and refused when written. */
function inGraphsWords(master: Master, room: string): Master {
  const plain = master.rdates.length === 0 && master.exrules.length === 0
  const pattern = plain ? patternOf(master.rrules, master.start, room) : null
  const rule = pattern && ruleOf(pattern, master.start)
  return rule ? { ...master, rrules: [rule] } : master
}

/** An occurrence by its place: the clock time its series gives it. */
export const placeKey = (time: CalTime): string => (isDate(time) ? time.date : time.dateTime)

/** Seconds. */
export const lengthOf = (component: Component): number =>
  toEpoch(realEnd(component), 'UTC') - toEpoch(component.start, 'UTC')

const said = ['summary', 'description', 'location', 'status', 'transparent', 'classification'] as const

/** An exception that was put back to what its series says stays an exception there, and is none to us. */
export function saysNothing(override: Override, master: Master): boolean {
  const inPlace =
    isDate(override.start) === isDate(override.recurrenceId) &&
    toEpoch(override.start, 'UTC') === toEpoch(override.recurrenceId, 'UTC') &&
    lengthOf(override) === lengthOf(master)
  return inPlace && said.every(field => override[field] === master[field])
}

/** What a mailbox keeps of an event: no field of Kaltura's, no foreign properties, no alarms, no sequence. */
export function normalizeForGraph(event: ScheduleEvent, room: string): ScheduleEvent {
  const recurring = isRecurring(event)
  const at = (time: CalTime): CalTime => {
    if (isDate(time)) return time
    const tzid = time.tzid ?? room
    return { dateTime: time.dateTime, tzid: recurring ? keptZone(tzid) : tzid }
  }
  const poor = <C extends Component>(component: C): C => {
    const { classification } = component
    const withheld = classification === 'PRIVATE' || classification === 'CONFIDENTIAL'
    return {
      ...component,
      start: at(component.start),
      end: at(realEnd(component)),
      summary: withheld ? withheldTitle : subjectOf(component.summary),
      description: withheld ? null : squeezed(component.description ?? ''),
      location: withheld ? null : squeezed(component.location ?? ''),
      status: component.status === 'TENTATIVE' ? 'TENTATIVE' : 'CONFIRMED',
      classification: withheld ? classification : null,
      sequence: 0,
      kaltura: {},
      parameters: {},
      extra: [],
      components: [],
    }
  }
  const { master } = event
  const cancelled = event.overrides.filter(({ status }) => status === 'CANCELLED')
  const exdates = [...(master?.exdates ?? []), ...cancelled.map(({ recurrenceId }) => recurrenceId)].map(at)
  const kept = master && inGraphsWords({ ...poor(master), exdates }, room)
  const overrides = event.overrides
    .filter(({ status }) => status !== 'CANCELLED')
    .map(override => ({ ...poor(override), recurrenceId: at(override.recurrenceId) }))
  return { ...event, master: kept, overrides: overrides.filter(override => !kept || !saysNothing(override, kept)) }
}
