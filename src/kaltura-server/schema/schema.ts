/**
 * The shape of everything on the wire, as tables: reading, checking and writing of objects, in every format, come from
 * the same rows.
 */
import type { EnumName } from './enums.ts'

export type Scalar = 'int' | 'float' | 'string' | 'bool' | 'time'

export interface Field {
  readonly name: string
  readonly type: Scalar | { readonly enum: EnumName } | { readonly object: string } | { readonly array: string }
  readonly readOnly?: boolean
  /** May be given on add, but not changed afterwards. */
  readonly insertOnly?: boolean
  /** In bytes. */
  readonly minLength?: number
  readonly maxLength?: number
  readonly min?: number
  readonly max?: number
}

export interface ObjectType {
  readonly name: string
  readonly parent: string | null
  readonly abstract: boolean
  /** With those of the ancestors, theirs first. */
  readonly fields: ReadonlyMap<string, Field>
}

export interface ObjectTable {
  readonly parent?: string
  readonly abstract?: boolean
  readonly fields: readonly Field[]
}

type Flags = Omit<Field, 'name' | 'type'>

const of =
  (type: Field['type']) =>
  (name: string, flags: Flags = {}): Field => ({ name, type, ...flags })

export const int = of('int')
export const float = of('float')
export const string = of('string')
export const bool = of('bool')
export const time = of('time')
export const enumOf = (name: string, type: EnumName, flags: Flags = {}): Field => ({
  name,
  type: { enum: type },
  ...flags,
})
export const object = (name: string, type: string, flags: Flags = {}): Field => ({
  name,
  type: { object: type },
  ...flags,
})
export const array = (name: string, type: string, flags: Flags = {}): Field => ({
  name,
  type: { array: type },
  ...flags,
})
/** A string of 1 to `maxLength` bytes. */
export const name = (field: string, maxLength = 256, flags: Flags = {}): Field =>
  string(field, { minLength: 1, maxLength, ...flags })

export const READ_ONLY = { readOnly: true } as const
export const INSERT_ONLY = { insertOnly: true } as const
