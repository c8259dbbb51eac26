import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { openPostgres } from '../../adapters/postgres.ts'
import { openSqlite } from '../../adapters/sqlite.ts'
import { CursorExpired } from '../../src/errors.ts'
import { SCHEDULE } from '../../src/schedule/event.ts'
import { writeCalendar } from '../../src/schedule/ical.ts'
import { backup, restore } from '../../src/store/backup.ts'
import { saveShadow } from '../../src/store/bindings.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'
import { Store } from '../../src/store/store.ts'
import { listTables } from '../../src/store/tables.ts'
import { newPostgresDatabase } from '../support/postgres.ts'
import { eachStore } from './each-store.ts'
import { actor, event, now, put, remove, resource, weekly } from './events.ts'

const folder = mkdtempSync(join(tmpdir(), 'kaldav-backup-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const file = () => join(folder, `${++files}.backup`)

/** Every row of every table, but for the epoch, which is new in a restored store. */
async function contents(database: Database): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {}
  for (const { name, columns } of await listTables(database, database.engine)) {
    const rows = await database.query(`SELECT * FROM ${name}`)
    const texts = rows.filter(row => row.key !== 'epoch').map(row => JSON.stringify(columns.map(column => row[column])))
    found[name] = texts.toSorted()
  }
  return found
}

/** A database as the first step made it, with an event and what is remembered of one that was removed. */
async function asInStepOne(database: Database): Promise<void> {
  for (const { name } of await listTables(database, database.engine)) await database.query(`DROP TABLE ${name}`)
  await migrate(database, { upTo: 1 })
  const body = writeCalendar([event('a')])
  const rows: Record<string, (string | number | null)[][]> = {
    'resource (id, system_name, name, type, tags, time_zone, status)': [
      [1, 'room1', 'Room', 'location', '[]', 'Europe/Berlin', 2],
    ],
    'event (uid, etag, source, created_at, updated_at, resources, spread, local_times, body)': [
      ['a', 'E', 't', now, now, '[1]', '', 0, body],
    ],
    'member (resource_id, name, uid, etag)': [
      [0, 'a.ics', 'a', 'E-1'],
      [1, 'a.ics', 'a', 'E'],
    ],
    'change (resource_id, name, uid, token, removed, born, at)': [0, 1].flatMap(id => [
      [id, 'a.ics', 'a', 1, 0, 1, now],
      [id, 'b.ics', 'b', 3, 1, 2, now],
    ]),
    'journal (id, at, uid, source, run, action, after_body, after_resources)': [
      [1, now, 'a', 't', null, 'create', body, '[1]'],
      [2, now, 'b', 't', 'r1', 'delete', null, null],
    ],
  }
  for (const [into, values] of Object.entries(rows)) {
    for (const row of values) {
      await database.query(`INSERT INTO ${into} VALUES (${row.map((_, index) => `$${index + 1}`).join(', ')})`, row)
    }
  }
  await database.query('UPDATE calendar SET token = 3')
  await database.query('INSERT INTO calendar (resource_id, token, floor) VALUES (1, 3, 0)')
}

async function fill(store: Store): Promise<void> {
  await store.write(actor, async tx => {
    await tx.putResource(resource(1, { tags: ['a', 'ü'], description: 'line\u2028line\nline "quoted" \\' }))
    await tx.put(event('a', { rrules: weekly(60), kaltura: { liveStreamPassword: 'x' } }))
    await tx.put(event('b', { on: [1, 2], description: '🎓\u2028\u0085 end' }))
    await tx.put(event('c', { rrules: ['FREQ=WEEKLY'] }))
    await tx.put(event('d'))
    await tx.addConflict({ kind: 'edit', resourceId: 1, uids: ['a'], start: null, end: null, source: 's', detail: {} })
    await saveShadow(tx.database, 'x', {
      uid: 'a',
      remote: { id: '1', version: '2' },
      base: event('a'),
      held: true,
      refused: null,
    })
  })
  await remove(store, 'd')
  // A table of another part, with what only its own statement says of it.
  await store.database.query(
    `CREATE TABLE other_part (id BIGINT PRIMARY KEY, name TEXT NOT NULL DEFAULT 'it', amount BIGINT DEFAULT -1, place INTEGER,
       UNIQUE (name, place))`,
  )
  await store.database.query('CREATE INDEX other_part_amount ON other_part (amount, place)')
  await store.database.query('INSERT INTO other_part (id, place) VALUES (1, 2)')
}

eachStore('backups', opened => {
  const full = async () => {
    const store = await opened().another()
    await fill(store)
    return store
  }

  test.for(['sqlite', 'postgres'] as const)('restore into %s', async (engine, context) => {
    const store = await full()
    const path = file()
    const made = await backup(store.database, path)
    const place = engine === 'postgres' ? await newPostgresDatabase() : null
    if (engine === 'postgres' && !place) return context.skip('no PostgreSQL on this machine')
    const target = place ? await openPostgres(place.url) : await openSqlite(join(folder, `${files}.db`))
    const restored = await Store.open(target, { zone: 'Europe/Berlin', now: () => now })
    expect(await restore(target, path)).toEqual(made)
    expect(await contents(target)).toEqual(await contents(store.database))
    expect((await restored.event('b'))?.event.master?.description).toBe('🎓\u2028\u0085 end')
    // It can be written on, with the keys and defaults it had.
    await put(restored, event('b', { summary: 'new', on: [3] }))
    await target.query('INSERT INTO other_part (id, place) VALUES (2, 3)')
    expect(await target.query('SELECT name, amount FROM other_part WHERE id = 2')).toMatchObject([
      { name: 'it', amount: -1 },
    ])
    await expect(target.query('INSERT INTO other_part (id, place) VALUES (3, 3)')).rejects.toThrow()
    const indexes = (tables: Awaited<ReturnType<typeof listTables>>) =>
      tables.flatMap(({ statements }) => statements.slice(1).map(text => /INDEX (\w+)/.exec(text)?.[1])).toSorted()
    expect(indexes(await listTables(target, engine))).toEqual(
      indexes(await listTables(store.database, store.database.engine)),
    )
    await target.close()
    await place?.drop()
  })

  test('end the epoch: tokens given before are not those of the restored store', async () => {
    const store = await full()
    const path = file()
    await backup(store.database, path)
    const epoch = await store.epoch()
    await put(store, event('e'))
    const token = await store.token(SCHEDULE)
    await restore(store.database, path, { force: true })
    expect(await store.epoch()).not.toBe(epoch)
    expect(await store.event('e')).toBeNull()
    await expect(store.changesSince(SCHEDULE, token)).rejects.toThrow(CursorExpired)
    await put(store, event('e'))
    expect(await store.uids()).toEqual(['a', 'b', 'c', 'e'])
  })

  test('are of one moment, while others write', async () => {
    const store = await full()
    const path = file()
    const made = backup(store.database, path)
    let going = true
    const writing = (async () => {
      for (let n = 0; going; n++) await put(store, event('e', { summary: `${n}` }))
    })()
    await made
    going = false
    await writing
    const target = await opened().another()
    await restore(target.database, path)
    const [event_, journal] = await Promise.all([target.event('e'), target.journal({ uid: 'e', limit: 1 })])
    expect(journal[0]?.after ?? null).toBe(event_?.body ?? null)
    expect((await target.changesSince(SCHEDULE, 0)).changed).toHaveLength((await target.members(SCHEDULE)).length)
  })

  test('do not replace what is there, unless told to', async () => {
    const store = await full()
    const path = file()
    await backup(store.database, path)
    const before = await contents(store.database)
    await expect(restore(store.database, path)).rejects.toThrow(/not empty/)
    expect(await contents(store.database)).toEqual(before)
  })

  test('that are damaged change nothing', async () => {
    const store = await full()
    const path = file()
    await backup(store.database, path)
    const before = await contents(store.database)
    const text = gunzipSync(readFileSync(path)).toString()
    const bad: Record<string, (path: string) => void> = {
      'cut off': path => truncateSync(path, Math.floor(statSync(path).size / 2)),
      'not compressed': path => writeFileSync(path, text),
      'without an end': path => writeFileSync(path, gzipSync(text.replace(/\{"end":\d+\}\n$/, ''))),
      'with a row less': path => writeFileSync(path, gzipSync(text.replace(/\n\["a",.*\n/, '\n'))),
      'with other statements': path =>
        writeFileSync(path, gzipSync(text.replace('CREATE TABLE meta', 'DROP TABLE x; CREATE TABLE meta'))),
      'something else': path => writeFileSync(path, gzipSync('{}\n')),
      'of a newer program': path =>
        writeFileSync(path, gzipSync(text.replace(/("table":"migration".*\n)\[1\]/, '$1[9999]'))),
    }
    for (const [what, harm] of Object.entries(bad)) {
      const copy = file()
      writeFileSync(copy, readFileSync(path))
      harm(copy)
      await expect(restore(store.database, copy, { force: true }), what).rejects.toThrow(
        /not a whole backup|newer kaldav/,
      )
    }
    await expect(restore(store.database, join(folder, 'none'), { force: true })).rejects.toThrow(/ENOENT/)
    expect(await contents(store.database)).toEqual(before)
  })

  test('of an older program are brought up to date', async () => {
    const older = (await opened().another()).database
    await asInStepOne(older)
    const path = file()
    await backup(older, path)
    const target = await opened().another()
    await restore(target.database, path)
    expect(await target.database.query('SELECT name FROM person')).toEqual([])
    expect(await target.event('a')).toMatchObject({ etag: 'E', scheduleEtag: 'E-1', event: { uid: 'a' } })
    expect(await target.members(1)).toEqual([{ name: 'a.ics', uid: 'a', etag: 'E' }])
    expect(await target.changesSince(1, 2)).toMatchObject({ token: 3, changed: [], removed: ['b.ics'] })
    expect((await target.journal()).map(({ uid, action, run }) => [uid, action, run])).toEqual([
      ['b', 'delete', 'r1'],
      ['a', 'create', null],
    ])
    await put(target, event('a', { summary: 'Later' }))
    expect((await target.changesSince(1, 3)).changed).toMatchObject([{ name: 'a.ics', uid: 'a' }])
    expect((await target.journal({ uid: 'a' })).map(({ action }) => action)).toEqual(['update', 'create'])
  })

  test('leave no half files behind, and are for the owner only', async () => {
    const store = await full()
    await expect(backup(store.database, join(folder, 'nowhere/x.backup'))).rejects.toThrow(/ENOENT/)
    const path = file()
    await backup(store.database, path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder).filter(name => name.endsWith('.part'))).toEqual([])
  })
})
