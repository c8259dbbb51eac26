/** Situations a room in Google Calendar has to survive: the whole way, adapter to store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { identity } from '../../adapters/google/identity.ts'
import { openGoogle } from '../../adapters/google/index.ts'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import type { SyncReport } from '../../src/sync/report.ts'
import type { Source } from '../../src/sync/source.ts'
import type { Item } from '../fakes/google/calendar.ts'
import { openOn, optionsFor } from '../fakes/google/open.ts'
import { FakeGoogle } from '../fakes/google/server.ts'
import { type Harness, openHarness } from './harness.ts'

const r1 = 'c_room1@resource.calendar.google.com'
const r2 = 'c_room2@resource.calendar.google.com'
const ann = 'ann@example.com'

let google: FakeGoogle
let harness: Harness
let source: Source

beforeEach(async () => {
  google = new FakeGoogle()
  await google.start()
  google.calendar(r1)
  google.calendar(r2)
  google.calendar(ann)
  harness = await openHarness()
  source = open(r1)
})
afterEach(async () => {
  await expectQuiet()
  await harness.close()
  await google.stop()
  expect(google.contract.violations).toEqual([])
})

const open = (calendar: string, organizer: string | null = null): Source => openOn(google, calendar, organizer)

/** The general rule after each: one more round writes nothing on either side. */
async function expectQuiet(): Promise<void> {
  await harness.run(source)
  const token = await harness.store.token(0)
  google.calls.length = 0
  await harness.run(source)
  expect(google.writes()).toEqual([])
  expect(await harness.store.token(0)).toBe(token)
}

const year = new Date().getUTCFullYear() + 1
const berlin = (dateTime: string) => ({ dateTime, tzid: 'Europe/Berlin' })
const lecture = (uid: string, day = '03-02', hour = 9): ScheduleEvent => ({
  uid,
  master: {
    ...emptyMaster(
      berlin(`${year}-${day}T${String(hour).padStart(2, '0')}:00:00`),
      berlin(`${year}-${day}T${String(hour + 1).padStart(2, '0')}:00:00`),
    ),
    summary: `Lecture ${uid}`,
  },
  overrides: [],
  resourceIds: [1],
})

let ids = 0
/** Ann's own booking on a calendar. */
function booked(calendar: string, change: Partial<Item> = {}): Item {
  const id = `ann${(ids++).toString(32).padStart(5, '0')}`
  return google.calendar(calendar).put({
    ...{
      kind: 'calendar#event',
      eventType: 'default',
      id,
      iCalUID: `${id}@google.com`,
      status: 'confirmed',
      summary: 'Meeting',
    },
    organizer: { email: calendar, self: true },
    start: { dateTime: `${year}-04-06T09:00:00+02:00`, timeZone: 'Europe/Berlin' },
    end: { dateTime: `${year}-04-06T10:00:00+02:00`, timeZone: 'Europe/Berlin' },
    ...change,
  })
}

/** Ann invites rooms from her own calendar, and they answer. */
function meeting(rooms: readonly string[], change: Partial<Item> = {}): Item {
  const item = booked(ann, {
    attendees: rooms.map(email => ({ email, resource: true, responseStatus: 'needsAction' })),
    ...change,
  })
  google.spread(google.calendar(ann), item)
  google.answerInvitations()
  return item
}

const uids = async () => (await harness.store.uids()).sort()
const eventOf = async (uid: string) => (await harness.store.event(uid))?.event
const run = (): Promise<SyncReport> => harness.run(source)

