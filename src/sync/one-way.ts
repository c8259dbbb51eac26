/** A calendar that only takes what we hold (`direction: out`): what somebody changes of it there is put right again. */
import type { ScheduleEvent } from '../schedule/event.ts'
import { differences } from '../schedule/merge.ts'
import { dropShadow, lookAgain, newShadow, type ShadowState, saveShadow } from '../store/bindings.ts'
import type { Writer } from '../store/store.ts'
import { embed } from './binding.ts'
import type { Context } from './incoming.ts'
import type { RemoteEvent } from './source.ts'

/** An event that has changed at the remote, or gone. */
export interface Stray {
  readonly uid: string
  readonly remote: RemoteEvent | null
  readonly shadow: ShadowState | null
  readonly ours: ScheduleEvent | null
}

/** Remembers what the remote now has, and sees to it that ours is pushed over it. Its own events are its own business. */
export async function noteStray(context: Context, tx: Writer, { uid, remote, shadow, ours }: Stray): Promise<void> {
  const { binding, source, report, dryRun, planned } = context
  if (!shadow) return
  const base = remote && embed(binding, remote.event, null)
  if (remote) await saveShadow(tx.database, binding.id, { ...newShadow(uid), remote: remote.ref, base })
  else await dropShadow(tx.database, binding.id, uid)
  const view = ours && (source.normalize?.(ours) ?? ours)
  const fields = base && view ? differences(base, view) : []
  if (!ours || (base && fields.length === 0)) return
  await lookAgain(tx.database, binding, uid)
  if (!dryRun) return
  planned.add(uid)
  report.plan.push({ uid, side: 'theirs', action: remote ? 'update' : 'create', fields })
  report.pushed++
}
