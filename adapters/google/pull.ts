/** Reading a Google calendar: whole once, then by sync token. */
import { createHash } from 'node:crypto'
import { setImmediate as breath } from 'node:timers/promises'
import { CursorExpired, Unavailable } from '../../src/errors.ts'
import type { Changes, RemoteEvent, Unreadable } from '../../src/sync/source.ts'
import type { GoogleClient } from './client.ts'
import { GoogleError, meaningOf, notJson } from './errors.ts'
import { type Context, eventOf, type GoogleEvent, roomAnswer, Untranslatable, withSelf } from './translate.ts'

/**
 * The parameters every list of one chain of sync tokens must share. A change here changes the tag, and tokens taken
 * with other parameters are dropped: Google calls mixing them "undefined behavior".
 */
const listParameters = { singleEvents: false, showDeleted: true, maxResults: 2500 }
/** Birthdays, working locations and the like claim no room. */
const eventTypes = ['default', 'fromGmail']
const tag = createHash('sha256')
  .update(JSON.stringify([listParameters, eventTypes]))
  .digest('hex')
  .slice(0, 8)
/** How far back the first read goes, days. */
const pastDays = 366

interface Cursor {
  readonly tag: string
  /** `null`: the last answer had no token, so the next read is whole again. */
  readonly token: string | null
  /** The calendar's zone when the token was taken: another zone moves all-day events. */
  readonly zone: string
}

export interface Calendar {
  readonly client: GoogleClient
  readonly calendarId: string
  readonly organizer: string | null
  context(zone: string): Context
  /** The calendar's own zone, IANA. */
  zone(): Promise<string>
}

interface Listing {
  readonly items: GoogleEvent[]
  readonly token: string | null
  readonly zone: string
}

const readCursor = (text: string | null): Cursor | null => {
  if (text === null) return null
  try {
    return JSON.parse(text) as Cursor
  } catch (error) {
    throw new CursorExpired('the cursor of a Google calendar cannot be read', { cause: error })
  }
}

export async function pull(calendar: Calendar, cursorText: string | null): Promise<Changes> {
  const cursor = readCursor(cursorText)
  if (cursor && cursor.tag !== tag) throw new CursorExpired('the cursor was taken with other parameters')
  const token = cursor?.token ?? null
  const timeMin = new Date(Date.now() - pastDays * 86_400_000).toISOString()
  const read = await list(calendar, token === null ? { timeMin } : { syncToken: token })
  const listing: Listing = { ...read, zone: read.zone ?? cursor?.zone ?? (await calendar.zone()) }
  if (cursor && token !== null && listing.zone !== cursor.zone) throw new CursorExpired('the calendar has another zone')
  const changes = await translate(calendar, listing, token === null ? timeMin : null)
  const next: Cursor = { tag, token: listing.token, zone: listing.zone }
  return {
    ...changes,
    cursor: JSON.stringify(next),
    ...(token === null ? { completeWithin: { from: timeMin, to: null } } : {}),
  }
}

async function list(calendar: Calendar, how: { timeMin: string } | { syncToken: string }) {
  const items: GoogleEvent[] = []
  let pageToken: string | undefined
  for (;;) {
    const page = await calendar.client.call(calendar.calendarId, false, (api, options) =>
      api.events.list(
        {
          calendarId: calendar.calendarId,
          ...listParameters,
          eventTypes,
          ...how,
          ...(pageToken ? { pageToken } : {}),
          quotaUser: quotaUser(calendar.calendarId),
        },
        options,
      ),
    )
    refuseNoList(calendar.calendarId, page)
    for (const item of page.items ?? []) items.push(withSelf(item, calendar.calendarId))
    // A page may be empty and still have a next one.
    pageToken = page.nextPageToken ?? undefined
    if (!pageToken) return { items, token: page.nextSyncToken ?? null, zone: page.timeZone ?? null }
  }
}

interface Page {
  readonly kind?: string | null
  readonly items?: unknown
  readonly nextPageToken?: string | null
  readonly nextSyncToken?: string | null
}

/** An answer that only looks like an empty list would delete everything. */
function refuseNoList(calendarId: string, page: Page | null | undefined): void {
  const { items, kind, nextPageToken, nextSyncToken } = page || {}
  if (Array.isArray(items) || (!items && (nextPageToken || nextSyncToken || kind === 'calendar#events'))) return
  const remedy = 'Check apiUrl, and what stands between here and Google.'
  throw new Unavailable(`Google Calendar ${calendarId}: the answer is no list of events`, { remedy })
}

