/** What Google's refusals mean for a calendar. The reason decides, not the status: a 403 may be a rate limit. */
import { AccessDenied, CursorExpired, Rejected, Unavailable, VersionMismatch } from '../../src/errors.ts'

/** One failed request, whatever came back. `status` 0: no answer at all. */
export interface Failure {
  readonly status: number
  readonly reason: string
  readonly message: string
  /** Seconds, where the answer said so. */
  readonly retryAfter: number | null
}

export class GoogleError extends Error {
  readonly failure: Failure
  constructor(failure: Failure, cause: unknown) {
    super(failure.message, { cause })
    this.failure = failure
  }
}

interface ThrownByClient {
  readonly status?: number
  readonly code?: number | string
  readonly message?: string
  readonly response?: { readonly status?: number; readonly headers?: Headers; readonly data?: unknown }
}

interface ErrorBody {
  readonly error?:
    | string
    | {
        readonly errors?: readonly { readonly reason?: string; readonly message?: string }[]
        readonly message?: string
      }
  readonly error_description?: string
}

/** The client parses by the type that is stated; where that is missing or wrong, JSON comes as text. */
export function parsed(data: unknown): unknown {
  if (typeof data !== 'string' || !/^\s*[{[]/.test(data)) return data
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}

/** Reads what the client threw. */
export function failureOf(thrown: unknown): Failure {
  const error = (thrown ?? {}) as ThrownByClient
  const status = error.response?.status ?? error.status ?? 0
  const data = parsed(error.response?.data)
  const body = (typeof data === 'object' ? data : null) as ErrorBody | null
  const detail = body?.error
  const first = typeof detail === 'object' ? detail.errors?.[0] : undefined
  const named =
    typeof detail === 'string' ? detail : (first?.reason ?? (status === 0 ? String(error.code ?? 'network') : ''))
  const said = typeof detail === 'object' ? detail.message : body?.error_description
  const garbled = typeof data === 'string' && data.trim() !== ''
  const reason = garbled ? notJson : named
  const message = garbled
    ? `HTTP ${status} with ${/^\s*</.test(String(data)) ? 'an HTML page' : 'a broken text'} instead of JSON`
    : (said ?? first?.message ?? error.message ?? 'no answer')
  return {
    status: Number(status),
    reason,
    message,
    retryAfter: secondsOf(error.response?.headers?.get?.('retry-after')),
  }
}

/** Retry-After says seconds or a date (RFC 9110 §10.2.3). */
function secondsOf(value: string | null | undefined): number | null {
  if (!value) return null
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null
}

/** The reason of an answer that is no JSON: it comes from something between Google and us, and says nothing of Google. */
export const notJson = 'notJson'

const rateLimits = new Set(['rateLimitExceeded', 'userRateLimitExceeded'])
/** Limits that last hours. */
const quotas = new Set(['quotaExceeded', 'dailyLimitExceeded'])
const tokenDeaths = new Set(['fullSyncRequired', 'updatedMinTooLongAgo'])

/** Worth another try at once, after a moment. */
export const isPassing = ({ status, reason }: Failure): boolean =>
  status === 0 || status === 408 || status === 429 || status >= 500 || (status === 403 && rateLimits.has(reason))

export const isTokenDeath = ({ status, reason, message }: Failure): boolean =>
  (status === 410 && reason !== 'deleted') || tokenDeaths.has(reason) || (status === 400 && /sync token/i.test(message))

const shareRemedy =
  'Share the calendar with the service account (or the delegated user) with "Make changes to events", and check its id.'

const remedies: Readonly<Record<string, string>> = {
  accessNotConfigured: 'Switch on the Google Calendar API in the Google Cloud project of the key.',
  insufficientPermissions: 'Grant the scopes that docs/google.md names: the access given does not hold them.',
  ACCESS_TOKEN_SCOPE_INSUFFICIENT: 'Grant the scopes that docs/google.md names: the access given does not hold them.',
}

/** How long writes rest after "Calendar usage limits exceeded.", which lasts hours, seconds. */
const quotaPause = 3600

/** A failure as the engine understands it. @param writing the request was to change something */
export function meaningOf(error: unknown, calendarId: string, writing: boolean): Error {
  const failure = error instanceof GoogleError ? error.failure : failureOf(error)
  const { status, reason, message, retryAfter } = failure
  const said = `Google Calendar ${calendarId}: ${message}${reason ? ` (${reason})` : ''}`
  if (!writing && isTokenDeath(failure)) return new CursorExpired(said, { cause: error })
  if (reason === notJson) {
    const remedy = 'Check apiUrl and tokenUrl, and what stands between here and Google: a proxy answers in its place.'
    return new Unavailable(said, { remedy, ...(retryAfter === null ? {} : { retryAfter }), cause: error })
  }
  if (quotas.has(reason)) {
    return new Unavailable(said, {
      retryAfter: retryAfter ?? quotaPause,
      scope: writing ? 'writes' : 'all',
      cause: error,
    })
  }
  if (isPassing(failure)) return new Unavailable(said, { ...(retryAfter === null ? {} : { retryAfter }), cause: error })
  if (reason === 'invalid_grant') {
    const remedy =
      "Check the gateway's clock, that the key or the refresh token has not been revoked, and that the subject exists."
    return new AccessDenied(said, { remedy, cause: error })
  }
  if (status === 401) {
    return new AccessDenied(said, { remedy: 'Check keyFile or oauth, and the scopes granted to it.', cause: error })
  }
  if (writing && (status === 412 || status === 404 || status === 410))
    return new VersionMismatch(said, { cause: error })
  if (status === 403 && reason === 'forbiddenForNonOrganizer') {
    const remedy = 'Ask the organizer to change the meeting; the room can only answer it.'
    return new Rejected('foreign-organizer', said, { remedy, cause: error })
  }
  if (status === 403 && reason === 'forbiddenForServiceAccounts') {
    const remedy = 'Set "subject" (domain-wide delegation), or leave "organizer" out to write on the room directly.'
    return new AccessDenied(said, { remedy, cause: error })
  }
  if (status === 403 || status === 404) {
    return new AccessDenied(said, { remedy: remedies[reason] ?? shareRemedy, cause: error })
  }
  if (writing) return new Rejected(reason || String(status), said, { cause: error })
  return new Unavailable(said, { cause: error })
}
