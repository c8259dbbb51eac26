import { LRUCache } from 'lru-cache'
import type { ScheduleEvent } from '../schedule/event.ts'
import { parseCalendar } from '../schedule/ical.ts'
import type { Window } from '../schedule/recurrence.ts'
import { calendarState, type EventText, eventTexts, membersNamed, membersWithin } from '../store/calendar-reads.ts'
import type { Database } from '../store/database.ts'
import type { Member } from '../store/store.ts'
import type { Calendar } from './calendars.ts'
import { decoratedBodies } from './decorate.ts'
import type { Gateway } from './gateway.ts'
import type { CalendarSource, Served } from './sources.ts'
import { formatToken } from './tokens.ts'

const DAY = 86_400

const token = async ({ store }: Gateway, calendar: Calendar): Promise<string> => {
  const state = await calendarState(store, calendar.id)
  return formatToken(state.epoch, calendar.id, state.token)
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

const common = {
  token,
  within,
  member: ({ store }: Gateway, calendar: Calendar, name: string) => store.member(calendar.id, name),
}

/** By etag, which is a hash of the text. */
const parsed = new LRUCache<string, ScheduleEvent>({ max: 500 })

const eventOf = (etag: string, body: string): ScheduleEvent => {
  const event = parsed.get(etag) ?? parseCalendar(body).events[0]
  if (!event) throw new TypeError(`the stored text ${etag} holds no event`)
  parsed.set(etag, event)
  return event
}

const served = ({ member, body, createdAt, updatedAt }: EventText): Served => ({
  member,
  details: { body, createdAt, updatedAt, event: () => eventOf(member.etag, body) },
})

type Texts = LRUCache<string, EventText>

/** Texts that were asked for lately, by UID: many clients look at the same week. */
const recent = new WeakMap<Database, Texts>()

const recentOf = (database: Database): Texts => {
  const known = recent.get(database)
  if (known) return known
  const made: Texts = new LRUCache({ maxSize: 16_000_000, sizeCalculation: ({ body }) => body.length + 200 })
  recent.set(database, made)
  return made
}

/** An etag is a hash of the text: where it is the same, nothing has to be read. */
const textsOf = async ({ store }: Gateway, calendar: Calendar, members: readonly Member[]): Promise<EventText[]> => {
  const { database } = store
  const known = recentOf(database)
  const found = new Map<string, EventText>()
  for (const member of members) {
    const text = known.get(member.uid)
    if (text?.member.etag === member.etag) found.set(member.uid, { ...text, member })
  }
  const unknown = members.flatMap(({ uid }) => (found.has(uid) ? [] : [uid]))
  for (const text of await eventTexts(database, calendar.id, 'uid', unknown)) {
    known.set(text.member.uid, text)
    found.set(text.member.uid, text)
  }
  return members.flatMap(({ uid }) => found.get(uid) ?? [])
}

/** A resource's own calendar: what clients PUT, byte for byte. */
export const resourceSource: CalendarSource = {
  ...common,
  loadNamed: async ({ store }, calendar, names) =>
    (await eventTexts(store.database, calendar.id, 'name', names)).map(served),
  load: async (gateway, calendar, members) => (await textsOf(gateway, calendar, members)).map(served),
}

const loadDecorated = async (gateway: Gateway, members: readonly Member[]): Promise<readonly Served[]> => {
  const stored = await gateway.store.events(members.map(({ uid }) => uid))
  const bodies = await decoratedBodies(gateway, stored)
  const names = new Map(members.map(({ uid, name }) => [uid, name]))
  return stored.map((event, index) => ({
    member: { name: names.get(event.uid) ?? '', uid: event.uid, etag: event.scheduleEtag },
    details: {
      body: bodies[index] ?? '',
      createdAt: event.createdAt,
      updatedAt: event.updatedAt,
      event: () => event.event,
    },
  }))
}

/** The whole schedule: every event with its source and its conflicts written into it. */
export const scheduleSource: CalendarSource = {
  ...common,
  loadNamed: async (gateway, calendar, names) =>
    loadDecorated(gateway, await membersNamed(gateway.store.database, calendar.id, names)),
  load: (gateway, _, members) => loadDecorated(gateway, members),
}
