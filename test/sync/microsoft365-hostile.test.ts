/** A room in Microsoft 365 whose answers are as bad as its facts allow: rounds in any order, half told, cut off. */
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import { Engine } from '../../src/sync/engine.ts'
import type { Source } from '../../src/sync/source.ts'
import type { Item } from '../fakes/microsoft365/mailbox.ts'
import { openerOn, openOn } from '../fakes/microsoft365/open.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'
import { type Harness, openHarness } from './harness.ts'

const r1 = 'room1@contoso.test'
const berlinName = 'W. Europe Standard Time'
const year = new Date().getUTCFullYear() + 1

let graph: FakeGraph
let harness: Harness
let source: Source
let engine: Engine
beforeEach(async () => {
  graph = new FakeGraph()
  await graph.start()
  graph.mailbox(r1)
  harness = await openHarness()
  source = open()
  engine = harness.engine
})
afterEach(async () => {
  // Whatever happened: two more rounds write nothing on either side.
  for (let n = 0; n < 2; n++) await run()
  const token = await harness.store.token(0)
  graph.calls.length = 0
  await run()
  expect(graph.writes()).toEqual([])
  expect(await harness.store.token(0)).toBe(token)
  await harness.close()
  await graph.stop()
  expect(graph.contract.violations).toEqual([])
  expect(graph.mostAtOnce).toBeLessThanOrEqual(4)
})

const open = (address = r1): Source => openOn(graph, address)
const run = () => engine.run(harness.binding(source))
/** Another process: nothing is remembered but what is stored. */
function restart(address = r1): void {
  source = open(address)
  const now = () => Math.floor(Date.now() / 1000)
  engine = new Engine({ store: harness.store, log: pino({ level: 'silent' }), zone: 'Europe/Berlin', now })
}
const room = () => graph.mailbox(r1)
const items = () => room().all()

const two = (number: number) => String(number).padStart(2, '0')
const at = (day: string, hour: number, timeZone = berlinName) => ({
  dateTime: `${year}-${day}T${two(hour)}:00:00`,
  timeZone,
})
const slot = (day: string, hour: number) => ({ start: at(day, hour), end: at(day, hour + 1) })
const booked = (change: Partial<Item> = {}) => room().put({ subject: 'Meeting', ...slot('04-06', 9), ...change })
const mondays = (count = 5, recurrenceTimeZone = berlinName) => ({
  pattern: { type: 'weekly', interval: 1, daysOfWeek: ['monday'], firstDayOfWeek: 'monday' },
  range: { type: 'numbered', startDate: `${year}-03-01`, numberOfOccurrences: count, recurrenceTimeZone },
})
const bookedSeries = (change: Partial<Item> = {}) => booked({ ...slot('03-01', 10), recurrence: mondays(), ...change })
const berlin = (day: string, hour: number) => ({ dateTime: `${year}-${day}T${two(hour)}:00:00`, tzid: 'Europe/Berlin' })
const lecture = (uid: string, day = '03-01', hour = 9): ScheduleEvent => ({
  uid,
  master: { ...emptyMaster(berlin(day, hour), berlin(day, hour + 1)), summary: `Lecture ${uid}` },
  overrides: [],
  resourceIds: [1],
})
const eventOf = async (item: Item | string) =>
  (await harness.store.event(typeof item === 'string' ? item : (item.iCalUId ?? '')))?.event
const refusalsOf = async (uid: string) =>
  (await harness.store.conflicts({ uid })).flatMap(({ kind, detail }) => (kind === 'rejected' ? [detail?.code] : []))
const uids = () => harness.store.uids()
const startsOf = (event: ScheduleEvent | undefined): string[] =>
  event
    ? occurrences(event, { from: 0, to: 4e9 }, { zone: 'Europe/Berlin' }).map(({ start }) =>
        new Date(start * 1000).toISOString().slice(0, 16),
      )
    : []
const startsThere = () =>
  room()
    .view(0, 4e12)
    .map(({ start }) => start.dateTime.slice(0, 16))
    .sort()
