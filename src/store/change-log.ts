/**
 * The change log: the newest change of every name in every calendar, under a token that only grows. It answers
 * sync-collection (RFC 6578) and tells bindings what to push.
 */
import { CursorExpired } from '../errors.ts'
import type { Database } from './database.ts'
import type { CalendarChanges, Member } from './types.ts'

/** How long removals are remembered, seconds. */
export const tombstoneAge = 180 * 86_400

/**
 * A first read that is under way has tokens of its own: its pages begin below what has been pruned, which is no fault of
 * the reader. They hold while nothing more is pruned, and have 15 digits.
 */
const firstRead = {
  base: 500_000_000_000_000,
  step: 100_000_000_000,
  is: (token: number): boolean => token >= firstRead.base,
  token: (last: number, floor: number): number => firstRead.base + (floor % 4000) * firstRead.step + last,
  last: (token: number): number => (token - firstRead.base) % firstRead.step,
}

export async function tokenOf(database: Database, resourceId: number): Promise<number> {
  const [row] = await database.query('SELECT token FROM calendar WHERE resource_id = $1', [resourceId])
  return Number(row?.token ?? 0)
}

/**
 * Logs a change and gives it its token. Taken by UPDATE in the transaction that writes: numbers of a sequence would be
 * committed out of order, and a reader in between would miss one for good.
 */
export async function logChange(
  database: Database,
  change: { readonly resourceId: number; readonly name: string; readonly uid: string; readonly removed: boolean },
  now: number,
): Promise<number> {
  const { resourceId, name, uid, removed } = change
  const [row] = await database.query(
    `INSERT INTO calendar (resource_id, token, floor) VALUES ($1, 1, 0)
     ON CONFLICT (resource_id) DO UPDATE SET token = calendar.token + 1 RETURNING token`,
    [resourceId],
  )
  const token = Number(row?.token)
  await database.query(
    `INSERT INTO change (resource_id, name, uid, token, removed, born, at) VALUES ($1, $2, $3, $4, $5, $4, $6)
     ON CONFLICT (resource_id, name) DO UPDATE
     SET uid = excluded.uid, token = excluded.token, removed = excluded.removed, at = excluded.at`,
    [resourceId, name, uid, token, Number(removed), now],
  )
  return token
}

/**
 * What has changed in a calendar since a token; 0 is before everything. A name that came and went since is left out, as
 * far as that is known.
 * @throws CursorExpired the token was never given, or the log no longer reaches back to it
 */
export async function changesSince(
  database: Database,
  resourceId: number,
  since: number,
  limit = Number.MAX_SAFE_INTEGER,
): Promise<CalendarChanges> {
  const first = since === 0 || firstRead.is(since)
  const from = firstRead.is(since) ? firstRead.last(since) : since
  const [calendar] = await database.query('SELECT token, floor FROM calendar WHERE resource_id = $1', [resourceId])
  const [current, floor] = [Number(calendar?.token ?? 0), Number(calendar?.floor ?? 0)]
  const holds = first ? since === 0 || since === firstRead.token(from, floor) : since >= floor
  if (!Number.isSafeInteger(since) || since < 0 || from > current || !holds) throw expired(since)
  // One statement is one point in time, and tokens are committed in their order: no change can hide behind a later one.
  const rows = await database.query(
    `SELECT c.name, c.uid, c.token, c.removed, m.etag FROM change c
     LEFT JOIN member m ON m.resource_id = c.resource_id AND m.name = c.name
     WHERE c.resource_id = $1 AND c.token > $2 AND (c.removed = 0 OR c.born <= $2) ORDER BY c.token LIMIT $3`,
    [resourceId, from, Math.max(1, Math.min(limit, 1e9)) + 1],
  )
  const truncated = rows.length > limit
  const given = truncated ? rows.slice(0, Math.max(1, limit)) : rows
  const last = Number(given.at(-1)?.token ?? from)
  const changed: Member[] = []
  const removed: string[] = []
  for (const row of given) {
    if (row.etag === null) removed.push(String(row.name))
    else changed.push({ name: String(row.name), uid: String(row.uid), etag: String(row.etag) })
  }
  const token = truncated ? (first ? firstRead.token(last, floor) : last) : Math.max(current, last)
  return { token, changed, removed, truncated }
}

const expired = (token: number): CursorExpired =>
  new CursorExpired(`the change log does not reach back to ${token}`, { remedy: 'Read everything again, from 0' })

/** Forgets old removals, and remembers up to where the log has holes. */
export async function pruneChanges(database: Database, now: number): Promise<void> {
  await database.transaction(async tx => {
    await tx.query(
      `UPDATE calendar SET floor = COALESCE((SELECT MAX(token) FROM change
         WHERE change.resource_id = calendar.resource_id AND removed = 1 AND at < $1), floor)`,
      [now - tombstoneAge],
    )
    await tx.query('DELETE FROM change WHERE removed = 1 AND at < $1', [now - tombstoneAge])
  })
}
