/** What reaches a Google calendar's adapter on a bad day: nothing is deleted, the reason is readable, others go on. */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { discoverGoogle, type GoogleOptions, openGoogle } from '../../adapters/google/index.ts'
import { emptyMaster } from '../../src/schedule/event.ts'
import type { Source } from '../../src/sync/source.ts'
import type { Item } from '../fakes/google/calendar.ts'
import { keyFile, optionsFor } from '../fakes/google/open.ts'
import { FakeGoogle } from '../fakes/google/server.ts'
import { type Harness, openHarness } from './harness.ts'

const room = 'c_room1@resource.calendar.google.com'

let google: FakeGoogle
let harness: Harness
let source: Source
const year = new Date().getUTCFullYear() + 1

beforeEach(async () => {
  google = new FakeGoogle()
  await google.start()
  google.calendar(room)
  harness = await openHarness()
  source = open()
})
afterEach(async () => {
  await harness.close()
  await google.stop()
})

const open = (change: Partial<GoogleOptions> = {}, calendar = room): Source => {
  return openGoogle({ ...optionsFor(google), ...change })(calendar, 'Europe/Berlin')
}
let ids = 0
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
const run = () => harness.run(source)
const count = async () => (await harness.store.uids()).length
const event = async (item: Item) => (await harness.store.event(item.iCalUID ?? ''))?.event
const lecture = (uid: string, from: Temporal.ZonedDateTime) => {
  const at = (time: Temporal.ZonedDateTime) => ({ dateTime: time.toString().slice(0, 19), tzid: 'Europe/Berlin' })
  return { uid, master: emptyMaster(at(from), at(from.add({ hours: 1 }))), overrides: [], resourceIds: [1] }
}
const soon = () => Temporal.Now.zonedDateTimeISO('Europe/Berlin').add({ days: 3 }).round('hour')

describe('bad input: nothing is deleted, and the calendar says why', () => {
  it.each([
    ['HTML instead of JSON', { html: '<html>Sign in to the network</html>' }, /HTML page/, /apiUrl/],
    ['HTML with 404', { html: '<html>nothing here</html>', status: 404 }, /HTML page/, /proxy/],
    ['a truncated body', { html: '{"kind":"calendar#events","items":[{"id"' }, /broken text/, /apiUrl/],
    ['an empty object', { html: '{}', json: true }, /no list of events/, /apiUrl/],
    ['revoked access', { status: 403, reason: 'forbidden' }, /forbidden/, /Share/],
  ])('%s', async (_, { json, ...fault }: Record<string, unknown>, error, remedy) => {
    booked()
    await run()
    google.calendar(room).generation++
    const headers = { 'Content-Type': json ? 'application/json' : 'text/html' }
    google.faults.push({ path: /events$/, ...fault, headers, times: 9 })
    const report = await run()
    expect(report).toMatchObject({ removed: 0, error: expect.stringMatching(error) })
    expect(report.remedy).toMatch(remedy)
    expect(await count()).toBe(1)
    google.faults.length = 0
    await harness.store.database.query('UPDATE binding SET due_at = 0')
    expect(await run()).toMatchObject({ removed: 0, created: 0, error: null })
  })

  it('a wrong calendar id, while another calendar goes on', async () => {
    booked()
    const wrong = await harness.run(open({}, 'nobody@example.com'), { id: 'test/wrong', calendar: 'nobody' })
    expect(wrong).toMatchObject({ removed: 0, remedy: expect.stringMatching(/check its id/) })
    expect(await run()).toMatchObject({ created: 1, error: null })
  })

  it.each([
    ['S61 a clock off by ten minutes', 'Invalid JWT: Token must be a short-lived token', /clock/],
    ['S58 an expired key', 'Invalid JWT Signature.', /key/],
  ])('%s', async (_, error_description, remedy) => {
    google.refuseTokens = { error: 'invalid_grant', error_description }
    const report = await run()
    expect(report).toMatchObject({ error: expect.stringContaining(error_description) })
    expect(report.remedy).toMatch(remedy)
    expect(google.calls).toHaveLength(1)
  })

  it('S61 whose change is newer is no matter of clocks', async () => {
    const item = booked()
    await run()
    google.calendar(room).put({ ...item, summary: 'Renamed', updated: '1999-01-01T00:00:00Z' })
    await run()
    expect((await event(item))?.master?.summary).toBe('Renamed')
  })

  it('a key that is no key', async () => {
    const bad = join(dirname(keyFile), 'bad.json')
    writeFileSync(bad, JSON.stringify({ client_email: 'a@b', private_key: 'nonsense' }))
    const report = await harness.run(open({ keyFile: bad }), { id: 'test/other' })
    expect(report.remedy).toMatch(/keyFile/)
  })

  it('events that cannot be understood are named, the others come', async () => {
    const { end: _, ...endless } = booked()
    google.calendar(room).put(endless)
    booked({ eventType: 'hologram' })
    const zoned = booked()
    const item = google.calendar(room).get(zoned.id)
    google.calendar(room).put({ ...zoned, start: { ...item?.start, timeZone: 'Mars/Olympus' } })
    booked({ eventType: 'workingLocation' })
    const text = '\u05E9\u05DC\u05D5\u05DD \u202E\u{1F3A5}\u{20BB7}'
    const odd = booked({ summary: text })
    expect(await run()).toMatchObject({ created: 1, rejected: 3, error: null })
    expect((await event(odd))?.master?.summary).toBe(text)
  })

  it('pages of 2,500 events', async () => {
    const start = { dateTime: `${year}-04-06T09:00:00Z` }
    for (let n = 0; n < 2600; n++) booked({ start, end: start })
    expect(await run()).toMatchObject({ created: 2600, error: null })
    expect(google.calls.filter(({ id }) => id === 'calendar.events.list')).toHaveLength(2)
  })
})

