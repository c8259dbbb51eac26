/** Who is known under which UID: Kaltura's referenceId is anybody's to set, and nothing keeps it unique. */
import { kalturaUid } from '../../src/schedule/ical-event.ts'
import { type Item, isPiece, uidOfRow } from './item.ts'
import type { EventRow } from './rows.ts'

export interface Claim {
  readonly item: Item
  readonly uid: string
  /** A row and pieces have one UID: we were about to replace the one by the other. */
  readonly halfway: boolean
}

/**
 * A UID belongs to the oldest row that is not cancelled; another has the UID that Kaltura makes of its id. A cancelled
 * row whose UID is taken has had its day (`superseded`).
 * @param rows all series and single events that may share a UID with the items
 */
export function claims(items: readonly Item[], rows: readonly EventRow[]) {
  const owners = new Map<string, EventRow>()
  const pieces = new Set<string>()
  for (const row of rows) {
    if (row.referenceId === '') continue
    const known = owners.get(row.referenceId)
    if (isPiece(row)) pieces.add(row.referenceId)
    else if (!known || isBefore(row, known)) owners.set(row.referenceId, row)
  }
  const claimed: Claim[] = []
  const superseded: EventRow[] = []
  for (const item of items) {
    if (item.kind === 'pieces') {
      claimed.push({ item, uid: item.uid, halfway: owners.has(item.uid) })
      continue
    }
    const { row } = item
    const owner = owners.get(row.referenceId)
    if (!owner || owner.id === row.id) {
      claimed.push({ item, uid: uidOfRow(row), halfway: pieces.has(row.referenceId) })
    } else if (row.status === 1) superseded.push(row)
    else claimed.push({ item, uid: kalturaUid(row.id), halfway: false })
  }
  return { claimed, superseded }
}

const isBefore = (a: EventRow, b: EventRow): boolean => (a.status === b.status ? a.id < b.id : a.status !== 1)

/** Rows sorted into what they make. Occurrences without a series of their own stand for themselves. */
export function itemsOf(rows: readonly EventRow[], children: ReadonlyMap<number, readonly EventRow[]>): Item[] {
  const items: Item[] = []
  const groups = new Map<string, EventRow[]>()
  for (const row of rows) {
    if (row.recurrenceType === 1) items.push({ kind: 'series', row, children: children.get(row.id) ?? [] })
    else if (!isPiece(row)) items.push({ kind: 'row', row })
    else groups.set(row.referenceId, [...(groups.get(row.referenceId) ?? []), row])
  }
  for (const [uid, pieces] of groups) items.push({ kind: 'pieces', uid, rows: pieces })
  return items
}
