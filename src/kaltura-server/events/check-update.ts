import { apiError, malformedError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { Recurrence } from '../schema/enums.ts'
import { type InputValue, isNull, isSent, listIn, NULL, numberIn, objectIn, textIn } from '../wire/input.ts'
import { csv, toInt } from '../wire/values.ts'
import {
  checkFeatures,
  checkLiveFields,
  checkRecurrence,
  checkTimes,
  setMarginsFromEntries,
  setTimesFromLink,
} from './checks.ts'
import { type Draft, qualified } from './draft.ts'
import { type Event, linkOf, recurrenceOf, textOf } from './event.ts'

const SENTENCE = `Can't update single schedule event with recurring data when recurrenceType is not "RECURRING".`

/** Singles may become series and back; nothing becomes an occurrence, and an occurrence stays one. */
function checkRecurrenceType(draft: Draft, event: Event): void {
  const from = event.recurrenceType
  const to = numberIn(draft, 'recurrenceType')
  const isOccurrence = Recurrence.occurrence
  if (to !== null && (from === isOccurrence) !== (to === isOccurrence))
    throw apiError('SCHEDULE_EVENT_TYPE_CANT_BE_UPDATED', from, to)
  if (from === Recurrence.none && (to ?? Recurrence.none) === Recurrence.none && isSent(draft, 'recurrence'))
    throw malformedError(SENTENCE)
}

/** Length: duration and end must agree; a single's duration becomes its end; nothing longer than its class allows. */
function settleDuration(draft: Draft, span: { start: number; end: number }): void {
  const { maxSingle } = draft.class
  const duration = numberIn(draft, 'duration')
  if (duration === null) {
    if (span.end - span.start > maxSingle) throw apiError('MAX_SCHEDULE_DURATION_REACHED', maxSingle)
    return
  }
  const end = numberIn(draft, 'endDate')
  if (end !== null && !isSent(draft, 'linkedTo') && span.start + duration !== end)
    throw apiError('MAX_SCHEDULE_DURATION_MUST_MATCH_END_TIME')
  const recurrenceType = numberIn(draft, 'recurrenceType')
  if (recurrenceType !== Recurrence.series) {
    draft.values.set('startDate', span.start)
    draft.values.set('endDate', span.start + duration)
    draft.values.delete('duration')
  }
  if (recurrenceType !== Recurrence.occurrence && duration > maxSingle)
    throw apiError('MAX_SCHEDULE_DURATION_REACHED', maxSingle)
}

/** A rule that switches between until and count sends only the new one; the other one goes. */
function switchUntilAndCount(draft: Draft, event: Event): void {
  const sent = objectIn(draft, 'recurrence')
  const stored = recurrenceOf(event)
  if (!sent || !stored) return
  if (isSent(sent, 'until') && stored.count !== undefined) sent.values.delete('count')
  if (isSent(sent, 'count') && stored.until !== undefined) sent.values.delete('until')
}

function storedValue(event: Event, name: string): InputValue | undefined | null {
  if (name === 'id') return event.id
  if (name === 'partnerId') return event.partnerId
  if (name === 'parentId') return event.parentId
  if (name === 'status') return event.status
  return event.own[name] as InputValue | undefined
}

/** Read-only fields pass only when identical to what is stored; times never are (Kaltura compares them with a text). */
function checkFixed(draft: Draft, event: Event): void {
  for (const [name, field] of draft.type.fields) {
    if (!(field.readOnly || field.insertOnly) || !isSent(draft, name)) continue
    const stored = field.type === 'time' ? undefined : storedValue(event, name)
    if (draft.values.get(name) !== stored || stored === undefined)
      throw apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', qualified(draft, name))
  }
}

async function followLink(call: Call, draft: Draft, event: Event): Promise<void> {
  const link = objectIn(draft, 'linkedTo')
  if (link && numberIn(link, 'eventId') && numberIn(draft, 'startDate'))
    throw apiError('START_TIME_AND_LINKED_TO_CONFLICT')
  if (link) await setTimesFromLink(call, draft, numberIn(draft, 'duration') ?? event.duration ?? 0)
  const linked = isSent(draft, 'linkedTo') || linkOf(event) !== null
  if (linked && (numberIn(draft, 'recurrenceType') ?? Recurrence.none) !== Recurrence.none)
    throw apiError('RECURRENCE_LINKED_EVENT_CONFLICT')
}

/** May the event be changed so? Completes the draft on the way. Throws the first error Kaltura would. */
export async function checkUpdate(call: Call, draft: Draft, event: Event): Promise<void> {
  await checkLiveFields(call, draft)
  if (draft.values.get('endDate') === NULL)
    throw apiError('PROPERTY_VALIDATION_CANNOT_BE_NULL', qualified(draft, 'endDate'))
  await followLink(call, draft, event)
  const span = {
    start: numberIn(draft, 'startDate') || event.startDate,
    end: numberIn(draft, 'endDate') || event.endDate,
  }
  checkRecurrenceType(draft, event)
  const becomes = numberIn(draft, 'recurrenceType') ?? event.recurrenceType
  draft.values.set('recurrenceType', becomes)
  await checkTimes(call, draft, span, {
    templateEntryId: isSent(draft, 'templateEntryId')
      ? textIn(draft, 'templateEntryId')
      : textOf(event.own, 'templateEntryId'),
    ignore: [event.id, ...csv(textOf(event.own, 'linkedBy') ?? '').map(toInt)],
  })
  settleDuration(draft, span)
  switchUntilAndCount(draft, event)
  if (becomes === Recurrence.none && event.recurrenceType === Recurrence.series && !isNull(draft, 'duration'))
    draft.values.delete('duration')
  checkFixed(draft, event)
  checkRecurrence(objectIn(draft, 'recurrence'))
  checkFeatures(listIn(draft, 'liveFeatures'))
  await setMarginsFromEntries(call, draft)
}
