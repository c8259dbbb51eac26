/** A row as both engines give it: integers as `number`, text as `string`, `null`. No other types are stored. */
export type Row = { readonly [column: string]: string | number | null }

export type SqlValue = string | number | null

/**
 * The whole difference between SQLite and PostgreSQL. Statements are written once, with `$1`, `RETURNING` and
 * `ON CONFLICT`, which both understand.
 */
export interface Database {
  readonly engine: 'sqlite' | 'postgres'
  query<R extends Row = Row>(sql: string, values?: readonly SqlValue[]): Promise<R[]>
  /**
   * Runs `work` alone: everything it writes through the database it is given becomes visible at once and is durable
   * when the promise resolves, or nothing does. Not nested: a transaction inside a transaction joins it.
   */
  transaction<T>(work: (database: Database) => Promise<T>): Promise<T>
  close(): Promise<void>
}
