/** The rows that make one event, and what they are known by. */
import { createHash } from 'node:crypto'
import { kalturaUid } from '../../src/schedule/ical-event.ts'
import type { RemoteEvent, RemoteRef } from '../../src/sync/source.ts'
import { readComment } from './note.ts'
import type { EventRow } from './rows.ts'
import { bookable } from './view.ts'

/** Resources by the id of the row they are linked to. */
export type Links = ReadonlyMap<number, readonly number[]>

/** The rows of one event. */
export type Item =
  | { readonly kind: 'row'; readonly row: EventRow }
  | { readonly kind: 'series'; readonly row: EventRow; readonly children: readonly EventRow[] }
  | { readonly kind: 'pieces'; readonly uid: string; readonly rows: readonly EventRow[] }

export interface Assembled extends RemoteEvent {
  /** Rows that are part of the item but an event of their own: on other resources than the rest. */
  readonly strays: readonly EventRow[]
  /** It goes on for longer than rows have been made for it. */
  readonly extend?: boolean
}

/** Why an item says nothing yet: it is still being written, by us or by Kaltura's index. */
export interface Unfinished {
  readonly id: string
  readonly uid: string
  readonly unfinished: string
}

export const isUnfinished = (result: Assembled | Unfinished): result is Unfinished => 'unfinished' in result

/** The UID under which Kaltura's own export shows the row. */
export const uidOfRow = (row: EventRow): string => row.referenceId || kalturaUid(row.id)

export const idOf = (item: Item): string => (item.kind === 'pieces' ? groupId(item.uid) : String(item.row.id))

/** Pieces have ids of their own; together they are known by their UID. */
export const groupId = (uid: string): string => `uid:${uid}`

/** Whether a row is one of several that make an event. */
export const isPiece = (row: EventRow): boolean =>
  row.recurrenceType === 0 && row.referenceId !== '' && readComment(row.comment).note?.rid !== undefined

/** Whether a row is the first of several that are being written. */
export const isPending = (row: EventRow): boolean => readComment(row.comment).note?.pending === true

export const topRows = (item: Item): readonly EventRow[] => (item.kind === 'pieces' ? item.rows : [item.row])

export const allRows = (item: Item): readonly EventRow[] =>
  item.kind === 'series' ? [item.row, ...item.children] : topRows(item)

export const linked = (links: Links, row: EventRow): number[] => bookable(links.get(row.id) ?? [])

/** Changes whenever any row of the item or any of its links does. */
export function versionOf(item: Item, links: Links): string {
  const lines = allRows(item).map(row =>
    [row.id, row.status, row.startDate, row.endDate, row.sequence, row.updatedAt, ...linked(links, row)].join(' '),
  )
  const [head] = [...topRows(item)].sort((a, b) => a.id - b.id)
  const hash = createHash('sha256').update(lines.sort().join('\n')).digest('base64url').slice(0, 16)
  return `${head?.sequence ?? 0}:${head?.updatedAt ?? 0}:${hash}`
}

/** The ref of an item, with the ids of its occurrences by recurrence id. */
export function refOf(item: Item, links: Links, occurrences: ReadonlyMap<string, number>): RemoteRef {
  const rows = topRows(item).map(({ id }) => id)
  const parts = { rows: rows.sort((a, b) => a - b), occurrences: Object.fromEntries([...occurrences].sort()) }
  return { id: idOf(item), version: versionOf(item, links), parts }
}
