/**
 * Asks Kaltura in a session of the app token (KS). A session is renewed before it ends and when Kaltura no longer takes
 * it, once for all who wait, and what had been refused is then asked once more.
 */
import { createHash } from 'node:crypto'
import { AccessDenied, type KaldavError, Unavailable } from '../../src/errors.ts'
import { ApiFailure, hasCode, meaningOf, Unanswered } from './errors.ts'
import { isFields, number, text } from './rows.ts'
import { type Connection, connect, type Request, send, sendAll, services } from './sdk.ts'

export interface AppToken {
  readonly id: string
  readonly token: string
  readonly hashType?: 'SHA1' | 'MD5' | 'SHA256' | 'SHA512' | undefined
}

export interface SessionOptions {
  readonly serviceUrl: string
  readonly partnerId: number
  readonly appToken: AppToken
}

/** Makes the request anew for each try: the library's are changed by being sent. */
export type Ask = () => Request

interface Session {
  readonly ks: string
  /** On the monotonic clock, ms. */
  readonly renewAt: number
}

/** Seconds a session is renewed before its end; half of what is left where that is less. */
const MARGIN = 300
/** How long a session is taken to last where the answer does not say, seconds. */
const UNTOLD = 3600

export class KalturaSession {
  readonly #options: SessionOptions
  readonly #connection: Connection
  #session: Promise<Session> | null = null

  constructor(options: SessionOptions) {
    this.#options = options
    this.#connection = connect(options.serviceUrl)
  }

  /** Seconds since 1970 on the server's clock, by its last answer. */
  now(): number {
    return Math.floor(Date.now() / 1000) + this.#connection.skew()
  }

  /** The second on the server's clock that has begun at the latest; what is written from now on bears it or a later one. */
  second(): number {
    return this.#connection.answeredAt() ?? this.now()
  }

  skew(): number {
    return this.#connection.skew()
  }

