import fc from 'fast-check'
import { expect, it } from 'vitest'
import { play, shape, step } from '../sync/model.ts'

const steps = Number(process.env.MODEL_STEPS ?? 100_000)
const perHistory = 100

it('the model of synchronisation over many steps', async () => {
  const histories = fc.array(step, { minLength: perHistory, maxLength: perHistory })
  const property = fc.asyncProperty(histories, shape, play)
  const result = await fc.check(property, { numRuns: Math.ceil(steps / perHistory) })
  console.log(`${result.numRuns} histories of ${perHistory} steps, seed ${result.seed}`)
  expect(result.failed ? fc.defaultReportMessage(result) : '').toBe('')
})
