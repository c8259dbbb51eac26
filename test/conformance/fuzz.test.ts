import { it } from 'vitest'
import { fuzz } from './support/fuzz-run.ts'

it('answers 2,000 broken requests in order, and loses nothing', () => fuzz(2000, 2), 120_000)
