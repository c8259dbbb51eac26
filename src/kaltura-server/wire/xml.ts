import type { ApiError } from '../api-error.ts'
import { fieldNames, isOutput, type Result } from './output.ts'

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const escapeXml = (text: string): string => text.replace(/[&<>]/g, char => ENTITIES[char] ?? char)

const tag = (name: string, inner: string): string => (inner === '' ? `<${name}/>` : `<${name}>${inner}</${name}>`)

function content(value: Result | undefined, ignoreNull: boolean): string {
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(item => tag('item', content(item, ignoreNull))).join('')
  if (!isOutput(value)) return typeof value === 'boolean' ? String(Number(value)) : escapeXml(String(value))
  const fields = fieldNames(value.objectType).map(name => {
    const inner = value[name]
    if (ignoreNull && (inner === null || inner === undefined)) return ''
    return tag(name, content(inner, ignoreNull))
  })
  return tag('objectType', value.objectType) + fields.join('')
}

function errorContent(error: ApiError): string {
  const args = Object.entries(error.args).map(([name, value]) =>
    tag('item', tag('objectType', 'KalturaApiExceptionArg') + tag('name', name) + tag('value', escapeXml(value))),
  )
  const message = error.wellFormed ? tag('message', escapeXml(error.message)) : ''
  return tag(
    'error',
    tag('code', escapeXml(error.code)) +
      message +
      tag('objectType', 'KalturaAPIException') +
      tag('args', args.join('')),
  )
}

const xmlResult = (result: Result | ApiError, ignoreNull: boolean): string =>
  result instanceof Error ? errorContent(result) : content(result, ignoreNull)

/** Kaltura's default format: `<xml><result>…</result><executionTime>…</executionTime></xml>`. */
export function writeXml(
  result: Result | ApiError | readonly (Result | ApiError)[],
  options: { ignoreNull: boolean; seconds: number },
): string {
  const body = Array.isArray(result)
    ? result.map(item => tag('item', xmlResult(item, options.ignoreNull))).join('')
    : xmlResult(result as Result | ApiError, options.ignoreNull)
  return `<?xml version="1.0" encoding="utf-8"?><xml>${tag('result', body)}<executionTime>${options.seconds}</executionTime></xml>`
}
