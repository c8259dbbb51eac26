/**
 * Writing a series: the series first, then what its occurrences do otherwise. Any update of a series makes its
 * occurrences anew and destroys the moved ones (ScheduleEvent::updateRecurrences), so it is only written where it
 * differs, and its exceptions are written again after it. A series whose exceptions are to follow says so in its note;
 * one of its occurrences says when they are complete.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { timeKey } from '../../src/schedule/event.ts'
import type { Actual } from './compose.ts'
import { Unanswered } from './errors.ts'
import type { Slot } from './expand.ts'
import { isPending, linked } from './item.ts'
import { type Loaded, type Pushing, reusable, reusableRows } from './loaded.ts'
import { type Note, readComment } from './note.ts'
import { isUsual, type Plan } from './plan.ts'
import { doneUnit, replacing } from './push-pieces.ts'
import type { EventRow } from './rows.ts'
import { isStray, isWritten, type SeriesShape, shapeOf } from './series.ts'
import { BLACKOUT } from './translate.ts'
import type { Context, Viewed } from './view.ts'
import {
  cancelUnit,
  commentPatch,
  contentPatch,
  createUnit,
  linkUnits,
  ownNote,
  referencePatch,
  timePatch,
  type Unit,
  updateUnit,
} from './write.ts'

type SeriesPlan = Extract<Plan, { kind: 'series' }> & {
  /** The series has this pattern already: its time is not to be touched. */
  readonly kept?: boolean
}

/** Kaltura's occurrences are not ours: the event has to be laid out otherwise. */
export class SeriesDiffers extends Error {
  /** What there is of it now. */
  readonly loaded: Loaded
  constructor(reason: string, loaded: Loaded) {
    super(reason)
    this.loaded = loaded
  }
}

/** How long Kaltura's index may take to show the occurrences before the event is tried again later, ms. */
const PATIENCE = 8000
const MAX_SINGLE = 86_400

const patternKey = ({ pattern }: Pick<SeriesShape, 'pattern'> | Viewed): string => JSON.stringify(pattern)

const ownChildren = (row: EventRow, { children, links }: Loaded): EventRow[] =>
  (children.get(row.id) ?? []).filter(child => !isStray(child, row, links))

const shapeIn = (row: EventRow, loaded: Loaded, context: Context): SeriesShape =>
  shapeOf(row, ownChildren(row, loaded), context.zoneOf(linked(loaded.links, row)), context.now())

/** The plan that leaves the time of a series alone, where that is what the event says. */
export function keepSeries(viewed: Viewed, loaded: Loaded, context: Context): SeriesPlan | null {
  const row = reusable(loaded.rows, viewed)
  if (row?.recurrenceType !== 1 || row.status === 1 || !viewed.slots) return null
  const shape = shapeIn(row, loaded, context)
  if (patternKey(shape) !== patternKey(viewed)) return null
  const { content, actuals } = viewed
  const keys = new Set(shape.slots.map(({ key }) => key))
  const fits = [...actuals.values()].every(({ key, start, end }) => keys.has(key) && end - start <= MAX_SINGLE)
  const excepted = !viewed.cancelled && shape.slots.some(slot => !isUsual(actuals.get(slot.key), slot, content))
  if (!fits || shape.slots.some(({ key }) => actuals.has(key) && !shape.children.has(key) && !shape.cancelled.has(key)))
    return null
  const times = { start: row.startDate, end: row.startDate + row.duration }
  const note = lastingNote(row)
  const plan = { key: '', ...times, content, note, recurrence: row.recurrence }
  return { kind: 'series', row: plan, slots: shape.slots, actuals, excepted, kept: true }
}

function lastingNote(row: EventRow): Note | null {
  const { writing: _, pending: __, ...note } = readComment(row.comment).note ?? {}
  return Object.keys(note).length > 0 ? note : null
}

/** Whether an occurrence that should take place was cancelled, which nothing undoes (status is read-only). */
function isLost({ slots, actuals }: SeriesPlan, children: readonly EventRow[], before: SeriesShape | null): boolean {
  const dead = children.filter(({ status }) => status === 1)
  return slots.some(
    ({ key, end }) =>
      actuals.has(key) &&
      (before?.cancelled.has(key) || dead.some(row => row.startDate === key && row.endDate === end)),
  )
}

