import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Busy, clashes } from '../../src/schedule/conflict.ts'
import { SCHEDULE, type ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import { ALWAYS, rowOf } from '../../src/store/spread.ts'
import type { Conflict, Store } from '../../src/store/store.ts'
import { eachStore } from './each-store.ts'
import { actor, blackout, DAY, event, HOUR, now, override, put, remove, WEEK, weekly } from './events.ts'

/** 09:00 in Berlin on the day of `now`. */
const nine = now + 8 * HOUR

const brief = ({ kind, resourceId, uids, start, end, detail }: Conflict) =>
  [kind, resourceId, uids.join(), start, end, detail.occurrences].join(' ')

const all = async (store: Store) => (await store.conflicts()).map(brief)

eachStore('conflicts', opened => {
  test('two events at once in one room', async () => {
    const { store } = opened()
    await put(store, event('a'))
    await put(store, event('b', { start: '2026-11-02T09:30' }))
    expect(await all(store)).toEqual([`overlap 1 a,b ${nine + HOUR / 2} ${nine + HOUR} 1`])
  })

  test.each([
    ['one that begins when the other ends', { start: '2026-11-02T10:00' }],
    ['in another room', { on: [2] }],
    ['in no room', { on: [] }],
    ['transparent', { transparent: true }],
    ['cancelled', { status: 'CANCELLED' as const }],
    ['cancelled in Kaltura', { kaltura: { status: 1 as const } }],
    ['deleted in Kaltura', { kaltura: { status: 3 as const } }],
    [
      'with that occurrence cancelled',
      {
        rrules: weekly(2),
        overrides: [override('2026-11-02T09:00', '2026-11-02T09:00', 'PT1H', { status: 'CANCELLED' })],
      },
    ],
    [
      'with that occurrence moved away',
      { rrules: weekly(2), overrides: [override('2026-11-02T09:00', '2026-11-02T12:00')] },
    ],
  ])('none: %s', async (_, wanted) => {
    const { store } = opened()
    await put(store, event('a'))
    await put(store, event('b', wanted))
    expect(await all(store)).toEqual([])
    await put(store, event('a', { summary: 'again' }))
    expect(await all(store)).toEqual([])
  })

  test('of two series: one, with its first overlap and how many there are', async () => {
    const { store } = opened()
    await put(store, event('a', { rrules: weekly(10) }))
    await put(store, event('b', { start: '2026-11-10T09:30', rrules: ['FREQ=DAILY;COUNT=14'] }))
    expect(await all(store)).toEqual([`overlap 1 a,b ${nine + 2 * WEEK + HOUR / 2} ${nine + 2 * WEEK + HOUR} 2`])
  })

  test('in each room that both are in', async () => {
    const { store } = opened()
    await put(store, event('a', { on: [1, 2, 3] }))
    await put(store, event('b', { on: [2, 3, 4] }))
    expect(await all(store)).toHaveLength(2)
    expect((await store.conflicts({ resourceId: 2 })).map(({ resourceId }) => resourceId)).toEqual([2])
    expect(await store.conflicts({ uid: 'a' })).toHaveLength(2)
    expect(await store.conflicts({ uid: 'c' })).toEqual([])
  })

  test('with a very long event, whichever comes first', async () => {
    const { store } = opened()
    await put(store, event('long', { start: '2026-10-01T09:00', lasts: 'P60D' }))
    await put(store, event('short'))
    expect(await all(store)).toHaveLength(1)
    await remove(store, 'long')
    expect(await all(store)).toEqual([])
    await put(store, event('long', { start: '2026-10-01T09:00', lasts: 'P60D' }))
    expect(await all(store)).toEqual([`overlap 1 long,short ${nine} ${nine + HOUR} 1`])
  })

  test('last as long as they are there, under one id, since the first moment', async () => {
    const { store, clock } = opened()
    await put(store, event('a'))
    await put(store, event('b'))
    const [first] = await store.conflicts()
    clock.now += DAY
    await put(store, event('b', { start: '2026-11-02T09:15' }))
    const [second] = await store.conflicts()
    expect([second?.id, second?.since, second?.start]).toEqual([first?.id, now, nine + HOUR / 4])
    await put(store, event('b', { start: '2026-11-02T11:00' }))
    expect(await all(store)).toEqual([])
    await put(store, event('b'))
    expect((await store.conflicts())[0]).toMatchObject({ id: first?.id, since: now + DAY })
  })

  test('end when an event leaves the room or is removed', async () => {
    const { store } = opened()
    for (const uid of ['a', 'b', 'c']) await put(store, event(uid))
    expect(await all(store)).toHaveLength(3)
    await put(store, event('b', { on: [2] }))
    expect((await store.conflicts()).map(({ uids }) => uids)).toEqual([['a', 'c']])
    await remove(store, 'a')
    expect(await all(store)).toEqual([])
  })

  test('change what the schedule shows of both events, and nothing else', async () => {
    const { store } = opened()
    const before = await put(store, event('a'))
    const [room, schedule] = [await store.token(1), await store.token(SCHEDULE)]
    await put(store, event('b', { on: [1, 2] }))
    const flagged = await store.event('a')
    expect(flagged).toMatchObject({ body: before.body, etag: before.etag, updatedAt: before.updatedAt })
    expect(flagged?.scheduleEtag).not.toBe(before.scheduleEtag)
    expect((await store.changesSince(SCHEDULE, schedule)).changed.map(({ uid }) => uid).toSorted()).toEqual(['a', 'b'])
    expect((await store.changesSince(1, room)).changed.map(({ uid }) => uid)).toEqual(['b'])
    expect(await store.member(SCHEDULE, 'a.ics')).toMatchObject({ etag: flagged?.scheduleEtag })
    // Another title changes no conflict: only the event itself is news.
    const token = await store.token(SCHEDULE)
    await put(store, event('b', { on: [1, 2], summary: 'x' }))
    expect((await store.changesSince(SCHEDULE, token)).changed.map(({ uid }) => uid)).toEqual(['b'])
    await remove(store, 'b')
    expect((await store.event('a'))?.scheduleEtag).not.toBe(flagged?.scheduleEtag)
    expect(await store.journal({ uid: 'a' })).toHaveLength(1)
  })

  describe('with blackouts', () => {
    test('of a room: whoever is in that room', async () => {
      const { store } = opened()
      await put(store, event('a'))
      await put(store, event('b', { on: [2] }))
      await put(store, event('closed', { ...blackout, start: '2026-11-02T00:00', lasts: 'P1D' }))
      expect(await all(store)).toEqual([`blackout 1 a,closed ${nine} ${nine + HOUR} 1`])
    })

    test.each([
      ['the blackout', ['closed', 'a', 'b', 'c']],
      ['the events', ['a', 'b', 'c', 'closed']],
    ])('of the account: everyone, when %s comes first', async (_, order) => {
      const { store } = opened()
      const events: Record<string, ScheduleEvent> = {
        a: event('a'),
        b: event('b', { on: [2, 3], rrules: weekly(3) }),
        c: event('c', { on: [], start: '2026-11-03T09:00' }),
        closed: event('closed', { ...blackout, on: [], start: '2026-11-01T00:00', lasts: 'P9D' }),
      }
      for (const uid of order) await put(store, events[uid] ?? event(uid))
      expect(await all(store)).toEqual([
        `blackout  a,closed ${nine} ${nine + HOUR} 1`,
        `blackout  b,closed ${nine} ${nine + HOUR} 2`,
        `blackout  c,closed ${nine + DAY} ${nine + DAY + HOUR} 1`,
      ])
      await put(store, event('closed', { ...blackout, on: [3], start: '2026-11-01T00:00', lasts: 'P9D' }))
      expect(await all(store)).toEqual([`blackout 3 b,closed ${nine} ${nine + HOUR} 2`])
      await remove(store, 'closed')
      expect(await all(store)).toEqual([])
    })
  })

  test('a thousand at once cost no more than their number', async () => {
    const { store } = opened()
    const size = 300
    await store.write(actor, async tx => {
      for (let n = 0; n < size; n++) {
        const at = new Date((now + n * DAY) * 1000).toISOString().slice(0, 10)
        await tx.put(event(`e${n}`, { start: `${at}T09:00` }))
      }
    })
    await put(store, event('series', { rrules: [`FREQ=DAILY;COUNT=${size}`] }))
    expect(await all(store)).toHaveLength(size)
    expect((await store.conflicts({ uid: 'e7' })).map(({ uids }) => uids)).toEqual([['e7', 'series']])
    await remove(store, 'series')
    expect(await all(store)).toEqual([])
  })

  describe('that others find', () => {
    const told = {
      kind: 'edit',
      resourceId: 1,
      uids: ['a'],
      start: null,
      end: null,
      source: 'google',
      detail: { x: 1 },
    } as const

    test('are kept until taken back, and shown in the schedule', async () => {
      const { store } = opened()
      const before = await put(store, event('a'))
      const added = await store.write(actor, tx => tx.addConflict(told))
      expect(added).toMatchObject({ ...told, since: now })
      const flagged = await store.event('a')
      expect(flagged?.etag).toBe(before.etag)
      expect(flagged?.scheduleEtag).not.toBe(before.scheduleEtag)
      expect(await store.conflicts({ uid: 'a' })).toEqual([added])
      const token = await store.token(SCHEDULE)
      expect(await store.write(actor, tx => tx.addConflict(told))).toEqual(added)
      expect(await store.token(SCHEDULE)).toBe(token)
      await store.write(actor, tx => tx.clearConflicts({ uid: 'a', kind: 'edit' }))
      expect(await store.conflicts()).toEqual([])
      expect((await store.event('a'))?.scheduleEtag).not.toBe(flagged?.scheduleEtag)
      const cleared = await store.token(SCHEDULE)
      await store.write(actor, tx => tx.clearConflicts({ uid: 'a' }))
      expect(await store.token(SCHEDULE)).toBe(cleared)
    })

    test('are taken back by any of their marks, overlaps never', async () => {
      const { store } = opened()
      for (const uid of ['a', 'b']) await put(store, event(uid))
      await store.write(actor, async tx => {
        await tx.addConflict(told)
        await tx.addConflict({ ...told, detail: { x: 2 } })
        await tx.addConflict({ ...told, kind: 'rejected', source: 'm365' })
        await tx.addConflict({ ...told, kind: 'mass-deletion', uids: [], resourceId: null, detail: { count: 9 } })
      })
      const kinds = async () => (await store.conflicts()).map(({ kind }) => kind).toSorted()
      expect(await kinds()).toEqual(['edit', 'edit', 'mass-deletion', 'overlap', 'rejected'])
      await store.write(actor, tx => tx.clearConflicts({ source: 'm365' }))
      await store.write(actor, tx => tx.clearConflicts({ kind: 'overlap' }))
      expect(await kinds()).toEqual(['edit', 'edit', 'mass-deletion', 'overlap'])
      const [first] = (await store.conflicts()).filter(({ kind }) => kind === 'edit')
      await store.write(actor, tx => tx.clearConflicts({ id: first?.id ?? '' }))
      expect(await kinds()).toEqual(['edit', 'mass-deletion', 'overlap'])
      await remove(store, 'a')
      expect(await kinds()).toEqual(['mass-deletion'])
    })

    test('may be about an event that is not here', async () => {
      const { store } = opened()
      await store.write(actor, tx => tx.addConflict({ ...told, uids: ['elsewhere'] }))
      expect(await store.conflicts({ uid: 'elsewhere' })).toHaveLength(1)
      expect(await store.token(SCHEDULE)).toBe(0)
    })

    test('an overlap cannot be told', async () => {
      const { store } = opened()
      const work = store.write(actor, tx => tx.addConflict({ ...told, kind: 'overlap' }))
      await expect(work).rejects.toThrow(TypeError)
    })
  })
})

const anyEvent = fc.record({
  uid: fc.nat(7),
  gone: fc.boolean(),
  day: fc.nat(8),
  hour: fc.nat(9),
  lasts: fc.constantFrom('PT0S', 'PT1H', 'PT2H', 'P3D'),
  rule: fc.constantFrom(null, 'FREQ=DAILY;COUNT=3', 'FREQ=WEEKLY;COUNT=2'),
  on: fc.subarray([1, 2]),
  closed: fc.constantFrom(false, false, false, true),
  free: fc.constantFrom(false, false, false, true),
})

/** All conflicts, by looking at every pair of events. */
function expected(events: readonly ScheduleEvent[]): string[] {
  const found: string[] = []
  const rows = (one: ScheduleEvent): Busy[] =>
    occurrences(one, ALWAYS, { zone: 'Europe/Berlin' })
      .map(each => rowOf(one, each))
      .filter(({ busy }) => busy)
  const note = (place: number | null, a: ScheduleEvent, b: ScheduleEvent) => {
    for (const { kind, uids, start, end, occurrences } of clashes(rows(a), rows(b))) {
      found.push([kind, place, uids.join(), start, end, occurrences].join(' '))
    }
  }
  const ofAccount = (one: ScheduleEvent) => one.resourceIds.length === 0 && one.master?.kaltura.type === 3
  for (const [index, a] of events.entries()) {
    for (const b of events.slice(index + 1)) {
      for (const id of a.resourceIds.filter(id => b.resourceIds.includes(id))) note(id, a, b)
      if (ofAccount(a) || ofAccount(b)) note(null, a, b)
    }
  }
  return found.toSorted()
}

eachStore('conflicts kept at every write', (opened, engine) => {
  test('are those that looking at every pair finds', async () => {
    const { fleeting } = opened()
    const law = fc.asyncProperty(fc.array(anyEvent, { maxLength: 25 }), async steps => {
      const store = await fleeting()
      const events = new Map<string, ScheduleEvent>()
      for (const { uid, gone, day, hour, lasts, rule, on, closed, free } of steps) {
        const made = event(`u${uid}`, {
          start: `2026-11-0${day + 1}T1${hour}:00`,
          ...{ lasts, on, rrules: rule ? [rule] : [], transparent: free },
          ...(closed ? blackout : {}),
        })
        if (gone) {
          events.delete(made.uid)
          await remove(store, made.uid)
        } else {
          events.set(made.uid, made)
          await put(store, made)
        }
      }
      expect((await all(store)).toSorted()).toEqual(expected([...events.values()]))
    })
    await fc.assert(law, { numRuns: engine === 'sqlite' ? 50 : 6, interruptAfterTimeLimit: 2500 })
  })
})
