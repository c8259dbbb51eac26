import { createCipheriv, createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EVENT, type Json, LINK, NOW, RESOURCE, recording, startAccount, type TestAccount } from './account.ts'

const DAY = 86_400
let account: TestAccount
let adminSecret: string

beforeAll(async () => {
  account = await startAccount()
  adminSecret = (await account.server.bootstrap()).adminSecret
})
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
})

const start = (parameters: Json): Promise<Json> =>
  account.call('session', 'start', { secret: adminSecret, partnerId: 101, ...parameters })
const widgetKs = async (): Promise<string> =>
  String((await account.call('session', 'startWidgetSession', { widgetId: '_101' })).ks)
const hash = (algorithm: string, ks: string, token: unknown): string =>
  createHash(algorithm.toLowerCase()).update(`${ks}${token}`).digest('hex')

/** A session of a token made for the test. */
async function sessionOf(token: Json, asked: Json = {}): Promise<Json> {
  const ks = await widgetKs()
  const tokenHash = hash(String(token.hashType ?? 'SHA1'), ks, token.token)
  return account.call('appToken', 'startSession', { ks, id: token.id, tokenHash, ...asked })
}
const addToken = (fields: Json): Promise<Json> =>
  account.admin('appToken', 'add', { appToken: { objectType: 'KalturaAppToken', ...fields } })
const list = (ks: unknown): Promise<Json> => account.call(EVENT, 'list', { ks })

describe('session.start', () => {
  test('with the admin secret', async () => {
    const ks = await start({ type: 2, userId: 'admin@example.edu' })
    expect(typeof ks).toBe('string')
    const added = await account.call(EVENT, 'add', { ks, scheduleEvent: recording() })
    expect(added).toMatchObject({ ownerId: 'admin@example.edu' })
  })
  test.each([
    ['a wrong secret', { secret: 'x', type: 2 }],
    ['another partner', { partnerId: 102, type: 2 }],
    ['no partner', { partnerId: undefined, type: 2 }],
  ])('%s', async (_name, parameters) => {
    expect(await start(parameters)).toMatchObject({ code: 'START_SESSION_ERROR' })
  })
  test('a user has no rights to schedule', async () => {
    const ks = await start({ type: 0 })
    expect(await list(ks)).toMatchObject({
      code: 'SERVICE_FORBIDDEN',
      message: 'The access to service [schedule_scheduleevent->list] is forbidden',
      args: { SERVICE: 'schedule_scheduleevent->list' },
    })
  })
  test('bad arguments are told before rights', async () => {
    const ks = await start({ type: 0 })
    const answer = await account.call(EVENT, 'add', { ks, scheduleEvent: { summary: 'x' } })
    expect(answer).toMatchObject({ code: 'OBJECT_TYPE_ABSTRACT' })
  })
})

describe('no session, or none that counts', () => {
  test('without a partner and with one', async () => {
    expect(await account.call(EVENT, 'list')).toMatchObject({ code: 'MISSING_KS' })
    expect(await account.call(EVENT, 'list', { partnerId: 101 })).toMatchObject({ code: 'SERVICE_FORBIDDEN' })
  })
  test('a text that is no session', async () => {
    expect(await list('nonsense')).toMatchObject({
      code: 'INVALID_KS',
      message: 'Invalid KS "nonsense", Error "-1,INVALID_STR"',
      args: { KSID: 'nonsense', ERR_CODE: '-1', ERR_DESC: 'INVALID_STR' },
    })
  })
  test('a session that was changed on the way', async () => {
    const ks = String(await start({ type: 2 }))
    const raw = Buffer.from(ks.replaceAll('-', '+').replaceAll('_', '/'), 'base64')
    raw[raw.length - 20] = (raw[raw.length - 20] ?? 0) ^ 1
    const forged = raw.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
    expect(await list(forged)).toMatchObject({ code: 'INVALID_KS', args: { KSID: forged } })
  })
  test('a session of another partner', async () => {
    const foreign = Buffer.concat([Buffer.from('v2|999|'), Buffer.alloc(32)]).toString('base64')
    expect(await list(foreign)).toMatchObject({ code: 'INVALID_KS', args: { KSID: 'INVALID_PARTNER' } })
  })
  test('after its time', async () => {
    const ks = await start({ type: 2, expiry: 100 })
    expect(await list(ks)).toHaveProperty('totalCount')
    account.clock.now += 101
    expect(await list(ks)).toMatchObject({
      code: 'INVALID_KS',
      message: 'Invalid KS "EXPIRED", Error "-1,INVALID_STR"',
      args: { KSID: 'EXPIRED' },
    })
    account.clock.now = NOW
  })
  test('another partner than that of the session', async () => {
    const ks = await start({ type: 2 })
    expect(await account.call(EVENT, 'list', { ks, partnerId: 102 })).toMatchObject({ code: 'SERVICE_FORBIDDEN' })
  })
})

