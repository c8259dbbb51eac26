import { fromEpoch } from '../schedule/caltime.ts'
import { emptyMaster, type JCalProperty, type ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import type { Window } from '../schedule/recurrence.ts'
import { scheduleState } from '../store/calendar-reads.ts'
import { conflictFlag, sourceFlag } from '../store/flags.ts'
import { explain, type ShownConflict, showConflicts } from '../store/shown-conflicts.ts'
import type { Conflict, Member } from '../store/store.ts'
import type { Gateway } from './gateway.ts'
import type { CalendarSource, Served } from './sources.ts'
import { utcText } from './time-range.ts'
import { conflictsToken } from './tokens.ts'

const uidOf = (conflict: Conflict): string => `conflict-${conflict.id}@kaldav`
const nameOf = (conflict: Conflict): string => `${conflict.id}.ics`

const asEvent = (shown: ShownConflict): ScheduleEvent => {
  const { conflict, title, sides, resource, isPrivate } = shown
  const titles = sides.map(({ uid, summary }) => summary ?? uid)
  const start = fromEpoch(conflict.start ?? conflict.since, 'UTC')
  const end = fromEpoch(conflict.end ?? conflict.start ?? conflict.since, 'UTC')
  return {
    uid: uidOf(conflict),
    master: {
      ...emptyMaster(start, end),
      summary: [title, titles.join(' / ')].filter(part => part !== '').join(': '),
      description: explain(shown),
      location: resource,
      classification: isPrivate ? 'PRIVATE' : null,
      transparent: true,
    },
    overrides: [],
    resourceIds: conflict.resourceId === null ? [] : [conflict.resourceId],
  }
}

/** Of both sides: here none of them is the other. */
const flags = ({ conflict, sides }: ShownConflict): readonly JCalProperty[] => {
  const sources = new Set([conflict.source, ...sides.map(({ source }) => source)].filter(source => source !== null))
  const { kind, uids, start, end } = conflict
  return [...[...sources].map(sourceFlag), conflictFlag(kind, uids, start, end)]
}

/** The titles of both sides are in it, also those that not everybody sees. */
const memberOf =
  ({ store }: Gateway) =>
  (shown: ShownConflict): Member => ({
    name: nameOf(shown.conflict),
    uid: uidOf(shown.conflict),
    etag: store.etagOf(JSON.stringify(shown)),
  })

const serve = (gateway: Gateway, shown: ShownConflict): Served => {
  const { since } = shown.conflict
  const event = asEvent(shown)
  const body = writeCalendar([event], { dtstamp: utcText(since), decorate: () => flags(shown) })
  return { member: memberOf(gateway)(shown), details: { body, createdAt: since, updatedAt: since, event: () => event } }
}

const touches = ({ start, end, since }: Conflict, { from, to }: Window): boolean =>
  (start ?? since) < to && (end ?? start ?? since) >= from

const membersWhere = async (gateway: Gateway, wanted: (conflict: Conflict) => boolean): Promise<readonly Member[]> =>
  (await showConflicts(gateway.store, (await gateway.store.conflicts()).filter(wanted))).map(memberOf(gateway))

const loadNamed = async (gateway: Gateway, names: ReadonlySet<string>): Promise<readonly Served[]> => {
  const conflicts = (await gateway.store.conflicts()).filter(conflict => names.has(nameOf(conflict)))
  return (await showConflicts(gateway.store, conflicts)).map(shown => serve(gateway, shown))
}

/** One event for each open conflict, made while it is read: there are few, and none should be. */
export const conflictsSource: CalendarSource = {
  // Titles are shown too, so any change of the schedule may be one of a conflict.
  token: async ({ store }) => {
    const { epoch, conflicts } = await scheduleState(store)
    return conflictsToken(epoch, conflicts)
  },
  within: (gateway, _, window) => membersWhere(gateway, conflict => !window || touches(conflict, window)),
  member: async (gateway, _, name) => (await membersWhere(gateway, conflict => nameOf(conflict) === name))[0] ?? null,
  loadNamed: (gateway, _, names) => loadNamed(gateway, new Set(names)),
  load: (gateway, _, members) => loadNamed(gateway, new Set(members.map(({ name }) => name))),
}
