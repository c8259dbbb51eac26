/** Writing an event as single events: the first says that the rest is to follow, until it has followed. */
import { isPiece } from './item.ts'
import type { Loaded } from './loaded.ts'
import { type Note, readComment } from './note.ts'
import { pieceKey, type RowPlan } from './plan.ts'
import type { EventRow } from './rows.ts'
import type { Viewed } from './view.ts'
import { commentPatch, createUnit, deleteUnit, linkUnits, rowPatch, type Unit, updateUnit } from './write.ts'

const keyOf = (row: EventRow): string => {
  const note = readComment(row.comment).note
  return pieceKey(note?.rid ?? '', note?.piece?.[0] ?? 1)
}

/** Rows by the piece they are; a second row for a piece, and a cancelled one, is of no use. */
function piecesIn(rows: readonly EventRow[], objectType: string): Map<string, EventRow> {
  const pieces = new Map<string, EventRow>()
  for (const row of rows) {
    const usable = isPiece(row) && row.status !== 1 && row.objectType === objectType
    if (usable && !pieces.has(keyOf(row))) pieces.set(keyOf(row), row)
  }
  return pieces
}

function updateUnits(row: EventRow, plan: RowPlan, note: Note | null, viewed: Viewed, { links }: Loaded): Unit[] {
  const patch = rowPatch(row, plan, viewed.uid, note)
  return [...updateUnit(row, patch), ...linkUnits(row, links.get(row.id) ?? [], viewed.resourceIds)]
}

/**
 * What is to be sent, each list only after the one before has been carried out.
 * @returns also the rows that stay. The first row may be marked as pending, for the caller to take that off.
 */
export function pieceUnits(plans: readonly RowPlan[], viewed: Viewed, loaded: Loaded) {
  const there = piecesIn(loaded.rows, viewed.content.objectType)
  const wanted = new Set(plans.map(({ key }) => key))
  const kept = new Set([...there].filter(([key]) => wanted.has(key)).map(([, { id }]) => id))
  // Those before the window of a series that goes on have taken place; they are left as a record.
  const from = viewed.slots?.window?.from ?? Number.NEGATIVE_INFINITY
  const past = loaded.rows.filter(row => isPiece(row) && row.startDate < from && !kept.has(row.id))
  for (const { id } of past) kept.add(id)
  const unitsOf = (plan: RowPlan, note = plan.note): Unit[] => {
    const row = there.get(plan.key)
    return row ? updateUnits(row, plan, note, viewed, loaded) : [createUnit(plan, viewed.uid, note, viewed.resourceIds)]
  }
  const rest = loaded.rows.filter(({ id }) => !kept.has(id)).flatMap(deleteUnit)
  // What may be refused comes first, what cannot be undone last.
  const ordered = [...plans.filter(({ key }) => !there.has(key)), ...plans.filter(({ key }) => there.has(key))]
  const writes = ordered.map(plan => unitsOf(plan)).filter(units => units.length > 0)
  const [head] = plans
  if (writes.length + rest.length <= 1 || !head) return { phases: [writes.flat(), rest], kept }
  const begin = unitsOf(head, { ...head.note, pending: true })
  const others = ordered.filter(plan => plan !== head).flatMap(plan => unitsOf(plan))
  return { phases: [begin, others, rest], kept }
}

const marked = (row: EventRow, pending: boolean): Unit[] => {
  const { text, note } = readComment(row.comment)
  const { pending: _, ...rest } = note ?? {}
  const said = pending ? { ...rest, pending } : rest
  return updateUnit(row, commentPatch(row, text, Object.keys(said).length > 0 ? said : null))
}

/** Takes the mark off a row that said it was not complete. */
export const doneUnit = (row: EventRow): Unit[] => marked(row, false)

/**
 * The requests `writes`, and then those that take `rows` away, which they stand for. Pieces say that they are unfinished
 * as long as there are some.
 */
export function replacing(writes: readonly Unit[], rows: readonly EventRow[]): (readonly Unit[])[] {
  const [head, ...others] = rows.filter(isPiece)
  const rest = [...rows.filter(row => !isPiece(row)), ...others].flatMap(deleteUnit)
  if (!head) return [writes, rest]
  const alone = writes.length + rest.length === 0
  return [alone ? [] : marked(head, true), writes, rest, deleteUnit(head)]
}
