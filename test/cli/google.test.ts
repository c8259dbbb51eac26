/** What the command line asks Google, before and beside synchronisation. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { keyFile } from '../fakes/google/open.ts'
import { FakeGoogle } from '../fakes/google/server.ts'
import { command, type Workplace, workplace } from './support/run.ts'

const [room, other] = ['c_room1@resource.calendar.google.com', 'c_room2@resource.calendar.google.com']
let google: FakeGoogle
let place: Workplace

beforeEach(async () => {
  google = new FakeGoogle()
  await google.start()
  google.calendar(room)
  google.calendar(other)
  google.calendar('scheduling@example.edu')
  google.rooms = [room, 'c_free@resource.calendar.google.com'].map((resourceEmail, n) => ({
    ...{ resourceEmail, resourceName: `Room ${n + 1}`, capacity: 30, resourceCategory: 'CONFERENCE_ROOM' },
  }))
  place = workplace()
})
afterEach(async () => {
  expect(google.writes()).toEqual([])
  await google.stop()
  expect([google.contract.violations, google.directory.violations]).toEqual([[], []])
})

const configure = (more: string, calendars = `{ calendarId: ${room}, resource: lh101 }`) =>
  writeFileSync(
    join(place.folder, 'kaldav.yaml'),
    `sources:
  - { id: google, type: google, keyFile: ${keyFile}, apiUrl: "${google.url}", tokenUrl: "${google.url}/token", ${more}
      calendars: [ ${calendars} ] }
`,
  )

interface Check {
  readonly check: string
  readonly ok: boolean
  readonly message: string
  readonly remedy: string | null
}
const examined = async (): Promise<Check[]> => {
  const { stdout } = await command(place, ['doctor', '--json'])
  return (JSON.parse(stdout) as Check[]).filter(({ check }) => check === 'google')
}

it('doctor: a Google source that has all it needs, and which rooms are still free to configure', async () => {
  configure('subject: admin@example.edu,')
  const checks = await examined()
  expect(checks.map(({ ok, message }) => [ok, message])).toEqual([
    [true, 'google: Google gives access for admin@example.edu'],
    [true, `google: Google Calendar ${room} can be read and written (writer, Europe/Berlin)`],
    [true, 'google: 2 rooms in the Directory, 1 of them configured; not configured: Room 2'],
  ])
})

it('doctor: a calendar that may only be read, one that is not shared, a room the Directory does not know', async () => {
  google.calendar(room).access = 'reader'
  google.calendar(other).access = 'none'
  configure(
    'subject: admin@example.edu,',
    `{ calendarId: ${room}, resource: lh101 }, { calendarId: ${other}, resource: lh102, direction: in }`,
  )
  const findings = (await examined()).filter(({ ok }) => !ok)
  expect(findings.map(({ message, remedy }) => [message, remedy])).toEqual([
    [expect.stringMatching(/room1.* not written \(reader\)/), expect.stringMatching(/Make changes to events/)],
    [expect.stringMatching(/room2.*notFound/), expect.stringMatching(/Share the calendar/)],
    [expect.stringMatching(/no conference room c_room2/), expect.stringMatching(/calendarId/)],
  ])
  google.calendar(room).access = 'freeBusyReader'
  expect((await examined()).find(({ ok }) => !ok)?.message).toMatch(/only when it is taken/)
})

it('doctor: with an organizer, that calendar is written and the room answers by itself', async () => {
  google.calendar(room).access = 'reader'
  configure('organizer: scheduling@example.edu, subject: scheduling@example.edu,')
  expect((await examined()).filter(({ ok }) => !ok)).toEqual([])
  google.calendar(room).autoAcceptInvitations = false
  google.calendar('scheduling@example.edu').access = 'reader'
  const findings = (await examined()).filter(({ ok }) => !ok).map(({ message }) => message)
  expect(findings).toEqual([
    expect.stringMatching(/scheduling@example.edu can be read, but not written/),
    expect.stringMatching(/does not answer invitations/),
  ])
})

it('doctor: credentials that Google refuses are the one finding', async () => {
  google.refuseTokens = { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }
  configure('')
  expect(await examined()).toMatchObject([{ ok: false, remedy: expect.stringMatching(/key/) }])
})

it('doctor: a right that only discovery takes is no finding', async () => {
  configure('subject: scheduling@example.edu,')
  google.faults.push({ path: /^\/admin/, status: 403, reason: 'forbidden', times: 1 })
  const checks = await examined()
  expect(checks.every(({ ok }) => ok)).toBe(true)
  expect(checks.at(-1)?.remedy).toMatch(/administrator/)
})

it('sources --discover lists the rooms of the Directory', async () => {
  configure('subject: admin@example.edu,')
  const { status, stdout } = await command(place, ['sources', '--discover', '--json'])
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject([
    { source: 'google', calendar: room, name: 'Room 1', capacity: 30 },
    { source: 'google', calendar: 'c_free@resource.calendar.google.com', name: 'Room 2' },
  ])
})
