import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AccessDenied, CursorExpired, Rejected, Unavailable, VersionMismatch } from '../../src/errors.ts'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import { openOn } from '../fakes/google/open.ts'
import { FakeGoogle } from '../fakes/google/server.ts'

const room = 'c_room1@resource.calendar.google.com'

let google: FakeGoogle
beforeEach(async () => {
  google = new FakeGoogle()
  await google.start()
  google.calendar(room)
})
afterEach(async () => {
  await google.stop()
  expect(google.contract.violations).toEqual([])
})

const open = (organizer: string | null = null) => openOn(google, room, organizer)

const berlin = (dateTime: string) => ({ dateTime, tzid: 'Europe/Berlin' })
const year = new Date().getUTCFullYear() + 1
const single = (change: Partial<NonNullable<ScheduleEvent['master']>> = {}): ScheduleEvent => ({
  uid: 'lecture-1@example.edu',
  master: {
    ...emptyMaster(berlin(`${year}-03-02T09:00:00`), berlin(`${year}-03-02T10:00:00`)),
    summary: 'Physics',
    ...change,
  },
  overrides: [],
  resourceIds: [],
})
const series = (): ScheduleEvent => {
  const event = single({ rrules: ['FREQ=WEEKLY;COUNT=6'], exdates: [berlin(`${year}-03-09T09:00:00`)] })
  const moved = {
    ...emptyMaster(berlin(`${year}-03-17T14:00:00`), berlin(`${year}-03-17T15:00:00`)),
    ...{ summary: 'Physics', recurrenceId: berlin(`${year}-03-16T09:00:00`), thisAndFuture: false },
  }
  return { ...event, uid: 'series-1@example.edu', overrides: [moved] }
}

