import type { Call } from '../call.ts'
import type { Page } from '../events/search.ts'
import { ResourceStatus } from '../schema/enums.ts'
import { orderBy, TIMES } from '../storage/order.ts'
import { Conditions } from '../storage/rows.ts'
import { type Input, numberIn, textIn } from '../wire/input.ts'
import { csv, toInt } from '../wire/values.ts'
import { type Resource, type ResourceRow, resourceTypeOf, toResource } from './resource.ts'

/** Longer lists are cut silently. */
const MAX_IN = 500

export interface Equal {
  readonly field: string
  readonly column: string
  readonly numeric: boolean
}

/** `xEqual`, `xIn`, `xNotIn` on columns of a table. */
export function addEquals(where: Conditions, filter: Input, equals: readonly Equal[]): void {
  for (const { field, column, numeric } of equals) {
    const equal = numeric ? numberIn(filter, `${field}Equal`) : textIn(filter, `${field}Equal`)
    if (equal !== null) where.add(`${column} = ?`, equal)
    for (const [suffix, negate] of [
      ['In', false],
      ['NotIn', true],
    ] as const) {
      const list = textIn(filter, field + suffix)
      if (list)
        where.oneOf(
          column,
          csv(list)
            .map(part => (numeric ? toInt(part) : part))
            .slice(0, MAX_IN),
          negate,
        )
    }
  }
}

export function addTimes(where: Conditions, filter: Input): void {
  for (const [field, column] of TIMES) {
    const from = numberIn(filter, `${field}GreaterThanOrEqual`)
    const to = numberIn(filter, `${field}LessThanOrEqual`)
    if (from !== null) where.add(`${column} >= ?`, from)
    if (to !== null) where.add(`${column} <= ?`, to)
  }
}

const EQUALS: readonly Equal[] = [
  { field: 'id', column: 'id', numeric: true },
  { field: 'parentId', column: 'parent_id', numeric: true },
  { field: 'status', column: 'status', numeric: true },
  { field: 'name', column: 'name', numeric: false },
  { field: 'systemName', column: 'system_name', numeric: false },
]

/** Words in a column of a table are matched anywhere in it (SQL LIKE). */
function addTags(where: Conditions, filter: Input): void {
  const one = (tag: string): string => `%${tag.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
  for (const [suffix, joint] of [
    ['tagsLike', null],
    ['tagsMultiLikeOr', ' OR '],
    ['tagsMultiLikeAnd', ' AND '],
  ] as const) {
    const asked = textIn(filter, suffix)
    if (!asked) continue
    const tags = joint === null ? [asked] : csv(asked)
    where.add(tags.map(() => `lower(tags) LIKE ? ESCAPE '\\'`).join(joint ?? ''), ...tags.map(one))
  }
}

/** Deleted resources are found when their status is asked for, and only then. */
export async function searchResources(
  call: Call,
  filter: Input,
  page: Page,
): Promise<{ resources: Resource[]; total: number }> {
  const where = new Conditions().add('partner_id = ?', call.account.partner.id)
  const statusAsked = numberIn(filter, 'statusEqual') !== null || Boolean(textIn(filter, 'statusIn'))
  if (!statusAsked) where.add('status <> ?', ResourceStatus.deleted)
  const type = resourceTypeOf(filter.type.name)
  if (type !== null) where.add('type = ?', type)
  addEquals(where, filter, EQUALS)
  addTags(where, filter)
  addTimes(where, filter)
  const counted = await call.database.query<{ total: number }>(
    `SELECT count(*) AS total FROM kaltura_resource WHERE ${where.sql}`,
    where.values,
  )
  const rows = await call.database.query<ResourceRow>(
    `SELECT * FROM kaltura_resource WHERE ${where.sql} ORDER BY ${orderBy(textIn(filter, 'orderBy'), TIMES, 'id')}
     LIMIT ${page.size} OFFSET ${page.offset}`,
    where.values,
  )
  return { resources: rows.map(toResource), total: Number(counted[0]?.total ?? 0) }
}
