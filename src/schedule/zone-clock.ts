/**
 * One zone's clock as a table of its offset changes. `Temporal` costs microseconds a question and a schedule asks
 * millions, so the changes of 1970–2100 are asked for once per zone; other years are asked of `Temporal` each time.
 */

const FIRST = 0
const LAST = 4_133_980_800 // 2101-01-01T00:00:00Z
/** More names than the zone database has; past it somebody is inventing spellings. */
const MAX_ZONES = 1000

interface ZoneClock {
  /** Instants at which `offsets[i + 1]` begins, ascending. */
  readonly changes: Float64Array
  /** The clock readings from which `offsets[i + 1]` holds: gap and repeated hour both belong to the offset before. */
  readonly readings: Float64Array
  readonly offsets: Int32Array
}

const clocks = new Map<string, ZoneClock>()

const build = (zone: string): ZoneClock => {
  let at = Temporal.Instant.fromEpochMilliseconds(FIRST).toZonedDateTimeISO(zone)
  const changes: number[] = []
  const offsets = [at.offsetNanoseconds / 1e9]
  for (;;) {
    const next = at.getTimeZoneTransition('next')
    if (next === null || next.epochMilliseconds / 1000 >= LAST) break
    changes.push(next.epochMilliseconds / 1000)
    offsets.push(next.offsetNanoseconds / 1e9)
    at = next
  }
  const readings = changes.map((at, i) => at + Math.max(offsets[i] as number, offsets[i + 1] as number))
  return {
    changes: Float64Array.from(changes),
    readings: Float64Array.from(readings),
    offsets: Int32Array.from(offsets),
  }
}

const clockOf = (zone: string): ZoneClock => {
  const known = clocks.get(zone)
  if (known) return known
  const clock = build(zone)
  if (clocks.size >= MAX_ZONES) clocks.clear()
  clocks.set(zone, clock)
  return clock
}

/** How many entries are at or before `value`. */
const rank = (sorted: Float64Array, value: number): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] as number) <= value) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether offsets at that instant come from a table, at a hundredth of the cost. */
export const isTabled = (epoch: number): boolean => epoch >= FIRST && epoch < LAST

/** Seconds east of UTC at an instant. @throws RangeError for a zone that is not in the zone database */
export const offsetAt = (epoch: number, zone: string): number => {
  if (zone === 'UTC') return 0
  if (!isTabled(epoch))
    return Temporal.Instant.fromEpochMilliseconds(epoch * 1000).toZonedDateTimeISO(zone).offsetNanoseconds / 1e9
  const clock = clockOf(zone)
  return clock.offsets[rank(clock.changes, epoch)] as number
}

/**
 * The instant at which the clock of `zone` shows `local` (seconds of that clock since 1970-01-01T00:00:00). A reading
 * that never happens is taken with the offset before the gap, one that happens twice is the first (RFC 5545 §3.3.5).
 */
export const instantOf = (local: number, zone: string): number => {
  if (zone === 'UTC') return local
  if (local < FIRST + 86_400 || local >= LAST - 86_400) {
    const plain = new Temporal.PlainDateTime(1970, 1, 1).add({ seconds: local })
    return plain.toZonedDateTime(zone, { disambiguation: 'compatible' }).epochMilliseconds / 1000
  }
  const clock = clockOf(zone)
  return local - (clock.offsets[rank(clock.readings, local)] as number)
}
