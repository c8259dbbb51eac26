/** The items of a delta round by what has to be looked at. */
import type { RemoteEvent, Unreadable } from '../../src/sync/source.ts'
import type { GraphEvent } from './translate.ts'

export interface Found {
  readonly changed: RemoteEvent[]
  readonly removed: string[]
  readonly unreadable: Unreadable[]
}

export interface Sorted {
  readonly singles: ReadonlyMap<string, GraphEvent>
  /** Ids of masters: of an occurrence only its series says anything. */
  readonly series: Set<string>
  /** Said to be gone. */
  readonly gone: ReadonlySet<string>
}

export function sorted(items: readonly GraphEvent[]): Sorted {
  const singles = new Map<string, GraphEvent>()
  const series = new Set<string>()
  const gone = new Set<string>()
  for (const item of items) {
    gone.delete(item.id)
    if (item['@removed']) {
      singles.delete(item.id)
      series.delete(item.id)
      gone.add(item.id)
    } else if (item.seriesMasterId) series.add(item.seriesMasterId)
    else if (item.type === 'seriesMaster' || item.recurrence) series.add(item.id)
    else singles.set(item.id, item)
  }
  return { singles, series, gone }
}
