import fc from 'fast-check'
import { expect } from 'vitest'
import { KaldavError } from '../../../src/errors.ts'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { differences } from '../../../src/schedule/merge.ts'
import type { Changes, RemoteRef } from '../../../src/sync/source.ts'
import type { TestAccount } from './account.ts'
import { event, shapeNamed, shapes } from './events.ts'
import { handOn, START } from './hand.ts'

/** What a person, a program or we may do to the account, on the `n`-th of what there is. */
type Step = { readonly [name: string]: (n: number) => Promise<unknown> }

/** Random histories: after each, the sum of what was read is what is there, and every view of it is itself. */
export async function historyOn(account: TestAccount, rooms: readonly number[], runs: number): Promise<void> {
  const { record, weekly, update, cancel, drop, link, unlink } = handOn(account)
  let source = account.open()
  await source.resources()
  let known = new Map<string, ScheduleEvent>()
  let refs = new Map<string, RemoteRef>()
  let cursor = ''
  let made = 0

  const rowsOf = async (types: string) => account.rows({ recurrenceTypeIn: types })
  const pick = async (types: string, n: number) => {
    const rows = await rowsOf(types)
    return rows[n % Math.max(1, rows.length)]
  }
  /** What the account or the adapter refuses is no step; a defect is one. */
  const quiet = (work: Promise<unknown>) =>
    work.catch((error: unknown) => {
      if (!(error instanceof KaldavError) && !/^[A-Z_]+: /.test(String((error as Error).message))) throw error
    })
  const steps: Step = {
    single: () => record({ referenceId: `single-${made++}` }),
    nameless: () => record(),
    double: async n => record({ referenceId: String((await pick('0', n))?.referenceId ?? 'double') }),
    series: () => weekly({ referenceId: `series-${made++}` }),
    rename: async n => quiet(update((await pick('0,1,2', n))?.id, { summary: `Renamed ${made++}` })),
    move: async n => {
      const row = await pick('0,2', n)
      const to = START + n * 3600
      await quiet(update(row?.id, { startDate: to, endDate: to + 3600 }))
    },
    cancel: async n => quiet(cancel((await pick('2', n))?.id)),
    cancelAll: async n => quiet(cancel((await pick('0,1', n))?.id)),
    delete: async n => quiet(drop((await pick('0,1', n))?.id)),
    link: async n => quiet(link((await pick('0,1', n))?.id, rooms[n % 2])),
    linkOne: async n => quiet(link((await pick('2', n))?.id, rooms[n % 2])),
    unlink: async n => quiet(unlink((await pick('0,1,2', n))?.id, rooms[n % 2])),
    push: async n => {
      const names = ['a single event', 'a whole week', 'a moved occurrence', 'one on the 31st', 'two rules']
      const name = names[n % names.length] as string
      await quiet(source.push({ ...event(name, shapeNamed(name)), resourceIds: [rooms[n % 2] as number] }, null))
    },
    edit: async n => {
      const [id, held] = [...known][n % Math.max(1, known.size)] ?? []
      const at = id === undefined ? undefined : refs.get(id)
      if (!held?.master || !at) return
      await quiet(source.push({ ...held, master: { ...held.master, summary: `Edited ${made++}` } }, at))
    },
    reshape: async n => {
      const [id, held] = [...known][n % Math.max(1, known.size)] ?? []
      const at = id === undefined ? undefined : refs.get(id)
      const name = Object.keys(shapes)[n % Object.keys(shapes).length] as string
      if (!held?.master || !at) return
      await quiet(source.push({ ...event(held.uid, shapeNamed(name)), resourceIds: held.resourceIds }, at))
    },
    remove: async n => {
      const at = [...refs.values()][n % Math.max(1, refs.size)]
      if (at) await quiet(source.remove(at))
    },
    pull: async () => take(await source.pull(cursor)),
    restart: async () => {
      source = account.open()
      take(await source.pull(cursor))
    },
  }

  const take = (changes: Changes) => {
    for (const { ref, event: held } of changes.changed) {
      known.set(ref.id, held)
      refs.set(ref.id, ref)
    }
    for (const id of changes.removed) {
      known.delete(id)
      refs.delete(id)
    }
    cursor = changes.cursor
  }

  // Of two events with one reference id, either may be read first; the engine knows an event by the id it had.
  const seen = (events: Iterable<[string, ScheduleEvent]>) =>
    [...events].map(([id, held]) => `${id} ${JSON.stringify({ ...held, uid: '' })}`).sort()

  const step = fc.tuple(fc.constantFrom(...Object.keys(steps), 'pull', 'pull'), fc.nat(60))
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async plan => {
    await account.empty()
    known = new Map()
    refs = new Map()
    take(await source.pull(null))
    for (const [name, n] of plan) await steps[name]?.(n)
    take(await source.pull(cursor))
    const whole = await source.pull(null)
    expect(whole.unreadable).toEqual([])
    expect(new Set(whole.changed.map(({ event: { uid } }) => uid)).size).toBe(whole.changed.length)
    expect(seen(known)).toEqual(seen(whole.changed.map(({ ref, event: held }) => [ref.id, held])))
    expect([...refs.values()].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
      whole.changed.map(({ ref }) => ref).sort((a, b) => (a.id < b.id ? -1 : 1)),
    )
    for (const { event: held } of whole.changed) {
      expect(differences(source.normalize(held), held), held.uid).toEqual([])
    }
    const after = await source.pull(cursor)
    expect([after.changed, after.removed]).toEqual([[], []])
  })
  await fc.assert(property, { numRuns: runs })
}
