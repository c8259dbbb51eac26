/**
 * The remote's changes into our schedule. Every event is decided inside the transaction that writes it, on what the
 * store holds at that moment, and its shadow is written with it: a crash between two events loses and doubles nothing.
 */
import { setImmediate } from 'node:timers/promises'
import { Rejected, TooManyOccurrences } from '../errors.ts'
import { plainUid, type ScheduleEvent } from '../schedule/event.ts'
import { sameContent } from '../schedule/merge.ts'
import { occurrences } from '../schedule/recurrence.ts'
import {
  countShadows,
  dropShadow,
  heldShadows,
  lookAgain,
  newShadow,
  type ShadowId,
  saveCursor,
  saveShadow,
  shadowIds,
  shadowOf,
  shadowsAt,
  uidAt,
} from '../store/bindings.ts'
import type { Actor, Store, Writer } from '../store/store.ts'
import { type Binding, embed, project, withdraw } from './binding.ts'
import { type Decision, decide, isMassDeletion } from './decide.ts'
import { flagDuplicates } from './duplicates.ts'
import { noteStray } from './one-way.ts'
import type { SyncReport } from './report.ts'
import type { Changes, RemoteEvent, Source } from './source.ts'

/** Small enough that one transaction never holds the event loop for long. */
const batchSize = 20

export interface Context {
  readonly store: Store
  readonly binding: Binding
  readonly source: Source
  readonly actor: Actor
  readonly report: SyncReport
  /** Everything is decided and counted as in a true run, and taken back. */
  readonly dryRun: boolean
  /** Of a dry run: events whose way to the remote is planned with what came from it. */
  readonly planned: Set<string>
  /** The clock on which dates and floating times are read, IANA. */
  readonly zone: string
  /** Aborted when the process is to end: what is begun is finished, the rest is for the next run. */
  readonly signal: AbortSignal
}

/** One event of the remote to be looked at: its new state, or `null` where it is gone. */
interface Item {
  readonly uid: string
  readonly remote: RemoteEvent | null
}

export async function applyIncoming(context: Context, read: Changes): Promise<void> {
  const { binding, report } = context
  const changes = await withConfirmed(context, read)
  report.pulled = changes.changed.length + changes.removed.length
  const { changed, doubles } = await identify(context, changes)
  const gone = await findDeletions(context, changes, changed)
  const items = [...changed, ...gone]
  for (let at = 0; at < items.length; at += batchSize) {
    context.signal.throwIfAborted()
    const batch = items.slice(at, at + batchSize)
    await inTransaction(context, async tx => {
      for (const item of batch) await applyOrRefuse(context, tx, item)
    })
    await setImmediate()
  }
  await inTransaction(context, async tx => {
    for (const { id, uid, reason } of [...doubles, ...(changes.unreadable ?? [])]) {
      report.rejected++
      report.plan.push({ uid: uid ?? id, side: 'ours', action: 'reject', fields: [] })
      await tx.addConflict({
        kind: 'rejected',
        resourceId: binding.resourceId,
        uids: uid === null ? [] : [uid],
        start: null,
        end: null,
        source: binding.source,
        detail: { binding: binding.id, remoteId: id, reason, side: 'ours' },
      })
    }
    await saveCursor(tx.database, binding.id, changes.cursor)
  })
}

/** Ends the transaction of a dry run. */
class TakenBack extends Error {}

async function inTransaction(context: Context, work: (tx: Writer) => Promise<void>): Promise<void> {
  const { store, actor, dryRun } = context
  try {
    await store.write(actor, async tx => {
      await work(tx)
      if (dryRun) throw new TakenBack()
    })
  } catch (error) {
    if (!(error instanceof TakenBack)) throw error
  }
}

/**
 * Finds the uid each remote event is known under. A second living one with a uid already taken goes by the name its
 * source has for that case, else it is kept out.
 */
