/** Change notifications of a mailbox: one subscription, prolonged while it lives. */

import type { Hook } from '../../src/sync/source.ts'
import { GraphFailure, meaningOf } from './errors.ts'
import type { Mailbox } from './mailbox.ts'

/** Asked for, minutes: tenants differ in what they allow, and all allow this. */
const lifetime = 4200

interface Made {
  readonly id: string
  readonly expirationDateTime?: string
}

export class Subscription {
  readonly #room: Mailbox
  #id: string | null = null

  constructor(room: Mailbox) {
    this.#room = room
  }

  /** A subscription is left to live at shutdown: its hook stays the same, and the next start hears what it tells. */
  async watch({ url, token }: Hook): Promise<{ expiresAt: string }> {
    const expirationDateTime = new Date(Date.now() + lifetime * 60_000).toISOString()
    const made =
      (await this.#prolong(expirationDateTime)) ??
      (await this.#room.request<Made>({
        method: 'POST',
        path: '/subscriptions',
        body: {
          changeType: 'created,updated,deleted',
          resource: `${this.#room.path}/events`,
          notificationUrl: url,
          lifecycleNotificationUrl: url,
          expirationDateTime,
          clientState: token,
        },
      }))
    this.#id = made.id
    return { expiresAt: made.expirationDateTime ?? expirationDateTime }
  }

  /** @returns `null` where there is none (any more) to prolong */
  async #prolong(expirationDateTime: string): Promise<Made | null> {
    if (!this.#id) return null
    const path = `/subscriptions/${encodeURIComponent(this.#id)}`
    try {
      return await this.#room.raw<Made>({ method: 'PATCH', path, body: { expirationDateTime } })
    } catch (error) {
      if (error instanceof GraphFailure && error.failure.status === 404) return null
      throw meaningOf(error, this.#room.address, true)
    }
  }
}
