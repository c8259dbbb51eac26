/** Which occurrences want the same place at the same time. Instants only; who is right is decided elsewhere. */

/** One occurrence that occupies a resource: epoch seconds, half-open. `recurrenceId` is a time key. */
export interface Busy {
  readonly uid: string
  readonly recurrenceId: string | null
  readonly start: number
  readonly end: number
  readonly blackout: boolean
}

/** Two events that meet: their first overlap in time, and in how many pairs of occurrences they meet. */
export interface Clash {
  /** 'blackout' when one of the two is one, in any pair. */
  readonly kind: 'overlap' | 'blackout'
  /** Sorted. */
  readonly uids: readonly [string, string]
  readonly start: number
  readonly end: number
  readonly occurrences: number
}

/**
 * Whether two occurrences of different events share time. Touching edges do not; one without length shares the time in
 * which it lies, but not an edge.
 */
export const overlaps = (a: Busy, b: Busy): boolean => a.uid !== b.uid && a.start < b.end && b.start < a.end

const byStart = (a: Busy, b: Busy): number => a.start - b.start

const ordered = (a: string, b: string): readonly [string, string] => (a < b ? [a, b] : [b, a])

const joined = (known: Clash | undefined, a: Busy, b: Busy): Clash => {
  const start = Math.max(a.start, b.start)
  const end = Math.min(a.end, b.end)
  const first = known === undefined || start < known.start || (start === known.start && end < known.end)
  return {
    kind: a.blackout || b.blackout || known?.kind === 'blackout' ? 'blackout' : 'overlap',
    uids: known?.uids ?? ordered(a.uid, b.uid),
    start: first ? start : known.start,
    end: first ? end : known.end,
    occurrences: (known?.occurrences ?? 0) + 1,
  }
}

/** Drops what has ended by `now`, in place. */
const keepOpen = (open: Busy[], now: number): void => {
  let kept = 0
  for (const busy of open) if (busy.end > now) open[kept++] = busy
  open.length = kept
}

/**
 * Every pair of events, one of `mine` and one of `others`, that meet: one clash per pair of UIDs, sorted by start. The
 * two lists are swept once in order of time, so the cost is that of sorting them and of the overlaps there are.
 */
export const clashes = (mine: readonly Busy[], others: readonly Busy[]): Clash[] => {
  const left = [...mine].sort(byStart)
  const right = [...others].sort(byStart)
  const [openLeft, openRight]: [Busy[], Busy[]] = [[], []]
  const found = new Map<string, Clash>()
  const meet = (busy: Busy, open: Busy[]): void => {
    keepOpen(open, busy.start)
    for (const other of open) {
      if (!overlaps(busy, other)) continue
      const key = JSON.stringify(ordered(busy.uid, other.uid))
      found.set(key, joined(found.get(key), busy, other))
    }
  }
  let next = 0
  for (const busy of left) {
    for (; next < right.length && (right[next] as Busy).start <= busy.start; next++) {
      const other = right[next] as Busy
      meet(other, openLeft)
      openRight.push(other)
    }
    meet(busy, openRight)
    openLeft.push(busy)
  }
  for (; next < right.length && openLeft.length > 0; next++) meet(right[next] as Busy, openLeft)
  return [...found.values()].sort((a, b) => a.start - b.start || (a.uids[0] < b.uids[0] ? -1 : 1))
}
