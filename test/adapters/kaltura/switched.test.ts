/** Each fault that the embedded account can be told to have, met by everything the adapter does. */
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { Unavailable, VersionMismatch } from '../../../src/errors.ts'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { differences } from '../../../src/schedule/merge.ts'
import type { RemoteRef } from '../../../src/sync/source.ts'
import { EVENT, type Json, LINK, startAccount, type TestAccount } from './account.ts'
import { event, shapeNamed } from './events.ts'

let account: TestAccount
let room: number
beforeAll(async () => {
  account = await startAccount()
  room = await account.room('lh101')
})
afterEach(async () => {
  vi.restoreAllMocks()
  await account.clearFaults()
  await account.empty()
})
afterAll(() => account.close())

const faults: readonly (readonly [name: string, fault: Json])[] = [
  ['every answer comes late', { kind: 'latency', milliseconds: 10, count: 0 }],
  ['the first three requests are answered with 503', { kind: 'status', status: 503, count: 3 }],
  ['a request in the middle is answered with 500', { kind: 'status', status: 500, skip: 4 }],
  ['a request is answered with 504', { kind: 'status', status: 504, skip: 6 }],
  ['the first request is never answered', { kind: 'timeout' }],
  ['a request in the middle is never answered', { kind: 'timeout', skip: 5 }],
  ['the session ends', { kind: 'expired', service: EVENT }],
  ['the session ends in the middle', { kind: 'expired', skip: 7 }],
  ['the list lags', { kind: 'lag', seconds: 1, count: 0 }],
  ['the answer to a new event is lost', { kind: 'commit-then-drop', service: EVENT, action: 'add' }],
  ['the answer to a later new event is lost', { kind: 'commit-then-drop', service: EVENT, action: 'add', skip: 2 }],
  ['the answer to a new link is lost', { kind: 'commit-then-drop', service: LINK, action: 'add' }],
  ['a new event is answered with 502', { kind: 'commit-then-status', status: 502, service: EVENT, action: 'add' }],
  [
    'a changed event is answered with 502',
    { kind: 'commit-then-status', status: 502, service: EVENT, action: 'update' },
  ],
  ['a deletion is answered with 502', { kind: 'commit-then-status', status: 502, service: EVENT, action: 'delete' }],
]
const names = ['a single event', 'a moved occurrence', 'one on the 31st']

it.each(faults)('%s', { timeout: 60_000 }, async (_, fault) => {
  const [realNow, realTimeout] = [performance.now.bind(performance), AbortSignal.timeout.bind(AbortSignal)]
  let clock = 0
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + clock)
  // A request is given up after some hundred milliseconds instead of 45 seconds.
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(ms => realTimeout(ms / 100))
  /** What the engine does: tries again later, and reads in between. */
  const settled = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let round = 0; round < 20; round++) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof Unavailable) && !(error instanceof VersionMismatch)) throw error
        clock += 30_000
        await new Promise(resolve => setTimeout(resolve, 100))
      }
    }
    throw new Error('it never settled')
  }
  const source = account.open()
  await account.fault(fault)
  await settled(() => source.resources())
  const { cursor } = await settled(() => source.pull(null))
  const events = names.map((name): ScheduleEvent => ({ ...event(name, shapeNamed(name)), resourceIds: [room] }))
  const renamed = events.map(one => ({ ...one, master: one.master && { ...one.master, summary: 'Renamed' } }))
  const refs = new Map<string, RemoteRef>()
  for (const one of events) refs.set(one.uid, await settled(() => source.push(one, null)))
  const reread = async (uid: string) => {
    const { changed } = await settled(() => account.open().pull(null))
    const found = changed.find(({ event: held }) => held.uid === uid)
    if (found) refs.set(uid, found.ref)
    return found?.event
  }
  for (const one of renamed) {
    await settled(async () => {
      const at = refs.get(one.uid) ?? null
      try {
        refs.set(one.uid, await source.push(one, at))
      } catch (error) {
        await reread(one.uid)
        throw error
      }
    })
  }
  await account.clearFaults()
  await new Promise(resolve => setTimeout(resolve, fault.kind === 'lag' ? 1200 : 0))
  const whole = await account.open().pull(null)
  expect(whole.unreadable).toEqual([])
  expect(whole.changed.map(({ event: held }) => held.uid).sort()).toEqual([...names].sort())
  for (const one of renamed) {
    const held = whole.changed.find(({ event: { uid } }) => uid === one.uid)?.event
    expect(held && differences(held, source.normalize(one)), one.uid).toEqual([])
  }
  const increment = await settled(() => source.pull(cursor))
  expect(new Set(increment.changed.map(({ event: held }) => held.uid))).toEqual(new Set(names))
  await account.fault(fault)
  for (const { ref, event: held } of whole.changed) {
    await settled(async () => {
      try {
        await source.remove(refs.get(held.uid) ?? ref)
      } catch (error) {
        await reread(held.uid)
        throw error
      }
    })
  }
  await account.clearFaults()
  await new Promise(resolve => setTimeout(resolve, fault.kind === 'lag' ? 1200 : 0))
  expect((await account.open().pull(null)).changed).toEqual([])
  expect(await account.rows()).toEqual([])
})