async function identify({ store, binding }: Context, changes: Changes) {
  const changed: Item[] = []
  const doubles: { id: string; uid: string; reason: string }[] = []
  const seen = new Set<string>()
  const removed = new Set(changes.removed)
  const isTaken = async (uid: string, id: string): Promise<boolean> => {
    if (seen.has(uid)) return true
    const known = await shadowOf(store.database, binding.id, uid)
    const other = known?.remote && known.remote.id !== id ? known.remote.id : null
    // Deleted (perhaps earlier, and waiting for a person) and made anew is one event that moved; two living copies are not.
    if (!other || known?.held || removed.has(other)) return false
    return !changes.completeWithin || changes.changed.some(({ ref }) => ref.id === other)
  }
  for (const remote of changes.changed) {
    const knownAs = await uidAt(store.database, binding.id, remote.ref.id)
    if (remote.onlyIfKnown && knownAs === null) continue
    const first = knownAs ?? plainUid(remote.event.uid)
    const names = remote.otherUid === undefined || knownAs !== null ? [first] : [first, plainUid(remote.otherUid)]
    let uid: string | null = null
    for (const name of names) if (uid === null && !(await isTaken(name, remote.ref.id))) uid = name
    if (uid === null) {
      doubles.push({ id: remote.ref.id, uid: first, reason: `the remote has two events with the UID ${first}` })
      continue
    }
    seen.add(uid)
    changed.push({ uid, remote: { ref: remote.ref, event: { ...remote.event, uid } } })
  }
  return { changed, doubles }
}

/** What a full read no longer shows may only have left its window: where the source can, each copy is asked. */
async function withConfirmed(context: Context, changes: Changes): Promise<Changes & { readonly lost?: number }> {
  const { source, store, binding } = context
  if (!changes.completeWithin || !source.confirm) return changes
  const told = new Set(
    [...changes.changed, ...(changes.unreadable ?? [])].map(each => ('ref' in each ? each.ref.id : each.id)),
  )
  const present = new Set((changes.refused ?? []).map(({ uid }) => uid))
  const missing = (await shadowIds(store.database, binding.id)).filter(({ remoteId }) => !told.has(remoteId))
  const absent = await absentWithin(context, changes.completeWithin, missing, present, new Set(changes.removed))
  const shadows = await Promise.all(absent.map(uid => shadowOf(store.database, binding.id, uid)))
  const refs = shadows.flatMap(shadow => shadow?.remote ?? [])
  if (refs.length === 0) return changes
  const { changed, removed, unreadable = [] } = await source.confirm(refs)
  return {
    ...changes,
    changed: [...changes.changed, ...changed],
    removed: [...changes.removed, ...removed],
    unreadable: [...(changes.unreadable ?? []), ...unreadable],
    lost: removed.length,
  }
}

/**
 * What is gone at the remote: named by it, or absent from a full read. Only what was seen there before can be gone, so
 * the first read of a calendar deletes nothing here. So many at once that it looks like an accident are held for a person.
 */
async function findDeletions(
  context: Context,
  changes: Changes & { readonly lost?: number },
  changed: readonly Item[],
): Promise<Item[]> {
  const { store, binding, report } = context
  const shadows = await spokenOf(context, changes)
  const removed = new Set(changes.removed)
  const unreadable = new Set((changes.unreadable ?? []).map(({ id }) => id))
  const present = new Set(changed.map(({ uid }) => uid))
  for (const { uid, remoteId } of shadows) if (unreadable.has(remoteId)) present.add(uid)
  const named = shadows.filter(({ remoteId, uid }) => removed.has(remoteId) && !present.has(uid))
  const absent = changes.completeWithin
    ? await absentWithin(context, changes.completeWithin, shadows, present, removed)
    : []
  const fresh = [...named.map(({ uid }) => uid), ...absent]
  const before = shadows.filter(({ held }) => held).map(({ uid }) => uid)
  const all = [...new Set([...fresh, ...before.filter(uid => !present.has(uid))])]
  if (all.length === 0) {
    if (before.length > 0 && !context.dryRun) await forgetHeld(context)
    return []
  }
  const known = await countShadows(store.database, binding.id)
  const suspicious = isMassDeletion(fresh.length, known, absent.length + (changes.lost ?? 0) > 0)
  // What only takes from us can delete nothing here.
  if (binding.direction === 'out' || (before.length === 0 && !suspicious)) {
    return fresh.map(uid => ({ uid, remote: null }))
  }
  report.held = all.length
  for (const uid of all) report.plan.push({ uid, side: 'ours', action: 'hold', fields: [] })
  if (!context.dryRun) await hold(context, all, known)
  return []
}

