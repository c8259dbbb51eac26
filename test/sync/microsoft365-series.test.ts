/** Series in a room of Microsoft 365 that Exchange keeps otherwise than iCalendar does: taken-back exceptions, changes of clocks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMicrosoft365 } from '../../adapters/microsoft365/index.ts'
import { type CalTime, emptyMaster, type Master, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import type { Source } from '../../src/sync/source.ts'
import type { FakeMailbox } from '../fakes/microsoft365/mailbox.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'
import { type Harness, openHarness } from './harness.ts'

const r1 = 'room1@contoso.test'
const year = new Date().getUTCFullYear() + 1

let graph: FakeGraph
let harness: Harness
let source: Source
beforeEach(async () => {
  graph = new FakeGraph()
  await graph.start()
  graph.mailbox(r1)
  harness = await openHarness()
  source = openMicrosoft365({
    ...{ tenantId: '11111111-2222-3333-4444-555555555555', clientId: 'aaaaaaaa-2222-3333-4444-555555555555' },
    ...{ clientSecret: 'secret', organizer: null, tenant: '101', graphUrl: graph.url, authorityUrl: graph.url },
  })(r1, 'Europe/Berlin')
})
afterEach(async () => {
  // Whatever happened: a third round writes nothing on either side.
  for (let n = 0; n < 2; n++) await run()
  const token = await harness.store.token(0)
  graph.calls.length = 0
  await run()
  expect(graph.writes()).toEqual([])
  expect(await harness.store.token(0)).toBe(token)
  await harness.close()
  await graph.stop()
  expect(graph.contract.violations).toEqual([])
})

const run = () => harness.run(source)
const room = (): FakeMailbox => graph.mailbox(r1)
const on = (day: string, clock = '09:00', tzid = 'Europe/Berlin') => ({ dateTime: `${year}-${day}T${clock}:00`, tzid })
const series = (change: Partial<Master> = {}, overrides: readonly Override[] = []): ScheduleEvent => ({
  uid: 'a',
  master: {
    ...emptyMaster(on('03-01'), on('03-01', '10:00')),
    ...{ summary: 'Lecture', rrules: ['FREQ=WEEKLY;COUNT=6'] },
    ...change,
  },
  overrides,
  resourceIds: [1],
})
const moved = (recurrenceId: CalTime, start: CalTime, end: CalTime): Override => ({
  ...{ ...emptyMaster(start, end), summary: 'Lecture' },
  ...{ recurrenceId, thisAndFuture: false },
})
const eventOf = async (uid = 'a') => (await harness.store.event(uid))?.event
const refusals = async () =>
  (await harness.store.conflicts({ uid: 'a' })).flatMap(({ kind, detail }) =>
    kind === 'rejected' ? [detail.code] : [],
  )
const spans = (all: readonly (readonly [number, number])[]) =>
  all.map(span => span.map(at => new Date(at * 1000).toISOString().slice(5, 16)).join(' – ')).sort()
const spansOf = (event: ScheduleEvent | undefined) =>
  spans(
    event
      ? occurrences(event, { from: 0, to: 4e9 }, { zone: 'Europe/Berlin' }).map(({ start, end }) => [start, end])
      : [],
  )
const spansThere = () =>
  spans(
    room()
      .view(0, 4e12)
      .map(({ start, end }) => [Date.parse(`${start.dateTime}Z`) / 1000, Date.parse(`${end.dateTime}Z`) / 1000]),
  )

describe('a deleted occurrence is taken back', () => {
  const rules = ['FREQ=WEEKLY;COUNT=6', `FREQ=WEEKLY;UNTIL=${year}0405T080000Z`]
  const kept = moved(on('03-22'), on('03-23', '15:00'), on('03-23', '16:00'))
  const before = (rule: string) =>
    series({ rrules: [rule], exdates: [on('03-15')] }, [
      moved(on('03-08'), on('03-09', '15:00'), on('03-09', '16:30')),
      kept,
    ])

  describe.each(['changed', 'written'] as const)('where a pattern that is %s drops exceptions', drops => {
    it.each(rules)('and comes back, and another exception stays: %s', async rule => {
      room().drops = drops
      await harness.put(before(rule))
      await run()
      await harness.put(series({ rrules: [rule] }, [kept]))
      await run()
      expect(spansThere()).toEqual(spansOf(series({ rrules: [rule] }, [kept])))
      expect(spansOf(await eventOf())).toEqual(spansThere())
      expect(await refusals()).toEqual([])
    })
  })

  it('in an all-day series, and in one without an end', async () => {
    const days = { start: { date: `${year}-03-01` }, end: { date: `${year}-03-02` }, rrules: ['FREQ=WEEKLY;BYDAY=MO'] }
    await harness.put(series({ ...days, exdates: [{ date: `${year}-03-15` }] }))
    await run()
    await harness.put(series(days))
    await run()
    const all = room().view(0, Date.UTC(year, 3, 1))
    expect(all.map(({ start }) => start.dateTime.slice(5, 10))).toEqual(['03-01', '03-08', '03-15', '03-22', '03-29'])
    expect(room().all()[0]?.recurrence?.range.type).toBe('noEnd')
  })

  it('and does not come back: that is said once, and not tried for ever', async () => {
    room().drops = 'never'
    await harness.put(before('FREQ=WEEKLY;COUNT=6'))
    await run()
    await harness.put(series({}, [kept]))
    await run()
    expect(await refusals()).toEqual(['occurrence-gone'])
    for (let n = 0; n < 3; n++) await run()
    const writes = graph.writes().length
    await run()
    expect(graph.writes()).toHaveLength(writes)
    expect(await refusals()).toEqual(['occurrence-gone'])
    expect((await eventOf())?.master?.exdates).toEqual([])
  })
})
