import { typeNamed } from '../schema/registry.ts'
import type { FileAnswer } from './file-answer.ts'
import { admits, type Profile } from './profile.ts'

/** What an action answers: an object of a type of the tables, a scalar, or nothing. */
export type OutputValue = string | number | boolean | null | Output | readonly Output[]
export interface Output {
  readonly objectType: string
  readonly [field: string]: OutputValue | undefined
}
/** What an action answers: such a value, or a file. */
export type Result = OutputValue | FileAnswer

export const isOutput = (value: unknown): value is Output =>
  value !== null && typeof value === 'object' && 'objectType' in value

/** The object with only the fields its profile lets through. */
export function project(object: Output, profile: Profile | null): Output {
  if (!profile) return object
  const kept: Record<string, OutputValue> = {}
  for (const [name, value] of Object.entries(object))
    if (name !== 'objectType' && value !== undefined && admits(profile, name)) kept[name] = value
  return { ...kept, objectType: object.objectType }
}

/** Names of the fields of an object's type, in the order of its table. */
const order = new Map<string, readonly string[]>()
export function fieldNames(objectType: string): readonly string[] {
  const known = order.get(objectType)
  if (known) return known
  const names = [...typeNamed(objectType).fields.keys()]
  order.set(objectType, names)
  return names
}