/** The shadows that a read may say something of, and those that wait for a person: all of them only for a full read. */
async function spokenOf({ store, binding }: Context, changes: Changes): Promise<readonly ShadowId[]> {
  if (changes.completeWithin) return shadowIds(store.database, binding.id)
  const named = [...changes.removed, ...(changes.unreadable ?? []).map(({ id }) => id)]
  const found = [
    ...(await heldShadows(store.database, binding.id)),
    ...(await shadowsAt(store.database, binding.id, named)),
  ]
  return [...new Map(found.map(shadow => [shadow.uid, shadow])).values()]
}

async function absentWithin(
  { store, binding, zone }: Context,
  window: { readonly from: string | null; readonly to: string | null },
  shadows: readonly { uid: string; remoteId: string }[],
  present: ReadonlySet<string>,
  removed: ReadonlySet<string>,
): Promise<string[]> {
  const missing = shadows.filter(({ uid, remoteId }) => !present.has(uid) && !removed.has(remoteId))
  if (window.from === null && window.to === null) return missing.map(({ uid }) => uid)
  const inside: string[] = []
  for (const { uid } of missing) {
    const shadow = await shadowOf(store.database, binding.id, uid)
    if (shadow?.base && fallsWithin(shadow.base, window, zone)) inside.push(uid)
  }
  return inside
}

const instant = (time: string | null, open: number): number =>
  time === null ? open : Math.floor(Temporal.Instant.from(time).epochMilliseconds / 1000)

/** Whether any part of the event lies in the window; one that lies wholly outside was never promised to be shown. */
function fallsWithin(
  event: ScheduleEvent,
  window: { readonly from: string | null; readonly to: string | null },
  zone: string,
): boolean {
  const [from, to] = [instant(window.from, -(2 ** 40)), instant(window.to, 2 ** 40)]
  return occurrences(event, { from, to }, { zone }).length > 0
}

/** All that was held has come back. */
const forgetHeld = ({ store, actor, binding }: Context): Promise<void> =>
  store.write(actor, tx => tx.clearConflicts({ kind: 'mass-deletion', source: binding.id }))

async function hold(context: Context, uids: readonly string[], known: number): Promise<void> {
  const { store, binding, actor } = context
  await store.write(actor, async tx => {
    for (const uid of uids) {
      const shadow = await shadowOf(tx.database, binding.id, uid)
      if (shadow && !shadow.held) await saveShadow(tx.database, binding.id, { ...shadow, held: true })
    }
    await tx.clearConflicts({ kind: 'mass-deletion', source: binding.id })
    await tx.addConflict({
      kind: 'mass-deletion',
      resourceId: binding.resourceId,
      uids: [],
      start: null,
      end: null,
      source: binding.id,
      detail: {
        count: uids.length,
        of: known,
        remedy: `kaldav sync ${binding.source} --approve to delete them, --restore to write them back`,
      },
    })
  })
}

/** What the store holds of an event, and what of it is the binding's business. */
export async function oursOf(context: Context, tx: Pick<Store, 'event'>, uid: string) {
  const stored = await tx.event(uid)
  const projected = stored && project(context.binding, stored.event)
  const accepted = projected && (context.source.accepts?.(projected) ?? true) ? projected : null
  return { stored, ours: accepted }
}

export const viewOf =
  (source: Source) =>
  (event: ScheduleEvent): ScheduleEvent =>
    source.normalize?.(event) ?? event

/** One event that the store cannot take must not keep the others of its calendar out. */
async function applyOrRefuse(context: Context, tx: Writer, item: Item): Promise<void> {
  const { binding, report } = context
  try {
    await applyItem(context, tx, item)
  } catch (error) {
    if (!(error instanceof TooManyOccurrences) && !(error instanceof Rejected)) throw error
    report.rejected++
    report.plan.push({ uid: item.uid, side: 'ours', action: 'reject', fields: [] })
    await tx.clearConflicts({ uid: item.uid, kind: 'rejected', source: binding.source })
    await tx.addConflict({
      ...{ kind: 'rejected', resourceId: binding.resourceId, uids: [item.uid], start: null, end: null },
      source: binding.source,
      detail: { binding: binding.id, reason: error.message, remedy: error.remedy, side: 'ours' },
    })
  }
}

