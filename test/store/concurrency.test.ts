import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openPostgres } from '../../adapters/postgres.ts'
import { openSqlite } from '../../adapters/sqlite.ts'
import { SCHEDULE } from '../../src/schedule/event.ts'
import { Store } from '../../src/store/store.ts'
import { newPostgresDatabase } from '../support/postgres.ts'
import { eachStore } from './each-store.ts'
import { actor, event } from './events.ts'

/** Seldom two at once, so that most changes are the writers' own. */
const place = (n: number, writer: number) => ({
  summary: `${n}`,
  lasts: 'PT1M',
  on: [1 + (n % 3), 1 + ((n + writer) % 3)],
})

eachStore('many writers', (opened, engine) => {
  test('and readers that follow the log miss nothing', async () => {
    const { store } = opened()
    const [writers, each] = engine === 'sqlite' ? [12, 40] : [8, 20]
    let going = true
    const follow = async (calendar: number) => {
      const held = new Map<string, string>()
      let token = 0
      for (let last = false; !last; ) {
        last = !going
        const changes = await store.changesSince(calendar, token, 7)
        for (const { name, etag } of changes.changed) held.set(name, etag)
        for (const name of changes.removed) held.delete(name)
        token = changes.token
        if (changes.truncated) last = false
      }
      return held
    }
    const following = [SCHEDULE, 1, 2, 3].map(calendar => [calendar, follow(calendar)] as const)
    const write = async (writer: number) => {
      for (let n = 0; n < each; n++) {
        const uid = `w${writer}-${n % 6}`
        await store.write(actor, async tx => {
          if (n % 5 === 4) await tx.remove(uid)
          else await tx.put(event(uid, { start: `2026-11-02T1${n % 10}:${10 + writer}`, ...place(n, writer) }))
        })
      }
    }
    await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
    going = false
    for (const [calendar, held] of following) {
      expect(await held).toEqual(new Map((await store.members(calendar)).map(({ name, etag }) => [name, etag])))
    }
  })

  test('of one event: each sees the one before it', async () => {
    const { store } = opened()
    await store.write(actor, tx => tx.put(event('a', { summary: '0' })))
    const bump = () =>
      store.write(actor, async tx => {
        const stored = await tx.event('a')
        await tx.put(event('a', { summary: String(Number(stored?.event.master?.summary) + 1) }))
      })
    await Promise.all(Array.from({ length: 30 }, bump))
    expect((await store.event('a'))?.event.master?.summary).toBe('30')
    expect(await store.journal({ uid: 'a', limit: 100 })).toHaveLength(31)
  })
})

test.for(['sqlite', 'postgres'] as const)(
  'two gateways on one database (%s) see each other at once',
  async (engine, context) => {
    const place = engine === 'postgres' ? await newPostgresDatabase() : null
    if (engine === 'postgres' && !place) return context.skip('no PostgreSQL on this machine')
    const folder = mkdtempSync(join(tmpdir(), 'kaldav-two-'))
    const open = async () =>
      Store.open(await (place ? openPostgres(place.url) : openSqlite(join(folder, 'two.db'))), { zone: 'UTC' })
    const [a, b] = await Promise.all([open(), open()])
    expect(await a.epoch()).toBe(await b.epoch())
    await a.write(actor, tx => tx.put(event('x')))
    expect((await b.changesSince(1, 0)).changed.map(({ uid }) => uid)).toEqual(['x'])
    await Promise.all(
      [a, b].flatMap((store, side) =>
        Array.from({ length: 10 }, (_, n) => store.write(actor, tx => tx.put(event(`${side}-${n}`)))),
      ),
    )
    expect(await a.token(1)).toBe(21)
    expect(await b.members(1)).toEqual(await a.members(1))
    await Promise.all([a, b].map(({ database }) => database.close()))
    await place?.drop()
    rmSync(folder, { recursive: true })
  },
)
