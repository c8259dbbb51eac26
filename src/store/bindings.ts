/**
 * What the engine remembers: bindings (how far each side has been read) and shadows (what both last agreed on).
 * Plain functions over a Database, so that they run inside the transaction that writes the events.
 */
import { randomBytes } from 'node:crypto'
import { SCHEDULE, type ScheduleEvent } from '../schedule/event.ts'
import type { Database, Row } from './database.ts'
import { inPages } from './pages.ts'
import { inLists, placeholders } from './sql.ts'

/** The state of one binding. Times are epoch seconds. */
export interface BindingState {
  readonly id: string
  /** How far the binding has read our change log. */
  readonly token: number
  readonly dueAt: number
  /** Writes wait until then (quota); reads go on. */
  readonly writesAfter: number
  readonly failures: number
  readonly error: string | null
  readonly remedy: string | null
  readonly lastSuccess: number | null
  readonly frozen: boolean
  /** When the remote's promise to call us is to be renewed; 0: it has given none. */
  readonly watchUntil: number
  /** What its calls carry beside the token (`Watch.mark`); `null`: nothing, or no watch. */
  readonly watchMark: string | null
}

/** A remote ref as the sources give it (`RemoteRef`); the store only keeps it. */
interface StoredRef {
  readonly id: string
  readonly version: string
  readonly parts?: { readonly [key: string]: unknown }
}

const newBinding: Omit<BindingState, 'id'> = {
  ...{ token: 0, dueAt: 0, writesAfter: 0, failures: 0, error: null, remedy: null },
  ...{ lastSuccess: null, frozen: false, watchUntil: 0, watchMark: null },
}

/** What both sides last agreed on about one event. */
export interface ShadowState {
  readonly uid: string
  /** Where the remote copy is; `null`: the remote has none, as it refused to make one. */
  readonly remote: StoredRef | null
  /** The event as the remote keeps it; `null`: never agreed. */
  readonly base: ScheduleEvent | null
  /** The remote has deleted it, and the deletion waits for a person. */
  readonly held: boolean
  /** The content the remote refused for good (a hash): not offered again until it changes. */
  readonly refused: string | null
}

export const newShadow = (uid: string): ShadowState => ({ uid, remote: null, base: null, held: false, refused: null })

const text = (value: Row[string] | undefined): string | null =>
  value === null || value === undefined ? null : String(value)
const number = (value: Row[string] | undefined): number | null =>
  value === null || value === undefined ? null : Number(value)

const binding = (row: Row): BindingState => ({
  id: String(row.id),
  token: Number(row.token),
  dueAt: Number(row.due_at),
  writesAfter: Number(row.writes_after),
  failures: Number(row.failures),
  error: text(row.error),
  remedy: text(row.remedy),
  lastSuccess: number(row.last_success),
  frozen: Number(row.frozen) === 1,
  watchUntil: Number(row.watch_until),
  watchMark: text(row.watch_mark),
})

const shadow = (row: Row): ShadowState => ({
  uid: String(row.uid),
  remote: row.remote === null ? null : JSON.parse(String(row.remote)),
  base: row.base === null ? null : JSON.parse(String(row.base)),
  held: Number(row.held) === 1,
  refused: text(row.refused),
})

/** Makes the row of a binding where it has none yet; a new one is due at once. */
export async function ensureBinding(database: Database, id: string): Promise<void> {
  await database.query('INSERT INTO binding (id) VALUES ($1) ON CONFLICT (id) DO NOTHING', [id])
}

export async function bindings(database: Database): Promise<BindingState[]> {
  return (await database.query('SELECT * FROM binding ORDER BY id')).map(binding)
}

/** Of a binding that never ran: as a new one. */
export async function bindingState(database: Database, id: string): Promise<BindingState> {
  const [row] = await database.query('SELECT * FROM binding WHERE id = $1', [id])
  return row ? binding(row) : { id, ...newBinding }
}

