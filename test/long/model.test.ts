import fc from 'fast-check'
import { expect, it } from 'vitest'
import { play, step } from '../sync/model.ts'

/** In all, for a lossy room and for one that keeps everything. */
const steps = Number(process.env.MODEL_STEPS ?? 100_000)
const perHistory = 100

it.each([false, true])('the model of synchronisation over many steps (a lossy room: %s)', async lossy => {
  const histories = fc.array(step, { minLength: perHistory, maxLength: perHistory })
  const property = fc.asyncProperty(histories, history => play(history, lossy))
  const result = await fc.check(property, { numRuns: Math.ceil(steps / 2 / perHistory) })
  console.log(`${result.numRuns} histories of ${perHistory} steps, seed ${result.seed}`)
  expect(result.failed ? fc.defaultReportMessage(result) : '').toBe('')
})
