/** The account beside its events: sessions, errors, resources, the index, live entries, time that goes by. */
import { setTimeout as wait } from 'node:timers/promises'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ApiFailure, meaningOf } from '../../../adapters/kaltura/errors.ts'
import type { KalturaAccount } from '../../../adapters/kaltura/index.ts'
import { AccessDenied, Rejected, Unavailable, VersionMismatch } from '../../../src/errors.ts'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { occurrences } from '../../../src/schedule/recurrence.ts'
import { EVENT, type Json, startAccount, type TestAccount } from './account.ts'
import { at, event, hour, override, shapeNamed, year } from './events.ts'

let account: TestAccount
let room: number
beforeAll(async () => {
  account = await startAccount()
  room = await account.room('lh101')
})
afterEach(async () => {
  vi.useRealTimers()
  await account.clearFaults()
  await account.empty()
})
afterAll(() => account.close())

const named = (name: string): ScheduleEvent => ({ ...event(name, shapeNamed(name)), resourceIds: [room] })
const changed = (held: ScheduleEvent, change: object): ScheduleEvent => ({
  ...held,
  master: held.master && { ...held.master, ...change },
})

describe('the session', () => {
  it('is opened once for all who wait, and again when Kaltura no longer takes it', async () => {
    const source = account.open()
    await source.pull(null)
    account.requests.length = 0
    account.answerOnce(200, { 'content-type': 'application/json' }, JSON.stringify(expired))
    await Promise.all([source.pull(null), source.pull(null), source.resources(), source.resources()])
    expect(account.requests.filter(request => request === 'apptoken/startSession')).toHaveLength(1)
  })

  it('is renewed before it ends', async () => {
    const source = account.open()
    await source.pull(null)
    account.requests.length = 0
    const now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now + 24 * 3600 * 1000 - 200_000)
    await source.pull(null)
    clock.mockRestore()
    expect(account.requests).toContain('apptoken/startSession')
  })

  it.each([
    ['of an id nobody knows', { appToken: { id: '0_nobody00', token: 'x' } }, /appToken\.id/],
    ['with a wrong token', { wrong: true }, /token and hashType/],
    ['of another account', { partnerId: 999 }, /partnerId/],
  ])('is refused %s, with what to do', async (_, options, remedy) => {
    const { id } = account.credentials.appToken
    const appToken = { appToken: { id, token: 'wrong', hashType: 'SHA256' as const } }
    const source = account.open('wrong' in options ? appToken : options)
    const error = await source.pull(null).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AccessDenied)
    expect((error as AccessDenied).remedy).toMatch(remedy)
  })

  it('of a capture device is not enough, and says which permission is', async () => {
    const source = account.open({ appToken: { ...account.credentials.deviceAppToken, hashType: 'SHA256' } })
    const error = await source.pull(null).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(AccessDenied)
    expect((error as AccessDenied).remedy).toMatch(/SCHEDULE_EVENT_BASE or SCHEDULE_RESOURCE_BASE/)
    const findings = await source.check()
    expect(findings.filter(({ level }) => level === 'error').map(({ part }) => part)).toEqual([
      ...['read an event', 'cancel events', 'delete events', 'read links', 'write links', 'delete links'],
    ])
  })
})

const expired = {
  ...{ code: 'INVALID_KS', message: 'Invalid KS "EXPIRED", Error "-1,INVALID_STR"', args: { KSID: 'EXPIRED' } },
  objectType: 'KalturaAPIException',
}

