/**
 * Taking a run back: for every event it changed, what was there before is written again. What has been changed since
 * is left alone and named, so that undoing never loses a later edit. Sources learn of it as of any other change.
 */

import type { ScheduleEvent } from '../schedule/event.ts'
import { parseCalendar } from '../schedule/ical.ts'
import type { Actor, JournalEntry, Store, StoredEvent, Writer } from '../store/store.ts'

export interface UndoStep {
  readonly uid: string
  /** `skip`: changed by somebody else since. */
  readonly action: 'restore' | 'remove' | 'skip'
  readonly event: ScheduleEvent | null
}

/** What a run did to one event as a whole. */
interface Span {
  readonly first: JournalEntry
  readonly last: JournalEntry
}

/** @param entries of one run, in any order */
export function planUndo(entries: readonly JournalEntry[], current: ReadonlyMap<string, StoredEvent>): UndoStep[] {
  const spans = new Map<string, Span>()
  for (const entry of [...entries].sort((a, b) => a.id - b.id)) {
    spans.set(entry.uid, { first: spans.get(entry.uid)?.first ?? entry, last: entry })
  }
  return [...spans].map(([uid, span]) => stepOf(uid, span, current.get(uid) ?? null))
}

function stepOf(uid: string, { first, last }: Span, stored: StoredEvent | null): UndoStep {
  const untouched = stored
    ? stored.body === last.after && String(stored.event.resourceIds) === String(last.resourcesAfter ?? [])
    : last.after === null
  if (!untouched) return { uid, action: 'skip', event: null }
  if (first.before === null) return { uid, action: 'remove', event: null }
  const event = parseCalendar(first.before).events.find(candidate => candidate.uid === uid)
  return event
    ? { uid, action: 'restore', event: { ...event, resourceIds: first.resourcesBefore ?? [] } }
    : { uid, action: 'skip', event: null }
}

/** Small enough that one transaction never holds the event loop for long. */
const batchSize = 20

/** @returns what was done (or, for a dry run, would be) */
export async function undoRun(store: Store, run: string, actor: Actor, dryRun: boolean): Promise<UndoStep[]> {
  const entries = await store.journal({ run, limit: Number.MAX_SAFE_INTEGER })
  const uids = [...new Set(entries.map(({ uid }) => uid))]
  const read = async (from: Pick<Store, 'events'>, some: readonly string[]) =>
    new Map((await from.events(some)).map(stored => [stored.uid, stored]))
  if (dryRun) return planUndo(entries, await read(store, uids))
  const done: UndoStep[] = []
  for (let at = 0; at < uids.length; at += batchSize) {
    const batch = new Set(uids.slice(at, at + batchSize))
    await store.write(actor, async tx => {
      const steps = planUndo(
        entries.filter(({ uid }) => batch.has(uid)),
        await read(tx, [...batch]),
      )
      for (const step of steps) await take(tx, step)
      done.push(...steps)
    })
  }
  return done
}

async function take(tx: Writer, { uid, action, event }: UndoStep): Promise<void> {
  if (action === 'remove') await tx.remove(uid)
  if (action === 'restore' && event) await tx.put(event)
}
