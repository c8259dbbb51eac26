/** The composition root: the only place that knows every part. */
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import express, { type Router } from 'express'
import type { Logger } from 'pino'
import { adapters } from '../adapters/index.ts'
import type { KalturaAccount } from '../adapters/kaltura/index.ts'
import { Auth } from './auth.ts'
import { noteAnswer } from './breath.ts'
import { Notifier } from './caldav/notifier.ts'
import { caldavRouter } from './caldav/router.ts'
import type { Config } from './config.ts'
import { deviceListRouter } from './feeds/device-list.ts'
import { feedsRouter } from './feeds/router.ts'
import { type Credentials, type KalturaServer, openKalturaServer } from './kaltura-server/index.ts'
import { accessLog, type Middleware } from './log.ts'
import type { Metrics } from './metrics.ts'
import { accountSource, configuredCalendars, loadVendors } from './sources.ts'
import { bindingState, saveBinding, secretOf } from './store/bindings.ts'
import type { Database } from './store/database.ts'
import { Store } from './store/store.ts'
import { bind } from './sync/configured.ts'
import { Engine } from './sync/engine.ts'
import { accountIsRead, type KalturaIds, kalturaIds } from './sync/kaltura-ids.ts'
import type { SyncReport } from './sync/report.ts'
import { Sync } from './sync/sync.ts'
import { hookOf, webhooksRouter } from './sync/webhooks.ts'
import { Worker } from './sync/worker.ts'
import { healthRouter } from './web/health.ts'
import { webRouter } from './web/index.ts'

export { discoverRooms, examineGoogleSources, examineMicrosoft365Sources } from './sources.ts'

const now = () => Math.floor(Date.now() / 1000)

/** Everything but the HTTP side: what commands work on, with or without a running gateway. */
export interface Gateway {
  readonly config: Config
  readonly log: Logger
  readonly store: Store
  readonly auth: Auth
  readonly sync: Sync
  readonly worker: Worker
  readonly account: KalturaAccount
  /** The embedded account; `null` where the account is a real one. */
  readonly kaltura: KalturaServer | null
  readonly webhooks: Router
  /** What the account calls an event that came from here. */
  readonly kalturaIds: (uid: string) => Promise<KalturaIds | null>
  close(): Promise<void>
}

async function openDatabase(url: string): Promise<Database> {
  if (url.startsWith('sqlite:')) return (await import('../adapters/sqlite.ts')).openSqlite(url.slice('sqlite:'.length))
  return (await import('../adapters/postgres.ts')).openPostgres(url)
}

const listen = (server: Server, port: number, host: string): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server.address() as AddressInfo))
  })

/** The embedded account on a loopback port of its own: the adapter reaches it as it reaches a real one. */
async function embedAccount(config: Config, database: Database, log: Logger, onChange: () => void) {
  const kaltura = await openKalturaServer({
    database,
    timeZone: config.timeZone,
    uploadDir: join(config.dataDir, 'uploads'),
    onChange,
    report: error => log.error({ err: error }, 'a defect of the embedded account'),
  })
  const secrets = await kaltura.bootstrap()
  const server = createServer(express().use('/api_v3', kaltura.router))
  const { port } = await listen(server, 0, '127.0.0.1')
  const close = async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
    await kaltura.close()
  }
  return { kaltura, secrets, serviceUrl: `http://127.0.0.1:${port}`, close }
}

