import { expect, test } from 'vitest'
import { migrate, schemaVersion } from '../../src/store/migrate.ts'
import { type Migration, migrations } from '../../src/store/migrations.ts'
import { Store } from '../../src/store/store.ts'
import { eachStore } from './each-store.ts'

test('steps are numbered from 1 without gaps', () => {
  expect(migrations.map(({ id }) => id)).toEqual(migrations.map((_, index) => index + 1))
})

eachStore('migrations', opened => {
  const next = (migrations.at(-1)?.id ?? 0) + 1
  const steps = (...sql: string[]): Migration[] => [...migrations, { id: next, sql }]

  test('are taken once', async () => {
    const { database } = opened()
    const more = steps('CREATE TABLE IF NOT EXISTS later (n BIGINT)', 'INSERT INTO later (n) VALUES (1)')
    await migrate(database, { steps: more })
    await migrate(database, { steps: more })
    expect(await database.query('SELECT n FROM later')).toMatchObject([{ n: 1 }])
    await database.query('DROP TABLE later')
    await database.query('DELETE FROM migration WHERE id = $1', [next])
  })

  test('of processes that start at once are taken by one of them', async () => {
    const { another } = opened()
    const { database } = await another()
    const more = steps('CREATE TABLE later (n BIGINT)')
    await Promise.all(Array.from({ length: 5 }, () => migrate(database, { steps: more })))
    expect(await schemaVersion(database)).toBe(next)
  })

  test('are undone as a whole where one fails', async () => {
    const { another } = opened()
    const { database } = await another()
    await expect(migrate(database, { steps: steps('CREATE TABLE later (n BIGINT)', 'NONSENSE') })).rejects.toThrow()
    expect(await schemaVersion(database)).toBe(next - 1)
    await expect(database.query('SELECT n FROM later')).rejects.toThrow()
  })

  test('a database of a newer program is refused, and left as it is', async () => {
    const { another } = opened()
    const { database } = await another()
    await migrate(database, { steps: steps('CREATE TABLE later (n BIGINT)') })
    await expect(Store.open(database, { zone: 'UTC' })).rejects.toThrow(/newer kaldav/)
    expect(await schemaVersion(database)).toBe(next)
  })
})
