/** The offset changes of a zone as data, for building a VTIMEZONE and for recognising one. */

/** `offsets[0]` holds until `at[0]`, `offsets[i + 1]` from `at[i]` (epoch seconds, ascending) on. Seconds east of UTC. */
export interface ZoneChanges {
  readonly at: readonly number[]
  readonly offsets: readonly number[]
}

const FIRST = -5_364_662_400 // 1800-01-01T00:00:00Z, before any zone had an offset of its own
/** 2101-01-01T00:00:00Z: rules without end are followed so far. */
export const LAST_CHANGE = 4_133_980_800
/** More names than the zone database has. */
const MAX_ZONES = 1000

const known = new Map<string, ZoneChanges>()

const read = (zone: string): ZoneChanges => {
  let now = Temporal.Instant.fromEpochMilliseconds(FIRST * 1000).toZonedDateTimeISO(zone)
  const at: number[] = []
  const offsets = [now.offsetNanoseconds / 1e9]
  for (;;) {
    const next = now.getTimeZoneTransition('next')
    if (next === null || next.epochMilliseconds / 1000 >= LAST_CHANGE) return { at, offsets }
    at.push(next.epochMilliseconds / 1000)
    offsets.push(next.offsetNanoseconds / 1e9)
    now = next
  }
}

/** @throws RangeError for a zone that is not in the zone database */
export const changesOf = (zone: string): ZoneChanges => {
  const found = known.get(zone)
  if (found) return found
  const changes = read(zone)
  if (known.size >= MAX_ZONES) known.clear()
  known.set(zone, changes)
  return changes
}

/** How many changes are at or before `epoch`; also the index of the offset then in force. */
export const rankAt = (changes: ZoneChanges, epoch: number): number => {
  let low = 0
  let high = changes.at.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((changes.at[middle] as number) <= epoch) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether both clocks show the same from `from` until `to` (epoch seconds). */
export const agree = (a: ZoneChanges, b: ZoneChanges, from: number, to: number): boolean => {
  let i = rankAt(a, from)
  let j = rankAt(b, from)
  if (a.offsets[i] !== b.offsets[j]) return false
  for (;;) {
    const nextA = a.at[i] ?? Number.POSITIVE_INFINITY
    const nextB = b.at[j] ?? Number.POSITIVE_INFINITY
    const next = Math.min(nextA, nextB)
    if (next >= to) return true
    if (nextA === next) i++
    if (nextB === next) j++
    if (a.offsets[i] !== b.offsets[j]) return false
  }
}

/** 2015 to 2035: the years over which two zones must agree to be called the same. */
export const HORIZON = { from: 1_420_070_400, to: 2_051_222_400 } as const
