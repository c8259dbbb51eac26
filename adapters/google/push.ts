/**
 * Writing to Google: only what differs, only while the copy is the one we know, and never to anybody's mailbox.
 * Two ways to book: by inviting the room from the organizer's calendar, or on the room's calendar itself.
 */
import { AccessDenied, Rejected, VersionMismatch } from '../../src/errors.ts'
import { endOf, toEpoch } from '../../src/schedule/caltime.ts'
import {
  type CalTime,
  isDate,
  isRecurring,
  type Override,
  type ScheduleEvent,
  timeKey,
} from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { GoogleError, meaningOf } from './errors.ts'
import type { Identity } from './identity.ts'
import { type Calendar, exceptionsOf, getEvent, masterEtag, quotaUser, versionOf } from './pull.ts'
import {
  bodyOf,
  eventOf,
  type GoogleEvent,
  normalizeForGoogle,
  recurrenceOf,
  roomAnswer,
  timeIn,
  withSelf,
} from './translate.ts'

export interface Writer extends Calendar {
  readonly identity: Identity
}

const quiet = { sendUpdates: 'none' } as const
/** How far ahead a slot is checked before it is booked, days: Google answers at most about three months at once. */
const freeBusyDays = 90
const generations = 8

/** Where our copy is written: the organizer's calendar when rooms are invited, else the room's. */
const homeOf = ({ organizer, calendarId }: Calendar): string => organizer ?? calendarId

export async function push(writer: Writer, event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
  refuseWhatGoogleCannotHold(event)
  const wanted = normalizeForGoogle(event)
  return at ? update(writer, wanted, at) : create(writer, wanted)
}

function refuseWhatGoogleCannotHold({ master, overrides }: ScheduleEvent): void {
  if (!master) throw new Rejected('no-master', 'Google Calendar cannot hold an occurrence without its series')
  if (overrides.some(({ thisAndFuture }) => thisAndFuture)) {
    const remedy = 'Split the series in two at that date.'
    throw new Rejected('this-and-future', 'Google Calendar cannot hold a change of this and all following', { remedy })
  }
}

async function create(writer: Writer, wanted: ScheduleEvent): Promise<RemoteRef> {
  const { master } = wanted
  if (!master) throw new TypeError('refused before')
  if (!writer.organizer) await refuseIfTaken(writer, wanted)
  const home = homeOf(writer)
  const body: GoogleEvent = {
    ...withoutNulls(bodyOf(master, isRecurring(wanted))),
    recurrence: isRecurring(wanted) ? recurrenceOf(master, master.exdates) : [],
    extendedProperties: { private: { kaldavUid: wanted.uid.slice(0, 1024) } },
    ...(writer.organizer ? { attendees: [{ email: writer.calendarId, resource: true }] } : {}),
  }
  for (let generation = 0; generation < generations; generation++) {
    const id = writer.identity.id(wanted.uid, generation)
    const made = await insert(writer, home, { ...body, id })
    if (made) return writeExceptions(writer, wanted, made)
    const there = await getEvent(writer, id, home)
    // The id is taken: by our own earlier try, or by an event of ours that was deleted and keeps it for ever.
    if (!there) continue
    const { id: _, attendees: __, ...fields } = body
    const revived = await patch(writer, home, id, { ...fields, status: body.status ?? 'confirmed' }, there.etag)
    return writeExceptions(writer, wanted, revived)
  }
  throw new Rejected('duplicate', `Google Calendar ${home}: every id for ${wanted.uid} is taken`)
}

/** A new event has nothing to clear. */
const withoutNulls = (body: GoogleEvent): GoogleEvent =>
  JSON.parse(JSON.stringify(body, (_, value: unknown) => (value === null || value === '' ? undefined : value)))

/** @returns `null` where the id is taken (409) */
async function insert({ client }: Writer, calendarId: string, requestBody: GoogleEvent): Promise<GoogleEvent | null> {
  try {
    return await client.call(
      calendarId,
      true,
      (api, options) =>
        api.events.insert({ calendarId, requestBody, ...quiet, quotaUser: quotaUser(calendarId) }, options),
      { raw: true },
    )
  } catch (error) {
    if (error instanceof GoogleError && error.failure.status === 409) return null
    throw error instanceof GoogleError ? meaningOf(error, calendarId, true) : error
  }
}

