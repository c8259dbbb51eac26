import { ACCOUNT_TYPES } from './account-types.ts'
import { BULK_TYPES } from './bulk-types.ts'
import { EVENT_TYPES } from './event-types.ts'
import { FILTER_TYPES } from './filter-types.ts'
import { MEDIA_TYPES } from './media-types.ts'
import { RESOURCE_TYPES } from './resource-types.ts'
import type { Field, ObjectTable, ObjectType } from './schema.ts'

const TABLES: Readonly<Record<string, ObjectTable>> = {
  ...EVENT_TYPES,
  ...RESOURCE_TYPES,
  ...ACCOUNT_TYPES,
  ...BULK_TYPES,
  ...FILTER_TYPES,
  ...MEDIA_TYPES,
}

const types = new Map<string, ObjectType>()
const byLowerCase = new Map<string, ObjectType>()

function build(name: string, table: ObjectTable): ObjectType {
  const known = types.get(name)
  if (known) return known
  const fields = new Map<string, Field>()
  if (table.parent) for (const [key, field] of typeNamed(table.parent).fields) fields.set(key, field)
  for (const field of table.fields) fields.set(field.name, field)
  const type = { name, parent: table.parent ?? null, abstract: table.abstract ?? false, fields }
  types.set(name, type)
  byLowerCase.set(name.toLowerCase(), type)
  return type
}

/** The type of this exact name, which must be one of the tables. */
export function typeNamed(name: string): ObjectType {
  const table = TABLES[name]
  if (!table) throw new Error(`no table for ${name}`)
  return build(name, table)
}

for (const [name, table] of Object.entries(TABLES)) build(name, table)

/** Class names are compared without case, as PHP does; null: no such type. */
export const findType = (name: string): ObjectType | null => byLowerCase.get(name.toLowerCase()) ?? null

export function isA(type: ObjectType, ancestor: string): boolean {
  for (let at: ObjectType | null = type; at; at = at.parent ? typeNamed(at.parent) : null)
    if (at.name === ancestor) return true
  return false
}
