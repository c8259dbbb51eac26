/** What Graph's refusals mean for a room. The code decides where there is one; its spelling varies in case. */
import { AccessDenied, CursorExpired, Rejected, Unavailable, VersionMismatch } from '../../src/errors.ts'

/** `status` -1 or 0: no answer at all. */
export interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
  /** Seconds, where the answer said so. */
  readonly retryAfter: number | null
}

export class GraphFailure extends Error {
  readonly failure: Failure
  constructor(failure: Failure, cause: unknown) {
    super(failure.message, { cause })
    this.failure = failure
  }
}

interface Thrown {
  readonly statusCode?: number
  readonly code?: string | null
  readonly message?: string
  readonly name?: string
  readonly headers?: Headers | Record<string, string>
}

/** Seconds; a date is measured against the clock of the answer, where it names one. */
export const retryAfterOf = (headers: Thrown['headers']): number | null => {
  const all = headers instanceof Headers ? headers : new Headers(headers)
  const text = all.get('retry-after')
  if (!text) return null
  const seconds = Number(text)
  if (Number.isFinite(seconds)) return Math.max(0, seconds)
  const date = Date.parse(text)
  const now = Date.parse(all.get('date') ?? '')
  return Number.isNaN(date) ? null : Math.max(0, (date - (Number.isNaN(now) ? Date.now() : now)) / 1000)
}

/** The code of a failure to get a token at all. */
export const authentication = 'authentication'

const isAuthentication = (text: string): boolean =>
  /^(Authentication(Required)?|CredentialUnavailable)Error$/.test(text)

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof GraphFailure) return thrown.failure
  const { statusCode = 0, code, message = 'no answer', name = '', headers } = (thrown ?? {}) as Thrown
  // What the credential throws comes through the client with its name as the code, and without a status.
  if (isAuthentication(name) || isAuthentication(code ?? '')) {
    return { status: 401, code: authentication, message, retryAfter: null }
  }
  // An HTML page of a gateway comes as a SyntaxError with the right status.
  const html = code === 'SyntaxError' || /Unexpected token '?</.test(message)
  return {
    status: statusCode,
    code: html ? 'html' : (code ?? name),
    message: html ? `HTTP ${statusCode} with an HTML page instead of JSON` : message,
    retryAfter: retryAfterOf(headers),
  }
}

const passing = new Set([408, 429, 500, 502, 503, 504])
/** An answer that says "done" and cannot be read is no answer either. */
export const isPassing = ({ status, code }: Failure): boolean =>
  status <= 0 ||
  (status >= 200 && status < 300) ||
  passing.has(status) ||
  /MailboxConcurrency|ApplicationThrottled/i.test(code)

const tokenDeaths = /syncState|resync|(delta|skip|sync)token/i
export const isTokenDeath = ({ status, code }: Failure): boolean =>
  status === 410 || ([400, 404].includes(status) && tokenDeaths.test(code))

/** Only this code says that one item is gone: a missing mailbox, a page of a gateway are 404 as well. */
export const isGone = ({ status, code }: Failure): boolean => status === 404 && /ItemNotFound$/i.test(code)

export function meaningOf(error: unknown, mailbox: string, writing: boolean): Error {
  if (!(error instanceof GraphFailure)) return error instanceof Error ? error : new Error(String(error))
  const { status, code, message, retryAfter } = error.failure
  const said = `Microsoft 365 mailbox ${mailbox}: ${message}${code ? ` (${code})` : ''}`
  const cause = { cause: error }
  if (isTokenDeath(error.failure)) return new CursorExpired(said, cause)
  if (isPassing(error.failure))
    return new Unavailable(said, { ...(retryAfter === null ? {} : { retryAfter }), ...cause })
  if (status === 401) {
    return new AccessDenied(said, {
      remedy: 'Check tenantId, clientId and the secret or certificate, and its expiry.',
      ...cause,
    })
  }
  if (status === 403) {
    const remedy =
      'Grant the app Calendars.ReadWrite for this mailbox (RBAC for Applications: a scope that includes the room).'
    return new AccessDenied(said, { remedy, ...cause })
  }
  if (writing && (status === 412 || isGone(error.failure) || /ErrorIrresolvableConflict/i.test(code))) {
    return new VersionMismatch(said, cause)
  }
  if (status === 404)
    return new AccessDenied(said, { remedy: 'Check the mailbox address, and that it is in Exchange Online.', ...cause })
  if (writing) return new Rejected(code || String(status), said, cause)
  return new Unavailable(said, cause)
}
