/** Single events and series read again: what an increment leaves out, Google is asked for. */
import { createHash } from 'node:crypto'
import { CursorExpired, Unavailable } from '../../src/errors.ts'
import type { GoogleClient } from './client.ts'
import { GoogleError, meaningOf, notJson } from './errors.ts'
import type { Identity } from './identity.ts'
import { type Context, type GoogleEvent, withSelf } from './translate.ts'

export interface Calendar {
  readonly client: GoogleClient
  readonly calendarId: string
  /** The calendar whose owner invites the room; `null`: events are written on the room's own calendar. */
  readonly organizer: string | null
  readonly identity: Identity
  context(zone: string): Context
  /** The calendar's own zone, IANA. */
  zone(): Promise<string>
}

/** A master with its exceptions; without the master where the room is invited to single occurrences only. */
export interface Series {
  readonly master: GoogleEvent | null
  readonly exceptions: readonly GoogleEvent[]
}

/** With delegation the service account is charged for every calendar; this keeps their quotas apart. */
export const quotaUser = (calendarId: string): string =>
  createHash('sha256').update(calendarId).digest('hex').slice(0, 40)

interface Page {
  readonly nextPageToken?: string | null
}

/** Every page of a list: an empty page may have a next one, and one that leads back to itself has no end. */
export async function* pages<P extends Page>(read: (pageToken: { pageToken?: string }) => Promise<P | null>) {
  const seen = new Set<string>()
  for (let token: string | null = null; ; ) {
    const page: P | null = await read(token ? { pageToken: token } : {})
    if (!page) return
    yield page
    token = page.nextPageToken || null
    if (!token) return
    if (seen.has(token)) throw new Unavailable('Google Calendar: the pages of a list lead back to one another')
    seen.add(token)
  }
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
    const { reason, status } = error.failure
    if (reason !== notJson && (status === 404 || status === 410)) return null
    throw meaningOf(error, where, false)
  }
}

/** "Not found" may also mean that the calendar is no longer ours to see: then this throws. */
export const proveAccess = ({ client }: Pick<Calendar, 'client'>, calendarId: string) =>
  client.call(calendarId, false, (api, options) =>
    api.events.list({ calendarId, maxResults: 1, quotaUser: quotaUser(calendarId) }, options),
  )

/** A whole read has every exception; only a room invited to single occurrences has no master there. */
export async function withMaster(calendar: Calendar, id: string, series: Series, since: string): Promise<Series> {
  const master = series.master ?? (await getEvent(calendar, id))
  const begins = Date.parse(master?.start?.dateTime ?? master?.start?.date ?? '')
  // Exceptions before the window are not in it, though their series is.
  const older = master?.recurrence?.length && master.status !== 'cancelled' && begins < Date.parse(since)
  return older ? { master, exceptions: await exceptionsOf(calendar, master, series.exceptions) } : { ...series, master }
}

/** An increment has only what changed: the rest of a series is read again. */
export async function complete(calendar: Calendar, id: string, { master: told, exceptions }: Series): Promise<Series> {
  const master = told ?? (await getEvent(calendar, id))
  if (!master) return { master, exceptions: await siblings(calendar, id, exceptions) }
  if (master.status === 'cancelled') return { master, exceptions }
  if (!master.recurrence?.length) return { master, exceptions: [] }
  return { master, exceptions: await exceptionsOf(calendar, master, exceptions) }
}

/**
 * All occurrences of a series that the room is invited to one by one.
 * @throws CursorExpired none of those reported says to which series it belongs: only a full read shows the others
 */
async function siblings(
  calendar: Calendar,
  id: string,
  reported: readonly GoogleEvent[],
): Promise<readonly GoogleEvent[]> {
  const iCalUID = reported.find(item => item.iCalUID)?.iCalUID
  if (!iCalUID) throw new CursorExpired(`Google Calendar ${calendar.calendarId}: an occurrence without its series`)
  const found = new Map(reported.map(item => [item.id, item]))
  for (const item of await sharingUid(calendar, { id, iCalUID })) found.set(item.id, item)
  return [...found.values()]
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
  const how = { calendarId, eventId: id ?? '', showDeleted: true, maxResults: 2500, timeMax }
  const read = (token: object) =>
    client
      .call(
        calendarId,
        false,
        (api, options) => api.events.instances({ ...how, ...token, quotaUser: quotaUser(calendarId) }, options),
        { raw: true },
      )
      .catch((error: unknown) => {
        // A series without an occurrence left, or deleted meanwhile, has none to tell.
        if (error instanceof GoogleError && [400, 404, 410].includes(error.failure.status)) return null
        throw error instanceof GoogleError ? meaningOf(error, calendarId, false) : error
      })
  for await (const page of pages(read)) {
    cancelled.push(...(page.items ?? []).filter(item => item?.status === 'cancelled'))
  }
  return cancelled.map(item => ({ ...item, recurringEventId: item.recurringEventId ?? id ?? null }))
}

async function sharingUid({ client, calendarId }: Calendar, master: GoogleEvent): Promise<GoogleEvent[]> {
  const exceptions: GoogleEvent[] = []
  const uid = master.iCalUID ? { iCalUID: master.iCalUID } : {}
  const how = { calendarId, ...uid, singleEvents: false, showDeleted: true, maxResults: 2500 }
  const read = (token: object) =>
    client.call(calendarId, false, (api, options) =>
      api.events.list({ ...how, ...token, quotaUser: quotaUser(calendarId) }, options),
    )
  for await (const page of pages(read)) {
    for (const item of page.items ?? []) {
      if (item?.recurringEventId === master.id) exceptions.push(withSelf(item, calendarId))
    }
  }
  return exceptions
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16)

/** One text for the state of a whole series: a changed exception leaves its master's etag alone. */
export function versionOf({ master, exceptions }: Series): string {
  const etag = master?.etag ?? (master ? hash(JSON.stringify(master)) : '')
  if (exceptions.length === 0) return etag
  const parts = exceptions.map(item => `${item.id} ${item.status === 'cancelled' ? 'cancelled' : item.etag}`).sort()
  return `${etag} ${hash(parts.join('\n'))}`
}

/** The master's own etag in a version, for If-Match; none where the answer had none. */
export function masterEtag(version: string): string | undefined {
  const etag = version.replace(/ [\w-]{16}$/, '')
  return etag === '' || /^[\w-]{16}$/.test(etag) ? undefined : etag
}