/** With delegation the service account is charged for every calendar; this keeps their quotas apart. */
export const quotaUser = (calendarId: string): string =>
  createHash('sha256').update(calendarId).digest('hex').slice(0, 40)

interface Series {
  master: GoogleEvent | null
  exceptions: GoogleEvent[]
}

function group(items: readonly GoogleEvent[]): Map<string, Series> {
  const all = new Map<string, Series>()
  const at = (id: string): Series => {
    const known = all.get(id) ?? { master: null, exceptions: [] }
    all.set(id, known)
    return known
  }
  for (const item of items) {
    if (item.recurringEventId) at(item.recurringEventId).exceptions.push(item)
    else if (item.id) at(item.id).master = item
  }
  return all
}

async function translate(calendar: Calendar, { items, zone }: Listing, since: string | null) {
  const changed: RemoteEvent[] = []
  const removed: string[] = []
  const unreadable: Unreadable[] = []
  const context = calendar.context(zone)
  let done = 0
  for (const [id, series] of group(items)) {
    // A large calendar must not keep requests waiting.
    if (++done % 100 === 0) await breath()
    const full = since !== null ? await withMaster(calendar, id, series, since) : await complete(calendar, id, series)
    const claim = await claimOf(calendar, id, full)
    if (claim === 'gone' || ignoredTypes.has(full.master?.eventType ?? '')) removed.push(id)
    else if (claim === 'declined') {
      const reason = 'The room has declined the invitation: it is taken or closed at that time.'
      unreadable.push({ id, uid: context.uidOf(id), reason })
    } else {
      try {
        refuseUnknownType(full.master)
        changed.push({ ref: { id, version: versionOf(full) }, event: eventOf(full.master, full.exceptions, context) })
      } catch (error) {
        if (!(error instanceof Untranslatable) && !(error instanceof RangeError)) throw error
        unreadable.push({ id, uid: full.master?.iCalUID ?? null, reason: error.message })
      }
    }
  }
  return { changed, removed, unreadable }
}

/** Never asked for; they claim no room. */
const ignoredTypes = new Set(['birthday', 'workingLocation'])
const knownTypes = new Set(['default', 'fromGmail', 'outOfOffice', 'focusTime'])
function refuseUnknownType(item: GoogleEvent | null): void {
  if (item?.eventType && !knownTypes.has(item.eventType)) {
    throw new Untranslatable(`an event of the unknown type ${item.eventType}`)
  }
}

/** Whether the item claims the room: `gone` covers cancelled, and meetings of others that the room has declined. */
async function claimOf(calendar: Calendar, id: string, { master, exceptions }: Series) {
  if (!master)
    return exceptions.some(item => item.status !== 'cancelled' && roomAnswer(item) !== 'declined') ? 'claim' : 'gone'
  const off = master.status === 'cancelled' || roomAnswer(master) === 'declined'
  if (!off) return 'claim'
  const ours = calendar.organizer !== null && calendar.context('UTC').uidOf(id) !== null
  if (!ours) return 'gone'
  // Our own invitation: declined by the room, or cancelled by somebody at the organizer's? Only that calendar knows.
  const home = calendar.organizer ?? calendar.calendarId
  const meeting = await getEvent(calendar, id, home)
  // "Not found" may also mean that the organizer's calendar is no longer ours to see: then this throws.
  if (!meeting) {
    await calendar.client.call(home, false, (api, call) => api.events.list({ calendarId: home, maxResults: 1 }, call))
  }
  return meeting && meeting.status !== 'cancelled' ? 'declined' : 'gone'
}

/** A whole read has every exception; only a room invited to single occurrences has no master there. */
async function withMaster(calendar: Calendar, id: string, series: Series, since: string): Promise<Series> {
  const master = series.master ?? (await getEvent(calendar, id))
  const begins = Date.parse(master?.start?.dateTime ?? master?.start?.date ?? '')
  // Exceptions before the window are not in it, though their series is.
  const older = master?.recurrence?.length && master.status !== 'cancelled' && begins < Date.parse(since)
  return older ? { master, exceptions: await exceptionsOf(calendar, master, series.exceptions) } : { ...series, master }
}

