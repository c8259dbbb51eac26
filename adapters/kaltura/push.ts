/**
 * Writing one event: read what is there, plan what should be, send what differs. Kaltura has neither conditional writes
 * nor transactions, so the version is compared on what was just read, everything that must not be seen apart goes into
 * one multirequest, and longer writings mark themselves as unfinished until their last request.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { Rejected, Unavailable, VersionMismatch } from '../../src/errors.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { assemble } from './assemble.ts'
import { carryOut, takeBack } from './batch.ts'
import { itemsOf } from './claims.ts'
import { Unanswered } from './errors.ts'
import { type Item, idOf, isPending, isPiece, isUnfinished, type Links, versionOf } from './item.ts'
import { readComment } from './note.ts'
import { type Plan, planOf, planPieces, type RowPlan } from './plan.ts'
import { doneUnit, pieceUnits, replaceUnits } from './push-pieces.ts'
import { keepSeries, pushSeries, SeriesDiffers } from './push-series.ts'
import type { Reader } from './read.ts'
import type { EventRow } from './rows.ts'
import type { KalturaSession } from './session.ts'
import { type Context, type Viewed, viewOf } from './view.ts'
import {
  cancelUnit,
  commentPatch,
  contentPatch,
  createUnit,
  linkUnits,
  referencePatch,
  timePatch,
  type Unit,
  updateUnit,
} from './write.ts'

export interface Pushing {
  readonly session: KalturaSession
  readonly reader: Reader
  readonly context: Context
  readonly log: Logger
  /** Rows that were deleted or not found: the next pull looks after them. */
  readonly suspects: Set<number>
}

/** What is there of one event. */
export interface Loaded {
  readonly rows: readonly EventRow[]
  readonly children: ReadonlyMap<number, readonly EventRow[]>
  readonly links: Links
}

/** Until the index shows what a write without an answer may have made, no second copy is made, seconds. */
const SETTLES = 60
/** ms before what an unanswered create has made is looked for. */
const LOOKS = [300, 1500]
/** Seconds until an unfinished push no longer keeps its event from being read. */
const HELD = 900

export class Pusher {
  readonly #pushing: Pushing
  /** Events whose last push got no answer, and when, on the monotonic clock. */
  readonly #unanswered = new Map<string, number>()

  constructor(pushing: Pushing) {
    this.#pushing = pushing
  }

  /** Whether what is there of an event may be half of a push of ours. */
  isHeld(uid: string): boolean {
    const since = this.#unanswered.get(uid)
    return since !== undefined && performance.now() - since < HELD * 1000
  }

  async push(event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
    for (const pause of [...LOOKS, null]) {
      try {
        const ref = await this.#push(event, at)
        this.#unanswered.delete(event.uid)
        return ref
      } catch (error) {
        const unanswered = error instanceof Unanswered
        if (unanswered) this.#unanswered.set(event.uid, performance.now())
        else if (error instanceof Rejected || error instanceof VersionMismatch) this.#unanswered.delete(event.uid)
        // A change is not repeated: whether it was made shows in the next pull.
        if (!unanswered || at !== null || pause === null) throw error
        await wait(pause)
      }
    }
    throw new TypeError('a push ends by an answer or an error')
  }