describe('the form of a session', () => {
  test('version 2 as anybody can make it who knows the secret', async () => {
    const body = Buffer.concat([
      Buffer.alloc(16, 7),
      Buffer.from(new URLSearchParams({ all: '*', _e: String(NOW + DAY), _t: '2', _u: 'me' }).toString()),
    ])
    const signed = Buffer.concat([createHash('sha1').update(body).digest(), body])
    const padded = Buffer.concat([signed, Buffer.alloc((16 - (signed.length % 16)) % 16)])
    const key = createHash('sha1').update(adminSecret).digest().subarray(0, 16)
    const cipher = createCipheriv('aes-128-cbc', key, Buffer.alloc(16)).setAutoPadding(false)
    const encrypted = Buffer.concat([cipher.update(padded), cipher.final()])
    const ks = Buffer.concat([Buffer.from('v2|101|'), encrypted])
      .toString('base64')
      .replaceAll('+', '-')
      .replaceAll('/', '_')
    expect(await account.call('session', 'get', { ks })).toMatchObject({
      userId: 'me',
      sessionType: 2,
      privileges: '*',
    })
  })
  test('version 1', async () => {
    const info = `101;101;${NOW + DAY};2;1234.5;old;*;;`
    const signature = createHash('sha1').update(`${adminSecret}${info}`).digest('hex')
    const ks = Buffer.from(`${signature}|${info}`).toString('base64')
    expect(await account.call('session', 'get', { ks })).toMatchObject({ userId: 'old', sessionType: 2 })
    const forged = Buffer.from(`${signature}|${info.replace('old', 'new')}`).toString('base64')
    expect(await list(forged)).toMatchObject({ code: 'INVALID_KS' })
  })
  test('reftime says what now is', async () => {
    const ks = await start({ type: 2, privileges: `reftime:${NOW - 1000}` })
    const added = await account.call(EVENT, 'add', { ks, scheduleEvent: recording({ startDate: 10, endDate: 20 }) })
    expect(added).toMatchObject({ startDate: NOW - 990, createdAt: NOW })
  })
})

describe('widget sessions', () => {
  test('of an unknown widget', async () => {
    expect(await account.call('session', 'startWidgetSession', { widgetId: '_7' })).toMatchObject({
      code: 'INVALID_WIDGET_ID',
      message: 'Unknown widget [_7]',
    })
  })
  test('open app tokens and nothing else', async () => {
    const answer = await account.call('session', 'startWidgetSession', { widgetId: '_101' })
    expect(answer).toMatchObject({ partnerId: 101, userId: '0', objectType: 'KalturaStartWidgetSessionResponse' })
    expect(await list(answer.ks)).toMatchObject({ code: 'SERVICE_FORBIDDEN' })
  })
})

