/** Requests to one Graph host: in each mailbox's turn, tried again where that is safe, reads in groups where many wait. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from '@microsoft/microsoft-graph-client'
import { AccessDenied } from '../../src/errors.ts'
import { answersOf, batchOf, isUnknownBatch, mostInBatch } from './batch.ts'
import { connect } from './connect.ts'
import { authentication, failureOf, GraphFailure, isPassing } from './errors.ts'
import { atOnce, Lane, patience } from './lane.ts'
import type { Microsoft365Options } from './options.ts'

/** ms for one request. */
const timeout = 30_000
/** Waits before the second, third … try, ms. */
const pauses = [300, 1500, 4000]

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

const isAbsolute = (path: string): boolean => /^[a-z]+:/i.test(path)
const preferOf = ({ prefer = [] }: GraphRequest): string => [...always, ...prefer].join(', ')

/** A read that can go with others; the pages of a delta round only make sense one after the other. */
const isGroupable = ({ method, path }: GraphRequest): boolean =>
  method === 'GET' && !isAbsolute(path) && !path.includes('/delta?')

/** Actions are answered with an empty 202, whatever it says of itself. */
const answersNothing = /\/(accept|tentativelyAccept|decline|cancel)$/
/** A page of some gateway comes as text or as a document. */
const isData = (answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && Object.getPrototypeOf(answer) === Object.prototype

interface Read {
  readonly request: GraphRequest
  readonly entered: number
  readonly resolve: (body: unknown) => void
  readonly reject: (reason: unknown) => void
}

export class Graph {
  readonly #options: Microsoft365Options
  #client: Promise<Client> | null = null
  readonly #lanes = new Map<string, Lane>()
  readonly #reads = new Map<Lane, Read[]>()
  #hasBatches = true

  constructor(options: Microsoft365Options) {
    this.#options = options
  }

  /** @param mailbox whose limits the request counts against @throws GraphFailure · AccessDenied without credentials */
  async request<T>(mailbox: string, request: GraphRequest): Promise<T> {
    const lane = this.#lane(mailbox)
    const entered = lane.enter()
    for (let attempt = 0, renewed = false; ; ) {
      const begun = performance.now()
      try {
        return (await (isGroupable(request)
          ? this.#read(lane, entered, request)
          : this.#alone(lane, entered, request))) as T
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
        if (failure.retryAfter && failure.code !== 'resting') lane.rest(failure.retryAfter)
        const pause = pauses[attempt]
        const patient = (failure.retryAfter ?? 0) <= patience && performance.now() - begun < timeout
        // A POST that failed in an unclear way may have worked: whoever sent it has to look first.
        const clear = request.method !== 'POST' || failure.status === 429
        if (!isPassing(failure) || pause === undefined || !patient || !clear) throw new GraphFailure(failure, error)
        attempt++
        await wait(pause * (0.5 + Math.random()))
      }
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

  #lane(mailbox: string): Lane {
    const lane = this.#lanes.get(mailbox) ?? new Lane()
    this.#lanes.set(mailbox, lane)
    return lane
  }

  #alone(lane: Lane, entered: number, request: GraphRequest): Promise<unknown> {
    return lane.hold(1, entered, () => this.#once(request))
  }

  /** Reads that are asked for in the same moment wait for each other. */
  #read(lane: Lane, entered: number, request: GraphRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const waiting = this.#reads.get(lane) ?? []
      this.#reads.set(lane, waiting)
      if (waiting.push({ request, entered, resolve, reject }) === 1) setImmediate(() => this.#send(lane))
    })
  }

  #send(lane: Lane): void {
    const reads = this.#reads.get(lane) ?? []
    this.#reads.delete(lane)
    if (reads.length <= atOnce || !this.#hasBatches) {
      for (const read of reads) this.#alone(lane, read.entered, read.request).then(read.resolve, read.reject)
      return
    }
    for (let at = 0; at < reads.length; at += mostInBatch) {
      void this.#together(lane, reads.slice(at, at + mostInBatch))
    }
  }

  /** Exchange works on four parts of a batch at a time: it is all that a mailbox bears. */
  async #together(lane: Lane, reads: readonly Read[]): Promise<void> {
    const parts = reads.map(({ request }) => ({ path: request.path, prefer: preferOf(request) }))
    const request: GraphRequest = { method: 'POST', path: '/$batch', body: batchOf(parts) }
    const entered = Math.min(...reads.map(read => read.entered))
    try {
      const answers = answersOf(await lane.hold(atOnce, entered, () => this.#once(request)), reads.length)
      for (const [n, { resolve, reject }] of reads.entries()) {
        const answer = answers[n]
        if (answer && 'body' in answer) resolve(answer.body)
        else reject(answer)
      }
    } catch (error) {
      this.#hasBatches &&= !isUnknownBatch(failureOf(error))
      for (const read of reads) {
        if (this.#hasBatches) read.reject(error)
        else this.#alone(lane, read.entered, read.request).then(read.resolve, read.reject)
      }
    }
  }

  async #once(sent: GraphRequest): Promise<unknown> {
    const { method, path, body, ifMatch } = sent
    this.#client ??= connect(this.#options).catch((error: unknown) => {
      this.#client = null
      throw error
    })
    const client = await this.#client
    this.#refuseOtherHosts(path)
    const request = client
      .api(path)
      .options({ signal: AbortSignal.timeout(timeout), redirect: 'error' })
      .header('Prefer', preferOf(sent))
    if (ifMatch) request.header('If-Match', ifMatch)
    if (method === 'DELETE') return request.delete()
    const send = {
      GET: () => request.get(),
      POST: () => request.post(body ?? {}),
      PATCH: () => request.patch(body ?? {}),
    }
    const answer: unknown = await send[method]()
    // An empty 202 comes as an unread stream, which would keep its connection.
    if (answer instanceof ReadableStream) await answer.cancel()
    if (answersNothing.test(path) || isData(answer)) return answer
    throw new GraphFailure({ status: 200, code: '', message: 'the answer cannot be read', retryAfter: null }, answer)
  }

  /** Links come from answers: one that leads elsewhere would carry our token there. */
  #refuseOtherHosts(path: string): void {
    if (!isAbsolute(path)) return
    if (new URL(path).origin === new URL(this.#options.graphUrl).origin) return
    throw new AccessDenied(`Microsoft Graph answered with a link to another host: ${new URL(path).host}`, {
      remedy: 'Set graphUrl to the cloud your tenant lies in.',
    })
  }
}
