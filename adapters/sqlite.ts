/**
 * `Database` on `node:sqlite`. One connection writes, a second one only reads: what is read outside a transaction is
 * always committed. Several processes may open one file (WAL); nothing is cached here but prepared statements.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { breathe, turnSoFar } from '../src/breath.ts'
import { KaldavError, Unavailable } from '../src/errors.ts'
import type { Database, Row, Snapshot, SqlValue } from '../src/store/database.ts'
import { Connection, isBusy } from './sqlite/connection.ts'
import { LogFile } from './sqlite/log-file.ts'

/** How long a writer waits for another process, ms. */
const patience = 15_000
/** A group of transactions is committed after this time at the latest, ms, so that the first does not wait for the last. */
const groupTime = 25
const pageSize = 500
/** Of the event loop, ms: many ask at the same time. */
const longTurn = 2
/** A transaction takes at least this time of a turn, ms, however long that is: most need less, and waiting would double it. */
const ownTime = 2

/** A transaction that waits for its turn. */
interface Waiting {
  /** Never throws; the answer is given by `settle`, after the commit. */
  run(): Promise<void>
  settle(failure: unknown): void
}

type Answer<T> = { readonly value: T } | { readonly failure: unknown }

const isRead = (sql: string): boolean =>
  /^\s*(?:SELECT|VALUES|EXPLAIN)\b/i.test(sql) ||
  (/^\s*WITH\b/i.test(sql) && !/\b(?:INSERT|UPDATE|DELETE)\b/i.test(sql))

class Sqlite implements Database {
  readonly engine = 'sqlite'
  readonly #path: string
  readonly #writer: Connection
  /** `null` for a database in memory, which has one connection only: reads wait for their turn there. */
  readonly #reader: Connection | null
  /** `null` in memory. */
  readonly #log: LogFile | null
  readonly #queue: Waiting[] = []
  readonly #inside = new AsyncLocalStorage<{ active: boolean }>()
  #draining: Promise<void> | null = null
  #closed = false
  /** The disk has failed. */
  #fault: Unavailable | null = null

  constructor(path: string, writer: Connection, reader: Connection | null) {
    this.#path = path
    this.#writer = writer
    this.#reader = reader
    this.#log = reader && new LogFile(path)
  }

  async query<R extends Row>(sql: string, values: readonly SqlValue[] = []): Promise<R[]> {
    if (this.#reader && isRead(sql)) {
      await breathe()
      this.#checkOpen()
      return this.#reader.run<R>(sql, values)
    }
    return this.transaction(database => database.query<R>(sql, values))
  }

