/**
 * The If header (RFC 4918 §10.4): lists of which one must hold, each of conditions that all must. There are no locks
 * here, so a state token never holds, and only conditions about the request URI itself are looked at.
 */
const LISTS = /<([^>]*)>\s*(?=\()|\(([^)]*)\)/g
const CONDITIONS = /(Not\s+)?(?:<[^>]*>|\[\s*(W\/)?"([^"]*)"\s*\])/gi

const holds = (list: string, etag: string | null): boolean => {
  const conditions = [...list.matchAll(CONDITIONS)]
  return (
    conditions.length > 0 &&
    conditions.every(([, not, weak, tag]) => {
      const matches = tag !== undefined && weak === undefined && tag === etag
      return matches === (not === undefined)
    })
  )
}

/** Whether the header lets the request pass. `isOwn`: whether a tag of the header names the request URI. */
export const ifHeaderHolds = (header: string, etag: string | null, isOwn: (uri: string) => boolean): boolean => {
  let own = true
  let asked = false
  for (const [, tag, list] of header.matchAll(LISTS)) {
    if (tag !== undefined) own = isOwn(tag)
    else if (own && list !== undefined) {
      if (holds(list, etag)) return true
      asked = true
    }
  }
  return !asked
}
