import type { Database, Row, SqlValue } from '../../store/database.ts'

/** Rows written by one statement; both engines allow far more values than this takes. */
const CHUNK = 100

/** `count` new ids of a sequence, the first of them returned. */
export async function takeIds(database: Database, name: string, count = 1): Promise<number> {
  const rows = await database.query<{ value: number }>(
    `INSERT INTO kaltura_counter (name, value) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET value = kaltura_counter.value + $2 RETURNING value`,
    [name, count],
  )
  return (rows[0]?.value ?? count) - count + 1
}

/** `($1, $2), ($3, $4)` for rows of `width` values. */
function tuples(rows: number, width: number): string {
  return Array.from({ length: rows }, (_, row) => {
    const holders = Array.from({ length: width }, (__, column) => `$${row * width + column + 1}`)
    return `(${holders.join(', ')})`
  }).join(', ')
}

/** Inserts rows; `key` names the column by which an existing row is replaced. */
export async function putRows(
  database: Database,
  table: string,
  columns: readonly string[],
  rows: readonly (readonly SqlValue[])[],
  key: string | null,
): Promise<void> {
  const set = columns.filter(column => column !== key).map(column => `${column} = excluded.${column}`)
  const conflict = key ? ` ON CONFLICT (${key}) DO UPDATE SET ${set.join(', ')}` : ''
  for (let at = 0; at < rows.length; at += CHUNK) {
    const chunk = rows.slice(at, at + CHUNK)
    await database.query(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${tuples(chunk.length, columns.length)}${conflict}`,
      chunk.flat(),
    )
  }
}

/** Conditions with their values, numbered as they are added. */
export class Conditions {
  readonly values: SqlValue[] = []
  readonly #parts: string[] = []

  /** `?` in the text stands for the values in order. */
  add(text: string, ...values: readonly SqlValue[]): this {
    let at = 0
    this.#parts.push(text.replace(/\?/g, () => this.hold(values[at++] ?? null)))
    return this
  }

  /** An empty list matches nothing. */
  oneOf(column: string, values: readonly SqlValue[], negate = false): this {
    if (values.length === 0) return negate ? this : this.add('1 = 0')
    const holders = values.map(value => this.hold(value)).join(', ')
    this.#parts.push(`${column} ${negate ? 'NOT IN' : 'IN'} (${holders})`)
    return this
  }

  hold(value: SqlValue): string {
    this.values.push(value)
    return `$${this.values.length}`
  }

  get sql(): string {
    return this.#parts.length > 0 ? this.#parts.map(part => `(${part})`).join(' AND ') : '1 = 1'
  }
}

/** Rows whose `column` is one of `values`; nothing is asked for none. */
export async function rowsWhere<R extends Row>(
  database: Database,
  table: string,
  column: string,
  values: readonly SqlValue[],
): Promise<R[]> {
  if (values.length === 0) return []
  const where = new Conditions().oneOf(column, values)
  return database.query<R>(`SELECT * FROM ${table} WHERE ${where.sql}`, where.values)
}
