import { afterAll, describe, expect, test } from 'vitest'
import { openPostgres } from '../../adapters/postgres.ts'
import { Unavailable } from '../../src/errors.ts'
import { testDatabase } from '../contract/database.ts'
import { newPostgresDatabase, type TestDatabase } from '../support/postgres.ts'

const made: TestDatabase[] = []

async function fresh(): Promise<string | null> {
  const database = await newPostgresDatabase()
  if (database) made.push(database)
  return database?.url ?? null
}

afterAll(async () => {
  for (const database of made) await database.drop()
})

testDatabase('postgres', async () => {
  const url = await fresh()
  return url === null ? null : openPostgres(url)
})

describe('postgres', () => {
  test('a transaction given up for the sake of another is run again', async context => {
    const url = await fresh()
    if (url === null) return context.skip('no PostgreSQL on this machine')
    const database = await openPostgres(url)
    await database.query('CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT)')
    await database.query('INSERT INTO t VALUES (1, 0), (2, 0)')
    let runs = 0
    let holding = 0
    const bothHold = Promise.withResolvers<void>()
    const both = (order: readonly number[]) =>
      database.transaction(async tx => {
        runs++
        for (const id of order) {
          await tx.query('UPDATE t SET n = n + 1 WHERE id = $1', [id])
          if (++holding === 2) bothHold.resolve()
          await bothHold.promise
        }
      })
    await Promise.all([both([1, 2]), both([2, 1])])
    expect(runs).toBe(3)
    expect(await database.query('SELECT n FROM t')).toMatchObject([{ n: 2 }, { n: 2 }])
    await database.close()
  })

  test('a connection that breaks is an Unavailable, and the next one works', async context => {
    const url = await fresh()
    if (url === null) return context.skip('no PostgreSQL on this machine')
    const [database, killer] = [await openPostgres(url), await openPostgres(url)]
    const broken = database.transaction(async tx => {
      const [row] = await tx.query('SELECT pg_backend_pid() AS pid')
      await killer.query('SELECT pg_terminate_backend($1)', [Number(row?.pid)])
      await tx.query('SELECT 1 AS one')
    })
    await expect(broken).rejects.toThrow(Unavailable)
    expect(await database.query('SELECT 1 AS one')).toMatchObject([{ one: 1 }])
    await Promise.all([database.close(), killer.close()])
  })

  test('a server that is not there is said so', async () => {
    await expect(openPostgres('postgres://kaldav@127.0.0.1:1/none')).rejects.toThrow(Unavailable)
  })
})
