import type { Database, Row, SqlValue } from './database.ts'

/** Rows of one statement: so many take a few milliseconds. */
const AT_ONCE = 1000

/** Calls `take` for each row of a SELECT, however many there are: all of one state, and nobody waits for long. */
export const inPages = async (
  database: Database,
  sql: string,
  values: readonly SqlValue[],
  take: (row: Row) => void,
): Promise<void> => {
  const few = await database.query(`${sql} LIMIT ${AT_ONCE}`, values)
  if (few.length < AT_ONCE) return few.forEach(take)
  await database.snapshot(async snapshot => {
    for await (const page of snapshot.pages(sql, values)) page.forEach(take)
  })
}
