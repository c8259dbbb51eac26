/** Whether a session of the real account may read its schedule: the account itself is asked, with that session. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { Unavailable } from '../errors.ts'

/** ms for one question. */
const TIMEOUT = 10_000
/** How long an answer holds, ms. */
const GOOD_FOR = 300_000
const BAD_FOR = 30_000
const MAX_SESSION = 4096
/** Questions at a time: what is sent here must not become a flood there. */
const MAX_RUNNING = 8

/** The partner a session is of: it stands before its encrypted part (Kaltura: kSessionBase), or behind a signature. */
const partnerOf = (ks: string): number | null => {
  const text = Buffer.from(ks.replaceAll('-', '+').replaceAll('_', '/'), 'base64').toString('latin1')
  const match = /^v2\|(\d+)\|/.exec(text) ?? /^[0-9a-f]{40}\|(\d+);/.exec(text)
  return match ? Number(match[1]) : null
}

export class SessionCheck {
  readonly #serviceUrl: string
  readonly #partnerId: number
  #running = 0
  readonly #answers = new LRUCache<string, Promise<boolean>>({ max: 1000 })

  constructor(account: { readonly serviceUrl: string; readonly partnerId: number }) {
    this.#serviceUrl = account.serviceUrl.replace(/\/+$/, '')
    this.#partnerId = account.partnerId
  }

  /** @throws Unavailable when the account does not answer */
  async allows(ks: string): Promise<boolean> {
    // A session of somebody else's account is good too where the service is shared.
    if (ks.length > MAX_SESSION || partnerOf(ks) !== this.#partnerId) return false
    const key = createHash('sha256').update(ks).digest('base64')
    const known = this.#answers.get(key)
    if (known) return known
    if (this.#running >= MAX_RUNNING) throw new Unavailable('too many sessions are being checked', { retryAfter: 10 })
    this.#running += 1
    const asked = this.#ask(ks).finally(() => {
      this.#running -= 1
    })
    this.#answers.set(key, asked, { ttl: GOOD_FOR })
    try {
      const allowed = await asked
      if (!allowed) this.#answers.set(key, asked, { ttl: BAD_FOR })
      return allowed
    } catch (error) {
      this.#answers.delete(key)
      throw error
    }
  }

  async #ask(ks: string): Promise<boolean> {
    const answer = await post(`${this.#serviceUrl}/api_v3/service/schedule_scheduleevent/action/list`, {
      ...{ format: 1, ks },
      filter: { objectType: 'KalturaScheduleEventFilter' },
      pager: { objectType: 'KalturaFilterPager', pageSize: 1 },
    })
    if (!answer.ok) throw new Unavailable(`Kaltura answered HTTP ${answer.status}`)
    const result = (await answer.json().catch(() => null)) as { objectType?: unknown } | null
    if (result?.objectType === 'KalturaScheduleEventListResponse') return true
    if (result?.objectType === 'KalturaAPIException') return false
    throw new Unavailable('Kaltura answered with something else than its API does')
  }
}

/** A question to the account. Redirects are not followed: they would take the session elsewhere. @throws Unavailable */
export const post = async (url: string, parameters: object): Promise<Response> => {
  try {
    return await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(parameters),
      signal: AbortSignal.timeout(TIMEOUT),
    })
  } catch (error) {
    throw new Unavailable('Kaltura cannot be reached', { cause: error })
  }
}