describe('loss of data', () => {
  it('S01 an expired token neither deletes nor doubles', async () => {
    for (let n = 0; n < 40; n++)
      booked(r1, { start: { dateTime: `${year}-04-06T09:00:00Z` }, end: { dateTime: `${year}-04-06T09:10:00Z` } })
    await run()
    google.calendar(r1).generation++
    google.calls.length = 0
    expect(await run()).toMatchObject({ created: 0, removed: 0, updated: 0, pushed: 0, error: null })
    expect(google.writes()).toEqual([])
    expect(await uids()).toHaveLength(40)
  })

  it('S02 a deletion while the token was dead is found', async () => {
    const items = Array.from({ length: 20 }, () => booked(r1))
    await run()
    google.calendar(r1).purge(items[3]?.id ?? '')
    google.calendar(r1).generation++
    const added = booked(r1)
    expect(await run()).toMatchObject({ created: 1, removed: 1 })
    expect(await uids()).not.toContain(items[3]?.iCalUID)
    expect(await uids()).toContain(added.iCalUID)
  })

  it('S04 a calendar that answers 404 loses nothing and recovers by itself', async () => {
    booked(r1)
    await run()
    google.calendar(r1).access = 'none'
    const report = await run()
    expect(report).toMatchObject({ removed: 0, remedy: expect.stringMatching(/Share/) })
    expect(await uids()).toHaveLength(1)
    google.calendar(r1).access = 'writer'
    google.calendar(r1).generation++
    expect(await run()).toMatchObject({ removed: 0, error: null })
  })

  it.each(['approve', 'restore'] as const)('S05 an empty answer is held for a person, who says: %s', async answer => {
    for (let day = 10; day < 30; day++) await harness.put(lecture(`d${day}`, `03-${day}`))
    await run()
    google.calendar(r1).clear()
    expect(await run()).toMatchObject({ removed: 0, held: 20 })
    expect(await run()).toMatchObject({ removed: 0, held: 20, pushed: 0 })
    expect(await harness.store.conflicts()).toMatchObject([{ kind: 'mass-deletion', detail: { count: 20, of: 20 } }])
    expect(await uids()).toHaveLength(20)
    await harness.engine.answerHeld(harness.binding(source), answer)
    await run()
    expect(await harness.store.conflicts()).toEqual([])
    const left = answer === 'approve' ? 0 : 20
    expect(await uids()).toHaveLength(left)
    expect(google.calendar(r1).living()).toHaveLength(left)
  })

  it('S07 a cursor taken with other parameters is not used', async () => {
    booked(r1)
    await run()
    await harness.store.database.query(`UPDATE binding_cursor SET cursor = '{"tag":"old","token":"abc","zone":"UTC"}'`)
    google.calls.length = 0
    expect(await run()).toMatchObject({ created: 0, removed: 0, error: null })
    expect(google.calls.some(({ query }) => query.get('syncToken') === 'abc')).toBe(false)
  })

  it('S08 a create whose answer was lost makes one event', async () => {
    await harness.put(lecture('a'))
    google.faults.push({ method: 'POST', path: /events$/, after: true, drop: true, times: 4 })
    await run()
    await run()
    expect(google.calendar(r1).living()).toHaveLength(1)
  })

  it('S11 what was deleted here does not come back for a change that says nothing', async () => {
    await harness.put(lecture('a'))
    await run()
    const [item] = google.calendar(r1).living()
    await harness.remove('a')
    google.calendar(r1).put({ ...item, id: item?.id ?? '', status: 'confirmed', reminders: { useDefault: false } })
    await run()
    expect(google.calendar(r1).living()).toEqual([])
    expect(await uids()).toEqual([])
  })

  it('S12 events of others are read and never written', async () => {
    booked(r1)
    meeting([r1], { start: { dateTime: `${year}-05-04T09:00:00Z` }, end: { dateTime: `${year}-05-04T10:00:00Z` } })
    await run()
    google.calls.length = 0
    await run()
    expect(google.writes()).toEqual([])
    expect(await uids()).toHaveLength(2)
  })
})

