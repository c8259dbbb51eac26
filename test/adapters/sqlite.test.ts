import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { holdSqlite, openSqlite } from '../../adapters/sqlite.ts'
import { KaldavError } from '../../src/errors.ts'
import { testDatabase } from '../contract/database.ts'

const folder = mkdtempSync(join(tmpdir(), 'kaldav-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

testDatabase('sqlite', () => openSqlite(join(folder, 'new/contract.db')))
testDatabase('sqlite in memory', () => openSqlite(':memory:'), { readsMeanwhile: false })

describe('sqlite', () => {
  test('two openings of one file take turns, without holding the event loop', async () => {
    const path = join(folder, 'shared.db')
    const [a, b] = [await openSqlite(path), await openSqlite(path)]
    await a.query('CREATE TABLE t (n BIGINT)')
    let turns = 0
    const timer = setInterval(() => turns++, 5)
    const slow = a.transaction(async tx => {
      await tx.query('INSERT INTO t VALUES (1)')
      await wait(300)
    })
    await wait(20)
    await b.query('INSERT INTO t VALUES (2)')
    clearInterval(timer)
    await slow
    expect(turns).toBeGreaterThan(20)
    expect(await a.query('SELECT n FROM t ORDER BY rowid')).toMatchObject([{ n: 1 }, { n: 2 }])
    await Promise.all([a.close(), b.close()])
  })

  test('writing beside the transaction one is in is an error, not a wait for ever', async () => {
    const database = await openSqlite(join(folder, 'inside.db'))
    await database.query('CREATE TABLE t (n BIGINT)')
    const work = database.transaction(() => database.query('INSERT INTO t VALUES (1)'))
    await expect(work).rejects.toThrow(/write through the database it was given/)
    await database.query('INSERT INTO t VALUES (2)')
    expect(await database.query('SELECT n FROM t')).toMatchObject([{ n: 2 }])
    await database.close()
  })

  test('what is not a database is said so', async () => {
    await expect(openSqlite(import.meta.filename)).rejects.toThrow(KaldavError)
  })

  test('a second server on one file is refused, until the first ends, however it ends', async () => {
    const path = join(folder, 'served.db')
    const release = holdSqlite(path)
    expect(() => holdSqlite(path)).toThrow(/already serves/)
    release()
    const other = fork(join(import.meta.dirname, '../support/hold-sqlite.ts'), [path])
    await new Promise(resume => other.once('message', resume))
    expect(() => holdSqlite(path)).toThrow(/already serves/)
    const ended = new Promise(resume => other.once('exit', resume))
    other.kill('SIGKILL')
    await ended
    holdSqlite(path)()
  })

  test('where the disk fails nobody is answered, nothing is shown and no more is taken', async () => {
    const path = join(folder, 'broken.db')
    const database = await openSqlite(path)
    const written = database.transaction(async tx => {
      await tx.query('CREATE TABLE t (n BIGINT)')
      rmSync(`${path}-wal`)
    })
    await expect(written).rejects.toThrow(/the disk has failed/)
    await expect(database.query('SELECT n FROM t')).rejects.toThrow(/no such table/)
    await expect(database.snapshot(now => now.query('SELECT n FROM t'))).rejects.toThrow(/the disk has failed/)
    await expect(database.query('CREATE TABLE u (n BIGINT)')).rejects.toThrow(/the disk has failed/)
    await database.close()
  })

  test('who waits while a group is on its way to the disk is answered after it, and reads what it was told', async () => {
    const database = await openSqlite(join(folder, 'pipeline.db'))
    await database.query('CREATE TABLE t (n BIGINT)')
    const order: number[] = []
    const write = async (n: number): Promise<void> => {
      await database.query('INSERT INTO t VALUES ($1)', [n])
      order.push(n)
      expect(await database.query('SELECT n FROM t WHERE n = $1', [n])).toMatchObject([{ n }])
      if (n < 2000) await write(n + 100)
    }
    await Promise.all(Array.from({ length: 20 }, (_, n) => write(n)))
    expect(order.filter(n => n % 100 === 0)).toEqual(Array.from({ length: 21 }, (_, n) => n * 100))
    expect(await database.query('SELECT COUNT(*) AS count FROM t')).toMatchObject([{ count: 420 }])
    await database.close()
  })

  test('the log does not grow with what is written', async () => {
    const path = join(folder, 'long.db')
    const database = await openSqlite(path)
    await database.query('CREATE TABLE t (n BIGINT, text TEXT)')
    const text = 'x'.repeat(200_000)
    for (let n = 0; n < 200; n++) {
      await Promise.all([n, -n].map(key => database.query('INSERT INTO t VALUES ($1, $2)', [key, text])))
      await database.query('SELECT MAX(n) FROM t')
    }
    expect(statSync(`${path}-wal`).size).toBeLessThan(8_000_000)
    await database.close()
  })

  test('waiting transactions share a commit', async () => {
    const database = await openSqlite(join(folder, 'group.db'))
    await database.query('CREATE TABLE t (n BIGINT)')
    const order: string[] = []
    const first = database.transaction(async tx => {
      await tx.query('INSERT INTO t VALUES (1)')
      order.push('first worked')
    })
    const second = database.transaction(async tx => {
      await tx.query('INSERT INTO t VALUES (2)')
      order.push('second worked')
    })
    void first.then(() => order.push('first answered'))
    await second
    expect(order).toEqual(['first worked', 'second worked', 'first answered'])
    await database.close()
  })
})