  async #push(event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
    const { context } = this.#pushing
    const viewed = viewOf(event, context)
    const plan = planOf(viewed)
    const loaded = at === null ? await this.#find(event.uid) : await this.#current(at, event.uid)
    const created: EventRow[] = []
    try {
      const rows = await this.#apply(plan, viewed, loaded, created)
      return await this.#ref(rows, event.uid)
    } catch (error) {
      const refused = error instanceof Rejected || (error instanceof Unavailable && !(error instanceof Unanswered))
      if (refused && created.length > 0) await this.#takeBack(created)
      if (error instanceof VersionMismatch) this.#suspect(loaded.rows)
      throw error
    }
  }

  async remove(at: RemoteRef): Promise<void> {
    const { session } = this.#pushing
    const loaded = await this.#load(rowIds(at))
    this.#suspect(loaded.rows)
    for (const id of rowIds(at)) this.#pushing.suspects.add(id)
    if (loaded.rows.length === 0) return
    this.#compare(at, loaded)
    await carryOut(session, replaceUnits([], loaded.rows))
  }

  /** What a create that got no answer may have made. @throws Unavailable while the index may not show it yet */
  async #find(uid: string): Promise<Loaded> {
    const found = await this.#pushing.reader.byReference([uid])
    const since = this.#unanswered.get(uid)
    if (found.length > 0) return this.#load(found.map(({ id }) => id))
    if (since !== undefined && performance.now() - since < SETTLES * 1000) {
      throw new Unavailable(`Kaltura has not said whether it has made ${uid}, and does not show it yet`, {
        retryAfter: 10,
      })
    }
    return { rows: [], children: new Map(), links: new Map() }
  }

  /** @throws VersionMismatch */
  async #current(at: RemoteRef, uid: string): Promise<Loaded> {
    const loaded = await this.#load(rowIds(at))
    if (isCurrent(at, loaded)) return loaded
    // Half of a writing of ours, which goes on here.
    const rivals = await this.#pushing.reader.byReference([uid])
    const all = await this.#load([...rowIds(at), ...rivals.map(({ id }) => id)])
    if (isHalfway(all, uid)) return all
    for (const id of rowIds(at)) this.#pushing.suspects.add(id)
    throw new VersionMismatch(`${uid} was changed or removed in Kaltura`)
  }

  #compare(at: RemoteRef, loaded: Loaded): void {
    if (isCurrent(at, loaded) || loaded.rows.some(isPending)) return
    throw new VersionMismatch(`event ${at.id} was changed in Kaltura`)
  }

  async #load(ids: readonly number[]): Promise<Loaded> {
    const { reader } = this.#pushing
    const rows = await reader.byId(ids)
    const series = rows.filter(({ recurrenceType }) => recurrenceType === 1).map(({ id }) => id)
    const children = new Map<number, EventRow[]>(series.map(id => [id, []]))
    for (const child of series.length > 0 ? await reader.children(series) : [])
      children.get(child.parentId)?.push(child)
    const links = await reader.links([...rows, ...[...children.values()].flat()].map(({ id }) => id))
    return { rows, children, links }
  }

  async #apply(plan: Plan, viewed: Viewed, loaded: Loaded, created: EventRow[]): Promise<readonly number[]> {
    const { session } = this.#pushing
    const series = keepSeries(viewed, loaded, this.#pushing.context) ?? (plan.kind === 'series' ? plan : null)
    if (series) {
      try {
        return [await pushSeries(this.#pushing, series, viewed, loaded, created)]
      } catch (error) {
        if (!(error instanceof SeriesDiffers)) throw error
        this.#pushing.log.info({ uid: viewed.uid, reason: error.message }, 'a series goes to Kaltura as single events')
        return this.#apply({ ...planPieces(viewed) }, viewed, error.loaded, created)
      }
    }
    if (plan.kind === 'pieces') {
      const { units, kept } = pieceUnits(plan.rows, viewed, loaded)
      const written = await carryOut(session, units, created)
      await carryOut(session, written.filter(isPending).flatMap(doneUnit))
      this.#suspect(loaded.rows.filter(({ id }) => !kept.has(id)))
      return [...kept, ...created.map(({ id }) => id)]
    }
    const { units, row } = rowUnits(plan.row, viewed, loaded)
    await carryOut(session, units, created)
    this.#suspect(loaded.rows.filter(({ id }) => id !== row?.id))
    return row ? [row.id] : created.map(({ id }) => id)
  }

  async #ref(ids: readonly number[], uid: string): Promise<RemoteRef> {
    const loaded = await this.#load(ids)
    const [item] = itemsOf(loaded.rows, loaded.children)
    const result = item && assemble(item, uid, loaded.links, this.#pushing.context, false)
    if (!result || isUnfinished(result)) throw new Unanswered(`Kaltura does not show what was written of ${uid}`)
    return result.ref
  }

  async #takeBack(created: readonly EventRow[]): Promise<void> {
    this.#suspect(created)
    try {
      await takeBack(this.#pushing.session, created)
    } catch (error) {
      this.#pushing.log.warn({ err: error, rows: created.map(({ id }) => id) }, 'events stay behind in Kaltura')
    }
  }

  #suspect(rows: readonly EventRow[]): void {
    for (const { id } of rows) this.#pushing.suspects.add(id)
  }
}

/** The rows a ref stands for. */
function rowIds(at: RemoteRef): number[] {
  const rows = at.parts?.rows
  return Array.isArray(rows) ? rows.map(Number) : [Number(at.id)]
}

function isCurrent(at: RemoteRef, { rows, children, links }: Loaded): boolean {
  const items = itemsOf(rows, children)
  const [item] = items
  return items.length === 1 && item !== undefined && idOf(item) === at.id && versionOf(item, links) === at.version
}

/** Whether the rows are such as only an interrupted writing of ours leaves behind. */
function isHalfway({ rows, children }: Loaded, uid: string): boolean {
  const own = rows.filter(({ referenceId }) => referenceId === uid)
  return own.some(isPending) || itemsOf(own, children).some(isUnwritten)
}

function isUnwritten(item: Item): boolean {
  if (item.kind !== 'series') return false
  const writing = readComment(item.row.comment).note?.writing
  return writing !== undefined && !item.children.some(child => readComment(child.comment).note?.done === writing)
}

/** The row an event can be written into: of its class, and not cancelled, as nothing undoes that. */
export function reusable(rows: readonly EventRow[], viewed: Viewed): EventRow | null {
  const mains = rows.filter(row => !isPiece(row) && row.objectType === viewed.content.objectType)
  return mains.find(({ status }) => status !== 1) ?? (viewed.cancelled ? (mains[0] ?? null) : null)
}

/** The requests that make one row what it should be, and the row that there is. */
function rowUnits(plan: RowPlan, viewed: Viewed, loaded: Loaded): { units: Unit[]; row: EventRow | null } {
  const { uid, resourceIds, cancelled } = viewed
  const row = reusable(loaded.rows, viewed)
  const rest = loaded.rows.filter(({ id }) => id !== row?.id)
  const { content, note } = plan
  if (!row) return { units: replaceUnits([createUnit(plan, uid, note, resourceIds, cancelled)], rest), row }
  const patch = {
    ...timePatch(row, plan),
    ...contentPatch(row, content),
    ...commentPatch(row, content.comment, note),
    ...referencePatch(row, uid),
  }
  const links = cancelled ? cancelUnit(row) : linkUnits(row, loaded.links.get(row.id) ?? [], resourceIds)
  return { units: replaceUnits([...updateUnit(row, patch), ...links], rest), row }
}
