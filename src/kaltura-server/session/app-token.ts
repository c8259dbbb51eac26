import { createHash, randomBytes, randomInt } from 'node:crypto'
import type { Database, Row } from '../../store/database.ts'
import type { Output } from '../wire/output.ts'

export const TokenStatus = { disabled: 1, active: 2, deleted: 3 } as const

/** An app token: who knows `token` may start sessions of its kind, without knowing the partner's secret. */
export interface AppToken {
  readonly id: string
  readonly partnerId: number
  readonly token: string
  readonly status: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly own: {
    /** Epoch seconds. */
    readonly expiry?: number
    readonly sessionType?: number
    readonly sessionUserId?: string
    /** Seconds. */
    readonly sessionDuration?: number
    readonly sessionPrivileges?: string
    readonly hashType?: string
    readonly description?: string
  }
}

interface TokenRow extends Row {
  readonly id: string
  readonly partner_id: number
  readonly token: string
  readonly status: number
  readonly created_at: number
  readonly updated_at: number
  readonly own: string
}

const toToken = (row: TokenRow): AppToken => ({
  id: row.id,
  partnerId: row.partner_id,
  token: row.token,
  status: row.status,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  own: JSON.parse(row.own) as AppToken['own'],
})

const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz'

/** Ten characters as Kaltura makes them: data centre, underscore, eight of 0-9 a-z. */
export const newId = (): string => `0_${Array.from({ length: 8 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')}`

export const newToken = (): string => randomBytes(16).toString('hex')

/** The token of this id that is not deleted. */
export async function findToken(database: Database, id: string): Promise<AppToken | null> {
  const [row] = await database.query<TokenRow>(`SELECT * FROM kaltura_app_token WHERE id = $1 AND status <> $2`, [
    id,
    TokenStatus.deleted,
  ])
  return row ? toToken(row) : null
}

/** The token made for a purpose of the server's own (bootstrap). */
export async function findTokenFor(database: Database, partnerId: number, purpose: string): Promise<AppToken | null> {
  const [row] = await database.query<TokenRow>(
    `SELECT * FROM kaltura_app_token WHERE purpose = $1 AND status = $2 AND partner_id = $3 ORDER BY created_at LIMIT 1`,
    [purpose, TokenStatus.active, partnerId],
  )
  return row ? toToken(row) : null
}

export async function listTokens(database: Database, partnerId: number): Promise<AppToken[]> {
  const rows = await database.query<TokenRow>(
    `SELECT * FROM kaltura_app_token WHERE partner_id = $1 AND status <> $2 ORDER BY created_at, id`,
    [partnerId, TokenStatus.deleted],
  )
  return rows.map(toToken)
}

export async function storeToken(
  database: Database,
  token: AppToken,
  purpose: string | null = null,
): Promise<AppToken> {
  await database.query(
    `INSERT INTO kaltura_app_token (id, partner_id, token, purpose, status, created_at, updated_at, own)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (id) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at, own = excluded.own`,
    [
      token.id,
      token.partnerId,
      token.token,
      purpose,
      token.status,
      token.createdAt,
      token.updatedAt,
      JSON.stringify(token.own),
    ],
  )
  return token
}

const DEFAULT_HASH = 'SHA1'

/** What startSession must be given: hex of hash(ks + token). */
export const tokenHash = (ks: string, token: AppToken): string =>
  createHash((token.own.hashType ?? DEFAULT_HASH).toLowerCase())
    .update(ks + token.token)
    .digest('hex')

export const presentToken = (token: AppToken): Output => ({
  id: token.id,
  token: token.token,
  partnerId: token.partnerId,
  createdAt: token.createdAt,
  updatedAt: token.updatedAt,
  status: token.status,
  ...token.own,
  objectType: 'KalturaAppToken',
})
