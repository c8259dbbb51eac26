import { randomBytes } from 'node:crypto'
import type { Database } from '../../store/database.ts'

/** The account. Secrets never leave the server except through `bootstrap`. */
export interface Partner {
  readonly id: number
  readonly adminSecret: string
  readonly secret: string
  /** Switches such as FEATURE_DISABLE_NEW_ICAL_STANDARD or FEATURE_BLOCK_MEETING_ROOMS. */
  readonly features: readonly string[]
}

const secret = (): string => randomBytes(16).toString('hex')

/** The account of this id, made when it is not there yet. */
export async function openPartner(database: Database, id: number, now: number): Promise<Partner> {
  await database.query(
    `INSERT INTO kaltura_partner (id, name, secret, admin_secret, features, created_at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
    [id, `partner ${id}`, secret(), secret(), '', now],
  )
  const rows = await database.query<{ admin_secret: string; secret: string; features: string }>(
    `SELECT admin_secret, secret, features FROM kaltura_partner WHERE id = $1`,
    [id],
  )
  const row = rows[0]
  if (!row) throw new Error(`partner ${id} was not stored`)
  return {
    id,
    adminSecret: row.admin_secret,
    secret: row.secret,
    features: row.features === '' ? [] : row.features.split(','),
  }
}