describe('rooms', () => {
  it('S14 a slot taken meanwhile becomes a flag, not a double booking', async () => {
    const soon = Temporal.Now.zonedDateTimeISO('Europe/Berlin').add({ days: 3 })
    const at = (hour: string) => `${soon.toPlainDate()}T${hour}:00`
    booked(r1, { start: { dateTime: `${at('09:00')}Z` }, end: { dateTime: `${at('10:00')}Z` } })
    const utc = (hour: string) => ({ dateTime: at(hour), tzid: 'UTC' })
    await harness.put({ ...lecture('a'), master: emptyMaster(utc('09:30'), utc('10:30')) })
    await run()
    expect(google.calendar(r1).living()).toHaveLength(1)
    const kinds = (await harness.store.conflicts({ uid: 'a' })).map(({ kind }) => kind).sort()
    expect(kinds).toEqual(['overlap', 'rejected'])
  })

  it.each(['keep', 'cancel'] as const)('S15 the room declines our invitation (its copy: %s)', async copy => {
    google.declinedRoomCopy = copy
    google.calendar('scheduling@example.edu')
    source = open(r1, 'scheduling@example.edu')
    booked(r1, {
      start: { dateTime: `${year}-03-02T09:00:00+01:00` },
      end: { dateTime: `${year}-03-02T10:00:00+01:00` },
    })
    await harness.put(lecture('a'))
    await run()
    google.answerInvitations()
    await run()
    expect(await uids()).toContain('a')
    const conflicts = await harness.store.conflicts({ uid: 'a' })
    expect(conflicts.find(({ kind }) => kind === 'rejected')?.detail.reason).toMatch(/declined/)
  })

  it.each(['keep', 'cancel'] as const)(
    'S17 a meeting the room has declined occupies nothing (its copy: %s)',
    async copy => {
      google.declinedRoomCopy = copy
      booked(r1)
      meeting([r1])
      await run()
      expect(await uids()).toHaveLength(1)
    },
  )

  it('S21 the organizer takes the room out of the meeting', async () => {
    const item = meeting([r1])
    await run()
    google.calendar(r1).remove(item.id)
    await run()
    expect(await uids()).toEqual([])
  })

  it('S22 the organizer moves the meeting to another room', async () => {
    const item = meeting([r1])
    const other = open(r2)
    const second = { id: 'test/r2', calendar: r2, resourceId: 2 }
    await run()
    await harness.run(other, second)
    google.calendar(r1).remove(item.id)
    const moved = google
      .calendar(ann)
      .put({ ...item, attendees: [{ email: r2, resource: true, responseStatus: 'needsAction' }] })
    google.spread(google.calendar(ann), moved)
    google.answerInvitations()
    await harness.run(other, second)
    await run()
    expect(await eventOf(item.iCalUID ?? '')).toMatchObject({ resourceIds: [2] })
    expect(await uids()).toHaveLength(1)
  })

  it('the same meeting under another UID is flagged as a likely double, and the flag goes with it', async () => {
    const item = booked(r1, {
      summary: 'Lecture:  A!',
      start: { dateTime: `${year}-03-02T09:00:00+01:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-03-02T10:00:00+01:00`, timeZone: 'Europe/Berlin' },
    })
    const [event] = [lecture('a')]
    await harness.put({ ...event, master: event?.master && { ...event.master, summary: 'lecture a' } } as ScheduleEvent)
    await run()
    const doubles = async () => (await harness.store.conflicts()).filter(({ kind }) => kind === 'duplicate')
    expect(await doubles()).toMatchObject([{ uids: ['a', item.iCalUID], detail: { sources: ['test', 'caldav'] } }])
    google.calendar(r1).remove(item.id)
    await run()
    expect(await doubles()).toEqual([])
  })

  it('S27 a private title is not shown', async () => {
    const item = booked(r1, { visibility: 'private', summary: 'Salary talk' })
    await run()
    expect((await harness.store.event(item.iCalUID ?? ''))?.body).not.toMatch(/Salary/)
  })

  it('S28 an all-day booking that comes as midnight to midnight stays all-day', async () => {
    google.roomAllDayQuirk = true
    const item = booked(r1, { start: { date: `${year}-04-06` }, end: { date: `${year}-04-07` } })
    await run()
    expect((await eventOf(item.iCalUID ?? ''))?.master).toMatchObject({
      start: { date: `${year}-04-06` },
      end: { date: `${year}-04-07` },
    })
  })
})