async function applyItem(context: Context, tx: Writer, { uid, remote }: Item): Promise<void> {
  const { binding, source } = context
  const shadow = await shadowOf(tx.database, binding.id, uid)
  const known = await oursOf(context, tx, uid)
  const { stored } = known
  if (binding.direction === 'out') return noteStray(context, tx, { uid, remote, shadow, ours: known.ours })
  const base = shadow?.base ?? null
  const theirs = remote && embed(binding, remote.event, null)
  // The same meeting in one more room: it joins the event we have, and does not replace it.
  const joins = stored && !known.ours && theirs && !(base && sameContent(base, theirs))
  const ours = joins ? embed(binding, { ...stored.event, resourceIds: [] }, null) : known.ours
  const prefer = binding.prefer(stored?.source ?? binding.source)
  const decided = decide({ base: joins ? null : base, ours, theirs }, prefer, viewOf(source))
  const decision: Decision = joins && decided.ours === 'none' ? { ...decided, ours: 'update' } : decided
  await writeOurs(context, tx, decision, uid, stored?.event ?? null)
  note(context, uid, decision)
  await noteClashes(context, tx, decision, uid)
  // A push that was refused has left it as it was: to push the same again would have the same answer, for ever.
  const isAsRefused = base !== null && theirs !== null && sameContent(base, theirs)
  const refused = isAsRefused ? (shadow?.refused ?? null) : null
  // Whatever kept it out before no longer does.
  if (refused === null) await tx.clearConflicts({ uid, kind: 'rejected', source: binding.source })
  if (!remote) await dropShadow(tx.database, binding.id, uid)
  else await saveShadow(tx.database, binding.id, { ...newShadow(uid), remote: remote.ref, base: theirs, refused })
  // What is to be written there may be no recent change of ours: the merge decided it, or it was once refused.
  if (decision.theirs !== 'none') await lookAgain(tx.database, binding, uid)
}

async function writeOurs(
  { binding, report }: Context,
  tx: Writer,
  decision: Decision,
  uid: string,
  stored: ScheduleEvent | null,
): Promise<void> {
  if (decision.ours === 'delete' && stored) {
    const rest = withdraw(binding, stored)
    if (rest) await tx.put(rest)
    else await tx.remove(uid)
    report.removed++
  } else if ((decision.ours === 'create' || decision.ours === 'update') && decision.event) {
    const event = embed(binding, decision.event, stored)
    await tx.put(event)
    await flagDuplicates(tx, event, binding.source)
    if (decision.ours === 'create') report.created++
    else report.updated++
  }
}

function note({ report, dryRun, planned, binding, source }: Context, uid: string, decision: Decision): void {
  const { ours, theirs, fields } = decision
  if (ours !== 'none') report.plan.push({ uid, side: 'ours', action: ours, fields })
  if (!dryRun) return
  // A true run finds it in the store, where a dry one has left nothing.
  planned.add(uid)
  if (theirs === 'none' || binding.direction === 'in' || !source.push) return
  report.plan.push({ uid, side: 'theirs', action: theirs === 'remove' ? 'delete' : theirs, fields })
  report.pushed++
}

async function noteClashes({ binding, report }: Context, tx: Writer, decision: Decision, uid: string): Promise<void> {
  const common = { resourceId: binding.resourceId, uids: [uid], start: null, end: null, source: binding.source }
  for (const { group, slot, kept, discarded } of decision.clashes) {
    report.conflicts++
    await tx.addConflict({ ...common, kind: 'edit', detail: { group, slot, kept, discarded, binding: binding.id } })
  }
  if (!decision.deleteEdit) return
  report.conflicts++
  await tx.addConflict({ ...common, kind: 'delete-edit', detail: { fields: decision.fields, binding: binding.id } })
}
