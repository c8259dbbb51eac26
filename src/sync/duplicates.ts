/**
 * The same meeting from two sources: same room, same time, alike title, but another UID. It is shown, never joined:
 * a wrong join loses an event, a wrong flag costs a look.
 */

import { endOf, toEpoch } from '../schedule/caltime.ts'
import { mainComponent, type ScheduleEvent } from '../schedule/event.ts'
import type { Writer } from '../store/store.ts'

/** A title as far as it tells meetings apart: letters and digits. */
const titleKey = (event: ScheduleEvent): string =>
  (mainComponent(event).summary ?? '')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/** Flags the event and its likely twins, and takes back what is no longer so. Called after the event was written. */
export async function flagDuplicates(tx: Writer, event: ScheduleEvent, source: string): Promise<void> {
  await tx.clearConflicts({ uid: event.uid, kind: 'duplicate' })
  const title = titleKey(event)
  const { start } = mainComponent(event)
  const [from, to] = [toEpoch(start, tx.zone), toEpoch(endOf(mainComponent(event)), tx.zone)]
  if (title === '' || to <= from) return
  for (const resourceId of event.resourceIds) {
    const rows = (await tx.occurrencesIn(resourceId, from, to)).filter(row => row.start === from && row.end === to)
    const others = await tx.events([...new Set(rows.map(({ uid }) => uid))].filter(uid => uid !== event.uid))
    for (const other of others.filter(stored => titleKey(stored.event) === title)) {
      const uids = [event.uid, other.uid].sort()
      const detail = { sources: [source, other.source], remedy: 'Delete one of the two where it was made.' }
      await tx.addConflict({ kind: 'duplicate', resourceId, uids, start: from, end: to, source: null, detail })
    }
  }
}
