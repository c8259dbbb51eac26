/** The only importer of Google's packages: authorised calls with our own retries, timeouts and hosts. */
import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import type { calendar_v3 } from 'googleapis'
import { AccessDenied, KaldavError } from '../../src/errors.ts'
import { failureOf, GoogleError, isPassing, meaningOf, parsed } from './errors.ts'

export interface GoogleCredentials {
  /** The JSON key of a service account. */
  readonly keyFile?: string | undefined
  readonly oauth?:
    | { readonly clientId: string; readonly clientSecret: string; readonly refreshToken: string }
    | undefined
  /** The user a service account acts for (domain-wide delegation). */
  readonly subject?: string | undefined
  readonly apiUrl: string
  readonly tokenUrl: string
}

const named = (names: readonly string[]) => names.map(name => `https://www.googleapis.com/auth/${name}`)
/** The least that reads, writes and watches events, and asks for free/busy and the calendar's zone. */
const calendarScopes = named(['calendar.events', 'calendar.freebusy', 'calendar.calendars.readonly'])
/** The least that lists rooms. */
export const directoryScopes = named(['admin.directory.resource.calendar.readonly'])
/** ms for one request. */
const timeout = 30_000
/** Waits before the second, third … try of a request, ms. */
const pauses = [250, 1000, 3000]
/** What the library's own address of the token endpoint is; replaced by the configured one. */
const libraryTokenUrl = 'https://oauth2.googleapis.com/token'

type Calendar = calendar_v3.Calendar
export interface CallOptions {
  readonly rootUrl: string
  readonly timeout: number
  readonly retry: false
  readonly headers: Record<string, string>
}

/** Only the calendar's module of the package, and only where it is needed: the whole takes half a second and 150 MB. */
export const loadModules = () => import('googleapis/build/src/apis/calendar/index.js')

export class GoogleClient {
  readonly #credentials: GoogleCredentials
  readonly #scopes: readonly string[]
  #calendar: Promise<Calendar> | null = null
  #token: Promise<string> | null = null

  constructor(credentials: GoogleCredentials, scopes: readonly string[] = calendarScopes) {
    this.#credentials = credentials
    this.#scopes = scopes
  }

  /**
   * Runs one request, again after passing failures, once more with a new token after 401.
   * @throws what `meaningOf` makes of the failure; the untouched `GoogleError` where `raw` asks for it
   */
  async call<T>(
    calendarId: string,
    writing: boolean,
    request: (calendar: Calendar, options: CallOptions) => Promise<{ readonly data: T }>,
    { ifMatch, raw = false }: { readonly ifMatch?: string | undefined; readonly raw?: boolean } = {},
  ): Promise<T> {
    try {
      return await this.#tries(request, ifMatch)
    } catch (error) {
      if (error instanceof KaldavError || (raw && error instanceof GoogleError)) throw error
      throw meaningOf(error, calendarId, writing)
    }
  }

  /** Proves that Google gives an access token. @throws AccessDenied · Unavailable */
  async authorize(): Promise<void> {
    try {
      await this.#accessToken()
    } catch (error) {
      throw error instanceof KaldavError ? error : meaningOf(error, 'token', false)
    }
  }

  async #tries<T>(
    request: (calendar: Calendar, options: CallOptions) => Promise<{ readonly data: T }>,
    ifMatch: string | undefined,
  ): Promise<T> {
    for (let attempt = 0, renewed = false; ; ) {
      const token = this.#accessToken()
      try {
        const headers = { Authorization: `Bearer ${await token}`, ...(ifMatch ? { 'If-Match': ifMatch } : {}) }
        const rootUrl = `${this.#credentials.apiUrl.replace(/\/$/, '')}/`
        const answer = await request(await this.#module(), { rootUrl, timeout, retry: false, headers })
        const data = parsed(answer.data)
        // The client hands on what it could not parse as text; taken for an answer, it would look like an empty list.
        if (typeof data === 'string' && data.trim() !== '') throw { response: { status: 200, data } }
        return data as T
      } catch (error) {
        if (error instanceof AccessDenied) throw error
        const failure = failureOf(error)
        if (failure.status === 401 && !renewed) {
          renewed = true
          // Unless another calendar has renewed it meanwhile.
          if (this.#token === token) this.#token = null
          continue
        }
        const pause = pauses[attempt]
        const patient = failure.retryAfter === null || failure.retryAfter <= 5
        if (!isPassing(failure) || pause === undefined || !patient) throw new GoogleError(failure, error)
        attempt++
        await wait((failure.retryAfter ?? 0) * 1000 + pause * (0.5 + Math.random()))
      }
    }
  }

  #module(): Promise<Calendar> {
    this.#calendar ??= loadModules().then(({ calendar }) => calendar({ version: 'v3' }))
    return this.#calendar
  }

  #accessToken(): Promise<string> {
    this.#token ??= this.#fetchToken().catch((error: unknown) => {
      this.#token = null
      throw error
    })
    return this.#token
  }

  async #fetchToken(): Promise<string> {
    const { auth } = await loadModules()
    const { keyFile, oauth, subject, tokenUrl } = this.#credentials
    if (oauth) {
      const client = new auth.OAuth2({ clientId: oauth.clientId, clientSecret: oauth.clientSecret })
      redirectTokens(client, tokenUrl)
      client.setCredentials({ refresh_token: oauth.refreshToken })
      const { token } = await client.getAccessToken()
      return this.#kept(token, client.credentials.expiry_date)
    }
    const key = await serviceAccountKey(keyFile)
    const jwt = new auth.JWT({
      ...{ email: key.client_email, key: key.private_key, scopes: [...this.#scopes] },
      ...(subject === undefined ? {} : { subject }),
    })
    redirectTokens(jwt, tokenUrl)
    const { access_token, expiry_date } = await jwt.authorize()
    return this.#kept(access_token, expiry_date)
  }

  /** Forgets the token five minutes before it expires. */
  #kept(token: string | null | undefined, expiry: number | null | undefined): string {
    if (!token) throw new AccessDenied('Google gave no access token', { remedy: 'Check keyFile or oauth.' })
    const left = (expiry ?? Date.now() + 3_600_000) - Date.now() - 300_000
    setTimeout(
      () => {
        this.#token = null
      },
      Math.max(left, 30_000),
    ).unref()
    return token
  }
}

type TokenClient = InstanceType<typeof import('googleapis').Auth.OAuth2Client>

/** The library knows one token endpoint; the configured one takes its place. */
function redirectTokens(client: TokenClient, tokenUrl: string): void {
  client.transporter.interceptors.request.add({
    resolved: async options => {
      if (String(options.url) === libraryTokenUrl) options.url = new URL(tokenUrl)
      return Object.assign(options, { timeout, retry: false })
    },
  })
}

async function serviceAccountKey(keyFile: string | undefined): Promise<{ client_email: string; private_key: string }> {
  const remedy = 'Set keyFile to the JSON key of the service account, or oauth.'
  if (!keyFile) throw new AccessDenied('no Google credentials are configured', { remedy })
  try {
    const key = JSON.parse(await readFile(keyFile, 'utf8'))
    createPrivateKey(key.private_key)
    if (typeof key.client_email !== 'string') throw new TypeError('it has no client_email')
    return key
  } catch (error) {
    throw new AccessDenied(`the Google key file ${keyFile} cannot be read: ${String(error)}`, { remedy, cause: error })
  }
}
