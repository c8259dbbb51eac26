import { hash } from 'node:crypto'
import { DavError } from '../dav/errors.ts'
import { statusResponse } from '../dav/multistatus.ts'
import { dav } from '../dav/names.ts'
import { propertyRequest } from '../dav/propfind.ts'
import { sendMultistatus } from '../dav/respond.ts'
import { textElement } from '../dav/write.ts'
import type { XmlNode } from '../dav/xml.ts'
import { type CalendarChange, changesEverywhere, scheduleState } from '../store/calendar-reads.ts'
import { EVERYBODY, pathsChangedSince } from '../store/properties.ts'
import { type Calendar, calendarsFor } from './calendars.ts'
import { calendarEntry, memberResponses, type Question } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { personalOf } from './personal.ts'
import { calendarHref, eventHref } from './places.ts'
import { sourceOf } from './sources.ts'
import { isInfinite, limitOf, syncTokenIn } from './sync-request.ts'
import { invalidToken } from './tokens.ts'

const listMarks = new WeakMap<readonly Calendar[], string>()

/** Which calendars there are, in a few characters. */
const listMark = (calendars: readonly Calendar[]): string => {
  const known = listMarks.get(calendars) ?? hash('sha256', JSON.stringify(calendars), 'base64url').slice(0, 12)
  listMarks.set(calendars, known)
  return known
}

/** How far a client has seen the home: its calendars, what lies in them, and what the person wrote over them. */
interface HomeState {
  readonly epoch: string
  readonly list: string
  readonly mark: string
  readonly own: number
  readonly shared: number
}

const FORM = /^urn:kaldav:home:([A-Za-z0-9-]+):([\w-]{12}):(\d+)(\.\d+\.\d+):(\d+):(\d+)$/

const write = ({ epoch, list, mark, own, shared }: HomeState): string =>
  `urn:kaldav:home:${epoch}:${list}:${mark}:${own}:${shared}`

const stateOf = async (exchange: Exchange, calendars: readonly Calendar[]): Promise<HomeState> => {
  const { store } = exchange.gateway
  const { epoch, conflicts } = await scheduleState(store)
  const { own, shared } = await personalOf(exchange)
  return { epoch, list: listMark(calendars), mark: conflicts, own, shared }
}

/** Sync token and ctag of the home: moves with every change in any calendar. */
export const homeToken = async (exchange: Exchange): Promise<string> =>
  write(await stateOf(exchange, await calendarsFor(exchange)))

/** What changed since an earlier state; a calendar that came or went means a new beginning. */
interface HomeChanges {
  readonly calendars: readonly Calendar[]
  readonly events: readonly CalendarChange[]
}

const changesSince = async (
  exchange: Exchange,
  given: string,
  now: HomeState,
  calendars: readonly Calendar[],
): Promise<HomeChanges> => {
  const { store } = exchange.gateway
  const [, epoch, list, token, conflicts, own, shared] = FORM.exec(given) ?? []
  if (token === undefined || epoch !== now.epoch || list !== now.list) throw invalidToken()
  // Throws for a token that was never given, or that the change log no longer reaches back to.
  const schedule = await store.changesSince(0, Number(token))
  const events = await changesEverywhere(store.database, Number(token))
  const ids = new Set(events.map(({ resourceId }) => resourceId))
  const paths = new Set([
    ...(await pathsChangedSince(store.database, exchange.person.name, Number(own))),
    ...(await pathsChangedSince(store.database, EVERYBODY, Number(shared))),
  ])
  const moved = (calendar: Calendar): boolean => {
    if (calendar.kind === 'conflicts') return conflicts !== now.mark.slice(now.mark.indexOf('.'))
    if (calendar.kind === 'schedule') return schedule.token > Number(token)
    return ids.has(calendar.id)
  }
  const changed = calendars.filter(calendar => moved(calendar) || paths.has(calendarHref(calendar.segment)))
  return { calendars: changed, events }
}

async function* eventResponses(
  exchange: Exchange,
  calendar: Calendar,
  changes: readonly CalendarChange[] | null,
  question: Question,
): AsyncGenerator<string> {
  const own = changes?.filter(({ resourceId }) => resourceId === calendar.id)
  const members = own
    ? own.flatMap(({ member }) => member ?? [])
    : await sourceOf(calendar).within(exchange.gateway, calendar, null, calendar.zone)
  yield* memberResponses(exchange, calendar, members, question)
  const gone = own?.filter(({ member }) => member === null) ?? []
  yield gone.map(({ name }) => statusResponse(eventHref(calendar.segment, name), 404)).join('')
}

async function* responses(
  exchange: Exchange,
  calendars: readonly Calendar[],
  changes: readonly CalendarChange[] | null,
  question: Question,
  deep: boolean,
): AsyncGenerator<string> {
  for (const calendar of calendars) {
    yield (await calendarEntry(exchange, calendar)).write(question)
    // The whole schedule repeats what the resources have.
    if (deep && calendar.kind === 'resource') yield* eventResponses(exchange, calendar, changes, question)
  }
}

/** RFC 6578 on the home: which calendars changed, and with sync-level infinite also what changed in them. */
export const syncHome = async (exchange: Exchange, body: XmlNode): Promise<void> => {
  const calendars = await calendarsFor(exchange)
  const now = await stateOf(exchange, calendars)
  const given = syncTokenIn(body)
  const deep = isInfinite(body, exchange.request.headers.depth)
  const changes = given === '' ? null : await changesSince(exchange, given, now, calendars)
  const changed = changes ? changes.calendars : calendars
  if (changed.length > (limitOf(body) ?? Number.POSITIVE_INFINITY)) {
    throw new DavError(507, 'The calendars of the home are reported all at once', {
      condition: dav('number-of-matches-within-limits'),
    })
  }
  const { byPath: personal } = await personalOf(exchange)
  const question = { request: propertyRequest(body), minimal: exchange.prefer.minimal, personal }
  const parts = async function* (): AsyncGenerator<string> {
    yield* responses(exchange, changed, changes?.events ?? null, question, deep)
    yield textElement(dav('sync-token'), write(now))
  }
  await sendMultistatus(exchange.response, parts())
}
