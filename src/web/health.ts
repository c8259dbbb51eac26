/** For whatever watches the process: alive, ready, numbers. */
import { Router } from 'express'
import type { Metrics } from '../metrics.ts'
import type { Store } from '../store/store.ts'
import type { Sync } from '../sync/sync.ts'

export interface HealthOptions {
  readonly store: Pick<Store, 'token' | 'conflicts'>
  readonly sync: Pick<Sync, 'sources'>
  readonly metrics: Metrics
  /** Not ready until everything is open, and again while shutting down. */
  readonly health: { readonly ready: boolean }
}

export function healthRouter({ store, sync, metrics, health }: HealthOptions): Router {
  const router = Router()
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').type('text').send('ok\n')
  })
  router.get('/readyz', async (_request, response) => {
    const problem = health.ready ? await unreadable(store) : 'starting or stopping'
    response.set('Cache-Control', 'no-store').type('text')
    if (problem === null) response.send('ready\n')
    else response.status(503).set('Retry-After', '1').send(`not ready: ${problem}\n`)
  })
  router.get('/metrics', async (_request, response) => {
    const { type, text } = await metrics.read({ store, sync })
    response.set('Cache-Control', 'no-store').set('Content-Type', type).send(text)
  })
  return router
}

/** Why the store cannot be read; `null` when it can. */
async function unreadable(store: Pick<Store, 'token'>): Promise<string | null> {
  try {
    await store.token(0)
    return null
  } catch {
    return 'the store cannot be read'
  }
}
