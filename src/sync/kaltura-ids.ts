/** The ids Kaltura has given our events: they live in the account's shadow, as no edit of anybody's. */
import { shadowOf } from '../store/bindings.ts'
import type { Database } from '../store/database.ts'

/** The binding of the account; the one source that is always there. */
export const accountBinding = 'kaltura/account'

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
