import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openSqlite } from '../../adapters/sqlite.ts'
import { CursorExpired } from '../../src/errors.ts'
import { SCHEDULE } from '../../src/schedule/event.ts'
import { changedUids } from '../../src/store/bindings.ts'
import { changesSince } from '../../src/store/change-log.ts'
import type { Database, Row, SqlValue } from '../../src/store/database.ts'
import { Store } from '../../src/store/store.ts'
import { eachStore } from './each-store.ts'
import { actor, DAY, event, put, remove } from './events.ts'

const names = ({ changed }: { changed: readonly { name: string }[] }) => changed.map(({ name }) => name)

/** What a client holds that follows one calendar: names and etags. */
class Client {
  readonly held = new Map<string, string>()
  token = 0
  readonly #calendar: number

  constructor(calendar: number) {
    this.#calendar = calendar
  }

  /** One page. @returns whether there is more */
  async page(store: Store, limit?: number): Promise<boolean> {
    const { token, changed, removed, truncated } = await store.changesSince(this.#calendar, this.token, limit)
    for (const { name, etag } of changed) this.held.set(name, etag)
    for (const name of removed) this.held.delete(name)
    this.token = token
    return truncated
  }

  async follow(store: Store, limit?: number): Promise<void> {
    while (await this.page(store, limit));
  }
}

const membersOf = async (store: Store, calendar: number) =>
  new Map((await store.members(calendar)).map(({ name, etag }) => [name, etag]))

eachStore('change log', opened => {
  test('tokens grow by calendar, and only where something changed', async () => {
    const { store } = opened()
    expect(await store.token(1)).toBe(0)
    await put(store, event('a', { on: [1] }))
    await put(store, event('b', { on: [2] }))
    const [one, two] = [await store.token(1), await store.token(2)]
    await put(store, event('b', { on: [2], summary: 'x' }))
    expect(await store.token(1)).toBe(one)
    expect(await store.token(2)).toBeGreaterThan(two)
  })

  test('tells what changed since, oldest change first', async () => {
    const { store } = opened()
    for (const uid of ['a', 'b', 'c']) await put(store, event(uid))
    const token = await store.token(1)
    expect(await store.changesSince(1, token)).toEqual({ token, changed: [], removed: [], truncated: false })
    await put(store, event('b', { summary: 'x' }))
    await put(store, event('a', { summary: 'y' }))
    await remove(store, 'c')
    const changes = await store.changesSince(1, token)
    expect([names(changes), changes.removed]).toEqual([['b.ics', 'a.ics'], ['c.ics']])
    expect(changes.token).toBe(await store.token(1))
  })

  test('from the beginning there are members and no removals', async () => {
    const { store } = opened()
    for (const uid of ['a', 'b']) await put(store, event(uid))
    await remove(store, 'a')
    expect(await store.changesSince(1, 0)).toMatchObject({ changed: [{ name: 'b.ics' }], removed: [] })
  })

  test('removed and made again is one change', async () => {
    const { store } = opened()
    await put(store, event('a'))
    const token = await store.token(1)
    await remove(store, 'a')
    const stored = await put(store, event('a', { summary: 'again' }))
    const changes = await store.changesSince(1, token)
    expect(changes).toMatchObject({ changed: [{ name: 'a.ics', etag: stored.etag }], removed: [] })
  })

  test('a name that came and went since is left out; one that was there before is not', async () => {
    const { store } = opened()
    await put(store, event('a'))
    const token = await store.token(1)
    await put(store, event('b'))
    await remove(store, 'b')
    expect((await store.changesSince(1, token)).removed).toEqual([])
    await remove(store, 'a')
    await put(store, event('a'))
    await remove(store, 'a')
    expect((await store.changesSince(1, token)).removed).toEqual(['a.ics'])
  })

  test('a limit cuts the answer, and its token goes on from there', async () => {
    const { store } = opened()
    await store.write(actor, async tx => {
      for (let n = 0; n < 25; n++) await tx.put(event(`e${n}`))
    })
    const pages: number[] = []
    const seen: string[] = []
    let token = 0
    for (;;) {
      const changes = await store.changesSince(1, token, 10)
      pages.push(changes.changed.length)
      seen.push(...names(changes))
      token = changes.token
      if (!changes.truncated) break
    }
    expect(pages).toEqual([10, 10, 5])
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `e${n}.ics`))
    expect(token).toBe(await store.token(1))
    expect((await store.changesSince(1, token)).changed).toEqual([])
  })

  test.each([[-1], [0.5], [Number.NaN], [1e15], [Number.MAX_SAFE_INTEGER]])('a token never given: %d', async token => {
    const { store } = opened()
    await put(store, event('a'))
    await expect(store.changesSince(1, token)).rejects.toThrow(CursorExpired)
  })

  test('a token of the future is refused, also in a calendar that never was', async () => {
    const { store } = opened()
    await put(store, event('a'))
    await expect(store.changesSince(1, 2)).rejects.toThrow(CursorExpired)
    await expect(store.changesSince(99, 1)).rejects.toThrow(CursorExpired)
    expect(await store.changesSince(99, 0)).toEqual({ token: 0, changed: [], removed: [], truncated: false })
  })