describe('booking', () => {
  it('S24 a new time asks the room again, and its answer is followed', async () => {
    google.calendar('scheduling@example.edu')
    source = open(r1, 'scheduling@example.edu')
    booked(r1, {
      start: { dateTime: `${year}-03-02T14:00:00+01:00` },
      end: { dateTime: `${year}-03-02T15:00:00+01:00` },
    })
    await harness.put(lecture('a'))
    await run()
    google.answerInvitations()
    await run()
    expect(await harness.store.conflicts({ uid: 'a' })).toEqual([])
    await harness.put(lecture('a', '03-02', 14))
    await run()
    google.answerInvitations()
    await run()
    const kinds = (await harness.store.conflicts({ uid: 'a' })).map(({ kind }) => kind).sort()
    expect(kinds).toEqual(['overlap', 'rejected'])
  })

  it('S25 a service account that may not invite says so, and tries once', async () => {
    google.calendar('scheduling@example.edu')
    const open = openGoogle({ ...optionsFor(google), organizer: 'scheduling@example.edu' })
    source = open(r1, 'Europe/Berlin')
    await harness.put(lecture('a'))
    await harness.put(lecture('b', '03-03'))
    google.calls.length = 0
    const report = await run()
    expect(report.error).toMatch(/forbiddenForServiceAccounts/)
    expect(report.remedy).toMatch(/subject/)
    expect(google.writes()).toHaveLength(1)
  })

  it('S35 a change between two pages comes with the next token', async () => {
    for (let n = 0; n < 4; n++) booked(r1)
    google.pageSize = 1
    google.emptyPages = true
    const late = booked(r1)
    google.onRequest = ({ query }) => {
      if (!query.get('pageToken')) return
      google.onRequest = null
      google.calendar(r1).put({ ...late, summary: 'Edited between the pages' })
    }
    await run()
    await run()
    expect((await eventOf(late.iCalUID ?? ''))?.master?.summary).toBe('Edited between the pages')
  })

  it('S62 event ids: Google takes every one, and each spells its UID', async () => {
    const ids = identity('101/room')
    const uids = Array.from({ length: 2000 }, (_, n) => `${n}-${'äöü€😀'.at(n % 4)}@${'x'.repeat(n % 700)}`)
    const made = uids.map(uid => ids.id(uid, 0))
    expect(made.every(id => /^[a-v0-9]{5,1024}$/.test(id))).toBe(true)
    expect(new Set(made).size).toBe(uids.length)
    for (const [index, id] of made.entries()) {
      const uid = uids[index] ?? ''
      expect(ids.uid({ id, extendedProperties: { shared: ids.properties(uid) } })).toBe(uid)
    }
    expect(identity('102/room').uid({ id: made[0] ?? '' })).toBeNull()
  })

  it('S64 an alias, another zone of the calendar and other offsets mean the same instants', async () => {
    const item = booked(r1, {
      start: { dateTime: `${year}-04-06T12:30:00+05:30`, timeZone: 'Asia/Calcutta' },
      end: { dateTime: `${year}-04-06T13:30:00+05:30`, timeZone: 'Asia/Calcutta' },
    })
    await run()
    google.calendar(r1).put({
      ...item,
      start: { dateTime: `${year}-04-06T09:00:00+02:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-04-06T10:00:00+02:00`, timeZone: 'Europe/Berlin' },
    })
    expect(await run()).toMatchObject({ pulled: 1, updated: 0 })
  })

  it('S65 odd lengths are kept or named, and the others go on', async () => {
    booked(r1, { start: { dateTime: `${year}-04-06T09:00:00Z` }, end: { dateTime: `${year}-04-06T09:00:00Z` } })
    booked(r1, { start: { dateTime: `${year}-04-06T22:00:00Z` }, end: { dateTime: `${year}-04-08T02:00:00Z` } })
    booked(r1, {
      start: { dateTime: `${year}-03-28T02:30:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-03-28T03:30:00`, timeZone: 'Europe/Berlin' },
    })
    const { end: _, ...endless } = booked(r1)
    google.calendar(r1).put({ ...endless, id: endless.id, status: 'confirmed' })
    const report = await run()
    expect(report).toMatchObject({ created: 3, rejected: 1, error: null })
  })

  it('S68 a first read of an old calendar is bounded, and what follows carries no window', async () => {
    for (let n = 0; n < 30; n++)
      booked(r1, { start: { dateTime: '2019-04-06T09:00:00Z' }, end: { dateTime: '2019-04-06T10:00:00Z' } })
    for (let n = 0; n < 30; n++) google.calendar(r1).remove(booked(r1).id)
    booked(r1)
    expect(await run()).toMatchObject({ created: 1, error: null })
    await run()
    const lists = google.calls.filter(({ id }) => id === 'calendar.events.list')
    expect(lists.map(({ query }) => [query.has('timeMin'), query.has('syncToken')])).toEqual([
      [true, false],
      [false, true],
    ])
  })

  it('a thousand events with nothing changed cost one request', async () => {
    google.pageSize = 2500
    for (let n = 0; n < 1000; n++)
      booked(r1, { start: { dateTime: `${year}-04-06T09:00:00Z` }, end: { dateTime: `${year}-04-06T09:00:00Z` } })
    await run()
    google.calls.length = 0
    await run()
    expect(google.calls).toHaveLength(1)
  })
})

