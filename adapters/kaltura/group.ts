/** The pieces of one event: single events with one UID, each with a note of which occurrence it is. */
import { toEpoch } from '../../src/schedule/caltime.ts'
import { timeKey } from '../../src/schedule/event.ts'
import { type Actual, composeSeries, composeSingle } from './compose.ts'
import { recurs, slotsOf, timeLike } from './expand.ts'
import { type Assembled, groupId, type Item, isPending, type Links, linked, refOf, type Unfinished } from './item.ts'
import { type Note, type Pattern, readComment, readTime } from './note.ts'
import type { EventRow } from './rows.ts'
import { contentOfRow, identityOf } from './translate.ts'
import type { Context } from './view.ts'

type Group = Extract<Item, { kind: 'pieces' }>

interface Piece {
  readonly row: EventRow
  readonly note: Note
}

export const piecesOf = (rows: readonly EventRow[]): Piece[] =>
  rows
    .map(row => ({ row, note: readComment(row.comment).note ?? {} }))
    .sort((a, b) => a.row.startDate - b.row.startDate || a.row.id - b.row.id)

/** What most of the pieces say; of two as frequent ones the first. */
function usual<T>(items: readonly T[]): T | undefined {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(JSON.stringify(item), (counts.get(JSON.stringify(item)) ?? 0) + 1)
  const most = Math.max(0, ...counts.values())
  return items.find(item => counts.get(JSON.stringify(item)) === most)
}

/** The resources of the event, and the pieces that somebody has put on others. */
export function splitStrays(rows: readonly EventRow[], links: Links): { resourceIds: number[]; strays: EventRow[] } {
  const living = rows.filter(({ status }) => status !== 1)
  const resourceIds = usual(piecesOf(living).map(({ row }) => linked(links, row))) ?? []
  return { resourceIds, strays: living.filter(row => linked(links, row).join() !== resourceIds.join()) }
}

export function assembleGroup(item: Group, uid: string, links: Links, context: Context): Assembled | Unfinished {
  const { resourceIds, strays } = splitStrays(item.rows, links)
  const rows = item.rows.filter(row => !strays.includes(row))
  const pieces = piecesOf(rows)
  const [head] = pieces
  if (!head || item.rows.some(isPending)) {
    return { id: groupId(item.uid), uid, unfinished: 'it is still being written' }
  }
  const living = pieces.filter(({ row }) => row.status !== 1)
  // Rows before the window of an endless series may still tell of the pattern it once had.
  const { pattern, zone = context.zoneOf(resourceIds) } = (pieces.at(-1) ?? head).note
  const general = living.filter(({ note }) => !note.own)
  const content = usual((general.length > 0 ? general : pieces).map(({ row }) => contentOfRow(row)))
  const identity = living.length === 0 ? { status: 1 as const } : {}
  const parts = {
    ...{ uid, resourceIds, zone, pattern: pattern ?? null },
    ...{ content: content ?? contentOfRow(head.row), identity },
  }
  const actuals = actualsOf(living, pattern ?? null, zone)
  const ids = new Map([...actuals.values()].map(({ rid, identity: { id } }) => [timeKey(rid), id ?? 0]))
  const ref = refOf({ ...item, rows }, links, ids)
  if (pattern && !recurs(pattern) && [...living].every(({ note }) => note.rid === '')) {
    const [whole] = actuals.values()
    return { ref, event: composeSingle({ ...parts, pattern: movedTo(pattern, whole, zone) }, context), strays }
  }
  const { slots, window } = pattern ? slotsOf(pattern, zone, context.now()) : { slots: [], window: null }
  if (!window) return { ref, event: composeSeries(parts, slots, actuals, context), strays }
  // Where no pieces have been made yet, their absence says nothing; those before the window are left as they were.
  const through = Math.max(0, ...living.map(({ note }) => note.through ?? 0))
  const shown = slots.filter(({ key }) => key < through)
  const inside = new Map(shown.flatMap(({ key }) => (actuals.has(key) ? [[key, actuals.get(key) as Actual]] : [])))
  return { ref, event: composeSeries(parts, shown, inside, context), strays, extend: through < window.to }
}

/** An occurrence lasts from the first of its pieces to the last. */
function actualsOf(living: readonly Piece[], pattern: Pattern | null, zone: string): Map<number, Actual> {
  const actuals = new Map<number, Actual>()
  for (const { row, note } of living) {
    const start = pattern?.start ?? timeLike(row.startDate, { dateTime: '', tzid: zone }, zone)
    const rid = readTime(note.rid) ?? start
    const key = toEpoch(rid, zone)
    const known = actuals.get(key)
    actuals.set(key, {
      ...(known ?? { key, rid, content: contentOfRow(row), identity: identityOf(row) }),
      start: Math.min(known?.start ?? row.startDate, row.startDate),
      end: Math.max(known?.end ?? row.endDate, row.endDate),
    })
  }
  return actuals
}

/** The pattern of an event that takes place once, at the time its pieces have. */
function movedTo(pattern: Pattern, whole: Actual | undefined, zone: string): Pattern {
  if (!whole) return pattern
  const unmoved = toEpoch(pattern.start, zone) === whole.start && toEpoch(pattern.end, zone) === whole.end
  if (unmoved) return pattern
  const [start, end] = [timeLike(whole.start, pattern.start, zone), timeLike(whole.end, pattern.start, zone)]
  if ('date' in start === 'date' in end) return { ...pattern, start, end }
  const like = { dateTime: '', tzid: zone }
  return { ...pattern, start: timeLike(whole.start, like, zone), end: timeLike(whole.end, like, zone) }
}