const patch = (
  { client }: Writer,
  calendarId: string,
  eventId: string,
  requestBody: GoogleEvent,
  ifMatch: string | null | undefined,
): Promise<GoogleEvent> =>
  client.call(
    calendarId,
    true,
    (api, options) =>
      api.events.patch({ calendarId, eventId, requestBody, ...quiet, quotaUser: quotaUser(calendarId) }, options),
    { ifMatch: ifMatch ?? undefined },
  )

/**
 * A direct write asks nobody, so the slot is read just before: somebody may have booked it since our last poll.
 * @throws Rejected the room is taken
 */
async function refuseIfTaken({ client, calendarId, zone }: Writer, wanted: ScheduleEvent): Promise<void> {
  if (wanted.master?.transparent) return
  const now = Math.floor(Date.now() / 1000)
  const window = { from: now, to: now + freeBusyDays * 86_400 }
  const mine = occurrences(wanted, window, { zone: await zone() })
  const [first, last] = [mine[0], mine.at(-1)]
  if (!first || !last) return
  const instant = (epoch: number) => new Date(epoch * 1000).toISOString()
  const asked = { timeMin: instant(first.start), timeMax: instant(last.end) }
  for (const [from, to] of await busyTimes(client, calendarId, asked)) {
    const hit = mine.find(occurrence => occurrence.start < to && from < occurrence.end)
    if (!hit) continue
    const remedy = 'Move one of the two, or free the room in Google Calendar; it is tried again when the event changes.'
    throw new Rejected('room-taken', `Google Calendar ${calendarId}: the room is taken at ${instant(hit.start)}`, {
      remedy,
    })
  }
}

type Asked = { readonly timeMin: string; readonly timeMax: string }

/** When the calendar is taken, epoch seconds; read from its events where free/busy is not ours to ask. */
async function busyTimes(client: Writer['client'], calendarId: string, asked: Asked): Promise<[number, number][]> {
  const query = client.call(calendarId, false, (api, options) =>
    api.freebusy.query({ requestBody: { ...asked, items: [{ id: calendarId }] } }, options),
  )
  const answer = await query.catch((error: unknown) => {
    if (error instanceof AccessDenied) return null
    throw error
  })
  const found = answer?.calendars?.[calendarId]
  if (found?.busy && !found.errors?.length) return found.busy.map(span => [epoch(span.start), epoch(span.end)])
  return busyEvents(client, calendarId, asked)
}

const epoch = (time: string | null | undefined): number => Date.parse(time ?? '') / 1000

async function busyEvents(client: Writer['client'], calendarId: string, asked: Asked): Promise<[number, number][]> {
  const times: [number, number][] = []
  let pageToken: string | undefined
  do {
    const how = { calendarId, ...asked, singleEvents: true, maxResults: 2500, ...(pageToken ? { pageToken } : {}) }
    const page = await client.call(calendarId, false, (api, options) => api.events.list(how, options))
    for (const item of page.items ?? []) {
      const declined = roomAnswer(withSelf(item, calendarId)) === 'declined'
      if (item.status === 'cancelled' || item.transparency === 'transparent' || declined) continue
      const at = (time: GoogleEvent['start']) => toEpoch(timeIn(time, page.timeZone ?? 'UTC'), page.timeZone ?? 'UTC')
      times.push([at(item.start), at(item.end)])
    }
    pageToken = page.nextPageToken ?? undefined
  } while (pageToken)
  return times
}

async function update(writer: Writer, wanted: ScheduleEvent, at: RemoteRef): Promise<RemoteRef> {
  const home = writer.identity.uid(at.id) === null ? writer.calendarId : homeOf(writer)
  const current = await getEvent(writer, at.id, home)
  if (!current || current.status === 'cancelled')
    throw new VersionMismatch(`Google Calendar ${home}: the event is gone`)
  const exceptions = current.recurrence?.length ? await exceptionsOf({ ...writer, calendarId: home }, current) : []
  const version = versionOf({ master: current, exceptions })
  const known = home === writer.calendarId ? at.version : String(at.parts?.organizerVersion ?? version)
  const there = eventOf(current, exceptions, writer.context(await writer.zone()))
  const fields = changedFields(there, wanted)
  // Our own write whose answer was lost: nothing left to do, however old our version is.
  if (Object.keys(fields).length === 0 && !exceptionsDiffer(there, wanted)) return refOf(writer, at.id, version)
  if (version !== known) throw new VersionMismatch(`Google Calendar ${home}: somebody else has changed the event`)
  refuseForeign(current, home)
  const changed =
    Object.keys(fields).length > 0 ? await patch(writer, home, at.id, fields, masterEtag(version)) : current
  return writeExceptions(writer, wanted, changed)
}

