/** Rooms, cameras and live entries of the account, those deleted among them (resources leave tombstones, events do not). */
import { ApiFailure, meaningOf } from './errors.ts'
import { PAGE, readPage } from './read.ts'
import { type Fields, isFields, number, text } from './rows.ts'
import { services } from './sdk.ts'
import type { Ask, KalturaSession } from './session.ts'

export type ResourceType = 'location' | 'camera' | 'live_entry'

export interface KalturaResource {
  readonly id: number
  readonly name: string
  /** Unique within a type; Kaltura lets it be empty. */
  readonly systemName: string | null
  readonly type: ResourceType
  readonly description: string | null
  readonly tags: readonly string[]
  readonly parentId: number | null
  /** The entry of a live entry resource. */
  readonly entryId: string | null
  /** 1 disabled, 2 active, 3 deleted. */
  readonly status: 1 | 2 | 3
}

/** What is left out stays as it is. */
export interface ResourceFields {
  readonly type: ResourceType
  readonly name?: string
  readonly systemName?: string
  readonly description?: string
  readonly tags?: readonly string[]
  /** The resource it is part of. */
  readonly parent?: number
  /** Kaltura wants one for a live entry, and knows none for the others. */
  readonly entryId?: string
}

const classes: { readonly [type in ResourceType]: string } = {
  location: 'KalturaLocationScheduleResource',
  camera: 'KalturaCameraScheduleResource',
  live_entry: 'KalturaLiveEntryScheduleResource',
}

const typeOf = (objectType: unknown): ResourceType =>
  (Object.keys(classes) as ResourceType[]).find(type => classes[type] === objectType) ?? 'location'

const list =
  (pageIndex: number): Ask =>
  () =>
    services.scheduleResource.listAction(
      { objectType: 'KalturaScheduleResourceFilter', statusIn: '1,2,3', orderBy: '+createdAt' },
      { objectType: 'KalturaFilterPager', pageSize: PAGE, pageIndex },
    )

function read(value: unknown): KalturaResource | null {
  if (!isFields(value) || number(value.id) <= 0) return null
  const status = number(value.status)
  return {
    id: number(value.id),
    name: text(value.name),
    systemName: text(value.systemName) || null,
    type: typeOf(value.objectType),
    description: text(value.description) || null,
    tags: text(value.tags)
      .split(',')
      .map(tag => tag.trim())
      .filter(tag => tag !== ''),
    parentId: number(value.parentId) || null,
    entryId: text(value.entryId) || null,
    status: status === 1 || status === 3 ? status : 2,
  }
}

/** All resources ever made, ascending. From the database, so any page may be asked for. */
export async function listResources(session: KalturaSession): Promise<KalturaResource[]> {
  const found = new Map<number, KalturaResource>()
  for (let page = 1; ; page++) {
    const { rows, total } = readPage(await session.get(list(page)), read)
    for (const row of rows) found.set(row.id, row)
    if (total <= page * PAGE) return [...found.values()].sort((a, b) => a.id - b.id)
  }
}

function fieldsOf({ type, name, systemName, description, tags, parent, entryId }: ResourceFields): Fields {
  return {
    objectType: classes[type],
    ...(name !== undefined && { name }),
    ...(systemName !== undefined && { systemName }),
    ...(description !== undefined && (description === '' ? { description__null: '' } : { description })),
    ...(tags !== undefined && (tags.length === 0 ? { tags__null: '' } : { tags: tags.join() })),
    ...(parent !== undefined && { parentId: parent }),
    ...(entryId !== undefined && { entryId }),
  }
}

async function written(session: KalturaSession, ask: Ask): Promise<KalturaResource> {
  const answer = read(await session.get(ask))
  if (!answer)
    throw meaningOf(new ApiFailure('NO_RESOURCE', 'Kaltura answered with no resource', {}), 'scheduleResource')
  return answer
}

/** @throws Rejected · AccessDenied · Unavailable */
export const addResource = (session: KalturaSession, fields: ResourceFields): Promise<KalturaResource> =>
  written(session, () => services.scheduleResource.add(fieldsOf(fields)))

export const updateResource = (session: KalturaSession, id: number, fields: ResourceFields): Promise<KalturaResource> =>
  written(session, () => services.scheduleResource.update(id, fieldsOf(fields)))

export const deleteResource = async (session: KalturaSession, id: number): Promise<void> => {
  await session.get(() => services.scheduleResource.deleteAction(id))
}
