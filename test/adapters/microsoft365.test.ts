import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Microsoft365Options, openMicrosoft365 } from '../../adapters/microsoft365/index.ts'
import { AccessDenied, CursorExpired, Rejected, Unavailable, VersionMismatch } from '../../src/errors.ts'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import { localhost } from '../fakes/microsoft365/certificate.ts'
import { openOn, optionsFor } from '../fakes/microsoft365/open.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'

const room = 'room1@contoso.test'
const berlinName = 'W. Europe Standard Time'

let graph: FakeGraph
beforeEach(async () => {
  graph = new FakeGraph()
  await graph.start()
  graph.mailbox(room)
})
afterEach(async () => {
  await graph.stop()
  expect(graph.contract.violations).toEqual([])
  expect(graph.mostAtOnce).toBeLessThanOrEqual(4)
})

const open = (organizer: string | null = null) => openOn(graph, room, organizer)

const berlin = (dateTime: string) => ({ dateTime, tzid: 'Europe/Berlin' })
const year = new Date().getUTCFullYear() + 1
const single = (change: Partial<NonNullable<ScheduleEvent['master']>> = {}): ScheduleEvent => ({
  uid: "lecture-1's@example.edu",
  master: {
    ...emptyMaster(berlin(`${year}-03-01T09:00:00`), berlin(`${year}-03-01T10:00:00`)),
    summary: 'Physics',
    ...change,
  },
  overrides: [],
  resourceIds: [],
})
const series = (): ScheduleEvent => {
  const event = single({ rrules: ['FREQ=WEEKLY;COUNT=6'], exdates: [berlin(`${year}-03-08T09:00:00`)] })
  const moved = {
    ...emptyMaster(berlin(`${year}-03-16T14:00:00`), berlin(`${year}-03-16T15:00:00`)),
    ...{ summary: 'Physics', recurrenceId: berlin(`${year}-03-15T09:00:00`), thisAndFuture: false },
  }
  return { ...event, uid: 'series-1@example.edu', overrides: [moved] }
}
/** Somebody's own booking in the room's calendar. */
const booked = (change: object = {}) =>
  graph.mailbox(room).put({
    ...{ subject: 'Meeting', originalStartTimeZone: berlinName },
    start: { dateTime: `${year}-04-06T09:00:00`, timeZone: berlinName },
    end: { dateTime: `${year}-04-06T10:00:00`, timeZone: berlinName },
    ...change,
  })
const items = () => graph.mailbox(room).all()
const nothing = { id: '', version: '' }
const unlike = (a: ScheduleEvent | undefined, b: ScheduleEvent | undefined) => differences(a ?? single(), b ?? single())

