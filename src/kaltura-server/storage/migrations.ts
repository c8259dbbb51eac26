import type { Database } from '../../store/database.ts'

interface Migration {
  readonly id: string
  readonly sql: readonly string[]
}

/**
 * The account's tables, forward only. `own` holds what belongs to the row itself as JSON: an occurrence stores only what
 * differs from its series. The index table is what `list` searches, as Kaltura searches Sphinx: it may lag behind.
 */
export const kalturaMigrations: readonly Migration[] = [
  {
    id: '1-account',
    sql: [
      `CREATE TABLE kaltura_counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL)`,
      `CREATE TABLE kaltura_partner (id INTEGER PRIMARY KEY, name TEXT NOT NULL, secret TEXT NOT NULL,
         admin_secret TEXT NOT NULL, features TEXT NOT NULL, created_at BIGINT NOT NULL)`,
      `CREATE TABLE kaltura_user (partner_id BIGINT NOT NULL, id TEXT NOT NULL, created_at BIGINT NOT NULL,
         PRIMARY KEY (partner_id, id))`,
      `CREATE TABLE kaltura_app_token (id TEXT PRIMARY KEY, partner_id BIGINT NOT NULL, token TEXT NOT NULL,
         purpose TEXT, status BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, own TEXT NOT NULL)`,
      `CREATE TABLE kaltura_invalid_session (partner_id BIGINT NOT NULL, session_id TEXT NOT NULL, at BIGINT NOT NULL,
         PRIMARY KEY (partner_id, session_id))`,
    ],
  },
  {
    id: '2-schedule',
    sql: [
      `CREATE TABLE kaltura_event (id INTEGER PRIMARY KEY, partner_id BIGINT NOT NULL, parent_id BIGINT,
         type BIGINT NOT NULL, status BIGINT NOT NULL, recurrence_type BIGINT NOT NULL,
         start_date BIGINT NOT NULL, end_date BIGINT NOT NULL, duration BIGINT, priority BIGINT, sequence BIGINT NOT NULL,
         created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, own TEXT NOT NULL)`,
      `CREATE INDEX kaltura_event_parent ON kaltura_event (parent_id)`,
      `CREATE TABLE kaltura_event_index (id INTEGER PRIMARY KEY, partner_id BIGINT NOT NULL, parent_id BIGINT,
         type BIGINT NOT NULL, status BIGINT NOT NULL, recurrence_type BIGINT NOT NULL,
         start_date BIGINT NOT NULL, end_date BIGINT NOT NULL, priority BIGINT NOT NULL,
         created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, summary TEXT NOT NULL, owner TEXT NOT NULL,
         template_entry TEXT NOT NULL, source_entry TEXT NOT NULL, reference TEXT NOT NULL, tags TEXT NOT NULL,
         resources TEXT NOT NULL, resource_names TEXT NOT NULL, entries TEXT NOT NULL, categories TEXT NOT NULL,
         template_categories TEXT NOT NULL)`,
      `CREATE INDEX kaltura_index_parent ON kaltura_event_index (parent_id)`,
      `CREATE INDEX kaltura_index_start ON kaltura_event_index (partner_id, start_date)`,
      `CREATE INDEX kaltura_index_updated ON kaltura_event_index (partner_id, updated_at)`,
      `CREATE INDEX kaltura_index_reference ON kaltura_event_index (partner_id, reference)`,
      `CREATE TABLE kaltura_index_due (id INTEGER PRIMARY KEY, due_at BIGINT NOT NULL)`,
      `CREATE TABLE kaltura_resource (id INTEGER PRIMARY KEY, partner_id BIGINT NOT NULL, type BIGINT NOT NULL,
         status BIGINT NOT NULL, parent_id BIGINT, name TEXT NOT NULL, system_name TEXT NOT NULL,
         tags TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, own TEXT NOT NULL)`,
      `CREATE TABLE kaltura_event_resource (event_id BIGINT NOT NULL, resource_id BIGINT NOT NULL,
         partner_id BIGINT NOT NULL, id BIGINT NOT NULL, ancestors TEXT NOT NULL,
         created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, PRIMARY KEY (event_id, resource_id))`,
      `CREATE TABLE kaltura_entry (id TEXT PRIMARY KEY, partner_id BIGINT NOT NULL, class TEXT NOT NULL,
         type TEXT NOT NULL, status TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL,
         own TEXT NOT NULL)`,
      `CREATE TABLE kaltura_upload_token (id TEXT PRIMARY KEY, partner_id BIGINT NOT NULL, user_id TEXT NOT NULL,
         status BIGINT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, own TEXT NOT NULL)`,
      `CREATE INDEX kaltura_event_resource_resource ON kaltura_event_resource (resource_id)`,
    ],
  },
  {
    id: '3-bulk',
    sql: [
      `CREATE TABLE kaltura_bulk (id INTEGER PRIMARY KEY, partner_id BIGINT NOT NULL, kind TEXT NOT NULL,
         status BIGINT NOT NULL, file_name TEXT NOT NULL, content TEXT NOT NULL, events_type BIGINT NOT NULL,
         uploaded_by TEXT NOT NULL, uploaded_on BIGINT NOT NULL, error TEXT)`,
      `CREATE TABLE kaltura_bulk_result (job_id BIGINT NOT NULL, line BIGINT NOT NULL, own TEXT NOT NULL,
         PRIMARY KEY (job_id, line))`,
    ],
  },
  {
    id: '4-roles',
    sql: [
      `CREATE TABLE kaltura_role (id INTEGER PRIMARY KEY, partner_id BIGINT NOT NULL, system_name TEXT NOT NULL,
         name TEXT NOT NULL, description TEXT NOT NULL, permission_names TEXT NOT NULL, status BIGINT NOT NULL,
         created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL)`,
    ],
  },
]

/** Applies what is missing; safe to call at every start. */
export async function migrate(database: Database): Promise<void> {
  await database.query(`CREATE TABLE IF NOT EXISTS kaltura_migration (id TEXT PRIMARY KEY)`)
  for (const { id, sql } of kalturaMigrations)
    await database.transaction(async tx => {
      const fresh = await tx.query(
        `INSERT INTO kaltura_migration (id) VALUES ($1) ON CONFLICT (id) DO NOTHING RETURNING id`,
        [id],
      )
      if (fresh.length > 0) for (const statement of sql) await tx.query(statement)
    })
}
