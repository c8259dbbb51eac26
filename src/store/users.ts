/** Who may come in: people, their app passwords, and the tokens of feeds. Secrets are kept as hashes only. */
import type { AccessList } from './access.ts'
import type { Database, Row } from './database.ts'

export type Role = 'admin' | 'booker' | 'viewer'

/** A person of the table (others are in the configuration). `password` is a PHC string. Times are epoch seconds. */
export interface Person {
  readonly name: string
  readonly role: Role
  readonly access: AccessList
  readonly password: string
  readonly createdAt: number
}

export interface AppPassword {
  readonly id: string
  readonly user: string
  readonly label: string
  readonly createdAt: number
  readonly lastUsed: number | null
}

export interface StoredFeedToken {
  readonly id: string
  readonly label: string
  /** The first characters, to tell tokens apart. */
  readonly prefix: string
  /** systemName; `null`: every resource. */
  readonly resource: string | null
  /** Whether its holder is a capture device, which may see stream passwords. */
  readonly device: boolean
  readonly createdAt: number
  readonly lastUsed: number | null
}

const personOf = (row: Row): Person => ({
  name: String(row.name),
  role: String(row.role) as Role,
  access: JSON.parse(String(row.access)) as AccessList,
  password: String(row.password),
  createdAt: Number(row.created_at),
})

const appPassword = (row: Row): AppPassword => ({
  id: String(row.id),
  user: String(row.person),
  label: String(row.label),
  createdAt: Number(row.created_at),
  lastUsed: row.last_used as number | null,
})

const feedToken = (row: Row): StoredFeedToken => ({
  id: String(row.id),
  label: String(row.label),
  prefix: String(row.prefix),
  resource: row.resource as string | null,
  device: row.device === 1,
  createdAt: Number(row.created_at),
  lastUsed: row.last_used as number | null,
})

export async function persons(database: Database): Promise<Person[]> {
  return (await database.query('SELECT * FROM person ORDER BY name')).map(personOf)
}

export async function personByName(database: Database, name: string): Promise<Person | null> {
  const [row] = await database.query('SELECT * FROM person WHERE name = $1', [name])
  return row ? personOf(row) : null
}

/** @returns whether it was added; somebody of that name is left as they are. */
export async function addPerson(database: Database, person: Person): Promise<boolean> {
  const { name, role, access, password, createdAt } = person
  const rows = await database.query(
    `INSERT INTO person (name, role, access, password, created_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (name) DO NOTHING RETURNING name`,
    [name, role, JSON.stringify(access), password, createdAt],
  )
  return rows.length > 0
}

/** @returns whether there is such a person */
export async function setPassword(database: Database, name: string, password: string): Promise<boolean> {
  const rows = await database.query('UPDATE person SET password = $2 WHERE name = $1 RETURNING name', [name, password])
  return rows.length > 0
}

/** @returns whether there is such a person */
export async function setAccess(database: Database, name: string, access: AccessList): Promise<boolean> {
  const sql = 'UPDATE person SET access = $2 WHERE name = $1 RETURNING name'
  return (await database.query(sql, [name, JSON.stringify(access)])).length > 0
}

/** Removes the person with all app passwords. @returns whether there was one */
export async function removePerson(database: Database, name: string): Promise<boolean> {
  return database.transaction(async tx => {
    await tx.query('DELETE FROM app_password WHERE person = $1', [name])
    return (await tx.query('DELETE FROM person WHERE name = $1 RETURNING name', [name])).length > 0
  })
}

export async function appPasswords(database: Database, name: string | null): Promise<AppPassword[]> {
  const sql = 'SELECT id, person, label, created_at, last_used FROM app_password'
  const rows =
    name === null
      ? await database.query(`${sql} ORDER BY person, created_at, id`)
      : await database.query(`${sql} WHERE person = $1 ORDER BY created_at, id`, [name])
  return rows.map(appPassword)
}

export async function addAppPassword(
  database: Database,
  { id, user, label, createdAt }: AppPassword,
  hash: string,
): Promise<void> {
  await database.query('INSERT INTO app_password (id, person, label, hash, created_at) VALUES ($1, $2, $3, $4, $5)', [
    id,
    user,
    label,
    hash,
    createdAt,
  ])
}

/** Finds an app password by its hash and notes its use. */
export async function useAppPassword(database: Database, user: string, hash: string, at: number): Promise<boolean> {
  const rows = await database.query(
    'UPDATE app_password SET last_used = $3 WHERE person = $1 AND hash = $2 RETURNING id',
    [user, hash, at],
  )
  return rows.length > 0
}

export async function removeAppPassword(database: Database, id: string): Promise<boolean> {
  return (await database.query('DELETE FROM app_password WHERE id = $1 RETURNING id', [id])).length > 0
}

export async function feedTokens(database: Database): Promise<StoredFeedToken[]> {
  return (await database.query('SELECT * FROM feed_token ORDER BY created_at, id')).map(feedToken)
}

export async function feedTokenByHash(database: Database, hash: string): Promise<StoredFeedToken | null> {
  const [row] = await database.query('SELECT * FROM feed_token WHERE hash = $1', [hash])
  return row ? feedToken(row) : null
}

export async function addFeedToken(database: Database, token: StoredFeedToken, hash: string): Promise<void> {
  await database.query(
    `INSERT INTO feed_token (id, label, hash, prefix, resource, device, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [token.id, token.label, hash, token.prefix, token.resource, Number(token.device), token.createdAt],
  )
}

export async function noteFeedTokenUse(database: Database, id: string, at: number): Promise<void> {
  await database.query('UPDATE feed_token SET last_used = $2 WHERE id = $1', [id, at])
}

export async function removeFeedToken(database: Database, id: string): Promise<boolean> {
  return (await database.query('DELETE FROM feed_token WHERE id = $1 RETURNING id', [id])).length > 0
}
