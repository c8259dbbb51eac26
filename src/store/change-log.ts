/**
 * The change log: the newest change of every name in every calendar, under a token that only grows. It answers
 * sync-collection (RFC 6578) and tells bindings what to push. The names that were not removed are the members.
 */
import { CursorExpired } from '../errors.ts'
import { SCHEDULE } from '../schedule/event.ts'
import type { Database, Row, SqlValue } from './database.ts'
import { valueLists } from './sql.ts'
import type { CalendarChanges, Member } from './types.ts'

/** Rows read at a time: so many take a few milliseconds. */
const pageSize = 500
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

/** To read from: the members of all calendars. */
export const memberRows = '(SELECT resource_id, name, uid, etag FROM change WHERE etag IS NOT NULL)'

export async function tokenOf(database: Database, resourceId: number): Promise<number> {
  const [row] = await database.query('SELECT token FROM calendar WHERE resource_id = $1', [resourceId])
  return Number(row?.token ?? 0)
}

export interface Change {
  readonly resourceId: number
  readonly name: string
  readonly uid: string
  /** null: removed. */
  readonly etag: string | null
}

/**
 * The change log as one transaction writes it. Writers take turns (`Store.write`), so tokens are read once, counted here and
 * written by `settle`: numbers of a sequence would be committed out of order, and a reader in between would miss one for
 * good.
 */
export class ChangeWriter {
  readonly #database: Database
  readonly #now: number
  readonly #tokens = new Map<number, { token: number; settled: number }>()
  readonly #scheduleEtags = new Map<string, string>()

  constructor(database: Database, now: number) {
    this.#database = database
    this.#now = now
  }

  get wrote(): boolean {
    return this.#tokens.size > 0
  }

  /** Looks how far those calendars have come that have not been written to yet. */
  async #begin(resourceIds: readonly number[]): Promise<void> {
    for (const id of resourceIds) {
      if (this.#tokens.has(id)) continue
      const token = await tokenOf(this.#database, id)
      this.#tokens.set(id, { token, settled: token })
    }
  }

  #next(resourceId: number): number {
    const state = this.#tokens.get(resourceId)
    if (!state) throw new TypeError(`no token was taken for calendar ${resourceId}`)
    return ++state.token
  }

  #etagIn(resourceId: number, uid: string, etag: string, token: number): string {
    if (resourceId !== SCHEDULE) return etag
    const own = `${etag}-${token}`
    this.#scheduleEtags.set(uid, own)
    return own
  }

  /** The etag in the account schedule of an event that this transaction has written there. */
  scheduleEtag(uid: string): string {
    const etag = this.#scheduleEtags.get(uid)
    if (etag === undefined) throw new TypeError(`the event ${uid} was not written to the account schedule`)
    return etag
  }

  /** Brings members up to date, and logs that. An etag of the account schedule gets its token as a mark of its own. */
  async write(changes: readonly Change[]): Promise<void> {
    await this.#begin(changes.map(({ resourceId }) => resourceId))
    const rows = changes.map(({ resourceId, name, uid, etag }): SqlValue[] => {
      const token = this.#next(resourceId)
      return [resourceId, name, uid, etag && this.#etagIn(resourceId, uid, etag, token), token, token, this.#now]
    })
    for (const { text, values } of valueLists(rows)) {
      await this.#database.query(
        `INSERT INTO change (resource_id, name, uid, etag, token, born, at) VALUES ${text}
         ON CONFLICT (resource_id, name) DO UPDATE
         SET uid = excluded.uid, etag = excluded.etag, token = excluded.token, at = excluded.at`,
        values,
      )
    }
  }

  /** Writes how far the tokens have come. To be called before anything reads them, and at the end. */
  async settle(): Promise<void> {
    const moved = [...this.#tokens].filter(([, { token, settled }]) => token !== settled)
    for (const { text, values } of valueLists(moved.map(([resourceId, { token }]) => [resourceId, token, 0]))) {
      await this.#database.query(
        `INSERT INTO calendar (resource_id, token, floor) VALUES ${text}
         ON CONFLICT (resource_id) DO UPDATE SET token = excluded.token`,
        values,
      )
    }
    for (const [, state] of moved) state.settled = state.token
  }
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
  const { rows, last: read } = await newest(database, resourceId, from, Math.max(1, Math.min(limit, 1e9)) + 1)
  const truncated = rows.length > limit
  const given = truncated ? rows.slice(0, Math.max(1, limit)) : rows
  const last = truncated ? Number(given.at(-1)?.token ?? from) : read
  const changed: Member[] = []
  const removed: string[] = []
  for (const { name, member } of given) {
    if (member) changed.push(member)
    else removed.push(name)
  }
  const token = truncated ? (first ? firstRead.token(last, floor) : last) : Math.max(current, last)
  return { token, changed, removed, truncated }
}

interface Newest {
  readonly name: string
  readonly token: number
  /** `null`: removed. */
  readonly member: Member | null
}

function newestChange(row: Row): Newest {
  const [name, uid, etag] = [String(row.name), String(row.uid), row.etag]
  return { name, token: Number(row.token), member: etag == null ? null : { name, uid, etag: String(etag) } }
}

/**
 * The newest change of each name since a token, oldest first; `last`: up to where that is all. Tokens are committed in
 * their order, so no change can hide behind a later one; a name that changes while the pages are read comes once more.
 */
async function newest(
  database: Database,
  resourceId: number,
  from: number,
  most: number,
): Promise<{ readonly rows: readonly Newest[]; readonly last: number }> {
  const found = new Map<string, Newest>()
  for (let last = from; ; ) {
    const size = Math.min(pageSize, most - found.size)
    const page = await database.query(
      `SELECT name, uid, etag, token, born FROM change
       WHERE resource_id = $1 AND token > $2 AND (etag IS NOT NULL OR born <= $2) ORDER BY token LIMIT $3`,
      [resourceId, last, size],
    )
    for (const row of page) {
      const change = newestChange(row)
      const isKnown = found.delete(change.name)
      if (isKnown || change.member || Number(row.born) <= from) found.set(change.name, change)
    }
    last = Number(page.at(-1)?.token ?? last)
    if (page.length < size || found.size >= most) return { rows: [...found.values()], last }
  }
}

const expired = (token: number): CursorExpired =>
  new CursorExpired(`the change log does not reach back to ${token}`, { remedy: 'Read everything again, from 0' })

/** Forgets old removals, and remembers up to where the log has holes. */
export async function pruneChanges(database: Database, now: number): Promise<void> {
  await database.transaction(async tx => {
    await tx.query(
      `UPDATE calendar SET floor = COALESCE((SELECT MAX(token) FROM change
         WHERE change.resource_id = calendar.resource_id AND etag IS NULL AND at < $1), floor)`,
      [now - tombstoneAge],
    )
    await tx.query('DELETE FROM change WHERE etag IS NULL AND at < $1', [now - tombstoneAge])
  })
}
