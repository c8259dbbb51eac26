/** What is there of one event before it is written. */
import type { Logger } from 'pino'
import type { RemoteRef } from '../../src/sync/source.ts'
import type { Writes } from './batch.ts'
import { itemsOf } from './claims.ts'
import { type Item, idOf, isPending, isPiece, type Links, versionOf } from './item.ts'
import type { Lookups } from './lookups.ts'
import { readComment } from './note.ts'
import type { EventRow } from './rows.ts'
import { isWritten } from './series.ts'
import type { KalturaSession } from './session.ts'
import type { AccountContext } from './surroundings.ts'
import type { Round } from './together.ts'
import type { Viewed } from './view.ts'

export interface Pushing {
  readonly session: KalturaSession
  readonly lookups: Lookups
  readonly writes: Writes
  /** Those who push at the same time, and ask together. */
  readonly round: Round
  readonly context: AccountContext
  readonly log: Logger
  /** Rows that were deleted or not found: the next pull looks after them. */
  readonly suspects: Set<number>
}

/** What is there of one event. */
export interface Loaded {
  readonly rows: readonly EventRow[]
  readonly children: ReadonlyMap<number, readonly EventRow[]>
  readonly links: Links
}

/** The rows a ref stands for. */
export function rowIds(at: RemoteRef): number[] {
  const rows = at.parts?.rows
  return Array.isArray(rows) ? rows.map(Number) : [Number(at.id)]
}

/** Whether nobody has changed what the ref stands for. */
export function isCurrent(at: RemoteRef, { rows, children, links }: Loaded): boolean {
  const items = itemsOf(rows, children)
  const [item] = items
  return items.length === 1 && item !== undefined && idOf(item) === at.id && versionOf(item, links) === at.version
}

/** Whether a row bears a mark that only we make. */
export const isOurs = (row: EventRow): boolean =>
  isPiece(row) || isPending(row) || readComment(row.comment).note?.writing !== undefined

/** Of rows with one UID, those that one event of ours may consist of: a second one that bears no mark is somebody else's. */
export function adoptable(rows: readonly EventRow[]): EventRow[] {
  const plain = rows
    .filter(row => !isOurs(row))
    .sort((a, b) => Number(a.status === 1) - Number(b.status === 1) || a.id - b.id)
  return [...rows.filter(isOurs), ...plain.slice(0, 1)]
}

/** Whether the rows are such as only an interrupted writing of ours leaves behind. */
export function isHalfway({ rows, children }: Loaded, uid: string): boolean {
  const own = rows.filter(({ referenceId }) => referenceId === uid)
  return own.some(isPending) || itemsOf(own, children).some(isUnwritten)
}

const isUnwritten = (item: Item): boolean => item.kind === 'series' && !isWritten(item.row, item.children)

/** Rows an event can be written into: of its class, and not cancelled, as nothing undoes that. */
export const reusableRows = (rows: readonly EventRow[], viewed: Viewed): EventRow[] =>
  rows.filter(
    row => !isPiece(row) && row.objectType === viewed.content.objectType && (row.status !== 1 || viewed.cancelled),
  )

export const reusable = (rows: readonly EventRow[], viewed: Viewed): EventRow | null =>
  reusableRows(rows, viewed)[0] ?? null