/** As a round tells an occurrence. */
const bare = ({ id, type, seriesMasterId, start, end }: Item) => ({ id, type, seriesMasterId, start, end })
const gone = (id: string) => ({ id, '@removed': { reason: 'deleted' } })
/** As a round tells an item: everything but its extended properties. */
const told = (id: string) => {
  const { singleValueExtendedProperties: _, ...item } = room().get(id) as Item
  return item
}

describe('what a delta round may say', () => {
  it('occurrences on pages before their master, and the master never', async () => {
    const item = bookedSeries()
    const [first, ...others] = room().occurrences(item.id).map(bare)
    graph.script = [[], [first], others]
    await run()
    expect(startsOf(await eventOf(item))).toEqual(startsThere())
    expect(await uids()).toHaveLength(1)
  })

  it('an occurrence that does not name its series is asked for it', async () => {
    const item = bookedSeries()
    const [first] = room().occurrences(item.id).map(bare)
    graph.script = [[{ ...first, seriesMasterId: undefined }]]
    await run()
    expect(await uids()).toEqual([item.iCalUId])
    expect(startsOf(await eventOf(item))).toEqual(startsThere())
  })

  it('occurrences whose series is gone', async () => {
    const item = bookedSeries()
    booked({ subject: 'Other' })
    await run()
    const all = room().occurrences(item.id).map(bare)
    room().remove(item.id)
    graph.script = [[...all]]
    expect(await run()).toMatchObject({ removed: 1 })
  })

  it('S64 an item old and new in either order, over pages', async () => {
    const item = booked({ subject: 'old' })
    const old = told(item.id)
    await run()
    room().change(item.id, { subject: 'new' })
    graph.script = [[old], [told(item.id)]]
    await run()
    expect((await eventOf(item))?.master?.summary).toBe('new')
  })

  it('an item removed and told again, and told and removed', async () => {
    const [a, b] = [booked({ subject: 'a' }), booked({ subject: 'b' })]
    graph.script = [
      [gone(a.id), told(b.id)],
      [told(a.id), gone(b.id)],
    ]
    await run()
    expect(await uids()).toHaveLength(2)
  })

  it('an item half told is asked for the rest', async () => {
    const item = booked({ subject: 'Meeting', sensitivity: 'private' })
    const { id, start, end, subject, iCalUId } = told(item.id)
    graph.script = [[{ id, type: 'singleInstance', start, end, subject, iCalUId }]]
    await run()
    expect((await eventOf(item))?.master).toMatchObject({ summary: 'Busy', classification: 'PRIVATE' })
  })

  it('removals of what was never known, there or not', async () => {
    await run()
    const far = (hour: number) => ({ dateTime: `${year + 9}-03-01T${two(hour)}:00:00`, timeZone: berlinName })
    const item = booked({ start: far(9), end: far(10) })
    graph.script = [[gone(item.id), gone('AAkNever')]]
    expect(await run()).toMatchObject({ created: 0, removed: 0, error: null })
    expect(await uids()).toEqual([])
  })

  it('S07 a deleted occurrence of which nothing ever tells is found by the next whole read', async () => {
    const item = bookedSeries()
    await run()
    room().removeUnsaid(`OID.${item.id}.${year}-03-15`)
    await run()
    expect(startsOf(await eventOf(item))).toHaveLength(5)
    const now = Date.now
    try {
      Date.now = () => now() + 25 * 3_600_000
      await run()
    } finally {
      Date.now = now
    }
    expect(startsOf(await eventOf(item))).toEqual(startsThere())
    expect(startsThere()).toHaveLength(4)
  })

  it('S11 what left the window while the token was dead is moved, not deleted', async () => {
    const items = Array.from({ length: 4 }, (_, n) => booked({ subject: `m${n}` }))
    await run()
    const [moved, deleted] = items
    const far = (hour: number) => ({ dateTime: `${year + 9}-03-01T${two(hour)}:00:00`, timeZone: berlinName })
    room().change(moved?.id ?? '', { start: far(9), end: far(10) })
    room().remove(deleted?.id ?? '')
    room().generation++
    expect(await run()).toMatchObject({ updated: 1, removed: 1, error: null })
    const start = (await eventOf(moved?.iCalUId ?? ''))?.master?.start
    expect(start).toEqual({ dateTime: `${year + 9}-03-01T09:00:00`, tzid: 'Europe/Berlin' })
  })

  it('links that lead in a circle', async () => {
    booked()
    const link = `${graph.url}/v1.0/users/${encodeURIComponent(r1)}/calendarView/delta?$skiptoken=round`
    const other = link.replace('round', 'about')
    const page = (next: string) => JSON.stringify({ value: [], '@odata.nextLink': next })
    const json = { status: 200, headers: { 'Content-Type': 'application/json' } }
    graph.faults.push({ path: /delta.startDateTime/, html: page(link), ...json, times: 9 })
    graph.faults.push({ path: /=round/, html: page(other), ...json, times: 9 })
    graph.faults.push({ path: /=about/, html: page(link), ...json, times: 9 })
    expect(await run()).toMatchObject({ removed: 0, error: expect.stringMatching(/without a link to go on/) })
    graph.faults.length = 0
  })

  it('a next link to another host is refused, and nothing of the round is used', async () => {
    const html = JSON.stringify({ value: [], '@odata.nextLink': 'https://graph.example.com/v1.0/x?$skiptoken=1' })
    const headers = { 'Content-Type': 'application/json' }
    booked()
    await run()
    graph.faults.push({ path: /deltatoken/, status: 200, html, headers, times: 1 })
    expect(await run()).toMatchObject({ removed: 0, error: expect.stringMatching(/another host: graph.example.com/) })
  })
})

