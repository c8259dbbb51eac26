/** The lines of a resource CSV, done in the account one after the other, as Kaltura's bulk upload does them. */
import { KaldavError } from '../errors.ts'
import type { AccountResource } from '../sync/resources.ts'
import type { ResourceRow, ResourceType, RowFinding } from './resource-csv.ts'

/** What the account takes of a resource; what is left out stays as it is. */
export interface ResourceFields {
  readonly name?: string
  readonly systemName?: string
  readonly description?: string
  readonly tags?: readonly string[]
  /** Kaltura id of the resource it is part of. */
  readonly parent?: number
  /** Of a live entry, which cannot be made without one. */
  readonly entryId?: string
}

/** The account, as far as resources go. */
export interface ResourceAccount {
  resources(): Promise<readonly AccountResource[]>
  addResource(resource: ResourceFields & { readonly type: ResourceType }): Promise<{ readonly id: number }>
  updateResource(id: number, resource: ResourceFields & { readonly type: ResourceType }): Promise<unknown>
  deleteResource(id: number): Promise<unknown>
}

export interface ApplyResult {
  added: number
  updated: number
  deleted: number
  readonly rejected: RowFinding[]
}

type Known = Pick<AccountResource, 'id' | 'type' | 'systemName'>

/** A row that cannot be done, in Kaltura's words. */
class RowProblem extends KaldavError {}

export async function applyRows(account: ResourceAccount, rows: readonly ResourceRow[]): Promise<ApplyResult> {
  const result: ApplyResult = { added: 0, updated: 0, deleted: 0, rejected: [] }
  const known: Known[] = (await account.resources()).filter(({ status }) => status !== 3)
  for (const row of rows) {
    try {
      const done = await applyRow(account, row, known)
      result[done]++
    } catch (error) {
      if (!(error instanceof KaldavError)) throw error
      result.rejected.push({ line: row.line, name: row.systemName ?? row.name, reason: error.message })
    }
  }
  return result
}

async function applyRow(
  account: ResourceAccount,
  row: ResourceRow,
  known: Known[],
): Promise<'added' | 'updated' | 'deleted'> {
  const existing = find(row, known)
  const fields = fieldsOf(row, known)
  if (row.action === 'add' || (row.action === 'addOrUpdate' && !existing)) {
    if (row.name === null) throw new RowProblem('Mandatory Column [name] missing from CSV.')
    const { id } = await account.addResource({ ...fields, type: row.type })
    known.push({ id, type: row.type, systemName: row.systemName })
    return 'added'
  }
  if (!existing) throw new RowProblem(`Unable to find ${row.type} resource [${row.systemName ?? row.resourceId}]`)
  if (row.action === 'delete') {
    await account.deleteResource(existing.id)
    known.splice(known.indexOf(existing), 1)
    return 'deleted'
  }
  await account.updateResource(existing.id, { ...fields, type: existing.type })
  return 'updated'
}

/** By id, else by systemName, which is unique only within a type. */
const find = ({ resourceId, systemName, type }: ResourceRow, known: readonly Known[]): Known | undefined =>
  known.find(resource =>
    resourceId === null
      ? systemName !== null && resource.systemName === systemName && resource.type === type
      : resource.id === resourceId,
  )

function fieldsOf(
  { name, systemName, description, tags, parent }: ResourceRow,
  known: readonly Known[],
): ResourceFields {
  const parentId = parent === null ? null : parentOf(parent, known)
  return {
    ...(name !== null && { name }),
    ...(systemName !== null && { systemName }),
    ...(description !== null && { description }),
    ...(tags !== null && { tags }),
    ...(parentId !== null && { parent: parentId }),
  }
}

function parentOf({ type, systemName }: NonNullable<ResourceRow['parent']>, known: readonly Known[]): number {
  const found = known.find(resource => resource.type === type && resource.systemName === systemName)
  if (!found) throw new RowProblem(`Unable to find parent ${type} resource [${systemName}]`)
  return found.id
}
