/** Situations a room in Microsoft 365 has to survive: the whole way, adapter to store. */
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CalTime, emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import { Engine } from '../../src/sync/engine.ts'
import type { SyncReport } from '../../src/sync/report.ts'
import type { Source } from '../../src/sync/source.ts'
import type { Item } from '../fakes/microsoft365/mailbox.ts'
import { openerOn, openOn } from '../fakes/microsoft365/open.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'
import { type Harness, openHarness } from './harness.ts'

const r1 = 'room1@contoso.test'
const r2 = 'room2@contoso.test'
const ann = 'ann@contoso.test'
const berlinName = 'W. Europe Standard Time'

let graph: FakeGraph
let harness: Harness
let source: Source

beforeEach(async () => {
  graph = new FakeGraph()
  await graph.start()
  for (const address of [r1, r2, ann]) graph.mailbox(address)
  harness = await openHarness()
  source = open(r1)
})
afterEach(async () => {
  await expectQuiet()
  await harness.close()
  await graph.stop()
  expect(graph.contract.violations).toEqual([])
  expect(graph.mostAtOnce).toBeLessThanOrEqual(4)
})

const open = (mailbox: string, organizer: string | null = null): Source => openOn(graph, mailbox, organizer)

/** The general rule after each: one more round writes nothing on either side. */
async function expectQuiet(): Promise<void> {
  await harness.run(source)
  const token = await harness.store.token(0)
  graph.calls.length = 0
  await harness.run(source)
  expect(graph.writes()).toEqual([])
  expect(await harness.store.token(0)).toBe(token)
}

const year = new Date().getUTCFullYear() + 1
const berlin = (dateTime: string) => ({ dateTime, tzid: 'Europe/Berlin' })
const two = (number: number) => String(number).padStart(2, '0')
const lecture = (uid: string, day = '03-01', hour = 9): ScheduleEvent => ({
  uid,
  master: {
    ...emptyMaster(berlin(`${year}-${day}T${two(hour)}:00:00`), berlin(`${year}-${day}T${two(hour + 1)}:00:00`)),
    summary: `Lecture ${uid}`,
  },
  overrides: [],
  resourceIds: [1],
})
const withMaster = (event: ScheduleEvent, change: Partial<NonNullable<ScheduleEvent['master']>>): ScheduleEvent => ({
  ...event,
  master: event.master && { ...event.master, ...change },
})
/** Mondays at nine, six of them. */
const weekly = (uid: string): ScheduleEvent => withMaster(lecture(uid), { rrules: ['FREQ=WEEKLY;COUNT=6'] })

const at = (day: string, hour: number) => ({ dateTime: `${year}-${day}T${two(hour)}:00:00`, timeZone: berlinName })
const slot = (day: string, hour: number) => ({ start: at(day, hour), end: at(day, hour + 1) })
/** Somebody's own booking in a room's calendar. */
const booked = (change: Partial<Item> = {}): Item =>
  graph.mailbox(r1).put({ subject: 'Meeting', ...slot('04-06', 9), ...change })
const bookedSeries = (change: Partial<Item> = {}): Item =>
  booked({
    ...slot('03-01', 10),
    recurrence: {
      pattern: { type: 'weekly', interval: 1, daysOfWeek: ['monday'], firstDayOfWeek: 'monday' },
      range: { type: 'numbered', startDate: `${year}-03-01`, numberOfOccurrences: 5, recurrenceTimeZone: berlinName },
    },
    ...change,
  })
/** Ann invites rooms from her own calendar, and they answer. */
function meeting(rooms: readonly string[], change: Partial<Item> = {}): Item {
  const attendees = rooms.map(address => ({ type: 'resource', emailAddress: { address } }))
  const item = graph.mailbox(ann).put({ subject: 'Meeting', ...slot('04-06', 9), attendees, ...change })
  graph.answerInvitations()
  return item
}

const uids = async () => (await harness.store.uids()).sort()
const eventOf = async (uid: string) => (await harness.store.event(uid))?.event
const run = (): Promise<SyncReport> => harness.run(source)
/** One run in another process: nothing is remembered but what is stored. */
async function runAnew(again: Source): Promise<SyncReport> {
  const now = () => Math.floor(Date.now() / 1000)
  const engine = new Engine({ store: harness.store, log: pino({ level: 'silent' }), zone: 'Europe/Berlin', now })
  return engine.run(harness.binding(again))
}
const items = () => graph.mailbox(r1).all()
const subjects = () =>
  items()
    .map(({ subject }) => subject)
    .sort()
const year0 = { from: Date.UTC(year, 0, 1) / 1000, to: Date.UTC(year + 1, 0, 1) / 1000 }
const startsOf = (event: ScheduleEvent | undefined, window = year0): string[] =>
  event
    ? occurrences(event, window, { zone: 'Europe/Berlin' }).map(({ start }) => new Date(start * 1000).toISOString())
    : []
