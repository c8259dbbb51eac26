import type { Database } from '../../store/database.ts'
import { EVENT_TYPES } from '../schema/event-types.ts'
import { type Output, type OutputValue, project } from '../wire/output.ts'
import { admits, type Profile } from '../wire/profile.ts'
import { classOf } from './classes.ts'
import { type Event, findEvents, isLive, linkOf, recurrenceOf, shownEnd, shownStart } from './event.ts'

type Fields = { [field: string]: OutputValue }

/** Held in `own` but not shown by that name, or shown by a rule of its own. */
const HIDDEN = new Set(['screenStart', 'screenEnd', 'originalStartDate', 'recurrence', 'linkedTo', 'liveFeatures'])
const LIVE_DEFAULTS = { preStartTime: 0, postEndTime: 0, liveFeatures: [] } as const

function setIf(fields: Fields, name: string, value: OutputValue | undefined): void {
  if (value !== null && value !== undefined) fields[name] = value
}

const typed = (objectType: string, value: object | null): Output | null => value && ({ ...value, objectType } as Output)

/** The fields an event has itself, without what it inherits. */
function ownFields(event: Event): Fields {
  const fields: Fields = isLive(event) ? { ...LIVE_DEFAULTS } : {}
  for (const [name, value] of Object.entries(event.own))
    if (!HIDDEN.has(name)) setIf(fields, name, value as OutputValue | undefined)
  fields.id = event.id
  fields.partnerId = event.partnerId
  setIf(fields, 'parentId', event.parentId)
  fields.status = event.status
  fields.startDate = shownStart(event)
  fields.endDate = shownEnd(event)
  setIf(fields, 'duration', event.duration)
  setIf(fields, 'priority', event.priority)
  fields.sequence = event.sequence
  fields.recurrenceType = event.recurrenceType
  fields.createdAt = event.createdAt
  fields.updatedAt = event.updatedAt
  setIf(fields, 'recurrence', typed('KalturaScheduleEventRecurrence', recurrenceOf(event)))
  setIf(fields, 'linkedTo', typed('KalturaLinkedScheduleEvent', linkOf(event)))
  setIf(fields, 'liveFeatures', event.own.liveFeatures as OutputValue | undefined)
  if (classOf(event.type).entry) fields.blackoutConflicts = []
  return fields
}

/** Names every event class has an accessor for, so that inheritance can fill them. */
const inheritable = new Set(Object.values(EVENT_TYPES).flatMap(table => table.fields.map(field => field.name)))

/**
 * An event as the API answers it. Every field an occurrence does not have itself is filled from its series, `referenceId`
 * and `recurrence` included. With an INCLUDE profile whose fields the occurrence all has, Kaltura asks the series for
 * "no fields", which means all: the answer is then the series itself, id and all (Kaltura: KalturaScheduleEvent::doFromObject).
 */
function presentEvent(event: Event, parent: Event | null, profile: Profile | null): Output {
  const { objectType } = classOf(event.type)
  const own = project({ ...ownFields(event), objectType }, profile)
  if (!parent) return own
  const missing = profile?.include ? profile.fields.filter(field => own[field] === undefined) : null
  if (missing && profile && profile.fields.length > 0 && missing.length === 0)
    return { ...own, ...ownFields(parent), objectType }
  const result: Record<string, OutputValue | undefined> = { ...own }
  for (const [name, value] of Object.entries(ownFields(parent))) {
    const empty = result[name] === undefined || (isLive(event) && isEmptyLive(result[name]))
    if (empty && inheritable.has(name) && admits(profile, name)) result[name] = value
  }
  return { ...result, objectType }
}

/** A live event asks its series where its own value is nothing (Kaltura: LiveStreamScheduleEvent::getFromCustomData). */
const isEmptyLive = (value: OutputValue | undefined): boolean =>
  value === 0 || value === '' || (Array.isArray(value) && value.length === 0)

/** Presents events in their order, with their series read once. */
export async function presentEvents(
  database: Database,
  events: readonly Event[],
  profile: Profile | null,
): Promise<Output[]> {
  const known = new Map(events.map(event => [event.id, event]))
  const wanted = new Set<number>()
  for (const { parentId } of events) if (parentId !== null && !known.has(parentId)) wanted.add(parentId)
  for (const parent of await findEvents(database, [...wanted])) known.set(parent.id, parent)
  return events.map(event =>
    presentEvent(event, event.parentId === null ? null : (known.get(event.parentId) ?? null), profile),
  )
}