  /**
   * One action. @throws ApiFailure what Kaltura says, where a caller knows what to make of it; everything else as
   * Unavailable or AccessDenied
   */
  async ask(ask: Ask): Promise<unknown> {
    return this.#inSession(async ks => {
      const request = ask().setKs(ks)
      return answerOf(await this.#send(() => send(this.#connection.client, request)))
    })
  }

  /** Like `ask`, with the failure as KaldavError. */
  async get(ask: Ask): Promise<unknown> {
    const { service, action } = ask()
    try {
      return await this.ask(ask)
    } catch (error) {
      throw error instanceof ApiFailure ? meaningOf(error, `${service} ${action}`) : error
    }
  }

  /** Several actions in one request, each answered by itself: its result or its ApiFailure. */
  async askAll(asks: readonly Ask[]): Promise<unknown[]> {
    if (asks.length === 0) return []
    return this.#inSession(async ks => {
      const requests = asks.map(ask => ask())
      const answer = answerOf(await this.#send(() => sendAll(this.#connection.client, ks, requests)))
      if (!Array.isArray(answer) || answer.length !== asks.length) {
        throw new Unanswered('Kaltura answered a multirequest with something else than a list of its results')
      }
      const results = answer.map(failureOf)
      const refused = results.filter(result => hasCode(result, 'INVALID_KS'))
      // Only where nothing has been done may all of it be asked again.
      if (refused.length === results.length) throw refused[0]
      if (refused.length > 0) throw new Unanswered('the session ended in the middle of a multirequest')
      return results
    })
  }

  /** Opens a session now, to see whether that works. */
  async open(): Promise<void> {
    await this.#current()
  }

  close(): void {
    this.#connection.close()
  }

  async #inSession<T>(work: (ks: string) => Promise<T>): Promise<T> {
    const session = await this.#current()
    try {
      return await work(session.ks)
    } catch (error) {
      if (!hasCode(error, 'INVALID_KS')) throw error
      // Only the first of those who were refused ends the session; the others find the new one.
      if ((await this.#session?.catch(() => null)) === session) this.#session = null
      try {
        return await work((await this.#current()).ks)
      } catch (again) {
        throw again instanceof ApiFailure && again.code === 'INVALID_KS' ? meaningOf(again, 'session') : again
      }
    }
  }

  async #current(): Promise<Session> {
    const known = this.#session
    if (known) {
      const session = await known.catch(() => null)
      if (session && performance.now() < session.renewAt) return session
      if (this.#session === known) this.#session = null
    }
    this.#session ??= this.#start()
    return this.#session
  }

  async #start(): Promise<Session> {
    const { partnerId, appToken } = this.#options
    try {
      const widget = await this.#plain(services.session.startWidgetSession(`_${partnerId}`), null)
      const hash = createHash((appToken.hashType ?? 'SHA1').toLowerCase())
      const tokenHash = hash.update(text(widget.ks) + appToken.token).digest('hex')
      const info = await this.#plain(services.appToken.startSession(appToken.id, tokenHash), text(widget.ks))
      const left = Math.max(0, (number(info.expiry) || this.now() + UNTOLD) - this.now())
      const seconds = left - Math.min(MARGIN, left / 2)
      return { ks: text(info.ks), renewAt: performance.now() + seconds * 1000 }
    } catch (error) {
      throw error instanceof ApiFailure ? refusal(error) : error
    }
  }

  async #plain(request: Request, ks: string | null) {
    if (ks !== null) request.setKs(ks)
    const answer = answerOf(await this.#send(() => send(this.#connection.client, request)))
    if (!isFields(answer) || text(answer.ks) === '') throw new Unanswered('Kaltura answered without a session')
    return answer
  }

  /** One exchange over HTTP: what is no answer of Kaltura's becomes Unavailable. */
  async #send(exchange: () => Promise<unknown>): Promise<unknown> {
    try {
      return await exchange()
    } catch (error) {
      // The library rejects with the answer itself where that is an error of Kaltura's.
      if (isFields(error) && !(error instanceof Error)) return error
      throw unreachable(error, this.#options.serviceUrl)
    }
  }
}

const refusal = (failure: ApiFailure): KaldavError => {
  const meaning = meaningOf(failure, 'session')
  return meaning instanceof AccessDenied || meaning instanceof Unavailable
    ? meaning
    : new AccessDenied(meaning.message, { remedy: 'check the app token in the account section' })
}

/** One result: the failure that it is, or itself. Kaltura has an error without a message, so only its type tells. */
const failureOf = (answer: unknown): unknown => {
  if (!isFields(answer) || answer.objectType !== 'KalturaAPIException') return answer
  const code = text(answer.code)
  return new ApiFailure(code, text(answer.message) || code, isFields(answer.args) ? answer.args : {})
}

/** The body of an answer. @throws ApiFailure · Unanswered for what is no JSON, such as a page of a proxy */
function answerOf(answer: unknown): unknown {
  if (typeof answer === 'string') {
    const what = /^\s*</.test(answer) ? 'an HTML page' : 'a text'
    throw new Unanswered(`Kaltura answered with ${what} instead of JSON`, {
      remedy: 'check account.serviceUrl, and whether a proxy answers in its place',
    })
  }
  const result = failureOf(answer)
  if (result instanceof ApiFailure) throw result
  return result
}

interface HttpError {
  readonly code?: unknown
  readonly message?: unknown
  readonly response?: { readonly status?: unknown; readonly headers?: { readonly [name: string]: unknown } }
}

/** Failures before anything was sent: the request has certainly not been carried out. */
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'CERT_HAS_EXPIRED'])

/** @param error of the HTTP library; it holds the whole request, session included, so it is no cause to keep */
function unreachable(error: unknown, serviceUrl: string): Unavailable {
  const { code, message, response } = (error ?? {}) as HttpError
  const remedy = `check account.serviceUrl (${serviceUrl}) and the network`
  if (response) {
    const status = number(response.status)
    const after = Number(response.headers?.['retry-after'] ?? Number.NaN)
    const said = `Kaltura answered HTTP ${status}`
    const wait = Number.isFinite(after) ? { retryAfter: after } : {}
    if (status === 429) return new Unavailable(said, wait)
    return status >= 500 ? new Unanswered(said, wait) : new Unavailable(said, { ...wait, remedy })
  }
  const reason = text(code) || text(message) || 'no answer'
  const said = `Kaltura cannot be reached (${reason})`
  return unsent.has(text(code)) ? new Unavailable(said, { remedy }) : new Unanswered(said, { remedy })
}
