import type { Database, Row, SqlValue } from '../../store/database.ts'
import type { Conditions } from '../storage/rows.ts'
import type { Output, OutputValue } from '../wire/output.ts'

/** Kaltura's numbers for entries, which are texts on the wire. */
export const EntryStatus = { importing: '0', ready: '2', deleted: '3', pending: '4', noContent: '7' } as const
export const EntryType = { media: '1', live: '7' } as const

type Own = { readonly [field: string]: string | number | boolean }

/** A media entry or a live stream. */
export interface Entry {
  readonly id: string
  readonly partnerId: number
  /** The class on the wire. */
  readonly objectType: string
  readonly type: string
  readonly status: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly own: Own
}

interface EntryRow extends Row {
  readonly id: string
  readonly partner_id: number
  readonly class: string
  readonly type: string
  readonly status: string
  readonly created_at: number
  readonly updated_at: number
  readonly own: string
}

const toEntry = (row: EntryRow): Entry => ({
  id: row.id,
  partnerId: row.partner_id,
  objectType: row.class,
  type: row.type,
  status: row.status,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  own: JSON.parse(row.own) as Own,
})

/** The entry of this id that is not deleted. */
export async function findEntry(database: Database, partnerId: number, id: string): Promise<Entry | null> {
  const [row] = await database.query<EntryRow>(
    `SELECT * FROM kaltura_entry WHERE id = $1 AND partner_id = $2 AND status <> $3`,
    [id, partnerId, EntryStatus.deleted],
  )
  return row ? toEntry(row) : null
}

export async function findEntriesWhere(
  database: Database,
  where: Conditions,
  order: string,
  page: { readonly size: number; readonly offset: number },
): Promise<{ entries: Entry[]; total: number }> {
  const counted = await database.query<{ total: number }>(
    `SELECT count(*) AS total FROM kaltura_entry WHERE ${where.sql}`,
    where.values,
  )
  const rows = await database.query<EntryRow>(
    `SELECT * FROM kaltura_entry WHERE ${where.sql} ORDER BY ${order} LIMIT ${page.size} OFFSET ${page.offset}`,
    where.values,
  )
  return { entries: rows.map(toEntry), total: Number(counted[0]?.total ?? 0) }
}

export async function storeEntry(database: Database, entry: Entry): Promise<Entry> {
  const values: SqlValue[] = [
    entry.id,
    entry.partnerId,
    entry.objectType,
    entry.type,
    entry.status,
    entry.createdAt,
    entry.updatedAt,
    JSON.stringify(entry.own),
  ]
  await database.query(
    `INSERT INTO kaltura_entry (id, partner_id, class, type, status, created_at, updated_at, own)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET
       class = excluded.class, status = excluded.status, updated_at = excluded.updated_at, own = excluded.own`,
    values,
  )
  return entry
}

export const presentEntry = (entry: Entry): Output => ({
  ...(entry.own as { readonly [field: string]: OutputValue }),
  id: entry.id,
  partnerId: entry.partnerId,
  type: entry.type,
  status: entry.status,
  createdAt: entry.createdAt,
  updatedAt: entry.updatedAt,
  objectType: entry.objectType,
})
