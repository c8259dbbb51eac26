import type { Database, Row } from '../../store/database.ts'
import type { Call } from '../call.ts'
import { ResourceStatus, ResourceType } from '../schema/enums.ts'
import { putRows } from '../storage/rows.ts'
import type { Output } from '../wire/output.ts'

/** A row of kaltura_resource. `ancestors` is copied from the parent when the parent is set, and not refreshed later. */
export interface Resource {
  readonly id: number
  readonly partnerId: number
  readonly type: number
  readonly status: number
  readonly parentId: number | null
  readonly name: string
  readonly systemName: string
  readonly tags: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly own: {
    readonly description?: string
    readonly entryId?: string
    readonly streamUrl?: string
    readonly ancestors?: readonly number[]
  }
}

export interface ResourceRow extends Row {
  readonly id: number
  readonly partner_id: number
  readonly type: number
  readonly status: number
  readonly parent_id: number | null
  readonly name: string
  readonly system_name: string
  readonly tags: string
  readonly created_at: number
  readonly updated_at: number
  readonly own: string
}

const CLASSES: Readonly<Record<number, string>> = {
  [ResourceType.location]: 'KalturaLocationScheduleResource',
  [ResourceType.liveEntry]: 'KalturaLiveEntryScheduleResource',
  [ResourceType.camera]: 'KalturaCameraScheduleResource',
}

/** The type a class of resources or of its filters stands for; null for the base class. */
export function resourceTypeOf(objectType: string): number | null {
  const name = objectType.replace(/Filter$/, '')
  const found = Object.entries(CLASSES).find(([, known]) => known === name)
  return found ? Number(found[0]) : null
}

const resourceClass = (type: number): string => CLASSES[type] ?? 'KalturaLocationScheduleResource'

export const toResource = (row: ResourceRow): Resource => ({
  id: row.id,
  partnerId: row.partner_id,
  type: row.type,
  status: row.status,
  parentId: row.parent_id,
  name: row.name,
  systemName: row.system_name,
  tags: row.tags,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  own: JSON.parse(row.own) as Resource['own'],
})

const COLUMNS = [
  'id',
  'partner_id',
  'type',
  'status',
  'parent_id',
  'name',
  'system_name',
  'tags',
  'created_at',
  'updated_at',
  'own',
]

export async function storeResource(database: Database, resource: Resource): Promise<void> {
  const { id, partnerId, type, status, parentId, name, systemName, tags, createdAt, updatedAt, own } = resource
  const row = [id, partnerId, type, status, parentId, name, systemName, tags, createdAt, updatedAt, JSON.stringify(own)]
  await putRows(database, 'kaltura_resource', COLUMNS, [row], 'id')
}

/** The account's resource of this id, unless it is deleted. */
export async function findResource({ database, account }: Call, id: number): Promise<Resource | null> {
  const [row] = await database.query<ResourceRow>(
    `SELECT * FROM kaltura_resource WHERE id = $1 AND partner_id = $2 AND status <> $3`,
    [id, account.partner.id, ResourceStatus.deleted],
  )
  return row ? toResource(row) : null
}

export function presentResource(resource: Resource): Output {
  const { ancestors: _, ...own } = resource.own
  return {
    id: resource.id,
    partnerId: resource.partnerId,
    parentId: resource.parentId,
    name: resource.name,
    systemName: resource.systemName,
    status: resource.status,
    tags: resource.tags,
    createdAt: resource.createdAt,
    updatedAt: resource.updatedAt,
    ...own,
    objectType: resourceClass(resource.type),
  }
}
