import { createHash } from 'node:crypto'
import { fromEpoch } from '../schedule/caltime.ts'
import { emptyMaster, mainComponent, SCHEDULE, type ScheduleEvent } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import type { Conflict, Member } from '../store/store.ts'
import type { Gateway } from './gateway.ts'
import type { CalendarSource, Served } from './sources.ts'

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

const asEvent = (conflict: Conflict, titles: ReadonlyMap<string, string>, resource: string | null): ScheduleEvent => {
  const start = fromEpoch(conflict.start ?? conflict.since, 'UTC')
  const end = fromEpoch(conflict.end ?? conflict.start ?? conflict.since, 'UTC')
  const involved = conflict.uids.map(uid => titles.get(uid) ?? uid)
  const detail = JSON.stringify(conflict.detail)
  return {
    uid: uidOf(conflict),
    master: {
      ...emptyMaster(start, end),
      summary: [TITLES[conflict.kind], involved.join(' / ')].filter(part => part !== '').join(': '),
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

const memberOf = (conflict: Conflict): Member => ({
  name: nameOf(conflict),
  uid: uidOf(conflict),
  etag: hash(JSON.stringify(conflict)),
})

const titlesOf = async ({ store }: Gateway, conflicts: readonly Conflict[]): Promise<ReadonlyMap<string, string>> => {
  const stored = await store.events([...new Set(conflicts.flatMap(({ uids }) => uids))])
  return new Map(stored.map(({ uid, event }) => [uid, mainComponent(event).summary ?? uid]))
}

const serve = async (gateway: Gateway, conflicts: readonly Conflict[]): Promise<readonly Served[]> => {
  const titles = await titlesOf(gateway, conflicts)
  const resources = new Map((await gateway.store.resources()).map(({ id, name }) => [id, name]))
  return conflicts.map(conflict => {
    const event = asEvent(conflict, titles, resources.get(conflict.resourceId ?? SCHEDULE) ?? null)
    const dtstamp = new Date(conflict.since * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
    const body = writeCalendar([event], { dtstamp: `${dtstamp}Z` })
    const details = { body, createdAt: conflict.since, updatedAt: conflict.since, event: () => event }
    return { member: { ...memberOf(conflict), etag: hash(body) }, details }
  })
}

const members = async (gateway: Gateway): Promise<readonly Member[]> =>
  (await serve(gateway, await gateway.store.conflicts())).map(({ member }) => member)

/** One event for each open conflict, made while it is read: there are few, and none should be. */
export const conflictsSource: CalendarSource = {
  token: async gateway => hash(JSON.stringify((await members(gateway)).map(({ name, etag }) => [name, etag]))),
  within: async (gateway, _, window) => {
    const inside = (await gateway.store.conflicts()).filter(({ start, end, since }) => {
      const from = start ?? since
      return !window || (from < window.to && (end ?? from) >= window.from)
    })
    return (await serve(gateway, inside)).map(({ member }) => member)
  },
  member: async (gateway, _, name) => (await members(gateway)).find(member => member.name === name) ?? null,
  named: async (gateway, _, names) => {
    const wanted = new Set(names)
    return new Map((await members(gateway)).flatMap(member => (wanted.has(member.name) ? [[member.name, member]] : [])))
  },
  load: async (gateway, _, wanted) => {
    const names = new Set(wanted.map(({ name }) => name))
    return serve(
      gateway,
      (await gateway.store.conflicts()).filter(conflict => names.has(nameOf(conflict))),
    )
  },
}