describe('a long round that breaks off', () => {
  const cutOff = (after: number) => {
    let pages = 0
    graph.onAnswer = path => {
      if (!path.includes('/delta') || ++pages <= after) return
      graph.faults.push({ path: /delta/, status: 500, times: 4 })
      graph.onAnswer = null
    }
  }
  const roundsBegun = () => graph.calls.filter(({ path, query }) => /delta$/.test(path) && query.has('startDateTime'))

  it.each([
    ['in the same process', false],
    ['after a restart', true],
  ])('goes on where it was, %s', async (_, anew) => {
    graph.pageSize = 3
    for (let n = 0; n < 10; n++) booked({ subject: `m${n}` })
    const series = bookedSeries()
    cutOff(3)
    expect(await run()).toMatchObject({ created: 0, error: expect.any(String) })
    if (anew) restart()
    expect(await run()).toMatchObject({ created: 11, error: null })
    expect(roundsBegun()).toHaveLength(1)
    expect(startsOf(await eventOf(series))).toHaveLength(5)
  })

  it('goes on in an increment, too', async () => {
    graph.pageSize = 3
    const all = Array.from({ length: 10 }, (_, n) => booked({ subject: `m${n}` }))
    await run()
    for (const { id } of all) room().change(id, { subject: 'changed' })
    room().remove(all[0]?.id ?? '')
    graph.calls.length = 0
    cutOff(2)
    await run()
    restart()
    expect(await run()).toMatchObject({ updated: 9, removed: 1, error: null })
    expect(roundsBegun()).toEqual([])
    expect(graph.calls.filter(({ query }) => query.has('$deltatoken'))).toHaveLength(1)
  })

  it('S12 begins again where its link has died meanwhile, and deletes nothing', async () => {
    graph.pageSize = 3
    for (let n = 0; n < 10; n++) booked({ subject: `m${n}` })
    cutOff(2)
    await run()
    room().generation++
    room().remove(items()[0]?.id ?? '')
    expect(await run()).toMatchObject({ created: 9, removed: 0, error: null })
  })

  it('S12 counts what the half round told as a reason to look, no more', async () => {
    graph.pageSize = 3
    const all = Array.from({ length: 9 }, (_, n) => booked({ subject: `m${n}` }))
    await run()
    room().generation++
    graph.faults.push({ path: /skiptoken/, status: 410, code: 'SyncStateNotFound', times: 1 })
    graph.onAnswer = path => {
      if (!path.includes('skiptoken')) return
      // Told on the first page of the round that dies, and gone when the next begins.
      room().remove(all[0]?.id ?? '')
      graph.onAnswer = null
    }
    expect(await run()).toMatchObject({ removed: 1, error: null })
  })
})