describe('conflicts and concurrency', () => {
  it('S31 our own change, answered with an error, is no conflict', async () => {
    await harness.put(lecture('a'))
    await run()
    await harness.put({ ...lecture('a', '03-02', 14) })
    google.faults.push({ method: 'PATCH', status: 503, after: true, times: 1 })
    await run()
    expect((await harness.store.conflicts()).map(({ kind }) => kind)).toEqual([])
    expect(google.calendar(r1).living()).toHaveLength(1)
  })

  it.each([
    ['here', 'there'],
    ['there', 'here'],
  ])('S32 changed %s and deleted %s: the change stays and says so', async changed => {
    await harness.put(lecture('a'))
    await run()
    const [item] = google.calendar(r1).living()
    if (changed === 'here') {
      await harness.put({ ...lecture('a'), ...lecture('a', '03-03') })
      google.calendar(r1).remove(item?.id ?? '')
    } else {
      google.calendar(r1).put({ ...item, id: item?.id ?? '', status: 'confirmed', summary: 'Edited by Ann' })
      await harness.remove('a')
    }
    await run()
    await run()
    expect(google.calendar(r1).living()).toHaveLength(1)
    expect(await uids()).toEqual(['a'])
    expect((await harness.store.conflicts({ uid: 'a' })).map(({ kind }) => kind)).toEqual(['delete-edit'])
  })

  it('S34 deleted and made again is one living event', async () => {
    await harness.put(lecture('a'))
    await run()
    await harness.remove('a')
    await run()
    await harness.put(lecture('a'))
    await run()
    expect(google.calendar(r1).living()).toHaveLength(1)
  })

  it('S38 a new title leaves the guests alone', async () => {
    google.calendar('scheduling@example.edu')
    source = open(r1, 'scheduling@example.edu')
    await harness.put(lecture('a'))
    await run()
    google.answerInvitations()
    await run()
    await harness.put({
      ...lecture('a'),
      master: { ...emptyMaster(berlin(`${year}-03-02T09:00:00`), berlin(`${year}-03-02T10:00:00`)), summary: 'New' },
    })
    google.calls.length = 0
    await run()
    expect(google.writes().map(({ id, body }) => [id, Object.keys(body)])).toEqual([
      ['calendar.events.patch', ['summary']],
    ])
  })
})

