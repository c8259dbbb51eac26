/** What happens when: occurrences with the words people know them by. */
import { type Component, mainComponent, type Override, type ScheduleEvent, timeKey } from '../schedule/event.ts'
import { seenAs, type View } from '../schedule/privacy.ts'
import type { OccurrenceRow, Store } from '../store/store.ts'

/** One occurrence. Times are epoch seconds, half-open. */
export interface Shown {
  readonly uid: string
  readonly recurrenceId: string | null
  readonly start: number
  readonly end: number
  readonly summary: string | null
  readonly location: string | null
  readonly source: string
  readonly busy: boolean
  readonly blackout: boolean
}

type Reads = Pick<Store, 'occurrencesIn' | 'events'>

/** A calendar, and how much of its events whoever asks may see. */
interface Seen {
  readonly resourceId: number
  readonly view: View
}

/** The occurrences of a calendar in [from, to), by start; cancelled ones are left out. */
export async function shownIn(store: Reads, { resourceId, view }: Seen, from: number, to: number): Promise<Shown[]> {
  return describe(store, view, await store.occurrencesIn(resourceId, from, to))
}

/** The next occurrence of a calendar within `seconds`. */
export async function nextIn(
  store: Reads,
  { resourceId, view }: Seen,
  now: number,
  seconds: number,
): Promise<Shown | null> {
  const rows = await store.occurrencesIn(resourceId, now, now + seconds)
  return (await describe(store, view, rows.slice(0, 5)))[0] ?? null
}

async function describe(store: Reads, view: View, rows: readonly OccurrenceRow[]): Promise<Shown[]> {
  const stored = await store.events([...new Set(rows.map(({ uid }) => uid))])
  const byUid = new Map(stored.map(event => [event.uid, event]))
  return rows.flatMap(row => {
    const found = byUid.get(row.uid)
    if (!found) return []
    const { summary, location, status } = componentOf(seenAs(view, found.event), row.recurrenceId)
    return status === 'CANCELLED' ? [] : [{ ...row, summary, location, source: found.source }]
  })
}

/** What the event says of one occurrence: its change, or that of it and all that follow (RFC 5545 §3.2.13). */
function componentOf(event: ScheduleEvent, recurrenceId: string | null): Component {
  if (recurrenceId === null) return mainComponent(event)
  const keyOf = (override: Override): string => timeKey(override.recurrenceId)
  const own = event.overrides.find(override => keyOf(override) === recurrenceId)
  const [latest] = event.overrides
    .filter(override => override.thisAndFuture && keyOf(override) < recurrenceId)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1))
  return own ?? latest ?? mainComponent(event)
}
