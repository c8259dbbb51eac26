import type { Database, Row } from './database.ts'
import type { Resource } from './types.ts'

const text = (value: Row[string] | undefined): string | null => (value == null ? null : String(value))

const resource = (row: Row): Resource => ({
  id: Number(row.id),
  systemName: String(row.system_name),
  name: String(row.name),
  type: String(row.type) as Resource['type'],
  description: text(row.description),
  tags: JSON.parse(String(row.tags)),
  parentId: row.parent_id == null ? null : Number(row.parent_id),
  entryId: text(row.entry_id),
  timeZone: String(row.time_zone),
  status: Number(row.status) as Resource['status'],
})

/** By id. */
export const listResources = async (database: Database): Promise<Resource[]> =>
  (await database.query('SELECT * FROM resource ORDER BY id')).map(resource)

export async function resourceById(database: Database, id: number): Promise<Resource | null> {
  const [row] = await database.query('SELECT * FROM resource WHERE id = $1', [id])
  return row ? resource(row) : null
}

export async function resourceByName(database: Database, systemName: string): Promise<Resource | null> {
  const [row] = await database.query('SELECT * FROM resource WHERE system_name = $1', [systemName])
  return row ? resource(row) : null
}

export async function saveResource(database: Database, of: Resource): Promise<void> {
  await database.query(
    `INSERT INTO resource (id, system_name, name, type, description, tags, parent_id, entry_id, time_zone, status)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (id) DO UPDATE SET system_name = excluded.system_name, name = excluded.name, type = excluded.type,
       description = excluded.description, tags = excluded.tags, parent_id = excluded.parent_id,
       entry_id = excluded.entry_id, time_zone = excluded.time_zone, status = excluded.status`,
    [
      ...[of.id, of.systemName, of.name, of.type, of.description, JSON.stringify(of.tags), of.parentId, of.entryId],
      ...[of.timeZone, of.status],
    ],
  )
}
