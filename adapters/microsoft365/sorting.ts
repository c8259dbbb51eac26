/** The items of a delta round by what has to be looked at. Of an item told twice the later word counts. */
import type { Refusal, RemoteEvent, Unreadable } from '../../src/sync/source.ts'
import type { GraphEvent } from './translate.ts'

export interface Found {
  readonly changed: RemoteEvent[]
  readonly removed: string[]
  readonly unreadable: Unreadable[]
  readonly refused: Refusal[]
}

export const nothingFound = (): Found => ({ changed: [], removed: [], unreadable: [], refused: [] })

/** Without one of these an item is read anew: what a round leaves out is not empty, only untold. */
const needed = [
  'subject',
  'body',
  'location',
  'start',
  'end',
  'isAllDay',
  'isCancelled',
  'showAs',
  'sensitivity',
] as const
const kept = [
  ...needed,
  ...([
    'id',
    'type',
    'iCalUId',
    'isOrganizer',
    'organizer',
    'responseRequested',
    'responseStatus',
    'attendees',
  ] as const),
  ...(['isOnlineMeeting', 'recurrence', 'originalStart', 'originalStartTimeZone', 'seriesMasterId'] as const),
]
/** A longer text is not kept with an unfinished round: its item is read again. */
const longestKept = 2000

const isInstance = ({ type, seriesMasterId }: GraphEvent): boolean =>
  Boolean(seriesMasterId) || type === 'occurrence' || type === 'exception'

/** Whether a round has told all of an item. */
export const isTold = (item: GraphEvent): boolean => !isInstance(item) && needed.every(name => item[name] !== undefined)

function asKept(item: GraphEvent): GraphEvent {
  if (!isTold(item) || (item.body?.content?.length ?? 0) > longestKept) return { id: item.id }
  return { id: item.id, ...Object.fromEntries(kept.map(name => [name, item[name]])) }
}

/** A round as it is kept between two of its pages. */
export interface KeptRound {
  readonly singles: readonly GraphEvent[]
  readonly series: readonly (readonly [id: string, master: GraphEvent | null])[]
  readonly gone: readonly string[]
}

export class Round {
  readonly singles = new Map<string, GraphEvent>()
  /** By the ids of their masters; `null`: told by its occurrences only, which say nothing else. */
  readonly series = new Map<string, GraphEvent | null>()
  /** Said to be gone, or told in a round that has died: only the item itself knows. */
  readonly gone = new Set<string>()

  static from({ singles, series, gone }: KeptRound): Round {
    const round = new Round()
    for (const item of singles) round.singles.set(item.id, item)
    for (const [id, master] of series) round.series.set(id, master)
    for (const id of gone) round.gone.add(id)
    return round
  }

  get size(): number {
    return this.singles.size + this.series.size + this.gone.size
  }

  add(item: GraphEvent): void {
    const { id, seriesMasterId } = item
    this.gone.delete(id)
    this.singles.delete(id)
    if (item['@removed']) {
      this.series.delete(id)
      this.gone.add(id)
    } else if (seriesMasterId) {
      this.gone.delete(seriesMasterId)
      this.series.set(seriesMasterId, this.series.get(seriesMasterId) ?? null)
    } else if (item.type === 'seriesMaster' || item.recurrence) this.series.set(id, item)
    else {
      this.series.delete(id)
      this.singles.set(id, item)
    }
  }

  /** The round has died: what it told is to be looked at, unless the next one tells it again. */
  doubt(): void {
    for (const id of [...this.singles.keys(), ...this.series.keys()]) this.gone.add(id)
    this.singles.clear()
    this.series.clear()
  }

  toJSON(): KeptRound {
    return {
      singles: [...this.singles.values()].map(asKept),
      series: [...this.series].map(([id, master]) => [id, master && asKept(master)]),
      gone: [...this.gone],
    }
  }
}
