import { afterEach, beforeEach, expect, it } from 'vitest'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { undoRun } from '../../src/sync/undo.ts'
import { type Harness, openHarness, person } from './harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await openHarness()
})
afterEach(() => harness.close())

const lecture = (uid: string, summary: string): ScheduleEvent => ({
  uid,
  master: {
    ...emptyMaster({ dateTime: '2027-03-02T09:00:00', tzid: 'Europe/Berlin' }, { duration: 'PT1H' }),
    summary,
  },
  overrides: [],
  resourceIds: [1],
})

it('takes back what a run made, changed and deleted, and leaves later edits alone', async () => {
  const { store } = harness
  for (const uid of ['changed', 'deleted', 'edited']) await harness.put(lecture(uid, 'before'))
  await store.write({ source: 'google', user: null, run: 'r1' }, async tx => {
    await tx.put(lecture('made', 'new'))
    await tx.put(lecture('changed', 'once'))
    await tx.put(lecture('changed', 'twice'))
    await tx.put(lecture('edited', 'by the run'))
    await tx.remove('deleted')
  })
  await harness.put(lecture('edited', 'by Ann, later'))
  const plan = await undoRun(store, 'r1', person, true)
  expect(plan.map(({ uid, action }) => [uid, action]).sort()).toEqual([
    ...[
      ['changed', 'restore'],
      ['deleted', 'restore'],
      ['edited', 'skip'],
      ['made', 'remove'],
    ],
  ])
  expect((await store.event('changed'))?.event.master?.summary).toBe('twice')
  await undoRun(store, 'r1', person, false)
  const summaries = (await store.events(await store.uids())).map(({ uid, event }) => [uid, event.master?.summary])
  expect(summaries).toEqual([
    ...[
      ['changed', 'before'],
      ['deleted', 'before'],
      ['edited', 'by Ann, later'],
    ],
  ])
})
