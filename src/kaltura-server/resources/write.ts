import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { ResourceStatus, ResourceType } from '../schema/enums.ts'
import { takeIds } from '../storage/rows.ts'
import { type Input, isNull, isSent, NULL, numberIn, textIn } from '../wire/input.ts'
import { findResource, type Resource, resourceTypeOf, storeResource } from './resource.ts'

const BLOCK_ROOMS = 'FEATURE_BLOCK_MEETING_ROOMS'

export async function existingResource(call: Call, id: number): Promise<Resource> {
  const resource = await findResource(call, id)
  if (!resource) throw apiError('INVALID_OBJECT_ID', id)
  return resource
}

const notUpdatable = (input: Input, field: string): Error =>
  apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', `${input.type.name}::${field}`)

const cannotBeNull = (input: Input, field: string): Error =>
  apiError('PROPERTY_VALIDATION_CANNOT_BE_NULL', `${input.type.name}::${field}`)

/** Unique within the partner and the type of resource, among those not deleted. */
async function checkSystemName(call: Call, type: number, systemName: string, self: number): Promise<void> {
  if (systemName === '') return
  const taken = await call.database.query(
    `SELECT id FROM kaltura_resource
     WHERE partner_id = $1 AND type = $2 AND system_name = $3 AND status <> $4 AND id <> $5`,
    [call.account.partner.id, type, systemName, ResourceStatus.deleted, self],
  )
  if (taken.length > 0) throw apiError('SYSTEM_NAME_ALREADY_EXISTS', systemName)
}

/** Parent and everything above it; 0 is no parent. */
async function ancestorsOf(call: Call, parentId: number | null): Promise<number[]> {
  if (!parentId) return []
  const parent = await findResource(call, parentId)
  if (!parent) throw apiError('RESOURCE_PARENT_ID_NOT_FOUND', parentId)
  return [parentId, ...(parent.own.ancestors ?? [])]
}

/** A text field after the change: what was sent, nothing for `__null`, what was there otherwise. */
const text = (input: Input, field: string, before: string | undefined): string | undefined =>
  isSent(input, field) ? (textIn(input, field) ?? undefined) : before

async function merged(call: Call, before: Resource, input: Input): Promise<Resource> {
  const parentSent = isSent(input, 'parentId')
  const parentId = parentSent ? numberIn(input, 'parentId') : before.parentId
  const own = {
    description: text(input, 'description', before.own.description),
    entryId: text(input, 'entryId', before.own.entryId),
    streamUrl: text(input, 'streamUrl', before.own.streamUrl),
    ancestors: parentSent ? await ancestorsOf(call, parentId) : before.own.ancestors,
  }
  return {
    ...before,
    parentId,
    name: text(input, 'name', before.name) ?? '',
    systemName: text(input, 'systemName', before.systemName) ?? '',
    tags: text(input, 'tags', before.tags) ?? '',
    updatedAt: call.now,
    own: Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)),
  }
}

export async function addResource(call: Call, input: Input): Promise<Resource> {
  const type = resourceTypeOf(input.type.name) ?? ResourceType.location
  if (type === ResourceType.location && call.account.partner.features.includes(BLOCK_ROOMS))
    throw apiError('FEATURE_FORBIDDEN', BLOCK_ROOMS)
  if (isNull(input, 'name')) throw cannotBeNull(input, 'name')
  await checkSystemName(call, type, textIn(input, 'systemName') ?? '', 0)
  if (isSent(input, 'parentId')) await ancestorsOf(call, numberIn(input, 'parentId'))
  if (type === ResourceType.liveEntry && isNull(input, 'entryId')) throw cannotBeNull(input, 'entryId')
  for (const [name, field] of input.type.fields)
    if (field.readOnly && isSent(input, name)) throw notUpdatable(input, name)
  const blank: Resource = {
    id: await takeIds(call.database, 'resource'),
    partnerId: call.account.partner.id,
    type,
    status: ResourceStatus.active,
    parentId: null,
    name: '',
    systemName: '',
    tags: '',
    createdAt: call.now,
    updatedAt: call.now,
    own: {},
  }
  const resource = await merged(call, blank, input)
  await storeResource(call.database, resource)
  return resource
}

const READ_ONLY_VALUES: Readonly<Record<string, (resource: Resource) => number>> = {
  id: resource => resource.id,
  partnerId: resource => resource.partnerId,
  status: resource => resource.status,
}

/** Read-only fields pass only when identical to what is stored; times never are. */
function checkFixed(input: Input, resource: Resource): void {
  for (const [name, field] of input.type.fields)
    if (field.readOnly && isSent(input, name) && input.values.get(name) !== READ_ONLY_VALUES[name]?.(resource))
      throw notUpdatable(input, name)
}

export async function updateResource(call: Call, id: number, input: Input): Promise<Resource> {
  const resource = await existingResource(call, id)
  for (const field of ['name', 'entryId', 'streamUrl'])
    if (input.values.get(field) === NULL) throw cannotBeNull(input, field)
  const systemName = textIn(input, 'systemName')
  if (systemName !== null) await checkSystemName(call, resource.type, systemName, id)
  checkFixed(input, resource)
  const next = await merged(call, resource, input)
  await storeResource(call.database, next)
  return next
}

/** Status 3: children keep it as parent, events keep their links to it. */
export async function deleteResource(call: Call, id: number): Promise<Resource> {
  const resource = await existingResource(call, id)
  const deleted = { ...resource, status: ResourceStatus.deleted, updatedAt: call.now }
  await storeResource(call.database, deleted)
  return deleted
}
