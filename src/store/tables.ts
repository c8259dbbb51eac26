/** Which tables there are, and statements that make them again on either engine: for backups, which move between them. */
import type { Database } from './database.ts'

export interface Table {
  readonly name: string
  readonly columns: readonly string[]
  /** CREATE TABLE, then its indexes. */
  readonly statements: readonly string[]
}

type Queries = Pick<Database, 'query'>

async function sqliteTables(database: Queries): Promise<Table[]> {
  const made = await database.query(
    `SELECT type, name, tbl_name, sql FROM sqlite_master
     WHERE type IN ('table', 'index') AND sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid`,
  )
  const columns = await database.query(
    `SELECT m.name AS of, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'
     ORDER BY m.rowid, c.cid`,
  )
  return made
    .filter(({ type }) => type === 'table')
    .map(({ name }) => ({
      name: String(name),
      columns: columns.filter(column => column.of === name).map(column => String(column.name)),
      statements: made.filter(({ tbl_name }) => tbl_name === name).map(({ sql }) => String(sql)),
    }))
}

/** `'0'::bigint` as `'0'`. */
const plainDefault = (text: string): string => text.replace(/::[a-z ]+$/, '')

/** `CREATE INDEX i ON public.t USING btree (a, b)` as both engines take it. */
const plainIndex = (text: string): string => text.replace(/ ON \w+\./, ' ON ').replace(' USING btree', '')

async function postgresTables(database: Queries): Promise<Table[]> {
  const tables = await database.query(
    `SELECT c.oid, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname = current_schema() ORDER BY c.oid`,
  )
  const found: Table[] = []
  for (const { oid, name } of tables) {
    const columns = await database.query(
      `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
         pg_get_expr(d.adbin, d.adrelid) AS otherwise
       FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
      [oid ?? null],
    )
    const constraints = await database.query(
      `SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = $1 AND contype IN ('p', 'u', 'f', 'c')
       ORDER BY contype DESC, conname`,
      [oid ?? null],
    )
    const indexes = await database.query(
      `SELECT pg_get_indexdef(i.indexrelid) AS text FROM pg_index i
       WHERE i.indrelid = $1 AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
       ORDER BY i.indexrelid`,
      [oid ?? null],
    )
    const parts = [
      ...columns.map(column => {
        const otherwise = column.otherwise === null ? '' : ` DEFAULT ${plainDefault(String(column.otherwise))}`
        return `${column.name} ${String(column.type).toUpperCase()}${column.required === 1 ? ' NOT NULL' : ''}${otherwise}`
      }),
      ...constraints.map(({ text }) => String(text)),
    ]
    found.push({
      name: String(name),
      columns: columns.map(column => String(column.name)),
      statements: [
        `CREATE TABLE ${name} (${parts.join(', ')})`,
        ...indexes.map(({ text }) => plainIndex(String(text))),
      ],
    })
  }
  return found
}

/** In the order in which they were made. */
export const listTables = (database: Queries, engine: Database['engine']): Promise<Table[]> =>
  engine === 'sqlite' ? sqliteTables(database) : postgresTables(database)
