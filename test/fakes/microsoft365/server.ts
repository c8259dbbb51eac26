/**
 * A stateful stand-in for Microsoft Graph's calendars and their sign-in, at the wire and over https: delta tokens,
 * change keys, series, room answers, subscriptions and faults. It follows the documented and reported behaviour in its
 * most dangerous reading, and judges every request and answer by Microsoft's metadata.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { ApiError, handlers, type Request } from './calls.ts'
import { localhost } from './certificate.ts'
import { type Attendee, epochOf, FakeMailbox, type Item, newId } from './mailbox.ts'
import { Contract } from './schema.ts'

const contractFile = new URL('../../fixtures/contracts/microsoft-graph.json', import.meta.url).pathname

/** A failure to be played: which requests, what instead, how often. */
export interface Fault {
  readonly method?: string
  /** Of the decoded path and query. */
  readonly path?: RegExp
  readonly status?: number
  readonly code?: string
  readonly html?: string
  readonly headers?: Record<string, string>
  /** The request takes effect first, then fails. */
  readonly after?: boolean
  /** The connection dies instead of an answer. */
  readonly drop?: boolean
  /** `html` is the beginning of the answer, and then the connection dies. */
  readonly cut?: boolean
  /** No answer ever comes. */
  readonly hang?: boolean
  times: number
}

export interface Call {
  readonly method: string
  /** Decoded, without the version. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Record<string, unknown>
}

interface Asked {
  readonly method: string
  readonly url: URL
  readonly text: string
  readonly prefer: string
  readonly authorization: string | undefined
  readonly ifMatch?: string | undefined
}

interface BatchPart {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

export interface Subscription {
  readonly id: string
  readonly resource: string
  readonly notificationUrl: string
  readonly lifecycleNotificationUrl?: string
  readonly clientState?: string
  expirationDateTime: string
}

export class FakeGraph {
  readonly contract = new Contract(contractFile)
  readonly calls: Call[] = []
  readonly faults: Fault[] = []
  readonly subscriptions = new Map<string, Subscription>()
  pageSize = 200
  /** The first page of a new round is empty and has a next link. */
  emptyFirstPage = false
  /** What the next delta rounds say, page by page, instead of what is there. */
  script: unknown[][] = []
  /** What the room's mailbox does to accepted meetings (Set-CalendarProcessing's defaults). */
  autoAccept = { deleteSubject: true, deleteComments: true, removePrivate: true }
  /** An empty 202 says that it is JSON, which the vendor's client takes for an error. */
  acceptedAsJson = false
  tokensGiven = 0
  /** Lists leave out extended properties, whatever was asked. */
  hidesListed = false
  lastRound: { readonly key: string; readonly items: Record<string, unknown>[] } | null = null
  batches = 0
  /** What a batch is answered with, where there are none. */
  refuseBatches: number | null = null
  refuseTokens: { error: string; error_description: string } | null = null
  /** The most requests of one mailbox at the same time. */
  mostAtOnce = 0
  /** Called with each request before it is answered: somebody acts in between. */
  onRequest: ((call: Call) => void) | null = null
  /** Called before each answer, also a failed one, with the decoded path and query. */
  onAnswer: ((path: string) => void) | null = null
  /** Whether addresses for notifications are asked whether they want them. */
  asksHooks = false
  /** Its own clock, epoch ms. */
  now: () => number = Date.now
  url = ''
  readonly #mailboxes = new Map<string, FakeMailbox>()
  readonly #tokens = new Set<string>()
  readonly #inFlight = new Map<string, number>()
  #server: Server | null = null

  mailbox(address: string, zone = 'Europe/Berlin'): FakeMailbox {
    const known = this.#mailboxes.get(address) ?? new FakeMailbox(address, zone)
    this.#mailboxes.set(address, known)
    return known
  }

  /** Another address, the same mailbox: ids stay. */
  rename(from: string, to: string): void {
    const mailbox = this.mailbox(from)
    this.#mailboxes.delete(from)
    this.#mailboxes.set(to, mailbox)
  }

