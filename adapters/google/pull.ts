/** Reading a Google calendar: whole once, then by sync token. */
import { createHash } from 'node:crypto'
import { setImmediate as breath } from 'node:timers/promises'
import { CursorExpired, Unavailable } from '../../src/errors.ts'
import { toEpoch } from '../../src/schedule/caltime.ts'
import type { Changes, Confirmed, RemoteEvent, RemoteRef, Unreadable } from '../../src/sync/source.ts'
import { claimOf, isInvited, isSame } from './claims.ts'
import {
  type Calendar,
  complete,
  getEvent,
  pages,
  proveAccess,
  quotaUser,
  type Series,
  versionOf,
  withMaster,
} from './series.ts'
import { type Context, eventOf, type GoogleEvent, timeIn, Untranslatable, withSelf } from './translate.ts'

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
/** How long others wait while a calendar is translated, ms. */
const mostAtOnce = 10
/** How far back the first read goes, days. */
const pastDays = 366

interface Cursor {
  readonly tag: string
  /** `null`: the last answer had no token, so the next read is whole again. */
  readonly token: string | null
  /** The calendar's zone when the token was taken: another zone moves all-day events. */
  readonly zone: string
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
  const changes = await translate(calendar, listing, timeMin, token === null)
  const next: Cursor = { tag, token: listing.token, zone: listing.zone }
  return {
    ...changes,
    cursor: JSON.stringify(next),
    ...(token === null ? { completeWithin: { from: timeMin, to: null } } : {}),
  }
}

async function list({ client, calendarId }: Calendar, how: { timeMin: string } | { syncToken: string }) {
  const items: GoogleEvent[] = []
  let token: string | null = null
  let zone: string | null = null
  const read = (pageToken: object) =>
    client.call(calendarId, false, (api, options) =>
      api.events.list(
        { calendarId, ...listParameters, eventTypes, ...how, ...pageToken, quotaUser: quotaUser(calendarId) },
        options,
      ),
    )
  for await (const page of pages(read)) {
    refuseNoList(calendarId, page)
    for (const item of page.items ?? []) if (item) items.push(withSelf(item, calendarId))
    token = page.nextSyncToken || null
    zone = page.timeZone || zone
  }
  return { items, token, zone }
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

function group(items: readonly GoogleEvent[]): Map<string, Series> {
  const all = new Map<string, { master: GoogleEvent | null; exceptions: GoogleEvent[] }>()
  const at = (id: string) => {
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

interface Found {
  readonly changed: RemoteEvent[]
  readonly removed: string[]
  readonly unreadable: Unreadable[]
}

/** @param since where the window begins that a whole read shows */
async function translate(calendar: Calendar, { items, zone }: Listing, since: string, whole: boolean) {
  const found: Found = { changed: [], removed: [], unreadable: [] }
  const context = calendar.context(zone)
  let begun = performance.now()
  for (const [id, series] of group(items)) {
    // A large calendar must not keep requests waiting.
    if (performance.now() - begun > mostAtOnce) {
      await breath()
      begun = performance.now()
    }
    const full = whole ? await withMaster(calendar, id, series, since) : await complete(calendar, id, series)
    await sort(calendar, id, full, context, found, since)
  }
  return found
}

/** Never asked for; they claim no room. */
const ignoredTypes = new Set(['birthday', 'workingLocation'])
const knownTypes = new Set(['default', 'fromGmail', 'outOfOffice', 'focusTime'])
function refuseUnknownType(item: GoogleEvent | null): void {
  if (item?.eventType && !knownTypes.has(item.eventType)) {
    throw new Untranslatable(`an event of the unknown type ${item.eventType}`)
  }
}

/** What one event or series is to us. One that cannot be read keeps the others of its calendar from nothing. */
async function sort(calendar: Calendar, id: string, series: Series, context: Context, found: Found, since: string) {
  const name = (reason: string, uid: string | null) => found.unreadable.push({ id, uid, reason })
  if (ignoredTypes.has(series.master?.eventType ?? '')) {
    found.removed.push(id)
    return
  }
  try {
    const claim = await claimOf(calendar, id, series, context)
    if (claim.kind === 'gone') found.removed.push(id)
    else if (claim.kind === 'kept') name(claim.declined, claim.uid)
    else {
      refuseUnknownType(series.master)
      const event = eventOf(claim.series.master, claim.series.exceptions, context)
      const onlyIfKnown = endsBefore(series.master, since, context.zone)
      // The two halves of a split series, and copies, may share an iCalUID.
      const otherUid = calendar.identity.isOurs(id) ? {} : { otherUid: `${id}@google.com` }
      const ref = { id, version: versionOf(series) }
      found.changed.push({ ref, event, ...otherUid, ...(onlyIfKnown ? { onlyIfKnown } : {}) })
      if (claim.declined) name(claim.declined, event.uid)
    }
  } catch (error) {
    if (!(error instanceof Untranslatable) && !(error instanceof RangeError)) throw error
    name(error.message, context.uidOf(series.master ?? {}) ?? series.master?.iCalUID ?? null)
  }
}

/** A single event before the window: whether a token goes on applying the window is told nowhere. */
function endsBefore(item: GoogleEvent | null, since: string, zone: string): boolean {
  if (!item || item.recurrence?.length) return false
  return toEpoch(timeIn(item.end ?? item.start, zone), zone) * 1000 <= Date.parse(since)
}

/** What a whole read does not show may be a meeting of ours whose copy the room has not got yet, or not any more. */
export async function confirm(calendar: Calendar, refs: readonly RemoteRef[]): Promise<Confirmed> {
  const found: Found = { changed: [], removed: [], unreadable: [] }
  const home = { ...calendar, calendarId: calendar.organizer ?? calendar.calendarId }
  const context = calendar.context(await calendar.zone())
  for (const { id } of refs) {
    const asked = calendar.organizer !== null && calendar.identity.isOurs(id)
    const meeting = asked ? await getEvent(home, id) : null
    if (!isInvited(meeting, calendar.calendarId)) {
      found.removed.push(id)
      continue
    }
    const series = await complete(home, id, { master: asGuest(meeting, calendar.calendarId), exceptions: [] })
    await sort(calendar, id, series, context, found, '')
  }
  if (calendar.organizer !== null && found.removed.length > 0) await proveAccess(calendar, calendar.organizer)
  return found
}

/** A meeting as the room would see it. */
const asGuest = (meeting: GoogleEvent, room: string): GoogleEvent => ({
  ...meeting,
  attendees: (meeting.attendees ?? []).map(guest => (isSame(guest.email, room) ? { ...guest, self: true } : guest)),
})
