/** A row as both engines give it: integers as `number`, text as `string`, `null`. No other types are stored. */
export type Row = { readonly [column: string]: string | number | null }

export type SqlValue = string | number | null

/** One point in time, to read from: what others write meanwhile is not seen, and they do not wait. */
export interface Snapshot {
  query<R extends Row = Row>(sql: string, values?: readonly SqlValue[]): Promise<R[]>
  /** The rows of a large answer, some hundred at a time, so that it never lies in memory whole. */
  pages<R extends Row = Row>(sql: string, values?: readonly SqlValue[]): AsyncIterable<R[]>
}

/**
 * The whole difference between SQLite and PostgreSQL. Statements are written once, with `$1`, `RETURNING` and
 * `ON CONFLICT`, which both understand. Text that neither can keep (NUL, half of a surrogate pair) is refused by both.
 */
export interface Database {
  readonly engine: 'sqlite' | 'postgres'
  /** One statement. Outside a transaction a statement that writes is a transaction of its own. */
  query<R extends Row = Row>(sql: string, values?: readonly SqlValue[]): Promise<R[]>
  /**
   * Runs `work` alone: everything it writes through the database it is given becomes visible at once and is durable
   * when the promise resolves, or nothing does. Not nested: a transaction inside a transaction joins it. A statement
   * that fails dooms the transaction, also where its error is caught. Where the engine gave up a transaction for the
   * sake of others (deadlock), `work` is run again: outside the database it should change nothing.
   */
  transaction<T>(work: (database: Database) => Promise<T>): Promise<T>
  /** Runs `work` on the state of this moment; writers go on meanwhile. */
  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T>
  close(): Promise<void>
}