describe('an answer that says no', () => {
  it.each<[string, new (...args: never[]) => Error, RegExp | null]>([
    ['SCHEDULE_TIME_IN_USE', Rejected, /template entry/],
    ['MAX_SCHEDULE_DURATION_REACHED', Rejected, /shorter/],
    ['SCHEDULE_EVENT_TYPE_CANT_BE_UPDATED', Rejected, /anew/],
    ['SCHEDULE_RESOURCE_ID_NOT_FOUND', Rejected, /resource/],
    ['PROPERTY_VALIDATION_MIN_VALUE', Rejected, null],
    ['INVALID_OBJECT_ID', VersionMismatch, null],
    ['RESOURCE_IS_RESERVED', Unavailable, null],
    ['INTERNAL_SERVERL_ERROR', Unavailable, null],
    ['INTERNAL_DATABASE_ERROR', Unavailable, null],
    ['SERVICE_FORBIDDEN', AccessDenied, /SCHEDULE_EVENT_MANAGE/],
    ['APP_TOKEN_EXPIRED', AccessDenied, /expired/],
    ['INVALID_KS', AccessDenied, /clock/],
    ['FEATURE_FORBIDDEN', AccessDenied, /enable/],
    ['Can\'t update single schedule event with recurring data when recurrenceType is not "RECURRING".', Rejected, null],
  ])('%s', (code, type, remedy) => {
    const meaning = meaningOf(new ApiFailure(code, `about ${code}`, {}), 'schedule_scheduleevent add')
    expect(meaning).toBeInstanceOf(type)
    if (remedy) expect(meaning.remedy).toMatch(remedy)
    expect(meaning.message).toContain(code)
  })

  it('never repeats a session', () => {
    const failure = new ApiFailure('INVALID_KS', 'Invalid KS "djJ8MTAxfEQnUyoWyv0Jg", Error "-1,INVALID_STR"', {})
    expect(meaningOf(failure, 'session').message).not.toContain('djJ8')
  })

  it.each<[string, number, string, RegExp]>([
    ['a page of a proxy', 200, '<html>Please log in</html>', /HTML page/],
    ['a page with 502', 502, '<html>Bad gateway</html>', /HTTP 502/],
    ['a redirect', 302, '', /HTTP 302/],
    ['no JSON', 200, 'hello', /text instead of JSON/],
    ['a list of nothing', 200, '{"objectType":"KalturaScheduleEventListResponse"}', /without objects/],
    [
      'an error without a message',
      200,
      '{"objectType":"KalturaAPIException","code":"INTERNAL_SERVERL_ERROR"}',
      /INTERNAL/,
    ],
  ])('is %s: Kaltura is unavailable', async (_, status, body, message) => {
    const source = account.open()
    await source.resources()
    const headers = status === 302 ? { location: 'http://127.0.0.1:1/' } : { 'content-type': 'text/html' }
    account.answerOnce(
      status,
      { ...headers, ...(body.startsWith('{') && { 'content-type': 'application/json' }) },
      body,
    )
    const error = await source.pull(null).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Unavailable)
    expect((error as Error).message).toMatch(message)
  })

  it('is nobody there: says where it looked, and keeps secrets to itself', async () => {
    const lines: string[] = []
    const log = pino({ level: 'trace' }, { write: line => lines.push(line) })
    const source = account.open({ serviceUrl: 'http://127.0.0.1:9', log })
    const error = (await source.pull(null).catch((reason: unknown) => reason)) as Unavailable
    expect(error).toBeInstanceOf(Unavailable)
    expect(error.remedy).toContain('http://127.0.0.1:9')
    const everything = lines.join() + JSON.stringify(error) + error.stack + String(error.cause)
    expect(everything).not.toContain(account.credentials.appToken.token)
  })

  it('of the second request takes back what the first has made', async () => {
    const source = account.open()
    await source.resources()
    const nowhere = { ...named('a single event'), resourceIds: [room, 99_999] }
    await expect(source.push(nowhere, null)).rejects.toMatchObject({ code: 'SCHEDULE_RESOURCE_ID_NOT_FOUND' })
    await expect(source.push({ ...named('one on the 31st'), resourceIds: [99_999] }, null)).rejects.toBeInstanceOf(
      Rejected,
    )
    expect(await account.rows()).toEqual([])
  })

  it.each<[string, ScheduleEvent, string]>([
    [
      'before 1980',
      { ...event('old', { start: { dateTime: '1969-07-20T20:17:00', tzid: 'UTC' }, end: hour }) },
      'TIME_TOO_EARLY',
    ],
    [
      'longer than 1,000 days',
      event('long', { start: at('01-01T00:00'), end: { duration: 'P1001D' } }),
      'MAX_SCHEDULE_EVENT_RECURRENCES',
    ],
    ['with a UID of 300 bytes', event('u'.repeat(300), { start: at('01-01T09:00'), end: hour }), 'UID_NOT_HOLDABLE'],
    ['with an emoji in its UID', event('🎓', { start: at('01-01T09:00'), end: hour }), 'UID_NOT_HOLDABLE'],
  ])('an event %s is refused at the door, with what to do', async (_, held, code) => {
    const error = await account
      .open()
      .push(held, null)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(Rejected)
    expect(error).toMatchObject({ code, remedy: expect.any(String) })
  })
})

