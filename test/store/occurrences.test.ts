import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromEpoch } from '../../src/schedule/caltime.ts'
import { type CalTime, isDate, SCHEDULE, type ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import { ACCOUNT, rangeScan } from '../../src/store/occurrence-index.ts'
import { Store } from '../../src/store/store.ts'
import { eachStore } from './each-store.ts'
import { actor, blackout, DAY, event, HOUR, now, override, put, resource, WEEK, weekly } from './events.ts'

const YEAR = 366 * DAY
/** 09:00 in Berlin on the day of `now`. */
const nine = now + 8 * HOUR

eachStore('occurrences', opened => {
  const starts = async (id: number, from: number, to: number) =>
    (await opened().store.occurrencesIn(id, from, to)).map(({ start }) => start)

  test('are found by range, half-open, in the room and in the schedule', async () => {
    const { store } = opened()
    await put(store, event('a'))
    const row = { uid: 'a', recurrenceId: null, start: nine, end: nine + HOUR, busy: true, blackout: false }
    for (const id of [1, SCHEDULE]) {
      expect(await store.occurrencesIn(id, nine, nine + 1)).toEqual([row])
      expect(await store.occurrencesIn(id, nine + HOUR - 1, nine + 2 * HOUR)).toEqual([row])
      expect(await store.occurrencesIn(id, nine + HOUR, nine + 2 * HOUR)).toEqual([])
      expect(await store.occurrencesIn(id, nine - HOUR, nine)).toEqual([])
    }
    expect(await store.occurrencesIn(2, 0, 2 * now)).toEqual([])
  })

  test('of a series stay at nine when the clocks change', async () => {
    await put(opened().store, event('a', { start: '2026-10-19T09:00', rrules: weekly(3) }))
    const first = nine - 2 * WEEK - HOUR
    expect(await starts(1, 0, 2 * now)).toEqual([first, first + WEEK + HOUR, first + 2 * WEEK + HOUR])
  })

  test('know what an override moved, cancelled or freed', async () => {
    const { store } = opened()
    const overrides = [
      override('2026-11-09T09:00', '2026-11-09T14:00', 'PT2H'),
      override('2026-11-16T09:00', '2026-11-16T09:00', 'PT1H', { status: 'CANCELLED' }),
      override('2026-11-23T09:00', '2026-11-23T09:00', 'PT1H', { transparent: true }),
    ]
    await put(store, event('a', { rrules: weekly(4), overrides }))
    const rows = await store.occurrencesIn(1, 0, 2 * now)
    expect(rows.map(({ start, busy }) => [start, busy])).toEqual([
      [nine, true],
      [nine + WEEK + 5 * HOUR, true],
      [nine + 2 * WEEK, false],
      [nine + 3 * WEEK, false],
    ])
    expect(rows[1]?.recurrenceId).toBe('2026-11-09T09:00:00[Europe/Berlin]')
  })

  test('without length belong to the range in which they start', async () => {
    await put(opened().store, event('a', { lasts: 'PT0S' }))
    expect(await starts(1, nine, nine + 1)).toEqual([nine])
    expect(await starts(1, nine - 1, nine)).toEqual([])
  })

  test.each([
    ['a day', 'P1D'],
    ['exactly two days', 'P2D'],
    ['a second more', 'P2DT1S'],
    ['a year', 'P366D'],
  ])('that last %s are found by their last second', async (_, lasts) => {
    const { store } = opened()
    await put(store, event('a', { lasts }))
    const [row] = await store.occurrencesIn(1, nine, nine + 1)
    const end = row?.end ?? 0
    expect(await starts(1, end - 1, end + DAY)).toEqual([nine])
    expect(await starts(1, end, end + DAY)).toEqual([])
  })

  test('of whole days and floating times lie on the clock of each calendar', async () => {
    const { store } = opened()
    await store.write(actor, async tx => {
      await tx.putResource(resource(1))
      await tx.putResource(resource(2, { timeZone: 'America/New_York' }))
      await tx.put(allDay('day', '2026-11-02', [1, 2]))
      await tx.put(event('fixed', { on: [1, 2] }))
    })
    expect(await starts(1, now - DAY, now + DAY)).toEqual([now - HOUR, nine])
    expect(await starts(2, now - DAY, now + DAY)).toEqual([now + 5 * HOUR, nine])
    expect(await starts(SCHEDULE, now - DAY, now + DAY)).toEqual([now - HOUR, nine])
    const token = await store.token(2)
    await store.write(actor, tx => tx.putResource(resource(2, { timeZone: 'Asia/Tokyo' })))
    expect(await starts(2, now - DAY, now + DAY)).toEqual([now - 9 * HOUR, nine])
    expect(await store.token(2)).toBe(token)
  })

  test('move in the schedule when the gateway gets another zone', async () => {
    const { database } = opened()
    await put(opened().store, allDay('day', '2026-11-02', [1]))
    const moved = await Store.open(database, { zone: 'America/New_York' })
    const days = async () => (await moved.occurrencesIn(SCHEDULE, 0, 2 * now)).map(({ start }) => start)
    expect(await days()).toEqual([now + 5 * HOUR])
    await Store.open(database, { zone: 'Europe/Berlin' })
    expect(await days()).toEqual([now - HOUR])
  })

  test('of which only some are known are indexed without their series', async () => {
    const { store } = opened()
    const overrides = [override('2026-11-09T09:00', '2026-11-09T10:00')]
    await put(store, { uid: 'a', master: null, overrides, resourceIds: [1] })
    expect(await store.occurrencesIn(1, 0, 2 * now)).toMatchObject([
      { start: nine + WEEK + HOUR, recurrenceId: '2026-11-09T09:00:00[Europe/Berlin]' },
    ])
  })

  test('a change of title leaves the index alone', async () => {
    const { store, database } = opened()
    const rows = () => database.query('SELECT COUNT(*) AS count, MIN(start_at) AS first FROM occurrence')
    await put(store, event('a', { rrules: weekly(5) }))
    const before = await rows()
    await database.query('UPDATE occurrence SET start_at = start_at + 1 WHERE resource_id = 1')
    await put(store, event('a', { rrules: weekly(5), summary: 'x' }))
    expect(await starts(1, nine, nine + HOUR)).toEqual([nine + 1])
    await put(store, event('a', { rrules: weekly(6), summary: 'x' }))
    expect(await starts(1, nine, nine + HOUR)).toEqual([nine])
    expect(before[0]?.count).toBe(10)
  })

  describe('beyond the horizon', () => {
    const endless = () => event('a', { rrules: ['FREQ=WEEKLY'] })

    test('series that go on are followed when asked for', async () => {
      const { store } = opened()
      await put(store, endless())
      for (const years of [0, 2, 3, 4, 10, 100]) {
        const from = nine + years * 52 * WEEK
        const found = await store.occurrencesIn(1, from - DAY, from + 2 * WEEK)
        expect(found.length).toBeGreaterThanOrEqual(2)
        expect(found.every(({ uid }) => uid === 'a')).toBe(true)
      }
    })

    test('nothing is given twice where index and expansion meet', async () => {
      const { store, database } = opened()
      await put(store, endless())
      const [row] = await database.query('SELECT index_to FROM rolling')
      const edge = Number(row?.index_to)
      expect(edge).toBeGreaterThanOrEqual(now + 3 * YEAR)
      const found = await starts(1, edge - 5 * WEEK, edge + 5 * WEEK)
      expect(new Set(found).size).toBe(found.length)
      expect(found).toHaveLength(10)
    })

    test('a series from long ago is known before the index begins', async () => {
      const { store } = opened()
      await put(store, event('a', { start: '2001-01-01T09:00', rrules: ['FREQ=WEEKLY'] }))
      expect(await starts(1, now - 20 * YEAR, now - 20 * YEAR + 10 * WEEK)).toHaveLength(10)
      expect(await starts(1, now - 40 * YEAR, now - 30 * YEAR)).toEqual([])
    })

    test('a series that ends is indexed whole', async () => {
      const { store, database } = opened()
      await put(store, event('a', { start: '2001-01-01T09:00', rrules: ['FREQ=WEEKLY;UNTIL=20400101T000000Z'] }))
      expect(await database.query('SELECT uid FROM rolling')).toEqual([])
      expect(await starts(1, now + 10 * YEAR, now + 10 * YEAR + 10 * WEEK)).toHaveLength(10)
    })

    test('too much at once is refused; which events there are is still told', async () => {
      const { store } = opened()
      await put(store, event('a', { rrules: ['FREQ=DAILY'] }))
      await put(store, event('b', { start: '2026-11-02T11:00', rrules: ['FREQ=DAILY'] }))
      await put(store, event('c', { start: '2026-11-02T12:00' }))
      const far = now + 10 * YEAR
      await expect(store.occurrencesIn(1, far, far + 100 * YEAR)).rejects.toThrow(/occurrences/)
      expect((await store.uidsIn(1, far, Number.POSITIVE_INFINITY)).toSorted()).toEqual(['a', 'b'])
      expect((await store.uidsIn(1, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)).toSorted()).toEqual([
        'a',
        'b',
        'c',
      ])
      expect(await store.uidsIn(1, Number.NEGATIVE_INFINITY, now)).toEqual([])
    })

    test('the daily round moves the horizon, with the conflicts that come into sight', async () => {
      const { store, clock, database } = opened()
      await put(store, endless())
      const later = new Date((nine + 4 * YEAR) * 1000).toISOString().slice(0, 10)
      const [there] = await starts(1, nine + 4 * YEAR, nine + 4 * YEAR + WEEK)
      const at = fromEpoch(there ?? 0, 'Europe/Berlin')
      expect(isDate(at) ? '' : at.dateTime.slice(0, 10) >= later).toBeTruthy()
      await put(store, { ...event('b'), master: { ...masterOf(event('b')), start: at } })
      expect(await store.conflicts()).toEqual([])
      expect(await store.rollHorizon()).toBe(0)
      const [room, schedule] = [await store.token(1), await store.token(SCHEDULE)]
      clock.now += 2 * YEAR
      expect(await store.rollHorizon()).toBe(1)
      expect(await store.rollHorizon()).toBe(0)
      const [row] = await database.query('SELECT index_to FROM rolling')
      expect(Number(row?.index_to)).toBeGreaterThanOrEqual(clock.now + 3 * YEAR)
      expect(await store.conflicts()).toMatchObject([{ kind: 'overlap', uids: ['a', 'b'], start: there }])
      expect(await store.token(1)).toBe(room)
      const changes = await store.changesSince(SCHEDULE, schedule)
      expect(changes.changed.map(({ uid }) => uid).toSorted()).toEqual(['a', 'b'])
      expect(await store.journal({ uid: 'a' })).toHaveLength(1)
    })

    test('blackouts of the account are found there too', async () => {
      const { store } = opened()
      await put(store, event('closed', { ...blackout, on: [], rrules: ['FREQ=YEARLY'] }))
      await put(store, event('other', { on: [], rrules: ['FREQ=YEARLY'] }))
      const uids = async (from: number) =>
        (await store.occurrencesIn(ACCOUNT, from - 60 * DAY, from + 60 * DAY)).map(({ uid }) => uid)
      expect(await uids(now)).toEqual(['closed'])
      expect(await uids(now + 20 * YEAR)).toEqual(['closed'])
    })
  })
})

const masterOf = ({ master }: ScheduleEvent) => {
  if (!master) throw new Error('no master')
  return master
}

function allDay(uid: string, date: string, on: readonly number[]): ScheduleEvent {
  const made = event(uid, { on })
  return { ...made, master: { ...masterOf(made), start: { date }, end: null } }
}

const written = (from: number): fc.Arbitrary<CalTime> =>
  fc
    .record({ at: fc.integer({ min: 0, max: 40 * 96 }), zone: fc.constantFrom('UTC', 'Europe/Berlin', null, 'date') })
    .map(({ at, zone }) => {
      const time = fromEpoch(from + at * 900, zone === 'date' || zone === null ? 'UTC' : zone)
      if (isDate(time)) return time
      return zone === 'date' ? { date: time.dateTime.slice(0, 10) } : { ...time, tzid: zone }
    })

const series = fc.record({
  start: written(now - 400 * DAY),
  lasts: fc.constantFrom('PT0S', 'PT30M', 'PT3H', 'P1D', 'P2D', 'P9D'),
  rule: fc.constantFrom(null, 'FREQ=DAILY;COUNT=7', 'FREQ=WEEKLY', 'FREQ=MONTHLY;BYDAY=2TU', 'FREQ=YEARLY'),
})

const window = fc
  .record({ from: fc.integer({ min: -900, max: 2500 }), days: fc.integer({ min: 0, max: 60 }), second: fc.nat(DAY) })
  .map(({ from, days, second }) => ({ from: now + from * DAY + second, to: now + (from + days) * DAY + second + 1 }))

eachStore('the index', (opened, engine) => {
  test('gives what expanding every event gives', async () => {
    const { fleeting } = opened()
    const law = fc.asyncProperty(
      fc.array(series, { maxLength: 6 }),
      fc.array(window, { minLength: 1, maxLength: 6 }),
      async (wanted, windows) => {
        const store = await fleeting()
        const events = wanted.map(({ start, lasts, rule }, index): ScheduleEvent => {
          const end = isDate(start) && lasts.startsWith('PT') ? 'P1D' : lasts
          const made = event(`u${index}`, { lasts: end, rrules: rule ? [rule] : [] })
          return { ...made, master: { ...masterOf(made), start } }
        })
        await store.write(actor, async tx => {
          await tx.putResource(resource(1, { timeZone: 'Asia/Kolkata' }))
          for (const each of events) await tx.put(each)
        })
        for (const each of windows) {
          const expected = events.flatMap(one =>
            occurrences(one, each, { zone: 'Asia/Kolkata' }).map(({ start, end }) => [one.uid, start, end]),
          )
          const found = (await store.occurrencesIn(1, each.from, each.to)).map(({ uid, start, end }) => [
            uid,
            start,
            end,
          ])
          expect(found.toSorted()).toEqual(expected.toSorted())
          const uids = await store.uidsIn(1, each.from, each.to)
          expect(uids.toSorted()).toEqual([...new Set(expected.map(([uid]) => uid))].toSorted())
        }
      },
    )
    await fc.assert(law, { numRuns: engine === 'sqlite' ? 50 : 6, interruptAfterTimeLimit: 2500 })
  })

  test('is read by (resource, start), looking back no further than it must', async context => {
    if (engine !== 'sqlite') return context.skip('tables this small are read whole by PostgreSQL')
    const { database } = opened()
    const plan = async (sql: string) =>
      (
        await database.query(
          `EXPLAIN QUERY PLAN ${sql}`,
          Array.from({ length: 3 }, () => 1),
        )
      )
        .map(({ detail }) => String(detail))
        .filter(detail => /SEARCH|SCAN/.test(detail))
    const byStart = 'USING INDEX occurrence_start (resource_id=? AND is_long=? AND'
    expect(await plan(rangeScan)).toEqual([
      `SEARCH occurrence ${byStart} start_at>? AND start_at<?)`,
      `SEARCH occurrence ${byStart} start_at<?)`,
    ])
  })
})
