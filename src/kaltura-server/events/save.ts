import type { SqlValue } from '../../store/database.ts'
import type { Call } from '../call.ts'
import { Recurrence } from '../schema/enums.ts'
import { Conditions } from '../storage/rows.ts'
import { type Event, findChildren, findEvent, storeEvents } from './event.ts'
import { familyOf, indexEvents, indexStored } from './index-entry.ts'

/** Kaltura steps a version to the next that ends in the data centre's digit: 1 → 12 → 22 (kDataCenterMgr, centre 0). */
export const nextSequence = (sequence: number): number => Math.ceil(sequence / 10) * 10 + 2

const whenSeen = (call: Call) => ({ now: call.now, lag: call.account.faults?.lag ?? 0 })

const reindex = (call: Call, ids: readonly number[]): Promise<void> => indexEvents(call.database, ids, whenSeen(call))

/** Writes events and lets the index know. */
export async function saveEvents(call: Call, events: readonly Event[]): Promise<void> {
  await storeEvents(call.database, events)
  await indexStored(call.database, events, whenSeen(call))
}

/** Occurrences are deleted for good: no row stays, and nothing tells that they were there. Their links stay behind. */
export async function deleteChildren(call: Call, parentId: number, keep: readonly number[] = []): Promise<void> {
  const kept = new Set(keep)
  const gone = (await findChildren(call.database, parentId)).map(event => event.id).filter(id => !kept.has(id))
  for (let at = 0; at < gone.length; at += 500) {
    const where = new Conditions().oneOf('id', gone.slice(at, at + 500) as SqlValue[])
    await call.database.query(`DELETE FROM kaltura_event WHERE ${where.sql}`, where.values)
  }
  await reindex(call, gone)
}

/** A link was made or taken away: the event moves, and with a series the index entries of its occurrences. */
export async function touchEvent(call: Call, eventId: number): Promise<void> {
  const event = await findEvent(call, eventId)
  if (!event) return
  await storeEvents(call.database, [{ ...event, updatedAt: call.now }])
  await reindex(call, event.recurrenceType === Recurrence.series ? await familyOf(call.database, eventId) : [eventId])
}

/** Takes the event's own links away (cancel and delete do). */
export async function dropLinks(call: Call, eventId: number): Promise<void> {
  await call.database.query(`DELETE FROM kaltura_event_resource WHERE event_id = $1`, [eventId])
}

/** Whoever owns something is a user of the account from then on. */
export async function rememberUser(call: Call, id: string): Promise<void> {
  await call.database.query(
    `INSERT INTO kaltura_user (partner_id, id, created_at) VALUES ($1, $2, $3) ON CONFLICT (partner_id, id) DO NOTHING`,
    [call.account.partner.id, id, call.now],
  )
}

/** The template entry's categories changed: the events on it move in the list. */
export async function touchEventsOn(call: Call, templateEntryId: string): Promise<void> {
  const rows = await call.database.query<{ id: number }>(
    `SELECT id FROM kaltura_event_index WHERE template_entry = $1 AND partner_id = $2`,
    [templateEntryId, call.account.partner.id],
  )
  for (const { id } of rows) await touchEvent(call, id)
}
