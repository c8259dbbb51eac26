import { hash } from 'node:crypto'
import { DavError } from '../dav/errors.ts'
import { statusResponse } from '../dav/multistatus.ts'
import { dav } from '../dav/names.ts'
import { whenMinimal } from '../dav/prefer.ts'
import { propertyRequest } from '../dav/propfind.ts'
import { sendMultistatus } from '../dav/respond.ts'
import { textElement } from '../dav/write.ts'
import type { XmlNode } from '../dav/xml.ts'
import { type CalendarChange, changesEverywhere, scheduleState } from '../store/calendar-reads.ts'
import { EVERYBODY, pathsChangedSince } from '../store/properties.ts'
import { type Calendar, calendarsFor } from './calendars.ts'
import { calendarEntry, memberResponses, type Question } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { type HomePosition, type HomeState, type HomeToken, readHomeToken, writeHomeToken } from './home-token.ts'
import { personalOf } from './personal.ts'
import { calendarHref, eventHref, homeHref } from './places.ts'
import type { Person } from './rights.ts'
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

/** Who may see more or less than before begins anew, as with other calendars. */
const seenMark = ({ role, access }: Person, list: string): string =>
  role === 'viewer' || access
    ? hash('sha256', `${list} ${role} ${JSON.stringify(access ?? null)}`, 'base64url').slice(0, 12)
    : list

const stateOf = async (exchange: Exchange, calendars: readonly Calendar[]): Promise<HomeToken> => {
  const { store } = exchange.gateway
  const { epoch, conflicts } = await scheduleState(store)
  const { own, shared } = await personalOf(exchange)
  return {
    epoch,
    list: seenMark(exchange.person, listMark(calendars)),
    at: { mark: conflicts, own, shared },
    position: null,
  }
}

/** Sync token and ctag of the home: moves with every change in any calendar. */
export const homeToken = async (exchange: Exchange): Promise<string> =>
  writeHomeToken(await stateOf(exchange, await calendarsFor(exchange)))

/** What changed since an earlier state. */
interface HomeChanges {
  readonly calendars: ReadonlySet<Calendar>
  readonly events: readonly CalendarChange[]
}

const changesSince = async (
  exchange: Exchange,
  { mark, own, shared }: HomeState,
  now: HomeState,
  calendars: readonly Calendar[],
): Promise<HomeChanges> => {
  const { store } = exchange.gateway
  const [token = ''] = mark.split('.')
  const conflictsIn = (text: string): string => text.slice(text.indexOf('.'))
  // Throws for a token that was never given, or that the change log no longer reaches back to.
  const schedule = await store.changesSince(0, Number(token))
  const events = await changesEverywhere(store.database, Number(token))
  const ids = new Set(events.map(({ resourceId }) => resourceId))
  const paths = new Set([
    ...(await pathsChangedSince(store.database, exchange.person.name, own)),
    ...(await pathsChangedSince(store.database, EVERYBODY, shared)),
  ])
  const moved = (calendar: Calendar): boolean => {
    if (calendar.kind === 'conflicts') return conflictsIn(mark) !== conflictsIn(now.mark)
    if (calendar.kind === 'schedule') return schedule.token > Number(token)
    return ids.has(calendar.id)
  }
  const changed = calendars.filter(calendar => moved(calendar) || paths.has(calendarHref(calendar.segment)))
  return { calendars: new Set(changed), events }
}

/** One event of an answer; `member` is `null` where it is gone. */
type Row = Pick<CalendarChange, 'name' | 'member'>

const rowsOf = async (exchange: Exchange, calendar: Calendar, changes: HomeChanges | null): Promise<readonly Row[]> => {
  if (changes) return changes.events.filter(({ resourceId }) => resourceId === calendar.id)
  const members = await sourceOf(calendar).within(exchange.gateway, calendar, null, calendar.zone)
  return members.map(member => ({ name: member.name, member }))
}

async function* rowResponses(
  exchange: Exchange,
  calendar: Calendar,
  rows: readonly Row[],
  question: Question,
): AsyncGenerator<string> {
  const members = rows.flatMap(({ member }) => member ?? [])
  yield* memberResponses(exchange, calendar, members, question)
  const gone = rows.filter(({ member }) => member === null)
  yield gone.map(({ name }) => statusResponse(eventHref(calendar.segment, name), 404)).join('')
}

