import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { KalturaAccount } from '../../../adapters/kaltura/index.ts'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { differences } from '../../../src/schedule/merge.ts'
import { occurrences } from '../../../src/schedule/recurrence.ts'
import { startAccount, type TestAccount } from './account.ts'
import { change, pairsOf } from './changes.ts'
import { event, orphans, shapeNamed, shapes } from './events.ts'

let account: TestAccount
let source: KalturaAccount
let room: number
beforeAll(async () => {
  account = await startAccount()
  room = await account.room('lh101')
  source = account.open()
  await source.resources()
})
afterEach(() => account.empty())
afterAll(() => account.close())

const now = Math.floor(Date.now() / 1000)
const soon = { from: now, to: now + 540 * 86_400 }
/** When the event takes place in the time that Kaltura holds of any series. */
const instants = (held: ScheduleEvent | undefined): string[] =>
  held === undefined
    ? []
    : occurrences(held, soon, { zone: 'Europe/Berlin' })
        .filter(({ component }) => component.status !== 'CANCELLED' && !component.transparent)
        .map(({ start, end }) => `${start}–${end}`)

const uidOf = (name: string): string => (name.includes('commas') ? 'a, b; c "d" #1' : `${name}@example.edu`)
const all: [string, ScheduleEvent][] = [
  ...Object.keys(shapes).map((name): [string, ScheduleEvent] => [name, event(uidOf(name), shapeNamed(name))]),
  ['occurrences without their series', orphans('orphans')],
]

const find = async (uid: string) => (await source.pull(null)).changed.find(remote => remote.event.uid === uid)

describe('an event pushed to Kaltura', () => {
  it.each(all)('%s: is there, comes back, and is written once', async (_, shaped) => {
    const pushed = { ...shaped, resourceIds: [room] }
    expect(source.accepts(pushed)).toBe(true)
    const view = source.normalize(pushed)
    expect(differences(source.normalize(view), view)).toEqual([])
    expect(instants(view)).toEqual(instants(pushed))

    const ref = await source.push(pushed, null)
    const remote = await find(pushed.uid)
    expect(differences(remote?.event ?? pushed, view)).toEqual([])
    expect(remote?.event.resourceIds).toEqual([room])
    expect(instants(remote?.event)).toEqual(instants(pushed))
    expect(remote?.ref).toEqual(ref)

    const before = await account.snapshot()
    expect(await source.push(pushed, ref)).toEqual(ref)
    expect(await source.push(pushed, null)).toEqual(ref)
    expect(await account.snapshot()).toEqual(before)

    await source.remove(ref)
    expect(await account.rows()).toEqual([])
  })
})

describe('an event changed in Kaltura', () => {
  const kinds = [
    'a single event',
    'a whole week',
    'a weekly series',
    'excluded occurrences',
    'one without an end',
    'cancelled',
  ]

  it.each(pairsOf(kinds))('from %s to %s', (from, to) => change(account, source, room, from, to))
})
