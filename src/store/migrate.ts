import { KaldavError } from '../errors.ts'
import type { Database } from './database.ts'
import { type Migration, migrations } from './migrations.ts'

/** Any number, always the same: processes that start at once take turns. */
const lock = 5_232_001

/**
 * Brings the tables up to date, or to step `upTo`, in one transaction. Processes may do so at the same time.
 * @throws KaldavError the database was made by a newer program
 */
export async function migrate(
  database: Database,
  { steps = migrations, upTo = Number.POSITIVE_INFINITY }: { steps?: readonly Migration[]; upTo?: number } = {},
): Promise<void> {
  await database.transaction(async tx => {
    // SQLite has one writer at a time anyway.
    if (tx.engine === 'postgres') await tx.query('SELECT pg_advisory_xact_lock($1)', [lock])
    await tx.query('CREATE TABLE IF NOT EXISTS migration (id BIGINT PRIMARY KEY)')
    const done = await schemaVersion(tx)
    const newest = steps.at(-1)?.id ?? 0
    if (done > newest) {
      throw new KaldavError(`the database was made by a newer kaldav (step ${done}; this one knows ${newest})`, {
        remedy: 'Start the newer version, or restore a backup made by this one',
      })
    }
    for (const { id, sql } of steps) {
      if (id <= done || id > upTo) continue
      for (const statement of sql) await tx.query(statement)
      await tx.query('INSERT INTO migration (id) VALUES ($1)', [id])
    }
  })
}

/** The last step that was taken. */
export async function schemaVersion(database: Pick<Database, 'query'>): Promise<number> {
  const [row] = await database.query('SELECT MAX(id) AS id FROM migration')
  return Number(row?.id ?? 0)
}
