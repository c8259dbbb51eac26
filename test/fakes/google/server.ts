/**
 * A stateful stand-in for Google Calendar at the wire: tokens, sync tokens, tombstones, etags, room answers, push and
 * faults. It follows the documented behaviour in its most dangerous reading, and judges every request and answer by
 * Google's discovery document.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FakeCalendar, type Item } from './calendar.ts'
import { Contract, type Method } from './schema.ts'

const contracts = new URL('../../fixtures/contracts/', import.meta.url).pathname
const contractFile = `${contracts}google-calendar-v3.json`
const directoryFile = `${contracts}google-directory-v1.json`

/** A failure to be played: which requests, what instead, how often. */
export interface Fault {
  readonly method?: string
  readonly path?: RegExp
  readonly status?: number
  readonly reason?: string
  readonly message?: string
  /** Sent instead of JSON. */
  readonly html?: string
  readonly headers?: Record<string, string>
  /** The request takes effect first, then fails. */
  readonly after?: boolean
  /** The connection dies instead of an answer. */
  readonly drop?: boolean
  times: number
}

interface Request {
  readonly method: Method
  readonly params: Record<string, string>
  readonly query: URLSearchParams
  readonly body: Item & Record<string, unknown>
  readonly ifMatch: string | undefined
}

class ApiError extends Error {
  readonly status: number
  readonly reason: string
  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

export interface Call {
  readonly id: string
  readonly calendarId: string | undefined
  readonly query: URLSearchParams
  readonly body: Record<string, unknown>
  readonly quotaUser: string | null
}

export class FakeGoogle {
  readonly contract = new Contract(contractFile)
  readonly directory = new Contract(directoryFile)
  /** The rooms the Directory lists. */
  rooms: Record<string, unknown>[] = []
  readonly calls: Call[] = []
  /** Writes that did not say to be quiet. */
  readonly mailed: string[] = []
  readonly faults: Fault[] = []
  readonly channels = new Map<
    string,
    { id: string; resourceId: string; token: string; address: string; calendar: string }
  >()
  /** Items on a page at most, below what is asked; with `emptyPages` an empty page comes before each. */
  pageSize = 2500
  emptyPages = false
  /** Room calendars give all-day events back as midnight to midnight. */
  roomAllDayQuirk = false
  declinedRoomCopy: 'keep' | 'cancel' = 'keep'
  readonly #calendars = new Map<string, FakeCalendar>()
  /** Access tokens and the user each acts for; `null`: the service account itself. */
  readonly #tokens = new Map<string, string | null>()
  #server: Server | null = null
  url = ''
  tokensGiven = 0
  /** Called with each request before it is answered: somebody acts in between. */
  onRequest: ((call: Call) => void) | null = null
  /** Where hooks are really reached; `null`: they are not called. */
  hookOrigin: string | null = null
  refuseTokens: { error: string; error_description: string } | null = null

  calendar(id: string, zone = 'Europe/Berlin'): FakeCalendar {
    const known = this.#calendars.get(id) ?? new FakeCalendar(id, zone)
    this.#calendars.set(id, known)
    return known
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response))
    await new Promise<void>(resolve => this.#server?.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise(resolve => this.#server?.close(resolve))
  }

  revokeTokens(): void {
    this.#tokens.clear()
  }

