import { it } from 'vitest'
import { fuzz } from '../conformance/support/fuzz-run.ts'

it('answers 100,000 broken requests in order, and loses nothing', () => fuzz(100_000, 4))