const refOf = (writer: Writer, id: string, version: string): RemoteRef =>
  writer.organizer ? { id, version, parts: { organizerVersion: version } } : { id, version }

/** A meeting that belongs to somebody else: the room may answer it, not edit it. */
function refuseForeign(item: GoogleEvent, home: string): void {
  if (!item.organizer || item.organizer.self || item.organizer.email === home) return
  const remedy = `Ask ${item.organizer.displayName ?? item.organizer.email ?? 'the organizer'} to change the meeting.`
  const message = 'The meeting belongs to its organizer in Google Calendar; the room can only answer it'
  throw new Rejected('foreign-organizer', message, { remedy })
}

/** The fields of the master in which Google's event differs from ours, and no others. */
function changedFields(there: ScheduleEvent, wanted: ScheduleEvent): GoogleEvent {
  if (!there.master || !wanted.master) return {}
  const recurring = isRecurring(wanted)
  const [before, after] = [bodyOf(there.master, isRecurring(there)), bodyOf(wanted.master, recurring)]
  const fields: Record<string, unknown> = {}
  for (const name of Object.keys(after) as (keyof typeof after)[]) {
    if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) fields[name] = after[name]
  }
  // Start, end and rules only make sense together.
  const rules = (event: ScheduleEvent) => (event.master ? recurrenceOf(event.master, []).sort() : [])
  const moved = fields.start || fields.end || JSON.stringify(rules(there)) !== JSON.stringify(rules(wanted))
  if (!moved) return fields
  const recurrence = recurring ? recurrenceOf(wanted.master, wanted.master.exdates) : []
  const { start = {}, end = {} } = after
  return { ...fields, start, end, ...(recurring || isRecurring(there) ? { recurrence } : {}) }
}

const keys = (times: readonly CalTime[]): string => JSON.stringify(times.map(timeKey).sort())
const overrideText = (override: Override): string => JSON.stringify(bodyOf(override, false))

function exceptionsDiffer(there: ScheduleEvent, wanted: ScheduleEvent): boolean {
  if (keys(there.master?.exdates ?? []) !== keys(wanted.master?.exdates ?? [])) return true
  if (there.overrides.length !== wanted.overrides.length) return true
  const before = new Map(there.overrides.map(override => [timeKey(override.recurrenceId), overrideText(override)]))
  return wanted.overrides.some(override => before.get(timeKey(override.recurrenceId)) !== overrideText(override))
}

/** Brings each exception of a series to what is wanted, reading the series back first: its ids are Google's. */
async function writeExceptions(writer: Writer, wanted: ScheduleEvent, master: GoogleEvent): Promise<RemoteRef> {
  const id = master.id ?? ''
  if (!isRecurring(wanted)) return refOf(writer, id, versionOf({ master, exceptions: [] }))
  const home = homeOf(writer)
  const at = { ...writer, calendarId: home }
  const read = async () => {
    const current = (await getEvent(writer, id, home)) ?? master
    const exceptions = await exceptionsOf(at, current)
    return { current, exceptions, event: eventOf(current, exceptions, writer.context(await writer.zone())) }
  }
  const { current, exceptions, event: there } = await read()
  if (!exceptionsDiffer(there, wanted)) return refOf(writer, id, versionOf({ master: current, exceptions }))
  const before = new Map(there.overrides.map(override => [timeKey(override.recurrenceId), overrideText(override)]))
  for (const override of wanted.overrides) {
    if (before.get(timeKey(override.recurrenceId)) === overrideText(override)) continue
    const instance = await instanceAt(at, current, override.recurrenceId)
    await patch(writer, home, instance, bodyOf(override, false), null)
  }
  for (const exdate of wanted.master?.exdates ?? []) {
    if (there.master?.exdates.some(known => timeKey(known) === timeKey(exdate))) continue
    await patch(writer, home, await instanceAt(at, current, exdate), { status: 'cancelled' }, null)
  }
  await restoreRegular(writer, home, { current, exceptions }, there, wanted)
  const after = await read()
  return refOf(writer, id, versionOf({ master: after.current, exceptions: after.exceptions }))
}

