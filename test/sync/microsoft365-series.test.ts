/** Series in a room of Microsoft 365 that Exchange keeps otherwise than iCalendar does: taken-back exceptions, changes of clocks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CalTime, emptyMaster, type Master, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import type { Source } from '../../src/sync/source.ts'
import type { FakeMailbox } from '../fakes/microsoft365/mailbox.ts'
import { openOn } from '../fakes/microsoft365/open.ts'
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
  source = openOn(graph, r1)
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

describe('the night in which an hour is repeated', () => {
  const october = Temporal.PlainDate.from({ year, month: 10, day: 31 })
  const sunday = october.subtract({ days: october.dayOfWeek % 7 })
  const day = (n: number) => sunday.add({ days: n }).toString().slice(5)
  const inUtc = (clock: string) => ({ dateTime: `${year}-${day(0)}T${clock}:00`, timeZone: 'UTC' })
  const berlinName = 'W. Europe Standard Time'
  const clocked = (n: number, clock: string) => ({ dateTime: `${year}-${day(n)}T${clock}:00`, timeZone: berlinName })
  const daily = {
    pattern: { type: 'daily', interval: 1 },
    range: {
      ...{ type: 'numbered', startDate: `${year}-${day(-2)}`, numberOfOccurrences: 4 },
      recurrenceTimeZone: berlinName,
    },
  }
  const nightly = { start: clocked(-2, '01:15'), end: clocked(-2, '03:45'), recurrence: daily }

  it('an event in it keeps its instant, there and back', async () => {
    const late = { start: inUtc('01:30'), end: inUtc('02:30'), originalStartTimeZone: berlinName }
    const item = room().put({ subject: 'Late', ...late })
    const until = room().put({ subject: 'Until', ...late, start: inUtc('00:30'), end: inUtc('01:30') })
    await run()
    const { iCalUId: uid = '' } = item
    expect(spansOf(await eventOf(uid))).toEqual([`${day(0)}T01:30 – ${day(0)}T02:30`])
    expect(spansOf(await eventOf(until.iCalUId))).toEqual([`${day(0)}T00:30 – ${day(0)}T01:30`])
    const event = await eventOf(uid)
    if (event?.master) await harness.put({ ...event, master: { ...event.master, summary: 'Later' } })
    await run()
    expect(graph.writes().map(({ body }) => body)).toEqual([{ subject: 'Later' }])
    if (event?.master) await harness.put({ ...event, master: { ...event.master, end: on(day(0), '04:00') } })
    await run()
    expect(spansThere()).toContain(`${day(0)}T01:30 – ${day(0)}T03:00`)
  })

  it('one of ours that ends in it by its duration ends there', async () => {
    const end = { duration: 'PT1H' }
    await harness.put(series({ start: on(day(0), '02:30'), end, rrules: [] }))
    await run()
    expect(spansThere()).toEqual([`${day(0)}T00:30 – ${day(0)}T01:30`])
    expect(spansOf(await eventOf())).toEqual(spansThere())
  })

  it('an occurrence in it keeps its instant', async () => {
    const item = room().put({ subject: 'Nightly', ...nightly, start: clocked(-2, '02:15'), end: clocked(-2, '02:45') })
    room().change(`OID.${item.id}.${year}-${day(0)}`, { start: inUtc('01:15'), end: inUtc('01:45') })
    await run()
    expect(spansOf(await eventOf(item.iCalUId))).toEqual(spansThere())
    expect(spansThere()).toContain(`${day(0)}T01:15 – ${day(0)}T01:45`)
  })

  it('an occurrence that Exchange makes longer is as long here', async () => {
    const item = room().put({ subject: 'Nightly', ...nightly })
    await run()
    expect(spansThere()).toContain(`${day(-1)}T23:15 – ${day(0)}T02:45`)
    expect(spansOf(await eventOf(item.iCalUId))).toEqual(spansThere())
    expect((await eventOf(item.iCalUId))?.overrides).toHaveLength(1)
    const event = await eventOf(item.iCalUId)
    if (event?.master) await harness.put({ ...event, master: { ...event.master, summary: 'Maintenance' } })
    await run()
    expect(spansThere()).toContain(`${day(-1)}T23:15 – ${day(0)}T02:45`)
    expect(spansOf(await eventOf(item.iCalUId))).toEqual(spansThere())
  })

  it('a series that begins in that night is as long as most of its occurrences', async () => {
    const range = { ...daily.range, startDate: `${year}-${day(0)}` }
    const first = { start: clocked(0, '01:15'), end: clocked(0, '03:45'), recurrence: { ...daily, range } }
    const item = room().put({ subject: 'Nightly', ...first })
    await run()
    expect(spansOf(await eventOf(item.iCalUId))).toEqual(spansThere())
    expect((await eventOf(item.iCalUId))?.overrides).toHaveLength(1)
  })

  it('one of ours is written as long as it is', async () => {
    const times = { start: on(day(-2), '01:15'), end: on(day(-2), '03:45') }
    await harness.put(series({ ...times, rrules: ['FREQ=DAILY;COUNT=4'] }))
    await run()
    expect(spansThere()).toContain(`${day(-1)}T23:15 – ${day(0)}T01:45`)
    expect(spansOf(await eventOf())).toEqual(spansThere())
    expect((await eventOf())?.overrides).toEqual([])
  })
})

describe('a series in UTC', () => {
  const utc = (day: string, hour = '08') => on(day, `${hour}:00`, 'UTC')
  const inUtc = (rule: string) => series({ start: utc('02-01'), end: utc('02-01', '09'), rrules: [rule] })
  const zones = () => room().all()[0]?.recurrence?.range.recurrenceTimeZone

  it('is written on the clock of the room where its dates are the same there, and edited on both sides', async () => {
    const whole = inUtc('FREQ=WEEKLY;COUNT=4')
    await harness.put(whole)
    await run()
    expect(zones()).toBe('W. Europe Standard Time')
    expect(spansThere()).toEqual(spansOf(whole))
    const [item] = room().all()
    const place = (day: string) => `OID.${item?.id}.${year}-${day}`
    const time = (clock: string) => ({ dateTime: `${year}-02-09T${clock}:00`, timeZone: 'W. Europe Standard Time' })
    room().change(place('02-08'), { start: time('15:00'), end: time('16:00') })
    room().remove(place('02-15'))
    await run()
    expect(spansOf(await eventOf())).toEqual(spansThere())
    expect(spansThere()).toHaveLength(3)
    await harness.put(whole)
    await run()
    expect(spansThere()).toEqual(spansOf(whole))
  })

  it.each(['FREQ=WEEKLY;COUNT=12', `FREQ=WEEKLY;UNTIL=${year + 5}0101T000000Z`])(
    'stays in UTC where its dates would be others: %s',
    async rule => {
      await harness.put(inUtc(rule))
      await run()
      expect(zones()).toBe('UTC')
      expect(spansThere().slice(0, 12)).toEqual(spansOf(inUtc(rule)).slice(0, 12))
    },
  )

  it('that somebody made there is left as it is', async () => {
    const range = { type: 'numbered', startDate: `${year}-02-01`, numberOfOccurrences: 4, recurrenceTimeZone: 'UTC' }
    const pattern = { type: 'weekly', interval: 1, daysOfWeek: ['monday'], firstDayOfWeek: 'monday' }
    const time = (clock: string) => ({ dateTime: `${year}-02-01T${clock}:00`, timeZone: 'UTC' })
    room().put({ subject: 'Theirs', start: time('08:00'), end: time('09:00'), recurrence: { pattern, range } })
    await run()
    await run()
    expect(graph.writes()).toEqual([])
    expect(spansOf(await eventOf(room().all()[0]?.iCalUId))).toEqual(spansThere())
  })
})