describe('an index that lags', () => {
  const lag = (seconds: number) => account.fault({ kind: 'lag', seconds, count: 0 })

  it('makes no second event when the answer to a create is lost as well', async () => {
    const source = account.open()
    await source.resources()
    await lag(2)
    account.breakOnce('dropped', 1)
    const held = named('a single event')
    let ref = null
    for (let round = 0; ref === null && round < 20; round++) {
      ref = await source.push(held, null).catch((error: unknown) => {
        if (!(error instanceof Unavailable)) throw error
        return wait(300).then(() => null)
      })
    }
    await wait(2100)
    expect(await account.rows()).toHaveLength(1)
  }, 20_000)

  it.each(['a weekly series', 'a moved occurrence', 'one on the 31st'])(
    'shows %s only when it is whole',
    async name => {
      const source = account.open()
      await source.resources()
      const { cursor } = await source.pull(null)
      await lag(2)
      const held = named(name)
      const [ref] = await Promise.all([source.push(held, null), watch(account.open(), cursor, held)])
      expect(ref).toBeDefined()
    },
    20_000,
  )

  /** Reads until the event is there; what is read before must not be a part of it. */
  async function watch(source: KalturaAccount, from: string, wanted: ScheduleEvent): Promise<void> {
    const instants = (one: ScheduleEvent) =>
      occurrences(one, { from: 0, to: 2 ** 33 }, { zone: 'Europe/Berlin' }).map(({ start }) => start)
    let cursor = from
    for (let round = 0; round < 60; round++) {
      const changes = await source.pull(cursor)
      cursor = changes.cursor
      for (const { event: seen } of changes.changed) expect(instants(seen)).toEqual(instants(wanted))
      if (changes.changed.length > 0) return
      await wait(100)
    }
    throw new Error('it never came')
  }

  it('does not bring back what was deleted, nor delete what is there', async () => {
    const source = account.open()
    await source.resources()
    const [first, second] = [
      await source.push(named('a single event'), null),
      await source.push(named('a whole day'), null),
    ]
    const { cursor } = await source.pull(null)
    await lag(2)
    await source.push(named('a weekly series'), null)
    await source.remove(first)
    const now = await source.pull(cursor)
    expect(now.removed).toEqual([first.id])
    expect(now.changed.map(({ ref }) => ref.id)).not.toContain(first.id)
    await wait(2100)
    const later = await source.pull(now.cursor)
    expect(later.removed).toEqual([])
    expect([...now.changed, ...later.changed].map(({ ref }) => ref.id)).not.toContain(second.id)
  }, 20_000)
})

describe('resources', () => {
  it('are listed with their kind, place and end', async () => {
    const source = account.open()
    const building = await source.addResource({ type: 'location', name: 'Main building', systemName: 'main' })
    const camera = await source.addResource({
      ...{ type: 'camera', name: 'Camera', systemName: 'cam1', description: 'at the back', tags: ['ptz', '4k'] },
      parent: building.id,
    })
    const live = await source.addResource({
      type: 'live_entry',
      name: 'Stream',
      systemName: 'live1',
      entryId: '0_livelive',
    })
    await source.updateResource(camera.id, { type: 'camera', name: 'Camera 1', tags: [] })
    await source.deleteResource(building.id)
    const found = new Map((await source.resources()).map(resource => [resource.id, resource]))
    expect(found.get(camera.id)).toEqual({
      ...{ id: camera.id, name: 'Camera 1', systemName: 'cam1', type: 'camera', description: 'at the back', tags: [] },
      ...{ parentId: building.id, entryId: null, status: 2 },
    })
    expect(found.get(live.id)).toMatchObject({ type: 'live_entry', entryId: '0_livelive' })
    expect(found.get(building.id)).toMatchObject({ status: 3 })
    await expect(source.addResource({ type: 'camera', name: 'Again', systemName: 'cam1' })).rejects.toMatchObject({
      code: 'SYSTEM_NAME_ALREADY_EXISTS',
    })
  })

  it('have a clock of their own, and an entry that their recordings begin with', async () => {
    const id = await account.room('nyc')
    const source = account.open({ resources: { nyc: { timeZone: 'America/New_York', templateEntryId: '0_template' } } })
    await source.resources()
    const floating = { ...event('floating', { start: at('03-03T09:00', null), end: hour }), resourceIds: [id] }
    await source.push(floating, null)
    const [row] = await account.rows()
    expect(row).toMatchObject({ startDate: Date.UTC(year, 2, 3, 14) / 1000, templateEntryId: '0_template' })
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master?.start).toEqual(at('03-03T09:00', 'America/New_York'))
  })
})