describe('app tokens', () => {
  test.each([undefined, 'SHA1', 'MD5', 'SHA256', 'SHA512'])('hash type %s', async hashType => {
    const token = await addToken({ sessionType: 2, ...(hashType ? { hashType } : {}) })
    const info = await sessionOf(token)
    expect(info).toMatchObject({ sessionType: 2, partnerId: 101, objectType: 'KalturaSessionInfo', expiry: NOW + DAY })
    expect(await list(info.ks)).toHaveProperty('totalCount')
  })
  test('what goes wrong', async () => {
    const token = await addToken({ sessionType: 2 })
    expect(await sessionOf({ ...token, token: 'other' })).toMatchObject({
      code: 'INVALID_APP_TOKEN_HASH',
      message: 'Invalid application token hash',
    })
    expect(await sessionOf({ ...token, id: '0_nothing0' })).toMatchObject({
      code: 'APP_TOKEN_ID_NOT_FOUND',
      message: 'Application token id "0_nothing0" not found',
    })
    const old = await addToken({ sessionType: 2, expiry: NOW - 1 })
    expect(await sessionOf(old)).toMatchObject({ code: 'APP_TOKEN_EXPIRED' })
    expect(await addToken({ hashType: 'CRC32' })).toMatchObject({ code: 'INVALID_ENUM_VALUE' })
    expect(await addToken({ token: 'mine' })).toMatchObject({ code: 'PROPERTY_VALIDATION_NOT_UPDATABLE' })
  })
  test('the token says more than the caller', async () => {
    const token = await addToken({
      sessionType: 0,
      sessionUserId: 'device-1',
      sessionDuration: 1000,
      expiry: NOW + 500,
      sessionPrivileges: 'setrole:CAPTURE_DEVICE_ROLE',
    })
    const info = await sessionOf(token, {
      type: 2,
      userId: 'root',
      expiry: 99_999,
      sessionPrivileges: 'setrole:PARTNER_ADMIN_ROLE,all:*,custom:1',
    })
    expect(info).toMatchObject({
      sessionType: 0,
      userId: 'device-1',
      expiry: NOW + 500,
      privileges: `sessionid:${token.id},apptoken:${token.id},setrole:CAPTURE_DEVICE_ROLE,custom:1`,
    })
  })
  test('get, update, list, delete', async () => {
    const token = await addToken({ description: 'one' })
    const changed = { id: token.id, appToken: { description: 'two', sessionUserId: 'u' } }
    expect(await account.admin('appToken', 'update', changed)).toMatchObject({ description: 'two' })
    expect(await account.admin('appToken', 'get', { id: token.id })).toMatchObject({ sessionUserId: 'u', status: 2 })
    const found = await account.admin('appToken', 'list', { filter: { sessionUserIdEqual: 'u' } })
    expect(found).toMatchObject({ totalCount: 1, objects: [{ id: token.id }] })
    const { ks } = await sessionOf({ ...token, sessionUserId: 'u' })
    expect(await list(ks)).toMatchObject({ code: 'SERVICE_FORBIDDEN' })
    expect(await account.admin('appToken', 'delete', { id: token.id })).toBeNull()
    expect(await list(ks)).toMatchObject({ code: 'INVALID_KS', args: { KSID: 'LOGOUT' } })
    expect(await account.admin('appToken', 'get', { id: token.id })).toMatchObject({ code: 'APP_TOKEN_ID_NOT_FOUND' })
  })
})

