/**
 * What people wrote over or beside the properties of calendars: colours, order, names, alarms. Each person sees only
 * their own (RFC 4918 §15 leaves room for that), so a read-only calendar can be coloured too.
 */
import type { Database } from './database.ts'

/** By path of the resource: Clark name → the whole element as XML. */
export type PersonalProperties = ReadonlyMap<string, ReadonlyMap<string, string>>

export interface PersonalChange {
  /** Clark name. */
  readonly name: string
  /** The whole element; `null` removes it. */
  readonly value: string | null
}

/** The name under which stands what is the same for everybody; no person has it. */
export const EVERYBODY = ''

/** What a person wrote, and what was written for everybody: unchanged counts mean that all read before still holds. */
export interface Revisions {
  readonly own: number
  readonly shared: number
}

export const revisions = async (database: Database, user: string): Promise<Revisions> => {
  const rows = await database.query('SELECT user_name, revision FROM personal_revision WHERE user_name IN ($1, $2)', [
    user,
    EVERYBODY,
  ])
  const of = (name: string): number => Number(rows.find(row => row.user_name === name)?.revision ?? 0)
  return { own: of(user), shared: of(EVERYBODY) }
}

export const personalProperties = async (database: Database, user: string): Promise<PersonalProperties> => {
  const rows = await database.query(
    'SELECT path, name, value FROM personal_property WHERE user_name = $1 AND value IS NOT NULL ORDER BY path, name',
    [user],
  )
  const byPath = new Map<string, Map<string, string>>()
  for (const row of rows) {
    const path = String(row.path)
    const properties = byPath.get(path) ?? new Map<string, string>()
    properties.set(String(row.name), String(row.value))
    byPath.set(path, properties)
  }
  return byPath
}

/** The paths on which a person wrote something after a revision. */
export const pathsChangedSince = async (database: Database, user: string, revision: number): Promise<string[]> => {
  const rows = await database.query(
    'SELECT DISTINCT path FROM personal_property WHERE user_name = $1 AND revision > $2',
    [user, revision],
  )
  return rows.map(({ path }) => String(path))
}

/** Writes all changes or none, in their order. */
export const changePersonalProperties = (
  database: Database,
  user: string,
  path: string,
  changes: readonly PersonalChange[],
): Promise<void> =>
  database.transaction(async tx => {
    const [row] = await tx.query(
      `INSERT INTO personal_revision (user_name, revision) VALUES ($1, 1)
       ON CONFLICT (user_name) DO UPDATE SET revision = personal_revision.revision + 1 RETURNING revision`,
      [user],
    )
    for (const { name, value } of changes) {
      await tx.query(
        `INSERT INTO personal_property (user_name, path, name, value, revision) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_name, path, name) DO UPDATE SET value = excluded.value, revision = excluded.revision`,
        [user, path, name, value, Number(row?.revision ?? 0)],
      )
    }
  })
