import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { EventStatus, EventType, Recurrence } from '../schema/enums.ts'
import { holderOf } from '../session/session.ts'
import { Conditions } from '../storage/rows.ts'
import { type Input, numberIn, objectIn, textIn } from '../wire/input.ts'
import { csv, toInt } from '../wire/values.ts'
import { checkRecurrence } from './checks.ts'
import { generateDates, type RecurrenceRule } from './dates-generator.ts'
import { plainFields } from './draft.ts'
import { type Event, findEvents } from './event.ts'
import { catchUp } from './index-entry.ts'

const ConflictType = { resource: 1, blackout: 2, both: 3 } as const
/** The index gives no more for one window. */
const MAX_PER_WINDOW = 1000

interface Window {
  readonly start: number
  readonly end: number
}

interface Candidate extends Window {
  readonly id: number
  readonly resources: boolean
  readonly blackout: boolean
}

/**
 * When the event would take place. It is taken as sent: a series of no stated duration asks about moments, and the
 * margins of a live event are left out.
 */
function windowsOf(call: Call, event: Input): Window[] {
  const recurrence = objectIn(event, 'recurrence')
  checkRecurrence(recurrence)
  const start = numberIn(event, 'startDate') ?? 0
  if (numberIn(event, 'recurrenceType') !== Recurrence.series) return [{ start, end: numberIn(event, 'endDate') ?? 0 }]
  if (!recurrence) throw apiError('INTERNAL_SERVERL_ERROR')
  const rule = plainFields(recurrence) as unknown as RecurrenceRule
  const length = numberIn(event, 'duration') ?? 0
  return generateDates(rule, start || call.now, call.account.timeZone).map(date => ({
    start: date,
    end: date + length,
  }))
}

/** Everything that takes place somewhere in the windows, read at once: whether it uses the resources or is a blackout. */
async function candidatesIn(
  call: Call,
  windows: readonly Window[],
  resourceIds: readonly string[],
  ignore: string,
): Promise<Candidate[]> {
  await catchUp(call.database, call.now)
  const where = new Conditions()
    .add('partner_id = ?', call.account.partner.id)
    .add('start_date < ?', Math.max(...windows.map(({ end }) => end)))
    .add('end_date > ?', Math.min(...windows.map(({ start }) => start)))
    .add('status = ?', EventStatus.active)
    .add('recurrence_type <> ?', Recurrence.series)
  const ignored = toInt(ignore)
  if (ignored) where.add('id <> ? AND (parent_id IS NULL OR parent_id <> ?)', ignored, ignored)
  const words = resourceIds.map(id => `resources LIKE ${where.hold(`% ${toInt(id)} %`)}`)
  const rows = await call.database.query<{
    id: number
    start_date: number
    end_date: number
    type: number
    matched: number
  }>(
    `SELECT id, start_date, end_date, type, CASE WHEN ${words.join(' OR ')} THEN 1 ELSE 0 END AS matched
     FROM kaltura_event_index WHERE ${where.sql} ORDER BY id`,
    where.values,
  )
  return rows.map(row => ({
    id: row.id,
    start: row.start_date,
    end: row.end_date,
    resources: row.matched === 1,
    blackout: row.type === EventType.blackout,
  }))
}

/** Ids in the order found, window by window, resources before blackouts; the same event may come several times. */
function clashing(windows: readonly Window[], candidates: readonly Candidate[], type: number): number[] {
  const tests = [
    ...(type === ConflictType.blackout ? [] : [(candidate: Candidate) => candidate.resources]),
    ...(type === ConflictType.resource ? [] : [(candidate: Candidate) => candidate.blackout]),
  ]
  return windows.flatMap(window => {
    const meeting = candidates.filter(candidate => candidate.start < window.end && candidate.end > window.start)
    return tests.flatMap(matches =>
      meeting
        .filter(matches)
        .slice(0, MAX_PER_WINDOW)
        .map(({ id }) => id),
    )
  })
}

/**
 * Active singles and occurrences that overlap (touching is no overlap). When there is none, all resources asked about are
 * held for this session for a few seconds; RESOURCE_IS_RESERVED when another session holds one.
 */
export async function findConflicts(call: Call, args: Input): Promise<Event[]> {
  const asked = textIn(args, 'resourceIds') ?? ''
  const event = objectIn(args, 'scheduleEvent')
  if (asked === '' || asked === '0') throw apiError('PROPERTY_VALIDATION_CANNOT_BE_NULL', 'resourceIds')
  if (!event) throw apiError('MISSING_MANDATORY_PARAMETER', 'scheduleEvent')
  const resourceIds = csv(asked)
  const windows = windowsOf(call, event)
  const type = numberIn(args, 'scheduleEventConflictType') ?? ConflictType.resource
  const ignore = textIn(args, 'scheduleEventIdToIgnore') ?? ''
  const candidates = windows.length > 0 ? await candidatesIn(call, windows, resourceIds, ignore) : []
  const ids = clashing(windows, candidates, type)
  const known = new Map((await findEvents(call.database, [...new Set(ids)])).map(found => [found.id, found]))
  const events = ids.flatMap(id => known.get(id) ?? [])
  if (events.length > 0) return events
  const taken = call.account.reservations.reserve(resourceIds, holderOf(call.session), call.now)
  if (taken !== null) throw apiError('RESOURCE_IS_RESERVED', taken)
  return []
}
