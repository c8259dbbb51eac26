/** Conflicts as rows, and the events they are about. */
import { hash } from 'node:crypto'
import type { Database, Row, SqlValue } from './database.ts'
import { inLists, placeholders, valueLists } from './sql.ts'
import type { Conflict, ConflictKind } from './types.ts'

/** The kinds that follow from the occurrence index; all others are told to the store and taken back by who told them. */
export const DERIVED: readonly ConflictKind[] = ['overlap', 'blackout']

const derivedList = DERIVED.map(kind => `'${kind}'`).join(', ')

const nullable = (value: Row[string] | undefined): number | null => (value == null ? null : Number(value))

const conflict = (row: Row): Conflict => ({
  id: String(row.id),
  kind: String(row.kind) as ConflictKind,
  resourceId: nullable(row.resource_id),
  uids: JSON.parse(String(row.uids)),
  start: nullable(row.start_at),
  end: nullable(row.end_at),
  source: row.source === null ? null : String(row.source),
  detail: JSON.parse(String(row.detail)),
  since: Number(row.since),
})

export const conflictId = (parts: readonly unknown[]): string =>
  hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 16)

const columns = 'c.id, c.kind, c.resource_id, c.uids, c.start_at, c.end_at, c.source, c.detail, c.since'

function byFirstOverlap(conflicts: readonly Conflict[]): Conflict[] {
  const order = ({ start, since, uids, id }: Conflict): string => {
    const [first, then] = [start ?? 1e12, since].map(time => String(time).padStart(15, '0'))
    return JSON.stringify([first, then, uids, id])
  }
  const sorted = conflicts.map(each => ({ each, key: order(each) }))
  return sorted.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ each }) => each)
}

/** The conflicts of many events, in the order of `listConflicts`. */
export async function conflictsOf(database: Database, uids: readonly string[]): Promise<Conflict[]> {
  const found = new Map<string, Conflict>()
  for (const part of inLists(uids)) {
    const rows = await database.query(
      `SELECT ${columns} FROM conflict c
       WHERE c.id IN (SELECT conflict_id FROM conflict_event WHERE uid IN (${placeholders(part.length)}))`,
      part,
    )
    for (const each of rows.map(conflict)) found.set(each.id, each)
  }
  return byFirstOverlap([...found.values()])
}

/** By their first overlap, those without one at the end. */
export async function listConflicts(
  database: Database,
  { resourceId, uid }: { readonly resourceId?: number; readonly uid?: string },
): Promise<Conflict[]> {
  const values: SqlValue[] = []
  const conditions: string[] = []
  if (resourceId !== undefined) conditions.push(`c.resource_id = $${values.push(resourceId)}`)
  if (uid !== undefined) {
    conditions.push(`c.id IN (SELECT conflict_id FROM conflict_event WHERE uid = $${values.push(uid)})`)
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  const rows = await database.query(`SELECT ${columns} FROM conflict c ${where}`, values)
  return byFirstOverlap(rows.map(conflict))
}

export const derivedConflicts = async (database: Database, uid: string): Promise<Conflict[]> =>
  (
    await database.query(
      `SELECT ${columns} FROM conflict_event e JOIN conflict c ON c.id = e.conflict_id
       WHERE e.uid = $1 AND c.kind IN (${derivedList})`,
      [uid],
    )
  ).map(conflict)

/** Conflicts that are not there yet. */
export async function addConflicts(database: Database, conflicts: readonly Conflict[]): Promise<void> {
  const rows = conflicts.map(({ id, kind, resourceId, uids, start, end, source, detail, since }): SqlValue[] => [
    ...[id, kind, resourceId, JSON.stringify(uids), start, end, source, JSON.stringify(detail), since],
  ])
  for (const { text, values } of valueLists(rows)) {
    await database.query(
      `INSERT INTO conflict (id, kind, resource_id, uids, start_at, end_at, source, detail, since) VALUES ${text}`,
      values,
    )
  }
  const about = conflicts.flatMap(({ id, uids }) => [...new Set(uids)].map((uid): SqlValue[] => [uid, id]))
  for (const { text, values } of valueLists(about)) {
    await database.query(`INSERT INTO conflict_event (uid, conflict_id) VALUES ${text}`, values)
  }
}

/** The new state of a conflict that is there; `since` stays. */
export async function changeConflict(database: Database, { id, start, end, detail }: Conflict): Promise<void> {
  await database.query('UPDATE conflict SET start_at = $2, end_at = $3, detail = $4 WHERE id = $1', [
    ...[id, start, end, JSON.stringify(detail)],
  ])
}

export async function conflictById(database: Database, id: string): Promise<Conflict | null> {
  const [row] = await database.query(`SELECT ${columns} FROM conflict c WHERE c.id = $1`, [id])
  return row ? conflict(row) : null
}

export async function deleteConflicts(database: Database, ids: readonly string[]): Promise<void> {
  for (const part of inLists(ids)) {
    await database.query(`DELETE FROM conflict WHERE id IN (${placeholders(part.length)})`, part)
    await database.query(`DELETE FROM conflict_event WHERE conflict_id IN (${placeholders(part.length)})`, part)
  }
}

export interface ConflictFilter {
  readonly uid?: string
  readonly kind?: ConflictKind
  readonly id?: string
  readonly source?: string
}

/** The conflicts that were told to the store and match all that is given. */
export async function toldConflicts(database: Database, filter: ConflictFilter): Promise<Conflict[]> {
  const values: SqlValue[] = []
  const conditions = [`c.kind NOT IN (${derivedList})`]
  for (const column of ['kind', 'id', 'source'] as const) {
    const value = filter[column]
    if (value !== undefined) conditions.push(`c.${column} = $${values.push(value)}`)
  }
  if (filter.uid !== undefined) {
    conditions.push(`c.id IN (SELECT conflict_id FROM conflict_event WHERE uid = $${values.push(filter.uid)})`)
  }
  const rows = await database.query(`SELECT ${columns} FROM conflict c WHERE ${conditions.join(' AND ')}`, values)
  return rows.map(conflict)
}
