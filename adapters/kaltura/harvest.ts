/** What a read has found, as events: each item taken for itself, so that one that cannot be read spoils no other. */
import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import { kalturaUid } from '../../src/schedule/ical-event.ts'
import type { RemoteEvent, Unreadable } from '../../src/sync/source.ts'
import { assemble } from './assemble.ts'
import type { Claim } from './claims.ts'
import { splitStrays } from './group.ts'
import { type Assembled, type Item, idOf, isUnfinished, type Links } from './item.ts'
import type { EventRow } from './rows.ts'
import { isStray } from './series.ts'
import type { Context } from './view.ts'

/** How long Kaltura's index may take to show what is in the database, seconds. */
export const LAG = 60

export interface Harvest {
  readonly changed: RemoteEvent[]
  readonly unreadable: Unreadable[]
  /** Items still being written. */
  readonly unfinished: Unreadable[]
  /** Strays of what is unreadable or unfinished. */
  readonly hidden: Unreadable[]
  /** Occurrences that are events of their own, by the ref id of what they are part of. */
  readonly strays: Map<number, string>
  /** Endless series for which the next rows are due. */
  readonly due: RemoteEvent[]
}

export interface Field {
  readonly context: Context
  readonly links: Links
  /** Server time. */
  readonly now: number
  /** Whether a push of ours is unfinished: what is there of it is nobody's edit. */
  readonly isHeld: (uid: string) => boolean
  readonly log: Logger
}

/** Longer than this nobody else is kept waiting, ms. */
const TURN = 10

export async function harvest(claimed: readonly Claim[], field: Field): Promise<Harvest> {
  const result: Harvest = { changed: [], unreadable: [], unfinished: [], hidden: [], strays: new Map(), due: [] }
  let since = performance.now()
  for (const claim of claimed) {
    if (performance.now() - since > TURN) {
      await setImmediate()
      since = performance.now()
    }
    const id = idOf(claim.item)
    const leave = (list: Unreadable[], reason: string) => {
      list.push({ id, uid: claim.uid, reason })
      // They are there as well, though nobody reads them now.
      for (const row of straysOf(claim.item, field.links)) {
        result.strays.set(row.id, id)
        result.hidden.push({ id: String(row.id), uid: kalturaUid(row.id), reason })
      }
    }
    const wait = (reason: string) => leave(result.unfinished, reason)
    try {
      if (claim.halfway || field.isHeld(claim.uid)) {
        wait('it is still being written')
        continue
      }
      const assembled = assemble(claim.item, claim.uid, field.links, field.context, isFresh(claim, field.now))
      if (isUnfinished(assembled)) wait(assembled.unfinished)
      else take(result, assembled, field)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      field.log.warn({ id, uid: claim.uid, reason }, 'an event of the Kaltura account cannot be read')
      leave(result.unreadable, reason)
    }
  }
  return result
}

function straysOf(item: Item, links: Links): readonly EventRow[] {
  if (item.kind === 'pieces') return splitStrays(item.rows, links).strays
  return item.kind === 'series' ? item.children.filter(row => isStray(row, item.row, links)) : []
}

const isFresh = ({ item }: Claim, now: number): boolean => item.kind === 'series' && item.row.updatedAt > now - LAG

function take(result: Harvest, { ref, event, strays, extend }: Assembled, field: Field): void {
  result.changed.push({ ref, event })
  if (extend) result.due.push({ ref, event })
  for (const row of strays) {
    result.strays.set(row.id, ref.id)
    result.changed.push(strayOf(row, field))
  }
}

function strayOf(row: EventRow, { links, context }: Field): RemoteEvent {
  const assembled = assemble({ kind: 'row', row }, kalturaUid(row.id), links, context, false)
  if (isUnfinished(assembled)) throw new TypeError(`occurrence ${row.id} is one row and cannot be unfinished`)
  return { ref: assembled.ref, event: assembled.event }
}
