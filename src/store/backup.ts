/**
 * Backups: every table as it was at one moment, as gzipped lines of JSON. The same file restores into either engine. Tables
 * are found, not listed, so that those of other parts are in it too.
 *
 * Lines: a header; for each table its statements and columns, then an array for each row; at the end how many rows.
 */
import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { KaldavError } from '../errors.ts'
import type { Database, Snapshot, SqlValue } from './database.ts'
import { migrate } from './migrate.ts'
import { valueLists } from './sql.ts'
import { listTables, type Table } from './tables.ts'

const format = 'kaldav backup 1'

export interface BackupReport {
  readonly tables: number
  readonly rows: number
}

async function* lines(snapshot: Snapshot, engine: Database['engine'], report: { tables: number; rows: number }) {
  yield `${JSON.stringify({ format, made: new Date().toISOString() })}\n`
  for (const { name, columns, statements } of await listTables(snapshot, engine)) {
    yield `${JSON.stringify({ table: name, columns, statements })}\n`
    report.tables++
    for await (const page of snapshot.pages(`SELECT * FROM ${quoted(name)}`)) {
      report.rows += page.length
      yield page.map(row => `${JSON.stringify(columns.map(column => row[column]))}\n`).join('')
    }
  }
  yield `${JSON.stringify({ end: report.rows })}\n`
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Writes the file whole or not at all, readable for its owner only: it holds password hashes. Writers do not wait. */
export async function backup(database: Database, path: string): Promise<BackupReport> {
  const report = { tables: 0, rows: 0 }
  const part = `${path}.${randomUUID().slice(0, 8)}.part`
  try {
    await database.snapshot(snapshot =>
      pipeline(
        Readable.from(lines(snapshot, database.engine, report)),
        createGzip(),
        createWriteStream(part, { mode: 0o600, flush: true }),
      ),
    )
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  return report
}

/** Lines end with LF only: JSON leaves U+2028 as it is, which others take for an end of line. */
async function* readLines(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  const file = createReadStream(path)
  const text = createGunzip()
  file.once('error', error => text.destroy(error))
  try {
    for await (const chunk of file.pipe(text)) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      yield* parts
    }
  } finally {
    file.destroy()
  }
  if (rest !== '') throw damaged(path, 'its last line is cut off')
}

const damaged = (path: string, reason: string, cause?: unknown): KaldavError =>
  new KaldavError(`${path} is not a whole backup: ${reason}`, { remedy: 'Take another backup file', cause })

/** Whether people have put anything into the store yet. */
async function isEmpty(database: Database, tables: readonly Table[]): Promise<boolean> {
  for (const name of ['event', 'resource']) {
    if (!tables.some(table => table.name === name)) continue
    if ((await database.query(`SELECT 1 AS one FROM ${name} LIMIT 1`)).length > 0) return false
  }
  return true
}

/** What a line can be. */
type Line =
  | { readonly format: string }
  | { readonly table: string; readonly columns: readonly string[]; readonly statements: readonly string[] }
  | readonly SqlValue[]
  | { readonly end: number }

const creates = /^CREATE (?:TABLE|(?:UNIQUE )?INDEX) /i

/** The rows of one table on their way in; indexes are made when all are there. */
class Filling {
  readonly #database: Database
  readonly #into: string
  #waiting: (readonly SqlValue[])[] = []

  constructor(database: Database, table: string, columns: readonly string[]) {
    this.#database = database
    this.#into = `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')}) VALUES`
  }

  async add(row: readonly SqlValue[]): Promise<void> {
    if (this.#waiting.push(row) >= 200) await this.end()
  }

  async end(): Promise<void> {
    for (const { text, values } of valueLists(this.#waiting))
      await this.#database.query(`${this.#into} ${text}`, values)
    this.#waiting = []
  }
}

/** Makes the tables and rows that the lines say; everything happens inside the caller's transaction. */
async function load(database: Database, path: string): Promise<BackupReport> {
  let [tables, rows, number] = [0, 0, 0]
  let end: number | null = null
  let filling: Filling | null = null
  const indexes: string[] = []
  for await (const text of readLines(path)) {
    const line: Line = JSON.parse(text)
    if (number++ === 0 && !('format' in line && line.format === format)) throw damaged(path, 'it does not begin as one')
    if (Array.isArray(line)) {
      rows++
      await filling?.add(line)
    } else if ('table' in line) {
      await filling?.end()
      if (!line.statements.every(statement => creates.test(statement))) throw damaged(path, 'it holds other statements')
      const [create = '', ...others] = line.statements
      await database.query(create)
      indexes.push(...others)
      filling = new Filling(database, line.table, line.columns)
      tables++
    } else if ('end' in line) end = line.end
  }
  await filling?.end()
  if (end !== rows) throw damaged(path, 'rows are missing')
  for (const index of indexes) await database.query(index)
  return { tables, rows }
}

/**
 * Makes the store what the backup says, whole or not at all. Its epoch is new: sync tokens given before are not
 * accepted afterwards, so every client and every page reads anew.
 * @throws KaldavError the file is damaged or of a newer program, or the store is not empty and `force` is not set
 */
export async function restore(
  database: Database,
  path: string,
  { force = false }: { readonly force?: boolean } = {},
): Promise<BackupReport> {
  return database.transaction(async tx => {
    const present = await listTables(tx, tx.engine)
    if (!force && !(await isEmpty(tx, present))) {
      throw new KaldavError('the store is not empty: restoring would replace everything in it', {
        remedy: 'Make a backup of it, then restore with --force',
      })
    }
    for (const { name } of present.toReversed()) await tx.query(`DROP TABLE ${quoted(name)}`)
    const report = await load(tx, path).catch((error: unknown) => {
      if (error instanceof KaldavError) throw error
      throw damaged(path, error instanceof Error ? error.message : String(error), error)
    })
    await migrate(tx)
    await tx.query(`DELETE FROM meta WHERE key = 'epoch'`)
    await tx.query(`INSERT INTO meta (key, value) VALUES ('epoch', $1)`, [randomUUID()])
    return report
  })
}
