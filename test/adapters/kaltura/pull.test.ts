import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { KalturaAccount } from '../../../adapters/kaltura/index.ts'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { differences } from '../../../src/schedule/merge.ts'
import { occurrences } from '../../../src/schedule/recurrence.ts'
import type { Changes } from '../../../src/sync/source.ts'
import { EVENT, type Json, startAccount, type TestAccount } from './account.ts'
import { at, event, hour, shapeNamed } from './events.ts'
import { type Hand, handOn, START as start } from './hand.ts'

let account: TestAccount
let source: KalturaAccount
let rooms: number[]
let hand: Hand
beforeAll(async () => {
  account = await startAccount()
  rooms = [await account.room('lh101'), await account.room('lh102')]
  source = account.open()
  hand = handOn(account)
  await source.resources()
})
afterEach(async () => {
  await account.clearFaults()
  await account.empty()
})
afterAll(() => account.close())

const record = (change?: Json) => hand.record(change)
const weekly = (change?: Json, recurrence?: Json) => hand.weekly(change, recurrence)

const instants = (held: ScheduleEvent | undefined): number[] =>
  held === undefined
    ? []
    : occurrences(held, { from: 0, to: 2 ** 33 }, { zone: 'Europe/Berlin' }).map(occurrence => occurrence.start)
const only = async (): Promise<Changes['changed'][number]> => {
  const { changed } = await source.pull(null)
  expect(changed).toHaveLength(1)
  return changed[0] as Changes['changed'][number]
}
const DAY = 86_400

