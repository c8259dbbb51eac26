import { expect, it } from 'vitest'
import { MemorySource } from '../../adapters/memory.ts'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { openHarness } from './harness.ts'

const lecture = (uid: string, rrules: readonly string[] = []): ScheduleEvent => ({
  uid,
  master: {
    ...emptyMaster({ dateTime: '2027-03-02T09:00:00', tzid: 'Europe/Berlin' }, { duration: 'PT1H' }),
    summary: uid,
    rrules,
  },
  overrides: [],
  resourceIds: [1],
})

it('one event that cannot be stored is named and does not keep the others out', async () => {
  const harness = await openHarness()
  const source = new MemorySource()
  source.put(lecture('first'))
  source.put(lecture('exploding', ['FREQ=SECONDLY']))
  source.put(lecture('last'))
  expect(await harness.run(source)).toMatchObject({ created: 2, rejected: 1, error: null })
  expect(await harness.store.uids()).toEqual(['first', 'last'])
  const rejected = async () => (await harness.store.conflicts()).filter(({ kind }) => kind === 'rejected')
  expect(await rejected()).toMatchObject([{ uids: ['exploding'] }])
  source.put(lecture('exploding'))
  expect(await harness.run(source)).toMatchObject({ created: 1, rejected: 0 })
  expect(await rejected()).toEqual([])
  await harness.close()
})

it('a UID that no line of iCalendar can hold comes in as one that can be read again, and writes nothing back', async () => {
  const harness = await openHarness()
  const source = new MemorySource()
  for (const uid of [' lead', 'tail ', 'a\tb', 'line\nbreak', '\u0001bell']) source.put(lecture(uid))
  expect(await harness.run(source)).toMatchObject({ created: 5, rejected: 0, error: null })
  expect(await harness.store.uids()).toEqual(['a b', 'bell', 'lead', 'line break', 'tail'])
  const events = await harness.store.events(await harness.store.uids())
  expect(events.map(({ event }) => event.uid)).toHaveLength(5)
  expect(await harness.run(source)).toMatchObject({ created: 0, updated: 0, pushed: 0, error: null })
  await harness.close()
})
