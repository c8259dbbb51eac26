import fc from 'fast-check'
import { expect, it } from 'vitest'
import { play, shape, step } from '../sync/model.ts'

const steps = Number(process.env.MODEL_STEPS ?? 100_000)
/** Of one history on average: short ones find what is shown in few steps, long ones what needs many. */
const perHistory = 100

it('the model of synchronisation over many steps', async () => {
  let played = 0
  const histories = fc.array(step, { maxLength: 2 * perHistory, size: 'max' })
  const property = fc.asyncProperty(histories, shape, async (history, form) => {
    played += history.length
    await play(history, form)
  })
  const result = await fc.check(property, { numRuns: Math.ceil(steps / perHistory) })
  console.log(`${result.numRuns} histories, ${played} steps, seed ${result.seed}`)
  expect(result.failed ? `${result.errorInstance}\n${fc.defaultReportMessage(result)}` : '').toBe('')
})