/** The part of an answer that is asked for: where it begins, and how many resources it may tell of. */
interface Part {
  readonly from: HomePosition
  readonly limit: number
}

const cutOff = statusResponse(
  homeHref,
  507,
  new DavError(507, 'There is more', { condition: dav('number-of-matches-within-limits') }),
)

/**
 * The whole schedule repeats what the resources have, and the conflicts are in no change log: with sync-level infinite a
 * client learns that neither is looked into, rather than that they are empty (RFC 6578 §3.3).
 */
const notBelow = (calendar: Calendar): string =>
  statusResponse(
    calendarHref(calendar.segment),
    403,
    new DavError(403, 'This calendar is synchronised by itself', { condition: dav('sync-traversal-supported') }),
  )

const byName = (a: Row, b: Row): number => (a.name < b.name ? -1 : Number(a.name > b.name))

/**
 * The responses of one part, in the order of the calendars and the names in them, so that a later part goes on where
 * this one ends, whatever was written meanwhile. @returns where it was cut off
 */
async function* partResponses(
  exchange: Exchange,
  calendars: readonly Calendar[],
  changes: HomeChanges | null,
  { from, limit }: Part,
  question: Question,
  deep: boolean,
): AsyncGenerator<string, HomePosition | null> {
  let left = limit
  for (const [index, calendar] of calendars.entries()) {
    if (index < from.calendar || (changes && !changes.calendars.has(calendar))) continue
    if (left <= 0) return { ...from, calendar: index, after: null }
    const after = index === from.calendar ? from.after : null
    if (after === null) {
      const shallow = !deep || calendar.kind === 'resource'
      yield shallow ? (await calendarEntry(exchange, calendar)).write(question) : notBelow(calendar)
      left -= 1
    }
    if (!deep || calendar.kind !== 'resource') continue
    const rows = await rowsOf(exchange, calendar, changes)
    const whole = left === Number.POSITIVE_INFINITY && !after
    const rest = whole ? rows : rows.filter(({ name }) => name > (after ?? '')).toSorted(byName)
    const told = rest.slice(0, left)
    yield* rowResponses(exchange, calendar, told, question)
    if (told.length < rest.length) return { ...from, calendar: index, after: told.at(-1)?.name ?? after ?? '' }
    left -= told.length
  }
  return null
}

/** What the client has seen, and where it goes on. A calendar that came or went means a new beginning. */
const beginning = (given: string, now: HomeToken): { readonly at: HomeState; readonly from: HomePosition } => {
  if (given === '') return { at: now.at, from: { from: null, calendar: 0, after: null } }
  const token = readHomeToken(given)
  if (token.epoch !== now.epoch || token.list !== now.list) throw invalidToken()
  if (token.position) return { at: token.at, from: token.position }
  return { at: now.at, from: { from: token.at, calendar: 0, after: null } }
}

/**
 * RFC 6578 on the home: which calendars changed, and with sync-level infinite also what changed in them. The last part of
 * an answer in parts gives the state in which the first one was made: what changed meanwhile is told again.
 */
export const syncHome = async (exchange: Exchange, body: XmlNode): Promise<void> => {
  const calendars = await calendarsFor(exchange)
  const now = await stateOf(exchange, calendars)
  const { at, from } = beginning(syncTokenIn(body), now)
  const deep = isInfinite(body, exchange.request.headers.depth)
  const changes = from.from ? await changesSince(exchange, from.from, now.at, calendars) : null
  const { byPath: personal } = await personalOf(exchange)
  const question = { request: propertyRequest(body), minimal: exchange.prefer.minimal, personal }
  const part = { from, limit: limitOf(body) ?? Number.POSITIVE_INFINITY }
  const parts = async function* (): AsyncGenerator<string> {
    const position = yield* partResponses(exchange, calendars, changes, part, question, deep)
    yield (position ? cutOff : '') + textElement(dav('sync-token'), writeHomeToken({ ...now, at, position }))
  }
  await sendMultistatus(exchange.response, parts(), whenMinimal(exchange.prefer))
}
