import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Busy, Clash } from '../../src/schedule/conflict.ts'
import { clashes, overlaps } from '../../src/schedule/conflict.ts'

const busy = (uid: string, start: number, end: number, blackout = false): Busy => ({
  uid,
  recurrenceId: null,
  start,
  end,
  blackout,
})

describe('overlaps', () => {
  test.each([
    ['apart', [0, 10], [20, 30], false],
    ['touching', [0, 10], [10, 20], false],
    ['sharing a second', [0, 10], [9, 20], true],
    ['containing', [0, 30], [10, 20], true],
    ['identical', [0, 10], [0, 10], true],
    ['without length, inside', [0, 10], [5, 5], true],
    ['without length, at the start', [0, 10], [0, 0], false],
    ['without length, at the end', [0, 10], [10, 10], false],
    ['both without length', [5, 5], [5, 5], false],
  ] as const)('%s', (_, [a, b], [c, d], expected) => {
    expect(overlaps(busy('x', a, b), busy('y', c, d))).toBe(expected)
    expect(overlaps(busy('y', c, d), busy('x', a, b))).toBe(expected)
  })

  test('an event does not clash with itself', () => {
    expect(overlaps(busy('x', 0, 10), busy('x', 0, 10))).toBe(false)
  })
})

/** The definition: every pair, asked one by one. */
const naive = (mine: readonly Busy[], others: readonly Busy[]): Clash[] => {
  const found = new Map<string, Clash[]>()
  for (const a of mine) {
    for (const b of others) {
      if (a.uid === b.uid || !(a.start < b.end && b.start < a.end)) continue
      const uids = [a.uid, b.uid].sort() as [string, string]
      const clash: Clash = {
        kind: a.blackout || b.blackout ? 'blackout' : 'overlap',
        uids,
        start: Math.max(a.start, b.start),
        end: Math.min(a.end, b.end),
        occurrences: 1,
      }
      found.set(uids.join(), [...(found.get(uids.join()) ?? []), clash])
    }
  }
  return [...found.values()].map(all => {
    const [first] = all.sort((a, b) => a.start - b.start || a.end - b.end)
    return {
      ...(first as Clash),
      kind: all.some(({ kind }) => kind === 'blackout') ? 'blackout' : 'overlap',
      occurrences: all.length,
    }
  })
}

const sorted = (list: readonly Clash[]) => [...list].sort((a, b) => (a.uids.join() < b.uids.join() ? -1 : 1))

// Few distinct numbers, so that edges touch, intervals coincide and contain each other all the time.
const interval = (names: string[]) =>
  fc.record({
    uid: fc.constantFrom(...names),
    recurrenceId: fc.constant(null),
    start: fc.integer({ min: 0, max: 20 }),
    length: fc.integer({ min: 0, max: 8 }),
    blackout: fc.boolean(),
  })
const intervals = (names: string[]) =>
  fc.array(
    interval(names).map(({ length, ...rest }) => ({ ...rest, end: rest.start + length })),
    { maxLength: 25 },
  )

describe('clashes', () => {
  test('is the naive definition', () => {
    fc.assert(
      fc.property(intervals(['a', 'b', 'c']), intervals(['b', 'c', 'd', 'e']), (mine, others) => {
        expect(sorted(clashes(mine, others))).toEqual(sorted(naive(mine, others)))
      }),
      { numRuns: 1000 },
    )
  })

  test('does not mind which side is which, nor their order', () => {
    fc.assert(
      fc.property(intervals(['a', 'b']), intervals(['c', 'd']), (mine, others) => {
        expect(clashes(others, [...mine].reverse())).toEqual(clashes(mine, others))
      }),
    )
  })

  test('one clash for two series that meet every week, with the first overlap and the count', () => {
    const week = 7 * 86_400
    const a = Array.from({ length: 14 }, (_, i) => busy('a', i * week, i * week + 3600))
    const b = Array.from({ length: 5 }, (_, i) => busy('b', (i + 3) * week + 1800, (i + 3) * week + 7200))
    expect(clashes(a, b)).toEqual([
      { kind: 'overlap', uids: ['a', 'b'], start: 3 * week + 1800, end: 3 * week + 3600, occurrences: 5 },
    ])
  })

  test('uids that could be taken for each other are kept apart', () => {
    const found = clashes([busy('a,b', 0, 10), busy('a', 0, 10)], [busy('c', 0, 10), busy('b,c', 0, 10)])
    expect(found).toHaveLength(4)
  })

  test('a series against 10,000 occurrences in well under 10 ms', () => {
    const others = Array.from({ length: 10_000 }, (_, i) => busy(`o${i}`, i * 3600, i * 3600 + 3000))
    const mine = Array.from({ length: 14 }, (_, i) => busy('m', i * 604_800, i * 604_800 + 5400))
    const times = Array.from({ length: 10 }, () => {
      const begun = performance.now()
      expect(clashes(mine, others)).toHaveLength(28)
      return performance.now() - begun
    })
    expect(Math.min(...times)).toBeLessThan(10)
  })
})
