/** One request going wrong in the middle of a writing, whichever it is: what must hold afterwards. */
import { setTimeout as wait } from 'node:timers/promises'
import { expect, vi } from 'vitest'
import type { KalturaAccount } from '../../../adapters/kaltura/index.ts'
import { Unavailable, VersionMismatch } from '../../../src/errors.ts'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { differences } from '../../../src/schedule/merge.ts'
import type { RemoteRef } from '../../../src/sync/source.ts'
import { type Break, startAccount, type TestAccount } from './account.ts'
import { event, shapeNamed } from './events.ts'

let account: TestAccount
let rooms: number[]

const uid = 'faulty@example.edu'
const shaped = (name: string): ScheduleEvent => ({ ...event(uid, shapeNamed(name)), resourceIds: rooms.slice(0, 1) })
const renamed = (held: ScheduleEvent): ScheduleEvent => ({
  ...held,
  master: held.master && { ...held.master, summary: 'Renamed' },
  overrides: held.overrides.map(override => ({ ...override, summary: 'Renamed' })),
  resourceIds: rooms,
})

const isPassing = (error: unknown): boolean => error instanceof Unavailable || error instanceof VersionMismatch

/** What the engine does: read, write what differs, and begin again when something was in the way. */
class Run {
  source: KalturaAccount
  #at: RemoteRef | null
  #held: ScheduleEvent | null
  #cursor: string
  readonly seen: ScheduleEvent[] = []

  constructor(source: KalturaAccount, at: RemoteRef | null, held: ScheduleEvent | null, cursor: string) {
    this.source = source
    this.#at = at
    this.#held = held
    this.#cursor = cursor
  }

  async settle(wanted: ScheduleEvent | null, afterFailure: () => void): Promise<void> {
    for (let round = 0; round < 40; round++) {
      try {
        await this.#pull()
        await this.#write(wanted)
        return
      } catch (error) {
        if (!isPassing(error)) throw error
        afterFailure()
        await wait(round < 3 ? 10 : 500)
      }
    }
    throw new Error('it never settled')
  }

  async #pull(): Promise<void> {
    const { changed, removed, cursor } = await this.source.pull(this.#cursor)
    for (const { ref, event: held } of changed) {
      this.seen.push(held)
      this.#at = ref
      this.#held = held
    }
    if (this.#at && removed.includes(this.#at.id)) {
      this.#at = null
      this.#held = null
    }
    this.#cursor = cursor
  }

  async #write(wanted: ScheduleEvent | null): Promise<void> {
    if (!wanted) {
      if (this.#at) await this.source.remove(this.#at)
      return
    }
    const view = this.source.normalize(wanted)
    if (this.#held && differences(this.#held, view).length === 0) return
    this.#at = await this.source.push(wanted, this.#at)
    this.#held = view
  }
}

interface Scenario {
  readonly from: ScheduleEvent | null
  readonly to: ScheduleEvent | null
}

export const scenarios: { readonly [name: string]: () => Scenario } = {
  'a single event is made': () => ({ from: null, to: shaped('a single event') }),
  'a series with exceptions is made': () => ({ from: null, to: shaped('a moved occurrence') }),
  'pieces are made': () => ({ from: null, to: shaped('one on the 31st') }),
  'a single event is changed': () => ({ from: shaped('a single event'), to: renamed(shaped('a single event')) }),
  'a series is changed around its exceptions': () => ({
    from: shaped('a moved occurrence'),
    to: renamed(shaped('a moved occurrence')),
  }),
  'pieces are changed': () => ({ from: shaped('one on the 31st'), to: renamed(shaped('one on the 31st')) }),
  'a series becomes pieces': () => ({ from: shaped('a moved occurrence'), to: shaped('one on the 31st') }),
  'pieces become a series': () => ({ from: shaped('one on the 31st'), to: shaped('excluded occurrences') }),
  'pieces become one row': () => ({ from: shaped('a whole week'), to: shaped('a single event') }),
  'an excluded occurrence comes back': () => ({
    from: shaped('excluded occurrences'),
    to: shaped('a moved occurrence'),
  }),
  'a single event is removed': () => ({ from: shaped('a single event'), to: null }),
  'pieces are removed': () => ({ from: shaped('one on the 31st'), to: null }),
}

/** Opens the account for all that follow. */
export async function openScenarios(): Promise<TestAccount> {
  account = await startAccount()
  rooms = [await account.room('lh101'), await account.room('lh102')]
  return account
}

let clock = 0
const realNow = performance.now.bind(performance)

/** @param crash the process dies with the request, and a new one goes on */
export async function hold({ from, to }: Scenario, fault: Break, skip: number, crash: boolean): Promise<void> {
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + clock)
  const source = account.open()
  await source.resources()
  const at = from && (await source.push(from, null))
  const { cursor } = await source.pull(null)
  const run = new Run(source, at, from && source.normalize(from), cursor)
  account.breakOnce(fault, skip)
  await run.settle(to, () => {
    if (crash) run.source = account.open()
    // What the index must be given time for has passed.
    clock += 30_000
  })
  account.breakOnce(null, 0)
  // Nothing half-done was ever seen, and there is one event, as it should be.
  const states = [from, to].filter(state => state !== null).map(state => source.normalize(state))
  for (const held of run.seen) {
    const known = states.some(state => differences(held, state).length === 0)
    expect(known, JSON.stringify(held)).toBe(true)
  }
  const { changed, unreadable } = await account.open().pull(null)
  expect(unreadable).toEqual([])
  expect(changed.map(({ event: held }) => differences(held, source.normalize(to ?? held)))).toEqual(to ? [[]] : [])
  const mains = await account.rows({ recurrenceTypeIn: '0,1' })
  expect(new Set(mains.map(({ startDate }) => startDate)).size).toBe(mains.length)
  for (const row of mains) expect(row.comment ?? '').not.toContain('pending')
  await account.empty()
}

export const scenario = (name: string): Scenario => {
  const made = scenarios[name]
  if (!made) throw new TypeError(name)
  return made()
}
