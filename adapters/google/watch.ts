/** Push channels of a calendar: opened anew before they end, the old one stopped, all stopped at shutdown. */
import { randomUUID } from 'node:crypto'
import type { Hook } from '../../src/sync/source.ts'
import { type Calendar, quotaUser } from './series.ts'

/** What we ask for, seconds; Google may give less. */
const lifetime = 7 * 86_400

interface Channel {
  readonly id: string
  readonly resourceId: string
}

/** The schema says a text of milliseconds, the guide shows a number, the header has an HTTP date. */
export function expiryOf(value: unknown): string {
  const milliseconds = /^\d+$/.test(String(value)) ? Number(value) : Date.parse(String(value))
  const known = Number.isFinite(milliseconds) ? milliseconds : Date.now() + 3_600_000
  return new Date(known).toISOString()
}

export class Channels {
  readonly #calendar: Calendar
  #open: Channel | null = null

  constructor(calendar: Calendar) {
    this.#calendar = calendar
  }

  async watch({ url, token }: Hook): Promise<{ expiresAt: string }> {
    const { client, calendarId } = this.#calendar
    const before = this.#open
    let id = ''
    const channel = await client.call(calendarId, false, (api, options) => {
      // An id is never used twice, not by a second try either: Google refuses it even after the channel has ended.
      id = randomUUID()
      const requestBody = { id, type: 'web_hook', address: url, token, params: { ttl: String(lifetime) } }
      return api.events.watch({ calendarId, requestBody, quotaUser: quotaUser(calendarId) }, options)
    })
    this.#open = { id: channel.id ?? id, resourceId: channel.resourceId ?? '' }
    if (before) await this.#stop(before)
    return { expiresAt: expiryOf(channel.expiration) }
  }

  async close(): Promise<void> {
    if (this.#open) await this.#stop(this.#open)
    this.#open = null
  }

  /** A channel that is gone already is what we wanted; any other failure ends with the channel itself. */
  async #stop(channel: Channel): Promise<void> {
    const { client, calendarId } = this.#calendar
    const stopped = client.call(calendarId, false, (api, options) =>
      api.channels.stop({ requestBody: channel, quotaUser: quotaUser(calendarId) }, options),
    )
    await stopped.catch(() => undefined)
  }
}
