import { LRUCache } from 'lru-cache'
import { dav } from '../dav/names.ts'
import { document } from '../dav/write.ts'
import { children, parseXml, textOf } from '../dav/xml.ts'
import {
  EVERYBODY,
  type PersonalProperties,
  personalProperties,
  type Revisions,
  revisions,
} from '../store/properties.ts'
import type { Exchange, Gateway } from './gateway.ts'

const NONE: PersonalProperties = new Map()
/** Keyed by store, person and revision: an entry is never wrong, only unused. */
const cache = new WeakMap<object, LRUCache<string, PersonalProperties>>()

const read = async ({ store }: Gateway, user: string, revision: number): Promise<PersonalProperties> => {
  if (revision === 0) return NONE
  const { database } = store
  const known = cache.get(database) ?? new LRUCache<string, PersonalProperties>({ max: 500 })
  cache.set(database, known)
  const key = `${revision} ${user}`
  const properties = known.get(key) ?? (await personalProperties(database, user))
  known.set(key, properties)
  return properties
}

const merged = (shared: PersonalProperties, own: PersonalProperties): PersonalProperties => {
  if (shared.size === 0) return own
  const all = new Map(shared)
  for (const [path, properties] of own) all.set(path, new Map([...(shared.get(path) ?? []), ...properties]))
  return all
}

export interface Personal extends Revisions {
  readonly byPath: PersonalProperties
}

/** What the person of this exchange, or an administrator for everybody, wrote over the properties of each path. */
export const personalOf = async ({ gateway, person }: Pick<Exchange, 'gateway' | 'person'>): Promise<Personal> => {
  const counts = await revisions(gateway.store.database, person.name)
  const shared = await read(gateway, EVERYBODY, counts.shared)
  const own = await read(gateway, person.name, counts.own)
  return { ...counts, byPath: merged(shared, own) }
}

/** The text inside a property as it is kept. */
export const keptText = (property: string): string =>
  children(parseXml(document(dav('prop'), property)))
    .map(textOf)
    .join('')