/** Occurrences that are exceptions there and regular here become what the series says again. */
async function restoreRegular(
  writer: Writer,
  home: string,
  { current, exceptions }: { current: GoogleEvent; exceptions: readonly GoogleEvent[] },
  there: ScheduleEvent,
  wanted: ScheduleEvent,
): Promise<void> {
  const kept = new Set([
    ...wanted.overrides.map(({ recurrenceId }) => timeKey(recurrenceId)),
    ...(wanted.master?.exdates ?? []).map(timeKey),
  ])
  if (!wanted.master || !there.master) return
  const context = writer.context(await writer.zone())
  for (const item of exceptions) {
    const original = eventOf(current, [{ ...item, status: 'cancelled' }], context).master?.exdates.at(-1)
    if (!original || kept.has(timeKey(original)) || !item.id) continue
    const length = toEpoch(endOf(wanted.master), 'UTC') - toEpoch(wanted.master.start, 'UTC')
    const end = isDate(original)
      ? endOf({ start: original, end: { duration: `P${length / 86_400}D` } })
      : endOf({ start: original, end: { duration: `PT${length}S` } })
    await patch(writer, home, item.id, { ...bodyOf({ ...wanted.master, start: original, end }, false) }, null)
  }
}

/** The id of the occurrence that began at `original` when the series was made. */
async function instanceAt({ client, calendarId }: Calendar, master: GoogleEvent, original: CalTime): Promise<string> {
  const wanted = isDate(original) ? original.date : new Date(toEpoch(original, 'UTC') * 1000).toISOString()
  const same = (item: GoogleEvent): boolean => {
    const { date, dateTime } = item.originalStartTime ?? {}
    return date ? date === wanted : dateTime ? new Date(dateTime).toISOString() === wanted : false
  }
  // A day to either side where the exact moment is not found: it is compared as text by some.
  const day = 86_400_000
  const near = (by: number) => new Date(Date.parse(wanted) + by).toISOString()
  for (const where of [{ originalStart: wanted }, { timeMin: near(-day), timeMax: near(day) }]) {
    const how = { calendarId, eventId: master.id ?? '', ...where, showDeleted: true, maxResults: 2500 }
    let pageToken: string | undefined
    do {
      const page = await client.call(calendarId, false, (api, options) =>
        api.events.instances(
          { ...how, ...(pageToken ? { pageToken } : {}), quotaUser: quotaUser(calendarId) },
          options,
        ),
      )
      const found = page.items?.find(same)
      if (found?.id) return found.id
      pageToken = page.nextPageToken ?? undefined
    } while (pageToken)
  }
  throw new Rejected('no-occurrence', `Google Calendar ${calendarId} has no occurrence of the series at ${wanted}`)
}

/** Deletes our own event; of a meeting of others, deletes the room's copy, which is how a room declines. */
export async function remove(writer: Writer, at: RemoteRef): Promise<void> {
  const home = writer.identity.uid(at.id) === null ? writer.calendarId : homeOf(writer)
  try {
    await writer.client.call(
      home,
      true,
      (api, options) =>
        api.events.delete({ calendarId: home, eventId: at.id, ...quiet, quotaUser: quotaUser(home) }, options),
      { raw: true, ifMatch: home === writer.calendarId ? masterEtag(at.version) : undefined },
    )
  } catch (error) {
    if (!(error instanceof GoogleError)) throw error
    const { status } = error.failure
    if (status === 404 || status === 410) return
    // Our own deletion whose answer was lost has left a tombstone with another etag.
    if (status === 412 && ((await getEvent(writer, at.id, home))?.status ?? 'cancelled') === 'cancelled') return
    throw meaningOf(error, home, true)
  }
}
