/** Push channels of a calendar: opened anew before they end, the old one stopped, all stopped at shutdown. */
import { randomUUID } from 'node:crypto'
import type { Hook, Watch } from '../../src/sync/source.ts'
import { type Calendar, quotaUser } from './series.ts'

/** What we ask for, seconds; Google may give less. */
const lifetime = 7 * 86_400

interface Channel {
  readonly id: string
  readonly resourceId: string
}

/** Every message of a channel names both. */
const markOf = ({ id, resourceId }: Channel): string => `${id} ${resourceId}`
const channelOf = (mark: string): Channel => {
  const [id = '', resourceId = ''] = mark.split(' ')
  return { id, resourceId }
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

  /** @param previous the mark of the channel before: Google lists no channels, so it has to be remembered */
  async watch({ url, token }: Hook, previous: string | null = null): Promise<Watch> {
    const { client, calendarId } = this.#calendar
    const before = this.#open ?? (previous === null ? null : channelOf(previous))
    let id = ''
    const made = await client.call(calendarId, false, (api, options) => {
      // An id is never used twice, not by a second try either: Google refuses it even after the channel has ended.
      id = randomUUID()
      const requestBody = { id, type: 'web_hook', address: url, token, params: { ttl: String(lifetime) } }
      return api.events.watch({ calendarId, requestBody, quotaUser: quotaUser(calendarId) }, options)
    })
    const channel = { id: made.id ?? id, resourceId: made.resourceId ?? '' }
    this.#open = channel
    const endPrevious = async () => {
      if (before) await this.#stop(before)
    }
    return { expiresAt: expiryOf(made.expiration), mark: markOf(channel), endPrevious }
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
