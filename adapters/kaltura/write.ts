/** Requests that write rows: only what differs is sent, never what Kaltura sets itself, and JSON null never. */
import { kalturaUid } from '../../src/schedule/ical-event.ts'
import { type Note, readComment, writeComment } from './note.ts'
import type { RowPlan } from './plan.ts'
import type { EventRow } from './rows.ts'
import { services } from './sdk.ts'
import type { Ask } from './session.ts'
import { BLACKOUT, type Content, contentOfRow } from './translate.ts'

/** A request within a multirequest. */
export interface Step {
  readonly ask: Ask
  /** Answers that mean as much as success. */
  readonly quiet?: readonly string[]
}

/** Requests that belong together; those after the first may name its result. @param first its place, from 1 */
export type Unit = (first: number) => readonly Step[]

type Patch = { readonly [field: string]: unknown }

const texts = ['summary', 'description', 'location', 'contact', 'tags'] as const
const entries = ['templateEntryId', 'entryIds', 'categoryIds'] as const
const numbers = ['classificationType', 'priority', 'geoLatitude', 'geoLongitude'] as const

const contentFields = (objectType: string): readonly (keyof Content)[] =>
  objectType === BLACKOUT ? [...texts, ...numbers] : [...texts, ...entries, ...numbers]

const isEmpty = (value: unknown): boolean => value === '' || value === 0

/** Clearing a field of an occurrence would show the series' value again, so an empty one is written there. */
const cleared = (field: string, value: unknown, row: EventRow): Patch =>
  row.recurrenceType === 2 ? { [field]: value } : { [`${field}__null`]: '' }

export function contentPatch(row: EventRow, content: Content): Patch {
  const shown = contentOfRow(row)
  const patch: Record<string, unknown> = {}
  for (const field of contentFields(row.objectType)) {
    if (shown[field] === content[field]) continue
    Object.assign(patch, isEmpty(content[field]) ? cleared(field, content[field], row) : { [field]: content[field] })
  }
  return patch
}

/** Where a writing stands is no part of what a note says. */
const lasting = (note: Note | null): Note | null => {
  if (!note) return null
  const { writing: _, done: __, pending: ___, ...rest } = note
  return Object.keys(rest).length > 0 ? rest : null
}

/** What of a comment an occurrence says by itself, and not because its series does. */
export function ownNote(row: EventRow): Note | null {
  const { note } = readComment(row.comment)
  return row.recurrenceType === 2 && note && note.rid === undefined && note.done === undefined ? null : note
}

/** @param note `writing`, `done` and `pending` count only where they are to be set or are there */
export function commentPatch(row: EventRow, text: string, note: Note | null): Patch {
  const own = ownNote(row)
  const shown = readComment(row.comment).text
  const same = writeComment(shown, lasting(own)) === writeComment(text, lasting(note))
  const marks = (of: Note | null) => JSON.stringify([of?.writing, of?.done, of?.pending])
  if (same && marks(own) === marks(note)) return {}
  const comment = writeComment(text, note)
  return comment === '' ? { comment__null: '' } : { comment }
}

/** Start and end go together, and with the length of a series (its end alone has no effect). */
export function timePatch(row: EventRow, { start, end, recurrence }: RowPlan): Patch {
  if (recurrence) {
    const shape = { recurrenceType: 1, recurrence: { objectType: 'KalturaScheduleEventRecurrence', ...recurrence } }
    return { ...shape, startDate: start, endDate: end, duration: end - start }
  }
  const single = row.recurrenceType === 1 ? { recurrenceType: 0 } : {}
  const moved = row.startDate !== start || row.endDate !== end || row.recurrenceType === 1
  return moved ? { ...single, startDate: start, endDate: end } : {}
}

/** An event whose UID is the one Kaltura makes of its id needs none written. */
export const referencePatch = (row: EventRow, uid: string): Patch =>
  row.recurrenceType === 2 || row.referenceId === uid || uid === kalturaUid(row.id) ? {} : { referenceId: uid }

/** What makes a row the one that is planned. */
export const rowPatch = (row: EventRow, plan: RowPlan, uid: string, note: Note | null): Patch => ({
  ...timePatch(row, plan),
  ...contentPatch(row, plan.content),
  ...commentPatch(row, plan.content.comment, note),
  ...referencePatch(row, uid),
})

/** All of a row, as it is first written. */
function rowFields(plan: RowPlan, uid: string, note: Note | null): Patch {
  const { content, start, end, recurrence } = plan
  const fields: Record<string, unknown> = {
    ...{ objectType: content.objectType, referenceId: uid, startDate: start, endDate: end },
    recurrenceType: recurrence ? 1 : 0,
    ...(recurrence && {
      duration: end - start,
      recurrence: { objectType: 'KalturaScheduleEventRecurrence', ...recurrence },
    }),
  }
  for (const field of contentFields(content.objectType)) if (!isEmpty(content[field])) fields[field] = content[field]
  const comment = writeComment(content.comment, note)
  return comment === '' ? fields : { ...fields, comment }
}

type Id = number | string

const addLink = (eventId: Id, resourceId: number): Step => ({
  ask: () => services.scheduleEventResource.add({ objectType: 'KalturaScheduleEventResource', eventId, resourceId }),
  quiet: ['SCHEDULE_EVENT_RESOURCE_ALREADY_EXISTS'],
})

const dropLink = (eventId: number, resourceId: number): Step => ({
  ask: () => services.scheduleEventResource.deleteAction(eventId, resourceId),
  quiet: ['INVALID_OBJECT_ID'],
})

const cancel = (id: Id): Step => ({ ask: () => services.scheduleEvent.cancel(id) })

/** A new row with its links, in one go: an event that is on no resource yet is never seen. */
export const createUnit =
  (plan: RowPlan, uid: string, note: Note | null, resourceIds: readonly number[], cancelled = false): Unit =>
  first => {
    const id = `{${first}:result:id}`
    const add: Step = { ask: () => services.scheduleEvent.add({ ...rowFields(plan, uid, note) }) }
    return [add, ...(cancelled ? [cancel(id)] : resourceIds.map(resourceId => addLink(id, resourceId)))]
  }

const updateStep = (row: EventRow, patch: Patch): Step => ({
  ask: () => services.scheduleEvent.update(row.id, { objectType: row.objectType, ...patch }),
})

export const updateUnit = (row: EventRow, patch: Patch): Unit[] =>
  Object.keys(patch).length > 0 ? [() => [updateStep(row, patch)]] : []

export function linkUnits(row: EventRow, now: readonly number[], wanted: readonly number[]): Unit[] {
  const added = wanted.filter(id => !now.includes(id)).map(id => addLink(row.id, id))
  // Resource 0 is nobody's to take away.
  const dropped = now.filter(id => id > 0 && !wanted.includes(id)).map(id => dropLink(row.id, id))
  return [...added, ...dropped].map(step => () => [step])
}

export const cancelUnit = (row: EventRow): Unit[] => (row.status === 1 ? [] : [() => [cancel(row.id)]])

/** An occurrence can only be cancelled (RECURRENCE_CANT_BE_DELETE). */
export const deleteUnit = (row: EventRow): Unit[] =>
  row.recurrenceType === 2
    ? cancelUnit(row)
    : [() => [{ ask: () => services.scheduleEvent.deleteAction(row.id), quiet: ['INVALID_OBJECT_ID'] }]]