const startsIn = (mailbox: string, from = Date.UTC(year, 0, 1), to = Date.UTC(year + 1, 0, 1)): string[] =>
  graph
    .mailbox(mailbox)
    .view(from, to)
    .map(({ start }) => `${start.dateTime.slice(0, 19)}.000Z`)
    .sort()
const utc = (day: string, hour: number) => `${year}-${day}T${two(hour)}:00:00.000Z`

describe('loss and doubling', () => {
  it('S01 an event of ours comes back and is no news', async () => {
    await harness.put(lecture('a'))
    expect(await run()).toMatchObject({ pushed: 1 })
    expect(await run()).toMatchObject({ created: 0, updated: 0, removed: 0, pushed: 0 })
    expect(subjects()).toEqual(['Lecture a'])
  })

  it('S02 a create whose answer is lost makes one event', async () => {
    graph.faults.push({ method: 'POST', path: /events$/, after: true, drop: true, times: 1 })
    await harness.put(lecture('a'))
    await run()
    expect(subjects()).toEqual(['Lecture a'])
    expect(graph.calls.some(({ query }) => /Any\(ep: ep\/id eq/.test(query.get('$filter') ?? ''))).toBe(true)
  })

  it('S02 nor when nothing but failures come back', async () => {
    graph.faults.push({ method: 'POST', path: /events$/, after: true, status: 504, times: 1 })
    graph.faults.push({ method: 'GET', path: /filter/, status: 400, code: 'ErrorInternal', times: 2 })
    await harness.put(lecture('a'))
    // The looks before the create fail twice; then the create does, and takes effect.
    for (let n = 0; n < 3; n++) await run()
    expect(subjects()).toEqual(['Lecture a'])
  })

  it('S04 an event moved out of the window is moved here, not deleted', async () => {
    const item = booked()
    await run()
    const away = { dateTime: `${year + 9}-03-01T09:00:00`, timeZone: berlinName }
    graph.mailbox(r1).change(item.id, { start: away, end: { ...away, dateTime: `${year + 9}-03-01T10:00:00` } })
    expect(await run()).toMatchObject({ removed: 0, updated: 1 })
    expect((await eventOf(item.iCalUId ?? ''))?.master?.start).toEqual(berlin(`${year + 9}-03-01T09:00:00`))
  })

  it('S05 a real deletion is taken once', async () => {
    const item = booked()
    booked({ subject: 'Other' })
    await run()
    graph.mailbox(r1).remove(item.id)
    expect(await run()).toMatchObject({ removed: 1 })
    expect(await uids()).toHaveLength(1)
  })

  it('S07 one deleted occurrence, of which nothing tells, is found', async () => {
    const item = bookedSeries()
    await run()
    graph.mailbox(r1).remove(`OID.${item.id}.${year}-03-15`)
    expect(await run()).toMatchObject({ updated: 1 })
    expect((await eventOf(item.iCalUId ?? ''))?.master?.exdates).toEqual([berlin(`${year}-03-15T10:00:00`)])
    expect(startsOf(await eventOf(item.iCalUId ?? ''))).toEqual(startsIn(r1))
  })

  it('S08 a series moved to another day leaves nothing behind', async () => {
    const item = bookedSeries()
    await run()
    graph.mailbox(r1).change(item.id, {
      ...slot('03-02', 14),
      recurrence: {
        pattern: { type: 'weekly', interval: 1, daysOfWeek: ['tuesday'], firstDayOfWeek: 'monday' },
        range: { type: 'numbered', startDate: `${year}-03-02`, numberOfOccurrences: 5, recurrenceTimeZone: berlinName },
      },
    })
    expect(await run()).toMatchObject({ updated: 1 })
    expect(startsOf(await eventOf(item.iCalUId ?? ''))).toEqual(startsIn(r1))
    expect(await uids()).toHaveLength(1)
  })

  it.each([
    ['SyncStateNotFound', 410],
    ['resyncRequired', 410],
    ['syncStateNotFound', 404],
    ['SyncStateInvalid', 400],
  ])('S11 a dead delta link (%s, %i) deletes nothing, and finds what was deleted meanwhile', async (code, status) => {
    const all = Array.from({ length: 12 }, (_, n) => booked({ subject: `m${n}`, ...slot(`04-${two(n + 1)}`, 9) }))
    await run()
    graph.mailbox(r1).remove(all[3]?.id ?? '')
    const added = booked({ subject: 'new' })
    graph.faults.push({ path: /deltatoken/, status, code, times: 1 })
    expect(await run()).toMatchObject({ created: 1, removed: 1, error: null })
    expect(await uids()).toContain(added.iCalUId)
    expect(await uids()).toHaveLength(12)
  })

  it('S12 a round that dies under way starts again and counts nothing twice', async () => {
    for (let n = 0; n < 9; n++) booked({ subject: `m${n}` })
    graph.pageSize = 3
    graph.faults.push({ path: /skiptoken/, status: 410, code: 'SyncStateNotFound', times: 1 })
    expect(await run()).toMatchObject({ created: 9, removed: 0, error: null })
  })

  it('S14 an empty first page is followed', async () => {
    graph.emptyFirstPage = true
    booked()
    await run()
    graph.mailbox(r1).generation++
    expect(await run()).toMatchObject({ removed: 0, error: null })
    expect(await uids()).toHaveLength(1)
  })

  it('S15 a new window deletes nothing that fell out of the old one, and loses no change', async () => {
    const old = booked()
    const changed = booked({ subject: 'Before', ...slot('04-08', 9) })
    await run()
    const now = Date.now
    try {
      graph.mailbox(r1).change(changed.id, { subject: 'After' })
      // Four years on: what was inside lies before the new window.
      Date.now = () => now() + 4 * 366 * 86_400_000
      expect(await run()).toMatchObject({ removed: 0, updated: 1 })
    } finally {
      Date.now = now
    }
    expect(await uids()).toEqual([old.iCalUId, changed.iCalUId].sort())
    expect((await eventOf(changed.iCalUId ?? ''))?.master?.summary).toBe('After')
  })

  it('S18 when both sides move an event, one of them wins on both', async () => {
    await harness.put(lecture('a'))
    await run()
    const [item] = items()
    let once = true
    graph.onRequest = ({ method }) => {
      if (method !== 'PATCH' || !once) return
      once = false
      graph.mailbox(r1).change(item?.id ?? '', slot('03-01', 12))
    }
    await harness.put(lecture('a', '03-01', 11))
    await run()
    const [theirs] = startsIn(r1)
    expect(startsOf(await eventOf('a'))).toEqual([theirs])
    expect(await harness.store.conflicts({ uid: 'a' })).toMatchObject([{ kind: 'edit' }])
  })

  it('S21 an event deleted and restored is one event', async () => {
    const item = booked()
    booked({ subject: 'Other' })
    await run()
    graph.mailbox(r1).remove(item.id)
    await run()
    graph.mailbox(r1).put(item)
    await run()
    expect(await uids()).toHaveLength(2)
  })

  it('S22 a meeting cancelled by its organizer is gone, and its later deletion is nothing', async () => {
    const { iCalUId } = meeting([r1])
    booked({ subject: 'Other', ...slot('04-07', 9) })
    await run()
    const copy = items().find(item => item.iCalUId === iCalUId)
    graph.mailbox(r1).change(copy?.id ?? '', { isCancelled: true, showAs: 'free', subject: 'Canceled: Meeting' })
    expect(await run()).toMatchObject({ removed: 1 })
    graph.mailbox(r1).remove(copy?.id ?? '')
    expect(await run()).toMatchObject({ removed: 0, error: null })
  })
})

describe('recurrence', () => {
  const rules: readonly [name: string, start: string, rule: string][] = [
    ['daily/3', '03-01', 'FREQ=DAILY;INTERVAL=3;COUNT=8'],
    ['weekly Mon, Wed every 2 weeks from Monday', '03-01', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=MO;COUNT=7'],
    ['weekly Sun, Tue every 2 weeks from Sunday', '03-02', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU;COUNT=7'],
    ['weekly Sun, Tue every 2 weeks from Monday', '03-02', 'FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=MO;COUNT=7'],
    ['monthly on the 15th', '03-15', `FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=${year}0915T070000Z`],
    ['second Thursday', '03-11', 'FREQ=MONTHLY;BYDAY=2TH;COUNT=5'],
    ['last Friday', '03-26', 'FREQ=MONTHLY;BYDAY=-1FR;COUNT=5'],
    ['first workday', '03-01', 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=5'],
    ['yearly', '03-01', 'FREQ=YEARLY;COUNT=2'],
    ['fourth Thursday of November', '11-25', 'FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2'],
    ['without end', '03-01', 'FREQ=WEEKLY;BYDAY=MO'],
  ]
  it.each(rules)('S24 %s has the same dates on both sides', async (_, day, rule) => {
    await harness.put(withMaster(lecture('a', day), { rrules: [rule] }))
    expect(await run()).toMatchObject({ pushed: 1, error: null })
    expect(startsIn(r1)).toEqual(startsOf(await eventOf('a')))
    expect(startsIn(r1)).not.toEqual([])
  })

  it.each(rules)('S24 %s is read back as it lies there', async (_, day, rule) => {
    const other = openHarness()
    await harness.put(withMaster(lecture('a', day), { rrules: [rule] }))
    await run()
    const reader = await other
    await reader.run(open(r1))
    const [uid = ''] = await reader.store.uids()
    expect(startsOf((await reader.store.event(uid))?.event)).toEqual(startsIn(r1))
    await reader.close()
  })

  it('S25 the 31st of each month is never written with other dates', async () => {
    await harness.put(withMaster(lecture('a', '01-31'), { rrules: ['FREQ=MONTHLY;COUNT=6'] }))
    await run()
    expect(startsIn(r1)).toEqual(startsOf(await eventOf('a')))
    expect(startsIn(r1)).not.toEqual([])
  })

  it('S25 the 31st that Exchange moves to the last of the month is read with its dates', async () => {
    const item = booked({
      ...slot('01-31', 9),
      recurrence: {
        pattern: { type: 'absoluteMonthly', interval: 1, dayOfMonth: 31 },
        range: { type: 'numbered', startDate: `${year}-01-31`, numberOfOccurrences: 6, recurrenceTimeZone: berlinName },
      },
    })
    await run()
    expect(startsOf(await eventOf(item.iCalUId ?? ''))).toEqual(startsIn(r1))
  })

  it('S27 a moved occurrence is the same occurrence, there and back', async () => {
    const item = bookedSeries()
    await run()
    const id = `OID.${item.id}.${year}-03-15`
    graph.mailbox(r1).change(id, slot('03-15', 15))
    await run()
    expect((await eventOf(item.iCalUId ?? ''))?.overrides).toMatchObject([
      { recurrenceId: berlin(`${year}-03-15T10:00:00`), start: berlin(`${year}-03-15T15:00:00`) },
    ])
    graph.mailbox(r1).change(id, slot('03-15', 10))
    await run()
    expect(await eventOf(item.iCalUId ?? '')).toMatchObject({ overrides: [], master: { exdates: [] } })
  })

  it('S28 a moved occurrence of ours is moved there', async () => {
    await harness.put(weekly('a'))
    await run()
    const moved = {
      ...emptyMaster(berlin(`${year}-03-16T14:00:00`), berlin(`${year}-03-16T15:00:00`)),
      ...{ summary: 'Lecture a', recurrenceId: berlin(`${year}-03-15T09:00:00`), thisAndFuture: false },
    }
    await harness.put({ ...weekly('a'), overrides: [moved] })
    await run()
    expect(startsIn(r1)).toContain(utc('03-16', 13))
    expect(startsIn(r1)).toEqual(startsOf(await eventOf('a')))
    await harness.put(weekly('a'))
    await run()
    expect(startsIn(r1)).toEqual(startsOf(weekly('a')))
  })

  it('S28 a series in which Exchange has taken such a move stays a series', async () => {
    const item = bookedSeries()
    graph.mailbox(r1).change(`OID.${item.id}.${year}-03-15`, slot('03-23', 15))
    await run()
    const event = await eventOf(item.iCalUId ?? '')
    if (event) await harness.put(withMaster(event, { summary: 'Renamed' }))
    await run()
    expect(items()).toMatchObject([{ id: item.id, subject: 'Renamed' }])
    expect(startsIn(r1)).toEqual(startsOf(await eventOf(item.iCalUId ?? '')))
  })

  it.each([
    ['a series that ends is written as single events', 'FREQ=WEEKLY;COUNT=6'],
    ['of a series without an end it is reported once and not tried for ever', 'FREQ=WEEKLY;BYDAY=MO'],
  ])('S28 one moved over its neighbour: %s', async (_, rule) => {
    const series = withMaster(weekly('a'), { rrules: [rule] })
    await harness.put(series)
    await run()
    const before = startsIn(r1)
    const moved = {
      ...emptyMaster(berlin(`${year}-03-23T14:00:00`), berlin(`${year}-03-23T15:00:00`)),
      ...{ summary: 'Lecture a', recurrenceId: berlin(`${year}-03-15T09:00:00`), thisAndFuture: false },
    }
    await harness.put({ ...series, overrides: [moved] })
    await run()
    const conflicts = await harness.store.conflicts({ uid: 'a' })
    if (rule.includes('COUNT')) {
      expect(conflicts).toEqual([])
      expect(startsIn(r1)).toContain(utc('03-23', 13))
      expect(startsIn(r1)).toEqual(startsOf(await eventOf('a')))
      // Put back, it is a series again.
      await harness.put(series)
      await run()
      expect(items()).toHaveLength(1)
    } else {
      expect(conflicts).toMatchObject([{ kind: 'rejected', detail: { code: 'ErrorOccurrenceCrossingBoundary' } }])
      graph.calls.length = 0
      await run()
      expect(graph.writes()).toEqual([])
    }
    expect(startsIn(r1)).toEqual(before)
  })

  it.each([
    ['Europe/Berlin', '10-20', 'FREQ=WEEKLY;COUNT=6'],
    ['America/New_York', '10-25', 'FREQ=WEEKLY;COUNT=6'],
    ['Australia/Sydney', '09-20', 'FREQ=WEEKLY;COUNT=6'],
    ['Asia/Kolkata', '10-20', 'FREQ=WEEKLY;COUNT=6'],
    ['America/Sao_Paulo', '10-20', 'FREQ=WEEKLY;COUNT=6'],
  ])('S31 a series stays on the clock of %s', async (tzid, day, rule) => {
    const start = { dateTime: `${year}-${day}T10:00:00`, tzid }
    const end = { dateTime: `${year}-${day}T11:00:00`, tzid }
    await harness.put(withMaster(lecture('a'), { start, end, rrules: [rule] }))
    await run()
    expect(startsIn(r1)).toEqual(startsOf(await eventOf('a')))
    expect(startsIn(r1)).toHaveLength(6)
  })

  it('S32 a series that is split leaves no date doubled or missing', async () => {
    await harness.put(weekly('a'))
    await run()
    await harness.put(withMaster(weekly('a'), { rrules: [`FREQ=WEEKLY;UNTIL=${year}0315T080000Z`] }))
    await harness.put(withMaster(lecture('b', '03-22', 14), { rrules: ['FREQ=WEEKLY;COUNT=3'] }))
    await run()
    expect(startsIn(r1)).toEqual([...startsOf(await eventOf('a')), ...startsOf(await eventOf('b'))].sort())
    expect(startsIn(r1)).toHaveLength(6)
  })

  it('S34 a first date off the pattern is never moved in silence', async () => {
    await harness.put(withMaster(lecture('a'), { rrules: ['FREQ=WEEKLY;BYDAY=TU;COUNT=4'] }))
    await run()
    expect(startsIn(r1)).toEqual(startsOf(await eventOf('a')))
    expect(startsIn(r1)).not.toEqual([])
  })

  it('S35 the last date of a series is the same on both sides', async () => {
    const start: CalTime = berlin(`${year}-03-01T00:00:00`)
    const event = withMaster(lecture('a'), { start, end: { duration: 'PT1H' } })
    await harness.put(withMaster(event, { rrules: [`FREQ=DAILY;UNTIL=${year}0310T230000Z`] }))
    await run()
    expect(startsIn(r1)).toEqual(startsOf(await eventOf('a')))
    expect(startsIn(r1)).toHaveLength(11)
  })
})

describe('fields', () => {
  it('S37 a private meeting is Busy and nothing more', async () => {
    const item = booked({
      subject: 'Salary talk',
      sensitivity: 'private',
      body: { contentType: 'text', content: 'Salary' },
    })
    await run()
    const stored = await harness.store.event(item.iCalUId ?? '')
    expect(stored?.event.master).toMatchObject({ summary: 'Busy', classification: 'PRIVATE' })
    expect(stored?.body).not.toMatch(/Salary/)
  })

  it('S38 an all-day event keeps its days, both ways', async () => {
    const midnight = (day: number) => ({ dateTime: `${year}-12-${day}T00:00:00`, timeZone: berlinName })
    const item = booked({ isAllDay: true, start: midnight(24), end: midnight(27) })
    await run()
    const days = { start: { date: `${year}-12-24` }, end: { date: `${year}-12-27` } }
    expect((await eventOf(item.iCalUId ?? ''))?.master).toMatchObject(days)
    await harness.put(withMaster(lecture('a'), { start: { date: `${year}-11-02` }, end: { date: `${year}-11-04` } }))
    await run()
    const made = items().find(({ subject }) => subject === 'Lecture a')
    expect(made).toMatchObject({ isAllDay: true, start: { dateTime: expect.stringMatching(`${year}-11-02T00:00:00`) } })
  })

  it.each([
    ['emoji', '🎓 Übung'],
    ['markup', '<script>alert(1)</script>'],
    ['very long', 'x'.repeat(400)],
    ['line breaks', 'one\r\ntwo'],
    ['right to left', '\u202bشיעור\u202c'],
  ])('S41 a title with %s settles', async (_, summary) => {
    await harness.put(withMaster(lecture('a'), { summary, description: 'one\n\ntwo  three' }))
    await run()
    await run()
    expect((await eventOf('a'))?.master?.summary).toBe(summary.replace('\r', ''))
  })

  it('S41 a title of null is no trouble', async () => {
    const item = booked({ subject: null, body: null, location: null })
    await run()
    expect((await eventOf(item.iCalUId ?? ''))?.master?.summary).toBeNull()
  })

  it('S42 a meeting of somebody else is not edited, and declined when it is deleted here', async () => {
    const { iCalUId = '', id } = meeting([r1], { responseRequested: false })
    await run()
    const event = await eventOf(iCalUId)
    if (event) await harness.put(withMaster(event, { summary: 'Mine' }))
    expect(await run()).toMatchObject({ rejected: 1 })
    expect(await harness.store.conflicts({ uid: iCalUId })).toMatchObject([{ kind: 'foreign-organizer' }])
    await harness.remove(iCalUId)
    await run()
    expect(graph.writes().map(({ body }) => body)).toEqual([{ sendResponse: false }])
    expect(graph.mailbox(ann).get(id)?.attendees?.[0]?.status?.response).toBe('declined')
  })

  it('what an accepting room does to a meeting is no edit of it', async () => {
    const organizer = { emailAddress: { address: ann, name: 'Ann Example' } }
    const asked = { isOrganizer: false, organizer, responseStatus: { response: 'notResponded' } }
    const item = bookedSeries({ ...asked, subject: 'Physics', body: { contentType: 'text', content: 'Bring chalk' } })
    graph.mailbox(r1).change(`OID.${item.id}.${year}-03-15`, slot('03-15', 15))
    await run()
    const accepted = { subject: 'Ann Example', body: { contentType: 'html', content: '<html></html>' } }
    graph.mailbox(r1).change(item.id, { ...accepted, responseStatus: { response: 'accepted' } })
    graph.mailbox(r1).change(`OID.${item.id}.${year}-03-15`, accepted)
    await run()
    const titles = async () => {
      const event = await eventOf(item.iCalUId ?? '')
      return [event?.master, ...(event?.overrides ?? [])].map(part => [part?.summary, part?.description, part?.status])
    }
    const physics = ['Physics', 'Bring chalk', 'CONFIRMED']
    expect(await titles()).toEqual([physics, physics])
    // Neither a dead token nor a restart makes it forget.
    graph.mailbox(r1).generation++
    await run()
    graph.mailbox(r1).touch(item.id)
    await runAnew(open(r1))
    expect(await titles()).toEqual([physics, physics])
    // An edit of Ann's own, which the room shows as such.
    graph.mailbox(r1).change(item.id, { subject: 'Chemistry' })
    await run()
    expect((await titles())[0]?.[0]).toBe('Chemistry')
  })

  it('S44 the body of an online meeting is left alone', async () => {
    const item = booked({
      isOnlineMeeting: true,
      body: { contentType: 'html', content: '<p>Join <a href="x">here</a></p>' },
    })
    await run()
    const event = await eventOf(item.iCalUId ?? '')
    if (event) await harness.put(withMaster(event, { start: berlin(`${year}-04-06T09:30:00`) }))
    await run()
    expect(graph.writes().map(({ body }) => Object.keys(body).sort())).toEqual([['end', 'isAllDay', 'start']])
  })
})

describe('rooms that are invited', () => {
  const service = 'scheduling@contoso.test'
  const invitations = () => graph.mailbox(service).all()
  beforeEach(() => {
    graph.mailbox(service)
    source = open(r1, service)
  })

  it('the room answers, its copy loses title and text, and ours keeps both', async () => {
    await harness.put(withMaster(lecture('a'), { description: 'Bring chalk' }))
    await run()
    expect(invitations()).toMatchObject([{ attendees: [{ type: 'resource', emailAddress: { address: r1 } }] }])
    await run()
    expect((await eventOf('a'))?.master?.status).toBe('TENTATIVE')
    graph.answerInvitations()
    expect(subjects()).toEqual([`Organizer ${service}`])
    await run()
    expect((await eventOf('a'))?.master).toMatchObject({
      ...{ status: 'CONFIRMED', summary: 'Lecture a', description: 'Bring chalk' },
    })
    expect(await uids()).toEqual(['a'])
    await harness.put(withMaster(lecture('a', '03-01', 14), { description: 'Bring chalk' }))
    await run()
    graph.answerInvitations()
    await run()
    expect(startsIn(r1)).toEqual([utc('03-01', 13)])
    expect((await eventOf('a'))?.master?.summary).toBe('Lecture a')
  })

  it('S17 a room that declines is a conflict, and is not asked for ever', async () => {
    booked({ subject: 'Taken', ...slot('03-01', 9) })
    await harness.put(lecture('a'))
    await run()
    graph.answerInvitations()
    expect(await run()).toMatchObject({ rejected: 1, removed: 0 })
    expect(await harness.store.conflicts({ uid: 'a' })).toMatchObject([{ kind: 'overlap' }, { kind: 'rejected' }])
    expect(graph.writes().at(-1)?.path).toMatch(/\/cancel$/)
    expect(invitations()).toEqual([])
    expect((await eventOf('a'))?.master?.summary).toBe('Lecture a')
    graph.calls.length = 0
    expect(await run()).toMatchObject({ rejected: 0 })
    expect(graph.writes()).toEqual([])
    await harness.put(lecture('a', '03-02'))
    await run()
    graph.answerInvitations()
    await run()
    expect((await eventOf('a'))?.master?.status).not.toBe('TENTATIVE')
    expect(startsIn(r1)).toContain(utc('03-02', 8))
    expect(await harness.store.conflicts({ uid: 'a' })).toEqual([])
  })

  it.each([
    ['the cancellation fails', { method: 'POST', path: /cancel$/, status: 503 }],
    ['its answer is lost', { method: 'POST', path: /cancel$/, after: true, drop: true }],
  ])('S17 nothing is deleted when a room declines and %s', async (_, fault) => {
    booked({ subject: 'Taken', ...slot('03-01', 9) })
    await harness.put(lecture('a'))
    await run()
    graph.answerInvitations()
    graph.faults.push({ ...fault, times: 9 })
    await run()
    await runAnew(open(r1, service))
    graph.faults.length = 0
    graph.mailbox(r1).generation++
    await run()
    expect(invitations()).toEqual([])
    expect((await eventOf('a'))?.master?.summary).toBe('Lecture a')
    expect(await harness.store.conflicts({ uid: 'a' })).toMatchObject([{ kind: 'overlap' }, { kind: 'rejected' }])
  })

  it('a plan cancels nothing', async () => {
    booked({ subject: 'Taken', ...slot('03-01', 9) })
    await harness.put(lecture('a'))
    await run()
    graph.answerInvitations()
    graph.calls.length = 0
    await harness.engine.run(harness.binding(source), { dryRun: true })
    expect(graph.writes()).toEqual([])
  })

  it('a series with exceptions is followed at the organizer', async () => {
    await harness.put(withMaster(weekly('a'), { exdates: [berlin(`${year}-03-08T09:00:00`)] }))
    await run()
    graph.answerInvitations()
    await run()
    expect(startsIn(service)).toEqual(startsOf(await eventOf('a')))
    expect(startsIn(service)).toHaveLength(5)
  })

  it('a meeting deleted here is cancelled there, and stays gone in every kind of read', async () => {
    await harness.put(lecture('a'))
    await harness.put(lecture('b', '03-02'))
    await run()
    graph.answerInvitations()
    await run()
    await harness.remove('a')
    await run()
    expect(invitations().map(({ subject }) => subject)).toEqual(['Lecture b'])
    graph.mailbox(r1).generation++
    expect(await run()).toMatchObject({ removed: 0, error: null })
    expect(await uids()).toEqual(['b'])
  })

  it('a meeting deleted at the organizer is deleted here', async () => {
    await harness.put(lecture('a'))
    await harness.put(lecture('b', '03-02'))
    await run()
    graph.answerInvitations()
    await run()
    const first = invitations().find(({ subject }) => subject === 'Lecture a')
    if (first) graph.mailbox(service).remove(first.id)
    if (first) graph.cancelCopies(first)
    expect(await run()).toMatchObject({ removed: 1 })
    expect(await uids()).toEqual(['b'])
  })

  it('meetings of others are taken from the room, and two rooms of one event are both invited', async () => {
    meeting([r1])
    await harness.put({ ...lecture('a'), resourceIds: [1, 2] })
    await run()
    await harness.run(open(r2, service), { id: 'test/room2', calendar: 'room2', resourceId: 2 })
    expect(await uids()).toHaveLength(2)
    expect(
      invitations()
        .map(({ attendees }) => attendees?.[0]?.emailAddress.address)
        .sort(),
    ).toEqual([r1, r2])
  })

  it('S02 an invitation whose answer is lost is one invitation', async () => {
    graph.faults.push({ method: 'POST', path: /events$/, after: true, drop: true, times: 1 })
    await harness.put(lecture('a'))
    await run()
    expect(invitations()).toHaveLength(1)
  })
})

describe('transport and rights', () => {
  it('S51 a throttled room is asked again after the time it named', async () => {
    graph.faults.push({ path: /room1/, status: 429, headers: { 'Retry-After': '1' }, times: 1 })
    booked()
    const before = performance.now()
    expect(await run()).toMatchObject({ created: 1, error: null })
    expect(performance.now() - before).toBeGreaterThan(1000)
  })

  it('S51 what one request is told holds for all requests to that room, and for no other', async () => {
    for (let n = 0; n < 8; n++) booked({ subject: `m${n}` })
    await run()
    for (const item of items()) graph.mailbox(r1).change(item.id, { subject: 'changed' })
    graph.faults.push({ path: /room1.*events\//, status: 429, headers: { 'Retry-After': '1' }, times: 1 })
    const times: number[] = []
    graph.onRequest = ({ path }) => void (path.includes('/events/') && times.push(performance.now()))
    await run()
    const [first = 0] = times
    // Four were under way; after the first was refused there is silence for a second.
    expect(times.filter(time => time > first + 300 && time < first + 900)).toEqual([])
    expect((await uids()).length).toBe(8)
  })

  it('a link to another host is not followed', async () => {
    const link = 'https://graph.example.com/v1.0/users/x/calendarView/delta?$deltatoken=x'
    await expect(
      source.pull(JSON.stringify({ v: 1, made: Math.floor(Date.now() / 1000), link })),
    ).rejects.toMatchObject({
      name: 'AccessDenied',
    })
  })

  it.each([
    ['502 with a page', { status: 502, html: '<html>Bad Gateway</html>' }],
    ['504', { status: 504 }],
    ['a reset', { drop: true }],
  ])('S54 %s while reading is tried again', async (_, fault) => {
    booked()
    graph.faults.push({ method: 'GET', path: /delta/, ...fault, times: 1 })
    expect(await run()).toMatchObject({ created: 1, error: null })
  })

  it.each([
    ['without a content type', false],
    ['as JSON', true],
  ])('S55 answers of 202 %s are successes', async (_, acceptedAsJson) => {
    graph.acceptedAsJson = acceptedAsJson
    for (let n = 0; n < 30; n++) meeting([r1], { ...slot(`05-${two(n + 1)}`, 9) })
    await run()
    for (const uid of await uids()) await harness.remove(uid)
    expect(await run()).toMatchObject({ pushed: 30, error: null })
    expect(items()).toEqual([])
  })

  it('S52 many rooms at once keep to four requests for each', async () => {
    const rooms = Array.from({ length: 40 }, (_, n) => `many${n}@contoso.test`)
    const openAll = openerOn(graph)
    for (const address of rooms) {
      for (let n = 0; n < 5; n++) {
        const { id: _, ...series } = bookedSeries()
        graph.mailbox(r1).remove(_)
        graph.mailbox(address).put({ ...series, iCalUId: `${address}${n}` })
      }
    }
    graph.mostAtOnce = 0
    const rounds = await Promise.all(rooms.map(address => openAll(address, 'Europe/Berlin').pull(null)))
    expect(rounds.map(({ changed }) => changed.length)).toEqual(rooms.map(() => 5))
    expect(graph.mostAtOnce).toBeLessThanOrEqual(4)
    expect(graph.tokensGiven).toBe(1)
  })

  it('S61 a poll that finds nothing is one request', async () => {
    for (let n = 0; n < 20; n++) bookedSeries()
    await run()
    graph.calls.length = 0
    await run()
    expect(graph.calls).toHaveLength(1)
  })

  it('S57 a mailbox that may no longer be read loses nothing and comes back by itself', async () => {
    booked()
    await run()
    graph.mailbox(r1).access = 'denied'
    expect(await run()).toMatchObject({
      removed: 0,
      error: expect.stringMatching(/Access/),
      remedy: expect.stringMatching(/RBAC/),
    })
    expect(await uids()).toHaveLength(1)
    graph.mailbox(r1).access = 'yes'
    expect(await run()).toMatchObject({ error: null })
  })

  it('S58 a mailbox that is gone loses nothing', async () => {
    booked()
    await run()
    graph.mailbox(r1).access = 'gone'
    expect(await run()).toMatchObject({ removed: 0, error: expect.any(String) })
    expect(await uids()).toHaveLength(1)
    graph.mailbox(r1).access = 'yes'
  })

  it('S61 a long series costs one request, and a full room little', async () => {
    bookedSeries({
      recurrence: {
        pattern: { type: 'daily', interval: 1 },
        range: {
          type: 'numbered',
          startDate: `${year}-03-01`,
          numberOfOccurrences: 150,
          recurrenceTimeZone: berlinName,
        },
      },
    })
    for (let n = 0; n < 300; n++) booked({ subject: `m${n}`, ...slot(`05-${two((n % 28) + 1)}`, 9) })
    graph.calls.length = 0
    expect(await run()).toMatchObject({ created: 301, error: null })
    const paths = graph.calls.map(({ path }) => path)
    expect(paths.filter(path => /\/events\/[^/]+/.test(path))).toHaveLength(1)
  })

  it('S64 of an item told twice in a round the last word counts', async () => {
    const item = booked({ subject: 'old' })
    await run()
    graph.pageSize = 1
    graph.mailbox(r1).change(item.id, { subject: 'newer' })
    graph.mailbox(r1).change(item.id, { subject: 'newest' })
    await run()
    expect((await eventOf(item.iCalUId ?? ''))?.master?.summary).toBe('newest')
  })

  it('S65 two gateways on one room make one event', async () => {
    const other = await openHarness()
    await harness.put(lecture('a'))
    await other.put(lecture('a'))
    await run()
    await other.run(open(r1))
    await run()
    expect(subjects()).toEqual(['Lecture a'])
    await other.close()
  })

  it('one meeting in two rooms is one event', async () => {
    meeting([r1, r2])
    await run()
    await harness.run(open(r2), { id: 'test/room2', calendar: 'room2', resourceId: 2 })
    expect(await uids()).toHaveLength(1)
    expect((await eventOf((await uids())[0] ?? ''))?.resourceIds).toEqual([1, 2])
  })
})
