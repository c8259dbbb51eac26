/** What each address of the stand-in does. */
import { epochOf, type FakeMailbox, type Item } from './mailbox.ts'
import type { FakeGraph } from './server.ts'

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message = code) {
    super(message)
    this.status = status
    this.code = code
  }
}

export interface Request {
  readonly method: string
  readonly mailbox: FakeMailbox
  readonly id: string
  readonly query: URLSearchParams
  readonly body: Record<string, unknown>
  readonly ifMatch: string | undefined
  readonly prefer: string
}

type Handler = (graph: FakeGraph, request: Request) => unknown

const window = (query: URLSearchParams): [number, number] => {
  const [from, to] = [Date.parse(query.get('startDateTime') ?? ''), Date.parse(query.get('endDateTime') ?? '')]
  if (Number.isNaN(from) || Number.isNaN(to)) throw new ApiError(400, 'ErrorInvalidParameter')
  if (to - from > 1825 * 86_400_000) throw new ApiError(400, 'ErrorInvalidRequest', 'Maximum number of days: 1825')
  return [from, to]
}

interface DeltaState {
  readonly since: number
  readonly until: number
  readonly from: number
  readonly to: number
  readonly generation: number
  readonly offset: number
}

const tokenOf = (state: DeltaState): string => Buffer.from(JSON.stringify(state)).toString('base64url')

function stateOf(token: string): DeltaState {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw new ApiError(400, 'SyncStateInvalid')
  }
}

function delta(graph: FakeGraph, { mailbox, query, prefer }: Request): unknown {
  const token = query.get('$deltatoken') ?? query.get('$skiptoken')
  const base = `${graph.url}/v1.0/users/${encodeURIComponent(mailbox.address)}/calendarView/delta`
  let state: DeltaState
  if (token) {
    state = stateOf(token)
    if (state.generation !== mailbox.generation) {
      throw new ApiError(410, 'SyncStateNotFound', 'The sync state generation is not found.')
    }
    if (query.has('$deltatoken')) state = { ...state, since: state.until, until: mailbox.revision, offset: 0 }
  } else {
    const [from, to] = window(query)
    const offset = graph.emptyFirstPage ? -1 : 0
    state = { since: 0, until: mailbox.revision, from, to, generation: mailbox.generation, offset }
  }
  if (state.offset < 0) {
    return { value: [], '@odata.nextLink': `${base}?$skiptoken=${tokenOf({ ...state, offset: 0 })}` }
  }
  const scripted = graph.script.shift()
  if (scripted) {
    const link = (name: string, token: DeltaState) => `${base}?${name}=${tokenOf(token)}`
    return graph.script.length > 0
      ? { value: scripted, '@odata.nextLink': link('$skiptoken', { ...state, offset: graph.script.length }) }
      : { value: scripted, '@odata.deltaLink': link('$deltatoken', { ...state, until: mailbox.revision }) }
  }
  // A round shows one state of the calendar on all its pages.
  const round = `${mailbox.address} ${mailbox.revision} ${state.since} ${state.from} ${state.to}`
  if (graph.lastRound?.key !== round) {
    graph.lastRound = { key: round, items: mailbox.delta(state.since, state.from, state.to) }
  }
  const { items } = graph.lastRound
  const asked = Number(/odata\.maxpagesize=(\d+)/.exec(prefer)?.[1] ?? 10)
  const size = Math.min(asked, graph.pageSize)
  const page = items.slice(state.offset, state.offset + size)
  for (const item of page) graph.contract.check('event', item, 'delta')
  return state.offset + size < items.length
    ? { value: page, '@odata.nextLink': `${base}?$skiptoken=${tokenOf({ ...state, offset: state.offset + size })}` }
    : { value: page, '@odata.deltaLink': `${base}?$deltatoken=${tokenOf({ ...state, until: mailbox.revision })}` }
}

function list(graph: FakeGraph, { mailbox, query }: Request): unknown {
  const filter = query.get('$filter')
  const parts = /ep\/id eq '([^']+)' and ep\/value eq '((?:[^']|'')*)'/.exec(filter ?? '')
  const byUid = /^iCalUId eq '([^']+)'$/.exec(filter ?? '')
  if (filter && !parts && !byUid) throw new ApiError(400, 'ErrorInvalidUrlQueryFilter')
  const found = mailbox.all().filter(item => {
    if (byUid) return item.iCalUId === byUid[1]
    const value = parts?.[2]?.replaceAll("''", "'").toLowerCase()
    return !parts || item.singleValueExtendedProperties?.some(p => p.id === parts[1] && p.value.toLowerCase() === value)
  })
  const asked = graph.hidesListed ? new URLSearchParams({ $select: 'id,iCalUId' }) : query
  const shown = found.map(item => graph.shown(item, asked))
  return graph.paged(shown, query, `/users/${encodeURIComponent(mailbox.address)}/events`)
}

const readOnly = ['changeKey', 'iCalUId', 'isOrganizer', 'isCancelled', 'originalStart', 'seriesMasterId', 'type']

function checkEvent(graph: FakeGraph, body: Record<string, unknown>, where: string): void {
  graph.contract.check('event', body, where)
  for (const name of readOnly) if (name in body) graph.contract.violations.push(`${where}: ${name} is read-only`)
  const { start, end, isAllDay, recurrence } = body as unknown as Item
  if (start && end) {
    if (epochOf(end) < epochOf(start))
      throw new ApiError(400, 'ErrorPropertyValidationFailure', 'ends before it starts')
    const midnights = [start, end].every(({ dateTime }) => /T00:00:00/.test(dateTime))
    if (isAllDay && !midnights) throw new ApiError(400, 'ErrorInvalidRequest', 'An all-day event starts at midnight.')
  }
  if (!recurrence) return
  if (recurrence.range.startDate !== start?.dateTime.slice(0, 10))
    graph.contract.violations.push(`${where}: range.startDate`)
  if (recurrence.range.recurrenceTimeZone !== start?.timeZone)
    graph.contract.violations.push(`${where}: recurrenceTimeZone`)
}