describe('all-day', () => {
  it('days that are rendered as instants are read on the clock of the event', async () => {
    const utc = (day: number, hour: number) => ({
      dateTime: `${year}-12-${day}T${hour}:00:00.0000000`,
      timeZone: 'UTC',
    })
    const item = booked({ isAllDay: true, start: at('12-24', 0), end: at('12-27', 0) })
    graph.script = [[{ ...told(item.id), start: utc(23, 23), end: utc(26, 23) }]]
    await run()
    expect((await eventOf(item))?.master).toMatchObject({
      start: { date: `${year}-12-24` },
      end: { date: `${year}-12-27` },
    })
    room().touch(item.id)
  })

  it.each(['New Zealand Standard Time', 'Pacific Standard Time'])(
    'a series of days made in %s keeps its exceptions in their places',
    async zone => {
      const day = (date: string) => at(date, 0, zone)
      const item = bookedSeries({
        ...{ isAllDay: true, start: day('03-01'), end: day('03-02'), recurrence: mondays(5, zone) },
        originalStartTimeZone: zone,
      })
      room().change(`OID.${item.id}.${year}-03-15`, { start: day('03-17'), end: day('03-18') })
      await run()
      expect(await eventOf(item)).toMatchObject({
        master: { exdates: [] },
        overrides: [{ recurrenceId: { date: `${year}-03-15` }, start: { date: `${year}-03-17` } }],
      })
    },
  )
})

it('S31 a series in the hour that a change of clocks leaves out is read, and its occurrences there are found', async () => {
  const start = Temporal.PlainDate.from({ year, month: 3, day: 31 })
  const change = start.subtract({ days: start.dayOfWeek % 7 })
  const day = (n: number) => change.add({ days: n }).toString().slice(5)
  const daily = { type: 'daily', interval: 1 }
  const range = { ...mondays().range, startDate: `${year}-${day(-2)}` }
  const item = booked({ ...slot(day(-2), 2), recurrence: { pattern: daily, range } })
  await run()
  expect(startsOf(await eventOf(item))).toEqual(startsThere())
  expect((await eventOf(item))?.master?.exdates).toEqual([])
  const event = await eventOf(item)
  const exdates = [{ dateTime: `${year}-${day(0)}T02:00:00`, tzid: 'Europe/Berlin' }]
  if (event?.master) await harness.put({ ...event, overrides: [], master: { ...event.master, exdates } })
  await run()
  expect(startsThere()).toHaveLength(4)
  expect(startsOf(await eventOf(item))).toEqual(startsThere())
})

it.each([
  ['wraps', (text: string) => `<html><head><meta></head><body>\r\n${text}\r\n</body></html>`],
  ['marks up', (text: string) => `<html><body><div>${text.split('\n').join('<br>\n')}</div></body></html>`],
])('S41 a text that Exchange %s is no edit', async (_, rewritten) => {
  const text = 'Bring chalk\nand a sponge'
  await harness.put({ ...lecture('a'), master: { ...lecture('a').master, description: text } } as ScheduleEvent)
  await run()
  const [item] = items()
  room().change(item?.id ?? '', { body: { contentType: 'html', content: rewritten(text) } })
  expect(await run()).toMatchObject({ updated: 0, pushed: 0 })
  expect((await eventOf('a'))?.master?.description).toBe(text)
})

it('S41 a title of 255 and more is cut as Exchange counts, and no character in two', async () => {
  await harness.put({ ...lecture('a'), master: { ...lecture('a').master, summary: '🎓'.repeat(200) } } as ScheduleEvent)
  await run()
  expect(items()[0]?.subject).toBe('🎓'.repeat(127))
  expect(await run()).toMatchObject({ updated: 0, pushed: 0 })
})

