/** What Google documents, or has been seen to do: each a situation of a room calendar, adapter to store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { emptyMaster, type Master, type Override, type ScheduleEvent } from '../../src/schedule/event.ts'
import type { Source } from '../../src/sync/source.ts'
import type { Item } from '../fakes/google/calendar.ts'
import { openOn } from '../fakes/google/open.ts'
import { FakeGoogle } from '../fakes/google/server.ts'
import { type Harness, openHarness } from './harness.ts'

const room = 'c_room1@resource.calendar.google.com'
const scheduling = 'scheduling@example.edu'
const year = new Date().getUTCFullYear() + 1
let google: FakeGoogle
let harness: Harness
let source: Source

beforeEach(async () => {
  google = new FakeGoogle()
  await google.start()
  google.calendar(room)
  google.calendar(scheduling)
  harness = await openHarness()
  source = openOn(google, room)
})
afterEach(async () => {
  await expectQuiet()
  await harness.close()
  await google.stop()
  expect(google.contract.violations).toEqual([])
})

const run = () => harness.run(source)

/** Two more rounds write nothing on either side. */
async function expectQuiet(): Promise<void> {
  await run()
  await run()
  const token = await harness.store.token(0)
  google.calls.length = 0
  await run()
  await run()
  expect(google.writes()).toEqual([])
  expect(await harness.store.token(0)).toBe(token)
}

const berlin = (monthDayTime: string) => ({ dateTime: `${year}-${monthDayTime}:00`, tzid: 'Europe/Berlin' })
const lecture = (change: Partial<Master> = {}, uid = 'a'): ScheduleEvent => ({
  ...{ uid, overrides: [], resourceIds: [1] },
  master: { ...emptyMaster(berlin('03-02T09:00'), berlin('03-02T10:00')), summary: 'Physics', ...change },
})
const weekly = (change: Partial<Master> = {}) => lecture({ rrules: ['FREQ=WEEKLY;COUNT=5'], ...change })
const moved = (change: Partial<Override> = {}): Override => ({
  ...emptyMaster(berlin('03-10T14:00'), berlin('03-10T15:00')),
  ...{ summary: 'Physics', recurrenceId: berlin('03-09T09:00'), thisAndFuture: false },
  ...change,
})

let ids = 0
/** Ann's own booking on a calendar. */
function booked(change: Partial<Item> = {}, calendar = room): Item {
  const id = `ann${(ids++).toString(32).padStart(5, '0')}`
  return google.calendar(calendar).put({
    ...{ kind: 'calendar#event', eventType: 'default', id, iCalUID: `${id}@google.com`, status: 'confirmed' },
    ...{ summary: 'Meeting', organizer: { email: calendar, self: true } },
    start: { dateTime: `${year}-04-06T09:00:00+02:00`, timeZone: 'Europe/Berlin' },
    end: { dateTime: `${year}-04-06T10:00:00+02:00`, timeZone: 'Europe/Berlin' },
    ...change,
  })
}
const stored = async (uid = 'a') => (await harness.store.event(uid))?.event
const here = () => google.calendar(room).living()
const there = () => google.calendar(scheduling).living()
const conflicts = async () => (await harness.store.conflicts()).map(({ kind }) => kind).sort()
const cancelled = (master: Item, day: string, time = '070000'): Item => ({
  ...{ kind: 'calendar#event', id: `${master.id}_${day}T${time}Z`, status: 'cancelled', recurringEventId: master.id },
  originalStartTime: { dateTime: `${day.replace(/(....)(..)(..)/, '$1-$2-$3')}T${time.slice(0, 2)}:00:00Z` },
})