/** The row the series can be written into. */
function mainIn(plan: SeriesPlan, viewed: Viewed, loaded: Loaded, context: Context) {
  for (const row of reusableRows(loaded.rows, viewed)) {
    if (row.recurrenceType !== 1) return { row, before: null }
    const before = shapeIn(row, loaded, context)
    if (!isLost(plan, ownChildren(row, loaded), plan.kept ? before : null)) return { row, before }
  }
  return { row: null, before: null }
}

/** Whether the event can be written into what there is. */
export const isWritable = (plan: Plan, viewed: Viewed, loaded: Loaded, context: Context): boolean =>
  plan.kind === 'series'
    ? mainIn(keepSeries(viewed, loaded, context) ?? plan, viewed, loaded, context).row !== null
    : plan.kind === 'row' && reusable(loaded.rows, viewed) !== null

/** @returns the id of the series. @throws SeriesDiffers */
export async function pushSeries(
  pushing: Pushing,
  plan: SeriesPlan,
  viewed: Viewed,
  loaded: Loaded,
  created: EventRow[],
): Promise<number> {
  const { writes, context } = pushing
  const { row, before } = mainIn(plan, viewed, loaded, context)
  const { phases, writing } = seriesUnits(plan, viewed, loaded, row)
  const written = await writes.carryOutAll(phases, created)
  for (const { id } of loaded.rows) if (id !== row?.id) pushing.suspects.add(id)
  const now = row ? (written.findLast(({ id }) => id === row.id) ?? row) : created.at(-1)
  if (!now) throw new Unanswered('Kaltura did not say what it has made of a series')
  if (!viewed.cancelled) {
    const rewritten = written.some(({ id }) => id === now.id)
    const after = rewritten ? await readAgain(pushing, now, expectedIn(plan, before), loaded) : loaded
    await settleExceptions(pushing, now, plan, viewed, after, writing)
  }
  if (isPending(now)) await writes.carryOut(doneUnit(now))
  return now.id
}

/** An occurrence that Kaltura will show: where the rule has it, or, of a series that stays as it is, where it was. */
interface Expected {
  readonly starts: readonly number[]
  readonly end: number
}

function expectedIn({ slots, kept }: SeriesPlan, before: SeriesShape | null): Expected[] {
  if (!kept || !before) return slots.map(({ key, end }) => ({ starts: [key], end }))
  return slots.flatMap(({ key, end }) => {
    const row = before.children.get(key) ?? before.cancelled.get(key)
    return row ? [{ starts: [key, row.startDate], end }] : []
  })
}

/** What is to be sent, and the mark under which exceptions are still to follow. */
function seriesUnits(plan: SeriesPlan, viewed: Viewed, loaded: Loaded, row: EventRow | null) {
  const { uid, resourceIds, cancelled } = viewed
  const { content, note } = plan.row
  const rest = loaded.rows.filter(({ id }) => id !== row?.id)
  const mark = plan.excepted && !cancelled ? randomBytes(6).toString('base64url') : null
  const marked = mark ? { ...note, writing: mark } : note
  if (!row) {
    // Beside what it replaces it must not be seen.
    const begun = rest.length > 0 && !mark ? { ...note, pending: true } : marked
    return { phases: replacing([createUnit(plan.row, uid, begun, resourceIds, cancelled)], rest), writing: mark }
  }
  const said = {
    ...(plan.kept ? {} : timePatch(row, plan.row)),
    ...contentPatch(row, content),
    ...referencePatch(row, uid),
  }
  const writing = readComment(row.comment).note?.writing
  const unmarked = writing === undefined ? note : { ...note, writing }
  const differs = Object.keys({ ...said, ...commentPatch(row, content.comment, unmarked) }).length > 0
  const patch = differs ? { ...said, ...commentPatch(row, content.comment, marked) } : {}
  const links = cancelled ? cancelUnit(row) : linkUnits(row, loaded.links.get(row.id) ?? [], resourceIds)
  const unfinished = isWritten(row, loaded.children.get(row.id) ?? []) ? null : (writing ?? null)
  return {
    phases: replacing([...updateUnit(row, patch), ...links], rest),
    writing: differs ? mark : unfinished,
  }
}

