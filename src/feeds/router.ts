/**
 * `/feeds/<token>/<systemName>.ics`: read-only calendars for whoever has the address. `?profile=` standard (default),
 * device or kaltura; `?days=` how far ahead.
 *
 * Made for simple readers: the length is always said, nothing is sent in chunks, nobody is redirected, and when the
 * schedule cannot be read the answer is 503. An empty calendar would make devices delete what they are to record.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Auth } from '../auth.ts'
import { Unavailable } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { type Feed, type FeedRequest, Feeds } from './cache.ts'
import { isProfile, type KalturaIdsOf, profiles } from './feed.ts'

export interface FeedsDependencies {
  readonly store: Store
  readonly auth: Pick<Auth, 'feedToken'>
  readonly log: Logger
  /** The ids of events that Kaltura got from us, for the kaltura profile. */
  readonly kalturaIds?: KalturaIdsOf
  /** Whether the schedule has been read from the account; until then nothing is told of it. */
  readonly isRead?: () => Promise<boolean>
  /** Epoch seconds. */
  readonly now?: () => number
}

const MAX_DAYS = 366
/** Seconds after which to ask again. */
const RETRY_AFTER = 60
const TYPE = 'text/calendar; charset=utf-8'

const plain = (response: ServerResponse, status: number, text: string): void => {
  const body = Buffer.from(`${text}\n`)
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': String(body.length) })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

/** The same for a token that never was, one that was revoked, and a calendar it may not see. */
const notFound = (response: ServerResponse): void => plain(response, 404, 'There is no such feed.')

/** Token and systemName of a path; `null` for any other. */
const parsePath = (path: string): { token: string; systemName: string } | null => {
  const match = /^\/feeds\/([^/]+)\/([^/]+)\.ics$/.exec(path)
  if (!match) return null
  try {
    const [token = '', systemName = ''] = match.slice(1).map(part => decodeURIComponent(part))
    return /\p{Cc}/u.test(token + systemName) ? null : { token, systemName }
  } catch {
    return null
  }
}

type Asked = Pick<FeedRequest, 'profile' | 'days'>

/** @returns a sentence where the query is wrong */
const parseQuery = (query: URLSearchParams): Asked | string => {
  const profile = query.get('profile') ?? 'standard'
  if (!isProfile(profile)) return `There is no such profile: choose one of ${profiles.join(', ')}.`
  const days = query.get('days')
  if (days === null) return { profile, days: null }
  const number = /^\d{1,4}$/.test(days) ? Number(days) : 0
  if (number < 1 || number > MAX_DAYS) return `days must be a whole number from 1 to ${MAX_DAYS}.`
  return { profile, days: number }
}

const entityTag = /(?:W\/)?("[^"]*")|[^\s,]+/g

/**
 * If-None-Match as a list, weak, without quotes or `*`; If-Modified-Since only where there is none (RFC 9110 §13.1).
 * `Cache-Control: no-cache`, which `fetch` adds to every conditional request, is meant for caches and not for us.
 */
const isFresh = ({ headers }: IncomingMessage, etag: string, lastModified: number): boolean => {
  const tags = headers['if-none-match']
  if (tags === etag) return true
  if (tags !== undefined) {
    const known = [...tags.matchAll(entityTag)].map(([whole, quoted]) => quoted ?? whole)
    return known.some(tag => tag === '*' || tag === etag || `"${tag}"` === etag)
  }
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return since >= lastModified * 1000
}

const sendFeed = (
  request: IncomingMessage,
  response: ServerResponse,
  { body, etag, lastModified, headers }: Feed,
): void => {
  if (isFresh(request, etag, lastModified)) {
    response.writeHead(304, [...headers]).end()
    return
  }
  response.writeHead(200, [...headers, 'Content-Type', TYPE, 'Content-Length', String(body.length)])
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** What went wrong is said in the log: a device can only try again. */
const sendUnavailable = (response: ServerResponse, error: unknown, log: Logger): void => {
  log.error({ err: error }, 'a feed could not be made')
  const after = error instanceof Unavailable ? (error.retryAfter ?? RETRY_AFTER) : RETRY_AFTER
  response.setHeader('Retry-After', String(after))
  plain(response, 503, 'The schedule cannot be read at the moment. Keep what you have and ask again.')
}

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

/** What lies under /feeds/; all else is for `next`. Mounted at `/`, and no router of express: devices ask often. */
export const feedsRouter = ({ store, auth, log, kalturaIds, isRead, now }: FeedsDependencies): Handler => {
  const feeds = new Feeds({
    store,
    now: now ?? (() => Math.floor(Date.now() / 1000)),
    ...(kalturaIds && { kalturaIds }),
  })

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [pathname = '', query] = (request.url ?? '').split('?', 2)
    const path = parsePath(pathname)
    if (!path) return notFound(response)
    const { token, systemName } = path
    const scope = await auth.feedToken(token)
    if (!scope || (scope.resource !== null && scope.resource !== systemName)) {
      // What a good token would cost: how long the answer takes tells nothing.
      await store.resourceBySystemName(systemName)
      return notFound(response)
    }
    const asked = parseQuery(new URLSearchParams(query))
    if (typeof asked === 'string') {
      return (await store.resourceBySystemName(systemName)) ? plain(response, 400, asked) : notFound(response)
    }
    if (isRead && !(await isRead())) throw new Unavailable('the schedule has not been read from the account yet')
    const feed = await feeds.get({ systemName, ...asked, reader: scope.device ? 'device' : 'link' })
    if (feed) sendFeed(request, response, feed)
    else notFound(response)
  }

  return (request, response, next) => {
    if (!/^\/feeds(?:[/?]|$)/.test(request.url ?? '')) return next()
    request.resume()
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      plain(response, 405, 'A feed can only be read.')
      return
    }
    answer(request, response).catch(error => {
      if (response.headersSent) response.destroy()
      else sendUnavailable(response, error, log)
    })
  }
}
