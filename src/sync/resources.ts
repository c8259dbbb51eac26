/** The list of resources comes from the account; the gateway only adds its own settings to it. */
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Resource, Store } from '../store/store.ts'
import type { Source } from './source.ts'

/** A resource as the account tells it. */
export interface AccountResource {
  readonly id: number
  readonly name: string
  readonly systemName: string | null
  readonly type: Resource['type']
  readonly description: string | null
  readonly tags: readonly string[]
  readonly parentId: number | null
  readonly entryId: string | null
  /** 1 disabled, 2 active, 3 deleted (KalturaScheduleResourceStatus). */
  readonly status: 1 | 2 | 3
}

/** The account: the one source that also knows the resources. */
export interface Account extends Source {
  resources(): Promise<readonly AccountResource[]>
}

/**
 * The account as a source whose resources are in our store before its events are: an event never names a resource that
 * clients cannot see.
 */
export function withResources(
  account: Account,
  store: Store,
  zoneOf: (systemName: string) => string,
  log: Logger,
): Source {
  const pull: Source['pull'] = async (cursor, keep) => {
    const listed = await account.resources()
    // A plan writes nothing.
    if (keep) await saveResources(store, listed, zoneOf, log)
    return account.pull(cursor, keep)
  }
  return {
    pull,
    push: (event, at) => account.push?.(event, at) ?? Promise.reject(new TypeError('the account cannot be written')),
    remove: at => account.remove?.(at) ?? Promise.resolve(),
    together: account.together ?? 1,
    normalize: event => account.normalize?.(event) ?? event,
    accepts: event => account.accepts?.(event) ?? true,
    close: () => account.close?.() ?? Promise.resolve(),
  }
}

/** Writes what has changed about resources, and nothing when nothing has. */
export async function saveResources(
  store: Store,
  listed: readonly AccountResource[],
  zoneOf: (systemName: string) => string,
  log: Logger,
): Promise<void> {
  const before = new Map((await store.resources()).map(resource => [resource.id, resource]))
  const names = calendarNames(listed)
  const changed = listed
    .map(({ id, name, type, description, tags, parentId, entryId, status }): Resource => {
      const systemName = names.get(id) ?? `resource-${id}`
      const timeZone = zoneOf(systemName)
      return { id, systemName, name, type, description, tags, parentId, entryId, timeZone, status }
    })
    .filter(resource => !isDeepStrictEqual(before.get(resource.id), resource))
    // A deleted resource we never knew is no news.
    .filter(resource => resource.status !== 3 || before.has(resource.id))
  if (changed.length === 0) return
  await store.write({ source: 'kaltura', user: null, run: null }, async tx => {
    for (const resource of changed) await tx.putResource(resource)
  })
  log.info({ resources: changed.length }, 'resources of the account have changed')
}

/**
 * The path segment of each resource's calendar: its systemName, which Kaltura keeps unique only within a type and may
 * leave empty. Active ones are served first, so a deleted namesake never takes a name away.
 */
function calendarNames(listed: readonly AccountResource[]): Map<number, string> {
  const taken = new Set<string>()
  const names = new Map<number, string>()
  const ordered = [...listed].sort((a, b) => Number(a.status === 3) - Number(b.status === 3) || a.id - b.id)
  for (const { id, systemName, type } of ordered) {
    const wished = (systemName ?? '').trim().replace(/[/\\\p{Cc}]/gu, '-')
    const usable = wished !== '' && !wished.startsWith('_') && !/^\.+$/.test(wished)
    const name = [usable ? wished : null, usable ? `${wished}-${type}` : null, `resource-${id}`].find(
      candidate => candidate !== null && !taken.has(candidate),
    )
    names.set(id, name ?? `resource-${id}`)
    taken.add(name ?? `resource-${id}`)
  }
  return names
}
