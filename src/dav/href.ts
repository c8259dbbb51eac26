import { badRequest } from './errors.ts'

const ENCODED = /[^A-Za-z0-9_.~():@-]/u
/** Control characters have no place in a name: they would end up in headers and logs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * One path segment. `@`, `:`, `(` and `)` stay as they are, which clients that compare hrefs as text expect; all else
 * outside the unreserved characters is encoded, a slash inside a name too (RFC 3986 §2, §3.3).
 */
export const encodeSegment = (name: string): string =>
  ENCODED.test(name)
    ? encodeURIComponent(name).replace(/%40|%3A|[!'*]/g, found =>
        found === '%40' ? '@' : found === '%3A' ? ':' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
      )
    : name

export const encodePath = (segments: readonly string[], collection: boolean): string =>
  `/${segments.map(encodeSegment).join('/')}${collection && segments.length > 0 ? '/' : ''}`

export interface DecodedPath {
  readonly segments: readonly string[]
  readonly trailingSlash: boolean
}

const decodeSegment = (raw: string): string => {
  let name: string
  try {
    name = raw.includes('%') ? decodeURIComponent(raw) : raw
  } catch {
    throw badRequest(`The path segment "${raw}" is not valid percent-encoded UTF-8`)
  }
  if (name === '.' || name === '..') throw badRequest('A path may not contain "." or ".." as a segment')
  if (CONTROL.test(name)) throw badRequest('A path may not contain control characters')
  return name
}

/** The path of a request target, in origin or absolute form, without its query (RFC 9112 §3.2). */
export const pathOf = (target: string): string => {
  const path = target.startsWith('/') ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  const end = path.search(/[?#]/)
  return (end < 0 ? path : path.slice(0, end)) || '/'
}

/**
 * Decoded segments of a path; dot segments are refused, never resolved. Several slashes are one: clients that put a
 * path together from parts leave them, and no name here is empty.
 * @throws DavError 400
 */
export const decodePath = (path: string): DecodedPath => {
  const named = path.split('/').filter(raw => raw !== '')
  return { segments: named.map(decodeSegment), trailingSlash: path.endsWith('/') }
}
