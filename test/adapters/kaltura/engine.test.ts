import { afterEach, beforeEach, expect, it } from 'vitest'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { sameContent } from '../../../src/schedule/merge.ts'
import { withResources } from '../../../src/sync/resources.ts'
import type { Source } from '../../../src/sync/source.ts'
import { type Harness, openHarness } from '../../sync/harness.ts'
import { EVENT, log, startAccount, type TestAccount } from './account.ts'
import { event, orphans, shapeNamed, shapes } from './events.ts'

let account: TestAccount
let room: number
let harness: Harness
let source: Source
beforeEach(async () => {
  account = await startAccount()
  room = await account.room('lh101')
  await account.room('lh102')
  harness = await openHarness()
  source = withResources(account.open(), harness.store, () => 'Europe/Berlin', log)
})
afterEach(async () => {
  await harness.close()
  await account.close()
})

const whole = { resourceId: null, calendar: 'account', id: 'kaltura/account', source: 'kaltura', type: 'kaltura' }
const run = () => harness.run(source, whole)
const stored = async (uid: string) => (await harness.store.event(uid))?.event

/** What Kaltura has no way to keep as it is written; what it makes of these is held by the other tests. */
const beyond = ['a rule nobody can read']

it('is written once, whatever is in the schedule, and then left alone for ten rounds', {
  timeout: 60_000,
}, async () => {
  const events = Object.keys(shapes)
    .filter(name => !beyond.includes(name))
    .map(name => ({ ...event(name, shapeNamed(name)), resourceIds: [room] }))
  const all: ScheduleEvent[] = [...events, { ...orphans('orphans'), resourceIds: [room] }]
  for (const one of all) await harness.put(one)
  const before = new Map(await Promise.all(all.map(async ({ uid }) => [uid, await stored(uid)] as const)))
  const first = await run()
  expect(first).toMatchObject({ error: null, pushed: all.length, rejected: 0, conflicts: 0 })
  const second = await run()
  expect(second).toMatchObject({ error: null, pushed: 0, created: 0, updated: 0, removed: 0, conflicts: 0 })
  const snapshot = await account.snapshot()
  for (let round = 0; round < 10; round++) {
    const report = await run()
    expect(report).toMatchObject({ error: null, pushed: 0, created: 0, updated: 0, removed: 0, conflicts: 0 })
  }
  expect(await account.snapshot()).toEqual(snapshot)
  // What Kaltura cannot hold is still here.
  for (const [uid, held] of before) {
    const now = await stored(uid)
    expect(now && held && sameContent(now, held), uid).toBe(true)
  }
  // Nor does a gateway that reads the account anew change a word of it.
  source = withResources(account.open(), harness.store, () => 'Europe/Berlin', log)
  const anew = { ...whole, id: 'kaltura/again' }
  expect(await harness.run(source, anew)).toMatchObject({ error: null, created: 0, updated: 0, conflicts: 0 })
  expect(await harness.run(source, anew)).toMatchObject({ error: null, pushed: 0, updated: 0 })
})

it('takes what people do in Kaltura, and gives what they do here', async () => {
  const uid = 'both'
  await harness.put({ ...event(uid, shapeNamed('a weekly series')), resourceIds: [room] })
  await run()
  const [series] = await account.rows({ recurrenceTypeEqual: 1, referenceIdEqual: uid })
  const children = (await account.rows({ parentIdEqual: series?.id })).sort(
    (a, b) => Number(a.startDate) - Number(b.startDate),
  )
  const scheduleEvent = { objectType: 'KalturaRecordScheduleEvent' }
  await account.ask(EVENT, 'cancel', { scheduleEventId: children[1]?.id })
  await account.ask(EVENT, 'update', {
    scheduleEventId: children[2]?.id,
    scheduleEvent: { ...scheduleEvent, summary: 'Guest' },
  })
  await run()
  const held = await stored(uid)
  expect(held?.master?.exdates).toHaveLength(1)
  expect(held?.overrides).toMatchObject([{ summary: 'Guest' }])

  if (!held?.master) throw new TypeError('no master')
  await harness.put({ ...held, master: { ...held.master, summary: 'Renamed here' } })
  await run()
  const rows = await account.rows({ parentIdEqual: series?.id })
  expect(rows.map(({ status, summary }) => `${status} ${summary}`).sort()).toEqual([
    '1 Renamed here',
    '2 Guest',
    ...Array(6).fill('2 Renamed here'),
  ])
  await account.ask(EVENT, 'delete', { scheduleEventId: series?.id })
  await run()
  expect(await stored(uid)).toBeUndefined()
})
