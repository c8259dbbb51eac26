/** Which events an event clashes with now, found in the occurrence index around its own occurrences. */
import { type Clash, clashes } from '../schedule/conflict.ts'
import { SCHEDULE } from '../schedule/event.ts'
import { addConflicts, changeConflict, conflictId, deleteConflicts, derivedConflicts } from './conflict-rows.ts'
import type { Database } from './database.ts'
import { ACCOUNT, around } from './occurrence-index.ts'
import type { Spread } from './spread.ts'
import type { Conflict } from './types.ts'

/** One row per kind, resource and pair of events. */
const asConflict = (clash: Clash, resourceId: number | null, since: number): Conflict => ({
  id: conflictId([clash.kind, resourceId, ...clash.uids]),
  kind: clash.kind,
  resourceId,
  uids: clash.uids,
  start: clash.start,
  end: clash.end,
  source: null,
  detail: { occurrences: clash.occurrences },
  since,
})

/** The calendar to look for clashes in, and the resource they are about. */
function opposite(resourceId: number): { readonly others: number; readonly about: number | null } {
  if (resourceId === SCHEDULE) return { others: ACCOUNT, about: null }
  if (resourceId === ACCOUNT) return { others: SCHEDULE, about: null }
  return { others: resourceId, about: resourceId }
}

/**
 * The overlaps of an event whose occurrences are indexed: with others on its resources, and, on either side, with
 * blackouts of the whole account.
 */
async function findClashes(
  database: Database,
  uid: string,
  spreads: ReadonlyMap<number, Spread>,
  now: number,
): Promise<Conflict[]> {
  const found = new Map<string, Conflict>()
  const keep = (conflict: Conflict): void => {
    if (!found.has(conflict.id)) found.set(conflict.id, conflict)
  }
  for (const [resourceId, { rows }] of spreads) {
    const mine = rows.filter(({ busy }) => busy)
    if (mine.length === 0) continue
    const { others, about } = opposite(resourceId)
    for (const clash of clashes(mine, await around(database, others, uid, mine))) keep(asConflict(clash, about, now))
  }
  return [...found.values()]
}

const stateOf = ({ start, end, detail }: Conflict): string => JSON.stringify([start, end, detail])

/**
 * Brings the overlap and blackout conflicts of an event up to date with the index; one that is not `known` has none yet.
 * @returns the events, others than this one, whose conflicts have changed with it; and whether its own have
 */
export async function refreshClashes(
  database: Database,
  uid: string,
  spreads: ReadonlyMap<number, Spread>,
  now: number,
  known = true,
): Promise<{ readonly changed: boolean; readonly others: ReadonlySet<string> }> {
  const stored = known ? await derivedConflicts(database, uid) : []
  const before = new Map(stored.map(conflict => [conflict.id, conflict]))
  const after = await findClashes(database, uid, spreads, now)
  const added = after.filter(({ id }) => !before.has(id))
  const changed = after.filter(conflict => {
    const known = before.get(conflict.id)
    return known && stateOf(known) !== stateOf(conflict)
  })
  for (const { id } of after) before.delete(id)
  await addConflicts(database, added)
  for (const conflict of changed) await changeConflict(database, conflict)
  await deleteConflicts(database, [...before.keys()])
  const affected = [...added, ...changed, ...before.values()]
  const others = new Set(affected.flatMap(({ uids }) => uids))
  others.delete(uid)
  return { changed: affected.length > 0, others }
}
