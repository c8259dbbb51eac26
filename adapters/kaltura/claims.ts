/** Who is known under which UID: Kaltura's referenceId is anybody's to set, and nothing keeps it unique. */
import { kalturaUid } from '../../src/schedule/ical-event.ts'
import { type Item, idOf, isPending, isPiece, uidOfRow } from './item.ts'
import type { EventRow } from './rows.ts'

export interface Claim {
  readonly item: Item
  readonly uid: string
  /** We were about to replace it by pieces, or pieces by it. */
  readonly halfway: boolean
}

/**
 * A UID belongs to the oldest that is not cancelled; another has the UID that Kaltura makes of its id.
 * @param rows all series and single events that may share a UID with the items
 */
export function claims(items: readonly Item[], rows: readonly EventRow[]): Claim[] {
  const owners = new Map<string, Item>()
  const pending = new Set(rows.filter(isPending).map(({ referenceId }) => referenceId))
  for (const item of itemsOf(rows, new Map())) {
    const uid = headOf(item).referenceId
    const known = owners.get(uid)
    if (uid !== '' && (!known || isBefore(headOf(item), headOf(known)))) owners.set(uid, item)
  }
  return items.map(item => {
    const head = headOf(item)
    const owner = owners.get(head.referenceId)
    const halfway = item.kind !== 'pieces' && pending.has(head.referenceId)
    const owns = !owner || idOf(owner) === idOf(item)
    return { item, uid: owns ? uidOfRow(head) : kalturaUid(head.id), halfway }
  })
}

/** The row that speaks for an item: the oldest of its pieces. */
const headOf = (item: Item): EventRow =>
  item.kind === 'pieces' ? item.rows.reduce((oldest, row) => (row.id < oldest.id ? row : oldest)) : item.row

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