  /** Writes since the last look: what a quiet round must not have. */
  writes(): Call[] {
    return this.calls.filter(({ id }) => !/\.(list|get|instances|query|token)$/.test(id))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://google')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    if (url.pathname === '/token') {
      this.#token(text, response)
      return
    }
    const fault = this.#fault(request.method ?? 'GET', url.pathname)
    try {
      const result = fault && !fault.after ? null : this.#route(request, url, text)
      if (fault) this.#fail(fault, response)
      else this.#send(response, result === null ? 204 : 200, result)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.#error(response, error.status, error.reason, error.message)
    }
  }

  #fault(method: string, path: string): Fault | null {
    const fault = this.faults.find(
      ({ method: m, path: p, times }) => times > 0 && (!m || m === method) && (!p || p.test(decodeURIComponent(path))),
    )
    if (fault) fault.times--
    return fault ?? null
  }

  #fail(fault: Fault, response: ServerResponse): void {
    if (fault.drop) {
      response.destroy()
      return
    }
    if (fault.html !== undefined) {
      response.writeHead(fault.status ?? 200, { 'Content-Type': 'text/html', ...fault.headers }).end(fault.html)
      return
    }
    this.#error(
      response,
      fault.status ?? 503,
      fault.reason ?? 'backendError',
      fault.message ?? 'Backend Error',
      fault.headers,
    )
  }

  #token(text: string, response: ServerResponse): void {
    const form = new URLSearchParams(text)
    this.calls.push({ id: 'oauth.token', calendarId: undefined, query: form, body: {}, quotaUser: null })
    if (this.refuseTokens) {
      this.#send(response, 400, this.refuseTokens)
      return
    }
    const token = `ya29.${randomUUID()}`
    const claims = form.get('assertion')?.split('.')[1]
    const { sub = null } = claims ? JSON.parse(Buffer.from(claims, 'base64url').toString()) : {}
    this.#tokens.set(token, sub)
    this.tokensGiven++
    this.#send(response, 200, { access_token: token, expires_in: 3600, token_type: 'Bearer' })
  }

  #send(response: ServerResponse, status: number, body: unknown): void {
    const json = body === null ? '' : JSON.stringify(body)
    response.writeHead(status, { 'Content-Type': 'application/json; charset=UTF-8' }).end(json)
  }

  #error(
    response: ServerResponse,
    code: number,
    reason: string,
    message: string,
    headers: Record<string, string> = {},
  ): void {
    const body = { error: { errors: [{ domain: 'global', reason, message }], code, message } }
    response
      .writeHead(code, { 'Content-Type': 'application/json; charset=UTF-8', ...headers })
      .end(JSON.stringify(body))
  }

  #route(request: IncomingMessage, url: URL, text: string): unknown {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (!token || !this.#tokens.has(token)) throw new ApiError(401, 'authError', 'Invalid Credentials')
    const subject = this.#tokens.get(token) ?? null
    const isDirectory = url.pathname.startsWith('/admin/')
    const contract = isDirectory ? this.directory : this.contract
    const found = contract.match(request.method ?? 'GET', url.pathname)
    if (!found) throw new ApiError(404, 'notFound', 'Not Found')
    const { method, params } = found
    contract.checkQuery(method, url.searchParams)
    const body = text ? JSON.parse(text) : {}
    contract.check(method.request?.$ref, body, `${method.id} request`)
    const quotaUser = url.searchParams.get('quotaUser')
    const call: Call = { id: method.id, calendarId: params.calendarId, query: url.searchParams, body, quotaUser }
    this.calls.push(call)
    if ('sendUpdates' in (method.parameters ?? {}) && url.searchParams.get('sendUpdates') !== 'none') {
      this.mailed.push(`${method.id} ${url.pathname}`)
    }
    this.onRequest?.(call)
    if ('attendees' in body && subject === null) {
      const message = 'Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.'
      throw new ApiError(403, 'forbiddenForServiceAccounts', message)
    }
    const handler = handlers[method.id]
    if (!handler) throw new ApiError(501, 'notImplemented', `the stand-in does not know ${method.id}`)
    const result = handler(this, {
      method,
      params,
      query: url.searchParams,
      body,
      ifMatch: request.headers['if-match'],
    })
    contract.check(method.response?.$ref, result, `${method.id} response`)
    return result
  }

  /** A calendar the caller may use. @throws ApiError 404 as Google hides what is not shared */
  open(id: string | undefined, writing: boolean): FakeCalendar {
    const calendar = this.#calendars.get(id ?? '')
    if (!calendar || calendar.access === 'none') throw new ApiError(404, 'notFound', 'Not Found')
    if (writing && calendar.access !== 'writer') {
      throw new ApiError(403, 'requiredAccessLevel', 'You need to have writer access to this calendar.')
    }
    return calendar
  }

  /** What leaves the stand-in, with the habits of room calendars. */
  shown(calendar: FakeCalendar, item: Item): Item {
    if (!this.roomAllDayQuirk || !calendar.isRoom || !item.start?.date) return item
    const midnight = (date: string) =>
      Temporal.PlainDate.from(date).toZonedDateTime({ timeZone: calendar.zone }).toString({ timeZoneName: 'never' })
    const [start, end] = [item.start.date, item.end?.date ?? item.start.date]
    return { ...item, start: { dateTime: midnight(start) }, end: { dateTime: midnight(end) } }
  }

  /** Rooms look at their invitations: accepted where free, declined where taken. */
  answerInvitations(): void {
    for (const home of this.#calendars.values()) {
      for (const meeting of home.living()) {
        for (const attendee of meeting.attendees ?? []) {
          if (!attendee.resource || attendee.responseStatus !== 'needsAction') continue
          this.#answerOne(home, meeting.id, attendee.email)
        }
      }
    }
  }

  #answerOne(home: FakeCalendar, id: string, email: string): void {
    const room = this.calendar(email)
    const copy = room.get(id)
    const meeting = home.get(id)
    if (!copy || !meeting) return
    const mine = (copy.recurrence?.length ? room.instances(copy) : [copy]).map(item => room.span(item))
    const others = room.busy().filter(busy => busy.id !== id)
    const taken = mine.some(span => others.some(busy => span.start < busy.end && busy.start < span.end))
    const responseStatus = taken ? 'declined' : 'accepted'
    const answered = (item: Item, isSelf: boolean): Item => ({
      ...item,
      attendees: (item.attendees ?? []).map(a =>
        a.email === email ? { ...a, responseStatus, ...(isSelf ? { self: true } : {}) } : a,
      ),
    })
    home.put(answered(meeting, false))
    if (taken && this.declinedRoomCopy === 'cancel') room.remove(id)
    else room.put(answered(copy, true))
  }

  /** Tells every channel of a calendar that something has changed. */
  async notify(calendarId: string): Promise<void> {
    const open = [...this.channels.values()].filter(({ calendar }) => calendar === calendarId)
    await Promise.all(open.map(channel => this.call(channel, 'exists')))
  }

  /** One message: headers, and no body. */
  async call(
    channel: { id: string; resourceId: string; token: string; address: string },
    state: string,
  ): Promise<number> {
    const headers = {
      'Content-Type': 'application/json; utf-8',
      'X-Goog-Channel-ID': channel.id,
      'X-Goog-Channel-Token': channel.token,
      'X-Goog-Resource-ID': channel.resourceId,
      'X-Goog-Resource-State': state,
      'X-Goog-Message-Number': '1',
    }
    // The hook's public name is https; the test runs behind no proxy.
    const address = channel.address.replace(/^https:\/\/[^/]+/, this.hookOrigin ?? '')
    if (!/^http/.test(address)) return 0
    return (await fetch(address, { method: 'POST', headers })).status
  }

  /** The copies that invited rooms hold of a meeting. */
  spread(home: FakeCalendar, item: Item): void {
    for (const attendee of item.attendees ?? []) {
      if (!attendee.resource) continue
      const room = this.calendar(attendee.email)
      if (item.status === 'cancelled') {
        room.remove(item.id)
        continue
      }
      const { extendedProperties, ...copy } = item
      // Private properties belong to one copy, shared ones travel.
      const shared = extendedProperties?.shared
      room.put({
        ...copy,
        ...(shared ? { extendedProperties: { shared } } : {}),
        organizer: { email: home.id },
        attendees: (item.attendees ?? []).map(a => (a.email === attendee.email ? { ...a, self: true } : a)),
      })
    }
  }
}

