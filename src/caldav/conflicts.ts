import { createHash } from 'node:crypto'
import { fromEpoch } from '../schedule/caltime.ts'
import { emptyMaster, mainComponent, SCHEDULE, type ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import type { Window } from '../schedule/recurrence.ts'
import { scheduleState } from '../store/calendar-reads.ts'
import type { Conflict, Member } from '../store/store.ts'
import type { Gateway } from './gateway.ts'
import type { CalendarSource, Served } from './sources.ts'
import { utcText } from './time-range.ts'
import { conflictsToken } from './tokens.ts'

const TITLES: Readonly<Record<Conflict['kind'], string>> = {
  overlap: 'Two events at once',
  blackout: 'Event during a blackout',
  edit: 'Changed in two places',
  'delete-edit': 'Deleted in one place, changed in another',
  rejected: 'Refused',
  duplicate: 'Perhaps the same event twice',
  'foreign-organizer': 'Moved by somebody who is not its organizer',
  'mass-deletion': 'Many deletions wait for approval',
}

const uidOf = (conflict: Conflict): string => `conflict-${conflict.id}@kaldav`
const nameOf = (conflict: Conflict): string => `${conflict.id}.ics`

const asEvent = ({ conflict, titles, resource }: Shown): ScheduleEvent => {
  const start = fromEpoch(conflict.start ?? conflict.since, 'UTC')
  const end = fromEpoch(conflict.end ?? conflict.start ?? conflict.since, 'UTC')
  const detail = JSON.stringify(conflict.detail)
  return {
    uid: uidOf(conflict),
    master: {
      ...emptyMaster(start, end),
      summary: [TITLES[conflict.kind], titles.join(' / ')].filter(part => part !== '').join(': '),
      description: [...conflict.uids, ...(detail === '{}' ? [] : [detail])].join('\n'),
      location: resource,
      transparent: true,
      extra: [['x-kaldav-conflict', {}, 'unknown', `${conflict.kind};${conflict.uids.join(',')}`]],
    },
    overrides: [],
    resourceIds: conflict.resourceId === null ? [] : [conflict.resourceId],
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 22)

/** A conflict with all that its event shows. */
interface Shown {
  readonly conflict: Conflict
  readonly titles: readonly string[]
  readonly resource: string | null
}

const show = async ({ store }: Gateway, conflicts: readonly Conflict[]): Promise<readonly Shown[]> => {
  const stored = await store.events([...new Set(conflicts.flatMap(({ uids }) => uids))])
  const titles = new Map(stored.map(({ uid, event }) => [uid, mainComponent(event).summary ?? uid]))
  const resources = new Map((await store.resources()).map(({ id, name }) => [id, name]))
  return conflicts.map(conflict => ({
    conflict,
    titles: conflict.uids.map(uid => titles.get(uid) ?? uid),
    resource: resources.get(conflict.resourceId ?? SCHEDULE) ?? null,
  }))
}

const memberOf = (shown: Shown): Member => ({
  name: nameOf(shown.conflict),
  uid: uidOf(shown.conflict),
  etag: hash(JSON.stringify(shown)),
})

const serve = (shown: Shown): Served => {
  const { since } = shown.conflict
  const event = asEvent(shown)
  const body = writeCalendar([event], { dtstamp: utcText(since) })
  return { member: memberOf(shown), details: { body, createdAt: since, updatedAt: since, event: () => event } }
}

const touches = ({ start, end, since }: Conflict, { from, to }: Window): boolean =>
  (start ?? since) < to && (end ?? start ?? since) >= from

const membersWhere = async (gateway: Gateway, wanted: (conflict: Conflict) => boolean): Promise<readonly Member[]> =>
  (await show(gateway, (await gateway.store.conflicts()).filter(wanted))).map(memberOf)

const loadNamed = async (gateway: Gateway, names: ReadonlySet<string>): Promise<readonly Served[]> => {
  const conflicts = (await gateway.store.conflicts()).filter(conflict => names.has(nameOf(conflict)))
  return (await show(gateway, conflicts)).map(serve)
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
