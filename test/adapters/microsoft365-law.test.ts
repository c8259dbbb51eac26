/** What is pushed comes back as the mailbox promises to keep it, and occupies the same time there: for any event. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Rejected } from '../../src/errors.ts'
import { addDuration, endOf } from '../../src/schedule/caltime.ts'
import { type CalTime, emptyMaster, isDate, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import { openerOn } from '../fakes/microsoft365/open.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'

const graph = new FakeGraph()
beforeAll(() => graph.start())
afterAll(async () => {
  await graph.stop()
  expect(graph.contract.violations).toEqual([])
})

const year = new Date().getUTCFullYear() + 1
const window = { from: Date.UTC(year - 1, 0, 1) / 1000, to: Date.UTC(year + 1, 6, 1) / 1000 }
const zones = ['Europe/Berlin', 'America/Los_Angeles', 'Pacific/Auckland', 'Asia/Kolkata', 'UTC', 'Australia/Lord_Howe']
const two = (number: number) => String(number).padStart(2, '0')

const zone = fc.constantFrom(...zones)
const date = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 31 }))
  .map(([month, day]) => Temporal.PlainDate.from({ year, month, day }, { overflow: 'constrain' }).toString())
// Clocks change at night, where a wall time may not exist or exist twice.
const clock = fc
  .tuple(fc.integer({ min: 6, max: 21 }), fc.constantFrom(0, 15, 30))
  .map(([h, m]) => `${two(h)}:${two(m)}:00`)
const start: fc.Arbitrary<CalTime> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(date, clock, zone).map(([day, time, tzid]) => ({ dateTime: `${day}T${time}`, tzid })),
  },
  { weight: 1, arbitrary: date.map(day => ({ date: day })) },
)
const dayName = fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')
const bound = fc.integer({ min: 2, max: 9 }).map(count => `COUNT=${count}`)
const rule = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 4 }), bound).map(([n, end]) => `FREQ=DAILY;INTERVAL=${n};${end}`),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.uniqueArray(dayName, { minLength: 0, maxLength: 3 }), bound, dayName)
    .map(
      ([n, days, end, week]) =>
        `FREQ=WEEKLY;INTERVAL=${n};${days.length > 0 ? `BYDAY=${days};` : ''}WKST=${week};${end}`,
    ),
  bound.map(end => `FREQ=MONTHLY;${end}`),
  fc
    .tuple(fc.constantFrom(1, 2, 3, 4, -1, 5), dayName, bound)
    .map(([n, day, end]) => `FREQ=MONTHLY;BYDAY=${n}${day};${end}`),
  bound.map(end => `FREQ=YEARLY;${end}`),
)
const texts = fc.constantFrom('Physics', 'Übung 🎓', 'a  b', "O'Hara & <Sons>")

const event = fc
  .record({
    ...{
      start,
      rule: fc.option(rule),
      summary: texts,
      description: fc.option(texts),
      hours: fc.integer({ min: 1, max: 3 }),
    },
    ...{ cut: fc.nat(8), moved: fc.nat(8), private: fc.boolean(), tentative: fc.boolean() },
  })
  .map((a): ScheduleEvent => {
    const end = { duration: isDate(a.start) ? `P${a.hours}D` : `PT${a.hours}H` }
    const master = {
      ...emptyMaster(a.start, end),
      ...{ summary: a.summary, description: a.description, rrules: a.rule ? [a.rule] : [] },
      classification: a.private ? ('PRIVATE' as const) : null,
      status: a.tentative ? ('TENTATIVE' as const) : null,
    }
    const plain: ScheduleEvent = { uid: 'x', master, overrides: [], resourceIds: [] }
    const slots = a.rule ? occurrences(plain, window, { zone: 'UTC' }) : []
    const [cut, moved] = [slots[a.cut]?.startTime, slots[a.moved]?.startTime]
    // An hour later, so that it stays between its neighbours.
    const later = moved && !isDate(moved) ? addDuration(moved, 'PT1H') : moved
    const override: Override[] =
      moved && later && a.moved !== a.cut
        ? [{ ...master, start: later, end, summary: 'Moved', recurrenceId: moved, thisAndFuture: false }]
        : []
    return { ...plain, master: { ...master, exdates: cut ? [cut] : [] }, overrides: override }
  })

let rooms = 0
function open(zoneOfRoom: string) {
  const address = `room${rooms++}@contoso.test`
  graph.mailbox(address)
  const source = openerOn(graph)(address, zoneOfRoom)
  return { address, source }
}

it('every event comes back as it was kept, and lies at the same times', { timeout: 60_000 }, async () => {
  const law = fc.asyncProperty(event, zone, async (pushed, roomZone) => {
    const { address, source } = open(roomZone)
    let ref: unknown
    try {
      ref = await source.push?.(pushed, null)
    } catch (error) {
      // A series with one occurrence left in it, moved over another, or none at all.
      if (error instanceof Rejected) return
      throw error
    }
    const { changed, unreadable } = await source.pull(null)
    expect(unreadable).toEqual([])
    const view = source.normalize?.(pushed) ?? pushed
    if (changed.length === 0 && occurrences(view, window, { zone: roomZone }).length === 0) return
    expect(changed).toHaveLength(1)
    expect(changed[0]?.ref).toEqual(ref)
    const back = changed[0]?.event ?? pushed
    expect(differences(back, view)).toEqual([])
    expect(source.normalize?.(view)).toEqual(view)
    const allDay = pushed.master && isDate(pushed.master.start)
    const shown = graph.mailbox(address).view(window.from * 1000, window.to * 1000)
    const theirs = shown.map(item => item.start.dateTime.slice(0, allDay ? 10 : 19)).sort()
    const mine = occurrences(view, window, { zone: roomZone }).map(({ start: at, startTime }) =>
      isDate(startTime) ? startTime.date : new Date(at * 1000).toISOString().slice(0, 19),
    )
    expect(theirs).toEqual(mine.sort())
    expect(endOf(back.master ?? emptyMaster({ date: '2026-01-01' }))).toBeDefined()
  })
  await fc.assert(law, { numRuns: 40 })
})

it('any event can be turned into any other', { timeout: 60_000 }, async () => {
  const law = fc.asyncProperty(event, event, zone, async (before, after, roomZone) => {
    const { source } = open(roomZone)
    const { push } = source
    if (!push) throw new TypeError('the source can be written')
    try {
      const first = await push(before, null)
      const read = await source.pull(null)
      if (read.changed.length === 0) return
      const ref = await push(after, first)
      const { changed, unreadable } = await source.pull(read.cursor)
      expect(unreadable).toEqual([])
      const view = source.normalize?.(after) ?? after
      if (changed.length === 0 && occurrences(view, window, { zone: roomZone }).length === 0) return
      expect(changed).toHaveLength(1)
      expect(changed[0]?.ref).toEqual(ref)
      expect(differences(changed[0]?.event ?? before, view)).toEqual([])
      await source.remove?.(ref)
      expect((await source.pull(null)).changed).toEqual([])
    } catch (error) {
      if (!(error instanceof Rejected)) throw error
    }
  })
  await fc.assert(law, { numRuns: 40 })
})