it('S58 a mailbox that was given another address is the same room', async () => {
  booked()
  await harness.put(lecture('a'))
  await run()
  graph.rename(r1, 'hall@contoso.test')
  expect(await run()).toMatchObject({ removed: 0, error: expect.any(String) })
  restart('hall@contoso.test')
  expect(await run()).toMatchObject({ created: 0, updated: 0, removed: 0, pushed: 0, error: null })
  graph.rename('hall@contoso.test', r1)
  restart()
})

it('an event of ours stays ours where a list shows no marks', async () => {
  graph.hidesListed = true
  await harness.put(lecture('a'))
  await run()
  room().generation++
  expect(await run()).toMatchObject({ created: 0, removed: 0, error: null })
  expect(await uids()).toEqual(['a'])
  expect(items()).toHaveLength(1)
})

describe('writing', () => {
  it('of an occurrence only what differs', async () => {
    const series = { ...lecture('a'), master: { ...lecture('a').master, rrules: ['FREQ=WEEKLY;COUNT=4'] } }
    await harness.put(series as ScheduleEvent)
    await run()
    graph.calls.length = 0
    const moved = { ...emptyMaster(berlin('03-08', 14), berlin('03-08', 15)), summary: 'Lecture a' }
    const override = { ...moved, recurrenceId: berlin('03-08', 9), thisAndFuture: false }
    await harness.put({ ...series, overrides: [override] } as ScheduleEvent)
    await run()
    expect(graph.writes().map(({ body }) => Object.keys(body).sort())).toEqual([['end', 'isAllDay', 'start']])
  })

  it('S28 a new series with an occurrence over its neighbour blocks the room on each of its dates', async () => {
    const series = { ...lecture('a'), master: { ...lecture('a').master, rrules: ['FREQ=WEEKLY;COUNT=4'] } }
    const moved = { ...emptyMaster(berlin('03-16', 14), berlin('03-16', 15)), summary: 'Lecture a' }
    const override = { ...moved, recurrenceId: berlin('03-08', 9), thisAndFuture: false }
    await harness.put({ ...series, overrides: [override] } as ScheduleEvent)
    for (let n = 0; n < 3; n++) await run()
    expect(await refusalsOf('a')).toEqual([])
    expect((await eventOf('a'))?.overrides).toHaveLength(1)
    expect(startsThere()).toHaveLength(4)
    expect(startsThere()).toEqual(startsOf(await eventOf('a')).sort())
  })

  it('S28 a new endless one is reported and stays as it is here', async () => {
    const series = { ...lecture('a'), master: { ...lecture('a').master, rrules: ['FREQ=WEEKLY'] } }
    const moved = { ...emptyMaster(berlin('03-16', 14), berlin('03-16', 15)), summary: 'Lecture a' }
    const override = { ...moved, recurrenceId: berlin('03-08', 9), thisAndFuture: false }
    await harness.put({ ...series, overrides: [override] } as ScheduleEvent)
    for (let n = 0; n < 3; n++) await run()
    expect(await refusalsOf('a')).toEqual(['ErrorOccurrenceCrossingBoundary'])
    expect((await eventOf('a'))?.overrides).toHaveLength(1)
    expect(items()).toEqual([])
  })

  it('a room booked by somebody else in the same moment is given up, if theirs was earlier', async () => {
    graph.onRequest = ({ method }) => {
      if (method !== 'POST') return
      graph.onRequest = null
      booked({ ...slot('03-01', 9), subject: 'Theirs', createdDateTime: '2026-01-01T00:00:00Z' })
    }
    await harness.put(lecture('a'))
    expect(await run()).toMatchObject({ rejected: 1 })
    expect(items().map(({ subject }) => subject)).toEqual(['Theirs'])
    expect(await refusalsOf('a')).toEqual(['room-taken'])
  })

  it('and kept if ours was', async () => {
    graph.onRequest = ({ method }) => {
      if (method !== 'POST') return
      graph.onRequest = null
      booked({ ...slot('03-01', 9), subject: 'Theirs', createdDateTime: `${year + 1}-01-01T00:00:00Z` })
    }
    await harness.put(lecture('a'))
    expect(await run()).toMatchObject({ rejected: 0, pushed: 1 })
    expect(items()).toHaveLength(2)
  })
})

