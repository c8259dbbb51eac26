import fc from 'fast-check'
import { expect, it } from 'vitest'
import { play, step } from './model.ts'

it.each([false, true])(
  'any history of edits, deletions, failures and expired cursors converges (a lossy room: %s)',
  async lossy => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), steps => play(steps, lossy))
    const result = await fc.check(property, { numRuns: Number(process.env.MODEL_RUNS ?? 15) })
    expect(result.failed ? fc.defaultReportMessage(result) : '', `seed ${result.seed}`).toBe('')
  },
  120_000,
)
