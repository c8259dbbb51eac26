/** What every engine must do alike: the laws of `Database`. An adapter's test is a call of `testDatabase`. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Rejected } from '../../src/errors.ts'
import type { Database } from '../../src/store/database.ts'

const turn = () => new Promise(resolve => setTimeout(resolve, 1))

export interface Abilities {
  /** False where reads outside a transaction wait for its end. */
  readonly readsMeanwhile?: boolean
}

/** `open` gives a new, empty database, or null where the machine has no such engine. */
export function testDatabase(
  name: string,
  open: () => Promise<Database | null>,
  { readsMeanwhile = true }: Abilities = {},
): void {
  describe(`database: ${name}`, () => {
    let opened: Database | null = null
    const database = (): Database => {
      if (!opened) throw new Error('not open')
      return opened
    }
    const items = () => database().query<{ id: number; name: string | null }>('SELECT id, name FROM item ORDER BY id')
    const add = (db: Pick<Database, 'query'>, id: number, text: string | null = null) =>
      db.query('INSERT INTO item (id, name) VALUES ($1, $2)', [id, text])

    beforeAll(async () => {
      opened = await open()
      await opened?.query('CREATE TABLE item (id BIGINT PRIMARY KEY, name TEXT, amount BIGINT)')
    })
    afterAll(async () => opened?.close())
    beforeEach(async context => {
      if (!opened) return context.skip(`no ${name} on this machine`)
      await opened.query('DELETE FROM item')
    })

    test('gives integers as numbers, text as it was, and null', async () => {
      const text = 'Hörsaal 🎓 \' " \\ $1 \r\n\t end'
      const large = Number.MAX_SAFE_INTEGER
      await database().query('INSERT INTO item (id, name, amount) VALUES ($1, $2, $3)', [-large, text, large])
      const [row] = await database().query('SELECT *, amount - 1 AS less, NULL AS missing FROM item')
      expect({ ...row }).toEqual({ id: -large, name: text, amount: large, less: large - 1, missing: null })
    })

    test('gives counts and sums as numbers, and truth as 1 and 0', async () => {
      for (const id of [1, 2, 3]) await add(database(), id)
      const [row] = await database().query(
        'SELECT COUNT(*) AS count, SUM(id) AS sum, MAX(id) AS max, EXISTS (SELECT 1 FROM item WHERE id = 9) AS found FROM item',
      )
      expect({ ...row }).toEqual({ count: 3, sum: 6, max: 3, found: 0 })
    })

    test('takes one placeholder several times, and in any order', async () => {
      const rows = await database().query('INSERT INTO item (name, id, amount) VALUES ($2, $1, $1) RETURNING *', [
        7,
        'x',
      ])
      expect(rows.map(row => ({ ...row }))).toEqual([{ id: 7, name: 'x', amount: 7 }])
    })

    test('refuses more or fewer values than placeholders', async () => {
      await expect(database().query('SELECT id FROM item WHERE id = $1', [])).rejects.toThrow()
      await expect(database().query('SELECT id FROM item WHERE id = $1', [1, 2])).rejects.toThrow()
    })

    test.each([
      ['NUL', 'a\0b'],
      ['half of a surrogate pair', 'a\ud800b'],
    ])('refuses text with %s rather than change it', async (_, text) => {
      await expect(add(database(), 1, text)).rejects.toThrow(Rejected)
      await expect(database().transaction(tx => add(tx, 2, text))).rejects.toThrow(Rejected)
      expect(await items()).toEqual([])
    })

    test('keeps ten megabytes of text', async () => {
      const text = 'ä'.repeat(5_000_000)
      await add(database(), 1, text)
      expect((await items())[0]?.name).toBe(text)
    })

    test('upserts and returns', async () => {
      const upsert = `INSERT INTO item (id, name, amount) VALUES ($1, $2, 1)
        ON CONFLICT (id) DO UPDATE SET amount = item.amount + 1, name = excluded.name RETURNING amount`
      expect(await database().query(upsert, [1, 'a'])).toMatchObject([{ amount: 1 }])
      expect(await database().query(upsert, [1, 'b'])).toMatchObject([{ amount: 2 }])
    })

    test('shows a transaction its own writes, and nobody else before it ends', async () => {
      await database().transaction(async tx => {
        await add(tx, 1)
        expect(await tx.query('SELECT id FROM item')).toHaveLength(1)
        await turn()
        if (readsMeanwhile) expect(await items()).toEqual([])
      })
      expect(await items()).toHaveLength(1)
    })

    test('undoes everything where the work throws', async () => {
      const work = database().transaction(async tx => {
        await add(tx, 1)
        throw new RangeError('no')
      })
      await expect(work).rejects.toThrow(RangeError)
      expect(await items()).toEqual([])
    })

    test('a failed statement dooms its transaction, also where the error is caught', async () => {
      const work = database().transaction(async tx => {
        await add(tx, 1)
        await add(tx, 1).catch(() => {})
        await add(tx, 2).catch(() => {})
        return 'done'
      })
      await expect(work).rejects.toThrow(/unique/i)
      expect(await items()).toEqual([])
    })

    test('a transaction inside a transaction joins it', async () => {
      await database().transaction(async tx => {
        await tx.transaction(inner => add(inner, 1))
        await add(tx, 2)
      })
      expect(await items()).toHaveLength(2)
      const failing = database().transaction(async tx => {
        const inner = tx.transaction(async db => {
          await add(db, 3)
          throw new RangeError('no')
        })
        await inner.catch(() => {})
      })
      await expect(failing).rejects.toThrow(RangeError)
      expect(await items()).toHaveLength(2)
    })

    test('a statement after the end of its transaction is refused', async () => {
      const kept: Database[] = []
      await database().transaction(async tx => void kept.push(tx))
      const [late] = kept
      await expect(late?.query('SELECT 1 AS one')).rejects.toThrow(TypeError)
      expect(await items()).toEqual([])
    })

    test('a failing transaction leaves those beside it alone', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, (_, id) =>
          database().transaction(async tx => {
            await add(tx, id)
            await turn()
            if (id % 3 === 0) throw new RangeError('no')
            return id
          }),
        ),
      )
      const done = outcomes.flatMap(outcome => (outcome.status === 'fulfilled' ? outcome.value : []))
      expect(done).toHaveLength(26)
      expect((await items()).map(({ id }) => id)).toEqual(done)
    })

    test('no statement of another lands inside a transaction', async () => {
      const failing = database().transaction(async tx => {
        await add(tx, 1)
        await turn()
        throw new RangeError('no')
      })
      const other = add(database(), 2)
      await expect(failing).rejects.toThrow(RangeError)
      await other
      expect((await items()).map(({ id }) => id)).toEqual([2])
    })

    test('counts right under parallel writers', async () => {
      await database().query('INSERT INTO item (id, amount) VALUES (1, 0)')
      const bump = () =>
        database().transaction(async tx => {
          const [row] = await tx.query('UPDATE item SET amount = amount + 1 WHERE id = 1 RETURNING amount')
          await turn()
          return Number(row?.amount)
        })
      const given = await Promise.all(Array.from({ length: 50 }, bump))
      expect(given.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
    })

    test('a snapshot sees one moment, and pages through it', async () => {
      await database().transaction(async tx => {
        for (let id = 0; id < 1200; id++) await add(tx, id)
      })
      await database().snapshot(async snapshot => {
        const before = await snapshot.query('SELECT COUNT(*) AS count FROM item')
        const meanwhile = readsMeanwhile ? await add(database(), 5000) : null
        const sizes: number[] = []
        for await (const page of snapshot.pages('SELECT id FROM item ORDER BY id')) sizes.push(page.length)
        expect(sizes).toEqual([500, 500, 200])
        const some: unknown[] = []
        for await (const page of snapshot.pages('SELECT id FROM item WHERE id < $2 AND id >= $1', [700, 702]))
          some.push(...page.map(({ id }) => id))
        expect(some.toSorted()).toEqual([700, 701])
        for await (const page of snapshot.pages('SELECT id FROM item')) {
          expect(page).toHaveLength(500)
          break
        }
        expect(await snapshot.query('SELECT COUNT(*) AS count FROM item')).toEqual(before)
        return meanwhile
      })
    })

    test('readers that never pause do not starve a writer', async () => {
      let going = true
      let reads = 0
      const read = async () => {
        for (; going; reads++) await database().query('SELECT id FROM item WHERE id = 1')
      }
      const readers = [read(), read(), read(), read()]
      const began = performance.now()
      for (let run = 0; run < 5; run++) {
        await database().transaction(async tx => {
          for (let id = 0; id < 20; id++) await add(tx, run * 20 + id)
        })
      }
      const took = performance.now() - began
      going = false
      await Promise.all(readers)
      expect(reads).toBeGreaterThan(0)
      expect(took).toBeLessThan(1200)
    })

    test('a long run of statements leaves the event loop room', async () => {
      const began = performance.now()
      let [longest, turns, last] = [0, 0, began]
      const timer = setInterval(() => {
        longest = Math.max(longest, performance.now() - last)
        last = performance.now()
        turns++
      }, 1)
      await database().transaction(async tx => {
        for (let id = 0; performance.now() - began < 300; id++) await add(tx, id)
      })
      clearInterval(timer)
      expect(turns).toBeGreaterThan(3)
      expect(longest).toBeLessThan(150)
    })
  })
}
