import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { EVENT, type Json, NOW, recording, startAccount, type TestAccount } from './account.ts'

let account: TestAccount
let changes = 0

beforeAll(async () => {
  account = await startAccount({
    test: true,
    onChange: () => {
      changes += 1
    },
  })
})
afterEach(() => account.admin('kaldav_fault', 'clear'))
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
})

const arm = (fault: Json): Promise<Json> => account.admin('kaldav_fault', 'add', { fault })
const add = (fields: Json = {}): Promise<Json> => account.admin(EVENT, 'add', { scheduleEvent: recording(fields) })
const found = async (referenceId: string): Promise<unknown> =>
  (await account.admin(EVENT, 'list', { filter: { referenceIdEqual: referenceId } })).totalCount
const raw = async (service: string, action: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`${account.url}/api_v3/service/${service}/action/${action}?format=1&ks=${await account.adminKs()}`, {
    ...(signal ? { signal } : {}),
  })

describe('what can go wrong', () => {
  test('a status instead of an answer, for as many calls as said, after as many as said', async () => {
    await arm({ kind: 'status', service: EVENT, action: 'list', status: 502, count: 2, skip: 1 })
    const statuses: number[] = []
    for (let call = 0; call < 4; call += 1) statuses.push((await raw(EVENT, 'list')).status)
    expect(statuses).toEqual([200, 502, 502, 200])
  })
  test('only for its service and action', async () => {
    await arm({ kind: 'status', service: 'SCHEDULE_SCHEDULEEVENT', action: 'LIST' })
    expect((await raw('system', 'ping')).status).toBe(200)
    expect((await raw(EVENT, 'list')).status).toBe(503)
  })
  test('latency', async () => {
    await arm({ kind: 'latency', milliseconds: 120 })
    const begun = performance.now()
    await raw('system', 'ping')
    expect(performance.now() - begun).toBeGreaterThan(115)
  })
  test('no answer at all', async () => {
    await arm({ kind: 'timeout', service: 'system' })
    await expect(raw('system', 'ping', AbortSignal.timeout(150))).rejects.toThrow()
    expect((await raw('system', 'ping')).status).toBe(200)
  })
  test('a session that has ended', async () => {
    await arm({ kind: 'expired', service: EVENT })
    expect(await account.admin(EVENT, 'list')).toMatchObject({ code: 'INVALID_KS', args: { KSID: 'EXPIRED' } })
    expect(await account.admin(EVENT, 'list')).toHaveProperty('totalCount')
  })
  test('what is written, and then the connection drops or the answer is a failure', async () => {
    await arm({ kind: 'commit-then-drop', action: 'add' })
    const before = changes
    await expect(add({ referenceId: 'dropped' })).rejects.toThrow()
    expect(changes).toBe(before + 1)
    expect(await found('dropped')).toBe(1)
    await arm({ kind: 'commit-then-status', action: 'add', status: 500 })
    await expect(add({ referenceId: 'failed' })).rejects.toThrow()
    expect(await found('failed')).toBe(1)
  })
  test('inside a multirequest', async () => {
    await arm({ kind: 'commit-then-status', service: EVENT, action: 'add', status: 500 })
    const body = {
      format: 1,
      ks: await account.adminKs(),
      0: { service: EVENT, action: 'add', scheduleEvent: recording({ referenceId: 'multi-1' }) },
      1: { service: EVENT, action: 'add', scheduleEvent: recording({ referenceId: 'multi-2' }) },
    }
    const response = await fetch(`${account.url}/api_v3/service/multirequest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(response.status).toBe(500)
    expect([await found('multi-1'), await found('multi-2')]).toEqual([1, 1])
  })
  test('a list that lags, while get and ids do not', async () => {
    const known = await add({ referenceId: 'old' })
    await arm({ kind: 'lag', seconds: 30 })
    const added = await add({ referenceId: 'late' })
    await account.admin(EVENT, 'update', {
      scheduleEventId: known.id,
      scheduleEvent: { objectType: 'KalturaRecordScheduleEvent', referenceId: 'older' },
    })
    expect([await found('late'), await found('old'), await found('older')]).toEqual([0, 1, 0])
    expect(await account.admin(EVENT, 'get', { scheduleEventId: added.id })).toMatchObject({ referenceId: 'late' })
    expect(await account.admin(EVENT, 'list', { filter: { idIn: String(added.id) } })).toMatchObject({ totalCount: 1 })
    await account.admin(EVENT, 'delete', { scheduleEventId: known.id })
    const page = await account.admin(EVENT, 'list', { filter: { referenceIdEqual: 'old' } })
    expect(page).toMatchObject({ totalCount: 1, objects: [] })
    account.clock.now += 30
    expect([await found('late'), await found('old'), await found('older')]).toEqual([1, 0, 0])
    account.clock.now = NOW
  })
})

describe('who may', () => {
  test('an administrator only', async () => {
    const ks = await account.deviceKs()
    expect(await account.call('kaldav_fault', 'clear', { ks })).toMatchObject({ code: 'SERVICE_FORBIDDEN' })
    expect(await account.call('kaldav_fault', 'clear')).toMatchObject({ code: 'MISSING_KS' })
  })
  test('nobody outside test mode', async () => {
    const plain = await startAccount()
    expect(plain.server.faults).toBeNull()
    expect(await plain.admin('kaldav_fault', 'clear')).toMatchObject({ code: 'SERVICE_DOES_NOT_EXISTS' })
    await plain.close()
  })
  test('a kind nobody knows', async () => {
    expect(await arm({ kind: 'earthquake' })).toMatchObject({ code: 'INVALID_FIELD_VALUE' })
  })
})