describe('series that cannot be read are named, and stop nothing', () => {
  const { pattern, range } = mondays()
  it.each([
    ['no end where there should be one', { pattern, range: { ...range, numberOfOccurrences: 0 } }],
    ['the year 1', { pattern, range: { ...range, type: 'endDate', endDate: '0001-01-01' } }],
    ['no days', { pattern: { ...pattern, daysOfWeek: [] }, range }],
  ])('%s', async (_, recurrence) => {
    const item = bookedSeries()
    const other = booked({ subject: 'Other' })
    graph.script = [[{ ...told(item.id), recurrence }, told(other.id)]]
    expect(await run()).toMatchObject({ created: 1, rejected: 1, error: null })
    expect(await uids()).toEqual([other.iCalUId])
  })
})

it('S21 an event dragged to another calendar and back, deleted and restored, is one event with one mapping', async () => {
  const item = booked()
  booked({ subject: 'Other' })
  await run()
  // In another calendar of the mailbox the round of this one tells it as removed; the item itself is still there.
  graph.script = [[gone(item.id)]]
  expect(await run()).toMatchObject({ removed: 0 })
  graph.script = [[told(item.id)]]
  expect(await run()).toMatchObject({ created: 0, removed: 0 })
  room().remove(item.id)
  expect(await run()).toMatchObject({ removed: 1 })
  room().put(item)
  expect(await run()).toMatchObject({ created: 1 })
  expect(await uids()).toHaveLength(2)
})

it('S57 a room that may no longer be read is parked, loses nothing, comes back, and others go on', async () => {
  const r2 = 'room2@contoso.test'
  const two = openerOn(graph)
  source = two(r1, 'Europe/Berlin')
  const other = two(r2, 'Europe/Berlin')
  const second = { id: 'test/room2', calendar: 'room2', resourceId: 2 }
  booked()
  graph.mailbox(r2)
  await run()
  room().access = 'denied'
  graph.mailbox(r2).put({ subject: 'Theirs', ...slot('04-07', 9) })
  const [parked, going] = await Promise.all([run(), harness.run(other, second)])
  expect(parked).toMatchObject({ removed: 0, remedy: expect.stringMatching(/RBAC/) })
  expect(going).toMatchObject({ created: 1, error: null })
  expect(await uids()).toHaveLength(2)
  room().access = 'yes'
  expect(await run()).toMatchObject({ error: null, removed: 0 })
})

it.each([10, -10])('S62 a clock that is %i minutes off promises no past, and loops nowhere', async minutes => {
  const real = Date.now
  graph.now = real
  booked()
  Date.now = () => real() + minutes * 60_000
  try {
    await run()
    const { expiresAt } = (await source.watch?.({ url: 'https://calendar.example.edu/x?b=1', token: 't' })) ?? {}
    expect(Date.parse(expiresAt ?? '') - real()).toBeGreaterThan(3_600_000)
    await harness.put(lecture('a'))
    await run()
    graph.calls.length = 0
    await run()
    expect(graph.writes()).toEqual([])
    Date.now = real
    await run()
    graph.calls.length = 0
    await run()
    expect(graph.calls).toHaveLength(1)
  } finally {
    Date.now = real
  }
})

it('S61 five thousand instances in the window cost one request a series, at most', { timeout: 120_000 }, async () => {
  const daily = { pattern: { type: 'daily', interval: 1 } }
  for (let n = 0; n < 35; n++) {
    const hour = n % 12
    const range = { ...mondays().range, numberOfOccurrences: 143, startDate: `${year}-01-01` }
    booked({ subject: `s${n}`, ...slot('01-01', hour), recurrence: { ...daily, range } })
  }
  graph.calls.length = 0
  const before = process.cpuUsage()
  expect(await run()).toMatchObject({ created: 35, error: null })
  const { user, system } = process.cpuUsage(before)
  // With the stand-in's own work in it, which is most of it.
  expect((user + system) / 1e6).toBeLessThan(60)
  expect(graph.calls.filter(({ path }) => /\/events\/./.test(path))).toHaveLength(35)
  expect(startsThere()).toHaveLength(35 * 143)
})
