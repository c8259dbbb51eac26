import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { Recurrence } from '../schema/enums.ts'
import { isNull, isSent, listIn, numberIn, objectIn, textIn } from '../wire/input.ts'
import {
  checkFeatures,
  checkLiveFields,
  checkRecurrence,
  checkTimes,
  notNull,
  setMarginsFromEntries,
  setTimesFromLink,
} from './checks.ts'
import { type Draft, qualified } from './draft.ts'

function checkPlaceInTime(draft: Draft): void {
  if (!isSent(draft, 'startDate') && !isSent(draft, 'linkedTo')) throw apiError('START_TIME_AND_LINKED_TO_NOT_SET')
  if (isSent(draft, 'startDate') && isSent(draft, 'linkedTo')) throw apiError('START_TIME_AND_LINKED_TO_CONFLICT')
  if (isSent(draft, 'linkedTo') && numberIn(draft, 'recurrenceType') !== Recurrence.none)
    throw apiError('RECURRENCE_LINKED_EVENT_CONFLICT')
}

/** A series needs a rule and a length; end and duration are worked out from each other. */
function completeSeries(draft: Draft): void {
  const start = numberIn(draft, 'startDate') ?? 0
  const end = numberIn(draft, 'endDate')
  const duration = numberIn(draft, 'duration')
  if ((duration === null || duration < 1) && end !== null) draft.values.set('duration', end - start)
  else if (end === null && duration !== null && duration > 0) draft.values.set('endDate', start + duration)
  notNull(draft, 'recurrence')
  const recurrence = objectIn(draft, 'recurrence')
  const until = recurrence && numberIn(recurrence, 'until')
  if (until && until < (numberIn(draft, 'endDate') ?? 0))
    throw apiError('PROPERTY_VALIDATION_UNTIL_NOT_VALID', 'Recurrence::until')
  notNull(draft, 'duration')
}

function checkReadOnly(draft: Draft): void {
  for (const [name, field] of draft.type.fields)
    if (field.readOnly && isSent(draft, name))
      throw apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', qualified(draft, name))
}

/** May this event be added? Completes start, end and duration on the way. Throws the first error Kaltura would. */
export async function checkInsert(call: Call, draft: Draft): Promise<void> {
  await checkLiveFields(call, draft)
  notNull(draft, 'recurrenceType')
  notNull(draft, 'summary')
  checkPlaceInTime(draft)
  if (numberIn(draft, 'recurrenceType') === Recurrence.series) completeSeries(draft)
  if (isSent(draft, 'startDate')) notNull(draft, 'endDate')
  if (!isNull(draft, 'linkedTo')) {
    notNull(draft, 'duration')
    await setTimesFromLink(call, draft, numberIn(draft, 'duration') ?? 0)
  }
  const span = { start: numberIn(draft, 'startDate') ?? 0, end: numberIn(draft, 'endDate') ?? 0 }
  await checkTimes(call, draft, span, { templateEntryId: textIn(draft, 'templateEntryId'), ignore: [] })
  if (span.end - span.start > draft.class.maxSingle)
    throw apiError('MAX_SCHEDULE_DURATION_REACHED', draft.class.maxSingle)
  checkReadOnly(draft)
  checkRecurrence(objectIn(draft, 'recurrence'))
  checkFeatures(listIn(draft, 'liveFeatures'))
  await setMarginsFromEntries(call, draft)
}
