import { NotFound } from '../errors.ts'
import type { Resource, Store } from '../store/store.ts'

/**
 * The resource somebody means: by systemName, by name, or by Kaltura id.
 * @throws NotFound with the names there are
 */
export async function resourceNamed(store: Pick<Store, 'resources'>, name: string): Promise<Resource> {
  const resources = (await store.resources()).filter(({ status }) => status !== 3)
  const wanted = name.toLowerCase()
  const found =
    resources.find(({ systemName }) => systemName === name) ??
    resources.find(resource => resource.systemName.toLowerCase() === wanted) ??
    resources.find(resource => resource.name.toLowerCase() === wanted) ??
    resources.find(({ id }) => String(id) === name)
  if (found) return found
  const some = resources.slice(0, 10).map(({ systemName }) => systemName)
  const remedy =
    some.length > 0 ? `There are ${some.join(', ')}${resources.length > 10 ? ' …' : ''}.` : 'There are none yet.'
  throw new NotFound(`There is no resource ${name}.`, { remedy })
}
