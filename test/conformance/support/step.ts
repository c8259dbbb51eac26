import { it } from 'vitest'
import { knownGaps } from './known-gaps.ts'

const server = process.env.KALDAV_PEER ?? 'gateway'

/** One step of a client's script as one test; a known gap has to fail, so that a gap that closed is noticed. */
export function steps(client: string) {
  const gaps = knownGaps.filter(gap => gap.server === server && gap.client === client)
  return (name: string, work: () => Promise<void>): void => {
    const gap = gaps.find(({ step }) => step === name)
    if (gap) it.fails(`${name} (known gap: ${gap.reason})`, work)
    else it(name, work)
  }
}