  async transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    if (this.#inside.getStore()?.active) {
      throw new TypeError('inside a transaction, write through the database it was given: this one waits for it to end')
    }
    this.#checkOpen()
    if (this.#fault) throw this.#fault
    return new Promise<T>((resolve, reject) => {
      let answer: Answer<T> | null = null
      this.#queue.push({
        run: async () => {
          answer = await this.#isolated(work)
        },
        settle: failure => {
          if (answer && 'failure' in answer) reject(answer.failure)
          else if (failure !== null || !answer) reject(failure)
          else resolve(answer.value)
        },
      })
      this.#draining ??= this.#drain()
    })
  }

  async snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    if (!this.#reader) return this.transaction(() => work(readingFrom(this.#writer)))
    this.#checkOpen()
    if (this.#fault) throw this.#fault
    const connection = new Connection(this.#path, { readOnly: true })
    try {
      connection.hold()
      // The newest commit may not be durable yet; nobody reads what could still be lost.
      if (this.#reader.inTransaction) await this.#sync()
      return await work(readingFrom(connection))
    } finally {
      connection.close()
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#draining
    this.#reader?.close()
    this.#writer.close()
    this.#log?.close()
  }

  #checkOpen(): void {
    if (this.#closed) throw new Unavailable('the database is closed')
  }

  /**
   * Runs what waits, in groups that share one commit: the wait for the disk is most of a write. While one group is on its
   * way to the disk, the next one does its work.
   */
  async #drain(): Promise<void> {
    let durable = Promise.resolve()
    while (this.#queue.length > 0) {
      const group: Waiting[] = []
      const failure = await this.#group(group, durable)
      durable =
        failure === null ? this.#answer(group) : refuse(group.length > 0 ? group : this.#queue.splice(0), failure)
      await breathe()
      if (this.#queue.length === 0) await durable
    }
    // In the same breath as the look at the queue: whatever is queued later begins anew.
    this.#draining = null
  }

  /** Fills a group, lets it do its work, and commits it once the one before is durable. @returns what went wrong */
  async #group(group: Waiting[], before: Promise<void>): Promise<unknown> {
    try {
      if (this.#log && this.#writer.wantsCheckpoint) {
        await before
        this.#writer.checkpoint()
      }
      await this.#begin()
      await this.#work(group)
      await before
      // Who came meanwhile comes along, and so does who was just answered and goes on writing: groups twice as large. In a
      // long turn they have come already, and each further one would be long as well.
      if (turnSoFar() < longTurn) for (let turn = 0; turn < 2; turn++) await setImmediate()
      await this.#work(group)
      this.#reader?.hold()
      this.#writer.exec('COMMIT')
      return null
    } catch (error) {
      await before
      if (this.#writer.inTransaction) this.#writer.exec('ROLLBACK')
      this.#reader?.release()
      return error
    }
  }

  async #work(group: Waiting[]): Promise<void> {
    const until = performance.now() + groupTime
    for (let next = this.#queue.shift(); next; next = performance.now() < until ? this.#queue.shift() : undefined) {
      group.push(next)
      await next.run()
      if (!this.#writer.inTransaction) throw new Unavailable('the database gave up a group of writes')
    }
  }

  /** Answers a committed group once it is durable; until then nobody reads what it wrote, as it could still be lost. */
  async #answer(group: readonly Waiting[]): Promise<void> {
    try {
      await this.#sync()
    } catch (failure) {
      return refuse(group, failure)
    }
    this.#reader?.release()
    for (const { settle } of group) settle(null)
  }

  /** All that has been committed until now is durable when this resolves. @throws Unavailable */
  async #sync(): Promise<void> {
    try {
      if (this.#fault) throw this.#fault
      await this.#log?.sync()
    } catch (error) {
      // Another sync would only seem to succeed: what the disk has, nobody can say any more.
      this.#fault ??= failed(this.#path, error)
      throw this.#fault
    }
  }

  /** Waits without holding the event loop while another process writes. */
  async #begin(): Promise<void> {
    const until = performance.now() + patience
    for (let delay = 1; ; delay = Math.min(delay * 2, 50)) {
      try {
        this.#writer.exec('BEGIN IMMEDIATE')
        return
      } catch (error) {
        if (!isBusy(error)) throw error
        if (performance.now() > until) throw busy(this.#path, error)
        await new Promise(resume => setTimeout(resume, delay))
      }
    }
  }

  /** One transaction of a group: its failure undoes its own writes and no others'. */
  async #isolated<T>(work: (database: Database) => Promise<T>): Promise<Answer<T>> {
    const state = { active: true }
    const inner = new Inner(this.#writer, state)
    try {
      this.#writer.run('SAVEPOINT one')
      const value = await this.#inside.run(state, () => work(inner))
      inner.end()
      this.#writer.run('RELEASE one')
      return { value }
    } catch (failure) {
      state.active = false
      if (this.#writer.inTransaction) this.#writer.exec('ROLLBACK TO one; RELEASE one')
      return { failure }
    }
  }
}

/** What the work of a transaction sees. */
class Inner implements Database {
  readonly engine = 'sqlite'
  readonly #connection: Connection
  readonly #state: { active: boolean }
  #failure: { readonly error: unknown } | null = null
  /** When it began, or last let others have their turn. */
  #began = performance.now()

  constructor(connection: Connection, state: { active: boolean }) {
    this.#connection = connection
    this.#state = state
  }

  async query<R extends Row>(sql: string, values: readonly SqlValue[] = []): Promise<R[]> {
    this.#check()
    const turn = performance.now() - this.#began < ownTime ? undefined : breathe()
    if (turn) {
      await turn
      this.#began = performance.now()
      this.#check()
    }
    try {
      return this.#connection.run<R>(sql, values)
    } catch (error) {
      throw this.#doomedBy(error)
    }
  }

  async transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    this.#check()
    return work(this).catch(error => {
      throw this.#doomedBy(error)
    })
  }

  async snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    this.#check()
    return work(readingFrom(this.#connection))
  }

  close(): Promise<void> {
    return Promise.reject(new TypeError('a transaction cannot close its database'))
  }

  /** @throws what made an earlier statement fail */
  end(): void {
    this.#state.active = false
    if (this.#failure) throw this.#failure.error
  }

  #check(): void {
    if (!this.#state.active) throw new TypeError('this transaction has ended: a statement came after it, unawaited')
    if (this.#failure) throw this.#failure.error
  }

  #doomedBy(error: unknown): unknown {
    this.#failure ??= { error }
    return error
  }
}

const readingFrom = (connection: Connection): Snapshot => ({
  async query<R extends Row>(sql: string, values: readonly SqlValue[] = []) {
    await breathe()
    return connection.run<R>(sql, values)
  },
  async *pages<R extends Row>(sql: string, values: readonly SqlValue[] = []) {
    let page: R[] = []
    for (const row of connection.iterate<R>(sql, values)) {
      if (page.push(row) < pageSize) continue
      yield page
      page = []
      await breathe()
    }
    if (page.length > 0) yield page
  },
})

async function refuse(group: readonly Waiting[], failure: unknown): Promise<void> {
  for (const { settle } of group) settle(failure)
}

const failed = (path: string, cause: unknown): Unavailable =>
  new Unavailable(`${path}: the disk has failed to take what was written`, {
    remedy: 'See whether the disk is sound, then start again: what was answered is there',
    cause,
  })

const busy = (path: string, cause: unknown): Unavailable =>
  new Unavailable(`${path}: another process has been writing to the database for ${patience / 1000} s`, {
    remedy: 'Wait until it has finished, or stop it',
    cause,
  })

/**
 * Opens, or makes, the database at `path` and the folder it lies in. `:memory:` is a database of its own that ends
 * with `close`.
 */
export async function openSqlite(path: string): Promise<Database> {
  const place = path === ':memory:' ? path : resolve(path)
  try {
    if (place !== ':memory:') mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
    const writer = new Connection(place, { readOnly: false })
    return new Sqlite(place, writer, place === ':memory:' ? null : new Connection(place, { readOnly: true }))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new KaldavError(`the database ${place} cannot be opened: ${reason}`, {
      remedy: 'See that the folder can be written and that the file is a SQLite database',
      cause: error,
    })
  }
}

/**
 * Holds the right to serve the database at `path` until the returned function is called or the process ends, however
 * it ends. Commands need no such right: they may work on the database while it is served.
 * @throws KaldavError another process serves it
 */
export function holdSqlite(path: string): () => void {
  const place = resolve(path)
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
  const lock = new DatabaseSync(`${place}-serve`, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw new KaldavError(`another kaldav already serves ${place}`, {
      remedy: 'Stop it first, or give this one a data directory of its own (KALDAV_DATA_DIR)',
      cause: error,
    })
  }
  return () => lock.close()
}
