import { LRUCache } from 'lru-cache'
import type { DeadProperties } from '../dav/propfind.ts'
import { type PersonalProperties, personalProperties, personalRevision } from '../store/properties.ts'
import type { Exchange } from './gateway.ts'

const NONE: PersonalProperties = new Map()
/** Keyed by store, person and revision: an entry is never wrong, only unused. */
const cache = new WeakMap<object, LRUCache<string, PersonalProperties>>()

/** What the person of this exchange wrote over the properties of each path, and a mark that moves when it changes. */
export const personalOf = async ({
  gateway,
  person,
}: Exchange): Promise<{ readonly revision: number; readonly byPath: PersonalProperties }> => {
  const { database } = gateway.store
  const revision = await personalRevision(database, person.name)
  if (revision === 0) return { revision, byPath: NONE }
  const known = cache.get(database) ?? new LRUCache<string, PersonalProperties>({ max: 500 })
  cache.set(database, known)
  const key = `${revision} ${person.name}`
  const byPath = known.get(key) ?? (await personalProperties(database, person.name))
  known.set(key, byPath)
  return { revision, byPath }
}

export const personalAt = (byPath: PersonalProperties, path: string): DeadProperties | undefined => byPath.get(path)