describe('times', () => {
  it('a floating time is on the clock of the room, and stays floating here', async () => {
    const floating = (time: string) => ({ dateTime: `${year}-${time}:00`, tzid: null })
    const rule = `FREQ=WEEKLY;UNTIL=${year}0316T090000`
    await harness.put(
      lecture({ start: floating('03-02T09:00'), end: floating('03-02T10:00'), rrules: [rule], summary: 'Weekly' }),
    )
    await harness.put(lecture({ start: floating('07-02T09:00'), end: floating('07-02T10:00') }, 'single'))
    await run()
    expect(here().map(({ start, recurrence }) => [start, recurrence])).toEqual([
      [
        { dateTime: `${year}-03-02T09:00:00+01:00`, timeZone: 'Europe/Berlin' },
        [`RRULE:FREQ=WEEKLY;UNTIL=${year}0316T080000Z`],
      ],
      [{ dateTime: `${year}-07-02T07:00:00Z`, timeZone: 'Europe/Berlin' }, undefined],
    ])
    await run()
    expect((await stored())?.master).toMatchObject({ start: { tzid: null }, rrules: [rule] })
    expect((await stored('single'))?.master?.start).toEqual(floating('07-02T09:00'))
  })

  it('an event in the hour that the clock repeats in autumn keeps its instants', async () => {
    // The last Sunday of October: 02:30 comes twice, at 00:30Z and at 01:30Z.
    const october = Temporal.PlainDate.from({ year, month: 10, day: 31 })
    const sunday = october.subtract({ days: october.dayOfWeek % 7 }).toString()
    const zone = { timeZone: 'Europe/Berlin' }
    const item = booked({
      start: { dateTime: `${sunday}T02:30:00+01:00`, ...zone },
      end: { dateTime: `${sunday}T03:30:00+01:00`, ...zone },
    })
    await run()
    const [from, to] = ['01:30', '02:30'].map(
      time => Temporal.Instant.from(`${sunday}T${time}Z`).epochMilliseconds / 1000,
    )
    const rows = await harness.store.occurrencesIn(1, (from ?? 0) - 7200, (to ?? 0) + 7200)
    expect(rows.map(({ start, end }) => [start, end])).toEqual([[from, to]])
    expect(item.status).not.toBe('cancelled')
  })

  it('an UNTIL that is a day ends a timed series with that day, and is written in UTC', async () => {
    await harness.put(lecture({ rrules: [`FREQ=WEEKLY;UNTIL=${year}0316`] }))
    await run()
    expect(here()[0]?.recurrence).toEqual([`RRULE:FREQ=WEEKLY;UNTIL=${year}0316T225959Z`])
  })

  it('a rule spelt another way by Google is no change', async () => {
    await harness.put(weekly({ rrules: ['FREQ=WEEKLY;WKST=MO;INTERVAL=1;COUNT=4;BYDAY=WE,MO'] }))
    await run()
    const before = await stored()
    const [item] = here()
    if (item) google.calendar(room).put({ ...item, recurrence: ['RRULE:FREQ=WEEKLY;WKST=MO;BYDAY=MO,WE;COUNT=4'] })
    expect(await run()).toMatchObject({ updated: 0, pushed: 0 })
    expect(await stored()).toEqual(before)
  })

  it('lists of RDATE and EXDATE in several zones mean instants', async () => {
    const item = booked({
      recurrence: [
        'RRULE:FREQ=WEEKLY;COUNT=4',
        `RDATE;TZID=America/New_York:${year}0501T030000,${year}0502T030000`,
        `RDATE;VALUE=PERIOD:${year}0503T070000Z/PT1H`,
        `EXDATE;TZID="Asia/Calcutta":${year}0413T123000`,
        `EXDATE:${year}0420T070000Z`,
      ],
    })
    await run()
    const event = await stored(item.iCalUID)
    expect(event?.master?.rdates).toEqual([berlin('05-01T09:00'), berlin('05-02T09:00'), berlin('05-03T09:00')])
    expect(event?.master?.exdates).toEqual([berlin('04-13T09:00'), berlin('04-20T09:00')])
  })

  it('an occurrence that becomes a whole day, and a day that gets a time, keep their series', async () => {
    const timed = booked({ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'] })
    const days = booked({
      ...{ start: { date: `${year}-06-01` }, end: { date: `${year}-06-02` } },
      recurrence: ['RRULE:FREQ=DAILY;COUNT=3'],
    })
    const common = { kind: 'calendar#event', status: 'confirmed', summary: 'Meeting' }
    google.calendar(room).put({
      ...{ ...common, id: `${timed.id}_${year}0413T070000Z`, recurringEventId: timed.id, iCalUID: timed.iCalUID ?? '' },
      originalStartTime: { dateTime: `${year}-04-13T07:00:00Z` },
      ...{ start: { date: `${year}-04-13` }, end: { date: `${year}-04-14` } },
    })
    google.calendar(room).put({
      ...{ ...common, id: `${days.id}_${year}0602`, recurringEventId: days.id, iCalUID: days.iCalUID ?? '' },
      originalStartTime: { date: `${year}-06-02` },
      start: { dateTime: `${year}-06-02T10:00:00+02:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-06-02T11:00:00+02:00`, timeZone: 'Europe/Berlin' },
    })
    await run()
    expect((await stored(timed.iCalUID))?.overrides).toMatchObject([
      { recurrenceId: berlin('04-13T09:00'), start: { date: `${year}-04-13` } },
    ])
    expect((await stored(days.iCalUID))?.overrides).toMatchObject([
      { recurrenceId: { date: `${year}-06-02` }, start: berlin('06-02T10:00') },
    ])
  })
})

describe('identity', () => {
  it('a UID of any length comes back from the copy of the room, and a forged one is not believed', async () => {
    source = openOn(google, room, scheduling)
    const uid = `${'ü'.repeat(900)}@example.edu`
    await harness.put(lecture({}, uid))
    await run()
    google.answerInvitations()
    await harness.store.database.query('DELETE FROM shadow')
    await run()
    expect(await harness.store.uids()).toEqual([uid])
    const [copy] = here()
    if (copy) {
      const kaldavUid0 = Buffer.from('another').toString('base64url')
      google.calendar(room).put({ ...copy, extendedProperties: { shared: { kaldavUid0 } } })
    }
    expect((await source.pull(null)).changed[0]?.event.uid).toBe(copy?.iCalUID)
    if (copy) google.calendar(room).put(copy)
  })

  it('two living events with one iCalUID, as halves of a split series, are two events', async () => {
    const first = booked({ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=6'] })
    await run()
    google.calendar(room).put({ ...first, recurrence: ['RRULE:FREQ=WEEKLY;COUNT=2'] })
    const second = booked({
      ...{ iCalUID: first.iCalUID ?? '', recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'] },
      start: { dateTime: `${year}-04-20T11:00:00+02:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-04-20T12:00:00+02:00`, timeZone: 'Europe/Berlin' },
    })
    expect(await run()).toMatchObject({ created: 1, updated: 1, rejected: 0 })
    google.calendar(room).generation++
    expect(await run()).toMatchObject({ created: 0, updated: 0, removed: 0, rejected: 0 })
    expect((await harness.store.uids()).sort()).toEqual([first.iCalUID, `${second.id}@google.com`].sort())
    google.calendar(room).remove(first.id)
    await run()
    expect(await harness.store.uids()).toEqual([`${second.id}@google.com`])
  })

  it('a UID that iCalendar cannot write gives way to the id', async () => {
    const item = booked({ iCalUID: 'new\nline' })
    await run()
    expect(await harness.store.uids()).toEqual([`${item.id}@google.com`])
  })

  it('an event made again over its tombstone has nothing left of the old one, and its room', async () => {
    source = openOn(google, room, scheduling)
    const days = { start: { date: `${year}-03-02` }, end: { date: `${year}-03-03` } }
    await harness.put(lecture({ ...days, description: 'Bring a calculator' }))
    await run()
    await harness.remove('a')
    await run()
    const gone = google.calendar(scheduling).all()[0]
    google.calendar(scheduling).put({ ...days, ...gone, id: gone?.id ?? '', status: 'cancelled', description: 'Old' })
    await harness.put(lecture())
    await run()
    const [again] = there()
    expect(again?.start).toEqual({ dateTime: `${year}-03-02T08:00:00Z`, timeZone: 'Europe/Berlin' })
    expect([again?.description ?? '', again?.attendees?.map(({ email }) => email)]).toEqual(['', [room]])
    expect(here()).toHaveLength(1)
  })

  it('an event deleted before the room has answered does not come back with the answer', async () => {
    source = openOn(google, room, scheduling)
    await harness.put(lecture())
    await run()
    await harness.remove('a')
    await run()
    expect(await harness.store.uids()).toEqual([])
    expect([here(), there(), await conflicts()]).toEqual([[], [], []])
  })

  it('a meeting that was deleted while the room keeps its copy is made again when it is changed here', async () => {
    source = openOn(google, room, scheduling)
    await harness.put(lecture())
    await run()
    const [copy] = here()
    google.calendar(scheduling).purge(copy?.id ?? '')
    await harness.put(lecture({ summary: 'Chemistry' }))
    expect(await run()).toMatchObject({ error: null })
    expect([there().map(({ summary }) => summary), here()[0]?.summary]).toEqual([['Chemistry'], 'Chemistry'])
  })

  it('events of ours booked directly are found after an organizer is configured', async () => {
    await harness.put(lecture())
    await run()
    source = openOn(google, room, scheduling)
    await harness.put(lecture({ summary: 'Chemistry' }))
    expect(await run()).toMatchObject({ error: null, pushed: 1 })
    expect(here().map(({ summary }) => summary)).toEqual(['Chemistry'])
    await harness.remove('a')
    await run()
    expect([here(), there()]).toEqual([[], []])
  })
})

describe('what a token does not tell', () => {
  it('an event that is gone without a trace is found missing when it is to be changed', async () => {
    await harness.put(lecture())
    await run()
    google.calendar(room).purge(here()[0]?.id ?? '')
    await harness.put(lecture({ summary: 'Chemistry' }))
    await run()
    await run()
    expect(here().map(({ summary }) => summary)).toEqual(['Chemistry'])
    expect(await conflicts()).toEqual(['delete-edit'])
  })

  it('another etag that no increment tells of does not keep our change out', async () => {
    await harness.put(lecture())
    await run()
    google.calendar(room).touch(here()[0]?.id ?? '')
    await harness.put(lecture({ summary: 'Chemistry' }))
    expect(await run()).toMatchObject({ error: null })
    expect(here().map(({ summary }) => summary)).toEqual(['Chemistry'])
    expect(await conflicts()).toEqual([])
  })

  it('nor our deletion', async () => {
    await harness.put(lecture())
    await run()
    google.calendar(room).touch(here()[0]?.id ?? '')
    await harness.remove('a')
    expect(await run()).toMatchObject({ error: null })
    expect([here(), await harness.store.uids(), await conflicts()]).toEqual([[], [], []])
  })

  it.each([
    ['410', { status: 410, reason: 'fullSyncRequired', message: 'Sync token is no longer valid.' }],
    ['400', { status: 400, reason: 'invalid', message: 'Invalid sync token value.' }],
  ])('a token that dies between two pages (%s) loses and doubles nothing', async (_, answer) => {
    for (let n = 0; n < 4; n++) booked()
    await run()
    const [first] = here()
    google.calendar(room).remove(first?.id ?? '')
    for (let n = 0; n < 3; n++) booked()
    google.pageSize = 2
    google.onRequest = () => {
      google.onRequest = null
      google.faults.push({ path: /events$/, ...answer, times: 1 })
    }
    expect(await run()).toMatchObject({ created: 3, removed: 1 })
    google.faults.length = 0
    expect(await run()).toMatchObject({ created: 0, removed: 0, error: null })
    expect(await harness.store.uids()).toHaveLength(6)
  })

  it('an old event that is edited is no news', async () => {
    const old = { start: { dateTime: '2019-04-06T09:00:00Z' }, end: { dateTime: '2019-04-06T10:00:00Z' } }
    const item = booked(old)
    await run()
    google.calendar(room).put({ ...item, summary: 'Minutes added' })
    expect(await run()).toMatchObject({ created: 0, error: null })
    expect(await harness.store.uids()).toEqual([])
  })

  it('a list whose pages lead back to one another is no list', async () => {
    booked()
    await run()
    google.emptyPages = true
    google.pageSize = 1
    const stuck = { kind: 'calendar#events', items: [null, {}], nextPageToken: 'same' }
    google.faults.push({ path: /events$/, html: JSON.stringify(stuck), times: 9, status: 200 })
    expect(await run()).toMatchObject({ removed: 0, error: expect.stringMatching(/pages/) })
    google.faults.length = 0
    expect(await run()).toMatchObject({ removed: 0, error: null })
  })
})

it('line ends and control characters are no difference', async () => {
  const item = booked({ description: 'one\r\ntwo\u0007', summary: 'A\u0000B' })
  await run()
  const event = await stored(item.iCalUID)
  expect(event?.master).toMatchObject({ description: 'one\ntwo', summary: 'AB' })
  google.calls.length = 0
  if (event?.master) await harness.put({ ...event, master: { ...event.master, location: 'Hall' } })
  await run()
  expect(google.writes().map(({ body }) => body)).toEqual([{ location: 'Hall' }])
})

describe('series', () => {
  it('the other occurrences a room is invited to one by one stay when one of them changes', async () => {
    const one = (day: string, change: Partial<Item> = {}): Item => ({
      ...{
        kind: 'calendar#event',
        id: `series1_${year}${day}T070000Z`,
        recurringEventId: 'series1',
        status: 'confirmed',
      },
      ...{ iCalUID: 'series1@google.com', summary: 'Guest', organizer: { email: 'ann@example.com' } },
      originalStartTime: { dateTime: `${year}-04-${day.slice(2)}T07:00:00Z` },
      start: { dateTime: `${year}-04-${day.slice(2)}T07:00:00Z` },
      end: { dateTime: `${year}-04-${day.slice(2)}T08:00:00Z` },
      ...change,
    })
    for (const day of ['0406', '0413', '0420']) google.calendar(room).put(one(day))
    await run()
    google.calendar(room).put(one('0413', { summary: 'Renamed' }))
    await run()
    const titles = async () => (await stored('series1@google.com'))?.overrides.map(({ summary }) => summary)
    expect(await titles()).toEqual(['Guest', 'Renamed', 'Guest'])
    // What is left of a cancelled one does not even tell its UID.
    const { iCalUID: _, summary: __, start: ___, end: ____, ...left } = one('0406', { status: 'cancelled' })
    google.calendar(room).put(left)
    await run()
    expect(await titles()).toEqual(['Renamed', 'Guest'])
  })

  it('a moved occurrence of a private series keeps the title we may not show', async () => {
    const item = booked({ visibility: 'private', summary: 'Salary talk', recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'] })
    await run()
    const event = await stored(item.iCalUID)
    if (!event?.master) throw new Error('not stored')
    const { rrules: _, exrules: __, rdates: ___, exdates: ____, ...main } = event.master
    const other = { ...main, start: berlin('04-14T09:00'), end: berlin('04-14T10:00') }
    await harness.put({
      ...event,
      overrides: [{ ...other, recurrenceId: berlin('04-13T09:00'), thisAndFuture: false }],
    })
    await run()
    const texts = google.calls.flatMap(({ body }) => ('summary' in body ? [body.summary] : []))
    expect(texts).toEqual([])
    expect(here().map(({ summary }) => summary)).toEqual(['Salary talk', 'Salary talk'])
  })

  it('an occurrence that is to take place again is taken out of EXDATE', async () => {
    await harness.put(weekly({ exdates: [berlin('03-09T09:00'), berlin('03-16T09:00')] }))
    await run()
    await harness.put(weekly({ exdates: [berlin('03-16T09:00')] }))
    await run()
    await run()
    expect((await stored())?.master?.exdates).toEqual([berlin('03-16T09:00')])
    expect(google.calendar(room).busy()).toHaveLength(4)
  })

  it('an exception that a new time or a shorter rule leaves behind takes place no more', async () => {
    await harness.put({ ...weekly(), overrides: [moved()] })
    await run()
    await harness.put(weekly({ start: berlin('03-02T11:00'), end: berlin('03-02T12:00') }))
    await run()
    expect(google.calendar(room).busy()).toHaveLength(5)
    expect(here().filter(({ recurringEventId }) => recurringEventId)).toEqual([])
    const before = await stored()
    await run()
    expect(await stored()).toEqual(before)
    await harness.put({ ...weekly(), overrides: [moved({ recurrenceId: berlin('03-23T09:00') })] })
    await run()
    await harness.put(weekly({ rrules: ['FREQ=WEEKLY;COUNT=2'] }))
    await run()
    expect(google.calendar(room).busy()).toHaveLength(2)
    expect(here().filter(({ id }) => id.endsWith(`${year}0323T080000Z`))).toEqual([])
  })

  it('an excluded time that the series never had refuses nothing', async () => {
    await harness.put(weekly())
    await run()
    await harness.put(weekly({ exdates: [berlin('03-10T09:00'), berlin('03-16T09:00')] }))
    expect(await run()).toMatchObject({ rejected: 0, error: null })
    expect(google.calendar(room).busy()).toHaveLength(4)
    expect(await conflicts()).toEqual([])
  })

  it('an occurrence that only somebody has answered is no change of the series', async () => {
    const item = booked({ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'] })
    await run()
    google.calendar(room).put({
      ...{ ...item, id: `${item.id}_${year}0413T070000Z`, recurringEventId: item.id },
      originalStartTime: { dateTime: `${year}-04-13T07:00:00Z` },
      start: { dateTime: `${year}-04-13T07:00:00Z`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-04-13T08:00:00Z`, timeZone: 'Europe/Berlin' },
      ...{ recurrence: undefined as never, attendees: [{ email: room, self: true, responseStatus: 'accepted' }] },
    })
    expect(await run()).toMatchObject({ updated: 0 })
    expect((await stored(item.iCalUID))?.overrides).toEqual([])
  })

  it('an exception that does not say which occurrence it was is known by its id', async () => {
    const item = booked({ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'] })
    const { originalStartTime: _, ...bare } = cancelled(item, `${year}0413`)
    google.calendar(room).put(bare)
    await run()
    expect((await stored(item.iCalUID))?.master?.exdates).toEqual([berlin('04-13T09:00')])
  })
})

describe('rooms that answer', () => {
  beforeEach(() => {
    source = openOn(google, room, scheduling)
  })

  it('single occurrences that the room declines stay here, and are named', async () => {
    await harness.put({ ...weekly(), overrides: [moved()] })
    await run()
    google.answerInvitations()
    await run()
    const [master] = here().filter(({ recurringEventId }) => !recurringEventId)
    if (!master) throw new Error('no copy')
    const guests = [{ email: room, resource: true, self: true, responseStatus: 'declined' }]
    const at = (day: string, change: Partial<Item>): Item => ({
      ...{ ...master, id: `${master.id}_${year}${day}T080000Z`, recurringEventId: master.id, attendees: guests },
      originalStartTime: { dateTime: `${year}-03-${day.slice(2)}T08:00:00Z` },
      ...change,
    })
    const { recurrence: _, ...declined } = at('0316', {
      start: { dateTime: `${year}-03-16T08:00:00Z` },
      end: { dateTime: `${year}-03-16T09:00:00Z` },
    })
    google.calendar(room).put(declined)
    google.calendar(room).put(cancelled(master, `${year}0309`, '080000'))
    await run()
    const event = await stored()
    expect(event?.master?.exdates).toEqual([])
    expect(event?.overrides).toMatchObject([{ recurrenceId: berlin('03-09T09:00'), start: berlin('03-10T14:00') }])
    const [conflict] = await harness.store.conflicts()
    expect(conflict).toMatchObject({ kind: 'rejected', uids: ['a'] })
    expect(conflict?.detail.reason).toMatch(/03-09.*03-16/)
  })

  it('an occurrence that the organizer cancels is cancelled here', async () => {
    await harness.put(weekly())
    await run()
    google.answerInvitations()
    await run()
    const [master] = there()
    if (!master) throw new Error('no meeting')
    for (const calendar of [scheduling, room]) google.calendar(calendar).put(cancelled(master, `${year}0309`, '080000'))
    await run()
    expect((await stored())?.master?.exdates).toEqual([berlin('03-09T09:00')])
    expect(await conflicts()).toEqual([])
  })

  it('a whole read before the room has its copy deletes nothing', async () => {
    for (const uid of ['a', 'b', 'c']) await harness.put(lecture({}, uid))
    await run()
    for (const { id } of there()) google.calendar(room).purge(id)
    google.calendar(room).generation++
    expect(await run()).toMatchObject({ removed: 0, held: 0, error: null })
    expect(await harness.store.uids()).toHaveLength(3)
    const [first] = there()
    if (first) google.calendar(scheduling).remove(first.id)
    google.calendar(room).generation++
    expect(await run()).toMatchObject({ removed: 1, error: null })
  })

  it('the organizer takes the room out of our own meeting', async () => {
    await harness.put(lecture())
    await run()
    const [meeting] = there()
    if (meeting) google.calendar(scheduling).put({ ...meeting, attendees: [{ email: 'c_other@example.com' }] })
    google.calendar(room).remove(meeting?.id ?? '')
    await run()
    expect(await harness.store.uids()).toEqual([])
  })

  it('a title changed while the room has not answered leaves the meeting confirmed', async () => {
    await harness.put(lecture())
    await run()
    await run()
    const event = await stored()
    expect(event?.master?.status).toBe('TENTATIVE')
    if (event?.master) await harness.put({ ...event, master: { ...event.master, summary: 'Chemistry' } })
    google.calls.length = 0
    await run()
    expect(google.writes().map(({ body }) => body)).toEqual([{ summary: 'Chemistry' }])
    google.answerInvitations()
    await run()
    expect((await stored())?.master).toMatchObject({ status: 'CONFIRMED', summary: 'Chemistry' })
  })

  it('a meeting that the room has declined is offered again at another time', async () => {
    booked({ start: { dateTime: `${year}-03-02T09:00:00+01:00` }, end: { dateTime: `${year}-03-02T10:00:00+01:00` } })
    await harness.put(lecture())
    await run()
    google.answerInvitations()
    await run()
    expect(await conflicts()).toEqual(['overlap', 'rejected'])
    await harness.put(lecture({ start: berlin('03-02T14:00'), end: berlin('03-02T15:00') }))
    expect(await run()).toMatchObject({ error: null })
    google.answerInvitations()
    await run()
    expect(await conflicts()).toEqual([])
    expect(google.calendar(room).busy()).toHaveLength(2)
  })

  it('what could not be booked while the organizer was not ours to see is booked afterwards', async () => {
    google.calendar(scheduling).access = 'none'
    await harness.put(lecture())
    expect(await run()).toMatchObject({ error: expect.stringMatching(/notFound/) })
    google.calendar(scheduling).access = 'writer'
    expect(await run()).toMatchObject({ error: null, pushed: 1 })
    expect(here()).toHaveLength(1)
  })

  it('a series of others declined as a whole claims the occurrences that were accepted', async () => {
    const guest = (responseStatus: string) => [{ email: room, resource: true, self: true, responseStatus }]
    const item = booked({
      ...{ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=3'], attendees: guest('declined') },
      organizer: { email: 'ann@example.com' },
    })
    google.calendar(room).put({
      ...{ ...item, id: `${item.id}_${year}0413T070000Z`, recurringEventId: item.id, attendees: guest('accepted') },
      originalStartTime: { dateTime: `${year}-04-13T07:00:00Z` },
      ...{ start: { dateTime: `${year}-04-13T07:00:00Z` }, end: { dateTime: `${year}-04-13T08:00:00Z` } },
      recurrence: undefined as never,
    })
    await run()
    const from = Date.UTC(year, 3, 1) / 1000
    const rows = await harness.store.occurrencesIn(1, from, from + 40 * 86_400)
    expect(rows.map(({ start }) => new Date(start * 1000).toISOString())).toEqual([`${year}-04-13T07:00:00.000Z`])
  })

  it('an organizer whose calendar cannot be found is said so, not "somebody else has changed it"', async () => {
    const lost = openOn(google, room, 'nobody@example.edu')
    await harness.put(lecture())
    const report = await harness.run(lost, { id: 'test/lost' })
    expect(report).toMatchObject({ error: expect.stringMatching(/nobody@example.edu.*notFound/) })
    expect(report.remedy).toMatch(/Share/)
  })
})

describe('direct bookings', () => {
  it('an event is not moved onto a time that somebody else has', async () => {
    await harness.put(lecture())
    await run()
    booked({
      start: { dateTime: `${year}-03-02T14:00:00+01:00` },
      end: { dateTime: `${year}-03-02T15:00:00+01:00` },
    })
    await harness.put(lecture({ start: berlin('03-02T14:30'), end: berlin('03-02T15:30') }))
    await run()
    expect(here()[0]?.start).toMatchObject({ dateTime: `${year}-03-02T08:00:00Z` })
    expect(await conflicts()).toEqual(['overlap', 'rejected'])
  })

  it('an event is not in its own way', async () => {
    await harness.put(lecture())
    await run()
    await harness.put(lecture({ start: berlin('03-02T09:30'), end: berlin('03-02T10:30') }))
    expect(await run()).toMatchObject({ rejected: 0 })
    expect(here()[0]?.start).toMatchObject({ dateTime: `${year}-03-02T08:30:00Z` })
  })

  it('every write is quiet, and none asks for reminders or guests', async () => {
    await harness.put({ ...weekly(), overrides: [moved()] })
    await run()
    await harness.put({ ...weekly({ summary: 'Chemistry' }), overrides: [moved({ summary: 'Chemistry' })] })
    await run()
    await harness.remove('a')
    await run()
    const writes = google.calls.filter(({ id }) => /events\.(insert|patch|delete)$/.test(id))
    expect(writes.length).toBeGreaterThan(3)
    expect(writes.map(({ query }) => query.get('sendUpdates'))).toEqual(writes.map(() => 'none'))
    expect(writes.filter(({ body }) => 'attendees' in body)).toEqual([])
    expect(writes[0]?.body.reminders).toEqual({ useDefault: false })
    expect(google.calls.filter(({ id, quotaUser }) => id !== 'oauth.token' && !quotaUser)).toEqual([])
  })
})
