/** Kaltura's request form: parameters in the path, the query and a form or JSON body; the URL wins. */
import type { Request } from 'express'

/** By name with colons: `filter[resourceIdsLike]` and a JSON `filter` both give `filter:resourceIdsLike`. */
export type Parameters = ReadonlyMap<string, string>

/** Longest body, octets: a filter and a session. */
const MAX_BODY = 64 * 1024

/** A body longer than that. */
export class TooLong extends Error {}

const colons = (name: string): string => name.replace(/\[([^\]]*)\]/g, ':$1')

const decode = (segment: string): string => {
  try {
    return decodeURIComponent(segment.replaceAll('+', ' '))
  } catch {
    return segment
  }
}

/** `/service/X/action/Y/name/value…`; the first of two equal names wins. */
const inPath = (path: string): [string, string][] => {
  const segments = path.split('/').filter(segment => segment !== '' && segment !== 'index.php')
  const found: [string, string][] = []
  for (let at = 0; at + 1 < segments.length; at += 2)
    found.unshift([decode(segments[at] ?? ''), decode(segments[at + 1] ?? '')])
  return found
}

function* inJson(value: unknown, name = '', depth = 0): Generator<[string, string]> {
  if (typeof value === 'object' && value !== null && depth < 4) {
    for (const [key, inner] of Object.entries(value)) yield* inJson(inner, name ? `${name}:${key}` : key, depth + 1)
  } else if (name && (typeof value === 'string' || typeof value === 'number')) yield [name, String(value)]
}

const bodyOf = async (request: Request): Promise<[string, string][]> => {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new TooLong('the body is too long')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString()
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return [...new URLSearchParams(text)]
  try {
    return [...inJson(JSON.parse(text))]
  } catch {
    return []
  }
}

/** @throws TooLong */
export const parametersOf = async (request: Request): Promise<Parameters> => {
  const [path = '', query = ''] = request.url.split('?', 2)
  const all = [...(await bodyOf(request)), ...new URLSearchParams(query), ...inPath(path)]
  return new Map(all.map(([name, value]) => [colons(name), value]))
}