const columns = {
  token: 'token',
  dueAt: 'due_at',
  writesAfter: 'writes_after',
  failures: 'failures',
  error: 'error',
  remedy: 'remedy',
  lastSuccess: 'last_success',
  frozen: 'frozen',
  watchUntil: 'watch_until',
  watchMark: 'watch_mark',
} as const satisfies Record<Exclude<keyof BindingState, 'id'>, string>

/** How far the binding has read its remote, in the words of its source; `null`: not at all. */
export async function cursorOf(database: Database, id: string): Promise<string | null> {
  const [row] = await database.query('SELECT cursor FROM binding_cursor WHERE binding_id = $1', [id])
  return text(row?.cursor)
}

export async function saveCursor(database: Database, id: string, cursor: string | null): Promise<void> {
  if (cursor === null) await database.query('DELETE FROM binding_cursor WHERE binding_id = $1', [id])
  else {
    await database.query(
      `INSERT INTO binding_cursor (binding_id, cursor) VALUES ($1, $2)
       ON CONFLICT (binding_id) DO UPDATE SET cursor = excluded.cursor`,
      [id, cursor],
    )
  }
}

/** Writes the given parts of a binding's state, and nothing else. */
export async function saveBinding(
  database: Database,
  id: string,
  state: Partial<Omit<BindingState, 'id'>>,
): Promise<void> {
  const names = Object.keys(state) as (keyof typeof columns)[]
  if (names.length === 0) return
  const sets = names.map((name, index) => `${columns[name]} = $${index + 2}`)
  const values = names.map(name => {
    const value = state[name] ?? null
    return typeof value === 'boolean' ? Number(value) : value
  })
  await database.query(`UPDATE binding SET ${sets.join(', ')} WHERE id = $1`, [id, ...values])
}

/** A secret of this database, made at its first use: 256 random bits, base64url. */
export async function secretOf(database: Database, name: string): Promise<string> {
  const made = randomBytes(32).toString('base64url')
  await database.query('INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING', [name, made])
  const [row] = await database.query('SELECT value FROM meta WHERE key = $1', [name])
  return String(row?.value)
}

/** Makes bindings due at `at` where they were due later; now: what a webhook or a local write does. */
export async function wakeBindings(database: Database, ids: readonly string[], at = 0): Promise<void> {
  for (const id of ids) await database.query('UPDATE binding SET due_at = $2 WHERE id = $1 AND due_at > $2', [id, at])
}

/**
 * Takes the right to run a binding until `until`, unless another owner holds it.
 * @returns whether it was taken
 */
export async function lease(
  database: Database,
  id: string,
  owner: string,
  now: number,
  until: number,
): Promise<boolean> {
  const taken = await database.query(
    `UPDATE binding SET lease_owner = $2, lease_until = $4
     WHERE id = $1 AND (lease_until <= $3 OR lease_owner = $2) RETURNING id`,
    [id, owner, now, until],
  )
  return taken.length > 0
}

/** Who has the right to run a binding, or was the last to have it; `null`: nobody ever. */
export async function leaseOwner(database: Database, id: string): Promise<string | null> {
  const [row] = await database.query('SELECT lease_owner FROM binding WHERE id = $1', [id])
  return text(row?.lease_owner)
}

export async function release(database: Database, id: string, owner: string): Promise<void> {
  await database.query('UPDATE binding SET lease_until = 0 WHERE id = $1 AND lease_owner = $2', [id, owner])
}

/**
 * The events a calendar's change log names since a token, oldest change first, and the token to go on from.
 * Deleted events are among them: a binding has to carry a deletion on.
 */
export async function changedUids(
  database: Database,
  resourceId: number,
  since: number,
  limit: number,
): Promise<{ uids: string[]; token: number }> {
  const rows = await database.query(
    'SELECT uid, token FROM change WHERE resource_id = $1 AND token > $2 ORDER BY token LIMIT $3',
    [resourceId, since, limit],
  )
  const last = rows.at(-1)
  return { uids: [...new Set(rows.map(({ uid }) => String(uid)))], token: last ? Number(last.token) : since }
}

