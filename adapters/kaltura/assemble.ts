/** Kaltura's rows as an event. */
import { timeAt, toEpoch } from '../../src/schedule/caltime.ts'
import type { CalTime } from '../../src/schedule/event.ts'
import { isDate } from '../../src/schedule/event.ts'
import { composeSingle } from './compose.ts'
import { assembleGroup } from './group.ts'
import { type Assembled, type Item, isPending, type Links, linked, refOf, type Unfinished } from './item.ts'
import { readComment } from './note.ts'
import type { EventRow } from './rows.ts'
import { assembleSeries } from './series.ts'
import { contentOfRow, identityOf } from './translate.ts'
import type { Context } from './view.ts'

/**
 * @param uid under which the event is known here, which is not the row's where two rows claim one UID
 * @param fresh whether Kaltura's index may not show all occurrences of the series yet
 */
export function assemble(
  item: Item,
  uid: string,
  links: Links,
  context: Context,
  fresh: boolean,
): Assembled | Unfinished {
  if (item.kind === 'series') return assembleSeries(item, uid, links, context, fresh)
  if (item.kind === 'pieces') return assembleGroup(item, uid, links, context)
  const { row } = item
  if (isPending(row)) return { id: String(row.id), uid, unfinished: 'it is still being written' }
  const resourceIds = linked(links, row)
  const zone = context.zoneOf(resourceIds)
  const pattern = { ...timeOf(row, zone), rrules: [], exrules: [], rdates: [] }
  const parts = { uid, resourceIds, zone, pattern, content: contentOfRow(row), identity: identityOf(row) }
  return { ref: refOf(item, links, new Map()), event: composeSingle(parts, context), strays: [] }
}

/** A row's own times, as whole days where it was pushed as such and still lies so. */
function timeOf(row: EventRow, zone: string): { start: CalTime; end: CalTime } {
  const { note } = readComment(row.comment)
  const { pattern, zone: told } = note ?? {}
  if (pattern && told && isDate(pattern.start) && isDate(pattern.end)) {
    const same = [toEpoch(pattern.start, told) === row.startDate, toEpoch(pattern.end, told) === row.endDate]
    if (same.every(Boolean)) return { start: pattern.start, end: pattern.end }
  }
  return { start: timeAt(row.startDate, zone), end: timeAt(row.endDate, zone) }
}
