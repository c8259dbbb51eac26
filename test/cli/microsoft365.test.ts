/** What the command line asks Microsoft 365 beside synchronisation. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { FakeGraph } from '../fakes/microsoft365/server.ts'
import { command, type Workplace, workplace } from './support/run.ts'

const [room, ann] = ['lh101@contoso.test', 'ann@contoso.test']
let graph: FakeGraph
let place: Workplace

beforeEach(async () => {
  graph = new FakeGraph()
  await graph.start()
  graph.mailbox(room)
  graph.mailbox(ann).access = 'denied'
  place = workplace()
})
afterEach(async () => {
  expect(graph.writes()).toEqual([])
  await graph.stop()
  expect(graph.contract.violations).toEqual([])
})

const configure = (more = '') =>
  writeFileSync(
    join(place.folder, 'kaldav.yaml'),
    `sources:
  - { id: m365, type: microsoft365, tenantId: 11111111-2222-3333-4444-555555555555, clientSecret: secret, ${more}
      clientId: aaaaaaaa-2222-3333-4444-555555555555, graphUrl: "${graph.url}", authorityUrl: "${graph.url}",
      calendars: [ { mailbox: ${room}, resource: lh101 } ] }
`,
  )

interface Check {
  readonly check: string
  readonly ok: boolean
  readonly message: string
  readonly remedy: string | null
}
const examined = async () => {
  const { stdout } = await command(place, ['doctor', '--json'])
  const checks = (JSON.parse(stdout) as Check[]).filter(({ check }) => check === 'microsoft365')
  return checks.map(({ ok, message, remedy }) => ({ ok, said: `${message} ${remedy ?? ''}` }))
}
const matching = (ok: boolean, text: RegExp) => ({ ok, said: expect.stringMatching(text) })

/** A meeting of Ann's in the room, today. */
const meeting = (subject: string, response: string) => {
  const today = Temporal.Now.plainDateISO('UTC')
  const at = (hour: number) => ({ dateTime: `${today}T${hour}:00:00`, timeZone: 'UTC' })
  const organizer = { emailAddress: { address: ann, name: 'Ann Example' } }
  const asked = { isOrganizer: false, organizer, responseStatus: { response } }
  graph.mailbox(room).put({ subject, start: at(10), end: at(11), ...asked })
}

it('doctor: the rooms can be read, and a mailbox that is none is out of reach', async () => {
  configure(`outOfReach: ${ann},`)
  meeting('Physics', 'accepted')
  expect(await examined()).toMatchObject([
    matching(true, /gives a token/),
    matching(true, /lh101@contoso.test can be read/),
    matching(true, /ann@contoso.test is out of reach/),
  ])
})

it('doctor: an app that reaches more than the rooms is a finding, with the lines that narrow it', async () => {
  configure(`outOfReach: ${ann},`)
  graph.mailbox(ann).access = 'yes'
  expect((await examined()).at(-1)).toMatchObject(matching(false, /ann@contoso.test can be read.*RBAC.*RoomMailbox/))
})

it('doctor: a mailbox that does not exist proves nothing', async () => {
  configure('outOfReach: nobody@contoso.test,')
  expect((await examined()).at(-1)).toMatchObject(matching(false, /proves nothing.*outOfReach/))
})

it('doctor: says that nothing is proven where no mailbox is named', async () => {
  configure()
  expect((await examined()).at(-1)).toMatchObject(matching(true, /not known.*outOfReach/))
})

it('doctor: a room that may not be read, and an organizer that may not', async () => {
  configure(`organizer: ${ann}, outOfReach: ${ann},`)
  graph.mailbox(room).access = 'denied'
  const [, first, second] = await examined()
  expect(first).toMatchObject(matching(false, /lh101@contoso.test.*RBAC/))
  expect(second).toMatchObject(matching(false, /ann@contoso.test.*RBAC/))
})

it.each([
  [
    'renames its meetings',
    'Ann Example',
    'accepted',
    /organizer's name.*Set-CalendarProcessing lh101\S+ -DeleteSubject \$false/,
  ],
  [
    'does not answer',
    'Physics',
    'notResponded',
    /accepted.*Set-CalendarProcessing lh101\S+ -AutomateProcessing AutoAccept/,
  ],
])('doctor: a room that %s, with the line that mends it', async (_, subject, response, line) => {
  configure()
  meeting(subject, response)
  expect(await examined()).toMatchObject([{ ok: true }, { ok: true }, matching(false, line), { ok: true }])
})

it('doctor: credentials that Entra refuses are the one finding', async () => {
  configure(`outOfReach: ${ann},`)
  graph.refuseTokens = { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret provided.' }
  expect(await examined()).toMatchObject([matching(false, /no token.*secret.*AADSTS7000215/)])
})
