import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { Unavailable } from '../../src/errors.ts'
import type { Row, SqlValue } from '../../src/store/database.ts'
import { checkText } from '../../src/store/text.ts'

/** Statements kept prepared; the program has some two hundred. */
const statementLimit = 500
/** A process that recovers or closes the file holds it for moments, ms. */
const shortWait = 250

/**
 * The writer's only wait is for its turn, and that is the queue's business: waiting here would hold the event loop. What
 * is committed becomes durable by `LogFile`; checkpoints are made between groups, when nobody reads an older state. What
 * would undo one transaction of a group is kept in memory: in a file it was most of what was written.
 */
const settings = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = 0;
  PRAGMA foreign_keys = ON;
  PRAGMA cache_size = -8000;
  PRAGMA busy_timeout = 0;
  PRAGMA temp_store = MEMORY;
`

interface Prepared {
  readonly statement: StatementSync
  /** Which value each `?` stands for. */
  readonly order: readonly number[]
  /** How many values there are. */
  readonly count: number
}

/** Pages of 4 kB in the log, from which on they are brought into the database. */
const longLog = 1000

/** A connection and its prepared statements. Everything here is synchronous. */
export class Connection {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<string, Prepared>()

  constructor(path: string, { readOnly }: { readonly readOnly: boolean }) {
    this.#database = new DatabaseSync(path, { readOnly, timeout: shortWait })
    try {
      this.#database.exec(readOnly ? 'PRAGMA cache_size = -8000' : settings)
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  /** False after SQLite has given up a transaction by itself (disk full, I/O error). */
  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  run<R extends Row>(sql: string, values: readonly SqlValue[] = []): R[] {
    try {
      const prepared = this.#prepare(sql)
      return prepared.statement.all(...bound(prepared, values)) as unknown as R[]
    } catch (error) {
      throw asUnavailable(error)
    }
  }

  /** Row by row, by a statement of its own: one that is kept may be run again before this has come to its end. */
  iterate<R extends Row>(sql: string, values: readonly SqlValue[] = []): Iterable<R> {
    const prepared = this.#newlyPrepared(sql)
    return prepared.statement.iterate(...bound(prepared, values)) as unknown as Iterable<R>
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  /** Whatever others commit, this connection reads what is there now, until `release`. */
  hold(): void {
    if (this.inTransaction) return
    this.exec('BEGIN')
    // A read transaction begins with its first read, not with BEGIN.
    this.run('SELECT 1 FROM sqlite_master LIMIT 1')
  }

  release(): void {
    if (this.inTransaction) this.exec('COMMIT')
  }

  /** Whether the log has become long and all of it may be brought into the database. */
  get wantsCheckpoint(): boolean {
    const [state] = this.run<{ log: number }>('PRAGMA wal_checkpoint(NOOP)')
    return (state?.log ?? 0) > longLog
  }

  /** Does what nobody stands in the way of. */
  checkpoint(): void {
    this.run('PRAGMA wal_checkpoint(PASSIVE)')
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #newlyPrepared(sql: string): Prepared {
    // Bound by position: SQLite looks for each name from the beginning, which is slow for many rows.
    const order: number[] = []
    const text = sql.replaceAll(/\$(\d+)/g, (_, number: string) => {
      order.push(Number(number) - 1)
      return '?'
    })
    return { statement: this.#database.prepare(text), order, count: Math.max(-1, ...order) + 1 }
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known) return known
    const prepared = this.#newlyPrepared(sql)
    const [oldest] = this.#prepared.keys()
    if (this.#prepared.size >= statementLimit && oldest !== undefined) this.#prepared.delete(oldest)
    this.#prepared.set(sql, prepared)
    return prepared
  }
}

type Bound = string | number | bigint | null

function bound({ order, count }: Prepared, values: readonly SqlValue[]): Bound[] {
  if (count !== values.length) throw new TypeError(`${values.length} values for ${count} placeholders`)
  return order.map(index => asBound(values[index] ?? null))
}

/** A number is bound as a floating one; only a bigint reaches SQLite as an integer. */
function asBound(value: SqlValue): Bound {
  if (typeof value === 'string') checkText(value)
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
}

const codeOf = (error: unknown): number | null =>
  error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null

/** SQLITE_BUSY: another process is in the way. */
export const isBusy = (error: unknown): boolean => codeOf(error) === 5

/** Result codes (sqlite.org/rescode.html) that say something of the machine rather than of the statement. */
const remedies: { readonly [code: number]: string } = {
  5: 'Another process is using the database; try again when it has finished',
  8: 'Give this user the right to write the file and its folder',
  10: 'See whether the disk is sound',
  11: 'The file is damaged: restore the last backup',
  13: 'Free some space on the disk',
  26: 'The file is damaged: restore the last backup',
}

/** The error as it is, or as Unavailable where a person has to look at the machine. */
export function asUnavailable(error: unknown): unknown {
  const remedy = remedies[codeOf(error) ?? 0]
  if (!remedy || !(error instanceof Error)) return error
  return new Unavailable(`the database cannot be used: ${error.message}`, { remedy, cause: error })
}
