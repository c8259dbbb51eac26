/** Which events an event clashes with now, found in the occurrence index around its own occurrences. */
import { type Busy, type Clash, clashes } from '../schedule/conflict.ts'
import { SCHEDULE } from '../schedule/event.ts'
import { conflictId, deleteConflicts, derivedConflicts, saveConflict } from './conflict-rows.ts'
import type { Database } from './database.ts'
import { ACCOUNT, meeting } from './occurrence-index.ts'
import type { Spread } from './spread.ts'
import type { Conflict, OccurrenceRow } from './types.ts'

const occupying = (rows: readonly OccurrenceRow[]): readonly Busy[] => rows.filter(({ busy }) => busy)

/** Clashes of `mine`, indexed in the calendar `within`, with what lies in the calendar `others`. */
async function between(
  database: Database,
  uid: string,
  mine: readonly OccurrenceRow[],
  within: number,
  others: number,
): Promise<Clash[]> {
  const busy = occupying(mine)
  if (busy.length === 0) return []
  return clashes(busy, await meeting(database, uid, within, others))
}

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
    const pairs: readonly (readonly [others: number, about: number | null])[] =
      resourceId === SCHEDULE
        ? [[ACCOUNT, null]]
        : resourceId === ACCOUNT
          ? [[SCHEDULE, null]]
          : [[resourceId, resourceId]]
    for (const [others, about] of pairs) {
      for (const clash of await between(database, uid, rows, resourceId, others)) keep(asConflict(clash, about, now))
    }
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
  const affected: Conflict[] = []
  for (const conflict of after) {
    const known = before.get(conflict.id)
    before.delete(conflict.id)
    if (known && stateOf(known) === stateOf(conflict)) continue
    affected.push(conflict)
    await saveConflict(database, conflict)
  }
  await deleteConflicts(database, [...before.keys()])
  affected.push(...before.values())
  const others = new Set(affected.flatMap(({ uids }) => uids))
  others.delete(uid)
  return { changed: affected.length > 0, others }
}
