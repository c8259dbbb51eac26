import { UploadedFile } from './input.ts'

/** Parameters of a request, grouped: `filter:statusEqual=2` and `filter[statusEqual]=2` are `{ filter: { statusEqual: '2' } }`. */
export interface Grouped {
  readonly [name: string]: unknown
}

type Group = { [name: string]: unknown }

const group = (): Group => Object.create(null) as Group
const isGroup = (value: unknown): value is Group => value !== null && typeof value === 'object'

/** `a[b][c]` → `a:b:c`, as PHP reads form and query names. */
const colons = (name: string): string => name.replace(/\[([^\]]*)\]/g, ':$1')

/** Nothing here is nested deeper than a few levels; what is, is left out. */
const MAX_DEPTH = 20

function copy(value: unknown, depth = 0): unknown {
  if (!isGroup(value) || value instanceof UploadedFile) return value
  const result = group()
  if (depth < MAX_DEPTH) for (const [key, inner] of Object.entries(value)) result[key] = copy(inner, depth + 1)
  return result
}

function setAt(root: Group, path: readonly string[], value: unknown): void {
  let at = root
  path.forEach((key, index) => {
    const last = index === path.length - 1
    if (key === '-' && last) return
    if (last) {
      at[key] = copy(value)
      return
    }
    const inner = at[key]
    if (isGroup(inner)) {
      at = inner
      return
    }
    const made = group()
    at[key] = made
    at = made
  })
}

/** Flat parameters into groups; later ones win where two set the same place. */
function groupParameters(flat: Iterable<readonly [string, unknown]>): Grouped {
  const root = group()
  for (const [name, value] of flat) setAt(root, colons(name).split(':', MAX_DEPTH), value)
  return root
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment.replaceAll('+', ' '))
  } catch {
    return segment
  }
}

/**
 * `/service/X/action/Y/key/value…`: pairs of segments. Empty segments and those of the script's own path are dropped
 * (which shifts the pairs: Kaltura: infraRequestUtils); the first of two equal keys wins.
 */
export function pathParameters(path: string): Map<string, string> {
  const segments = path.split('/').filter(segment => segment !== '' && segment !== 'api_v3' && segment !== 'index.php')
  const found = new Map<string, string>()
  for (let at = 0; at + 1 < segments.length; at += 2) {
    const key = decode(segments[at] ?? '')
    if (!found.has(key)) found.set(key, decode(segments[at + 1] ?? ''))
  }
  return found
}

/** One flat list in the order of precedence: body, files, query, path (the URL wins). */
export function mergeParameters(
  body: Iterable<readonly [string, unknown]>,
  files: Iterable<readonly [string, unknown]>,
  query: Iterable<readonly [string, unknown]>,
  path: Iterable<readonly [string, unknown]>,
): Grouped {
  return groupParameters([...body, ...files, ...query, ...path])
}
