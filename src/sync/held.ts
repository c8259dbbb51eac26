/** The answer to deletions that waited for a person. */
import { dropShadow, heldShadows } from '../store/bindings.ts'
import { withdraw } from './binding.ts'
import type { Context } from './incoming.ts'

/**
 * `approve`: what the remote deleted goes here too. `restore`: the events stay and the remote forgets them, so that
 * the next push makes them anew (a source we only read cannot be told; the events simply stay).
 */
export async function applyHeld(context: Context, answer: 'approve' | 'restore'): Promise<void> {
  const { store, binding, actor, report } = context
  const held = await heldShadows(store.database, binding.id)
  await store.write(actor, async tx => {
    for (const { uid } of held) {
      const stored = await tx.event(uid)
      if (answer === 'approve' && stored) {
        const rest = withdraw(binding, stored.event)
        if (rest) await tx.put(rest)
        else await tx.remove(uid)
        report.removed++
      }
      await dropShadow(tx.database, binding.id, uid)
    }
    await tx.clearConflicts({ kind: 'mass-deletion', source: binding.id })
  })
}
