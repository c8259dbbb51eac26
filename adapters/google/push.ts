/**
 * Writing to Google: only what differs, only while the copy is the one we know, and never to anybody's mailbox.
 * Two ways to book: by inviting the room from the organizer's calendar, or on the room's calendar itself.
 */
import { Rejected, VersionMismatch } from '../../src/errors.ts'
import { isRecurring, type Master, type ScheduleEvent, timeKey } from '../../src/schedule/event.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { bodyOf, changedFields, recurrenceOf, withoutNulls } from './body.ts'
import { isSame } from './claims.ts'
import { exceptionsDiffer, writeExceptions } from './exceptions.ts'
import { fitsGoogle } from './identity.ts'
import { erase, insert, patch } from './requests.ts'
import { type Calendar, exceptionsOf, getEvent, masterEtag, proveAccess, versionOf } from './series.ts'
import { refuseIfTaken } from './slot.ts'
import { eventOf, type GoogleEvent, linesOf } from './translate.ts'

export interface Writer extends Calendar {
  readonly normalize: (event: ScheduleEvent) => ScheduleEvent
  /** Copies that were not as a read had just told; by id, how they were then. */
  readonly surprises: Map<string, string>
  /** What the calendar tells since our cursor is not all there is: the next read is to be whole. */
  readonly doubt: () => void
}

const generations = 8

/** Where our copy is written: the organizer's calendar when rooms are invited, else the room's. */
const homeOf = (writer: Writer): Writer => ({ ...writer, calendarId: writer.organizer ?? writer.calendarId })

export async function push(writer: Writer, event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
  refuseWhatGoogleCannotHold(event)
  const wanted = writer.normalize(event)
  const { master } = wanted
  if (!master) throw new TypeError('refused before')
  return at ? update(writer, { ...wanted, master }, at) : create(writer, { ...wanted, master })
}

type Wanted = ScheduleEvent & { readonly master: Master }

function refuseWhatGoogleCannotHold({ uid, master, overrides }: ScheduleEvent): void {
  if (!master) throw new Rejected('no-master', 'Google Calendar cannot hold an occurrence without its series')
  if (!fitsGoogle(uid)) throw new Rejected('long-uid', 'The UID is too long for Google Calendar')
  if (overrides.some(({ thisAndFuture }) => thisAndFuture)) {
    const remedy = 'Split the series in two at that date.'
    throw new Rejected('this-and-future', 'Google Calendar cannot hold a change of this and all following', { remedy })
  }
}

async function create(writer: Writer, wanted: Wanted): Promise<RemoteRef> {
  const { master, uid } = wanted
  const { identity, organizer, calendarId } = writer
  if (!organizer) await refuseIfTaken(writer, wanted, null)
  const home = homeOf(writer)
  const body = bodyOf(master, isRecurring(wanted))
  const recurrence = isRecurring(wanted) ? recurrenceOf(master, master.exdates) : []
  const shared = identity.properties(uid)
  const properties = {
    private: { kaldavUid: Array.from(uid).slice(0, 250).join('') },
    ...(Object.keys(shared).length > 0 ? { shared } : {}),
  }
  const room = { email: calendarId, resource: true }
  for (let generation = 0; generation < generations; generation++) {
    const id = identity.id(uid, generation)
    const made = await insert(home, {
      ...{ id, ...withoutNulls(body), extendedProperties: properties },
      ...(recurrence.length > 0 ? { recurrence } : {}),
      ...(organizer ? { attendees: [room] } : {}),
      // The defaults of the calendar might send mail.
      reminders: { useDefault: false },
    })
    if (made) return writeExceptions(home, wanted, made)
    // The id is taken: by our own earlier try, or by an event of ours that was deleted and keeps it for ever.
    const there = await getEvent(home, id)
    if (!there) continue
    const guests = there.attendees ?? []
    const invite = organizer && !there.attendeesOmitted && !guests.some(({ email }) => isSame(email, calendarId))
    const revived = await patch(
      home,
      id,
      {
        ...{ ...body, recurrence, extendedProperties: properties },
        ...(invite ? { attendees: [...guests, room] } : {}),
      },
      there.etag,
    )
    return writeExceptions(home, wanted, revived)
  }
  throw new Rejected('duplicate', `Google Calendar ${home.calendarId}: every id for ${uid} is taken`)
}

/** The calendar that holds a copy, and the copy; an event of ours may have been booked the other way before. */
async function find(writer: Writer, id: string): Promise<{ home: Writer; current: GoogleEvent | null }> {
  const home = writer.identity.isOurs(id) ? homeOf(writer) : writer
  const current = await getEvent(home, id)
  if (current || home.calendarId === writer.calendarId) return { home, current }
  const direct = await getEvent(writer, id)
  const isDirect = direct !== null && direct.status !== 'cancelled' && !belongsElsewhere(direct, writer.calendarId)
  return isDirect ? { home: writer, current: direct } : { home, current }
}

