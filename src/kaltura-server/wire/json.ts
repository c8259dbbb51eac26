import type { ApiError } from '../api-error.ts'
import { fieldNames, isOutput, type Result } from './output.ts'

/** Plain data in the order of the tables: null properties left out, `objectType` last. */
function plain(value: Result | undefined): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!isOutput(value)) return value
  const result: Record<string, unknown> = {}
  for (const name of fieldNames(value.objectType)) {
    const inner = value[name]
    if (inner !== null && inner !== undefined) result[name] = typeof inner === 'object' ? plain(inner) : inner
  }
  result.objectType = value.objectType
  return result
}

function errorData(error: ApiError): Record<string, unknown> {
  if (!error.wellFormed) return { code: error.code, objectType: 'KalturaAPIException', args: [] }
  const args = Object.keys(error.args).length > 0 ? error.args : []
  return { code: error.code, message: error.message, objectType: 'KalturaAPIException', args }
}

export const jsonResult = (result: Result | ApiError): unknown =>
  result instanceof Error ? errorData(result) : plain(result)

export const writeJson = (result: Result | ApiError | readonly (Result | ApiError)[]): string =>
  JSON.stringify(Array.isArray(result) ? result.map(jsonResult) : jsonResult(result as Result | ApiError))
