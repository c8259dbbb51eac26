/**
 * The account schedule: events, the calendars they lie in, what changed when, and what is in conflict. The only SQL of
 * the gateway is in this folder. Several processes may share a database; nothing is cached that could go stale.
 */
import { randomBytes } from 'node:crypto'
import { TooManyOccurrences } from '../errors.ts'
import { parseCache } from './body.ts'
import { pruneChanges } from './change-log.ts'
import type { Database, Row } from './database.ts'
import { migrate } from './migrate.ts'
import { Reader } from './reader.ts'
import { horizon } from './spread.ts'
import type { Actor } from './types.ts'
import { Writer } from './writer.ts'

export { ACCOUNT } from './occurrence-index.ts'
export type * from './types.ts'
export type { PutOptions, Writer } from './writer.ts'

/** Made once for a store, and kept in its backups. */
const etagKeyOf = async (database: Database): Promise<string> => {
  const made = randomBytes(16).toString('base64url')
  await database.query(`INSERT INTO meta (key, value) VALUES ('etag_key', $1) ON CONFLICT DO NOTHING`, [made])
  const [row] = await database.query(`SELECT value FROM meta WHERE key = 'etag_key'`)
  return String(row?.value ?? made)
}

export interface StoreOptions {
  /** IANA: the clock of the account schedule, and of calendars without one of their own. */
  readonly zone: string
  /** Epoch seconds. */
  readonly now?: () => number
}

/** Events indexed anew in one transaction. */
const roundBatch = 20

const upkeep: Actor = { source: 'upkeep', user: null, run: null }

export class Store extends Reader {
  readonly #listeners = new Set<() => void>()
  #resourceWrites = 0

  /** On tables that `migrate` has made; `open` does both. */
  constructor(database: Database, { zone, now = () => Math.floor(Date.now() / 1000) }: StoreOptions, etagKey = '') {
    super(database, { zone, now, parsed: parseCache(), etagKey })
  }

  /** Brings the tables up to date first. @throws KaldavError the database was made by a newer program */
  static async open(database: Database, options: StoreOptions): Promise<Store> {
    await migrate(database)
    const store = new Store(database, options, await etagKeyOf(database))
    await store.#adoptZone()
    return store
  }

  /**
   * Runs `work` as one transaction, durable when the promise resolves. Writers of a store take turns, so what `work`
   * reads stays true until it has written.
   */
  async write<T>(actor: Actor, work: (tx: Writer) => Promise<T>): Promise<T> {
    let [wrote, wroteResources] = [false, false]
    const result = await this.database.transaction(async database => {
      await takeTurn(database)
      const writer = new Writer(database, this.settings, actor)
      const value = await work(writer)
      wrote = await writer.finish()
      wroteResources = writer.wroteResources
      return value
    })
    if (wroteResources) this.#resourceWrites += 1
    if (wrote) for (const listener of this.#listeners) listener()
    return result
  }

  /** How many transactions of this process have changed resources: what was read of them before another count is old. */
  get resourceWrites(): number {
    return this.#resourceWrites
  }

  /** Calls `listener` after each write of this process that changed something. @returns how to stop that */
  onWrite(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Extends series that go on as time passes. To be called at start and daily. @returns how many were extended */
  async rollHorizon(): Promise<number> {
    const { to } = horizon(this.settings.now())
    return this.#reindex(await this.database.query('SELECT uid FROM rolling WHERE index_to < $1', [to]))
  }

  /** Where the configured zone is another than the last time, dates and floating times have moved in the schedule. */
  async #adoptZone(): Promise<void> {
    const [known] = await this.database.query(`SELECT value FROM meta WHERE key = 'zone'`)
    if (known?.value === this.zone) return
    if (known) await this.#reindex(await this.database.query('SELECT uid FROM event WHERE local_times = 1'))
    await this.database.query(
      `INSERT INTO meta (key, value) VALUES ('zone', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      [this.zone],
    )
  }

  async #reindex(rows: readonly Row[]): Promise<number> {
    for (let at = 0; at < rows.length; at += roundBatch) {
      await this.write(upkeep, async tx => {
        for (const { uid } of rows.slice(at, at + roundBatch)) await reindexed(tx, String(uid))
      })
    }
    return rows.length
  }

  /** Forgets removals older than 180 days. To be called daily. */
  prune(): Promise<void> {
    return pruneChanges(this.database, this.settings.now())
  }
}

/** A series that has become too much stays indexed as far as it is; beyond, it is expanded when asked for. */
async function reindexed(tx: Writer, uid: string): Promise<void> {
  try {
    await tx.reindex(uid)
  } catch (error) {
    if (!(error instanceof TooManyOccurrences)) throw error
  }
}

/** SQLite has one writer at a time. In PostgreSQL the row of the schedule is what they queue for. */
async function takeTurn(database: Database): Promise<void> {
  if (database.engine === 'postgres') {
    await database.query('SELECT token FROM calendar WHERE resource_id = 0 FOR UPDATE')
  }
}
