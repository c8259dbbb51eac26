/**
 * Our changes to the remote. What our change log names since the binding's token is compared with its shadow; whatever
 * differs is written, and its shadow after it. A crash in between is harmless: the next run compares again.
 */
import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { standAside } from '../breath.ts'
import { Rejected, Unavailable, VersionMismatch } from '../errors.ts'
import type { ScheduleEvent } from '../schedule/event.ts'
import { contentKey, differences } from '../schedule/merge.ts'
import { dropShadow, lookAgain, newShadow, type ShadowState, saveShadow, shadowOf } from '../store/bindings.ts'
import type { Writer } from '../store/store.ts'
import { type Context, oursOf, viewOf } from './incoming.ts'
import type { Refusal } from './source.ts'

/** How long each push lets those go first who wait for an answer, ms: while they do not cease, so many go out all the same. */
const aside = 10

export type Outcome = 'done' | 'again'

/**
 * Pushes the named events. `again`: a remote copy had changed under our hands; pull, merge and push once more.
 * @throws Unavailable · AccessDenied the rest waits; nothing is lost, as the token has not moved
 */
export async function applyOutgoing(context: Context, uids: readonly string[]): Promise<Outcome> {
  const { together = 1 } = context.source
  const wanted = uids.filter(uid => !context.planned.has(uid))
  let outcome: Outcome = 'done'
  let quiet = 0
  for (let at = 0; at < wanted.length; at += together) {
    context.signal.throwIfAborted()
    const results = await Promise.allSettled(wanted.slice(at, at + together).map(uid => pushOne(context, uid)))
    for (const result of results) {
      if (result.status === 'fulfilled') continue
      if (!(result.reason instanceof VersionMismatch)) throw result.reason
      outcome = 'again'
    }
    const asked = results.filter(result => result.status === 'rejected' || result.value).length
    await standAside(asked * aside)
    // Comparing costs microseconds, but ten thousand comparisons in a row would hold the event loop.
    quiet = asked > 0 ? 0 : quiet + results.length
    if (quiet < 50) continue
    quiet = 0
    await setImmediate()
  }
  return outcome
}

/** @returns whether the remote was asked anything */
async function pushOne(context: Context, uid: string): Promise<boolean> {
  const shadow = await shadowOf(context.store.database, context.binding.id, uid)
  if (shadow?.held) return false
  const { ours } = await oursOf(context, context.store, uid)
  if (!ours) return shadow ? removeTheirs(context, shadow) : false
  const { push } = context.source
  if (!push) return false
  const base = viewOf(context.source)(ours)
  const fields = shadow?.base ? differences(shadow.base, base) : []
  if (shadow?.base && fields.length === 0) {
    // What was refused has been taken back here: there is nothing to ask for any more.
    if (shadow.refused !== null && !context.dryRun) {
      await settle(context, uid, tx => saveShadow(tx.database, context.binding.id, { ...shadow, refused: null }))
    }
    return false
  }
  if (shadow?.refused === contentHash(base)) return false
  const at = shadow?.remote ?? null
  context.report.plan.push({ uid, side: 'theirs', action: at ? 'update' : 'create', fields })
  if (context.dryRun) {
    context.report.pushed++
    return true
  }
  try {
    const remote = await push.call(context.source, ours, at)
    context.report.pushed++
    await settle(context, uid, tx => saveShadow(tx.database, context.binding.id, { ...newShadow(uid), remote, base }))
  } catch (error) {
    if (!(error instanceof Rejected)) throw error
    await refuse(context, error, { ...(shadow ?? newShadow(uid)), refused: contentHash(base) })
  }
  return true
}

/** The refusal of a removal, remembered so that it is asked once. */
const removal = 'removal'

async function removeTheirs(context: Context, shadow: ShadowState): Promise<boolean> {
  const { source, binding, report } = context
  const { uid, remote } = shadow
  if (remote && (!source.remove || shadow.refused === removal)) return false
  if (remote) report.plan.push({ uid, side: 'theirs', action: 'delete', fields: [] })
  if (context.dryRun) {
    if (remote) report.pushed++
    return remote !== null
  }
  try {
    if (remote) await source.remove?.(remote)
    if (remote) report.pushed++
    await settle(context, uid, tx => dropShadow(tx.database, binding.id, uid))
  } catch (error) {
    if (!(error instanceof Rejected)) throw error
    await refuse(context, error, { ...shadow, refused: removal })
  }
  return remote !== null
}

/** What `refuse` may have told of. */
const refusalKinds = ['rejected', 'foreign-organizer'] as const

const contentHash = (event: ScheduleEvent): string => hash('sha256', contentKey(event))

/** Writes what the remote has just agreed to, and takes back an earlier refusal. */
async function settle({ store, actor, binding }: Context, uid: string, work: (tx: Writer) => Promise<void>) {
  await store.write(actor, async tx => {
    await work(tx)
    for (const kind of refusalKinds) await tx.clearConflicts({ uid, kind, source: binding.source })
  })
}

/** A refusal becomes a conflict, and is not tried again until the event changes. */
async function refuse(context: Context, error: Rejected, shadow: ShadowState): Promise<void> {
  const { store, actor, binding, report } = context
  const { uid } = shadow
  const kind = error.code === 'foreign-organizer' ? 'foreign-organizer' : 'rejected'
  report.rejected++
  report.plan.push({ uid, side: 'theirs', action: 'reject', fields: [] })
  await store.write(actor, async tx => {
    await tx.clearConflicts({ uid, kind, source: binding.source })
    await tx.addConflict({
      kind,
      resourceId: binding.resourceId,
      uids: [uid],
      start: null,
      end: null,
      source: binding.source,
      detail: { binding: binding.id, code: error.code, reason: error.message, remedy: error.remedy, side: 'theirs' },
    })
    await saveShadow(tx.database, binding.id, shadow)
  })
}

/** What found its room taken is offered again after something has changed there. */
export async function offerAgain({ store, binding, actor, dryRun }: Context): Promise<void> {
  const { resourceId } = binding
  // Only what is bound to one room can find it taken.
  if (dryRun || resourceId === null) return
  const taken = (await store.conflicts({ resourceId })).filter(
    ({ kind, detail }) => kind === 'rejected' && detail.binding === binding.id && detail.code === 'room-taken',
  )
  for (const uid of taken.flatMap(({ uids }) => uids)) {
    await store.write(actor, async ({ database }) => {
      const shadow = await shadowOf(database, binding.id, uid)
      if (!shadow) return
      await saveShadow(database, binding.id, { ...shadow, refused: null })
      await lookAgain(database, binding, uid)
    })
  }
}

/** What the remote had taken and has refused since. Before the cursor is saved: a repetition says the same again. */
export async function applyRefusals(context: Context, refusals: readonly Refusal[]): Promise<void> {
  for (const { uid, code, reason, remedy } of context.dryRun ? [] : refusals) {
    const { ours } = await oursOf(context, context.store, uid)
    const refused = ours && contentHash(viewOf(context.source)(ours))
    await refuse(context, new Rejected(code, reason, { remedy }), { ...newShadow(uid), refused })
  }
}

/** Whether an error means that only writing has to wait. */
export const isWritePause = (error: unknown): error is Unavailable =>
  error instanceof Unavailable && error.scope === 'writes'