describe('the role of capture devices', () => {
  let ks: string
  beforeAll(async () => {
    ks = await account.deviceKs()
  })
  /** What the role may call, of what this server has. */
  const ALLOWED = [
    [EVENT, 'add'],
    [EVENT, 'update'],
    [EVENT, 'list'],
    [RESOURCE, 'add'],
    [RESOURCE, 'update'],
    [RESOURCE, 'get'],
    [RESOURCE, 'list'],
    ['media', 'add'],
    ['media', 'addContent'],
    ['media', 'update'],
    ['media', 'updateContent'],
    ['baseEntry', 'add'],
    ['baseEntry', 'addContent'],
    ['baseEntry', 'addFromUploadedFile'],
    ['baseEntry', 'get'],
    ['baseEntry', 'update'],
    ['baseEntry', 'updateContent'],
    ['uploadToken', 'add'],
    ['uploadToken', 'get'],
    ['uploadToken', 'list'],
  ] as const
  const FORBIDDEN = [
    [EVENT, 'get'],
    [EVENT, 'delete'],
    [EVENT, 'cancel'],
    [EVENT, 'getConflicts'],
    [EVENT, 'updateLiveFeature'],
    [RESOURCE, 'delete'],
    [LINK, 'add'],
    [LINK, 'get'],
    [LINK, 'list'],
    [LINK, 'delete'],
    [LINK, 'update'],
    ['appToken', 'startSession'],
    ['appToken', 'list'],
    ['session', 'get'],
    ['media', 'delete'],
    ['media', 'list'],
    ['liveStream', 'get'],
    ['liveStream', 'add'],
    ['uploadToken', 'delete'],
    ['bulkUpload_bulk', 'list'],
  ] as const
  /** Enough for every action above to get as far as the question of rights. */
  const PARAMETERS: Json = {
    scheduleEventId: 999,
    scheduledEventId: 999,
    scheduleResourceId: 999,
    scheduleEvent: recording(),
    scheduleResource: { objectType: 'KalturaLocationScheduleResource', name: 'x' },
    scheduleEventResource: { eventId: 1, resourceId: 1 },
    resourceIds: '1',
    featureName: 'x',
    liveFeature: { objectType: 'KalturaLiveCaptionFeature' },
    id: 'x',
    tokenHash: 'x',
    entryId: 'x',
    entry: { objectType: 'KalturaMediaEntry' },
    mediaEntry: {},
    baseEntry: {},
    liveStreamEntry: {},
    resource: { objectType: 'KalturaUploadedFileTokenResource', token: 'x' },
    uploadTokenId: 'x',
  }
  test.each(ALLOWED)('may call %s.%s', async (service, action) => {
    expect((await account.call(service, action, { ...PARAMETERS, ks })).code).not.toBe('SERVICE_FORBIDDEN')
  })
  test.each(FORBIDDEN)('may not call %s.%s', async (service, action) => {
    expect(await account.call(service, action, { ...PARAMETERS, ks })).toMatchObject({ code: 'SERVICE_FORBIDDEN' })
  })
  test('a role of the account gives what it names, and no more', async () => {
    const userRole = { objectType: 'KalturaUserRole', name: 'Readers', permissionNames: 'SCHEDULE_EVENT_BASE,X' }
    const role = await account.admin('userRole', 'add', { userRole: { ...userRole, systemName: 'READERS' } })
    for (const name of ['READERS', role.id]) {
      const reader = await start({ type: 2, privileges: `setrole:${name}` })
      expect(await list(reader)).toHaveProperty('totalCount')
      expect(await account.call(EVENT, 'add', { ks: reader, scheduleEvent: recording() })).toMatchObject({
        code: 'SERVICE_FORBIDDEN',
      })
    }
    const changed = { userRoleId: role.id, userRole: { permissionNames: 'X' } }
    expect(await account.admin('userRole', 'update', changed)).toMatchObject({ systemName: 'READERS' })
    const reader = await start({ type: 2, privileges: 'setrole:READERS' })
    expect(await list(reader)).toMatchObject({ code: 'SERVICE_FORBIDDEN' })
    expect(await account.admin('userRole', 'list', { filter: { systemNameEqual: 'READERS' } })).toMatchObject({
      totalCount: 1,
    })
    expect(await account.admin('userRole', 'delete', { userRoleId: role.id })).toMatchObject({ status: 3 })
    expect(await list(reader)).toMatchObject({ code: 'INVALID_OBJECT_ID' })
  })
  test('roles that are none', async () => {
    expect(await list(await start({ type: 2, privileges: 'setrole:NO_SUCH_ROLE' }))).toMatchObject({
      code: 'INVALID_OBJECT_ID',
      message: 'Invalid object id []',
    })
    expect(await list(await start({ type: 2, privileges: 'setrole:-3' }))).toMatchObject({ code: 'INVALID_SET_ROLE' })
    expect(await list(await start({ type: 2, privileges: 'setrole:toString' }))).toMatchObject({
      code: 'INVALID_OBJECT_ID',
    })
  })
})
