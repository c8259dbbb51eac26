import type { Database, SqlValue } from '../../store/database.ts'
import { EventStatus, EventType, Recurrence } from '../schema/enums.ts'
import { Conditions } from '../storage/rows.ts'

/** Which of these entry events does a blackout fall into, by its own times? (Kaltura: EntryScheduleEvent::getBlackoutConflicts) */
export async function hasBlackoutConflict(database: Database, eventIds: readonly number[]): Promise<Set<number>> {
  if (eventIds.length === 0) return new Set()
  const where = new Conditions().oneOf('e.id', [...new Set(eventIds)] as SqlValue[])
  const rows = await database.query<{ id: number }>(
    `SELECT DISTINCT e.id AS id FROM kaltura_event e JOIN kaltura_event_index b
       ON b.partner_id = e.partner_id AND b.type = ${EventType.blackout} AND b.status = ${EventStatus.active}
      AND b.recurrence_type <> ${Recurrence.series} AND b.start_date < e.end_date AND b.end_date > e.start_date
     WHERE ${where.sql} AND e.type NOT IN (${EventType.blackout}, ${EventType.virtual})`,
    where.values,
  )
  return new Set(rows.map(row => row.id))
}
