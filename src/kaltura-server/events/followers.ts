/** Events that follow another (`linkedTo`) move with its end; the leader lists them in `linkedBy`. */
import type { Call } from '../call.ts'
import { csv, toInt } from '../wire/values.ts'
import { type Event, findEvent, isLive, type Link, linkOf, postEnd, preStart, textOf } from './event.ts'
import { saveEvents } from './save.ts'

const followersOf = (event: Event): number[] =>
  csv(textOf(event.own, 'linkedBy') ?? '')
    .filter(id => id !== '')
    .map(toInt)

/** Moves a follower to where its leader now ends. */
function shifted(follower: Event, link: Link, leaderEnd: number, now: number): Event {
  const start = leaderEnd + link.offset
  const end = start + (follower.duration ?? 0)
  return {
    ...follower,
    startDate: start - preStart(follower),
    endDate: end + postEnd(follower),
    updatedAt: now,
    own: isLive(follower) ? { ...follower.own, screenStart: start, screenEnd: end } : follower.own,
  }
}

/** After the end of `leader` moved: its followers, and theirs, move too. */
export async function moveFollowers(call: Call, leader: Event, seen: ReadonlySet<number> = new Set()): Promise<void> {
  for (const id of followersOf(leader)) {
    const follower = seen.has(id) ? null : await findEvent(call, id)
    const link = follower && linkOf(follower)
    if (!follower || !link) continue
    const moved = shifted(follower, link, leader.endDate, call.now)
    await saveEvents(call, [moved])
    await moveFollowers(call, moved, new Set([...seen, leader.id]))
  }
}

async function changeFollowers(call: Call, leaderId: number, change: (ids: Set<number>) => void): Promise<void> {
  const leader = await findEvent(call, leaderId)
  if (!leader) return
  const ids = new Set(followersOf(leader))
  change(ids)
  const own = { ...leader.own, linkedBy: [...ids].join(',') }
  await saveEvents(call, [{ ...leader, own, updatedAt: call.now }])
}

export const addFollower = (call: Call, leaderId: number, id: number): Promise<void> =>
  changeFollowers(call, leaderId, ids => ids.add(id))
export const removeFollower = (call: Call, leaderId: number, id: number): Promise<void> =>
  changeFollowers(call, leaderId, ids => ids.delete(id))

/** A cancelled or deleted event follows nobody and leads nobody. */
export async function unlink(call: Call, event: Event): Promise<void> {
  const link = linkOf(event)
  if (link) await removeFollower(call, link.eventId, event.id)
  for (const id of followersOf(event)) {
    const follower = await findEvent(call, id)
    if (!follower) continue
    const { linkedTo: _, ...own } = follower.own
    await saveEvents(call, [{ ...follower, own, updatedAt: call.now }])
  }
}
