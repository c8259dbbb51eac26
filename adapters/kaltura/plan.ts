/**
 * How an event is to be laid out in Kaltura, as a pure function: as one row, as a series (a row and the occurrences that
 * Kaltura makes of it), or as single events ("pieces"), one for each occurrence and for each 24 hours of a longer one.
 */
import { Rejected } from '../../src/errors.ts'
import { fromEpoch, toEpoch } from '../../src/schedule/caltime.ts'
import { DAY } from '../../src/schedule/civil.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import { isDate, mainComponent, timeKey } from '../../src/schedule/event.ts'
import type { Actual } from './compose.ts'
import { MAX_OCCURRENCES, recurs, type Slot, timeLike } from './expand.ts'
import type { Note, Pattern } from './note.ts'
import type { Recurrence } from './rows.ts'
import { fromRecurrence, toRecurrence } from './rule.ts'
import { byteLength, storable } from './text.ts'
import { BLACKOUT, type Content, sameContent } from './translate.ts'
import { type Context, type Viewed, viewOf } from './view.ts'

/** KalturaScheduleEvent: max_single_schedule_event_duration, seconds. */
const MAX_SINGLE = DAY
/** DatesGenerator ends two years after the start; less, so that its last day is never in doubt. */
const MAX_SERIES = 729 * DAY
/** Smaller times are relative to now (kTime: max_relative_time), so what came before 1980 cannot be said. */
const EARLIEST = 315_360_001
/** scheduleEvent.referenceId is VARCHAR(256). */
const MAX_UID = 256

/** A row as it should be. */
export interface RowPlan {
  /** Which piece of its event it is; '' for the only row. */
  readonly key: string
  readonly start: number
  readonly end: number
  readonly content: Content
  readonly note: Note | null
  readonly recurrence: Recurrence | null
}

export type Plan =
  | { readonly kind: 'row'; readonly row: RowPlan }
  | {
      readonly kind: 'series'
      readonly row: RowPlan
      readonly slots: readonly Slot[]
      readonly actuals: ReadonlyMap<number, Actual>
      /** Some occurrence is missing or differs from what Kaltura makes by itself. */
      readonly excepted: boolean
    }
  | { readonly kind: 'pieces'; readonly rows: readonly RowPlan[] }

/** @throws Rejected for what Kaltura can hold in no form */
export function planOf(viewed: Viewed): Plan {
  checkUid(viewed.uid)
  const plan = planRow(viewed) ?? planSeries(viewed) ?? planPieces(viewed)
  const rows = plan.kind === 'pieces' ? plan.rows : [plan.row]
  if (rows.some(({ start }) => start < EARLIEST)) {
    throw new Rejected('TIME_TOO_EARLY', 'Kaltura takes a time before 1980 for one relative to now', {
      remedy: 'move the event or its first occurrence to 1980 or later',
    })
  }
  return plan
}

/** As pieces, whatever else would do: where Kaltura's series turned out to be another than ours. */
export const planPieces = (viewed: Viewed): Plan => ({ kind: 'pieces', rows: pieces(viewed) })

function checkUid(uid: string): void {
  if (storable(uid) === uid && byteLength(uid) <= MAX_UID) return
  throw new Rejected(
    'UID_NOT_HOLDABLE',
    `Kaltura cannot keep a UID of ${byteLength(uid)} bytes or with such characters`,
    {
      remedy: 'give the event a UID of at most 256 bytes without emoji or control characters',
    },
  )
}

/** What Kaltura's own fields cannot say of a pattern goes into the note. */
const noteOf = ({ pattern, zone }: Viewed): Note => ({ ...(pattern && { pattern }), zone })

function planRow(viewed: Viewed): Plan | null {
  const { pattern, zone, content, slots } = viewed
  if (slots !== null || !pattern) return null
  const start = toEpoch(pattern.start, zone)
  const end = Math.max(start, toEpoch(pattern.end, zone))
  if (end - start > MAX_SINGLE) return null
  const note = isDate(pattern.start) ? noteOf(viewed) : null
  return { kind: 'row', row: { key: '', start, end, content, note, recurrence: null } }
}

function planSeries(viewed: Viewed): Plan | null {
  const { pattern, zone, content, slots, actuals } = viewed
  if (!pattern || !slots || slots.window || !recurs(pattern)) return null
  const recurrence = recurrenceOf(pattern, zone)
  const [first] = slots.slots
  const last = slots.slots.at(-1)
  if (!recurrence || !first || !last || last.key - first.key > MAX_SERIES) return null
  const length = first.end - first.key
  if (length > MAX_SINGLE || first.key !== toEpoch(pattern.start, zone)) return null
  if (!slots.slots.every(slot => isPlain(slot, zone))) return null
  const held = slots.slots.map(slot => ({ ...slot, end: slot.key + length }))
  const keys = new Set(held.map(({ key }) => key))
  const foreign = [...actuals.values()].some(({ key, start, end }) => !keys.has(key) || end - start > MAX_SINGLE)
  const excepted = !viewed.cancelled && held.some(slot => !isUsual(actuals.get(slot.key), slot, content))
  // Kaltura lets no occurrence of a blackout be changed (INVALID_ENUM_VALUE), so neither can it be marked as done.
  if (foreign || (excepted && content.objectType === BLACKOUT)) return null
  const start = first.key
  const row = { key: '', start, end: start + length, content, note: seriesNote(viewed, recurrence), recurrence }
  return { kind: 'series', row, slots: held, actuals, excepted }
}