type Handler = (google: FakeGoogle, request: Request) => unknown

const conflicting = [
  'iCalUID',
  'orderBy',
  'privateExtendedProperty',
  'q',
  'sharedExtendedProperty',
  'timeMin',
  'timeMax',
  'updatedMin',
]

function list(google: FakeGoogle, { params, query }: Request): unknown {
  const calendar = google.open(params.calendarId, false)
  const token = query.get('syncToken')
  let since = 0
  if (token !== null) {
    if (conflicting.some(name => query.has(name)))
      throw new ApiError(400, 'badRequest', 'Sync token cannot be used with these parameters.')
    const parts = /^(\d+)\/(\d+)$/.exec(Buffer.from(token, 'base64url').toString())
    if (!parts) throw new ApiError(400, 'invalid', 'Invalid sync token value.')
    if (Number(parts[2]) !== calendar.generation) {
      throw new ApiError(410, 'fullSyncRequired', 'Sync token is no longer valid, a full sync is required.')
    }
    since = Number(parts[1])
  }
  const page = Buffer.from(query.get('pageToken') ?? '', 'base64url').toString()
  const [offset = 0, until = calendar.revision] = page ? page.split('/').map(Number) : []
  const timeMin = Date.parse(query.get('timeMin') ?? '')
  const uid = query.get('iCalUID')
  const items = calendar
    .since(since)
    .filter(
      item =>
        token !== null || query.get('showDeleted') === 'true' || item.status !== 'cancelled' || item.recurringEventId,
    )
    .filter(item => uid === null || item.iCalUID === uid)
    .filter(
      item =>
        Number.isNaN(timeMin) ||
        item.status === 'cancelled' ||
        item.recurrence ||
        !(calendar.span(item).end <= timeMin),
    )
    .map(item => google.shown(calendar, item))
  const size = Math.min(google.pageSize, Number(query.get('maxResults') ?? 250))
  const empty = google.emptyPages && offset % 1 === 0 && !page.endsWith('/full')
  const shown = empty ? [] : items.slice(offset, offset + size)
  const next = empty ? `${offset}/${until}/full` : offset + size < items.length ? `${offset + size}/${until}` : null
  return {
    ...{ kind: 'calendar#events', etag: `"p${calendar.revision}"`, summary: calendar.id, timeZone: calendar.zone },
    ...{ accessRole: calendar.access, items: shown },
    ...(next === null
      ? { nextSyncToken: Buffer.from(`${until}/${calendar.generation}`).toString('base64url') }
      : { nextPageToken: Buffer.from(next).toString('base64url') }),
  }
}

