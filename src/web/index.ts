/** The web page for people, and the JSON beside it. */
import { type ErrorRequestHandler, Router } from 'express'
import helmet from 'helmet'
import type { Logger } from 'pino'
import type { Auth, User } from '../auth.ts'
import type { Config } from '../config.ts'
import { KaldavError } from '../errors.ts'
import { accessTo, viewWith } from '../store/access.ts'
import type { Store } from '../store/store.ts'
import type { Sync } from '../sync/sync.ts'
import { apiRouter, conflictsFor, openApiRouter, showFor, statusOf } from './api.ts'
import { authenticate } from './authenticate.ts'
import { type PageContent, page } from './page.ts'
import { style } from './style.ts'
import { nextIn } from './upcoming.ts'

export interface WebOptions {
  readonly store: Store
  readonly auth: Pick<Auth, 'verify'>
  readonly sync: Sync
  readonly config: Config
  readonly log: Logger
}

const conflictsShown = 50
const week = 7 * 86_400

export function webRouter({ store, auth, sync, config, log }: WebOptions): Router {
  const router = Router()
  router.use(securityHeaders(config))
  router.use('/api', openApiRouter())
  router.get('/style.css', (_request, response) => {
    response.set('Cache-Control', 'max-age=3600').type('css').send(style)
  })
  router.use('/api', authenticate(auth), apiRouter({ store, sync }))
  router.get('/', authenticate(auth), async (request, response) => {
    const baseUrl = config.server.baseUrl ?? `${request.protocol}://${request.get('host')}`
    const user = response.locals.user as User
    const content = await readContent(store, sync, user, config.timeZone)
    response
      .set('Cache-Control', 'no-store')
      .type('html')
      .send(page({ ...content, baseUrl, user: user.name }))
  })
  router.use((_request, response) => {
    response.status(404).json(notThere)
  })
  router.use(answerError(log))
  return router
}

const notThere = { error: 'There is nothing at this address.', remedy: 'The page for people is at /.' }

/** Nothing is loaded from elsewhere, nothing is framed, no script runs. */
const securityHeaders = ({ server }: Config) =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: server.tls !== null || server.baseUrl?.startsWith('https:') === true,
    xFrameOptions: { action: 'deny' },
  })

async function readContent(
  store: Store,
  sync: Sync,
  user: User,
  zone: string,
): Promise<Omit<PageContent, 'baseUrl' | 'user'>> {
  const now = Math.floor(Date.now() / 1000)
  const rooms: PageContent['rooms'][number][] = []
  for (const resource of await store.resources()) {
    const access = accessTo(user, resource.systemName)
    if (resource.status !== 2 || access === 'none') continue
    const seen = { resourceId: resource.id, view: viewWith(user, access) }
    rooms.push({ resource, next: await nextIn(store, seen, now, week) })
  }
  const all = await conflictsFor(store, user)
  const conflicts = await showFor(store, user, all.slice(0, conflictsShown))
  return { rooms, conflicts, conflictCount: all.length, sources: await sync.sources(), zone }
}

const answerError =
  (log: Logger): ErrorRequestHandler =>
  (error, _request, response, next) => {
    if (response.headersSent) {
      next(error)
      return
    }
    const status = statusOf(error)
    if (status === null) log.error({ err: error }, 'a page could not be made')
    const message = status === null ? 'The request failed inside the gateway; its log has the details.' : error.message
    const remedy = error instanceof KaldavError ? error.remedy : null
    response.status(status ?? 500).json({ error: message, remedy })
  }