describe('what Google does not promise', () => {
  it('S38 attendees left out of an answer are never written back', async () => {
    const item = booked({
      attendeesOmitted: true,
      attendees: [{ email: room, self: true, responseStatus: 'accepted' }],
    })
    await run()
    const stored = await event(item)
    if (!stored?.master) throw new Error('not stored')
    await harness.put({ ...stored, master: { ...stored.master, summary: 'New' } })
    google.calls.length = 0
    await run()
    expect(google.writes().map(({ body }) => Object.keys(body))).toEqual([['summary']])
  })

  it('the room is found among the attendees by its address', async () => {
    booked({ organizer: { email: 'ann@example.com' }, attendees: [{ email: room, responseStatus: 'declined' }] })
    await run()
    expect(await count()).toBe(0)
  })

  it('S42 a cancelled occurrence without an iCalUID stays cancelled when the series changes later', async () => {
    const master = booked({ recurrence: ['RRULE:FREQ=WEEKLY;COUNT=4'] })
    google.calendar(room).put({
      ...{ kind: 'calendar#event', id: `${master.id}_${year}0413T070000Z`, recurringEventId: master.id },
      ...{ status: 'cancelled', originalStartTime: { dateTime: `${year}-04-13T07:00:00Z` } },
    })
    await run()
    google.calendar(room).put({ ...master, summary: 'Renamed' })
    await run()
    expect((await event(master))?.master).toMatchObject({
      summary: 'Renamed',
      exdates: [{ dateTime: `${year}-04-13T09:00:00`, tzid: 'Europe/Berlin' }],
    })
  })

  it('S18 a slot taken within the poll interval is not booked again, also where free/busy may not be asked', async () => {
    const from = soon()
    const utc = (time: Temporal.ZonedDateTime) => ({ dateTime: time.toInstant().toString() })
    await run()
    google.faults.push({ path: /freeBusy$/, status: 403, reason: 'insufficientPermissions', times: 1 })
    await harness.put(lecture('a', from))
    google.onRequest = ({ id }) => {
      if (id !== 'calendar.events.list') return
      google.onRequest = null
      // Between our read of the calendar and our look at the slot.
      queueMicrotask(() => booked({ start: utc(from), end: utc(from.add({ hours: 1 })) }))
    }
    await run()
    await run()
    expect(google.calendar(room).living()).toHaveLength(1)
    const kinds = (await harness.store.conflicts({ uid: 'a' })).map(({ kind }) => kind).sort()
    expect(kinds).toEqual(['overlap', 'rejected'])
  })

  it('settings of the calendar that are not shared: its list tells the zone', async () => {
    google.faults.push({ path: /calendars\/[^/]+$/, status: 403, reason: 'forbidden', times: 9 })
    await harness.put(lecture('a', soon()))
    expect(await run()).toMatchObject({ error: null })
    expect(google.calendar(room).living()).toHaveLength(1)
  })

  it('S48 a series without an end is read once, and far days are found', async () => {
    booked({ recurrence: ['RRULE:FREQ=DAILY'] })
    expect(await run()).toMatchObject({ created: 1, error: null })
    const far = Date.parse(`${year + 8}-06-01T00:00:00Z`) / 1000
    expect(await harness.store.occurrencesIn(1, far, far + 86_400 * 7)).toHaveLength(7)
  })

  it('S37 two runs over one calendar at the same time double nothing', async () => {
    for (let n = 0; n < 5; n++) booked()
    await Promise.all([run(), run()])
    google.calls.length = 0
    expect(await run()).toMatchObject({ created: 0, removed: 0 })
    expect(await count()).toBe(5)
    expect(google.writes()).toEqual([])
  })
})