const idForm = /^[a-v0-9]{5,1024}$/

function insert(google: FakeGoogle, { params, body }: Request): unknown {
  const calendar = google.open(params.calendarId, true)
  if (!body.start || !body.end) throw new ApiError(400, 'required', 'Missing end time.')
  if (body.recurrence?.length && body.start.dateTime && !body.start.timeZone) {
    throw new ApiError(400, 'required', 'Missing time zone definition for start time.')
  }
  const id = body.id ?? randomUUID().replaceAll('-', '').replace(/[w-z]/g, 'a')
  if (!idForm.test(id)) throw new ApiError(400, 'invalid', 'Invalid resource id value.')
  if (calendar.get(id)) throw new ApiError(409, 'duplicate', 'The requested identifier already exists.')
  const item: Item = {
    ...{ kind: 'calendar#event', iCalUID: `${id}@google.com`, eventType: 'default', sequence: 0 },
    ...body,
    ...{ id, status: body.status ?? 'confirmed', organizer: { email: calendar.id, self: true } },
    ...(body.attendees
      ? { attendees: body.attendees.map(a => ({ ...a, responseStatus: a.responseStatus ?? 'needsAction' })) }
      : {}),
  }
  refuseBadTimes(calendar, item)
  const stored = calendar.put(item)
  google.spread(calendar, stored)
  return stored
}

function refuseBadTimes(calendar: FakeCalendar, item: Item): void {
  if (Boolean(item.start?.date) !== Boolean(item.end?.date)) {
    throw new ApiError(400, 'invalid', 'The start and end times must either both be date or both be dateTime.')
  }
  const { start, end } = calendar.span(item)
  if (Number.isNaN(start) || Number.isNaN(end)) throw new ApiError(400, 'invalid', 'Invalid start time.')
  if (end < start) throw new ApiError(400, 'timeRangeEmpty', 'The specified time range is empty.')
}

function existing(google: FakeGoogle, { params, ifMatch }: Request, writing: boolean) {
  const calendar = google.open(params.calendarId, writing)
  const item = calendar.get(params.eventId ?? '')
  if (!item) throw new ApiError(404, 'notFound', 'Not Found')
  if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== item.etag) {
    throw new ApiError(412, 'conditionNotMet', 'Precondition Failed')
  }
  return { calendar, item }
}

/** Merge as PATCH does it: null deletes, objects merge, lists are replaced whole. */
function merged<T>(into: T, patch: unknown): T {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch as T
  const base: Record<string, unknown> =
    typeof into === 'object' && into !== null && !Array.isArray(into) ? { ...into } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete base[name]
    else base[name] = merged(base[name], value)
  }
  return base as T
}

const shared = ['summary', 'description', 'location', 'start', 'end', 'recurrence', 'visibility', 'status']

function patch(google: FakeGoogle, request: Request): unknown {
  const { calendar, item } = existing(google, request, true)
  if (item.organizer && !item.organizer.self && shared.some(name => name in request.body)) {
    throw new ApiError(
      403,
      'forbiddenForNonOrganizer',
      'Shared properties can only be changed by the organizer of the event.',
    )
  }
  const next = merged(item, request.body)
  const moved = JSON.stringify([item.start, item.end]) !== JSON.stringify([next.start, next.end])
  if (moved && next.attendees) {
    next.attendees = next.attendees.map(a => (a.resource ? { ...a, responseStatus: 'needsAction' } : a))
  }
  if (next.status !== 'cancelled') refuseBadTimes(calendar, next)
  const stored = calendar.put(next)
  google.spread(calendar, stored)
  return stored
}

