import { apiError } from '../api-error.ts'
import { type EnumName, enumTable } from '../schema/enums.ts'
import { findType, isA, typeNamed } from '../schema/registry.ts'
import type { Field, ObjectType } from '../schema/schema.ts'
import { type Input, type InputValue, NULL, UploadedFile } from './input.ts'
import type { Grouped } from './parameters.ts'
import { isXmlText, looseNumber, toBool, toFloat, toInt, toText, toTime } from './values.ts'

/** A parameter of an action: a field, or a file; `fallback` for one that may be left out. */
export interface Parameter {
  readonly field: Field | { readonly name: string; readonly type: 'file' }
  readonly optional?: boolean
  readonly fallback?: string | number | boolean
}

const isGroup = (raw: unknown): raw is Grouped => raw !== null && typeof raw === 'object'

function readEnum(name: EnumName, raw: unknown, field: string): string | number {
  const { className, values } = enumTable(name)
  const asked = typeof raw === 'string' && /^(true|false)$/i.test(raw) ? Number(raw.toLowerCase() === 'true') : raw
  const found = values.find(value =>
    typeof value === 'number' ? looseNumber(asked) === value : toText(asked) === value,
  )
  if (found === undefined) throw apiError('INVALID_ENUM_VALUE', toText(asked), field, className)
  return found
}

function checkLimits(field: Field, value: string | number | boolean): void {
  if (typeof value === 'string') {
    const bytes = field.minLength || field.maxLength ? Buffer.byteLength(value) : 0
    if (field.minLength && bytes < field.minLength)
      throw apiError('PROPERTY_VALIDATION_MIN_LENGTH', field.name, field.minLength)
    if (field.maxLength && bytes > field.maxLength)
      throw apiError('PROPERTY_VALIDATION_MAX_LENGTH', field.name, field.maxLength)
  }
  if (typeof value === 'number') {
    if (field.min !== undefined && value < field.min)
      throw apiError('PROPERTY_VALIDATION_MIN_VALUE', field.name, field.min)
    if (field.max !== undefined && value > field.max)
      throw apiError('PROPERTY_VALIDATION_MAX_VALUE', field.name, field.max)
  }
}

function readScalar(field: Field, raw: unknown, now: number): string | number | boolean {
  if (field.type === 'int') return toInt(raw)
  if (field.type === 'float') return toFloat(raw)
  if (field.type === 'bool') return toBool(raw)
  if (field.type === 'time') return toTime(raw, now)
  const text = toText(raw)
  if (!isXmlText(text)) throw apiError('INVALID_PARAMETER_CHAR', field.name)
  return text
}

function readList(type: ObjectType, raw: Grouped, path: string, now: number): Input[] {
  return Object.keys(raw)
    .filter(key => key !== '-')
    .sort((a, b) => Number(a) - Number(b))
    .map(key => readObject(type, raw[key], path, now))
}

/** Null: a value of a form that this field cannot take, which is passed over. */
function readField(field: Field, raw: unknown, path: string, now: number): InputValue | null {
  const { type } = field
  if (typeof type === 'string') {
    const value = readScalar(field, raw, now)
    checkLimits(field, value)
    return value
  }
  if ('enum' in type) return readEnum(type.enum, raw, field.name)
  if (!isGroup(raw)) return null
  return 'array' in type
    ? readList(typeNamed(type.array), raw, path, now)
    : readObject(typeNamed(type.object), raw, path, now)
}

/**
 * The object a client sent where `declared` is expected. Its own `objectType` selects the class when that is a subclass;
 * any other is ignored. Unknown properties are passed over.
 */
export function readObject(declared: ObjectType, raw: unknown, path: string, now: number): Input {
  if (!isGroup(raw)) throw apiError('PROPERTY_VALIDATION_WRONG_FORMAT', path, 'array')
  const asked = typeof raw.objectType === 'string' ? findType(raw.objectType) : null
  const type = asked && isA(asked, declared.name) && !(asked.abstract && !declared.abstract) ? asked : declared
  if (type.abstract) throw apiError('OBJECT_TYPE_ABSTRACT', type.name)
  const values = new Map<string, InputValue>()
  for (const [key, value] of Object.entries(raw)) {
    const toNull = key.endsWith('__null')
    const name = toNull ? key.slice(0, -'__null'.length) : key
    const field = type.fields.get(name)
    if (!field) continue
    const read = toNull ? NULL : readField(field, value, `${path}:${name}`, now)
    if (read !== null) values.set(name, read)
  }
  return { type, values }
}

/** The arguments of an action as one object; throws MISSING_MANDATORY_PARAMETER and what reading an object throws. */
export function readArguments(parameters: readonly Parameter[], raw: Grouped, now: number): Input {
  const values = new Map<string, InputValue>()
  for (const { field, optional, fallback } of parameters) {
    const given = raw[field.name]
    if (field.type === 'file') {
      if (given instanceof UploadedFile) values.set(field.name, given)
      else if (given !== undefined) throw apiError('UPLOAD_ERROR')
      else if (!optional) throw apiError('MISSING_MANDATORY_PARAMETER', field.name)
      continue
    }
    const value = given === undefined ? null : readField(field, given, field.name, now)
    if (value !== null) values.set(field.name, value)
    else if (given !== undefined && typeof field.type === 'object' && 'object' in field.type)
      throw apiError('PROPERTY_VALIDATION_WRONG_FORMAT', field.name, 'array')
    else if (fallback !== undefined) values.set(field.name, fallback)
    else if (!optional) throw apiError('MISSING_MANDATORY_PARAMETER', field.name)
  }
  return { type: { name: 'arguments', parent: null, abstract: false, fields: new Map() }, values }
}
