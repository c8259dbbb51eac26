/** What `/metrics` tells Prometheus. */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type Middleware, routeClass } from './log.ts'
import type { Store } from './store/store.ts'
import type { SyncReport } from './sync/report.ts'
import type { Sync } from './sync/sync.ts'

/** What is looked up when Prometheus asks. */
export interface Watched {
  readonly store: Pick<Store, 'conflicts'>
  readonly sync: Pick<Sync, 'sources'>
}

export interface Metrics {
  /** Times every request. To be mounted at the root. */
  readonly middleware: Middleware
  /** A finished run of a binding. */
  synced(report: SyncReport): void
  /** The Prometheus text and its content type. */
  read(watched: Watched): Promise<{ readonly type: string; readonly text: string }>
}

const effects = ['pulled', 'created', 'updated', 'removed', 'pushed', 'rejected', 'held', 'conflicts'] as const

export function createMetrics(): Metrics {
  const registry = new Registry()
  // Among them the event loop's lag, memory and CPU time.
  collectDefaultMetrics({ register: registry })
  const common = { registers: [registry] }
  const requests = new Histogram({
    ...common,
    name: 'kaldav_http_request_seconds',
    help: 'Time to answer a request, by class of URL',
    labelNames: ['route', 'method', 'status'],
    buckets: [0.002, 0.01, 0.05, 0.2, 1, 5],
  })
  const runs = new Counter({
    ...common,
    name: 'kaldav_sync_runs_total',
    help: 'Runs of a calendar, by outcome',
    labelNames: ['source', 'calendar', 'outcome'],
  })
  const changes = new Counter({
    ...common,
    name: 'kaldav_sync_events_total',
    help: 'Events that runs read, wrote or refused',
    labelNames: ['source', 'calendar', 'effect'],
  })
  const age = new Gauge({
    ...common,
    name: 'kaldav_sync_age_seconds',
    help: 'Time since a calendar was last synchronised',
    labelNames: ['source', 'calendar'],
  })
  const overdue = new Gauge({
    ...common,
    name: 'kaldav_sync_overdue_seconds',
    help: 'How long a calendar has waited for its next run beyond its due time',
    labelNames: ['source', 'calendar'],
  })
  const failures = new Gauge({
    ...common,
    name: 'kaldav_sync_failures',
    help: 'Failed runs of a calendar in a row',
    labelNames: ['source', 'calendar'],
  })
  const conflicts = new Gauge({ ...common, name: 'kaldav_conflicts', help: 'Open conflicts', labelNames: ['kind'] })

  return {
    middleware(request, response, next) {
      const labels = { route: routeClass(request.url ?? ''), method: known(request.method ?? '') }
      const end = requests.startTimer(labels)
      response.once('close', () => end({ status: `${Math.floor(response.statusCode / 100)}xx` }))
      next()
    },
    synced(report) {
      const { source, calendar } = report
      runs.inc({ source, calendar, outcome: report.error === null ? 'ok' : 'failed' })
      for (const effect of effects) if (report[effect] > 0) changes.inc({ source, calendar, effect }, report[effect])
    },
    async read({ store, sync }) {
      const now = Math.floor(Date.now() / 1000)
      for (const gauge of [age, overdue, failures, conflicts]) gauge.reset()
      for (const { kind } of await store.conflicts()) conflicts.inc({ kind })
      for (const { source, calendar, lastSuccess, nextDue, failures: failed } of await sync.sources()) {
        const labels = { source, calendar }
        if (lastSuccess !== null) age.set(labels, now - lastSuccess)
        overdue.set(labels, Math.max(0, nextDue === 0 ? 0 : now - nextDue))
        failures.set(labels, failed)
      }
      return { type: registry.contentType, text: await registry.metrics() }
    },
  }
}

const methods = new Set(
  'GET HEAD OPTIONS PUT POST PATCH DELETE PROPFIND PROPPATCH REPORT MKCALENDAR MOVE COPY'.split(' '),
)
/** Anything may be sent as a method; only known ones become a label. */
const known = (method: string): string => (methods.has(method) ? method : 'other')
