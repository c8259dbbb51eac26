/** What `kaldav doctor` finds out about a real Kaltura account, played by the embedded one. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { startAccount, type TestAccount } from '../adapters/kaltura/account.ts'
import { command, type Workplace, workplace } from './support/run.ts'

let account: TestAccount
let place: Workplace
beforeAll(async () => {
  account = await startAccount()
  await account.room('lh101')
})
beforeEach(() => {
  place = workplace()
})
afterAll(() => account.close())

interface Check {
  readonly check: string
  readonly ok: boolean
  readonly message: string
  readonly remedy: string | null
}

const examined = async (change: { serviceUrl?: string; partnerId?: number; id?: string; token?: string } = {}) => {
  const { partnerId, appToken } = account.credentials
  const { serviceUrl = account.url, id = appToken.id, token = appToken.token, partnerId: partner = partnerId } = change
  writeFileSync(
    join(place.folder, 'kaldav.yaml'),
    `account: { serviceUrl: "${serviceUrl}", partnerId: ${partner}, appToken: { id: "${id}", token: "${token}" } }\n`,
  )
  const { stdout, status } = await command(place, ['doctor', '--json'])
  return { status, checks: (JSON.parse(stdout) as Check[]).filter(({ check }) => check === 'account') }
}

it('a token that may do everything: session, clock, time and rights, each shown', async () => {
  const { checks } = await examined()
  expect(checks.filter(({ ok }) => !ok)).toEqual([])
  const said = checks.map(({ message }) => message).join('\n')
  for (const part of ['session: ', 'clock: ', 'time zone: ', 'write links', 'delete events', '1 resource']) {
    expect(said).toContain(part)
  }
})

it('a token of a capture device: each right it lacks, and the permission that gives it', async () => {
  const { status, checks } = await examined(account.credentials.deviceAppToken)
  expect(status).toBe(1)
  const lacking = checks.filter(({ ok }) => !ok)
  expect(lacking.map(({ message }) => message.split(':')[0])).toEqual([
    ...['read an event', 'cancel events', 'delete events', 'read links', 'write links', 'delete links'],
  ])
  for (const { remedy } of lacking)
    expect(remedy).toMatch(/^Give the app token a role with SCHEDULE_.*CAPTURE_DEVICE_ROLE/)
})

it.each([
  ['the service URL', { serviceUrl: 'http://127.0.0.1:1' }, /account\.serviceUrl/],
  ['the partner', { partnerId: 999 }, /account\.partnerId/],
  ['the id of the token', { id: '0_nobody' }, /account\.appToken\.id/],
  ['the token', { token: 'wrong' }, /account\.appToken\.token/],
])('%s is wrong: the one thing to correct is named', async (_, change, remedy) => {
  const { status, checks } = await examined(change)
  expect(status).toBe(1)
  expect(checks).toEqual([expect.objectContaining({ ok: false, remedy: expect.stringMatching(remedy) })])
  expect(JSON.stringify(checks)).not.toContain(account.credentials.appToken.token)
})
