/** The occurrence index: every time an event takes in every calendar it lies in, found by range. */
import { breathe } from '../breath.ts'
import { TooManyOccurrences } from '../errors.ts'
import type { ScheduleEvent } from '../schedule/event.ts'
import { occurrences, type Window } from '../schedule/recurrence.ts'
import { memberRows } from './change-log.ts'
import type { Database, Row, SqlValue } from './database.ts'
import { inPages } from './pages.ts'
import { rowOf, type Spread } from './spread.ts'
import { valueLists } from './sql.ts'
import type { OccurrenceRow } from './types.ts'

/** Blackouts of the whole account are indexed once more under this id, which no resource has. */
export const ACCOUNT = -1

const DAY = 86_400
/** Longer ones, in seconds, are looked for apart, so that a scan need not look further back than this. */
const LONG = 2 * DAY

/** What may be expanded for one question beyond the index. */
const beyondLimit = 10_000

const occurrence = (row: Row): OccurrenceRow => ({
  uid: String(row.uid),
  recurrenceId: row.recurrence_id === null ? null : String(row.recurrence_id),
  start: Number(row.start_at),
  end: Number(row.end_at),
  busy: row.busy === 1,
  blackout: row.blackout === 1,
})

/** $1 the calendar, $2 from, $3 to. */
export const rangeScan = `
  SELECT uid, recurrence_id, start_at, end_at, busy, blackout FROM occurrence
  WHERE resource_id = $1 AND is_long = 0 AND start_at > CAST($2 AS BIGINT) - ${LONG + 1} AND start_at < $3
    AND (end_at > $2 OR start_at >= $2)
  UNION ALL
  SELECT uid, recurrence_id, start_at, end_at, busy, blackout FROM occurrence
  WHERE resource_id = $1 AND is_long = 1 AND start_at < $3 AND end_at > $2`

/** Stretches of time that hold all rows, joined where less than `gap` lies between them. */
function stretches(rows: readonly Window[], gap: number): Window[] {
  const joined: { from: number; to: number }[] = []
  for (const { from, to } of rows.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last && from - last.to <= gap) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}

/**
 * What else is busy in a calendar around the times of `mine`, and perhaps a little beyond. A few plain range scans: unlike a
 * join, no planner reads them wrong on tables that have just been filled.
 */
export async function around(
  database: Database,
  resourceId: number,
  uid: string,
  mine: readonly OccurrenceRow[],
): Promise<OccurrenceRow[]> {
  // Blackouts of the account are few: one scan finds them.
  const gap = resourceId === ACCOUNT ? Number.POSITIVE_INFINITY : DAY
  const windows = stretches(
    mine.map(({ start, end }) => ({ from: start, to: end })),
    gap,
  )
  const found = new Map<string, OccurrenceRow>()
  for (const window of windows) {
    for (const row of await indexed(database, resourceId, window)) {
      if (row.busy && row.uid !== uid) found.set(JSON.stringify([row.uid, row.recurrenceId, row.start]), row)
    }
  }
  return [...found.values()]
}

/** Replaces what the index holds of an event; of one that is not `known` it holds nothing. */
export async function writeIndex(
  database: Database,
  uid: string,
  spreads: readonly (readonly [resourceId: number, spread: Spread])[],
  known = true,
): Promise<void> {
  if (known) await database.query('DELETE FROM occurrence WHERE uid = $1', [uid])
  const rows = spreads.flatMap(([resourceId, { rows }]) =>
    rows.map(({ start, end, busy, blackout, recurrenceId }): SqlValue[] => [
      ...[resourceId, Number(end - start > LONG), start, end, Number(busy), Number(blackout)],
      uid,
      recurrenceId,
    ]),
  )
  for (const { text, values } of valueLists(rows)) {
    await database.query(
      `INSERT INTO occurrence (resource_id, is_long, start_at, end_at, busy, blackout, uid, recurrence_id)
       VALUES ${text}`,
      values,
    )
  }
  const part = spreads.find(([, spread]) => spread.part)?.[1].part
  if (!part && known) await database.query('DELETE FROM rolling WHERE uid = $1', [uid])
  if (part) {
    await database.query(
      `INSERT INTO rolling (uid, index_from, index_to) VALUES ($1, $2, $3)
       ON CONFLICT (uid) DO UPDATE SET index_from = excluded.index_from, index_to = excluded.index_to`,
      [uid, part.from, part.to],
    )
  }
}

export async function dropIndex(database: Database, uid: string): Promise<void> {
  await database.query('DELETE FROM occurrence WHERE uid = $1', [uid])
  await database.query('DELETE FROM rolling WHERE uid = $1', [uid])
}

export const indexed = async (database: Database, resourceId: number, window: Window): Promise<OccurrenceRow[]> => {
  const found: OccurrenceRow[] = []
  await inPages(database, rangeScan, [resourceId, window.from, window.to], row => found.push(occurrence(row)))
  return found
}

/** A series that goes on, and the part of it that is indexed. */
export interface Rolling {
  readonly uid: string
  readonly part: Window
}

/** The series of a calendar that may have occurrences in the window beyond what is indexed of them. */
export async function rollingBeyond(database: Database, resourceId: number, window: Window): Promise<Rolling[]> {
  const [edge] = await database.query(
    'SELECT (SELECT MAX(index_from) FROM rolling) AS latest, (SELECT MIN(index_to) FROM rolling) AS earliest',
  )
  if (!edge || edge.earliest === null) return []
  if (window.from >= Number(edge.latest) && window.to <= Number(edge.earliest)) return []
  const rows = await database.query(
    `SELECT r.uid, r.index_from, r.index_to FROM rolling r JOIN ${memberRows} m ON m.uid = r.uid AND m.resource_id = $1
     WHERE r.index_from > $2 OR r.index_to < $3`,
    [resourceId, window.from, window.to],
  )
  return rows.map(row => ({ uid: String(row.uid), part: { from: Number(row.index_from), to: Number(row.index_to) } }))
}

const touches = ({ start, end }: OccurrenceRow, { from, to }: Window): boolean =>
  start < to && (end > from || start >= from)

/**
 * The occurrences of series in the window that the index does not hold.
 * @throws TooManyOccurrences
 */
export async function expandBeyond(
  series: readonly { readonly event: ScheduleEvent; readonly part: Window }[],
  window: Window,
  zone: string,
): Promise<OccurrenceRow[]> {
  const found: OccurrenceRow[] = []
  for (const { event, part } of series) {
    await breathe()
    const outside = [
      { from: window.from, to: Math.min(window.to, part.from) },
      { from: Math.max(window.from, part.to), to: window.to },
    ]
    for (const stretch of outside) {
      if (stretch.from >= stretch.to) continue
      const rows = occurrences(event, stretch, { zone }).map(each => rowOf(event, each))
      found.push(...rows.filter(row => !touches(row, part)))
      if (found.length <= beyondLimit) continue
      throw new TooManyOccurrences(`more than ${beyondLimit} occurrences beyond the index`, {
        remedy: 'Ask for a shorter time',
      })
    }
  }
  return found
}
