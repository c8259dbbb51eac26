import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromEpoch } from '../../src/schedule/caltime.ts'
import { busyWithin, membersWithin } from '../../src/store/calendar-reads.ts'
import type { Database, Row, SqlValue } from '../../src/store/database.ts'
import { Store } from '../../src/store/store.ts'
import { eachStore } from './each-store.ts'
import { actor, DAY, event, now } from './events.ts'

const day = fc.integer({ min: -300, max: 900 })
/** Single events, short ones and some that last for months. */
const spans = fc.array(fc.record({ start: day, lasts: fc.constantFrom(0, 0.04, 1, 3, 100) }), { maxLength: 12 })
const window = fc.tuple(day, fc.constantFrom(1, 59, 61, 400, 1200)).map(([from, days]) => ({
  from: now + from * DAY,
  to: now + (from + days) * DAY,
}))

eachStore('long windows', opened => {
  test('hold what short ones hold, each member and each occurrence once', async () => {
    await fc.assert(
      fc.asyncProperty(spans, window, async (events, asked) => {
        const store = await opened().fleeting()
        await store.write(actor, async tx => {
          for (const [index, { start, lasts }] of events.entries()) {
            const from = now + start * DAY
            const { master, ...rest } = event(`e${index}`)
            const times = { start: fromEpoch(from, 'UTC'), end: fromEpoch(from + lasts * DAY, 'UTC') }
            await tx.put({ ...rest, master: master && { ...master, ...times } })
          }
        })
        const members = await membersWithin(store, 1, asked)
        expect(members.map(({ uid }) => uid).sort()).toEqual((await store.uidsIn(1, asked.from, asked.to)).sort())
        const busy = await busyWithin(store, 1, asked)
        const occurrences = await store.occurrencesIn(1, asked.from, asked.to)
        const key = ({ uid, start }: { uid: string; start: number }) => `${uid} ${start}`
        expect(busy.map(key).sort()).toEqual(
          occurrences
            .filter(row => row.busy)
            .map(key)
            .sort(),
        )
      }),
      { numRuns: 15 },
    )
  })
})

/** `count` events of an hour in the calendar of resource 1, one a day; `e0` is the first. */
const fill = (database: Database, count: number) =>
  database.transaction(async tx => {
    const numbers = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < CAST($1 AS BIGINT) - 1)`
    await tx.query(
      `INSERT INTO occurrence (resource_id, is_long, start_at, end_at, busy, blackout, uid)
       ${numbers} SELECT 1, 0, CAST($2 AS BIGINT) + i * ${DAY}, CAST($2 AS BIGINT) + i * ${DAY} + 3600, 1, 0, 'e' || i FROM n`,
      [count, now],
    )
    await tx.query(
      `INSERT INTO change (resource_id, name, uid, etag, token, born, at)
       ${numbers} SELECT 1, 'e' || i || '.ics', 'e' || i, 'x', i, i, 1 FROM n`,
      [count],
    )
  })

/** Does something after each page of what is read from the database. */
const betweenPages = (database: Database, step: () => Promise<void>): Database => ({
  engine: database.engine,
  query: (sql, values) => database.query(sql, values),
  transaction: work => database.transaction(work),
  snapshot: work =>
    database.snapshot(({ query, pages }) =>
      work({
        query,
        async *pages<R extends Row>(sql: string, values?: readonly SqlValue[]) {
          for await (const page of pages<R>(sql, values)) {
            yield page
            await step()
          }
        },
      }),
    ),
  close: () => database.close(),
})

const reads = async (store: Store, asked: { from: number; to: number }) => ({
  listed: (await store.members(1)).map(({ uid }) => uid).sort(),
  members: (await membersWithin(store, 1, asked)).map(({ uid }) => uid).sort(),
  busy: (await busyWithin(store, 1, asked)).map(({ uid }) => uid).sort(),
  occurrences: (await store.occurrencesIn(1, asked.from, asked.to)).map(({ uid }) => uid).sort(),
})

eachStore('long reads', opened => {
  test.each([999, 1000, 1001, 2700])('of %i events hold each of them once', async count => {
    const { store, database } = opened()
    await fill(database, count)
    const uids = Array.from({ length: count }, (_, index) => `e${index}`).sort()
    expect(await reads(store, { from: now, to: now + count * DAY })).toEqual({
      ...{ listed: uids, members: uids, busy: uids, occurrences: uids },
    })
  })

  test('are of one state, while others move and rename events', async () => {
    const { database } = opened()
    await fill(database, 2700)
    let moves = 0
    // The first event becomes the last and the last becomes the first, in time and by name, again and again.
    const swap = () =>
      database.transaction(async tx => {
        moves++
        for (const uid of ['e0', 'e2699']) {
          await tx.query(
            'UPDATE occurrence SET start_at = $2 - start_at, end_at = $2 + 3600 - start_at WHERE uid = $1',
            [uid, 2 * now + 2699 * DAY],
          )
          const name = (moves + Number(uid === 'e0')) % 2 === 0 ? `a-${uid}` : `z-${uid}`
          await tx.query('UPDATE change SET name = $2 WHERE uid = $1', [uid, name])
        }
      })
    const store = new Store(betweenPages(database, swap), { zone: 'Europe/Berlin', now: () => now })
    const uids = Array.from({ length: 2700 }, (_, index) => `e${index}`).sort()
    expect(await reads(store, { from: now, to: now + 2700 * DAY })).toEqual({
      ...{ listed: uids, members: uids, busy: uids, occurrences: uids },
    })
    expect(moves).toBeGreaterThan(8)
  })
})
