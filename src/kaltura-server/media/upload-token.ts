/**
 * Upload tokens: a file that arrives in chunks, the first before the others, those in any order. Each chunk is written at
 * its place in one file; which parts are there is kept in the row.
 */
import type { Database, Row } from '../../store/database.ts'
import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { userOf } from '../call.ts'
import type { Output } from '../wire/output.ts'
import { EntryStatus, findEntry, storeEntry } from './entry.ts'

export const UploadStatus = { pending: 0, partial: 1, full: 2, closed: 3, timedOut: 4, deleted: 5 } as const

/** From byte `from` up to, not including, byte `to`. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface UploadToken {
  readonly id: string
  readonly partnerId: number
  readonly userId: string
  readonly status: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly own: {
    readonly fileName?: string
    readonly fileSize?: number
    readonly autoFinalize?: number
    readonly attachedObjectType?: string
    readonly attachedObjectId?: string
    /** What has been received, in order, not touching one another. */
    readonly spans: readonly Span[]
  }
}

interface TokenRow extends Row {
  readonly id: string
  readonly partner_id: number
  readonly user_id: string
  readonly status: number
  readonly created_at: number
  readonly updated_at: number
  readonly own: string
}

export const toToken = (row: TokenRow): UploadToken => ({
  id: row.id,
  partnerId: row.partner_id,
  userId: row.user_id,
  status: row.status,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  own: JSON.parse(row.own) as UploadToken['own'],
})

/** Only the first byte's span counts: what lies behind a gap is not there yet. */
export const uploadedSize = (token: UploadToken): number => {
  const [first] = token.own.spans
  return first && first.from === 0 ? first.to : 0
}

/** The spans with one more, joined where they touch or overlap. */
export function withSpan(spans: readonly Span[], added: Span): Span[] {
  const sorted = [...spans, added].filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)
  const joined: Span[] = []
  for (const span of sorted) {
    const last = joined.at(-1)
    if (last && span.from <= last.to) joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, span.to) }
    else joined.push(span)
  }
  return joined
}

/** The token of this id; others' tokens are not seen, except by an administrator. */
async function findUploadToken(call: Call, database: Database, id: string): Promise<UploadToken | null> {
  const [row] = await database.query<TokenRow>(
    `SELECT * FROM kaltura_upload_token WHERE id = $1 AND partner_id = $2 AND status <> $3`,
    [id, call.account.partner.id, UploadStatus.deleted],
  )
  if (!row) return null
  const token = toToken(row)
  return call.session?.admin || token.userId === userOf(call) ? token : null
}

export async function existingToken(call: Call, database: Database, id: string): Promise<UploadToken> {
  const token = await findUploadToken(call, database, id)
  if (!token) throw apiError('UPLOAD_TOKEN_NOT_FOUND')
  return token
}

export async function storeUploadToken(database: Database, token: UploadToken): Promise<UploadToken> {
  await database.query(
    `INSERT INTO kaltura_upload_token (id, partner_id, user_id, status, created_at, updated_at, own)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (id) DO UPDATE SET status = excluded.status, updated_at = excluded.updated_at, own = excluded.own`,
    [
      token.id,
      token.partnerId,
      token.userId,
      token.status,
      token.createdAt,
      token.updatedAt,
      JSON.stringify(token.own),
    ],
  )
  return token
}

/** Ties a token to an entry; true when the file is complete, and the token is used up by it. */
export async function attach(call: Call, tokenId: string, entryId: string): Promise<boolean> {
  const token = await existingToken(call, call.database, tokenId)
  const open: readonly number[] = [UploadStatus.pending, UploadStatus.partial, UploadStatus.full]
  if (!open.includes(token.status)) throw apiError('UPLOAD_TOKEN_INVALID_STATUS_FOR_ADD_ENTRY')
  const full = token.status === UploadStatus.full
  await storeUploadToken(call.database, {
    ...token,
    status: full ? UploadStatus.closed : token.status,
    updatedAt: call.now,
    own: { ...token.own, attachedObjectType: 'entry', attachedObjectId: entryId },
  })
  return full
}

/** The upload is complete: an entry that waits for it gets its content, which uses the token up. */
export async function complete(call: Call, database: Database, token: UploadToken): Promise<UploadToken> {
  const entryId = token.own.attachedObjectId
  const entry = entryId ? await findEntry(database, token.partnerId, entryId) : null
  if (entry) await storeEntry(database, { ...entry, status: EntryStatus.ready, updatedAt: call.now })
  const status = entry ? UploadStatus.closed : UploadStatus.full
  return storeUploadToken(database, { ...token, status, updatedAt: call.now })
}

export const presentUploadToken = (token: UploadToken): Output => {
  const { spans: _, ...own } = token.own
  return {
    id: token.id,
    partnerId: token.partnerId,
    userId: token.userId,
    status: token.status,
    uploadedFileSize: token.status === UploadStatus.pending ? null : uploadedSize(token),
    createdAt: token.createdAt,
    updatedAt: token.updatedAt,
    ...own,
    objectType: 'KalturaUploadToken',
  }
}
