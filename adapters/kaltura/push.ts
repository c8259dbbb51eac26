/**
 * Writing one event: read what is there, plan what should be, send what differs. Kaltura has neither conditional writes
 * nor transactions, so the version is compared on what was just read, everything that must not be seen apart goes into
 * one multirequest, and longer writings mark themselves as unfinished until their last request.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { Rejected, Unavailable, VersionMismatch } from '../../src/errors.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { assemble } from './assemble.ts'
import { itemsOf } from './claims.ts'
import { Unanswered } from './errors.ts'
import { isPending, isUnfinished, uidOfRow } from './item.ts'
import { adoptable, isCurrent, isHalfway, isOurs, type Loaded, type Pushing, reusable, rowIds } from './loaded.ts'
import type { Note } from './note.ts'
import { type Plan, planOf, planPieces, type RowPlan } from './plan.ts'
import { doneUnit, pieceUnits, replacing } from './push-pieces.ts'
import { isWritable, keepSeries, pushSeries, SeriesDiffers } from './push-series.ts'
import type { EventRow } from './rows.ts'
import { LIVE } from './translate.ts'
import { type Viewed, viewOf } from './view.ts'
import { cancelUnit, createUnit, linkUnits, ownNote, rowPatch, type Unit, updateUnit } from './write.ts'

/** Until the index shows what a write without an answer may have made, no second copy is made, seconds. */
const SETTLES = 60
/** ms before what an unanswered create has made is looked for. */
const LOOKS = [300, 1500]
/** Seconds until an unfinished push no longer keeps its event from being read. */
const HELD = 900

export class Pusher {
  readonly #pushing: Pushing
  /** Events whose last push did not come to its end: since when, on the monotonic clock, and whether it got no answer. */
  readonly #unfinished = new Map<string, { readonly since: number; readonly unanswered: boolean }>()

  constructor(pushing: Pushing) {
    this.#pushing = pushing
  }

  /** Whether what is there of an event may be half of a push of ours. */
  isHeld(uid: string): boolean {
    const last = this.#unfinished.get(uid)
    return last !== undefined && performance.now() - last.since < HELD * 1000
  }

  push(event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
    return this.#pushing.round.join(() => this.#pushOrLook(event, at))
  }

  remove(at: RemoteRef): Promise<void> {
    return this.#pushing.round.join(() => this.#remove(at))
  }

