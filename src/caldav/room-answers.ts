import type { Component, JCalProperty, Master, Override, ScheduleEvent } from '../schedule/event.ts'
import { timeKey } from '../schedule/event.ts'
import type { Occurrence } from '../schedule/recurrence.ts'

/** A room that is invited, and where it is taken already. */
export interface Invited {
  readonly resourceId: number
  /** Calendar addresses in lower case. */
  readonly addresses: ReadonlySet<string>
  /** Occurrences of the event that meet something else in the room. */
  readonly taken: readonly Occurrence[]
  readonly total: number
}

const isAttendee = ([name]: JCalProperty): boolean => name === 'attendee'
export const addressIn = (property: JCalProperty): string => String(property[3] ?? '').toLowerCase()

const parameter = ([, parameters]: JCalProperty, name: string): string => String(parameters[name] ?? '').toUpperCase()

/** Whether the server is to answer for an attendee (RFC 6638 §7.1). */
export const isOurs = (property: JCalProperty): boolean =>
  isAttendee(property) && ['', 'SERVER'].includes(parameter(property, 'schedule-agent'))

export const componentsOf = ({ master, overrides }: ScheduleEvent): readonly Component[] =>
  master ? [master, ...overrides] : overrides

/** Whether an event is a meeting: it has somebody who organises it. */
export const isMeeting = (event: ScheduleEvent): boolean =>
  componentsOf(event).some(({ extra }) => extra.some(([name]) => name === 'organizer'))

/** The calendar addresses that the server is to answer for, in one component. */
export const addressesOf = ({ extra }: Component): readonly string[] => extra.filter(isOurs).map(addressIn)

/** The same in a whole event. */
export const addressesIn = (event: ScheduleEvent): ReadonlySet<string> =>
  new Set(componentsOf(event).flatMap(addressesOf))

/** The answer stands in the attendee itself; 2.0: delivered (RFC 6638 §3.2.9). */
const answered = (property: JCalProperty, partstat: 'ACCEPTED' | 'DECLINED'): JCalProperty => {
  const [name, { rsvp: _, ...parameters }, type, ...values] = property
  return [name, { ...parameters, partstat, 'schedule-status': '2.0' }, type, ...values]
}

/** People get their invitations from their own systems, so clients must not expect them from us (RFC 6638 §7.1). */
const leftToClient = (property: JCalProperty): JCalProperty => {
  const [name, parameters, type, ...values] = property
  return [name, { ...parameters, 'schedule-agent': 'CLIENT' }, type, ...values]
}

type Answers = (address: string) => 'ACCEPTED' | 'DECLINED' | null

const answer = <C extends Component>(component: C, answers: Answers): C => ({
  ...component,
  extra: component.extra.map(property => {
    if (!isOurs(property)) return property
    const partstat = answers(addressIn(property))
    return partstat ? answered(property, partstat) : leftToClient(property)
  }),
})

/** The event with `DECLINED` from one room, wherever that is invited. */
export const withRefusal = (event: ScheduleEvent, addresses: ReadonlySet<string>): ScheduleEvent => {
  const refuse = <C extends Component>(component: C): C => ({
    ...component,
    extra: component.extra.map(property =>
      isOurs(property) && addresses.has(addressIn(property)) ? answered(property, 'DECLINED') : property,
    ),
  })
  return { ...event, master: event.master && refuse(event.master), overrides: event.overrides.map(refuse) }
}

/** One occurrence of a series as a component of its own. */
const ownOverride = (master: Master, { startTime, endTime, recurrenceId }: Occurrence): Override | null => {
  if (!recurrenceId) return null
  const { rrules: _, exrules: __, rdates: ___, exdates: ____, ...component } = master
  return { ...component, start: startTime, end: endTime, recurrenceId, thisAndFuture: false }
}

const findRoom = (invited: readonly Invited[], address: string): Invited | undefined =>
  invited.find(({ addresses }) => addresses.has(address))

const isFull = ({ taken, total }: Invited): boolean => taken.length >= total

/**
 * The event with every invited room's answer in it: accepted, declined where all of it is taken, or accepted but for the
 * occurrences that are. Pure.
 */
export const withAnswers = (event: ScheduleEvent, invited: readonly Invited[]): ScheduleEvent => {
  const general: Answers = address => {
    const room = findRoom(invited, address)
    if (!room) return null
    return isFull(room) ? 'DECLINED' : 'ACCEPTED'
  }
  const takenAt = new Map<string, Set<Invited>>()
  for (const room of invited) {
    for (const { recurrenceId } of isFull(room) ? [] : room.taken) {
      const key = recurrenceId ? timeKey(recurrenceId) : ''
      takenAt.set(key, (takenAt.get(key) ?? new Set()).add(room))
    }
  }
  const at =
    (key: string): Answers =>
    address => {
      const room = findRoom(invited, address)
      return room && takenAt.get(key)?.has(room) ? 'DECLINED' : general(address)
    }
  const { master } = event
  const present = new Set(event.overrides.map(({ recurrenceId }) => timeKey(recurrenceId)))
  const occurrences = new Map(
    invited.flatMap(({ taken }) =>
      taken.flatMap(each => (each.recurrenceId ? [[timeKey(each.recurrenceId), each] as const] : [])),
    ),
  )
  const added = [...takenAt.keys()].flatMap(key => {
    const occurrence = occurrences.get(key)
    if (!master || !occurrence || present.has(key)) return []
    return ownOverride(master, occurrence) ?? []
  })
  const overrides = [...event.overrides, ...added].toSorted((a, b) =>
    timeKey(a.recurrenceId) < timeKey(b.recurrenceId) ? -1 : 1,
  )
  return {
    ...event,
    master: master && answer(master, general),
    overrides: overrides.map(override => answer(override, at(timeKey(override.recurrenceId)))),
  }
}

/** The resources that come with the invitation: rooms that accepted at least one occurrence. */
export const acceptedIds = (invited: readonly Invited[]): readonly number[] =>
  invited.filter(room => !isFull(room)).map(({ resourceId }) => resourceId)