function remove(google: FakeGoogle, request: Request): unknown {
  const { calendar, item } = existing(google, request, true)
  if (item.status === 'cancelled') throw new ApiError(410, 'deleted', 'Resource has been deleted')
  calendar.remove(item.id)
  if (item.organizer?.self) google.spread(calendar, { ...item, status: 'cancelled' })
  return null
}

function instances(google: FakeGoogle, request: Request): unknown {
  const { calendar, item } = existing(google, request, false)
  const original = request.query.get('originalStart')
  const wanted = original === null ? null : original.length === 10 ? original : new Date(original).toISOString()
  const items = calendar
    .instances(item)
    .filter(each => request.query.get('showDeleted') === 'true' || each.status !== 'cancelled')
    .filter(
      ({ originalStartTime: at }) =>
        wanted === null || at?.date === wanted || (at?.dateTime && new Date(at.dateTime).toISOString() === wanted),
    )
  return { kind: 'calendar#events', timeZone: calendar.zone, items }
}

function freeBusy(google: FakeGoogle, { body }: Request): unknown {
  const [from, to] = [Date.parse(String(body.timeMin)), Date.parse(String(body.timeMax))]
  if (to - from > 100 * 86_400_000) throw new ApiError(400, 'timeRangeTooLong', 'The requested time range is too long.')
  const asked = (body.items ?? []) as { id: string }[]
  const calendars = asked.map(({ id }) => {
    try {
      const busy = google
        .open(id, false)
        .busy()
        .filter(({ start, end }) => start < to && from < end)
      const shown = busy.map(({ start, end }) => ({
        start: new Date(start).toISOString(),
        end: new Date(end).toISOString(),
      }))
      return [id, { busy: shown }]
    } catch {
      return [id, { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] }]
    }
  })
  return {
    kind: 'calendar#freeBusy',
    timeMin: body.timeMin,
    timeMax: body.timeMax,
    calendars: Object.fromEntries(calendars),
  }
}

/** Opens a channel; its first message may come before the answer. Later messages are sent by `notify`. */
function watch(google: FakeGoogle, { params, body }: Request): unknown {
  const calendar = google.open(params.calendarId, false)
  const { id, address, token } = body as unknown as { id: string; address: string; token: string }
  if (google.channels.has(id)) throw new ApiError(400, 'channelIdNotUnique', 'Channel id not unique')
  const channel = {
    id,
    address,
    token,
    resourceId: `res-${calendar.revision}-${calendar.id.length}`,
    calendar: calendar.id,
  }
  google.channels.set(id, channel)
  void google.call(channel, 'sync')
  return { kind: 'api#channel', id, resourceId: channel.resourceId, token, expiration: String(Date.now() + 3_600_000) }
}

function stopChannel(google: FakeGoogle, { body }: Request): unknown {
  const { id } = body
  if (!google.channels.delete(id)) throw new ApiError(404, 'notFound', 'Channel not found')
  return null
}

function listRooms(google: FakeGoogle, { query }: Request): unknown {
  const [offset, size] = [Number(query.get('pageToken') ?? 0), Number(query.get('maxResults') ?? 100)]
  const next = offset + size < google.rooms.length ? { nextPageToken: String(offset + size) } : {}
  return {
    kind: 'admin#directory#resources#calendars#calendarResourcesList',
    items: google.rooms.slice(offset, offset + size),
    ...next,
  }
}

const handlers: Readonly<Record<string, Handler>> = {
  'directory.resources.calendars.list': listRooms,
  'calendar.events.list': list,
  'calendar.events.insert': insert,
  'calendar.events.patch': patch,
  'calendar.events.delete': remove,
  'calendar.events.instances': instances,
  'calendar.events.get': (google, request) => {
    const { calendar, item } = existing(google, request, false)
    return google.shown(calendar, item)
  },
  'calendar.freebusy.query': freeBusy,
  'calendar.events.watch': watch,
  'calendar.channels.stop': stopChannel,
  'calendar.calendars.get': (google, { params }) => {
    const { id, zone, autoAcceptInvitations } = google.open(params.calendarId, false)
    const answers = autoAcceptInvitations === null ? {} : { autoAcceptInvitations }
    return { kind: 'calendar#calendar', id, summary: id, timeZone: zone, ...answers }
  },
}