describe('discovery', () => {
  const options = () => ({ keyFile, subject: 'admin@example.com', apiUrl: google.url, tokenUrl: `${google.url}/token` })

  it('S67 six hundred rooms come over two pages, what is no room is left out', async () => {
    google.rooms = Array.from({ length: 600 }, (_, n) => ({
      ...{ resourceId: String(n), resourceEmail: `c_${n}@resource.calendar.google.com`, resourceName: `Room ${n}` },
      ...{ capacity: n, buildingId: 'Main', floorName: '2', resourceCategory: n === 5 ? 'OTHER' : 'CONFERENCE_ROOM' },
    }))
    const rooms = await discoverGoogle(options())
    expect(rooms).toHaveLength(599)
    expect(rooms[0]).toEqual({
      ...{ calendarId: 'c_0@resource.calendar.google.com', name: 'Room 0', capacity: 0, place: 'Main, 2' },
    })
    expect(google.calls.filter(({ id }) => id === 'directory.resources.calendars.list')).toHaveLength(2)
    expect(google.directory.violations).toEqual([])
    const claims = google.calls[0]?.query.get('assertion')?.split('.')[1] ?? ''
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: 'admin@example.com',
      scope: 'https://www.googleapis.com/auth/admin.directory.resource.calendar.readonly',
    })
  })

  it('S67 a subject without the right is told what is missing', async () => {
    google.faults.push({ path: /^\/admin/, status: 403, reason: 'forbidden', times: 1 })
    await expect(discoverGoogle(options())).rejects.toMatchObject({ remedy: expect.stringMatching(/administrator/) })
  })
})

describe('push channels', () => {
  it('S57 a channel is renewed under a new id, the old one stopped, and one that is gone ends quietly', async () => {
    const hook = { url: 'https://kaldav.example.edu/webhooks/google?binding=x', token: 't' }
    const first = await source.watch?.(hook)
    const [old] = google.channels.keys()
    const second = await source.watch?.(hook)
    // Both are open until the new one is known.
    expect(google.channels.size).toBe(2)
    await second?.endPrevious?.()
    expect([...google.channels.keys()]).not.toContain(old)
    expect(google.channels.size).toBe(1)
    // Another process has crashed, and left a channel behind.
    const third = await open().watch?.(hook, second?.mark)
    await third?.endPrevious?.()
    expect([...google.channels.values()].map(({ id, resourceId }) => `${id} ${resourceId}`)).toEqual([third?.mark])
    expect(Date.parse(first?.expiresAt ?? '')).toBeGreaterThan(Date.now())
    google.channels.clear()
    await source.close?.()
    expect(google.contract.violations).toEqual([])
  })
})