/** Has a binding that has passed an event of ours in the change log look at it once more. */
export async function lookAgain(
  database: Database,
  { id, resourceId }: { readonly id: string; readonly resourceId: number | null },
  uid: string,
): Promise<void> {
  const row = 'SELECT MIN(token) FROM change WHERE resource_id = $2 AND uid = $3'
  await database.query(`UPDATE binding SET token = (${row}) - 1 WHERE id = $1 AND token >= (${row})`, [
    ...[id, resourceId ?? SCHEDULE, uid],
  ])
}

export async function shadowOf(database: Database, bindingId: string, uid: string): Promise<ShadowState | null> {
  const [row] = await database.query('SELECT * FROM shadow WHERE binding_id = $1 AND uid = $2', [bindingId, uid])
  return row ? shadow(row) : null
}

/** The uid that a remote id was last known under. */
export async function uidAt(database: Database, bindingId: string, remoteId: string): Promise<string | null> {
  const [row] = await database.query('SELECT uid FROM shadow WHERE binding_id = $1 AND remote_id = $2', [
    bindingId,
    remoteId,
  ])
  return row ? String(row.uid) : null
}

/** A shadow with a remote copy, without the copy. */
export interface ShadowId {
  readonly uid: string
  readonly remoteId: string
  /** Deleted there, and waiting for a person. */
  readonly held: boolean
}

const SHADOW_IDS = 'SELECT uid, remote_id, held FROM shadow WHERE binding_id = $1 AND remote_id IS NOT NULL'

const shadowId = (row: Row): ShadowId => ({
  uid: String(row.uid),
  remoteId: String(row.remote_id),
  held: Number(row.held) === 1,
})

/** All of them: enough to see what is absent. */
export async function shadowIds(database: Database, bindingId: string): Promise<ShadowId[]> {
  const found: ShadowId[] = []
  await inPages(database, SHADOW_IDS, [bindingId], row => found.push(shadowId(row)))
  return found
}

export async function heldShadows(database: Database, bindingId: string): Promise<ShadowId[]> {
  // No word of remote_id: SQLite would go through its index, which has all of them.
  const rows = await database.query('SELECT uid, remote_id, held FROM shadow WHERE binding_id = $1 AND held = 1', [
    bindingId,
  ])
  return rows.filter(row => row.remote_id !== null).map(shadowId)
}

/** Those of some remote ids. */
export async function shadowsAt(
  database: Database,
  bindingId: string,
  remoteIds: readonly string[],
): Promise<ShadowId[]> {
  const found: ShadowId[] = []
  for (const part of inLists(remoteIds)) {
    const sql = `${SHADOW_IDS} AND remote_id IN (${placeholders(part.length, 2)})`
    found.push(...(await database.query(sql, [bindingId, ...part])).map(shadowId))
  }
  return found
}

export async function countShadows(database: Database, bindingId: string): Promise<number> {
  const sql = 'SELECT COUNT(*) AS count FROM shadow WHERE binding_id = $1 AND remote_id IS NOT NULL'
  return Number((await database.query(sql, [bindingId]))[0]?.count ?? 0)
}

export async function saveShadow(database: Database, bindingId: string, state: ShadowState): Promise<void> {
  await database.query(
    `INSERT INTO shadow (binding_id, uid, remote_id, remote, base, held, refused) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (binding_id, uid) DO UPDATE SET remote_id = $3, remote = $4, base = $5, held = $6, refused = $7`,
    [
      bindingId,
      state.uid,
      state.remote?.id ?? null,
      state.remote && JSON.stringify(state.remote),
      state.base && JSON.stringify(state.base),
      Number(state.held),
      state.refused,
    ],
  )
}

export async function dropShadow(database: Database, bindingId: string, uid: string): Promise<void> {
  await database.query('DELETE FROM shadow WHERE binding_id = $1 AND uid = $2', [bindingId, uid])
}
