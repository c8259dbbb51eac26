/**
 * The only importer of kaltura-client. It is CommonJS without types; what is used of it is typed here. Its model classes
 * are left out: they add nothing to plain objects and take 20 MB.
 *
 * What this works around: a failed multirequest throws inside a promise nobody waits for; an error without a message
 * counts as success; its own logger prints whole requests, session included.
 */
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { createRequire } from 'node:module'

/** A request to one action, to be sent once. */
export interface Request {
  readonly service: string
  readonly action: string
  readonly data: unknown
  setKs(ks: string): Request
  setResponseProfile(profile: object): Request
  callback: ((success: boolean, result: unknown) => void) | null
  execute(client: Client): unknown
}

interface MultiRequest extends Request {
  add(request: Request): MultiRequest
  completion(callback: (success: boolean, result: unknown) => void): MultiRequest
}

/** The parts of its axios instance that we set. */
interface HttpConfig {
  signal?: AbortSignal
  httpAgent?: HttpAgent
  httpsAgent?: HttpsAgent
  maxRedirects?: number
  maxContentLength?: number
  proxy?: false
}
interface HttpAnswer {
  readonly status: number
  readonly headers: { readonly [name: string]: unknown }
}

export interface Client {
  readonly axios: {
    readonly interceptors: {
      readonly request: { use(intercept: (config: HttpConfig) => HttpConfig): void }
      readonly response: { use(intercept: (answer: HttpAnswer) => HttpAnswer): void }
    }
  }
  setClientTag(tag: string): void
  setApiVersion(version: string): void
}

interface Configuration {
  serviceUrl: string
  timeout: number
  setLogger(logger: object): void
}

interface Base {
  readonly Configuration: new () => Configuration
  readonly ClientBase: new (configuration: Configuration) => Client
  readonly MultiRequestBuilder: new () => MultiRequest
}

type Make = (...parameters: readonly unknown[]) => Request

interface Services {
  readonly session: { readonly startWidgetSession: Make }
  readonly appToken: { readonly startSession: Make }
  readonly system: { readonly getVersion: Make; readonly getTime: Make }
  readonly liveStream: { readonly get: Make }
  readonly scheduleEvent: Readonly<Record<'add' | 'get' | 'update' | 'deleteAction' | 'cancel' | 'listAction', Make>>
  readonly scheduleResource: Readonly<Record<'add' | 'update' | 'deleteAction' | 'listAction', Make>>
  readonly scheduleEventResource: Readonly<Record<'add' | 'deleteAction' | 'listAction', Make>>
}

const require = createRequire(import.meta.url)
const base = require('kaltura-client/KalturaClientBase') as Base
export const services = require('kaltura-client/KalturaServices') as Services
const { version } = require('kaltura-client/package.json') as { readonly version: string }

/** ms for one request; Kaltura makes up to 1,000 occurrences before it answers. */
const TIMEOUT = 45_000
const MAX_ANSWER = 256 * 1024 * 1024

export interface Connection {
  readonly client: Client
  /** Server time minus ours at its last answer, seconds; 0 until there was one. */
  skew(): number
  /** The second its last answer was of, by itself; `null` where it did not say. */
  answeredAt(): number | null
  close(): void
}

const isLoopback = (url: string): boolean => /^(127\.|localhost$|\[?::1\]?$)/.test(new URL(url).hostname)

/** @param serviceUrl scheme and host, with a path where Kaltura is not at the root */
export function connect(serviceUrl: string): Connection {
  const configuration = new base.Configuration()
  configuration.serviceUrl = serviceUrl.replace(/\/+$/, '')
  configuration.timeout = TIMEOUT
  configuration.setLogger({ log() {}, error() {}, debug() {} })
  const client = new base.ClientBase(configuration)
  client.setApiVersion(version)
  client.setClientTag('kaldav')
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets: 8 }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 8 }),
  }
  const closing = new AbortController()
  let skew = 0
  let answeredAt: number | null = null
  client.axios.interceptors.request.use(config => {
    // The library's timeout does not cover a connection that never opens; a redirect would take the session elsewhere.
    config.signal = AbortSignal.any([closing.signal, AbortSignal.timeout(TIMEOUT)])
    return Object.assign(config, agents, {
      maxRedirects: 0,
      maxContentLength: MAX_ANSWER,
      ...(isLoopback(serviceUrl) && { proxy: false }),
    })
  })
  client.axios.interceptors.response.use(answer => {
    const date = Date.parse(String(answer.headers.date ?? ''))
    const ahead = (date - Date.now()) / 1000
    // The header has whole seconds only and is as old as the way here is long.
    if (!Number.isNaN(date)) skew = Math.abs(ahead) < 2 ? 0 : Math.round(ahead)
    answeredAt = Number.isNaN(date) ? null : Math.floor(date / 1000)
    return answer
  })
  const close = () => {
    closing.abort()
    agents.httpAgent.destroy()
    agents.httpsAgent.destroy()
  }
  return { client, skew: () => skew, answeredAt: () => answeredAt, close }
}

/** Sends one request. @returns what came back; throws what the library rejects with */
export const send = (client: Client, request: Request): Promise<unknown> =>
  new Promise((resolve, reject) => {
    request.callback = (success, result) => (success ? resolve(result) : reject(result))
    request.execute(client)
  })

/** Sends several as one multirequest: carried out in order, each whatever became of the others. */
export const sendAll = (client: Client, ks: string, requests: readonly Request[]): Promise<unknown> => {
  const multi = new base.MultiRequestBuilder()
  for (const request of requests) multi.add(request)
  multi.setKs(ks)
  return new Promise((resolve, reject) => {
    multi.completion(() => {})
    multi.callback = (success, result) => (success ? resolve(result) : reject(result))
    multi.execute(client)
  })
}
