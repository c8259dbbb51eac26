import { badRequest } from './errors.ts'

/**
 * The If header (RFC 4918 §10.4): lists of which one must hold, each of conditions that all must, about the request URI or
 * the resource whose URI stands before them. There are no locks here, so a state token never holds.
 */
const CONDITION = String.raw`(?:Not\s*)?(?:<[^<>]+>|\[\s*(?:W\/)?"[^"]*"\s*\])`
const LISTS = new RegExp(String.raw`<([^<>]*)>\s*(?=\()|\(\s*(${CONDITION}(?:\s*${CONDITION})*)\s*\)`, 'gi')
const CONDITIONS = /(Not\s*)?(?:<[^<>]+>|\[\s*(W\/)?"([^"]*)"\s*\])/gi

const holds = (list: string, etag: string | null): boolean =>
  [...list.matchAll(CONDITIONS)].every(([, not, weak, tag]) => {
    const matches = tag !== undefined && weak === undefined && tag === etag
    return matches === (not === undefined)
  })

/** The URIs that lists of the header are about, the request URI apart. */
export const taggedUris = (header: string): readonly string[] =>
  [...header.matchAll(LISTS)].flatMap(([, tag]) => (tag === undefined ? [] : [tag]))

/**
 * Whether the header lets the request pass. `etagOf`: the ETag of what a URI of the header names, `null` where nothing is.
 * @throws DavError 400 for what is no If header
 */
export const ifHeaderHolds = (header: string, etag: string | null, etagOf: (uri: string) => string | null): boolean => {
  if (header.replace(LISTS, '').trim() !== '') throw badRequest('The If header cannot be read')
  let current = etag
  let asked = false
  for (const [, tag, list] of header.matchAll(LISTS)) {
    if (tag !== undefined) current = etagOf(tag)
    else if (list !== undefined) {
      if (holds(list, current)) return true
      asked = true
    }
  }
  return !asked
}
