/** The only importer of Microsoft's packages: authorised requests to one Graph host, with our own retries and limits. */
import { setTimeout as wait } from 'node:timers/promises'
import type { TokenCredential } from '@azure/identity'
import type { Client } from '@microsoft/microsoft-graph-client'
import { AccessDenied } from '../../src/errors.ts'
import { authentication, failureOf, GraphFailure, isPassing } from './errors.ts'
import type { Microsoft365Options } from './options.ts'

/** ms for one request. */
const timeout = 30_000
/** Waits before the second, third … try, ms. */
const pauses = [300, 1500, 4000]
/** A longer Retry-After is left to the engine. */
const patience = 5
/** Exchange refuses a fifth request of one app to one mailbox. */
const atOnce = 4

/** Of every request, on every page: ids that stay when an item is moved, instants in UTC, bodies without markup. */
const always = ['IdType="ImmutableId"', 'outlook.timezone="UTC"', 'outlook.body-content-type="text"']

export interface GraphRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Relative to the host and version, or the whole address of a next page. */
  readonly path: string
  readonly body?: unknown
  readonly ifMatch?: string | undefined
  readonly prefer?: readonly string[]
}

export class Graph {
  readonly #options: Microsoft365Options
  #client: Promise<Client> | null = null
  readonly #inFlight = new Map<string, number>()
  readonly #waiting = new Map<string, (() => void)[]>()
  #count = 0
  /** Until when (epoch ms) a mailbox has asked to be left alone, and the number of the last request before that. */
  readonly #resting = new Map<string, { readonly since: number; readonly until: number }>()

  constructor(options: Microsoft365Options) {
    this.#options = options
  }

  /** @param mailbox whose limits the request counts against @throws GraphFailure · AccessDenied without credentials */
  async request<T>(mailbox: string, request: GraphRequest): Promise<T> {
    const entered = ++this.#count
    await this.#enter(mailbox)
    try {
      return await this.#tries<T>(mailbox, request, entered)
    } finally {
      this.#leave(mailbox)
    }
  }

  /** Every page of a list. */
  async list<T>(mailbox: string, path: string, prefer: readonly string[] = []): Promise<T[]> {
    const items: T[] = []
    for (let next: string | undefined = path; next; ) {
      const page: { value?: T[]; '@odata.nextLink'?: string } = await this.request(mailbox, {
        ...{ method: 'GET', path: next, prefer },
      })
      if (!Array.isArray(page?.value) || page['@odata.nextLink'] === next) {
        const failure = { status: 200, code: 'noList', message: 'the answer is no list of events', retryAfter: null }
        throw new GraphFailure(failure, page)
      }
      items.push(...page.value)
      next = page['@odata.nextLink']
    }
    return items
  }

