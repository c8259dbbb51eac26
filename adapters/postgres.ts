/** `Database` on PostgreSQL, through a pool of connections. */
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { Unavailable } from '../src/errors.ts'
import type { Database, Row, Snapshot, SqlValue } from '../src/store/database.ts'
import { checkText } from '../src/store/text.ts'

/** How long one statement may take, and how long a transaction may be idle, ms. */
const statementTimeout = 30_000
/** How often a transaction that the server gave up for the sake of others is run again. */
const attempts = 5
const pageSize = 500

/** int8 and numeric as numbers, bool as 0 or 1: what SQLite gives for the same statements. */
const parsers: { readonly [oid: number]: (text: string) => number } = {
  16: text => (text === 't' ? 1 : 0),
  20: Number,
  1700: Number,
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    parsers[oid] ?? pg.types.getTypeParser(oid, format ?? 'text')) as typeof pg.types.getTypeParser,
}

/** serialization_failure and deadlock_detected: the server asks to run the transaction again. */
const repeatable = new Set(['40001', '40P01'])

/** SQLSTATE classes and network errors that say the server cannot be used now, not that the statement is wrong. */
const unavailable = /^(?:08|53|57|58)|^(?:ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE)/

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

function readable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof Unavailable) return error
  const gone =
    unavailable.test(codeOf(error)) ||
    /^(?:Connection terminated|timeout exceeded|Cannot use a pool after|Client (?:has|was))/.test(error.message)
  if (!gone) return error
  return new Unavailable(`PostgreSQL cannot be used: ${error.message}`, {
    remedy: 'See that the server runs and that store.url is right',
    cause: error,
  })
}

async function run<R extends Row>(client: pg.Pool | pg.ClientBase, sql: string, values: readonly SqlValue[]) {
  for (const value of values) if (typeof value === 'string') checkText(value)
  try {
    return (await client.query<R>(sql, [...values])).rows
  } catch (error) {
    throw readable(error)
  }
}

class Postgres implements Database {
  readonly engine = 'postgres'
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  query<R extends Row>(sql: string, values: readonly SqlValue[] = []): Promise<R[]> {
    return run<R>(this.#pool, sql, values)
  }

  async transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#within('BEGIN', client => this.#attempt(client, work))
      } catch (error) {
        if (!repeatable.has(codeOf(error)) || attempt === attempts) throw error
        await wait(Math.random() * 20 * attempt)
      }
    }
  }

  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.#within('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', client => work(readingFrom(client)))
  }

  close(): Promise<void> {
    return this.#pool.ended ? Promise.resolve() : this.#pool.end()
  }

  async #attempt<T>(client: pg.ClientBase, work: (database: Database) => Promise<T>): Promise<T> {
    const inner = new Inner(client)
    try {
      return await work(inner)
    } finally {
      inner.end()
    }
  }

  async #within<T>(begin: string, work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw readable(error)
    })
    let broken: Error | undefined
    // A connection lost while nothing is asked of it is reported by an event; the next statement says it again.
    const onError = (error: Error) => {
      broken = error
    }
    client.on('error', onError)
    try {
      await run(client, begin, [])
      const value = await work(client)
      await run(client, 'COMMIT', [])
      return value
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: Error) => {
        broken = failure
      })
      throw error
    } finally {
      client.off('error', onError)
      client.release(broken)
    }
  }
}

/** What the work of a transaction sees. */
class Inner implements Database {
  readonly engine = 'postgres'
  readonly #client: pg.ClientBase
  #active = true
  #failure: { readonly error: unknown } | null = null

  constructor(client: pg.ClientBase) {
    this.#client = client
  }

  query<R extends Row>(sql: string, values: readonly SqlValue[] = []): Promise<R[]> {
    return this.#doomedBy(() => run<R>(this.#client, sql, values))
  }

  transaction<T>(work: (database: Database) => Promise<T>): Promise<T> {
    return this.#doomedBy(() => work(this))
  }

  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    return this.#doomedBy(() => work(readingFrom(this.#client)))
  }

  close(): Promise<void> {
    return Promise.reject(new TypeError('a transaction cannot close its database'))
  }

  /** @throws what made an earlier statement fail: COMMIT would undo everything without a word */
  end(): void {
    this.#active = false
    if (this.#failure) throw this.#failure.error
  }

  async #doomedBy<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#active) throw new TypeError('this transaction has ended: a statement came after it, unawaited')
    if (this.#failure) throw this.#failure.error
    try {
      return await work()
    } catch (error) {
      this.#failure ??= { error }
      throw error
    }
  }
}

const readingFrom = (client: pg.ClientBase): Snapshot => ({
  query: (sql, values = []) => run(client, sql, values),
  async *pages<R extends Row>(sql: string, values: readonly SqlValue[] = []) {
    await run(client, `DECLARE pages NO SCROLL CURSOR FOR ${sql}`, values)
    try {
      for (;;) {
        const page = await run<R>(client, `FETCH ${pageSize} FROM pages`, [])
        if (page.length > 0) yield page
        if (page.length < pageSize) return
      }
    } finally {
      await run(client, 'CLOSE pages', []).catch(() => {})
    }
  },
})

/** Opens a pool on a `postgres://` URL; the database it names exists already. @throws Unavailable */
export async function openPostgres(url: string): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    types,
    application_name: 'kaldav',
    connectionTimeoutMillis: 10_000,
    statement_timeout: statementTimeout,
    idle_in_transaction_session_timeout: statementTimeout,
  })
  // A connection that breaks while idle leaves the pool; whoever asks next gets a new one.
  pool.on('error', () => {})
  const database = new Postgres(pool)
  try {
    await database.query('SELECT 1')
  } catch (error) {
    await database.close()
    throw error
  }
  return database
}