async function update(writer: Writer, wanted: Wanted, at: RemoteRef): Promise<RemoteRef> {
  const { home, current } = await find(writer, at.id)
  if (!current || current.status === 'cancelled') {
    // A whole read has not shown that it is gone: the room has kept its copy of a meeting that no longer is.
    if (writer.surprises.get(at.id) === 'gone again') return create(writer, wanted)
    throw surprise(writer, home, at.id, 'gone')
  }
  const exceptions = current.recurrence?.length ? await exceptionsOf(home, current) : []
  const version = versionOf({ master: current, exceptions })
  // The organizer's copy gets another etag with every answer; what people change there, the room's copy tells.
  const known = home.calendarId === writer.calendarId ? at.version : version
  const context = home.context(await home.zone())
  const there = eventOf(asked(current, writer), exceptions, context)
  const fields = fieldsFor(there, wanted, current)
  // Our own write whose answer was lost: nothing left to do, however old our version is.
  if (Object.keys(fields).length === 0 && !exceptionsDiffer(there, wanted)) return { id: at.id, version }
  if (version !== known) throw surprise(writer, home, at.id, version)
  writer.surprises.delete(at.id)
  refuseForeign(current, home.calendarId)
  const moves = fields.start || fields.recurrence || exceptionsDiffer(there, wanted)
  if (moves && home.calendarId === writer.calendarId) await refuseIfTaken(writer, wanted, at.id)
  const isChanged = Object.keys(fields).length > 0
  const changed = isChanged ? await patch(home, at.id, fields, masterEtag(version)) : current
  return writeExceptions(home, wanted, changed)
}

/** Has the remote read again; where that told nothing of it, read whole. */
function surprise({ surprises, doubt }: Writer, { calendarId }: Calendar, id: string, how: string): VersionMismatch {
  const isSecond = surprises.get(id) === how
  if (isSecond) doubt()
  surprises.set(id, isSecond ? `${how} again` : how)
  const what = how === 'gone' ? 'the event is gone' : 'somebody else has changed the event'
  return new VersionMismatch(`Google Calendar ${calendarId}: ${what}`)
}

/** The organizer's copy as the room would tell it: as long as the room has not answered, it is tentative. */
function asked(item: GoogleEvent, { calendarId, organizer }: Writer): GoogleEvent {
  const room = organizer === null ? null : item.attendees?.find(({ email }) => isSame(email, calendarId))
  return room?.responseStatus === 'needsAction' ? { ...item, status: 'tentative' } : item
}

const belongsElsewhere = ({ organizer }: GoogleEvent, home: string): boolean =>
  Boolean(organizer && !organizer.self && !isSame(organizer.email, home))

/** A meeting that belongs to somebody else: the room may answer it, not edit it. */
function refuseForeign(item: GoogleEvent, home: string): void {
  if (!belongsElsewhere(item, home)) return
  const remedy = `Ask ${item.organizer?.displayName ?? item.organizer?.email ?? 'the organizer'} to change the meeting.`
  const message = 'The meeting belongs to its organizer in Google Calendar; the room can only answer it'
  throw new Rejected('foreign-organizer', message, { remedy })
}

/** The fields of the master in which Google's event differs from ours, and no others. */
function fieldsFor(there: ScheduleEvent, { master, ...rest }: Wanted, current: GoogleEvent): GoogleEvent {
  if (!there.master) return {}
  const recurring = isRecurring({ ...rest, master })
  const [was, is] = [recurrenceOf(there.master, []), recurrenceOf(master, [])]
  // A series and a single event write their times differently.
  const changed = changedFields(there.master, master, recurring && isRecurring(there))
  const body = bodyOf(master, recurring)
  const repeats = JSON.stringify(was.sort()) !== JSON.stringify(is.sort())
  const fields = changed.start || repeats ? { ...changed, start: body.start, end: body.end } : changed
  const kept = new Set(master.exdates.map(timeKey))
  const lines = recurring && isRecurring(there) ? linesOf(current.recurrence ?? [], there.master.start).exdates : []
  const isBack = lines.some(exdate => !kept.has(timeKey(exdate)))
  if (!changed.start && !repeats && !isBack) return fields
  if (!recurring && !isRecurring(there)) return fields
  return { ...fields, recurrence: recurring ? recurrenceOf(master, master.exdates) : [] }
}

/** Deletes our own event; of a meeting of others, deletes the room's copy, which is how a room declines. */
export async function remove(writer: Writer, at: RemoteRef): Promise<void> {
  const home = writer.identity.isOurs(at.id) ? homeOf(writer) : writer
  const isRoom = home.calendarId === writer.calendarId
  const refused = await erase(home, at.id, isRoom ? masterEtag(at.version) : undefined)
  if (refused === 404 && !isRoom) {
    // Either it was booked the other way, or the organizer's calendar is no longer ours to see: then this throws.
    await proveAccess(writer, home.calendarId)
    await erase(writer, at.id, undefined)
  }
  // Our own deletion whose answer was lost has left a tombstone with another etag.
  if (refused !== 412 || ((await getEvent(home, at.id))?.status ?? 'cancelled') === 'cancelled') return
  throw surprise(writer, home, at.id, 'changed')
}