describe('a live event', () => {
  it('is streamed by the live entry on its resources, and tells devices where to', async () => {
    const entry: Json = await account.ask('liveStream', 'add', {
      liveStreamEntry: { objectType: 'KalturaLiveStreamEntry', name: 'Stream', mediaType: 201 },
      sourceType: 32,
    })
    const source = account.open()
    const resource = await source.addResource({
      type: 'live_entry',
      name: 'Live',
      systemName: 'live',
      entryId: String(entry.id),
    })
    await source.resources()
    const held = { ...changed(named('a single event'), { kaltura: { type: 2 } }), resourceIds: [room, resource.id] }
    await source.push(held, null)
    expect(await account.rows()).toMatchObject([
      { objectType: 'KalturaLiveStreamScheduleEvent', templateEntryId: entry.id },
    ])
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master?.kaltura).toMatchObject({
      ...{ type: 2, templateEntryId: entry.id, primaryRtmpEndpoint: entry.primaryBroadcastingUrl },
      liveStreamPassword: entry.streamPassword,
    })
    expect(source.normalize(held).master?.kaltura.liveStreamName).toBe(entry.streamName)
  })

  it('has its padding by the server, and keeps its own times', async () => {
    const source = account.open()
    const added = await account.ask(EVENT, 'add', {
      scheduleEvent: {
        ...{ objectType: 'KalturaLiveStreamScheduleEvent', summary: 'Live', recurrenceType: 0 },
        ...{ startDate: 1_900_000_800, endDate: 1_900_004_400, preStartTime: 600, postEndTime: 300 },
      },
    })
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master?.start).toEqual({ dateTime: '2030-03-17T19:00:00', tzid: 'Europe/Berlin' })
    await source.push(changed(remote?.event as ScheduleEvent, { summary: 'Longer' }), remote?.ref ?? null)
    expect(await account.ask(EVENT, 'get', { scheduleEventId: added.id })).toMatchObject({
      ...{ summary: 'Longer', startDate: 1_900_000_800, endDate: 1_900_004_400, preStartTime: 600 },
    })
  })
})

describe('as time goes by', () => {
  it('a series without an end is always there for the next year and a half', async () => {
    const source = account.open()
    await source.resources()
    const start = Date.now()
    const held = changed(named('one without an end'), {
      ...{ start: { dateTime: '2020-01-06T09:00:00', tzid: 'Europe/Berlin' }, rrules: ['FREQ=WEEKLY'] },
    })
    const excepted = {
      ...held,
      overrides: [
        override(at('06-07T09:00'), at('06-07T13:00')),
        override(at('06-14T09:00'), at('06-14T09:00'), hour, { summary: 'X' }),
      ],
    }
    await source.push(excepted, null)
    let { cursor } = await source.pull(null)
    const last = async () => Math.max(...(await account.rows()).map(({ startDate }) => Number(startDate)))
    const first = await last()
    expect(first).toBeGreaterThan(start / 1000 + 540 * 86_400)
    vi.useFakeTimers({ toFake: ['Date'] })
    for (const days of [95, 190]) {
      vi.setSystemTime(start + days * 86_400_000)
      cursor = (await source.pull(cursor)).cursor
      expect(await last()).toBeGreaterThan(start / 1000 + (540 + days) * 86_400)
    }
    // It is still the one event, with its exceptions, and nothing more is to be done.
    cursor = (await source.pull(cursor)).cursor
    account.requests.length = 0
    const quiet = await source.pull(cursor)
    expect(quiet.changed).toEqual([])
    const [remote] = (await source.pull(null)).changed
    expect(remote?.event.master?.rrules).toEqual(['FREQ=WEEKLY;BYDAY=MO'])
    expect(remote?.event.uid).toBe('one without an end')
  }, 30_000)

  it('notices a deletion that nothing else shows', async () => {
    const source = account.open()
    const refs = await Promise.all(
      ['a single event', 'a whole day', 'one on the 31st'].map(name => source.push(named(name), null)),
    )
    const { cursor } = await source.pull(null)
    const gone = (await account.rows({ referenceIdEqual: 'a whole day' }))[0]
    await account.ask(EVENT, 'delete', { scheduleEventId: gone?.id })
    const next = await account.open().pull(cursor)
    expect(next.removed).toEqual([refs[1]?.id])
    const pieces = await account.rows({ referenceIdEqual: 'one on the 31st' })
    for (const { id } of pieces) await account.ask(EVENT, 'delete', { scheduleEventId: id })
    expect((await account.open().pull(next.cursor)).removed).toEqual(['uid:one on the 31st'])
  })
})

it('reads ten thousand events, and then that there is nothing new in one request', async () => {
  const own = await startAccount()
  try {
    const [a, b] = [await own.room('a'), await own.room('b')]
    await own.fill(10_000, [a, b])
    const source = own.open()
    const { changed, cursor } = await source.pull(null)
    expect(changed).toHaveLength(10_000)
    // What was written in the second of a read is read once more: two seconds later that is over.
    await wait(2_100)
    const settled = await source.pull(cursor)
    expect([settled.changed, settled.removed]).toEqual([[], []])
    own.requests.length = 0
    const quiet = await source.pull(settled.cursor)
    expect([quiet.changed, quiet.removed]).toEqual([[], []])
    expect(own.requests).toHaveLength(1)
  } finally {
    await own.close()
  }
}, 120_000)