  async #tries<T>(mailbox: string, request: GraphRequest, entered: number): Promise<T> {
    for (let attempt = 0, renewed = false; ; ) {
      await this.#rest(mailbox, entered)
      try {
        return await this.#once<T>(request)
      } catch (error) {
        if (error instanceof AccessDenied) throw error
        const failure = failureOf(error)
        // The library takes a JSON answer of 202 for an error.
        if (failure.status === 202) return undefined as T
        if (failure.status === 401 && failure.code !== authentication && !renewed) {
          renewed = true
          this.#client = null
          continue
        }
        const until = Date.now() + (failure.retryAfter ?? 0) * 1000
        if (failure.retryAfter) this.#resting.set(mailbox, { since: this.#count, until })
        const pause = pauses[attempt]
        const patient = (failure.retryAfter ?? 0) <= patience
        // A POST that failed in an unclear way may have worked: whoever sent it has to look first.
        const clear = request.method !== 'POST' || failure.status === 429
        if (!isPassing(failure) || pause === undefined || !patient || !clear) throw new GraphFailure(failure, error)
        attempt++
        await wait(pause * (0.5 + Math.random()))
      }
    }
  }

  /** What one answer asked for holds for every request that waits; whoever comes later has been told how long. */
  async #rest(mailbox: string, entered: number): Promise<void> {
    const { since = 0, until = 0 } = this.#resting.get(mailbox) ?? {}
    const seconds = (until - Date.now()) / 1000
    if (seconds <= 0) return
    if (seconds <= patience) await wait(seconds * 1000)
    else if (entered <= since) {
      throw new GraphFailure({ status: 429, code: 'resting', message: 'asked to wait', retryAfter: seconds }, null)
    }
  }

  async #once<T>({ method, path, body, ifMatch, prefer = [] }: GraphRequest): Promise<T> {
    const client = await this.#connected()
    this.#refuseOtherHosts(path)
    const request = client
      .api(path)
      .options({ signal: AbortSignal.timeout(timeout), redirect: 'error' })
      .header('Prefer', [...always, ...prefer].join(', '))
    if (ifMatch) request.header('If-Match', ifMatch)
    if (method === 'GET') return request.get()
    if (method === 'DELETE') return request.delete()
    const answer = await (method === 'POST' ? request.post(body ?? {}) : request.patch(body ?? {}))
    // An empty 202 comes as an unread stream, which would keep its connection.
    if (answer instanceof ReadableStream) await answer.cancel()
    return answer
  }

  /** Links come from answers: one that leads elsewhere would carry our token there. */
  #refuseOtherHosts(path: string): void {
    if (!/^[a-z]+:/i.test(path)) return
    if (new URL(path).origin === new URL(this.#options.graphUrl).origin) return
    throw new AccessDenied(`Microsoft Graph answered with a link to another host: ${new URL(path).host}`, {
      remedy: 'Set graphUrl to the cloud your tenant lies in.',
    })
  }

  #connected(): Promise<Client> {
    this.#client ??= this.#connect().catch((error: unknown) => {
      this.#client = null
      throw error
    })
    return this.#client
  }

  async #connect(): Promise<Client> {
    const { Client, AuthenticationHandler, HTTPMessageHandler } = await import('@microsoft/microsoft-graph-client')
    const { graphUrl, authorityUrl } = this.#options
    // Over plain http the library sends no token, and says nothing.
    if (![graphUrl, authorityUrl].every(url => url.startsWith('https:'))) {
      throw new AccessDenied('graphUrl and authorityUrl have to be https', { remedy: 'Correct them in the source.' })
    }
    const credential = await this.#credential()
    const scope = `${new URL(graphUrl).origin}/.default`
    // Forty rooms that start together need one token, not forty; the credential keeps it from then on.
    let asked: Promise<string> | null = null
    const ask = () => {
      const answer = credential.getToken(scope).then(token => token?.token ?? '')
      const forget = () => {
        asked = null
      }
      answer.then(forget, forget)
      return answer
    }
    const handler = new AuthenticationHandler({
      getAccessToken: () => {
        asked ??= ask()
        return asked
      },
    })
    // Neither the library's retries, which repeat a POST, nor its redirects.
    handler.setNext(new HTTPMessageHandler())
    return Client.initWithMiddleware({
      middleware: handler,
      baseUrl: `${graphUrl.replace(/\/$/, '')}/`,
      customHosts: new Set([new URL(graphUrl).hostname]),
    })
  }

  async #credential(): Promise<TokenCredential> {
    const { ClientCertificateCredential, ClientSecretCredential, ManagedIdentityCredential } = await import(
      '@azure/identity'
    )
    const { tenantId, clientId, clientSecret, certificate, managedIdentity, authorityUrl } = this.#options
    // Discovery would ask a host nobody configured.
    const options = { authorityHost: authorityUrl, disableInstanceDiscovery: true }
    if (managedIdentity) return clientId ? new ManagedIdentityCredential({ clientId }) : new ManagedIdentityCredential()
    if (clientId && clientSecret) return new ClientSecretCredential(tenantId, clientId, clientSecret, options)
    if (clientId && certificate) {
      return new ClientCertificateCredential(tenantId, clientId, { certificatePath: certificate }, options)
    }
    throw new AccessDenied('no Microsoft 365 credentials are configured', {
      remedy: 'Set clientId with clientSecret or certificate, or managedIdentity: true.',
    })
  }

  async #enter(mailbox: string): Promise<void> {
    const busy = this.#inFlight.get(mailbox) ?? 0
    if (busy < atOnce) {
      this.#inFlight.set(mailbox, busy + 1)
      return
    }
    await new Promise<void>(resolve => this.#waiting.set(mailbox, [...(this.#waiting.get(mailbox) ?? []), resolve]))
  }

  #leave(mailbox: string): void {
    const [next, ...rest] = this.#waiting.get(mailbox) ?? []
    this.#waiting.set(mailbox, rest)
    if (next) next()
    else this.#inFlight.set(mailbox, (this.#inFlight.get(mailbox) ?? 1) - 1)
  }
}
