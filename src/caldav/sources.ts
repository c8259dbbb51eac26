import type { Window } from '../schedule/recurrence.ts'
import { calendarTokens, scheduleState } from '../store/calendar-reads.ts'
import type { Member } from '../store/store.ts'
import type { Calendar } from './calendars.ts'
import { conflictsSource } from './conflicts.ts'
import type { Exchange, Gateway } from './gateway.ts'
import type { Person } from './rights.ts'
import { resourceSource, scheduleSource } from './stored.ts'
import type { EventDetails } from './targets.ts'
import { conflictsToken, formatToken } from './tokens.ts'
import { viewOf, visibleAs } from './withheld.ts'

/** An event as one calendar serves it. `member.etag` belongs to `details.body`. */
export interface Served {
  readonly member: Member
  readonly details: EventDetails
}

/** Where the events of a calendar come from. */
export interface CalendarSource {
  /** Changes whenever a member does: sync token and ctag in one. */
  token(gateway: Gateway, calendar: Calendar): Promise<string>
  /** The members with an occurrence in the window, `null` being all; dates and floating times on the clock of `zone`. */
  within(gateway: Gateway, calendar: Calendar, window: Window | null, zone: string): Promise<readonly Member[]>
  member(gateway: Gateway, calendar: Calendar, name: string): Promise<Member | null>
  /** By name, in no order; those that are not there are left out. */
  loadNamed(gateway: Gateway, calendar: Calendar, names: readonly string[]): Promise<readonly Served[]>
  /** In the order of `members`; those that are gone meanwhile are left out. */
  load(gateway: Gateway, calendar: Calendar, members: readonly Member[]): Promise<readonly Served[]>
}

const SOURCES: Readonly<Record<Calendar['kind'], CalendarSource>> = {
  resource: resourceSource,
  schedule: scheduleSource,
  conflicts: conflictsSource,
}

export const sourceOf = (calendar: Calendar): CalendarSource => SOURCES[calendar.kind]

const shown = (person: Person, { segment }: Calendar, all: readonly Served[]): readonly Served[] => {
  const view = viewOf(person, segment)
  return view === 'all' ? all : all.map(served => visibleAs(view, served))
}

/** `load`, as whoever asks may see it. */
export const loadFor = async (
  { gateway, person }: Pick<Exchange, 'gateway' | 'person'>,
  calendar: Calendar,
  members: readonly Member[],
): Promise<readonly Served[]> => shown(person, calendar, await sourceOf(calendar).load(gateway, calendar, members))

/** `loadNamed`, as whoever asks may see it. */
export const loadNamedFor = async (
  { gateway, person }: Pick<Exchange, 'gateway' | 'person'>,
  calendar: Calendar,
  names: readonly string[],
): Promise<readonly Served[]> => shown(person, calendar, await sourceOf(calendar).loadNamed(gateway, calendar, names))

/** `token` of many calendars at once, in two queries. */
export const tokensOf = async (
  { store }: Gateway,
  calendars: readonly Calendar[],
): Promise<ReadonlyMap<Calendar, string>> => {
  const { epoch, conflicts } = await scheduleState(store)
  const tokens = await calendarTokens(store.database)
  const tokenOf = (calendar: Calendar): string =>
    calendar.kind === 'conflicts'
      ? conflictsToken(epoch, conflicts)
      : formatToken(epoch, calendar.id, tokens.get(calendar.id) ?? 0)
  return new Map(calendars.map(calendar => [calendar, tokenOf(calendar)]))
}
