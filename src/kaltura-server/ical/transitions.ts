/** A change of a zone's clock, or the state in force at the start of the span asked for. */
export interface Transition {
  /** Epoch seconds. */
  readonly at: number
  /** Seconds east of UTC from then on. */
  readonly offset: number
  readonly daylight: boolean
  readonly name: string
}

const MILLI = 1000
const NANO = 1e9

const zoned = (zone: string, epoch: number): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(epoch * MILLI).toZonedDateTimeISO(zone)

/** Standard time is the smaller offset of the year; a zone whose clock does not change has only that. */
function standardOffset(at: Temporal.ZonedDateTime): number {
  const january = at.with({ month: 1, day: 15 }).offsetNanoseconds
  const july = at.with({ month: 7, day: 15 }).offsetNanoseconds
  return Math.min(january, july) / NANO
}

function abbreviation(zone: string, epoch: number, offset: number): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'short' }).formatToParts(epoch * MILLI)
  const name = parts.find(part => part.type === 'timeZoneName')?.value ?? zone
  return /^(GMT|UTC)[+-]/.test(name) ? (ABBREVIATIONS[zone.split('/')[0] ?? '']?.[offset] ?? name) : name
}

/** English short names that the runtime writes as an offset. */
const ABBREVIATIONS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  Europe: { 0: 'WET', 3600: 'CET', 7200: 'EET', 10800: 'MSK' },
}
const SUMMER: Readonly<Record<string, string>> = { WET: 'WEST', CET: 'CEST', EET: 'EEST' }

function state(zone: string, epoch: number): Transition {
  const at = zoned(zone, epoch)
  const offset = at.offsetNanoseconds / NANO
  const standard = standardOffset(at)
  const daylight = offset > standard
  const plain = abbreviation(zone, epoch, daylight ? standard : offset)
  const name = daylight && plain in SUMMER ? (SUMMER[plain] ?? plain) : plain
  return { at: epoch, offset, daylight, name }
}

/** The state at `from`, then every change up to `to`. */
export function transitionsOf(zone: string, from: number, to: number): Transition[] {
  const found = [state(zone, from)]
  let at = zoned(zone, from)
  for (;;) {
    const next = at.getTimeZoneTransition('next')
    if (!next || next.epochMilliseconds / MILLI > to) return found
    found.push(state(zone, next.epochMilliseconds / MILLI))
    at = next
  }
}

export const offsetText = (offset: number): string => {
  const minutes = Math.abs(Math.trunc(offset / 60))
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${offset < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}${two(minutes % 60)}`
}
