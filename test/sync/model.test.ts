import fc from 'fast-check'
import { expect, it } from 'vitest'
import { play, shape, step } from './model.ts'

it('any history of edits, deletions, failures, crashes and expired cursors converges', async () => {
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), shape, play)
  const result = await fc.check(property, { numRuns: Number(process.env.MODEL_RUNS ?? 60) })
  expect(
    result.failed ? `${result.errorInstance}\n${fc.defaultReportMessage(result)}` : '',
    `seed ${result.seed}`,
  ).toBe('')
}, 120_000)
