import type { Database, Row, SqlValue } from '../../store/database.ts'
import type { Call } from '../call.ts'
import { EventStatus, EventType, Recurrence } from '../schema/enums.ts'
import { putRows, rowsWhere } from '../storage/rows.ts'
import type { DateUnit } from './zone-clock.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

interface StoredRecurrence {
  readonly frequency: DateUnit
  readonly [field: string]: string | number
}

export interface Link {
  readonly offset: number
  readonly eventId: number
}

/**
 * What an event holds itself, by the names of the API; an occurrence holds only what was set on it. `screenStart` and
 * `screenEnd` are what a live event shows, while its row carries the times with the margins.
 */
export interface OwnFields {
  readonly [field: string]: Json | undefined
}

/** A row of kaltura_event. Times in epoch seconds. */
export interface Event {
  readonly id: number
  readonly partnerId: number
  readonly parentId: number | null
  readonly type: number
  readonly status: number
  readonly recurrenceType: number
  readonly startDate: number
  readonly endDate: number
  readonly duration: number | null
  readonly priority: number | null
  readonly sequence: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly own: OwnFields
}

export interface EventRow extends Row {
  readonly id: number
  readonly partner_id: number
  readonly parent_id: number | null
  readonly type: number
  readonly status: number
  readonly recurrence_type: number
  readonly start_date: number
  readonly end_date: number
  readonly duration: number | null
  readonly priority: number | null
  readonly sequence: number
  readonly created_at: number
  readonly updated_at: number
  readonly own: string
}

const COLUMNS = [
  'id',
  'partner_id',
  'parent_id',
  'type',
  'status',
  'recurrence_type',
  'start_date',
  'end_date',
  'duration',
  'priority',
  'sequence',
  'created_at',
  'updated_at',
  'own',
]

export const toEvent = (row: EventRow): Event => ({
  id: row.id,
  partnerId: row.partner_id,
  parentId: row.parent_id,
  type: row.type,
  status: row.status,
  recurrenceType: row.recurrence_type,
  startDate: row.start_date,
  endDate: row.end_date,
  duration: row.duration,
  priority: row.priority,
  sequence: row.sequence,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  own: JSON.parse(row.own) as OwnFields,
})

const values = (event: Event): SqlValue[] => [
  event.id,
  event.partnerId,
  event.parentId,
  event.type,
  event.status,
  event.recurrenceType,
  event.startDate,
  event.endDate,
  event.duration,
  event.priority,
  event.sequence,
  event.createdAt,
  event.updatedAt,
  JSON.stringify(event.own),
]

/** The account's event of this id, unless it is deleted: a deleted event is as if it had never been. */
export async function findEvent({ database, account }: Call, id: number): Promise<Event | null> {
  const [row] = await database.query<EventRow>(
    `SELECT * FROM kaltura_event WHERE id = $1 AND partner_id = $2 AND status <> $3`,
    [id, account.partner.id, EventStatus.deleted],
  )
  return row ? toEvent(row) : null
}

/** Events by id, deleted ones left out, in no order. */
export async function findEvents(database: Database, ids: readonly number[]): Promise<Event[]> {
  const rows = await rowsWhere<EventRow>(database, 'kaltura_event', 'id', ids)
  return rows.filter(row => row.status !== EventStatus.deleted).map(toEvent)
}

/** The occurrences of a series. */
export async function findChildren(database: Database, parentId: number): Promise<Event[]> {
  const rows = await database.query<EventRow>(
    `SELECT * FROM kaltura_event WHERE parent_id = $1 AND recurrence_type = $2 AND status <> $3 ORDER BY id`,
    [parentId, Recurrence.occurrence, EventStatus.deleted],
  )
  return rows.map(toEvent)
}

export async function storeEvents(database: Database, events: readonly Event[]): Promise<void> {
  await putRows(database, 'kaltura_event', COLUMNS, events.map(values), 'id')
}

export const textOf = (own: OwnFields, field: string): string | null => {
  const value = own[field]
  return typeof value === 'string' ? value : null
}

export const numberOf = (own: OwnFields, field: string): number | null => {
  const value = own[field]
  return typeof value === 'number' ? value : null
}

export function recurrenceOf(event: Event): StoredRecurrence | null {
  return (event.own.recurrence as StoredRecurrence | undefined) ?? null
}

export function linkOf(event: Event): Link | null {
  return (event.own.linkedTo as Link | undefined) ?? null
}

export const isLive = (event: Event): boolean => event.type === EventType.live
/** What a live event is prepared and wound down by, in seconds. */
export const preStart = (event: Event): number => (isLive(event) ? (numberOf(event.own, 'preStartTime') ?? 0) : 0)
export const postEnd = (event: Event): number => (isLive(event) ? (numberOf(event.own, 'postEndTime') ?? 0) : 0)
/** The times the API shows; a live event's are those on screen. */
export const shownStart = (event: Event): number =>
  isLive(event) ? (numberOf(event.own, 'screenStart') ?? event.startDate) : event.startDate
export const shownEnd = (event: Event): number =>
  isLive(event) ? (numberOf(event.own, 'screenEnd') ?? event.endDate) : event.endDate
