/** Who wrote what, with the body before and after: enough to see and undo any change. */
import type { Database, Row, SqlValue } from './database.ts'
import type { Actor, JournalEntry } from './types.ts'

const text = (value: Row[string] | undefined): string | null => (value == null ? null : String(value))
const list = (value: Row[string] | undefined): number[] | null => (value == null ? null : JSON.parse(String(value)))

const entry = (row: Row): JournalEntry => ({
  id: Number(row.id),
  at: Number(row.at),
  uid: String(row.uid),
  source: String(row.source),
  user: text(row.user_name),
  run: text(row.run),
  action: String(row.action) as JournalEntry['action'],
  before: text(row.before_body),
  after: text(row.after_body),
  resourcesBefore: list(row.before_resources),
  resourcesAfter: list(row.after_resources),
})

/** The state of an event as the journal keeps it. */
interface State {
  readonly body: string
  readonly resourceIds: readonly number[]
}

export async function addEntry(
  database: Database,
  actor: Actor,
  change: { readonly at: number; readonly uid: string; readonly before: State | null; readonly after: State | null },
): Promise<void> {
  const { at, uid, before, after } = change
  const action = before ? (after ? 'update' : 'delete') : 'create'
  await database.query(
    `INSERT INTO journal (id, at, uid, source, user_name, run, action, before_body, after_body, before_resources,
       after_resources)
     VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM journal), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[at, uid, actor.source, actor.user, actor.run, action, before?.body ?? null, after?.body ?? null],
      before && JSON.stringify(before.resourceIds),
      after && JSON.stringify(after.resourceIds),
    ],
  )
}

/** Newest first. */
export async function listEntries(
  database: Database,
  { uid, run, limit = 100 }: { readonly uid?: string; readonly run?: string; readonly limit?: number },
): Promise<JournalEntry[]> {
  const values: SqlValue[] = []
  const conditions: string[] = []
  if (uid !== undefined) conditions.push(`uid = $${values.push(uid)}`)
  if (run !== undefined) conditions.push(`run = $${values.push(run)}`)
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  values.push(limit)
  const rows = await database.query(`SELECT * FROM journal ${where} ORDER BY id DESC LIMIT $${values.length}`, values)
  return rows.map(entry)
}
