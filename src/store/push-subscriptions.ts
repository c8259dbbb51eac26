/** Who is told when a calendar changes (WebDAV-Push). */
import { randomUUID } from 'node:crypto'
import type { Database, Row } from './database.ts'

export interface PushSubscription {
  readonly id: string
  readonly user: string
  /** `SCHEDULE` for the whole schedule. */
  readonly resourceId: number
  /** The push resource: where messages are sent. */
  readonly endpoint: string
  readonly publicKey: string
  readonly authSecret: string
  /** Epoch seconds. */
  readonly expiresAt: number
}

const subscription = (row: Row): PushSubscription => ({
  id: String(row.id),
  user: String(row.user_name),
  resourceId: Number(row.resource_id),
  endpoint: String(row.endpoint),
  publicKey: String(row.public_key),
  authSecret: String(row.auth_secret),
  expiresAt: Number(row.expires_at),
})

/** A new subscription, or the new state of the one with this endpoint: it keeps its id. */
export const saveSubscription = async (
  database: Database,
  { user, resourceId, endpoint, publicKey, authSecret, expiresAt }: Omit<PushSubscription, 'id'>,
): Promise<PushSubscription> => {
  const [row] = await database.query(
    `INSERT INTO push_subscription (id, user_name, resource_id, endpoint, public_key, auth_secret, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (resource_id, user_name, endpoint) DO UPDATE SET public_key = excluded.public_key,
       auth_secret = excluded.auth_secret, expires_at = excluded.expires_at
     RETURNING *`,
    [randomUUID(), user, resourceId, endpoint, publicKey, authSecret, expiresAt],
  )
  if (!row) throw new TypeError('an upsert gives its row back')
  return subscription(row)
}

/** @returns whether this person had it */
export const removeSubscription = async (database: Database, id: string, user: string): Promise<boolean> =>
  (await database.query('DELETE FROM push_subscription WHERE id = $1 AND user_name = $2 RETURNING id', [id, user]))
    .length > 0

/** Those of a calendar that still hold at `now`. */
export const subscriptionsTo = async (
  database: Database,
  resourceId: number,
  now: number,
): Promise<PushSubscription[]> => {
  const rows = await database.query(
    'SELECT * FROM push_subscription WHERE resource_id = $1 AND expires_at > $2 ORDER BY id',
    [resourceId, now],
  )
  return rows.map(subscription)
}

/** Everything about an endpoint that is gone, and all that has expired. */
export const dropSubscriptions = async (database: Database, endpoint: string, now: number): Promise<void> => {
  await database.query('DELETE FROM push_subscription WHERE endpoint = $1 OR expires_at <= $2', [endpoint, now])
}