  async start(): Promise<void> {
    const { key, cert } = localhost()
    this.#server = createServer({ key, cert }, (request, response) => void this.#answer(request, response))
    await new Promise<void>(resolve => this.#server?.listen(0, '127.0.0.1', resolve))
    this.url = `https://localhost:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise(resolve => this.#server?.close(resolve))
  }

  /** A new access token. */
  grant(): string {
    const token = `eyJ.${randomUUID()}`
    this.#tokens.add(token)
    this.tokensGiven++
    return token
  }

  revokeTokens(): void {
    this.#tokens.clear()
  }

  writes(): Call[] {
    return this.calls.filter(({ method, path }) => method !== 'GET' && !path.includes('/oauth2/'))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const path = decodeURIComponent(url.pathname)
    if (!path.startsWith('/v1.0/')) {
      this.#authority(path, text, response)
      return
    }
    const isBatch = path === '/v1.0/$batch'
    const first = isBatch ? String(JSON.parse(text).requests[0]?.url) : path.slice('/v1.0'.length)
    const owner = /^\/users\/([^/?]+)/.exec(decodeURIComponent(first))?.[1] ?? ''
    // A mailbox works on four parts of a batch at a time.
    const weight = isBatch ? 4 : 1
    const busy = (this.#inFlight.get(owner) ?? 0) + weight
    this.#inFlight.set(owner, busy)
    this.mostAtOnce = Math.max(this.mostAtOnce, owner ? busy : 0)
    // A moment in which requests can meet.
    await new Promise(setImmediate)
    this.onAnswer?.(path + decodeURIComponent(url.search))
    const fault = this.#fault(request.method ?? 'GET', path + decodeURIComponent(url.search))
    try {
      const { authorization, prefer } = request.headers
      const asked: Asked = { method: request.method ?? 'GET', url, text, prefer: String(prefer ?? ''), authorization }
      const ifMatch = request.headers['if-match']
      const route = () => (isBatch ? this.#batch(asked) : this.#route({ ...asked, ifMatch }))
      const result = fault && !fault.after ? null : await route()
      if (fault) this.#fail(fault, response)
      else this.#send(response, request.method ?? 'GET', url.pathname, result)
    } catch (error) {
      if (error instanceof ApiError) this.#error(response, error.status, error.code, error.message)
      else if (error instanceof RangeError) this.#error(response, 400, 'ErrorInvalidRequest', error.message)
      else throw error
    } finally {
      this.#inFlight.set(owner, (this.#inFlight.get(owner) ?? weight) - weight)
    }
  }

  /** Up to twenty requests in one; each is answered, refused and counted for itself. */
  #batch({ text, authorization }: Asked): unknown {
    this.batches++
    if (this.refuseBatches) throw new ApiError(this.refuseBatches, 'BadRequest')
    const { requests } = JSON.parse(text) as { requests: BatchPart[] }
    if (requests.length > 20) throw new ApiError(400, 'BadRequest', 'at most 20')
    const responses = requests.map(({ id, method, url: path, headers, body }) => {
      const json = { 'Content-Type': 'application/json' }
      const fail = (status: number, code: string, more = {}) => ({
        ...{ id, status, headers: { ...json, ...more }, body: { error: { code, message: code } } },
      })
      const url = new URL(`/v1.0${path}`, this.url)
      const fault = this.#fault(method, decodeURIComponent(url.pathname + url.search))
      if (fault) return fail(fault.status ?? 503, fault.code ?? 'serviceUnavailable', fault.headers)
      try {
        const asked = { method, url, text: body ? JSON.stringify(body) : '', authorization }
        const answer = this.#route({ ...asked, prefer: headers?.Prefer ?? '', ifMatch: headers?.['If-Match'] })
        return { id, status: answer === null ? 204 : 200, headers: json, body: answer }
      } catch (error) {
        if (error instanceof ApiError) return fail(error.status, error.code)
        throw error
      }
    })
    // In no order.
    return { responses: responses.reverse() }
  }

  #fault(method: string, path: string): Fault | null {
    const fault = this.faults.find(
      ({ method: m, path: p, times }) => times > 0 && (!m || m === method) && (!p || p.test(path)),
    )
    if (fault) fault.times--
    return fault ?? null
  }

  #fail(fault: Fault, response: ServerResponse): void {
    if (fault.hang) return
    if (fault.drop) {
      response.destroy()
      return
    }
    if (fault.cut) {
      response.writeHead(fault.status ?? 200, fault.headers).write(fault.html ?? '', () => response.destroy())
      return
    }
    if (fault.html !== undefined) {
      response.writeHead(fault.status ?? 503, { 'Content-Type': 'text/html', ...fault.headers }).end(fault.html)
      return
    }
    const code = fault.code ?? 'serviceUnavailable'
    this.#error(response, fault.status ?? 503, code, code, fault.headers)
  }

  #authority(path: string, text: string, response: ServerResponse): void {
    const tenant = path.split('/')[1] ?? ''
    const base = `${this.url}/${tenant}`
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
    if (path.endsWith('/.well-known/openid-configuration')) {
      json(200, {
        ...{ issuer: `${base}/v2.0`, authorization_endpoint: `${base}/oauth2/v2.0/authorize` },
        ...{ token_endpoint: `${base}/oauth2/v2.0/token`, jwks_uri: `${base}/discovery/v2.0/keys` },
      })
    } else if (path.endsWith('/oauth2/v2.0/token')) {
      this.calls.push({ method: 'POST', path, query: new URLSearchParams(text), body: {} })
      if (this.refuseTokens) {
        json(401, this.refuseTokens)
        return
      }
      json(200, { token_type: 'Bearer', expires_in: 3599, access_token: this.grant() })
    } else json(404, {})
  }

  #send(response: ServerResponse, method: string, path: string, body: unknown): void {
    if (body === null) {
      const accepted = /\/(accept|decline|cancel|tentativelyAccept)$/.test(path)
      const headers = accepted && this.acceptedAsJson ? { 'Content-Type': 'application/json' } : {}
      response.writeHead(accepted ? 202 : 204, headers).end()
      return
    }
    const made = method === 'POST' && /\/(events|subscriptions)$/.test(path)
    response
      .writeHead(made ? 201 : 200, { 'Content-Type': 'application/json;odata.metadata=minimal' })
      .end(JSON.stringify(body))
  }

  #error(response: ServerResponse, status: number, code: string, message: string, headers = {}): void {
    const body = { error: { code, message, innerError: { 'request-id': randomUUID(), date: '2026-11-21T00:00:00' } } }
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
  }

  #route({ method, url, text, prefer, authorization, ifMatch }: Asked): unknown {
    const token = /^Bearer (.*)$/.exec(authorization ?? '')?.[1] ?? ''
    if (!this.#tokens.has(token)) throw new ApiError(401, 'InvalidAuthenticationToken')
    const path = url.pathname.slice('/v1.0'.length)
    const body = text ? JSON.parse(text) : {}
    const call: Call = { method, path: decodeURIComponent(path), query: url.searchParams, body }
    this.calls.push(call)
    this.onRequest?.(call)
    if (path.startsWith('/subscriptions')) return this.#subscribe(method, path.split('/')[2] ?? null, body)
    const [, , owner = '', first = '', second, third] = path.split('/').map(decodeURIComponent)
    if (!prefer.includes('IdType="ImmutableId"')) this.contract.violations.push(`${method} ${path}: ordinary ids`)
    const kind = second === 'delta' ? 'delta' : third === 'instances' ? third : second && !third ? 'event' : first
    this.contract.checkQuery(third && third !== 'instances' ? 'event' : kind, url.searchParams)
    const handler = handlers[`${method} ${third ?? (second === 'delta' ? second : second ? 'event' : first)}`]
    if (!handler) throw new ApiError(501, 'notImplemented', `${method} ${path}`)
    const mailbox = this.#open(owner)
    const asked: Request = {
      ...{ method, mailbox, id: second ?? '', query: url.searchParams, body, prefer, ifMatch },
    }
    return handler(this, asked)
  }

  #open(owner: string): FakeMailbox {
    const mailbox = this.#mailboxes.get(owner)
    if (!mailbox || mailbox.access === 'gone')
      throw new ApiError(404, 'ResourceNotFound', 'Resource could not be found.')
    if (mailbox.access === 'denied') throw new ApiError(403, 'ErrorAccessDenied', 'Access to OData is disabled.')
    return mailbox
  }

  /** Graph asks both addresses for its word before it promises to call them. */
  async #validate({ notificationUrl, lifecycleNotificationUrl }: Subscription): Promise<void> {
    for (const url of new Set([notificationUrl, lifecycleNotificationUrl ?? notificationUrl])) {
      const word = `Validation: Testing <b> +/= ${randomUUID()}`
      const asked = await fetch(`${url}&validationToken=${encodeURIComponent(word)}`, { method: 'POST' })
      const plain = asked.headers.get('content-type')?.startsWith('text/plain')
      if (asked.status !== 200 || !plain || (await asked.text()) !== word) {
        throw new ApiError(400, 'InvalidRequest', 'Subscription validation request failed.')
      }
    }
  }

  /** Tells everybody who asked that something in a mailbox has changed: three times, as an edit in Outlook does. */
  async notify(address: string): Promise<number[]> {
    const statuses: number[] = []
    for (const { id, resource, clientState, notificationUrl } of this.subscriptions.values()) {
      if (!decodeURIComponent(resource).includes(address)) continue
      const item = { subscriptionId: id, changeType: 'updated', resource, clientState, resourceData: { id: 'AAk' } }
      for (let n = 0; n < 3; n++) {
        const headers = { 'Content-Type': 'application/json' }
        const body = JSON.stringify({ value: [item] })
        statuses.push((await fetch(notificationUrl, { method: 'POST', headers, body })).status)
      }
    }
    return statuses
  }

  async #subscribe(method: string, id: string | null, body: Record<string, unknown>): Promise<unknown> {
    this.contract.check('subscription', body, `${method} subscription`)
    if (method === 'POST') {
      const made = { ...body, id: randomUUID() } as unknown as Subscription
      const left = Date.parse(made.expirationDateTime) - this.now()
      if (left > 4230 * 60_000 || left < 0) throw new ApiError(400, 'ErrorInvalidParameter')
      if (this.asksHooks) await this.#validate(made)
      this.subscriptions.set(made.id, made)
      return made
    }
    const known = this.subscriptions.get(id ?? '')
    if (!known) throw new ApiError(404, 'ResourceNotFound')
    if (method === 'DELETE') {
      this.subscriptions.delete(known.id)
      return null
    }
    known.expirationDateTime = String(body.expirationDateTime)
    return known
  }

  /** What an answer with an event shows: its extended properties only where they were asked for. */
  shown(item: Item, query: URLSearchParams): Record<string, unknown> {
    const { singleValueExtendedProperties, ...plain } = item
    const wanted = [...(query.get('$expand') ?? '').matchAll(/id eq '([^']+)'/g)].map(([, id]) => id?.toLowerCase())
    const properties = singleValueExtendedProperties?.filter(({ id }) => wanted.includes(id.toLowerCase()))
    const selected = query.get('$select')?.split(',')
    const whole: Record<string, unknown> = {
      ...plain,
      ...(properties?.length ? { singleValueExtendedProperties: properties } : {}),
    }
    const kept = selected && ['id', '@odata.etag', 'singleValueExtendedProperties', ...selected]
    const result = kept ? Object.fromEntries(Object.entries(whole).filter(([name]) => kept.includes(name))) : whole
    this.contract.check('event', result, 'answered event')
    return result
  }

  /** A list in pages. */
  paged(items: readonly unknown[], query: URLSearchParams, path: string): unknown {
    const size = Math.min(Number(query.get('$top') ?? 10), this.pageSize)
    const skip = Number(query.get('$skip') ?? 0)
    const next = new URLSearchParams(query)
    next.set('$skip', String(skip + size))
    const more = skip + size < items.length
    return {
      value: items.slice(skip, skip + size),
      ...(more ? { '@odata.nextLink': `${this.url}/v1.0${path}?${next}` } : {}),
    }
  }

  /** Meetings reach the rooms that are invited: accepted where free, declined where taken, changed as Exchange does. */
  answerInvitations(): void {
    for (const home of this.#mailboxes.values()) {
      for (const meeting of home.all()) {
        for (const attendee of meeting.isOrganizer ? (meeting.attendees ?? []) : []) {
          const room = this.#mailboxes.get(attendee.emailAddress.address)
          if (room && attendee.type === 'resource') this.#deliver(home, meeting, attendee, room)
        }
      }
    }
  }

  /** What is left in the rooms of a cancelled meeting (RemoveCanceledMeetings is off by default). */
  cancelCopies({ attendees, iCalUId, subject }: Item): void {
    for (const { emailAddress } of attendees ?? []) {
      const room = this.#mailboxes.get(emailAddress.address)
      const copy = room?.all().find(item => item.iCalUId === iCalUId && item.isOrganizer === false)
      if (copy) room?.change(copy.id, { isCancelled: true, showAs: 'free', subject: `Canceled: ${subject}` })
    }
  }

  #deliver(home: FakeMailbox, meeting: Item, attendee: Attendee, room: FakeMailbox): void {
    const {
      id: _,
      singleValueExtendedProperties: __,
      changeKey: ___,
      '@odata.etag': ____,
      type: _____,
      ...copy
    } = meeting
    const known = room.all().find(item => item.iCalUId === meeting.iCalUId)
    if (attendee.status?.response === 'accepted' && known) return
    const [from, to] = [epochOf(meeting.start), epochOf(meeting.end)]
    const taken = room.view(from, to).some(item => item.iCalUId !== meeting.iCalUId && item.showAs !== 'free')
    const response = taken ? 'declined' : 'accepted'
    home.change(meeting.id, {
      attendees: (meeting.attendees ?? []).map(each => (each === attendee ? { ...each, status: { response } } : each)),
    })
    if (taken) {
      if (known) room.remove(known.id)
      return
    }
    const organizer = { emailAddress: { address: home.address, name: `Organizer ${home.address}` } }
    room.put({
      ...copy,
      ...{ id: known?.id ?? newId(), isOrganizer: false, organizer, responseStatus: { response } },
      ...(this.autoAccept.deleteSubject ? { subject: organizer.emailAddress.name } : {}),
      ...(this.autoAccept.deleteComments
        ? { body: { contentType: 'html', content: '<html><body></body></html>' } }
        : {}),
      ...(this.autoAccept.removePrivate ? { sensitivity: 'normal' } : {}),
      recurrence: copy.recurrence ?? null,
    } as Item)
  }
}