/** Opens store, account and synchronisation; `close` ends them in the order that loses nothing. */
export async function openGateway(
  config: Config,
  log: Logger,
  onReport: (report: SyncReport) => void = () => {},
): Promise<Gateway> {
  const opened = new AsyncDisposableStack()
  try {
    return await openParts(config, log, onReport, opened)
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
}

/** @param opened takes what is to be closed again, in order */
async function openParts(
  config: Config,
  log: Logger,
  onReport: (report: SyncReport) => void,
  opened: AsyncDisposableStack,
): Promise<Gateway> {
  const database = await openDatabase(config.store.url)
  opened.defer(() => database.close())
  const store = await Store.open(database, { zone: config.timeZone, now })
  const auth = await Auth.open(database, config, log)
  const secret = await secretOf(database, 'webhooks')
  const wake = { account: () => {} }
  const embedded = config.account ? null : await embedAccount(config, database, log, () => wake.account())
  opened.defer(() => embedded?.close())
  const account = await openAccount(config, embedded, log)
  const engine = new Engine({ store, log, zone: config.timeZone, now })
  opened.defer(() => engine.close())
  const calendars = [
    accountSource(config, account, store, log),
    ...configuredCalendars(config, tenantOf(config, embedded)),
  ]
  const configured = async () => bind(calendars, await store.resources(), resource => priority(config, resource))
  const { baseUrl } = config.server
  const worker = new Worker({
    ...{ store, engine, configured, log, now, onReport },
    hookOf: binding => hookOf({ secret, baseUrl }, binding),
  })
  opened.defer(() => worker.stop())
  wake.account = () => void worker.wake('kaltura')
  store.onWrite(() => worker.changed())
  return {
    ...{ config, log, store, auth, worker, account, kaltura: embedded?.kaltura ?? null },
    sync: new Sync({ store, engine, worker, configured }),
    webhooks: webhooksRouter({
      ...{ secret, baseUrl, log },
      bindings: async () => (await configured()).bindings,
      wake: binding => worker.wakeBinding(binding.id),
      watchAgain: binding => saveBinding(database, binding.id, { watchUntil: 0 }),
      markOf: async binding => (await bindingState(database, binding.id)).watchMark,
    }),
    kalturaIds: uid => kalturaIds(database, uid),
    close: () => opened.disposeAsync(),
  }
}

const priority = (config: Config, resource: { readonly systemName: string } | null): readonly string[] =>
  (resource && config.resources[resource.systemName]?.sourcePriority) ?? []

const tenantOf = (config: Config, embedded: Embedded | null): string =>
  String(config.account?.partnerId ?? embedded?.secrets.partnerId)

type Embedded = Awaited<ReturnType<typeof embedAccount>>

async function openAccount(config: Config, embedded: Embedded | null, log: Logger): Promise<KalturaAccount> {
  const { openKaltura } = await adapters.kaltura()
  const common = { zone: config.timeZone, resources: config.resources, log }
  if (embedded) {
    const { partnerId, appToken } = embedded.secrets
    return openKaltura({
      ...common,
      serviceUrl: embedded.serviceUrl,
      partnerId,
      appToken: { ...appToken, hashType: 'SHA256' },
    })
  }
  if (!config.account) throw new TypeError('neither a real nor an embedded account')
  const { serviceUrl, partnerId, appToken } = config.account
  return openKaltura({ ...common, serviceUrl, partnerId, appToken: { ...appToken, token: appToken.token.reveal() } })
}

export interface RunningAccount {
  readonly url: string
  readonly credentials: Credentials
  close(): Promise<void>
}

/** The embedded account without a gateway: a Kaltura for devices and programs under test, in a database of its own. */
export async function startAccount(
  config: Config,
  log: Logger,
  options: { readonly test: boolean; readonly icalOutput: 'standard' | 'verbatim' },
): Promise<RunningAccount> {
  await using opened = new AsyncDisposableStack()
  const database = await openDatabase(`sqlite:${join(config.dataDir, 'kaltura.db')}`)
  opened.defer(() => database.close())
  const kaltura = await openKalturaServer({
    ...{ database, uploadDir: join(config.dataDir, 'uploads'), ...options },
    report: error => log.error({ err: error }, 'a defect of the embedded account'),
  })
  opened.defer(() => kaltura.close())
  const credentials = await kaltura.bootstrap()
  const app = express().disable('x-powered-by').set('etag', false)
  app.get(['/healthz', '/readyz'], (_, response) => void response.type('text/plain').send('ok\n'))
  const server = createHttpServer(config, app.use(accessLog(log)).use('/api_v3', kaltura.router))
  const { port } = await listen(server, config.server.port, config.server.host)
  opened.defer(async () => {
    const closed = new Promise(resolve => server.close(resolve))
    server.closeAllConnections()
    await closed
  })
  const running = opened.move()
  const scheme = config.server.tls ? 'https' : 'http'
  return { url: `${scheme}://${config.server.hostName}:${port}`, credentials, close: () => running.disposeAsync() }
}

export interface Running {
  readonly gateway: Gateway
  /** The administrator's password, where it was just made up. */
  readonly madePassword: string | null
  /** Where it listens, `http://127.0.0.1:8080`. */
  readonly url: string
  /** Takes no new requests, ends those in flight (at most 8 s), then closes everything. */
  close(): Promise<void>
}

/** The gateway with its HTTP side: CalDAV, feeds, the embedded account, the web page. Resolves when it is ready. */
export async function startGateway(config: Config, log: Logger, metrics: Metrics): Promise<Running> {
  const release = await hold(config.store.url)
  const gateway = await openGateway(config, log, metrics.synced).catch((error: unknown) => {
    release()
    throw error
  })
  const health = { ready: false }
  try {
    const madePassword = await gateway.auth.ensureAdmin(config.adminPassword)
    await prepare(gateway)
    await loadVendors(config)
    const push = await startPush(gateway)
    const server = createHttpServer(config, buildApp(gateway, health, metrics, push))
    const { port } = await listen(server, config.server.port, config.server.host)
    gateway.worker.start()
    const upkeep = keepUp(gateway)
    health.ready = true
    const scheme = config.server.tls ? 'https' : 'http'
    const host = config.server.host.includes(':') ? `[${config.server.host}]` : config.server.host
    const close = async () => {
      clearInterval(upkeep)
      push?.notifier.stop()
      await shutDown(gateway, server, health)
      release()
    }
    return { gateway, madePassword, url: `${scheme}://${host}:${port}`, close }
  } catch (error) {
    await gateway.close()
    release()
    throw error
  }
}

/** One process serves an SQLite file; commands work beside it. PostgreSQL takes as many as there are. */
async function hold(url: string): Promise<() => void> {
  if (!url.startsWith('sqlite:')) return () => {}
  return (await import('../adapters/sqlite.ts')).holdSqlite(url.slice('sqlite:'.length))
}

/** Fills an empty zero-config store with the example campus. */
async function prepare(gateway: Gateway): Promise<void> {
  const { config, store, account, sync, log } = gateway
  if (!config.example) return
  const { seedExample } = await import('./cli/example.ts')
  const result = await seedExample({ store, account, readAccount: () => sync.run('kaltura') })
  if (result) log.info({ events: result.imported }, 'the example campus was made')
}

type Push = { readonly publicKey: string; readonly notifier: Notifier } | null

async function startPush({ config, store, log }: Gateway): Promise<Push> {
  if (!config.push) return null
  const { publicKey, privateKey, subject } = config.push
  const notifier = new Notifier(store, { publicKey, privateKey: privateKey.reveal(), subject }, log)
  await notifier.start()
  return { publicKey, notifier }
}

/** Series are indexed a little further each day, and old removals forgotten. */
function keepUp({ store, log }: Gateway): NodeJS.Timeout {
  const look = () =>
    store
      .rollHorizon()
      .then(() => store.prune())
      .catch((error: unknown) => log.error({ err: error }, 'the daily round over the store failed'))
  void look()
  return setInterval(look, 86_400_000).unref()
}

function createHttpServer(config: Config, app: RequestListener): Server {
  const { tls } = config.server
  const times = { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 65_000 }
  if (!tls) return createServer(times, app)
  return createTlsServer({ ...times, cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, app)
}

function buildApp(
  gateway: Gateway,
  health: { readonly ready: boolean },
  metrics: Metrics,
  push: Push,
): RequestListener {
  const { config, store, auth, log, sync, kalturaIds: ids } = gateway
  const app = express().disable('x-powered-by').set('etag', false).set('trust proxy', config.server.trustProxy)
  const http = { baseUrl: config.server.baseUrl, trustProxy: config.server.trustProxy }
  app.use(healthRouter({ store, sync, health, metrics }))
  const isRead = accountIsRead(store.database)
  app.use('/webhooks', gateway.webhooks)
  if (gateway.kaltura) app.use('/api_v3', gateway.kaltura.router)
  else if (config.account)
    app.use('/api_v3', deviceListRouter({ store, log, account: config.account, kalturaIds: ids, isRead }))
  app.use(webRouter({ store, auth, sync, config, log }))
  // CalDAV and feeds are most of the work, and express before them would be a good part of that.
  const front = [
    accessLog(log),
    metrics.middleware,
    notingAnswers,
    caldavRouter({ store, auth, config: http, log, scheduling: config.scheduling, push }),
    feedsRouter({ store, auth, log, kalturaIds: ids, isRead }),
  ]
  return front.reduceRight<RequestListener>(
    (next, middleware) => (request, response) => middleware(request, response, () => next(request, response)),
    app,
  )
}

const notingAnswers: Middleware = (_, response, next) => {
  response.once('close', noteAnswer)
  next()
}

async function shutDown(gateway: Gateway, server: Server, health: { ready: boolean }): Promise<void> {
  health.ready = false
  const closed = new Promise(resolve => server.close(resolve))
  server.closeIdleConnections()
  const late = setTimeout(() => server.closeAllConnections(), 8000)
  await Promise.all([closed, gateway.worker.stop()])
  clearTimeout(late)
  await gateway.close()
}
