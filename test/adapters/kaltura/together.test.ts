/** Many events pushed at the same time: few requests, and each event its own answer. */
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import type { KalturaAccount } from '../../../adapters/kaltura/index.ts'
import { Rejected, Unavailable } from '../../../src/errors.ts'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { differences } from '../../../src/schedule/merge.ts'
import type { RemoteRef } from '../../../src/sync/source.ts'
import { breaks, startAccount, type TestAccount } from './account.ts'
import { at, event, shapeNamed, shapes } from './events.ts'

let account: TestAccount
let source: KalturaAccount
let room: number
beforeAll(async () => {
  account = await startAccount()
  room = await account.room('lh101')
  source = account.open()
  await source.resources()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await account.empty()
})
afterAll(() => account.close())

const shaped = (uid: string, name: string): ScheduleEvent => ({ ...event(uid, shapeNamed(name)), resourceIds: [room] })
const singles = (count: number): ScheduleEvent[] =>
  Array.from({ length: count }, (_, n) => shaped(`single-${n}`, 'a single event'))
const renamed = (held: ScheduleEvent): ScheduleEvent => ({
  ...held,
  master: held.master && { ...held.master, summary: 'Renamed' },
})
const pushAll = (events: readonly ScheduleEvent[], refs: readonly (RemoteRef | null)[] = []) =>
  Promise.all(events.map((one, n) => source.push(one, refs[n] ?? null)))

const byId = (refs: readonly RemoteRef[]) => [...refs].sort((a, b) => Number(a.id) - Number(b.id))

it('a hundred are made, changed and removed in a handful of requests each', async () => {
  const events = singles(100)
  account.requests.length = 0
  const refs = await pushAll(events)
  expect(account.requests.length).toBeLessThan(12)
  account.requests.length = 0
  const changed = await pushAll(events.map(renamed), refs)
  expect(account.requests.length).toBeLessThan(12)
  const whole = await source.pull(null)
  expect(byId(whole.changed.map(({ ref }) => ref))).toEqual(byId(changed))
  for (const { event: held } of whole.changed) {
    expect([held.master?.summary, held.resourceIds]).toEqual(['Renamed', [room]])
  }
  account.requests.length = 0
  await Promise.all(changed.map(ref => source.remove(ref)))
  expect(account.requests.length).toBeLessThan(8)
  expect((await source.pull(null)).changed).toEqual([])
})

it('all shapes at once become what each becomes by itself', async () => {
  const events = Object.keys(shapes).map(name => shaped(name, name))
  const refs = await pushAll(events)
  const whole = await source.pull(null)
  expect(whole.unreadable).toEqual([])
  const known = new Map(whole.changed.map(({ ref, event: held }) => [ref.id, { ref, held }]))
  for (const [n, one] of events.entries()) {
    const found = known.get(String(refs[n]?.id))
    expect(found?.ref, one.uid).toEqual(refs[n])
    expect(found && differences(found.held, source.normalize(one)), one.uid).toEqual([])
  }
  expect(known.size).toBe(events.length)
})

it('the refusal of one is the answer of that one, and leaves nothing behind', async () => {
  const events = singles(30).map((one, n) => ({
    ...one,
    master: one.master && {
      ...one.master,
      // All on one entry, and only the tenth at the time of the ninth.
      start: at(`03-${String(n === 10 ? 10 : n + 1).padStart(2, '0')}T09:00`),
      kaltura: { templateEntryId: '0_template' },
    },
  }))
  const results = await Promise.allSettled(events.map(one => source.push(one, null)))
  const refused = results.flatMap((result, n) => (result.status === 'rejected' ? [[n, result.reason]] : []))
  expect(refused).toEqual([[10, expect.any(Rejected)]])
  expect(refused[0]?.[1]).toMatchObject({ code: 'SCHEDULE_TIME_IN_USE' })
  expect(await account.rows()).toHaveLength(29)
})

it.each(breaks)(
  'a request that is %s makes no second event of any, whichever request it is',
  async fault => {
    let clock = 0
    const realNow = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => realNow() + clock)
    for (const skip of [0, 1, 3, 5]) {
      const events = [...singles(24), shaped('series', 'a moved occurrence'), shaped('pieces', 'one on the 31st')]
      account.breakOnce(fault, skip)
      let left = events
      for (let round = 0; left.length > 0; round++) {
        expect(round).toBeLessThan(10)
        const results = await Promise.allSettled(left.map(one => source.push(one, null)))
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Unavailable)
        }
        left = left.filter((_, n) => results[n]?.status === 'rejected')
        // The minute in which an unanswered request may still come to light.
        clock += 61_000
      }
      account.breakOnce(null, 0)
      const { changed, unreadable } = await account.open().pull(null)
      expect(unreadable).toEqual([])
      expect(changed.map(({ event: held }) => held.uid).sort()).toEqual(events.map(({ uid }) => uid).sort())
      for (const { event: held } of changed) expect(held.resourceIds).toEqual([room])
      const mains = await account.rows({ recurrenceTypeIn: '0,1' })
      expect(new Set(mains.map(({ referenceId, startDate }) => `${referenceId} ${startDate}`)).size).toBe(mains.length)
      await account.empty()
    }
  },
  60_000,
)