describe('an event of the Kaltura account', () => {
  it('has the UID that Kaltura shows: its reference id, or one made of its id', async () => {
    const { id } = await record()
    await record({ referenceId: 'own' })
    const uids = (await source.pull(null)).changed.map(({ event: { uid } }) => uid)
    expect(uids).toContain('own')
    expect(uids.find(uid => uid !== 'own')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    const { master } = (await source.pull(null)).changed.find(({ ref }) => ref.id === String(id))?.event ?? {}
    expect(master?.kaltura).toEqual({ id, partnerId: 101, status: 2, type: 1 })
  })

  it('in the hour that a change of clocks repeats keeps its instants', async () => {
    const startDate = Date.UTC(2027, 9, 31, 1, 30) / 1000
    await record({ startDate, endDate: startDate + 3600 })
    const { event } = await only()
    const [taken] = occurrences(event, { from: 0, to: 2 ** 33 }, { zone: 'Europe/Berlin' })
    expect(taken).toMatchObject({ start: startDate, end: startDate + 3600 })
  })

  it('keeps its own UID where two have the same reference id, whichever is read', async () => {
    const [first, second] = [await record({ referenceId: 'twice' }), await record({ referenceId: 'twice' })]
    const whole = await source.pull(null)
    const uidOf = (changes: Changes, { id }: Json) =>
      changes.changed.find(({ ref }) => ref.id === String(id))?.event.uid
    expect(uidOf(whole, first)).toBe('twice')
    const derived = uidOf(whole, second)
    expect(derived).not.toBe('twice')
    await hand.update(second.id, { summary: 'Changed' })
    const changes = await account.open().pull(whole.cursor)
    expect(changes.changed).toHaveLength(1)
    expect(uidOf(changes, second)).toBe(derived)
  })

  it('is a series with a rule where Kaltura means by it what we do', async () => {
    const { id } = await weekly()
    const remote = await only()
    expect(remote.event.master).toMatchObject({
      start: { dateTime: '2030-03-17T19:00:00', tzid: 'Europe/Berlin' },
      rrules: ['FREQ=WEEKLY;COUNT=5;BYDAY=SU'],
      exdates: [],
      kaltura: { id, type: 1, status: 2 },
    })
    expect(instants(remote.event)).toEqual((await hand.children(id)).map(({ startDate }) => startDate))
    expect(Object.keys((remote.ref.parts?.occurrences ?? {}) as object)).toHaveLength(5)
  })

  it('has exceptions where occurrences were cancelled, moved and renamed', async () => {
    const { id } = await weekly()
    const [, second, third, fourth] = await hand.children(id)
    await hand.cancel(second?.id)
    await hand.update(third?.id, { startDate: start + 15 * DAY, endDate: start + 15 * DAY + 7200 })
    await hand.update(fourth?.id, { summary: 'Guest' })
    const { event: held } = await only()
    expect(held.master?.exdates).toEqual([{ dateTime: '2030-03-24T19:00:00', tzid: 'Europe/Berlin' }])
    expect(held.overrides).toMatchObject([
      {
        recurrenceId: { dateTime: '2030-03-31T19:00:00', tzid: 'Europe/Berlin' },
        start: { dateTime: '2030-04-01T20:00:00', tzid: 'Europe/Berlin' },
        end: { dateTime: '2030-04-01T22:00:00', tzid: 'Europe/Berlin' },
        kaltura: { id: third?.id, parentId: id, status: 2 },
      },
      { recurrenceId: { dateTime: '2030-04-07T19:00:00', tzid: 'Europe/Berlin' }, summary: 'Guest' },
    ])
  })

  it.each<[string, Json]>([
    ['monthly without a day, which Kaltura moves to the first', { frequency: 'months', byDay: '', count: 6 }],
    ['the 31st, which it clamps', { frequency: 'months', byDay: '', byMonthDay: '31', count: 6 }],
    ['yearly weekdays, which it miscounts', { frequency: 'years', byDay: 'WE', count: 3 }],
    ['more than two years, which it cuts', { count: 300 }],
    ['daily for more than two years', { frequency: 'days', byDay: '', count: 2000 }],
    ['no zone, which is the server’s', { timeZone: '' }],
    ['a zone nobody knows', { timeZone: 'Mars/Olympus' }],
    ['a day nobody knows', { byDay: 'XX' }],
    ['hours', { frequency: 'hours', byDay: '', interval: 5, count: 1500 }],
  ])(
    'takes place when Kaltura says, whatever the rule: %s',
    async (_, recurrence) => {
      const { id } = await weekly({}, recurrence)
      const { event: held, ref } = await only()
      const expected = (await hand.children(id)).map(({ startDate }) => startDate)
      expect(instants(held)).toEqual(expected)
      // A view of it is itself, and a new title does not touch its times.
      expect(differences(source.normalize(held), held)).toEqual([])
      const ids = (await hand.children(id)).map(child => child.id)
      const { master } = held
      const renamed = await source.push({ ...held, master: master && { ...master, summary: 'Renamed' } }, ref)
      expect(renamed.id).toBe(ref.id)
      expect((await hand.children(id)).map(child => child.id)).toEqual(ids)
      expect((await only()).event.master?.summary).toBe('Renamed')
    },
    20_000,
  )

  it('is two events where one occurrence is in another room', async () => {
    const { id } = await weekly()
    await hand.link(id, rooms[0])
    const [, second] = await hand.children(id)
    await hand.link(second?.id, rooms[1])
    const { changed, cursor } = await source.pull(null)
    expect(changed.map(({ event: { resourceIds } }) => resourceIds)).toEqual([[rooms[0]], [rooms[1]]])
    const [main, stray] = changed
    expect(instants(main?.event)).toHaveLength(4)
    expect(instants(stray?.event)).toEqual([second?.startDate])
    // It can be moved, and when its room is taken from it, it is part of the series again.
    const { master } = stray?.event ?? {}
    const moved = {
      ...stray?.event,
      master: master && { ...master, start: at('03-03T07:00'), end: hour },
    } as ScheduleEvent
    await source.push(moved, stray?.ref ?? null)
    const back = await source.pull(cursor)
    expect(back.changed.map(({ ref }) => ref.id).sort()).toEqual([String(id), String(second?.id)].sort())
    await hand.unlink(second?.id, rooms[1])
    const again = await source.pull(back.cursor)
    expect(again.removed).toEqual([String(second?.id)])
    expect(instants(again.changed[0]?.event)).toHaveLength(5)
    expect(again.changed).toHaveLength(1)
  })

  it('is read at once when nearly all of its occurrences were moved', async () => {
    const { id } = await weekly()
    const rows = (await hand.children(id)).slice(0, 4)
    for (const [n, row] of rows.entries()) {
      const to = start + (3 + n * 40) * 3600
      await hand.update(row.id, { startDate: to, endDate: to + 3600 })
    }
    const { event: held } = await only()
    expect(instants(held)).toHaveLength(5)
  })

  it('is still a whole series when the occurrence that says so is put in another room and renamed there', async () => {
    const pushed = await source.push(
      { ...event('marked', shapeNamed('a moved occurrence')), resourceIds: [rooms[0] as number] },
      null,
    )
    const [carrier] = (await hand.children(pushed.id)).filter(({ comment }) => String(comment).includes('"done"'))
    await hand.link(carrier?.id, rooms[1])
    const { changed } = await source.pull(null)
    const stray = changed.find(({ ref }) => ref.id === String(carrier?.id))
    const master = stray?.event.master
    const renamed = { ...stray?.event, master: master && { ...master, summary: 'Elsewhere' } } as ScheduleEvent
    await source.push(renamed, stray?.ref ?? null)
    const after = await source.pull(null)
    expect(after.unreadable).toEqual([])
    expect(after.changed.map(({ event: held }) => held.master?.summary).sort()).toEqual(
      ['Elsewhere', changed.find(({ ref }) => ref.id === pushed.id)?.event.master?.summary].sort(),
    )
  })

  it('takes the piece that was in another room along when it is laid out anew', async () => {
    const first = await source.push(
      { ...event('pieces', shapeNamed('one on the 31st')), resourceIds: [rooms[0] as number] },
      null,
    )
    const [piece] = await account.rows({ referenceIdEqual: 'pieces' })
    await hand.unlink(piece?.id, rooms[0])
    const { cursor, changed } = await source.pull(null)
    expect(changed.map(({ ref }) => ref.id).sort()).toEqual([String(piece?.id), first.id].sort())
    const at = changed.find(({ ref }) => ref.id === first.id)?.ref ?? null
    const series = { ...event('pieces', shapeNamed('a moved occurrence')), resourceIds: [rooms[0] as number] }
    const second = await source.push(series, at)
    const next = await source.pull(cursor)
    expect(next.changed.map(({ ref }) => ref)).toEqual([second])
    expect([...next.removed].sort()).toEqual([first.id, String(piece?.id)].sort())
    expect((await only()).ref).toEqual(second)
  })

  it('is free of its rooms once it is cancelled', async () => {
    const { id } = await record()
    await hand.link(id, rooms[0])
    await hand.cancel(id)
    const { event: held } = await only()
    expect(held).toMatchObject({ master: { status: 'CANCELLED' }, resourceIds: [] })
    expect(differences(source.normalize({ ...held, resourceIds: rooms }), held)).toEqual([])
  })

  it('of another kind than X-KALTURA-TYPE knows keeps that kind', async () => {
    await record({ objectType: 'KalturaMeetingScheduleEvent' })
    const { event: held, ref } = await only()
    expect(held.master?.kaltura.type).toBeUndefined()
    expect(differences(source.normalize(held), held)).toEqual([])
    const { master } = held
    await source.push({ ...held, master: master && { ...master, summary: 'Board' } }, ref)
    expect((await account.rows())[0]).toMatchObject({ objectType: 'KalturaMeetingScheduleEvent', summary: 'Board' })
  })
})

describe('an incremental read of the Kaltura account', () => {
  it('takes one request when nothing is new, also right after a write', async () => {
    for (let n = 0; n < 4; n++) await hand.link((await record({ referenceId: `e${n}` })).id, rooms[0])
    await weekly()
    let { cursor } = await source.pull(null)
    for (const pause of [0, 0, 2200, 0]) {
      await wait(pause)
      account.requests.length = 0
      const next = await source.pull(cursor)
      expect(account.requests).toEqual(['multirequest/'])
      expect([next.changed, next.removed]).toEqual([[], []])
      cursor = next.cursor
    }
  })

  it('sees a link that is added in the second in which the event was read', async () => {
    const { id } = await record()
    for (const room of rooms) {
      const { cursor } = await source.pull(null)
      await hand.link(id, room)
      const { changed } = await source.pull(cursor)
      expect(changed.map(({ event: { resourceIds } }) => resourceIds.at(-1))).toEqual([room])
    }
  })

  it('sees each link that comes and goes on an occurrence in the second in which the series was read', async () => {
    const { id } = await weekly()
    await hand.link(id, rooms[0])
    const [, second] = await hand.children(id)
    let { cursor } = await source.pull(null)
    for (const [work, ids] of [
      [hand.link, [String(id), String(second?.id)]],
      [hand.unlink, [String(id)]],
      [hand.link, [String(id), String(second?.id)]],
    ] as const) {
      await work(second?.id, rooms[1])
      const next = await source.pull(cursor)
      expect(next.changed.map(({ ref }) => ref.id)).toEqual(ids)
      const quiet = await source.pull(next.cursor)
      expect([quiet.changed, quiet.removed]).toEqual([[], []])
      cursor = quiet.cursor
    }
  })

  it('has nothing new to say of what was removed in the second in which it was read', async () => {
    const pieces = { ...event('pieces', shapeNamed('two rules')), resourceIds: [rooms[1] as number] }
    const ref = await source.push(pieces, null)
    const [piece] = await account.rows({ referenceIdEqual: 'pieces' })
    await hand.link(piece?.id, rooms[0])
    const first = await source.pull(null)
    const group = first.changed.find(changed => changed.ref.id === ref.id)
    if (group) await source.remove(group.ref)
    const { cursor } = await source.pull(first.cursor)
    const quiet = await source.pull(cursor)
    expect([quiet.changed, quiet.removed]).toEqual([[], []])
  })

  it('sees that a series has lost its moved occurrence to an update', async () => {
    const { id } = await weekly()
    const [, second] = await hand.children(id)
    await hand.update(second?.id, { startDate: start + 8 * DAY, endDate: start + 8 * DAY + 3600 })
    const { cursor, changed } = await source.pull(null)
    expect(changed[0]?.event.overrides).toHaveLength(1)
    await hand.update(id, { summary: 'Renamed', recurrenceType: 1 })
    const next = await source.pull(cursor)
    expect(next.changed).toMatchObject([{ event: { master: { summary: 'Renamed' }, overrides: [] } }])
  })

  it('reads more than a query lets it page through', async () => {
    // 11,000 rows of very few seconds, as a bulk upload leaves them.
    const add = (n: number) => ({
      ...{ service: EVENT, action: 'add' },
      scheduleEvent: {
        ...{ objectType: 'KalturaRecordScheduleEvent', summary: `e${n}`, recurrenceType: 1, duration: 60 },
        ...{ startDate: start + n, endDate: start + n + 60, referenceId: `e${n}` },
        recurrence: { objectType: 'KalturaScheduleEventRecurrence', frequency: 'days', count: 600, timeZone: 'UTC' },
      },
    })
    for (let n = 0; n < 18; n++) await account.ask(EVENT, 'add', add(n))
    const { changed } = await source.pull(null)
    expect(changed).toHaveLength(18)
    for (const { event: held } of changed) expect(instants(held)).toHaveLength(600)
  }, 60_000)

  it('expires a cursor of another making', async () => {
    await expect(source.pull('{"v":1}')).rejects.toMatchObject({ name: 'CursorExpired' })
  })
})