describe('a Microsoft 365 mailbox as a source', () => {
  it('gives back what was pushed, under the same UID, and then nothing new', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    const first = await source.pull(null)
    expect(first.changed.map(({ event }) => event.uid)).toEqual([single().uid])
    expect(first.changed[0]?.ref).toEqual(ref)
    expect(differences(first.changed[0]?.event ?? single(), source.normalize?.(single()) ?? single())).toEqual([])
    expect(first.completeWithin).toBeDefined()
    graph.calls.length = 0
    const next = await source.pull(first.cursor)
    expect(next.changed).toEqual([])
    expect(next.completeWithin).toBeUndefined()
    expect(graph.calls).toHaveLength(1)
  })

  it('keeps a series with an excluded and a moved occurrence', async () => {
    const source = open()
    const ref = await source.push?.(series(), null)
    graph.calls.length = 0
    const { changed, unreadable } = await source.pull(null)
    expect(unreadable).toEqual([])
    expect(changed).toHaveLength(1)
    expect(unlike(changed[0]?.event, source.normalize?.(series()))).toEqual([])
    expect(changed[0]?.ref).toEqual(ref)
    // The round, our marks, and the instances.
    expect(graph.calls).toHaveLength(3)
  })

  it('does not take a living series for one without any occurrence on one word', async () => {
    const source = open()
    await source.push?.(series(), null)
    const json = { 'Content-Type': 'application/json' }
    graph.faults.push({ method: 'GET', path: /instances/, status: 200, html: '{"value":[]}', headers: json, times: 1 })
    const { changed } = await source.pull(null)
    expect(graph.faults.every(({ times }) => times === 0)).toBe(true)
    expect(unlike(changed[0]?.event, source.normalize?.(series()))).toEqual([])
  })

  it('patches only what changed', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    graph.calls.length = 0
    await source.push?.(single({ summary: 'Physics II' }), ref ?? null)
    expect(graph.writes().map(({ method, body }) => [method, body])).toEqual([['PATCH', { subject: 'Physics II' }]])
  })

  it('brings back a deleted occurrence', async () => {
    const source = open()
    const ref = await source.push?.(series(), null)
    const whole = { ...series(), master: { ...series().master, exdates: [] } } as ScheduleEvent
    await source.push?.(whole, ref ?? null)
    const { changed } = await source.pull(null)
    expect(unlike(changed[0]?.event, source.normalize?.(whole))).toEqual([])
  })

  it('makes one event when the answer to a create is lost', async () => {
    graph.faults.push({ method: 'POST', path: /events$/, after: true, drop: true, times: 1 })
    await open().push?.(single(), null)
    expect(items()).toHaveLength(1)
  })

  it('finds the event of an earlier try before it makes another', async () => {
    const source = open()
    await source.push?.(single(), null)
    await source.push?.(single({ summary: 'Later' }), null)
    expect(items().map(({ subject }) => subject)).toEqual(['Later'])
  })

  it('takes its own write for success when the answer to a change is lost', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    graph.faults.push({ method: 'PATCH', status: 503, after: true, times: 1 })
    const outcome = await source.push?.(single({ summary: 'New' }), ref ?? null).catch((error: unknown) => error)
    if (outcome instanceof VersionMismatch) await source.push?.(single({ summary: 'New' }), ref ?? null)
    expect(items().map(({ subject }) => subject)).toEqual(['New'])
  })

  it('is not stopped by a change key that moved by itself', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    let touched = false
    graph.onRequest = ({ method }) => {
      if (method === 'PATCH' && !touched) {
        touched = true
        graph.mailbox(room).touch(ref?.id ?? '')
      }
    }
    await source.push?.(single({ summary: 'New' }), ref ?? null)
    expect(items().map(({ subject }) => subject)).toEqual(['New'])
  })

  it('writes nothing over a copy that somebody else has changed', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    graph.mailbox(room).change(ref?.id ?? '', { subject: 'Edited by Ann' })
    await expect(source.push?.(single({ summary: 'Ours' }), ref ?? null)).rejects.toBeInstanceOf(VersionMismatch)
    await expect(source.remove?.(ref ?? nothing)).rejects.toBeInstanceOf(VersionMismatch)
    expect(items().map(({ subject }) => subject)).toEqual(['Edited by Ann'])
  })

  it('removes once, and again without an error', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    await source.remove?.(ref ?? nothing)
    await source.remove?.(ref ?? nothing)
    expect(items()).toEqual([])
  })

  it('refuses to book a slot that somebody has just taken', async () => {
    booked({
      start: { dateTime: `${year}-03-01T08:30:00`, timeZone: 'UTC' },
      end: { dateTime: `${year}-03-01T09:30:00`, timeZone: 'UTC' },
    })
    const soon = Temporal.Now.instant()
      .add({ hours: 48 })
      .toZonedDateTimeISO('UTC')
      .toPlainDateTime()
      .toString({ smallestUnit: 'second' })
    const later = Temporal.PlainDateTime.from(soon).add({ hours: 1 }).toString({ smallestUnit: 'second' })
    booked({ start: { dateTime: soon, timeZone: 'UTC' }, end: { dateTime: later, timeZone: 'UTC' } })
    const clash = single({ start: { dateTime: soon, tzid: 'UTC' }, end: { dateTime: later, tzid: 'UTC' } })
    await expect(open().push?.(clash, null)).rejects.toMatchObject({ code: 'room-taken' })
    expect(graph.writes()).toEqual([])
  })

  it.each([
    ['410', 410, 'SyncStateNotFound'],
    ['410 with another code', 410, 'resyncRequired'],
    ['404', 404, 'syncStateNotFound'],
    ['400', 400, 'SyncStateInvalid'],
  ])('says when a token has died: %s', async (_, status, code) => {
    const source = open()
    const { cursor } = await source.pull(null)
    graph.faults.push({ path: /deltatoken/, status, code, times: 1 })
    await expect(source.pull(cursor)).rejects.toBeInstanceOf(CursorExpired)
    await expect(source.pull('{"v":0}')).rejects.toBeInstanceOf(CursorExpired)
  })

  it('begins a round again that dies under way', async () => {
    for (let n = 0; n < 5; n++) booked()
    graph.pageSize = 2
    graph.faults.push({ path: /skiptoken/, status: 410, code: 'SyncStateNotFound', times: 1 })
    expect((await open().pull(null)).changed).toHaveLength(5)
  })

  it('follows pages, empty ones too', async () => {
    for (let n = 0; n < 5; n++) booked()
    graph.pageSize = 2
    graph.emptyFirstPage = true
    expect((await open().pull(null)).changed).toHaveLength(5)
  })

  it('never takes a mailbox it may not see for an empty one', async () => {
    const source = open()
    const { cursor } = await source.pull(null)
    graph.mailbox(room).access = 'denied'
    await expect(source.pull(cursor)).rejects.toMatchObject({
      name: 'AccessDenied',
      remedy: expect.stringMatching(/RBAC/),
    })
    graph.mailbox(room).access = 'gone'
    await expect(source.pull(cursor)).rejects.toBeInstanceOf(AccessDenied)
  })

  it('withholds the title of a private meeting and never writes it back', async () => {
    const source = open()
    const item = booked({ subject: 'Salary talk', sensitivity: 'private' })
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master).toMatchObject({ summary: 'Busy', classification: 'PRIVATE' })
    const moved = { ...remote?.event, master: { ...remote?.event.master, end: berlin(`${year}-04-06T11:00:00`) } }
    await source.push?.(moved as ScheduleEvent, remote?.ref ?? null)
    expect(graph.mailbox(room).get(item.id)).toMatchObject({ subject: 'Salary talk', sensitivity: 'private' })
  })

  it('reads a body by what it says, and does not write it back', async () => {
    const source = open()
    const content =
      '<html><head><style>p{}</style></head><body><p>Bring&nbsp;<b>chalk</b> &amp; sponge</p>\r\n<p>Thanks</p></body></html>'
    booked({ body: { contentType: 'html', content } })
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master?.description).toBe('Bring chalk & sponge\nThanks')
    const renamed = { ...remote?.event, master: { ...remote?.event.master, summary: 'Other' } }
    await source.push?.(renamed as ScheduleEvent, remote?.ref ?? null)
    expect(graph.writes().map(({ body }) => body)).toEqual([{ subject: 'Other' }])
  })

  it('keeps all-day events as dates, in any zone', async () => {
    const source = open()
    const event = single({ start: { date: `${year}-12-24` }, end: { date: `${year}-12-27` } })
    await source.push?.(event, null)
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master).toMatchObject({ start: { date: `${year}-12-24` }, end: { date: `${year}-12-27` } })
  })

  it.each([
    ['a rule without end', { rrules: ['FREQ=MONTHLY;BYMONTHDAY=1,15'] }],
    ['more dates than single events', { rrules: ['FREQ=DAILY;BYMONTH=3,4,5,6,7,8,9,10;COUNT=220'] }],
  ])('refuses what it could not write whole: %s', async (_, change) => {
    await expect(open().push?.(single(change), null)).rejects.toMatchObject({ code: 'recurrence' })
    expect(graph.writes()).toEqual([])
  })

  const date = (day: string) => berlin(`${year}-${day}T09:00:00`)
  const january = { start: date('01-31'), end: berlin(`${year}-01-31T10:00:00`) }
  describe.each([
    ['two days a month', { rrules: ['FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=5'] }],
    ['a first date off the pattern', { rrules: ['FREQ=WEEKLY;BYDAY=WE;COUNT=3'] }],
    ['the 31st', { ...january, rrules: ['FREQ=MONTHLY;COUNT=3'] }],
    ['single dates', { rdates: [date('03-04'), date('03-09')] }],
    ['a rule with exceptions by rule', { rrules: ['FREQ=DAILY;COUNT=9'], exrules: ['FREQ=DAILY;INTERVAL=2;COUNT=4'] }],
  ])('a series without a pattern becomes single events: %s', (_, change) => {
    it('which together are the series', async () => {
      const source = open()
      const ref = await source.push?.(single(change), null)
      expect(items().every(({ recurrence }) => !recurrence)).toBe(true)
      const { changed, cursor } = await source.pull(null)
      expect(changed.map(each => each.ref)).toEqual([ref])
      expect(unlike(changed[0]?.event, source.normalize?.(single(change)))).toEqual([])
      const again = await source.push?.(single({ ...change, summary: 'Physics II' }), ref ?? null)
      expect(new Set(items().map(({ subject }) => subject))).toEqual(new Set(['Physics II']))
      const next = await source.pull(cursor)
      expect(next.changed.map(each => each.ref)).toEqual([again])
    })

    it('whose parts are moved and deleted there, and gone with it', async () => {
      const source = open()
      await source.push?.(single(change), null)
      const { cursor } = await source.pull(null)
      const [first, second] = items().sort((a, b) => (a.start.dateTime < b.start.dateTime ? -1 : 1))
      graph.mailbox(room).remove(first?.id ?? '')
      graph.mailbox(room).change(second?.id ?? '', { subject: 'Guest lecture' })
      const { changed, removed, cursor: next } = await source.pull(cursor)
      expect(removed).toEqual([])
      expect(changed).toMatchObject([
        { event: { master: { summary: 'Physics', exdates: [{}] }, overrides: [{ summary: 'Guest lecture' }] } },
      ])
      await source.remove?.(changed[0]?.ref ?? nothing)
      expect(items()).toEqual([])
      expect((await source.pull(next)).removed).toEqual([changed[0]?.ref.id])
    })
  })

  it('turns a series into single events and back', async () => {
    const source = open()
    const ref = await source.push?.(series(), null)
    const odd = { ...series(), master: { ...series().master, rdates: [date('06-01')] } } as ScheduleEvent
    const parts = await source.push?.(odd, ref ?? null)
    expect(items()).toHaveLength(6)
    const read = (await source.pull(null)).changed
    expect(unlike(read[0]?.event, source.normalize?.(odd))).toEqual([])
    await source.push?.(series(), parts ?? null)
    expect(items().map(({ recurrence }) => recurrence?.pattern.type)).toEqual(['weekly'])
  })

  it('goes on where the writing of single events broke off', async () => {
    const source = open()
    const event = single({ rrules: ['FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=5'] })
    let made = 0
    graph.onRequest = ({ method }) => {
      if (method !== 'POST' || ++made !== 3) return
      graph.faults.push({ method: 'POST', status: 403, code: 'ErrorAccessDenied', times: 1 })
    }
    await expect(source.push?.(event, null)).rejects.toBeInstanceOf(AccessDenied)
    graph.onRequest = null
    await source.push?.(event, null)
    expect(items()).toHaveLength(5)
  })

  it('leaves out what it cannot read, by name, and reads the rest', async () => {
    const utc = (hour: number) => ({
      dateTime: `${year}-04-06T${String(hour).padStart(2, '0')}:00:00`,
      timeZone: 'UTC',
    })
    const range = { type: 'noEnd', startDate: `${year}-04-06` }
    const daily = { type: 'daily', interval: 1 }
    const custom = 'tzone://Microsoft/Custom'
    booked({ start: utc(12), end: utc(11) })
    booked({ recurrence: { pattern: { ...daily, type: 'lunarMonthly' }, range } })
    // A zone of its own that is not the room's: its dates drift away from the room's clock.
    const drifting = { start: utc(8), end: utc(9), originalStartTimeZone: custom }
    booked({ ...drifting, recurrence: { pattern: daily, range: { ...range, recurrenceTimeZone: custom } } })
    const fine = booked({
      recurrence: { pattern: daily, range: { ...range, recurrenceTimeZone: custom } },
      originalStartTimeZone: custom,
    })
    const { changed, unreadable } = await open().pull(null)
    expect(changed.map(({ ref, event }) => [ref.id, event.master?.rrules])).toEqual([[fine.id, ['FREQ=DAILY']]])
    expect(unreadable?.map(({ reason }) => reason).sort()).toMatchObject([
      expect.stringMatching(/lunarMonthly/),
      expect.stringMatching(/do not follow its pattern/),
      expect.stringMatching(/ends before it starts/),
    ])
    // The metadata does not know that pattern either.
    expect(graph.contract.violations.splice(0)).toHaveLength(1)
  })

  it('leaves the meetings of people to people', async () => {
    const ann = graph.mailbox('ann@contoso.test')
    const meeting = ann.put({
      subject: 'Ann',
      start: { dateTime: `${year}-03-01T09:00:00`, timeZone: berlinName },
      end: { dateTime: `${year}-03-01T10:00:00`, timeZone: berlinName },
      attendees: [{ type: 'resource', emailAddress: { address: room } }],
    })
    graph.answerInvitations()
    const source = open()
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event).toMatchObject({ uid: meeting.iCalUId, master: { status: 'CONFIRMED' } })
    const edited = { ...remote?.event, master: { ...remote?.event.master, summary: 'Taken over' } } as ScheduleEvent
    await expect(source.push?.(edited, remote?.ref ?? null)).rejects.toMatchObject({ code: 'foreign-organizer' })
    await source.remove?.(remote?.ref ?? nothing)
    expect(items()).toEqual([])
    expect(ann.get(meeting.id)?.attendees?.[0]?.status?.response).toBe('declined')
  })

  it('takes a cancelled meeting that stays in the calendar for gone', async () => {
    const source = open()
    const item = booked()
    const { cursor } = await source.pull(null)
    graph.mailbox(room).change(item.id, { isCancelled: true, showAs: 'free', subject: 'Canceled: Meeting' })
    expect(await source.pull(cursor)).toMatchObject({ changed: [], removed: [item.id] })
  })

  it('does not believe that what left the window was deleted', async () => {
    const source = open()
    const [moved, deleted] = [booked(), booked()]
    const { cursor } = await source.pull(null)
    graph.mailbox(room).change(moved.id, {
      start: { dateTime: `${year + 9}-04-06T09:00:00`, timeZone: berlinName },
      end: { dateTime: `${year + 9}-04-06T10:00:00`, timeZone: berlinName },
    })
    graph.mailbox(room).remove(deleted.id)
    const { changed, removed } = await source.pull(cursor)
    expect(changed.map(({ event }) => event.master?.start)).toEqual([berlin(`${year + 9}-04-06T09:00:00`)])
    expect(removed).toEqual([deleted.id])
  })

  it('asks for a new token when the old one is revoked, once', async () => {
    const source = open()
    const { cursor } = await source.pull(null)
    graph.revokeTokens()
    await source.pull(cursor)
    expect(graph.tokensGiven).toBe(2)
  })

  it('signs in with a certificate', async () => {
    const { key, cert } = localhost()
    const certificate = join(mkdtempSync(join(tmpdir(), 'kaldav-m365-')), 'app.pem')
    writeFileSync(certificate, `${key}\n${cert}`)
    await openMicrosoft365({ ...optionsFor(graph, null), clientSecret: undefined, certificate })(
      room,
      'Europe/Berlin',
    ).pull(null)
    const [signIn] = graph.calls.filter(({ path }) => path.endsWith('/token'))
    expect(signIn?.query.get('client_assertion')).toMatch(/^ey/)
    expect(signIn?.query.get('scope')).toContain(`${graph.url}/.default`)
  })

  it('signs in with a managed identity', async () => {
    const asked: string[] = []
    const metadata = createServer((request, response) => {
      asked.push(request.url ?? '')
      const answer = { access_token: graph.grant(), expires_in: '3599', token_type: 'Bearer', resource: graph.url }
      const expires_on = String(Math.floor(Date.now() / 1000) + 3599)
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ ...answer, expires_on }))
    })
    await new Promise<void>(resolve => metadata.listen(0, '127.0.0.1', resolve))
    const { port } = metadata.address() as AddressInfo
    process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST = `http://127.0.0.1:${port}`
    try {
      const { clientId: _, clientSecret: __, ...rest } = optionsFor(graph, null)
      await openMicrosoft365({ ...rest, managedIdentity: true })(room, 'Europe/Berlin').pull(null)
      expect(asked[0]).toContain(encodeURIComponent(graph.url))
    } finally {
      delete process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST
      metadata.close()
    }
  })

  it('says what is missing where there are no credentials, or no https', async () => {
    const { clientSecret: _, ...rest } = optionsFor(graph, null)
    const pull = (given: Microsoft365Options) => openMicrosoft365(given)(room, 'Europe/Berlin').pull(null)
    await expect(pull(rest)).rejects.toMatchObject({
      name: 'AccessDenied',
      remedy: expect.stringMatching(/clientSecret/),
    })
    await expect(pull({ ...optionsFor(graph, null), graphUrl: 'http://localhost:1' })).rejects.toThrow(/https/)
    expect(graph.calls).toEqual([])
  })

  it('explains refused credentials', async () => {
    graph.refuseTokens = {
      error: 'invalid_client',
      error_description: 'AADSTS7000215: Invalid client secret provided.',
    }
    const error = await open()
      .pull(null)
      .catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(AccessDenied)
    expect(error).toMatchObject({
      message: expect.stringMatching(/AADSTS7000215/),
      remedy: expect.stringMatching(/secret/),
    })
  })

  it('is not fooled by a page of HTML', async () => {
    graph.faults.push({ path: /delta/, status: 200, html: '<html>Sign in</html>', times: 9 })
    await expect(open().pull(null)).rejects.toBeInstanceOf(Unavailable)
  })

  it('waits as long as it is told, and leaves long waits to others', async () => {
    graph.faults.push({ path: /delta/, status: 429, headers: { 'Retry-After': '600' }, times: 1 })
    await expect(open().pull(null)).rejects.toMatchObject({ name: 'Unavailable', retryAfter: 600 })
  })

  it('rejects what Exchange cannot hold, with the reason', async () => {
    await expect(open().push?.({ ...single(), master: null }, null)).rejects.toBeInstanceOf(Rejected)
  })

  it('has itself called, and prolongs that', async () => {
    const source = open()
    const hook = { url: 'https://calendar.example.edu/webhooks/microsoft365?binding=x', token: 'secret' }
    await source.watch?.(hook)
    await source.watch?.(hook)
    expect([...graph.subscriptions.values()]).toMatchObject([
      { notificationUrl: hook.url, lifecycleNotificationUrl: hook.url, clientState: 'secret' },
    ])
    graph.subscriptions.clear()
    await source.watch?.(hook)
    expect(graph.subscriptions.size).toBe(1)
  })
})
