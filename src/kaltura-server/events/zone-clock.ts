/** Wall-clock parts; month 1–12. Parts given to `epochOf` may lie outside their range and then carry over. */
export interface WallTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

export type DateUnit = 'seconds' | 'minutes' | 'hours' | 'days' | 'weeks' | 'months' | 'years'

/** Wall-clock arithmetic in one zone, with the answers PHP gives around changes of the clock. */
export interface ZoneClock {
  partsOf(epoch: number): WallTime
  epochOf(wall: WallTime): number
  /** 1 Monday … 7 Sunday. */
  weekdayOf(epoch: number): number
  add(epoch: number, amount: number, unit: DateUnit): number
}

const ELAPSED = { seconds: 1, minutes: 60, hours: 3600 } as const
const MILLI = 1000

const zones = new Map<string, boolean>()
const MAX_ZONES = 1000

function canReckon(name: string): boolean {
  try {
    return Temporal.Now.zonedDateTimeISO(name) !== null
  } catch {
    return false
  }
}

/** Is this a zone that can be reckoned in? */
export function isZone(name: string): boolean {
  const known = zones.get(name) ?? canReckon(name)
  if (zones.size > MAX_ZONES) zones.clear()
  zones.set(name, known)
  return known
}

/** Carries over-long parts, so that day 0 is the last of the month before (as mktime does). */
function normalised(wall: WallTime): Temporal.PlainDateTime {
  return new Temporal.PlainDateTime(wall.year, 1, 1)
    .add({ months: wall.month - 1 })
    .add({ days: wall.day - 1 })
    .add({ hours: wall.hour })
    .add({ minutes: wall.minute })
    .add({ seconds: wall.second })
}

/**
 * A time that the clock skips moves forward. One that it shows twice is the second east of Greenwich and the first
 * west of it: PHP reads the offset at that wall time taken as UTC.
 */
function resolve(local: Temporal.PlainDateTime, zone: string): number {
  const earlier = local.toZonedDateTime(zone, { disambiguation: 'earlier' })
  const later = local.toZonedDateTime(zone, { disambiguation: 'later' })
  const twice = earlier.epochMilliseconds !== later.epochMilliseconds && later.toPlainDateTime().equals(local)
  if (!twice) return later.epochMilliseconds / MILLI
  const asUtc = local.toZonedDateTime('UTC').epochMilliseconds / MILLI
  const offset = Temporal.Instant.fromEpochMilliseconds(asUtc * MILLI).toZonedDateTimeISO(zone).offsetNanoseconds / 1e9
  return asUtc - offset
}

export function zoneClock(zone: string): ZoneClock {
  const local = (epoch: number): Temporal.ZonedDateTime =>
    Temporal.Instant.fromEpochMilliseconds(epoch * MILLI).toZonedDateTimeISO(zone)
  const partsOf = (epoch: number): WallTime => {
    const { year, month, day, hour, minute, second } = local(epoch)
    return { year, month, day, hour, minute, second }
  }
  const epochOf = (wall: WallTime): number => resolve(normalised(wall), zone)
  return {
    partsOf,
    epochOf,
    weekdayOf: epoch => local(epoch).dayOfWeek,
    add(epoch, amount, unit) {
      if (unit === 'seconds' || unit === 'minutes' || unit === 'hours') return epoch + amount * ELAPSED[unit]
      const wall = partsOf(epoch)
      if (unit === 'days') return epochOf({ ...wall, day: wall.day + amount })
      if (unit === 'weeks') return epochOf({ ...wall, day: wall.day + 7 * amount })
      if (unit === 'months') return epochOf({ ...wall, month: wall.month + amount })
      return epochOf({ ...wall, year: wall.year + amount })
    },
  }
}
