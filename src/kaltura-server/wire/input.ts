import type { ObjectType } from '../schema/schema.ts'

/** A property sent as `name__null`: set it to nothing. Different from a property that was not sent. */
export const NULL: unique symbol = Symbol('null')

/** A file that came with the request. A class, so that no parameter can pretend to be one. */
export class UploadedFile {
  /** Where it lies until the request ends. */
  readonly path: string
  readonly name: string
  readonly size: number

  constructor(path: string, name: string, size: number) {
    this.path = path
    this.name = name
    this.size = size
  }
}

export type InputValue = string | number | boolean | typeof NULL | Input | readonly Input[] | UploadedFile

/** An object as a client sent it: cast and checked against its table. */
export interface Input {
  readonly type: ObjectType
  readonly values: Map<string, InputValue>
}

export function numberIn(input: Input, name: string): number | null {
  const value = input.values.get(name)
  return typeof value === 'number' ? value : null
}

export function textIn(input: Input, name: string): string | null {
  const value = input.values.get(name)
  return typeof value === 'string' ? value : null
}

export function boolIn(input: Input, name: string): boolean | null {
  const value = input.values.get(name)
  return typeof value === 'boolean' ? value : null
}

export function objectIn(input: Input, name: string): Input | null {
  const value = input.values.get(name)
  return typeof value === 'object' && 'type' in value ? value : null
}

export function listIn(input: Input, name: string): readonly Input[] | null {
  const value = input.values.get(name)
  return Array.isArray(value) ? value : null
}

export function fileIn(input: Input, name: string): UploadedFile | null {
  const value = input.values.get(name)
  return value instanceof UploadedFile ? value : null
}

/** Was it sent at all, be it as `__null`? */
export const isSent = (input: Input, name: string): boolean => input.values.has(name)
/** Not sent, or sent as `__null`. */
export function isNull(input: Input, name: string): boolean {
  const value = input.values.get(name)
  return value === undefined || value === NULL
}
/** A parameter that the action's table says is there. */
export function required<T>(value: T | null, name: string): T {
  if (value === null) throw new Error(`parameter ${name} is missing from its table`)
  return value
}