/** The occurrences after the series was written; the index shows them when it has caught up. */
async function readAgain(
  { lookups }: Pushing,
  row: EventRow,
  expected: readonly Expected[],
  loaded: Loaded,
): Promise<Loaded> {
  const deadline = performance.now() + PATIENCE
  const ends = new Map(expected.map(({ starts: [start], end }) => [start, end]))
  for (let pause = 100; ; pause = Math.min(pause * 2, 1500)) {
    const children = await lookups.children([row.id])
    const links = await lookups.links([row.id, ...children.map(({ id }) => id)])
    const after = { rows: [row], children: new Map([[row.id, children]]), links }
    const starts = new Set(children.map(({ startDate }) => startDate))
    const isOther = (child: EventRow) =>
      ownNote(child)?.rid === undefined && !loaded.children.has(row.id) && ends.get(child.startDate) !== child.endDate
    if (children.some(isOther)) throw new SeriesDiffers("Kaltura's occurrences are not those of the rule", after)
    if (expected.every(one => one.starts.some(start => starts.has(start)))) return after
    if (performance.now() > deadline) {
      throw new Unanswered('Kaltura does not show the occurrences of a series yet', { retryAfter: 10 })
    }
    await wait(pause)
  }
}

interface Exception {
  readonly child: EventRow
  readonly actual: Actual
  readonly slot: Slot
}

/** Cancels, moves and changes occurrences until they are ours. */
async function settleExceptions(
  pushing: Pushing,
  row: EventRow,
  plan: SeriesPlan,
  viewed: Viewed,
  loaded: Loaded,
  writing: string | null,
): Promise<void> {
  const shape = shapeIn(row, loaded, pushing.context)
  const after = { ...loaded, rows: [row] }
  if (patternKey(shape) !== patternKey(viewed)) throw new SeriesDiffers('Kaltura understands the rule otherwise', after)
  const cancels: Unit[] = []
  const living: Exception[] = []
  for (const slot of plan.slots) {
    const actual = plan.actuals.get(slot.key)
    const child = shape.children.get(slot.key)
    if (!actual && child) cancels.push(...cancelUnit(child))
    else if (actual && child) living.push({ slot, actual, child })
    else if (actual) throw new SeriesDiffers('Kaltura has no occurrence where the rule has one', after)
  }
  const carrier = living.find(({ actual, slot }) => actual.start === slot.key) ?? living[0]
  const kept = writing ?? readComment(row.comment).note?.writing
  const update = (exception: Exception, done: string | undefined) =>
    updateUnit(exception.child, exceptionPatch(exception, done))
  const changes = living
    .filter(exception => !writing || exception !== carrier)
    .flatMap(exception => update(exception, writing ? undefined : doneMark(exception.child, kept)))
  const last = writing && carrier ? update(carrier, writing) : []
  if (row.objectType === BLACKOUT && changes.length + last.length > 0) {
    throw new SeriesDiffers('Kaltura lets no occurrence of a blackout be changed', after)
  }
  await pushing.writes.carryOut([...cancels, ...changes, ...last])
}

/** The mark an occurrence bears already, where it still counts. */
const doneMark = (child: EventRow, writing: string | undefined): string | undefined => {
  const done = ownNote(child)?.done
  return done !== undefined && done === writing ? done : undefined
}

function exceptionPatch({ child, actual, slot }: Exception, done: string | undefined) {
  const moved = actual.start !== slot.key
  const note: Note = { ...(moved && { rid: timeKey(slot.rid) }), ...(done !== undefined && { done }) }
  const { start, end, content } = actual
  return {
    ...(child.startDate !== start || child.endDate !== end ? { startDate: start, endDate: end } : {}),
    ...contentPatch(child, content),
    ...commentPatch(child, content.comment, Object.keys(note).length > 0 ? note : null),
  }
}
