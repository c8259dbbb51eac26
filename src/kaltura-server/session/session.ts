import type { Database } from '../../store/database.ts'
import { apiError } from '../api-error.ts'
import { SessionType } from '../schema/enums.ts'
import { claimedPartner, type KsContent, readKs } from './ks.ts'
import type { Partner } from './partner.ts'

/** A session that was presented: signed by this partner. Whether it may still be used, `checkUsable` says. */
export interface Session extends KsContent {
  readonly ks: string
  readonly admin: boolean
  readonly privilegeList: readonly (readonly [name: string, value: string])[]
}

/** INVALID_KS names the session text, or the word for what is wrong; the code is always -1 (Kaltura: front controller). */
export const invalidKs = (what: string): Error => apiError('INVALID_KS', what, -1, 'INVALID_STR')

export function privilegesOf(privileges: string): (readonly [string, string])[] {
  return privileges
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(part => {
      const colon = part.indexOf(':')
      return colon < 0 ? ([part, ''] as const) : ([part.slice(0, colon), part.slice(colon + 1)] as const)
    })
}

/** Reads a session string; throws INVALID_KS when nobody signed it. */
export function openSession(ks: string, partner: Partner): Session {
  const claimed = claimedPartner(ks)
  if (claimed === null) throw invalidKs(ks)
  if (claimed !== partner.id) throw invalidKs('INVALID_PARTNER')
  const content = readKs(ks, partner.id, [partner.adminSecret, partner.secret])
  if (!content) throw invalidKs(ks)
  return {
    ...content,
    ks,
    admin: content.type === SessionType.admin,
    privilegeList: privilegesOf(content.privileges),
  }
}

export const privilegeOf = (session: Session, name: string): string | null =>
  session.privilegeList.find(([key]) => key === name)?.[1] ?? null

/** Throws INVALID_KS with EXPIRED, or LOGOUT when the token it was made from is gone. */
export async function checkUsable(database: Database, session: Session, now: number): Promise<void> {
  if (session.expiry < now) throw invalidKs('EXPIRED')
  const id = privilegeOf(session, 'sessionid')
  if (id === null) return
  const rows = await database.query(
    `SELECT at FROM kaltura_invalid_session WHERE partner_id = $1 AND session_id = $2`,
    [session.partnerId, id],
  )
  if (rows.length > 0) throw invalidKs('LOGOUT')
}

/** Who holds a reservation: the session, so that another session of the same user is somebody else. */
export const holderOf = (session: Session | null): string => session?.ks ?? ''