/** An increment has only what changed: the rest of a series is read again. */
async function complete(calendar: Calendar, id: string, series: Series): Promise<Series> {
  const master = series.master ?? (await getEvent(calendar, id))
  if (!master || master.status === 'cancelled') return { master, exceptions: series.exceptions }
  if (!master.recurrence?.length) return { master, exceptions: [] }
  return { master, exceptions: await exceptionsOf(calendar, master, series.exceptions) }
}

/** One event; `null` where there is none. */
export async function getEvent(
  { client, calendarId }: Calendar,
  eventId: string,
  where: string = calendarId,
): Promise<GoogleEvent | null> {
  try {
    const item = await client.call(
      where,
      false,
      (api, options) => api.events.get({ calendarId: where, eventId, quotaUser: quotaUser(where) }, options),
      { raw: true },
    )
    return withSelf(item, where)
  } catch (error) {
    if (!(error instanceof GoogleError)) throw error
    if (error.failure.reason === notJson) throw meaningOf(error, where, false)
    if (error.failure.status === 404 || error.failure.status === 410) return null
    throw meaningOf(error, where, false)
  }
}

/**
 * Every exception of a series: those that share its iCalUID, those just reported, and the cancelled ones, of which
 * Google promises no iCalUID, from its list of instances.
 */
export async function exceptionsOf(
  calendar: Calendar,
  master: GoogleEvent,
  reported: readonly GoogleEvent[] = [],
): Promise<GoogleEvent[]> {
  const found = new Map(reported.map(item => [item.id, item]))
  for (const item of await cancelledOf(calendar, master)) if (!found.has(item.id)) found.set(item.id, item)
  for (const item of await sharingUid(calendar, master)) found.set(item.id, item)
  return [...found.values()]
}

/** How far ahead cancelled occurrences are looked for, days. */
const aheadDays = 1100

async function cancelledOf({ client, calendarId }: Calendar, { id }: GoogleEvent): Promise<GoogleEvent[]> {
  const cancelled: GoogleEvent[] = []
  const timeMax = new Date(Date.now() + aheadDays * 86_400_000).toISOString()
  let pageToken: string | undefined
  do {
    const page = await client
      .call(
        calendarId,
        false,
        (api, options) =>
          api.events.instances(
            {
              ...{ calendarId, eventId: id ?? '', showDeleted: true, maxResults: 2500, timeMax },
              ...(pageToken ? { pageToken } : {}),
              quotaUser: quotaUser(calendarId),
            },
            options,
          ),
        { raw: true },
      )
      .catch((error: unknown) => {
        // A series without an occurrence left, or deleted meanwhile, has none to tell.
        if (error instanceof GoogleError && [400, 404, 410].includes(error.failure.status)) return null
        throw error instanceof GoogleError ? meaningOf(error, calendarId, false) : error
      })
    cancelled.push(...(page?.items ?? []).filter(({ status }) => status === 'cancelled'))
    pageToken = page?.nextPageToken ?? undefined
  } while (pageToken)
  return cancelled.map(item => ({ ...item, recurringEventId: item.recurringEventId ?? id ?? null }))
}

async function sharingUid({ client, calendarId }: Calendar, master: GoogleEvent): Promise<GoogleEvent[]> {
  const exceptions: GoogleEvent[] = []
  let pageToken: string | undefined
  do {
    const page = await client.call(calendarId, false, (api, options) =>
      api.events.list(
        {
          calendarId,
          ...(master.iCalUID ? { iCalUID: master.iCalUID } : {}),
          singleEvents: false,
          showDeleted: true,
          maxResults: 2500,
          ...(pageToken ? { pageToken } : {}),
          quotaUser: quotaUser(calendarId),
        },
        options,
      ),
    )
    for (const item of page.items ?? [])
      if (item.recurringEventId === master.id) exceptions.push(withSelf(item, calendarId))
    pageToken = page.nextPageToken ?? undefined
  } while (pageToken)
  return exceptions
}

/** One text for the state of a whole series: a changed exception leaves its master's etag alone. */
export function versionOf({ master, exceptions }: Series): string {
  const etag = master?.etag ?? (master ? hash(JSON.stringify(master)) : '')
  if (exceptions.length === 0) return etag
  const parts = exceptions.map(item => `${item.id} ${item.status === 'cancelled' ? 'cancelled' : item.etag}`).sort()
  return `${etag} ${hash(parts.join('\n'))}`
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16)

/** The master's own etag in a version, for If-Match. */
export const masterEtag = (version: string): string => version.replace(/ [\w-]{16}$/, '')
