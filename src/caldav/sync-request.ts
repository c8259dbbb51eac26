import { badRequest } from '../dav/errors.ts'
import { dav } from '../dav/names.ts'
import { child, textOf, type XmlNode } from '../dav/xml.ts'

const text = (body: XmlNode, name: string): string => {
  const node = child(body, dav(name))
  return node ? textOf(node).trim() : ''
}

/** Both spellings of the second are in use. */
const INFINITE: Readonly<Record<string, boolean>> = { '0': false, '1': false, infinite: true, infinity: true }

/** DAV:sync-level (RFC 6578 §6.3); before there was one, the Depth header said it. @throws DavError 400 */
export const isInfinite = (body: XmlNode, depth: string | string[] | undefined): boolean => {
  const level = text(body, 'sync-level') || String(depth ?? '1').toLowerCase()
  const infinite = INFINITE[level]
  if (infinite === undefined) throw badRequest(`DAV:sync-level is 1 or infinite, not ${level}`)
  return infinite
}

/** Empty for the first synchronisation. */
export const syncTokenIn = (body: XmlNode): string => text(body, 'sync-token')

/** DAV:nresults (RFC 5323 §5.17). @throws DavError 400 */
export const limitOf = (body: XmlNode): number | undefined => {
  const limit = child(body, dav('limit'))
  if (!limit) return undefined
  const results = Number(text(limit, 'nresults'))
  if (!Number.isInteger(results) || results < 1) throw badRequest('DAV:nresults is a positive number')
  return results
}