  async #pushOrLook(event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
    for (const pause of [...LOOKS, null]) {
      try {
        const ref = await this.#push(event, at)
        this.#unfinished.delete(event.uid)
        return ref
      } catch (error) {
        const unanswered = error instanceof Unanswered
        // What was refused at once is as it was; a create that was refused has been taken back.
        const settled = error instanceof Rejected || error instanceof VersionMismatch
        if (settled) this.#unfinished.delete(event.uid)
        else if (unanswered || at !== null) this.#unfinished.set(event.uid, { since: performance.now(), unanswered })
        // A change is not repeated: whether it was made shows in the next pull.
        if (!unanswered || at !== null || pause === null) throw error
        await wait(pause)
      }
    }
    throw new TypeError('a push ends by an answer or an error')
  }

  async #push(event: ScheduleEvent, at: RemoteRef | null): Promise<RemoteRef> {
    const { context, session } = this.#pushing
    const viewed = viewOf(event, context)
    const plan = planOf(viewed)
    const loaded = at === null ? await this.#find(event.uid) : await this.#current(at, plan, viewed)
    const created: EventRow[] = []
    try {
      const rows = await this.#apply(plan, viewed, loaded, created)
      const { objectType, templateEntryId } = viewed.content
      if (objectType === LIVE) await context.learnEndpoints(session, [templateEntryId])
      return await this.#ref(rows, event.uid)
    } catch (error) {
      const refused = error instanceof Rejected || (at === null && !(error instanceof Unanswered))
      if (refused && created.length > 0) await this.#takeBack(created)
      if (error instanceof VersionMismatch) this.#suspect(loaded.rows)
      throw error
    }
  }

  async #remove(at: RemoteRef): Promise<void> {
    const loaded = await this.#load(rowIds(at))
    this.#suspect(loaded.rows)
    for (const id of rowIds(at)) this.#pushing.suspects.add(id)
    if (loaded.rows.length === 0) return
    this.#compare(at, loaded)
    await this.#pushing.writes.carryOutAll(replacing([], loaded.rows), [])
  }

  /** What a create that got no answer may have made. @throws Unavailable while the index may not show it yet */
  async #find(uid: string): Promise<Loaded> {
    const found = await this.#pushing.lookups.byReference(uid)
    const last = this.#unfinished.get(uid)
    if (found.length > 0) return this.#load(adoptable(found).map(({ id }) => id))
    if (last?.unanswered && performance.now() - last.since < SETTLES * 1000) {
      throw new Unavailable(`Kaltura has not said whether it has made ${uid}, and does not show it yet`, {
        retryAfter: 10,
      })
    }
    return { rows: [], children: new Map(), links: new Map() }
  }

  /** The rows of a ref, with what an interrupted writing of ours has left beside them. @throws VersionMismatch */
  async #current(at: RemoteRef, plan: Plan, viewed: Viewed): Promise<Loaded> {
    const loaded = await this.#load(rowIds(at))
    const current = isCurrent(at, loaded)
    if (current && isWritable(plan, viewed, loaded, this.#pushing.context)) return loaded
    const beside = (await this.#pushing.lookups.byReference(viewed.uid)).filter(isOurs)
    const all = beside.length > 0 ? await this.#load([...rowIds(at), ...beside.map(({ id }) => id)]) : loaded
    if (current || isHalfway(all, viewed.uid)) return all
    for (const id of rowIds(at)) this.#pushing.suspects.add(id)
    throw new VersionMismatch(`${viewed.uid} was changed or removed in Kaltura`)
  }

  #compare(at: RemoteRef, loaded: Loaded): void {
    if (isCurrent(at, loaded) || loaded.rows.some(isPending)) return
    // The next pull is to show what there is, also where a push of ours has not come to its end.
    for (const row of loaded.rows) this.#unfinished.delete(uidOfRow(row))
    throw new VersionMismatch(`event ${at.id} was changed in Kaltura`)
  }

  async #load(ids: readonly number[]): Promise<Loaded> {
    const { lookups } = this.#pushing
    const { rows, links } = await lookups.rowsWithLinks(ids)
    const series = rows.filter(({ recurrenceType }) => recurrenceType === 1).map(({ id }) => id)
    const children = new Map<number, EventRow[]>(series.map(id => [id, []]))
    if (series.length === 0) return { rows, children, links }
    const found = await lookups.children(series)
    for (const child of found) children.get(child.parentId)?.push(child)
    const childLinks = await lookups.links(found.map(({ id }) => id))
    return { rows, children, links: new Map([...links, ...childLinks]) }
  }

  async #apply(plan: Plan, viewed: Viewed, loaded: Loaded, created: EventRow[]): Promise<readonly number[]> {
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
      const { phases, kept } = pieceUnits(plan.rows, viewed, loaded)
      await this.#carryOut(phases, created, kept)
      this.#suspect(loaded.rows.filter(({ id }) => !kept.has(id)))
      return [...kept, ...created.map(({ id }) => id)]
    }
    const { phases, row } = rowUnits(plan.row, viewed, loaded)
    await this.#carryOut(phases, created, new Set(row ? [row.id] : []))
    this.#suspect(loaded.rows.filter(({ id }) => id !== row?.id))
    return row ? [row.id] : created.map(({ id }) => id)
  }

  /** In its order, and at last without the mark that it is under way. */
  async #carryOut(phases: readonly (readonly Unit[])[], created: EventRow[], kept: ReadonlySet<number>): Promise<void> {
    const { writes } = this.#pushing
    const written = await writes.carryOutAll(phases, created)
    const stays = ({ id }: EventRow) => kept.has(id) || created.some(row => row.id === id)
    await writes.carryOut(written.filter(row => isPending(row) && stays(row)).flatMap(doneUnit))
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
      await this.#pushing.writes.takeBack(created)
    } catch (error) {
      this.#pushing.log.warn({ err: error, rows: created.map(({ id }) => id) }, 'events stay behind in Kaltura')
    }
  }

  #suspect(rows: readonly EventRow[]): void {
    for (const { id } of rows) this.#pushing.suspects.add(id)
  }
}

/** The requests that make one row what it should be, and the row that there is. */
function rowUnits(plan: RowPlan, viewed: Viewed, loaded: Loaded) {
  const { uid, resourceIds, cancelled } = viewed
  const row = reusable(loaded.rows, viewed)
  const rest = loaded.rows.filter(({ id }) => id !== row?.id)
  const { note } = plan
  if (!row) {
    // Beside what it replaces it must not be seen.
    const begun = rest.length > 0 ? { ...note, pending: true } : note
    return { phases: replacing([createUnit(plan, uid, begun, resourceIds, cancelled)], rest), row }
  }
  const patch = rowPatch(row, plan, uid, placed(row, note))
  const links = cancelled ? cancelUnit(row) : linkUnits(row, loaded.links.get(row.id) ?? [], resourceIds)
  return { phases: replacing([...updateUnit(row, patch), ...links], rest), row }
}

/** An occurrence that is written as an event of its own still says which one of its series it is, and that it is in place. */
function placed(row: EventRow, note: Note | null): Note | null {
  const { rid, done } = (row.recurrenceType === 2 && ownNote(row)) || {}
  if (rid === undefined && done === undefined) return note
  return { ...note, ...(rid !== undefined && { rid }), ...(done !== undefined && { done }) }
}