const recurrenceOf = ({ start, rrules, exrules, rdates }: Pattern, zone: string): Recurrence | null => {
  const [rule, second] = rrules
  if (!rule || second !== undefined || exrules.length > 0 || rdates.length > 0) return null
  return toRecurrence(rule, start, zone)
}

/** A series needs a note only where its recurrence, read again, is not the rule it came from. */
function seriesNote(viewed: Viewed, recurrence: Recurrence): Note | null {
  const { pattern, zone } = viewed
  if (!pattern || isDate(pattern.start)) return noteOf(viewed)
  return fromRecurrence(recurrence, pattern.start, zone) === pattern.rrules[0] ? null : noteOf(viewed)
}

/**
 * Whether Kaltura and we mean the same instant by a start on the wall clock: in a spring gap Kaltura's drift begins, in
 * the repeated hour of autumn it takes the second.
 */
function isPlain({ key, rid }: Slot, zone: string): boolean {
  const written = isDate(rid) ? { dateTime: `${rid.date}T00:00:00`, tzid: zone } : rid
  const tzid = written.tzid ?? zone
  const shows = (epoch: number) => timeKey(fromEpoch(epoch, tzid))
  return (
    shows(key) === timeKey({ ...written, tzid }) && shows(key + 3600) !== shows(key) && shows(key + 1800) !== shows(key)
  )
}

export const isUsual = (actual: Actual | undefined, slot: Slot, content: Content): boolean =>
  actual !== undefined && actual.start === slot.key && actual.end === slot.end && sameContent(actual.content, content)

function pieces(viewed: Viewed): RowPlan[] {
  const { slots, pattern, zone, content } = viewed
  const actuals = slots || !pattern ? [...viewed.actuals.values()] : [once(pattern, zone, content)]
  const note = { ...noteOf(viewed), ...(slots?.window && { through: slots.window.to }) }
  const rows = actuals
    .sort((a, b) => a.key - b.key)
    .flatMap(actual => {
      const own = sameContent(actual.content, content) ? {} : { own: true }
      const rid = slots ? timeKey(actual.rid) : ''
      return cut(actual).map(({ start, end }, index, all): RowPlan => {
        const piece = all.length > 1 ? { piece: [index + 1, all.length] as const } : {}
        const { content } = actual
        return {
          key: pieceKey(rid, index + 1),
          start,
          end,
          content,
          note: { ...note, rid, ...piece, ...own },
          recurrence: null,
        }
      })
    })
  if (rows.length === 0) {
    throw new Rejected('NOTHING_TO_HOLD', 'the event takes place at no time for which Kaltura holds events', {
      remedy: 'delete the event, or give it an occurrence in the time to come',
    })
  }
  if (rows.length <= MAX_OCCURRENCES) return rows
  throw new Rejected(
    'MAX_SCHEDULE_EVENT_RECURRENCES',
    `it would take ${rows.length} events in Kaltura, 1000 are allowed`,
    {
      remedy: 'end the series earlier, or split it',
    },
  )
}

export const pieceKey = (rid: string, piece: number): string => `${rid}#${piece}`

const once = (pattern: Pattern, zone: string, content: Content): Actual => {
  const start = toEpoch(pattern.start, zone)
  const end = Math.max(start, toEpoch(pattern.end, zone))
  return { key: start, rid: timeLike(start, pattern.start, zone), start, end, content, identity: {} }
}

/** Stretches of at most 24 hours. */
function cut({ start, end }: Actual): { start: number; end: number }[] {
  const count = Math.max(1, Math.ceil((end - start) / MAX_SINGLE))
  return Array.from({ length: count }, (_, index) => ({
    start: start + index * MAX_SINGLE,
    end: Math.min(end, start + (index + 1) * MAX_SINGLE),
  }))
}

/** Whether the event is Kaltura's business at all: what never occupies anything is not. */
export function isClaim(event: ScheduleEvent, context: Context): boolean {
  const { master } = event
  if (mainComponent(event).transparent) return false
  const plain = master !== null && event.overrides.length === 0 && master.exdates.length === 0
  if (plain && master.status !== 'CANCELLED') return true
  const viewed = viewOf(event, context)
  // Cancelled pieces would stand for nothing; a cancelled row or series is kept, as Kaltura keeps it.
  if (viewed.cancelled) return (planRow(viewed) ?? planSeries(viewed)) !== null
  return viewed.slots === null || viewed.actuals.size > 0
}
