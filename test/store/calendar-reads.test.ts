import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromEpoch } from '../../src/schedule/caltime.ts'
import { busyWithin, membersWithin } from '../../src/store/calendar-reads.ts'
import { eachStore } from './each-store.ts'
import { actor, DAY, event, now } from './events.ts'

const day = fc.integer({ min: -300, max: 900 })
/** Single events, short ones and some that last for months. */
const spans = fc.array(fc.record({ start: day, lasts: fc.constantFrom(0, 0.04, 1, 3, 100) }), { maxLength: 12 })
const window = fc.tuple(day, fc.constantFrom(1, 59, 61, 400, 1200)).map(([from, days]) => ({
  from: now + from * DAY,
  to: now + (from + days) * DAY,
}))

eachStore('long windows', opened => {
  test('hold what short ones hold, each member and each occurrence once', async () => {
    await fc.assert(
      fc.asyncProperty(spans, window, async (events, asked) => {
        const store = await opened().fleeting()
        await store.write(actor, async tx => {
          for (const [index, { start, lasts }] of events.entries()) {
            const from = now + start * DAY
            const { master, ...rest } = event(`e${index}`)
            const times = { start: fromEpoch(from, 'UTC'), end: fromEpoch(from + lasts * DAY, 'UTC') }
            await tx.put({ ...rest, master: master && { ...master, ...times } })
          }
        })
        const members = await membersWithin(store, 1, asked)
        expect(members.map(({ uid }) => uid).sort()).toEqual((await store.uidsIn(1, asked.from, asked.to)).sort())
        const busy = await busyWithin(store, 1, asked)
        const occurrences = await store.occurrencesIn(1, asked.from, asked.to)
        const key = ({ uid, start }: { uid: string; start: number }) => `${uid} ${start}`
        expect(busy.map(key).sort()).toEqual(
          occurrences
            .filter(row => row.busy)
            .map(key)
            .sort(),
        )
      }),
      { numRuns: 15 },
    )
  })
})
