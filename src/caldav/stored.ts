import type { Window } from '../schedule/recurrence.ts'
import { calendarState, membersNamed, membersWithin } from '../store/calendar-reads.ts'
import type { Member, StoredEvent } from '../store/store.ts'
import type { Calendar } from './calendars.ts'
import { decoratedBodies } from './decorate.ts'
import type { Gateway } from './gateway.ts'
import type { CalendarSource, Served } from './sources.ts'
import { formatToken } from './tokens.ts'

const DAY = 86_400

const token = async ({ store }: Gateway, calendar: Calendar): Promise<string> => {
  const { epoch, token } = await calendarState(store, calendar.id)
  return formatToken(epoch, calendar.id, token)
}

const within = (
  { store }: Gateway,
  calendar: Calendar,
  window: Window | null,
  zone: string,
): Promise<readonly Member[]> => {
  if (!window) return store.members(calendar.id)
  // Dates and floating times lie elsewhere on another clock, a day away at most.
  const reach = zone === calendar.zone ? 0 : DAY
  return membersWithin(store, calendar.id, { from: window.from - reach, to: window.to + reach })
}

const named = async (
  { store }: Gateway,
  calendar: Calendar,
  names: readonly string[],
): Promise<ReadonlyMap<string, Member>> =>
  new Map((await membersNamed(store.database, calendar.id, names)).map(member => [member.name, member]))

type Bodies = (gateway: Gateway, stored: readonly StoredEvent[]) => Promise<readonly string[]>

const load =
  (etagOf: (stored: StoredEvent) => string, bodiesOf: Bodies) =>
  async (gateway: Gateway, _: Calendar, members: readonly Member[]): Promise<readonly Served[]> => {
    const stored = await gateway.store.events(members.map(({ uid }) => uid))
    const bodies = await bodiesOf(gateway, stored)
    const byUid = new Map(stored.map((event, index) => [event.uid, { event, body: bodies[index] ?? '' }]))
    return members.flatMap(member => {
      const found = byUid.get(member.uid)
      if (!found) return []
      const { event, body } = found
      const details = { body, createdAt: event.createdAt, updatedAt: event.updatedAt, event: () => event.event }
      return [{ member: { ...member, etag: etagOf(event) }, details }]
    })
  }

const common = {
  token,
  within,
  named,
  member: ({ store }: Gateway, calendar: Calendar, name: string) => store.member(calendar.id, name),
}

/** A resource's own calendar: what clients PUT, byte for byte. */
export const resourceSource: CalendarSource = {
  ...common,
  load: load(
    ({ etag }) => etag,
    async (_, stored) => stored.map(({ body }) => body),
  ),
}

/** The whole schedule: every event with its source and its conflicts written into it. */
export const scheduleSource: CalendarSource = {
  ...common,
  load: load(({ scheduleEtag }) => scheduleEtag, decoratedBodies),
}
