/** The JSON that the page, scripts and dashboards use; described by `openapi.ts`. */
import { type Request, Router } from 'express'
import type { User } from '../auth.ts'
import { KaldavError, NotFound, TooManyOccurrences } from '../errors.ts'
import { SCHEDULE } from '../schedule/event.ts'
import { accessTo, accessToAll, allows, viewWith } from '../store/access.ts'
import { conflictSeenAs, type ShownConflict, showConflicts } from '../store/shown-conflicts.ts'
import type { Conflict, Resource, Store } from '../store/store.ts'
import type { Sync } from '../sync/sync.ts'
import { openApi } from './openapi.ts'
import { shownIn } from './upcoming.ts'

/** A year and a day: what one question may span, seconds. */
const longestRange = 367 * 86_400
const week = 7 * 86_400

export interface ApiOptions {
  readonly store: Store
  readonly sync: Sync
}

/** What is asked for cannot be answered as it was asked. */
class BadRequest extends KaldavError {}

/** The description needs no sign-in: it says nothing of this installation. */
export function openApiRouter(): Router {
  const router = Router()
  router.get('/openapi.json', (_request, response) => {
    response.json(openApi)
  })
  return router
}

export function apiRouter({ store, sync }: ApiOptions): Router {
  const router = Router()
  router.get('/resources', async (_request, response) => {
    const user = response.locals.user as User
    const resources = (await store.resources()).filter(each => accessTo(user, each.systemName) !== 'none')
    const names = new Map(resources.map(({ id, systemName }) => [id, systemName]))
    response.json(
      resources
        .filter(({ status }) => status !== 3)
        .map(({ parentId, status, ...resource }) => ({
          ...resource,
          active: status === 2,
          parent: parentId === null ? null : (names.get(parentId) ?? null),
          calendar: `/dav/calendars/${encodeURIComponent(resource.systemName)}/`,
        })),
    )
  })
  router.get('/conflicts', async (request, response) => {
    const user = response.locals.user as User
    const resource = await resourceAsked(store, request, user)
    const names = new Map((await store.resources()).map(({ id, systemName }) => [id, systemName]))
    const open = await conflictsFor(store, user, resource ? { resourceId: resource.id } : {})
    const shown = await showFor(store, user, open)
    response.json(
      shown.map(({ conflict: { resourceId: at, ...conflict }, title, sides, remedy }) => ({
        ...conflict,
        title,
        events: sides,
        remedy,
        resource: at === null ? null : (names.get(at) ?? null),
        start: iso(conflict.start),
        end: iso(conflict.end),
        since: iso(conflict.since),
      })),
    )
  })
  router.get('/sources', async (_request, response) => {
    const states = await sync.sources()
    response.json(
      states.map(state => ({
        ...state,
        lastSuccess: iso(state.lastSuccess),
        nextDue: iso(state.nextDue || null),
        writesAfter: iso(state.writesAfter),
      })),
    )
  })
  router.get('/events', async (request, response) => {
    const now = Math.floor(Date.now() / 1000)
    const from = instant(request, 'from') ?? now
    const to = instant(request, 'to') ?? from + week
    if (to <= from) throw new BadRequest('"to" is not after "from".')
    if (to - from > longestRange) throw new BadRequest('The range is longer than a year.', { remedy: 'Ask in parts.' })
    const user = response.locals.user as User
    const resource = await resourceAsked(store, request, user)
    const view = viewWith(user, resource ? accessTo(user, resource.systemName) : accessToAll(user))
    if (!resource && accessToAll(user) === 'none') {
      throw new BadRequest('You may not see every resource.', { remedy: 'Ask for one: ?resource=NAME.' })
    }
    const shown = await shownIn(store, { resourceId: resource?.id ?? SCHEDULE, view }, from, to)
    response.json(shown.map(event => ({ ...event, start: iso(event.start), end: iso(event.end) })))
  })
  return router
}

/** The status of what the API's own code throws; `null`: not for us. */
export function statusOf(error: unknown): number | null {
  if (error instanceof BadRequest) return 400
  if (error instanceof NotFound) return 404
  return error instanceof TooManyOccurrences ? 422 : null
}

const iso = (epoch: number | null): string | null =>
  epoch === null ? null : Temporal.Instant.fromEpochMilliseconds(epoch * 1000).toString()

async function resourceAsked(store: Store, request: Request, user: User): Promise<Resource | null> {
  const name = request.query.resource
  if (name === undefined) return null
  const resource = await store.resourceBySystemName(String(name))
  if (!resource || resource.status === 3 || accessTo(user, resource.systemName) === 'none') {
    throw new NotFound(`There is no resource ${name}.`)
  }
  return resource
}

/** The open conflicts; nothing for those who may not read every resource, as a conflict may be about any. */
export async function conflictsFor(
  store: Store,
  user: User,
  filter: Parameters<Store['conflicts']>[0] = {},
): Promise<readonly Conflict[]> {
  return allows(accessToAll(user), 'read') ? store.conflicts(filter) : []
}

/** Conflicts in words, as far as whoever asks may see them. */
export async function showFor(
  store: Store,
  user: User,
  conflicts: readonly Conflict[],
): Promise<readonly ShownConflict[]> {
  const view = viewWith(user, accessToAll(user))
  return (await showConflicts(store, conflicts)).map(each => conflictSeenAs(view, each))
}

/** `2026-10-12T08:00:00Z`, or a date, which begins at midnight UTC. */
function instant(request: Request, name: string): number | null {
  const text = request.query[name]
  if (text === undefined) return null
  try {
    const full = /^\d{4}-\d{2}-\d{2}$/.test(String(text)) ? `${text}T00:00:00Z` : String(text)
    return Math.floor(Temporal.Instant.from(full).epochMilliseconds / 1000)
  } catch {
    throw new BadRequest(`"${name}" is no time.`, { remedy: 'Write 2026-10-12 or 2026-10-12T08:00:00Z.' })
  }
}