describe('a Google calendar as a source', () => {
  it('gives back what was pushed, under the same UID, and then nothing new', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    const first = await source.pull(null)
    expect(first.changed.map(({ event }) => event.uid)).toEqual(['lecture-1@example.edu'])
    expect(first.changed[0]?.ref).toEqual(ref)
    expect(differences(first.changed[0]?.event ?? single(), source.normalize?.(single()) ?? single())).toEqual([])
    const next = await source.pull(first.cursor)
    expect(next.changed).toEqual([])
    expect(next.completeWithin).toBeUndefined()
  })

  it('keeps a series with an excluded and a moved occurrence', async () => {
    const source = open()
    const ref = await source.push?.(series(), null)
    const { changed } = await source.pull(null)
    expect(changed).toHaveLength(1)
    expect(differences(changed[0]?.event ?? single(), source.normalize?.(series()) ?? single())).toEqual([])
    expect(changed[0]?.ref).toEqual(ref)
  })

  it('patches only what changed and never the attendees', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    google.calls.length = 0
    await source.push?.(single({ summary: 'Physics II' }), ref ?? null)
    expect(google.writes().map(({ id, body }) => [id, body])).toEqual([
      ['calendar.events.patch', { summary: 'Physics II' }],
    ])
  })

  it('makes one event when the answer to a create is lost', async () => {
    google.faults.push({ method: 'POST', path: /events$/, after: true, drop: true, times: 1 })
    const source = open()
    await source.push?.(single(), null)
    expect(google.calendar(room).living()).toHaveLength(1)
  })

  it('takes its own write for success when the answer to a change is lost', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    google.faults.push({ method: 'PATCH', status: 503, after: true, times: 1 })
    // The retry meets our own write as a 412; the next run compares and is content.
    const outcome = await source.push?.(single({ summary: 'New' }), ref ?? null).catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(VersionMismatch)
    const again = await source.push?.(single({ summary: 'New' }), ref ?? null)
    expect(again?.version).toBe(google.calendar(room).living()[0]?.etag)
  })

  it('writes nothing over a copy that somebody else has changed', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    const [item] = google.calendar(room).living()
    google.calendar(room).put({ ...item, id: item?.id ?? '', status: 'confirmed', summary: 'Edited by Ann' })
    await expect(source.push?.(single({ summary: 'Ours' }), ref ?? null)).rejects.toBeInstanceOf(VersionMismatch)
    expect(google.calendar(room).living()[0]?.summary).toBe('Edited by Ann')
  })

  it('revives an event that was deleted and keeps its id', async () => {
    const source = open()
    const ref = await source.push?.(single(), null)
    await source.remove?.(ref ?? { id: '', version: '' })
    await source.remove?.(ref ?? { id: '', version: '' })
    await source.push?.(single(), null)
    expect(
      google
        .calendar(room)
        .living()
        .map(({ summary }) => summary),
    ).toEqual(['Physics'])
  })

  it('refuses to book a slot that somebody has just taken', async () => {
    const source = open()
    google.calendar(room).put({
      ...{ id: 'ann00', status: 'confirmed', summary: 'Ann', organizer: { email: room, self: true } },
      start: { dateTime: `${year}-03-02T09:30:00+01:00` },
      end: { dateTime: `${year}-03-02T10:30:00+01:00` },
    })
    const soon = new Date(Date.now() + 86_400_000).toISOString().slice(0, 19)
    const later = new Date(Date.now() + 90_000_000).toISOString().slice(0, 19)
    google.calendar(room).put({
      ...{ id: 'ann01', status: 'confirmed', organizer: { email: room, self: true } },
      start: { dateTime: `${soon}Z` },
      end: { dateTime: `${later}Z` },
    })
    const clash = {
      ...single(),
      master: emptyMaster({ dateTime: soon, tzid: 'UTC' }, { dateTime: later, tzid: 'UTC' }),
    }
    await expect(source.push?.(clash, null)).rejects.toMatchObject({ code: 'room-taken' })
    expect(google.writes()).toEqual([])
  })

  it('says when a token has died, in each of its forms', async () => {
    const source = open()
    const { cursor } = await source.pull(null)
    google.calendar(room).generation++
    await expect(source.pull(cursor)).rejects.toBeInstanceOf(CursorExpired)
    google.faults.push({
      path: /events$/,
      status: 400,
      reason: 'invalid',
      message: 'Invalid sync token value.',
      times: 1,
    })
    await expect(source.pull(cursor)).rejects.toBeInstanceOf(CursorExpired)
    await expect(source.pull('{"tag":"old","token":"x"}')).rejects.toBeInstanceOf(CursorExpired)
  })

  it('never takes a calendar it may not see for an empty one', async () => {
    const source = open()
    const { cursor } = await source.pull(null)
    google.calendar(room).access = 'none'
    await expect(source.pull(cursor)).rejects.toMatchObject({
      name: 'AccessDenied',
      remedy: expect.stringMatching(/Share/),
    })
  })

  it('follows pages, empty ones too', async () => {
    const source = open()
    for (let n = 1; n <= 5; n++) {
      const [from, to] = [berlin(`${year}-03-0${n}T09:00:00`), berlin(`${year}-03-0${n}T10:00:00`)]
      await source.push?.({ ...single({ start: from, end: to }), uid: `e${n}` }, null)
    }
    google.pageSize = 2
    google.emptyPages = true
    expect((await source.pull(null)).changed).toHaveLength(5)
  })

  it('withholds the title of a private meeting and never writes it back', async () => {
    const source = open()
    google.calendar(room).put({
      ...{
        id: 'priv0',
        status: 'confirmed',
        summary: 'Salary talk',
        visibility: 'private',
        iCalUID: 'priv@google.com',
      },
      organizer: { email: room, self: true },
      start: { dateTime: `${year}-03-02T09:00:00+01:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-03-02T10:00:00+01:00`, timeZone: 'Europe/Berlin' },
    })
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master).toMatchObject({ summary: 'Busy', classification: 'PRIVATE' })
    const moved = {
      ...remote?.event,
      master: { ...remote?.event.master, end: berlin(`${year}-03-02T11:00:00`) },
    } as ScheduleEvent
    await source.push?.(moved, remote?.ref ?? null)
    expect(google.calendar(room).living()[0]).toMatchObject({ summary: 'Salary talk' })
  })

  it('pauses only writes when the calendar has had enough', async () => {
    google.faults.push({ method: 'POST', path: /events$/, status: 403, reason: 'quotaExceeded', times: 9 })
    const error = await open()
      .push?.(single(), null)
      .catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(Unavailable)
    expect(error).toMatchObject({ scope: 'writes' })
  })

  it('leaves the meetings of people to people', async () => {
    google.calendar('ann@example.com').put({
      ...{
        id: 'meet0',
        status: 'confirmed',
        summary: 'Ann',
        iCalUID: 'meet0@google.com',
        organizer: { email: 'ann@example.com', self: true },
      },
      start: { dateTime: `${year}-03-02T09:00:00+01:00`, timeZone: 'Europe/Berlin' },
      end: { dateTime: `${year}-03-02T10:00:00+01:00`, timeZone: 'Europe/Berlin' },
      attendees: [{ email: room, resource: true, responseStatus: 'needsAction' }],
    })
    const item = google.calendar('ann@example.com').get('meet0')
    if (item) google.spread(google.calendar('ann@example.com'), item)
    google.answerInvitations()
    const source = open()
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master?.status).toBe('CONFIRMED')
    const edited = { ...remote?.event, master: { ...remote?.event.master, summary: 'Taken over' } } as ScheduleEvent
    await expect(source.push?.(edited, remote?.ref ?? null)).rejects.toMatchObject({ code: 'foreign-organizer' })
    await source.remove?.(remote?.ref ?? { id: '', version: '' })
    expect(google.calendar('ann@example.com').get('meet0')?.status).toBe('confirmed')
  })

  it('invites the room and follows its answer', async () => {
    google.calendar('scheduling@example.edu')
    const source = open('scheduling@example.edu')
    const ref = await source.push?.(single(), null)
    const asked = await source.pull(null)
    expect(asked.changed[0]?.event).toMatchObject({ uid: 'lecture-1@example.edu', master: { status: 'TENTATIVE' } })
    google.answerInvitations()
    const answered = await source.pull(asked.cursor)
    expect(answered.changed[0]?.event.master?.status).toBe('CONFIRMED')
    expect(ref?.id).toBe(answered.changed[0]?.ref.id)
  })

  it.each(['keep', 'cancel'] as const)(
    'tells that a room has declined when its copy is: %s',
    async declinedRoomCopy => {
      google.declinedRoomCopy = declinedRoomCopy
      google.calendar('scheduling@example.edu')
      google.calendar(room).put({
        ...{ id: 'taken', status: 'confirmed', organizer: { email: room, self: true } },
        start: { dateTime: `${year}-03-02T09:00:00+01:00` },
        end: { dateTime: `${year}-03-02T10:00:00+01:00` },
      })
      const source = open('scheduling@example.edu')
      await source.push?.(single(), null)
      const { cursor } = await source.pull(null)
      google.answerInvitations()
      const { removed, unreadable } = await source.pull(cursor)
      expect(removed).toEqual([])
      expect(unreadable).toMatchObject([{ uid: 'lecture-1@example.edu', reason: expect.stringMatching(/declined/) }])
    },
  )

  it('asks for a new token when the old one is revoked, once', async () => {
    const source = open()
    const { cursor } = await source.pull(null)
    google.revokeTokens()
    await source.pull(cursor)
    expect(google.tokensGiven).toBe(2)
  })

  it('explains a refused grant', async () => {
    google.refuseTokens = { error: 'invalid_grant', error_description: 'Invalid JWT: iat is in the future' }
    const error = await open()
      .pull(null)
      .catch((failure: unknown) => failure)
    expect(error).toBeInstanceOf(AccessDenied)
    expect(error).toMatchObject({ remedy: expect.stringMatching(/clock/) })
  })

  it('is not fooled by a page of HTML', async () => {
    google.faults.push({ path: /events$/, status: 200, html: '<html>Sign in</html>', times: 9 })
    await expect(open().pull(null)).rejects.toThrow(/HTML/)
  })

  it('rejects what Google cannot hold, with the reason', async () => {
    await expect(open().push?.({ ...single(), master: null }, null)).rejects.toBeInstanceOf(Rejected)
  })
})
