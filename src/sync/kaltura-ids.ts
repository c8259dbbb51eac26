/** The ids Kaltura has given our events: they live in the account's shadow, as no edit of anybody's. */
import { cursorOf, shadowOf } from '../store/bindings.ts'
import type { Database } from '../store/database.ts'

/** The binding of the account; the one source that is always there. */
export const accountBinding = 'kaltura/account'

/**
 * Whether the whole schedule of the account has been read once. Before that what we hold may be a part of it, which
 * devices would take for all there is.
 */
export function accountIsRead(database: Database): () => Promise<boolean> {
  let known = false
  return async () => {
    known ||= (await cursorOf(database, accountBinding)) !== null
    return known
  }
}

export interface KalturaIds {
  readonly id: number
  readonly partnerId?: number
  /** By the `timeKey` of the RECURRENCE-ID. */
  readonly occurrences: { readonly [recurrenceId: string]: number }
}

/** `null` where Kaltura does not have the event, or not yet. */
export async function kalturaIds(database: Database, uid: string): Promise<KalturaIds | null> {
  const shadow = await shadowOf(database, accountBinding, uid)
  const rows = (shadow?.remote?.parts?.rows ?? []) as readonly number[]
  const [id] = rows
  if (!shadow?.remote || id === undefined) return null
  const occurrences = (shadow.remote.parts?.occurrences ?? {}) as KalturaIds['occurrences']
  const partnerId = shadow.base?.master?.kaltura.partnerId
  return { id, occurrences, ...(partnerId === undefined ? {} : { partnerId }) }
}
