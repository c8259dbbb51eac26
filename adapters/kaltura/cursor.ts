/**
 * How far an account has been read, as the text that a pull hands on. Besides the time stamp it holds what the stamp
 * cannot say: which rows of the last minutes were already seen, which ids there were (Kaltura keeps no trace of a deleted
 * event), and what has to be looked at once more.
 */
import { CursorExpired } from '../../src/errors.ts'
import { isFields } from './rows.ts'

const VERSION = 2

export interface Cursor {
  /** The latest updatedAt that was seen; 0: there was nothing. */
  readonly at: number
  /** Rows written shortly before `at`: id → what of it was seen. */
  readonly recent: ReadonlyMap<number, string>
  /** Series and single events there were. */
  readonly ids: ReadonlySet<number>
  /** The pieces among them, by UID. */
  readonly groups: ReadonlyMap<string, readonly number[]>
  /** Occurrences that are events of their own → their series, or the group they belong to, by ref id. */
  readonly strays: ReadonlyMap<number, string>
  /** How many series and single events the index counted. */
  readonly count: number
  /** When ids were last compared one by one, server time. */
  readonly scannedAt: number
  /** Rows written in the very second they were read, whose links are to be looked at again: by id. */
  readonly hot: ReadonlyMap<number, HotRow>
  /** Items that were still being written: ref ids. */
  readonly waiting: ReadonlySet<string>
  /** The quarter for which endless series were last extended. */
  readonly quarter: number
}

export interface HotRow {
  /** The ref id of what it is part of. */
  readonly item: string
  readonly updatedAt: number
  /** The resources it was on, ascending. */
  readonly resources: readonly number[]
}

/** Ascending ids as differences, in base 36. */
const packIds = (ids: Iterable<number>): string => {
  let last = 0
  return [...ids]
    .sort((a, b) => a - b)
    .map(id => {
      const step = (id - last).toString(36)
      last = id
      return step
    })
    .join()
}

const unpackIds = (text: unknown): number[] => {
  if (typeof text !== 'string' || text === '') return []
  let last = 0
  return text.split(',').map(step => {
    last += Number.parseInt(step, 36)
    return last
  })
}

export const writeCursor = (cursor: Cursor): string =>
  JSON.stringify({
    v: VERSION,
    at: cursor.at,
    recent: [...cursor.recent].map(([id, stamp]) => `${id.toString(36)} ${stamp}`).join(),
    ids: packIds(cursor.ids),
    groups: Object.fromEntries([...cursor.groups].map(([uid, ids]) => [uid, packIds(ids)])),
    strays: Object.fromEntries(cursor.strays),
    count: cursor.count,
    scannedAt: cursor.scannedAt,
    hot: [...cursor.hot].map(([id, { item, updatedAt, resources }]) => [id, item, updatedAt, ...resources]),
    waiting: [...cursor.waiting],
    quarter: cursor.quarter,
  })

const entries = (value: unknown): [string, unknown][] => (isFields(value) ? Object.entries(value) : [])

function readRecent(text: unknown): Map<number, string> {
  const recent = new Map<number, string>()
  if (typeof text !== 'string' || text === '') return recent
  for (const item of text.split(',')) {
    const [id = '', stamp = ''] = item.split(' ')
    recent.set(Number.parseInt(id, 36), stamp)
  }
  return recent
}

const readHot = (rows: unknown): Map<number, HotRow> =>
  new Map(
    (Array.isArray(rows) ? rows : []).map(([id, item, updatedAt, ...resources]) => [
      Number(id),
      { item: String(item), updatedAt: Number(updatedAt), resources: resources.map(Number) },
    ]),
  )

/** @throws CursorExpired for anything that we have not written, or that an earlier release has */
export function readCursor(text: string): Cursor {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    read = null
  }
  if (!isFields(read) || read.v !== VERSION || typeof read.at !== 'number') {
    throw new CursorExpired('the account was last read by another release, or by none')
  }
  return {
    at: read.at,
    recent: readRecent(read.recent),
    ids: new Set(unpackIds(read.ids)),
    groups: new Map(entries(read.groups).map(([uid, ids]) => [uid, unpackIds(ids)])),
    strays: new Map(entries(read.strays).map(([id, parent]) => [Number(id), String(parent)])),
    count: Number(read.count),
    scannedAt: Number(read.scannedAt),
    hot: readHot(read.hot),
    waiting: new Set(Array.isArray(read.waiting) ? read.waiting.map(String) : []),
    quarter: Number(read.quarter),
  }
}
