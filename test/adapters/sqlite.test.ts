import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
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