describe('recurrence', () => {
  const weekly = (change: Partial<Item> = {}) =>
    booked(r1, {
      start: { dateTime: `${year}-11-02T09:00:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-11-02T10:00:00`, timeZone: 'Europe/Berlin' },
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'],
      ...change,
    })
  const instance = (master: Item, date: string, change: Partial<Item>): Item => ({
    ...{ kind: 'calendar#event', id: `${master.id}_${date}T080000Z`, recurringEventId: master.id, status: 'confirmed' },
    ...(master.iCalUID ? { iCalUID: master.iCalUID } : {}),
    originalStartTime: { dateTime: `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T08:00:00Z` },
    ...change,
  })

  it('S41 a moved occurrence moves, and only it', async () => {
    const master = weekly()
    await run()
    google.calendar(r1).put(
      instance(master, `${year}1109`, {
        summary: 'Meeting',
        start: { dateTime: `${year}-11-10T14:00:00+01:00` },
        end: { dateTime: `${year}-11-10T15:00:00+01:00` },
      }),
    )
    await run()
    const event = await eventOf(master.iCalUID ?? '')
    expect(event?.overrides).toMatchObject([
      { recurrenceId: berlin(`${year}-11-09T09:00:00`), start: berlin(`${year}-11-10T14:00:00`) },
    ])
  })

  it('S42 a cancelled occurrence with next to nothing in it goes, and only it', async () => {
    const master = weekly()
    await run()
    google.calendar(r1).put(instance(master, `${year}1109`, { status: 'cancelled' }))
    await run()
    expect((await eventOf(master.iCalUID ?? ''))?.master?.exdates).toEqual([berlin(`${year}-11-09T09:00:00`)])
  })

  it('S44 a deleted series goes whole, and a stray exception does not revive it', async () => {
    const master = weekly()
    await run()
    google.calendar(r1).remove(master.id)
    google.calendar(r1).put(instance(master, `${year}1109`, { status: 'cancelled' }))
    await run()
    expect(await uids()).toEqual([])
  })

  it('S45 this and following: the old series ends, the new one begins', async () => {
    const master = weekly()
    await run()
    google.calendar(r1).put({ ...master, recurrence: [`RRULE:FREQ=WEEKLY;UNTIL=${year}1115T225959Z`] })
    weekly({
      start: { dateTime: `${year}-11-16T11:00:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-11-16T12:00:00`, timeZone: 'Europe/Berlin' },
      recurrence: ['RRULE:FREQ=WEEKLY;COUNT=2'],
    })
    await run()
    const from = Date.parse(`${year}-11-01T00:00:00Z`) / 1000
    const rows = await harness.store.occurrencesIn(1, from, from + 45 * 86_400)
    expect(rows.map(({ start }) => new Date(start * 1000).toISOString().slice(0, 13))).toEqual([
      ...[`${year}-11-02T08`, `${year}-11-09T08`, `${year}-11-16T10`, `${year}-11-23T10`],
    ])
  })

  it('S47 odd dates in rules do not stop the room', async () => {
    booked(r1, {
      start: { date: `${year}-12-25` },
      end: { date: `${year}-12-26` },
      recurrence: ['RRULE:FREQ=DAILY;COUNT=3', `EXDATE;VALUE=DATE:${year}1226`],
    })
    weekly({ recurrence: [`RRULE:FREQ=WEEKLY;UNTIL=${year}1130`, `RDATE;TZID=Europe/Berlin:${year}1203T090000`] })
    weekly({ recurrence: ['X-NONSENSE:1'] })
    const report = await run()
    expect(report).toMatchObject({ created: 2, rejected: 1, error: null })
  })
})

describe('transport and limits', () => {
  it('S51 a rate limit is waited out', async () => {
    google.faults.push({ path: /events$/, status: 403, reason: 'rateLimitExceeded', times: 2 })
    booked(r1)
    expect(await run()).toMatchObject({ created: 1, error: null })
  })

  it('S51 a missing right is not retried', async () => {
    google.faults.push({ path: /events$/, status: 403, reason: 'requiredAccessLevel', times: 9 })
    await run()
    expect(google.faults[0]?.times).toBe(8)
    google.faults.length = 0
  })

  it('S52 too many changes: writes wait, reads go on', async () => {
    await harness.put(lecture('a'))
    google.faults.push({ method: 'POST', path: /events$/, status: 403, reason: 'quotaExceeded', times: 1 })
    await run()
    const item = booked(r1)
    await run()
    expect(await uids()).toEqual(['a', item.iCalUID])
    expect(google.calendar(r1).living()).toHaveLength(1)
    await harness.store.database.query('UPDATE binding SET writes_after = 0')
    await run()
    expect(google.calendar(r1).living()).toHaveLength(2)
  })

  it('S58 a token revoked in the middle is renewed', async () => {
    await run()
    google.revokeTokens()
    booked(r1)
    expect(await run()).toMatchObject({ created: 1, error: null })
  })
})
