/**
 * Writing an event as single events. What fits one multirequest is sent as one; of more, the first row says that the
 * rest is to follow until it has followed.
 */
import { fitsOne } from './batch.ts'
import { isPiece } from './item.ts'
import { type Note, readComment } from './note.ts'
import { pieceKey, type RowPlan } from './plan.ts'
import type { Loaded } from './push.ts'
import type { EventRow } from './rows.ts'
import type { Viewed } from './view.ts'
import {
  commentPatch,
  contentPatch,
  createUnit,
  deleteUnit,
  linkUnits,
  referencePatch,
  timePatch,
  type Unit,
  updateUnit,
} from './write.ts'

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
  const patch = {
    ...timePatch(row, plan),
    ...contentPatch(row, plan.content),
    ...commentPatch(row, plan.content.comment, note),
    ...referencePatch(row, viewed.uid),
  }
  return [...updateUnit(row, patch), ...linkUnits(row, links.get(row.id) ?? [], viewed.resourceIds)]
}

/** @returns the requests, and the rows that stay */
export function pieceUnits(plans: readonly RowPlan[], viewed: Viewed, loaded: Loaded) {
  const there = piecesIn(loaded.rows, viewed.content.objectType)
  const wanted = new Set(plans.map(({ key }) => key))
  const kept = new Set([...there].filter(([key]) => wanted.has(key)).map(([, { id }]) => id))
  // Those before the window of a series that goes on have taken place; they are left as a record.
  const from = viewed.slots?.window?.from ?? Number.NEGATIVE_INFINITY
  const past = loaded.rows.filter(row => isPiece(row) && row.startDate < from && !kept.has(row.id))
  for (const { id } of past) kept.add(id)
  const rest = loaded.rows.filter(({ id }) => !kept.has(id)).flatMap(deleteUnit)
  const unitsOf = (plan: RowPlan, note: Note | null): Unit[] => {
    const row = there.get(plan.key)
    return row ? updateUnits(row, plan, note, viewed, loaded) : [createUnit(plan, viewed.uid, note, viewed.resourceIds)]
  }
  const created = plans.filter(({ key }) => !there.has(key)).flatMap(plan => unitsOf(plan, plan.note))
  const updated = plans.filter(({ key }) => there.has(key)).flatMap(plan => unitsOf(plan, plan.note))
  // What may be refused comes first, what cannot be undone last.
  const units = [...created, ...updated, ...rest]
  if (fitsOne(units)) return { units, kept }
  return { units: marked(plans, unitsOf, there, rest), kept }
}

/** The same with the first row marked as pending from the first request to the last. */
function marked(
  plans: readonly RowPlan[],
  unitsOf: (plan: RowPlan, note: Note | null) => Unit[],
  there: ReadonlyMap<string, EventRow>,
  rest: readonly Unit[],
): Unit[] {
  const [head, ...others] = plans
  if (!head) return [...rest]
  const begun = unitsOf(head, { ...head.note, pending: true })
  const created = others.filter(({ key }) => !there.has(key))
  const updated = others.filter(({ key }) => there.has(key))
  const between = [...created, ...updated].flatMap(plan => unitsOf(plan, plan.note))
  return [...begun, ...between, ...rest]
}

/** Takes the mark off the first row again. */
export function doneUnit(head: EventRow): Unit[] {
  const { text, note } = readComment(head.comment)
  const { pending: _, ...rest } = note ?? {}
  return updateUnit(head, commentPatch(head, text, rest))
}

/** All rows of an event, the one that says it is unfinished last. */
export function removalUnits(rows: readonly EventRow[]): Unit[] {
  const units = rows.flatMap(deleteUnit)
  const [head, ...others] = rows
  if (fitsOne(units) || !head) return units
  const note = { ...readComment(head.comment).note, pending: true }
  const mark = updateUnit(head, commentPatch(head, readComment(head.comment).text, note))
  return [...mark, ...others.flatMap(deleteUnit), ...deleteUnit(head)]
}
