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

/** What a person can do where the conflict itself does not say. */
const WAYS_OUT: Readonly<Record<Conflict['kind'], string>> = {
  overlap: 'Move one of them or give it another room, where it was made.',
  blackout: 'Move the event out of the blackout, or shorten the blackout.',
  edit: 'Write the value you want where the event was made; both are kept in its history.',
  'delete-edit': 'Delete it once more if it is to go; the change was kept.',
  rejected: 'Change the event so that the other side can take it.',
  duplicate: 'Delete one of the two where it was made.',
  'foreign-organizer': 'Ask the organizer to change the meeting.',
  'mass-deletion': 'Answer with "kaldav sync SOURCE --approve" or "--restore".',
}

const uidOf = (conflict: Conflict): string => `conflict-${conflict.id}@kaldav`
const nameOf = (conflict: Conflict): string => `${conflict.id}.ics`

const describe = ({ conflict, titles, sources }: Shown): string => {
  const { kind, uids, detail, source } = conflict
  const events = uids.map((uid, index) => `${titles[index]} (${uid}), from ${sources[index] ?? 'elsewhere'}`)
  const text = (value: unknown): string[] => (typeof value === 'string' && value !== '' ? [value] : [])
  const pairs = typeof detail.occurrences === 'number' && detail.occurrences > 1
  return [
    ...events,
    ...(source === null ? [] : [`Found in ${source}.`]),
    ...(pairs ? [`They meet ${detail.occurrences} times; this is the first.`] : []),
    ...text(detail.reason),
    text(detail.remedy)[0] ?? WAYS_OUT[kind],
  ].join('\n')
}

const asEvent = (shown: Shown): ScheduleEvent => {
  const { conflict, titles, resource } = shown
  const start = fromEpoch(conflict.start ?? conflict.since, 'UTC')
  const end = fromEpoch(conflict.end ?? conflict.start ?? conflict.since, 'UTC')
  return {
    uid: uidOf(conflict),
    master: {
      ...emptyMaster(start, end),
      summary: [TITLES[conflict.kind], titles.join(' / ')].filter(part => part !== '').join(': '),
      description: describe(shown),
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
  /** Who made each; `null`: it is not in the schedule. */
  readonly sources: readonly (string | null)[]
  readonly resource: string | null
}

const show = async ({ store }: Gateway, conflicts: readonly Conflict[]): Promise<readonly Shown[]> => {
  const stored = await store.events([...new Set(conflicts.flatMap(({ uids }) => uids))])
  const titles = new Map(stored.map(({ uid, event }) => [uid, mainComponent(event).summary ?? uid]))
  const sources = new Map(stored.map(({ uid, source }) => [uid, source]))
  const resources = new Map((await store.resources()).map(({ id, name }) => [id, name]))
  return conflicts.map(conflict => ({
    conflict,
    titles: conflict.uids.map(uid => titles.get(uid) ?? uid),
    sources: conflict.uids.map(uid => sources.get(uid) ?? null),
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
