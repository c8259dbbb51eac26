/** Checks that adding and updating share. Their order is Kaltura's, because a client sees the first that fails. */
import type { Database } from '../../store/database.ts'
import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { EventStatus, EventType, Recurrence } from '../schema/enums.ts'
import { Conditions } from '../storage/rows.ts'
import { type Input, isNull, numberIn, objectIn, textIn } from '../wire/input.ts'
import { type Draft, qualified } from './draft.ts'
import { findEvent } from './event.ts'

const MEDIA_CLIP = '1'
const PLAYLIST = '5'

export function notNull(draft: Draft, field: string): void {
  if (isNull(draft, field)) throw apiError('PROPERTY_VALIDATION_CANNOT_BE_NULL', qualified(draft, field))
}

async function entryOf(call: Call, id: string): Promise<{ type: string; duration: number }> {
  const rows = await call.database.query<{ type: string; own: string }>(
    `SELECT type, own FROM kaltura_entry WHERE id = $1 AND partner_id = $2`,
    [id, call.account.partner.id],
  )
  const row = rows[0]
  if (!row) throw apiError('ENTRY_ID_NOT_FOUND', id)
  const { duration } = JSON.parse(row.own) as { duration?: number }
  return { type: row.type, duration: Math.round(duration ?? 0) }
}

async function checkEntry(call: Call, draft: Draft, field: string, types: readonly string[]): Promise<void> {
  const id = textIn(draft, field)
  if (id === null) return
  const entry = await entryOf(call, id)
  if (types.length > 0 && !types.includes(entry.type)) throw apiError('INVALID_FIELD_VALUE', field)
}

/** Live events name entries, which must exist; margins cannot be negative. First of all checks. */
export async function checkLiveFields(call: Call, draft: Draft): Promise<void> {
  if (draft.class.type === EventType.redirect) {
    const redirect = textIn(draft, 'redirectEntryId')
    if (redirect) await entryOf(call, redirect)
  }
  if (draft.class.type !== EventType.live) return
  for (const field of ['preStartTime', 'postEndTime'])
    if ((numberIn(draft, field) ?? 0) < 0) throw apiError('INVALID_FIELD_VALUE', field)
  await checkEntry(call, draft, 'sourceEntryId', call.session?.admin ? [] : [MEDIA_CLIP, PLAYLIST])
  await checkEntry(call, draft, 'preStartEntryId', [MEDIA_CLIP])
  await checkEntry(call, draft, 'postEndEntryId', [MEDIA_CLIP])
}

/** A clip before or after decides how long the margin is. */
export async function setMarginsFromEntries(call: Call, draft: Draft): Promise<void> {
  if (draft.class.type !== EventType.live) return
  for (const [field, margin] of [
    ['preStartEntryId', 'preStartTime'],
    ['postEndEntryId', 'postEndTime'],
  ] as const) {
    const id = textIn(draft, field)
    if (id) draft.values.set(margin, (await entryOf(call, id)).duration)
  }
}

/** Start and end from the event this one follows. */
export async function setTimesFromLink(call: Call, draft: Draft, duration: number): Promise<void> {
  const link = objectIn(draft, 'linkedTo')
  const eventId = link && numberIn(link, 'eventId')
  if (!link || eventId === null) return
  const leader = await findEvent(call, eventId)
  if (!leader) throw apiError('LINKED_TO_EVENT_NOT_FOUND_OR_NOT_ACCESSIBLE')
  const start = leader.endDate + (numberIn(link, 'offset') ?? 0)
  draft.values.set('startDate', start)
  draft.values.set('endDate', start + duration)
}

interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Is another event on the same template entry in this time? Only single events are asked about; cancelled ones count
 * (Kaltura: ScheduleEventPeer::retrieveOtherEvents).
 */
async function inUse(
  database: Database,
  { start, end }: Span,
  templateEntryId: string,
  ignore: readonly number[],
): Promise<boolean> {
  const where = new Conditions()
    .add('template_entry = ?', templateEntryId)
    .add('status <> ?', EventStatus.deleted)
    .oneOf('id', ignore, true)
  const [from, to] = [where.hold(start), where.hold(end)]
  where.add(
    `(start_date < ${from} AND end_date > ${from}) OR (start_date < ${to} AND end_date > ${to})
     OR (start_date >= ${from} AND end_date <= ${to})`,
  )
  const rows = await database.query(`SELECT id FROM kaltura_event_index WHERE ${where.sql} LIMIT 1`, where.values)
  return rows.length > 0
}

/** End after start, not longer than this class allows, and for entry events nobody else on the template entry. */
export async function checkTimes(
  call: Call,
  draft: Draft,
  span: Span,
  known: { templateEntryId: string | null; ignore: readonly number[] },
): Promise<void> {
  const recurrenceType = numberIn(draft, 'recurrenceType')
  if (!draft.class.entry && recurrenceType === Recurrence.occurrence)
    throw apiError('INVALID_ENUM_VALUE', recurrenceType, 'recurrenceType', 'KalturaScheduleEventRecurrenceType')
  if (span.start > span.end) throw apiError('INVALID_SCHEDULE_END_BEFORE_START', span.start, span.end)
  if (span.end - span.start > draft.class.maxDuration)
    throw apiError('MAX_SCHEDULE_DURATION_REACHED', draft.class.maxDuration)
  if (!draft.class.entry || !known.templateEntryId || recurrenceType !== Recurrence.none) return
  if (await inUse(call.database, span, known.templateEntryId, known.ignore)) throw apiError('SCHEDULE_TIME_IN_USE')
}

/** Exactly one of until and count, and a frequency. Last of all checks. */
export function checkRecurrence(recurrence: Input | null): void {
  if (!recurrence) return
  if (isNull(recurrence, 'until') === isNull(recurrence, 'count'))
    throw apiError('PROPERTY_VALIDATION_ALL_MUST_BE_NULL_BUT_ONE', 'until / count')
  if (isNull(recurrence, 'frequency')) throw apiError('PROPERTY_VALIDATION_CANNOT_BE_NULL', 'frequency')
}

/** Live features need names that differ; one without a name goes by its class. */
export function checkFeatures(features: readonly Input[] | null): void {
  const seen = new Set<string>()
  for (const feature of features ?? []) {
    const name = textIn(feature, 'systemName') || feature.type.name.replace(/^Kaltura/, 'k')
    if (seen.has(name)) throw apiError('DUPLICATE_LIVE_FEATURE', name)
    seen.add(name)
  }
}