  describe('after 180 days', () => {
    test('removals are forgotten, and tokens from before them with them', async () => {
      const { store, clock } = opened()
      await put(store, event('a'))
      await put(store, event('b'))
      const old = await store.token(1)
      await remove(store, 'a')
      const gone = await store.token(1)
      clock.now += 179 * DAY
      await store.prune()
      expect((await store.changesSince(1, old)).removed).toEqual(['a.ics'])
      clock.now += 2 * DAY
      await put(store, event('c'))
      await store.prune()
      await store.prune()
      await expect(store.changesSince(1, old)).rejects.toThrow(CursorExpired)
      expect(names(await store.changesSince(1, gone))).toEqual(['c.ics'])
      expect(names(await store.changesSince(1, 0))).toEqual(['b.ics', 'c.ics'])
    })

    test('a first read in pages still comes through', async () => {
      const { store, clock } = opened()
      for (const uid of ['a', 'b', 'c', 'd']) await put(store, event(uid))
      await remove(store, 'd')
      clock.now += 200 * DAY
      await store.prune()
      const client = new Client(1)
      expect(await client.page(store, 1)).toBe(true)
      await remove(store, 'a')
      await put(store, event('e'))
      await client.follow(store, 1)
      expect(client.held).toEqual(await membersOf(store, 1))
      expect(client.token).toBe(await store.token(1))
    })
  })

  test('a first read that waits while removals are forgotten begins anew', async () => {
    const { store, clock } = opened()
    for (const uid of ['a', 'b', 'c']) await put(store, event(uid))
    const { token } = await store.changesSince(1, 0, 2)
    await remove(store, 'a')
    clock.now += 181 * DAY
    await store.prune()
    await expect(store.changesSince(1, token, 2)).rejects.toThrow(CursorExpired)
  })

  test('a change of a conflict is one in the account schedule, and in no room', async () => {
    const { store } = opened()
    const first = await put(store, event('a'))
    const [schedule, room] = [await store.token(SCHEDULE), await store.token(1)]
    await put(store, event('b'))
    expect(names(await store.changesSince(SCHEDULE, schedule)).toSorted()).toEqual(['a.ics', 'b.ics'])
    expect(names(await store.changesSince(1, room))).toEqual(['b.ics'])
    const now = await store.event('a')
    expect(now?.etag).toBe(first.etag)
    expect(now?.scheduleEtag).not.toBe(first.scheduleEtag)
  })

  test('bindings read the same log', async () => {
    const { store, database } = opened()
    for (const uid of ['a', 'b', 'c']) await put(store, event(uid, { on: [] }))
    await remove(store, 'b')
    const first = await changedUids(database, SCHEDULE, 0, 2)
    expect(first.uids).toEqual(['a', 'c'])
    expect(await changedUids(database, SCHEDULE, first.token, 2)).toEqual({
      uids: ['b'],
      token: await store.token(SCHEDULE),
    })
  })
})

/** What can happen to a calendar that clients follow. */
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('put' as const), uid: fc.nat(5), hour: fc.nat(4), on: fc.subarray([1, 2]) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), uid: fc.nat(5) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('page' as const),
      client: fc.nat(2),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: 30, max: 200 }) }) },
)

eachStore('clients that follow the change log', (opened, engine) => {
  test('hold what the calendar holds, whatever happens in between', async () => {
    const { fleeting } = opened()
    const runs = engine === 'sqlite' ? 50 : 6
    const law = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const store = await fleeting()
      const clients = [SCHEDULE, 1, 2].map(id => new Client(id))
      const { clock } = opened()
      for (const each of steps) {
        if (each.do === 'put')
          await put(store, event(`u${each.uid}`, { start: `2026-11-02T1${each.hour}:00`, on: each.on }))
        if (each.do === 'remove') await remove(store, `u${each.uid}`)
        if (each.do === 'page') await pageOrBegin(store, clients[each.client], each.limit)
        if (each.do === 'wait') {
          clock.now += each.days * DAY
          await store.prune()
        }
      }
      for (const [index, client] of clients.entries()) {
        await pageOrBegin(store, client, 3)
        await client.follow(store, 3)
        expect(client.held).toEqual(await membersOf(store, index))
        expect(client.token).toBe(await store.token(index))
      }
    })
    await fc.assert(law, { numRuns: runs, interruptAfterTimeLimit: 2500 })
  })
})

/** A client whose token is too old begins anew, as RFC 6578 §3.2 has it. */
async function pageOrBegin(store: Store, client: Client | undefined, limit: number): Promise<void> {
  if (!client) return
  try {
    await client.page(store, limit)
  } catch (error) {
    if (!(error instanceof CursorExpired)) throw error
    client.held.clear()
    client.token = 0
    await client.page(store, limit)
  }
}

test('what changes while a long log is read is told as it is in the end', async () => {
  const database = await openSqlite(':memory:')
  const store = await Store.open(database, { zone: 'Europe/Berlin' })
  const uids = Array.from({ length: 2100 }, (_, n) => `e${String(n).padStart(4, '0')}`)
  await put(store, event('old'))
  await store.write(actor, async tx => {
    for (const uid of uids) await tx.put(event(uid, { transparent: true }))
  })
  await remove(store, 'old')
  let pages = 0
  const interrupted: Pick<Database, 'query'> = {
    async query<R extends Row>(sql: string, values?: readonly SqlValue[]) {
      const rows = await database.query<R>(sql, values)
      if (/FROM change/.test(sql) && pages++ === 0) {
        await remove(store, 'e0000')
        await put(store, event('e0001', { summary: 'x' }))
        await remove(store, 'e2099')
        await put(store, event('new'))
      }
      return rows
    },
  }
  const { token, changed, removed, truncated } = await changesSince({ ...database, ...interrupted }, 1, 0)
  expect(pages).toBeGreaterThan(1)
  expect([token, truncated, removed]).toEqual([await store.token(1), false, ['e0000.ics']])
  expect(new Map(changed.map(({ name, etag }) => [name, etag]))).toEqual(await membersOf(store, 1))
  expect(changed).toHaveLength(2099)
  await store.database.close()
})
