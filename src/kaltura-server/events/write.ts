/** Adding, changing, deleting and cancelling events. */
import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { userOf } from '../call.ts'
import { EventStatus, Recurrence } from '../schema/enums.ts'
import { takeIds } from '../storage/rows.ts'
import { type Input, isSent, numberIn } from '../wire/input.ts'
import { checkInsert } from './check-insert.ts'
import { checkUpdate } from './check-update.ts'
import { type Draft, draftOf, sentNumber, withSent } from './draft.ts'
import {
  type Event,
  findEvent,
  isLive,
  linkOf,
  type OwnFields,
  postEnd,
  preStart,
  shownEnd,
  shownStart,
  textOf,
} from './event.ts'
import { addFollower, moveFollowers, removeFollower, unlink } from './followers.ts'
import { addLiveCapabilities } from './live-entry.ts'
import { createSeries, updateSeries } from './occurrences.ts'
import { deleteChildren, dropLinks, nextSequence, rememberUser, saveEvents } from './save.ts'

export async function existing(call: Call, id: number): Promise<Event> {
  const event = await findEvent(call, id)
  if (!event) throw apiError('INVALID_OBJECT_ID', id)
  return event
}

/** Anything but a series has the length from its start to its end. */
function withDuration(event: Event): Event {
  if (event.recurrenceType === Recurrence.series) return event
  return { ...event, duration: shownEnd(event) - shownStart(event) }
}

/** A live event's row carries its times with the margins, and shows them without. */
function withScreenTimes(event: Event, start: number, end: number): Event {
  if (!isLive(event)) return { ...event, startDate: start, endDate: end }
  return {
    ...event,
    startDate: start - preStart(event),
    endDate: end + postEnd(event),
    own: { ...event.own, screenStart: start, screenEnd: end },
  }
}

function newEvent(call: Call, draft: Draft, id: number): Event {
  const recurrenceType = numberIn(draft, 'recurrenceType') ?? Recurrence.none
  const defaults: OwnFields = recurrenceType === Recurrence.occurrence ? {} : { classificationType: 1 }
  const event: Event = {
    id,
    partnerId: call.account.partner.id,
    parentId: null,
    type: draft.class.type,
    status: EventStatus.active,
    recurrenceType,
    startDate: 0,
    endDate: 0,
    duration: numberIn(draft, 'duration'),
    priority: numberIn(draft, 'priority'),
    sequence: nextSequence(numberIn(draft, 'sequence') ?? 1),
    createdAt: call.now,
    updatedAt: call.now,
    own: { ...withSent(defaults, draft), ownerId: userOf(call) },
  }
  return withDuration(withScreenTimes(event, numberIn(draft, 'startDate') ?? 0, numberIn(draft, 'endDate') ?? 0))
}

export async function addEvent(call: Call, input: Input): Promise<Event> {
  const draft = draftOf(input)
  await checkInsert(call, draft)
  const event = newEvent(call, draft, await takeIds(call.database, 'event'))
  await rememberUser(call, userOf(call))
  if (event.recurrenceType === Recurrence.series) return stored(call, await createSeries(call, event))
  await saveEvents(call, [event])
  const link = linkOf(event)
  if (link) await addFollower(call, link.eventId, event.id)
  return stored(call, event)
}

async function stored(call: Call, event: Event): Promise<Event> {
  await addLiveCapabilities(call, event)
  return event
}

/** Start and end after an update: what was sent, what was shown before otherwise; margins are put around them anew. */
function movedTo(event: Event, draft: Draft, before: Event): Event {
  const start = numberIn(draft, 'startDate')
  const end = numberIn(draft, 'endDate')
  if (!isLive(event)) return { ...event, startDate: start ?? event.startDate, endDate: end ?? event.endDate }
  const marginsSent = isSent(draft, 'preStartTime') || isSent(draft, 'postEndTime')
  if (start === null && end === null && !marginsSent) return event
  return withScreenTimes(event, start ?? shownStart(before), end ?? shownEnd(before))
}

function changed(call: Call, event: Event, draft: Draft): Event {
  const recurrenceType = numberIn(draft, 'recurrenceType') ?? event.recurrenceType
  const becomesSingle = recurrenceType === Recurrence.none && event.recurrenceType === Recurrence.series
  const asked = numberIn(draft, 'sequence') ?? 0
  const sent = withSent(event.own, draft)
  const { recurrence: _, ...withoutRule } = sent
  const next: Event = {
    ...event,
    recurrenceType,
    duration: sentNumber(draft, 'duration', event.duration),
    priority: sentNumber(draft, 'priority', event.priority),
    sequence: becomesSingle ? 1 : asked > event.sequence ? asked : nextSequence(event.sequence),
    updatedAt: call.now,
    own: becomesSingle ? withoutRule : sent,
  }
  return withDuration(movedTo(next, draft, event))
}

/** Keeps followers and leaders right after a change of times or of the link itself. */
async function settleLinks(call: Call, before: Event, after: Event): Promise<void> {
  const was = linkOf(before)?.eventId ?? null
  const is = linkOf(after)?.eventId ?? null
  if (was !== null && was !== is) await removeFollower(call, was, after.id)
  if (is !== null && was !== is) await addFollower(call, is, after.id)
  if (before.endDate !== after.endDate) await moveFollowers(call, after)
}

export async function updateEvent(call: Call, id: number, input: Input): Promise<Event> {
  const event = await existing(call, id)
  const draft = draftOf(input)
  await checkUpdate(call, draft, event)
  const next = changed(call, event, draft)
  const owner = textOf(next.own, 'ownerId')
  if (owner !== null) await rememberUser(call, owner)
  if (event.recurrenceType === Recurrence.series && next.recurrenceType === Recurrence.none)
    await deleteChildren(call, id)
  if (next.recurrenceType === Recurrence.series) return stored(call, await updateSeries(call, next))
  await saveEvents(call, [next])
  await settleLinks(call, event, next)
  return stored(call, next)
}

async function end(call: Call, event: Event, status: number): Promise<Event> {
  const ended = { ...event, status, updatedAt: call.now }
  await dropLinks(call, event.id)
  await saveEvents(call, [ended])
  if (event.recurrenceType === Recurrence.series) await deleteChildren(call, event.id)
  await unlink(call, event)
  return ended
}

/** The event disappears; its occurrences go for good. An occurrence alone cannot be deleted. */
export async function deleteEvent(call: Call, id: number): Promise<Event> {
  const event = await existing(call, id)
  if (event.recurrenceType === Recurrence.occurrence) throw apiError('RECURRENCE_CANT_BE_DELETE', id, event.parentId)
  return end(call, event, EventStatus.deleted)
}

/** The event stays with status 1; its own links go, and the occurrences of a series go for good. */
export async function cancelEvent(call: Call, id: number): Promise<Event> {
  return end(call, await existing(call, id), EventStatus.cancelled)
}
