/** Events that become others: what must hold of each change, whatever it is laid out as before and after. */
import { expect } from 'vitest'
import type { KalturaAccount } from '../../../adapters/kaltura/index.ts'
import type { ScheduleEvent } from '../../../src/schedule/event.ts'
import { differences } from '../../../src/schedule/merge.ts'
import type { TestAccount } from './account.ts'
import { event, shapeNamed } from './events.ts'

const shaped = (kind: string, room: number): ScheduleEvent => {
  const shape =
    kind === 'cancelled'
      ? { ...shapeNamed('a single event'), change: { status: 'CANCELLED' as const } }
      : shapeNamed(kind)
  return { ...event('changing', shape), resourceIds: [room] }
}

export const pairsOf = (kinds: readonly string[]): [string, string][] =>
  kinds.flatMap(from => kinds.filter(to => to !== from).map((to): [string, string] => [from, to]))

export async function change(
  account: TestAccount,
  source: KalturaAccount,
  room: number,
  from: string,
  to: string,
): Promise<void> {
  const first = await source.push(shaped(from, room), null)
  const { cursor } = await source.pull(null)
  const second = await source.push(shaped(to, room), first)
  const view = source.normalize(shaped(to, room))
  const { changed, removed } = await source.pull(cursor)
  // Two ways of saying the same are no change.
  const written = first.version !== second.version
  expect(changed.map(({ ref }) => ref)).toEqual(written ? [second] : [])
  expect(removed).toEqual(first.id === second.id ? [] : [first.id])
  expect(differences(changed[0]?.event ?? view, view)).toEqual([])
  const whole = await source.pull(null)
  expect(whole.changed.map(({ ref }) => ref)).toEqual([second])
  expect(whole.unreadable).toEqual([])
  await account.empty()
}