function insert(graph: FakeGraph, { mailbox, body, query }: Request): unknown {
  checkEvent(graph, body, 'created event')
  const repeated = mailbox.all().find(item => item.transactionId && item.transactionId === body.transactionId)
  if (repeated) return graph.shown(repeated, query)
  const item = mailbox.put(body as unknown as Item)
  return graph.shown(mailbox.get(item.id) ?? item, query)
}

function existing(mailbox: FakeMailbox, id: string, ifMatch: string | undefined): Item {
  const item = mailbox.get(id)
  if (!item) throw new ApiError(404, 'ErrorItemNotFound', 'The specified object was not found in the store.')
  if (ifMatch && ifMatch !== item['@odata.etag']) throw new ApiError(412, 'ErrorIrresolvableConflict')
  return item
}

function patch(graph: FakeGraph, { mailbox, id, body, ifMatch, query }: Request): unknown {
  const item = existing(mailbox, id, ifMatch)
  checkEvent(graph, body, 'changed event')
  if (item.isOrganizer === false) graph.contract.violations.push('a meeting of somebody else is changed')
  const { start } = body as unknown as Partial<Item>
  if (item.type === 'exception' || item.type === 'occurrence') refuseCrossing(mailbox, item, start)
  const attendees = start && item.attendees?.map(each => ({ ...each, status: { response: 'none' } }))
  const change = { ...(attendees ? { attendees } : {}), ...(body as Partial<Item>) }
  // Properties that are not named stay.
  const named = change.singleValueExtendedProperties?.map(property => property.id) ?? []
  const others = item.singleValueExtendedProperties?.filter(property => !named.includes(property.id)) ?? []
  if (named.length > 0) change.singleValueExtendedProperties?.push(...others)
  mailbox.change(id, change)
  const changed = mailbox.get(id)
  return changed && graph.shown(changed, query)
}

/** An occurrence may not be moved to or over the day of a neighbour. */
function refuseCrossing(mailbox: FakeMailbox, item: Item, start: Item['start'] | undefined): void {
  if (!start) return
  const dayOf = (epoch: number) => Math.floor(epoch / 86_400_000)
  const all = mailbox.occurrences(String(item.seriesMasterId))
  const at = all.findIndex(({ id }) => id === item.id)
  const days = [all[at - 1], all[at + 1]].map(neighbour => neighbour && dayOf(epochOf(neighbour.start)))
  const moved = dayOf(epochOf(start))
  if ((days[0] !== undefined && moved <= days[0]) || (days[1] !== undefined && moved >= days[1])) {
    throw new ApiError(400, 'ErrorOccurrenceCrossingBoundary')
  }
}

function view(graph: FakeGraph, { mailbox, query }: Request): unknown {
  const [from, to] = window(query)
  const items = mailbox.view(from, to).map(item => graph.shown(item, query))
  return graph.paged(items, query, `/users/${encodeURIComponent(mailbox.address)}/calendarView`)
}

function instances(graph: FakeGraph, { mailbox, id, query }: Request): unknown {
  existing(mailbox, id, undefined)
  const [from, to] = window(query)
  const items = mailbox
    .occurrences(id)
    .filter(item => epochOf(item.start) < to && epochOf(item.end) > from)
    .map(item => graph.shown(item, query))
  const path = `/users/${encodeURIComponent(mailbox.address)}/events/${encodeURIComponent(id)}/instances`
  return graph.paged(items, query, path)
}

function decline(graph: FakeGraph, { mailbox, id, body }: Request): unknown {
  const item = existing(mailbox, id, undefined)
  if (item.isOrganizer) throw new ApiError(400, 'ErrorInvalidRequest', 'The organizer cannot answer.')
  if (body.sendResponse === false && 'comment' in body) throw new ApiError(400, 'ErrorInvalidRequest')
  if (item.responseRequested === false && body.sendResponse !== false) throw new ApiError(400, 'ErrorInvalidRequest')
  mailbox.remove(id)
  const home = graph.mailbox(item.organizer?.emailAddress.address ?? '')
  const meeting = home.all().find(each => each.iCalUId === item.iCalUId)
  const attendees = meeting?.attendees?.map(each =>
    each.emailAddress.address === mailbox.address ? { ...each, status: { response: 'declined' } } : each,
  )
  if (meeting && attendees) home.change(meeting.id, { attendees })
  return null
}

/** The organizer calls a meeting off: it is gone here, and stays in the rooms, marked. */
function cancel(graph: FakeGraph, { mailbox, id }: Request): unknown {
  const item = existing(mailbox, id, undefined)
  if (!item.isOrganizer) throw new ApiError(400, 'ErrorInvalidRequest', 'Only the organizer can cancel.')
  mailbox.remove(id)
  graph.cancelCopies(item)
  return null
}

export const handlers: Readonly<Record<string, Handler>> = {
  'GET delta': delta,
  'GET events': list,
  'POST events': insert,
  'GET event': (graph, { mailbox, id, query }) => graph.shown(existing(mailbox, id, undefined), query),
  'PATCH event': patch,
  'DELETE event': (graph, { mailbox, id, ifMatch }) => {
    const item = existing(mailbox, id, ifMatch)
    mailbox.remove(id)
    if (item.isOrganizer) graph.cancelCopies(item)
    return null
  },
  'GET instances': instances,
  'GET calendarView': view,
  'POST decline': decline,
  'POST cancel': cancel,
}
