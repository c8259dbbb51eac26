/** What many calls of a remote come to: a clock that only the test moves. */
import pino from 'pino'
import { expect, it } from 'vitest'
import { MemorySource } from '../../adapters/memory.ts'
import { Unavailable } from '../../src/errors.ts'
import { bindingState, saveBinding } from '../../src/store/bindings.ts'
import { Worker } from '../../src/sync/worker.ts'
import { openHarness } from './harness.ts'

async function opened() {
  const clock = { now: 1_790_000_000 }
  const harness = await openHarness(clock)
  const source = new MemorySource()
  let rounds = 0
  let failing: Unavailable | null = null
  const counted = {
    pull: async (cursor: string | null) => {
      rounds++
      if (failing) throw failing
      return source.pull(cursor)
    },
  }
  const binding = harness.binding(counted, { direction: 'in', pollSeconds: 3600 })
  const configured = async () => ({ bindings: [binding], broken: [] })
  const log = pino({ level: 'silent' })
  const worker = new Worker({ store: harness.store, engine: harness.engine, configured, log, now: () => clock.now })
  await worker.runNow(binding)
  // The pace after a change is another matter.
  await saveBinding(harness.store.database, binding.id, { dueAt: clock.now + 3600 })
  rounds = 0
  worker.start()
  /** Waits for so many rounds, and then whether there are more. */
  const roundsAre = async (expected: number) => {
    await expect.poll(() => rounds, { timeout: 15_000 }).toBeGreaterThanOrEqual(expected)
    await new Promise(resolve => setTimeout(resolve, 1200))
    expect(rounds).toBe(expected)
  }
  return {
    ...{ clock, worker, harness, binding, roundsAre },
    fail: (error: Unavailable | null) => {
      failing = error
    },
    async close() {
      await worker.stop()
      await harness.close()
    },
  }
}

it('S47 three hundred notifications in a storm are one look at the first and one at all the others', async () => {
  const { clock, worker, binding, roundsAre, close } = await opened()
  for (let n = 0; n < 300; n++) await worker.wakeBinding(binding.id)
  await roundsAre(1)
  clock.now += 2
  await roundsAre(2)
  await close()
})

it('S51 a notification does not cut short the wait that a remote has asked for', async () => {
  const { worker, harness, binding, roundsAre, fail, close } = await opened()
  fail(new Unavailable('too many', { retryAfter: 600 }))
  await worker.wakeBinding(binding.id)
  await roundsAre(1)
  const { dueAt } = await bindingState(harness.store.database, binding.id)
  await worker.wakeBinding(binding.id)
  await roundsAre(1)
  expect((await bindingState(harness.store.database, binding.id)).dueAt).toBe(dueAt)
  await close()
})
