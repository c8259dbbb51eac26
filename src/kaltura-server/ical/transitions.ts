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
const MAX_STATES = 1000

const zoned = (zone: string, epoch: number): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(epoch * MILLI).toZonedDateTimeISO(zone)

/** Standard time is the smaller offset of the year; a zone whose clock does not change has only that. */
function standardOffset(at: Temporal.ZonedDateTime): number {
  const january = at.with({ month: 1, day: 15 }).offsetNanoseconds
  const july = at.with({ month: 7, day: 15 }).offsetNanoseconds
  return Math.min(january, july) / NANO
}

/** Places whose English knows the short names of zones near them; between them they know most. */
const LOCALES = ['en-US', 'en-GB', 'en-CA', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA', 'en-IE', 'ja-JP', 'ko-KR']
const formats = new Map<string, Intl.DateTimeFormat>()

function shortName(locale: string, zone: string, epoch: number): string {
  const key = `${locale} ${zone}`
  const format = formats.get(key) ?? new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'short' })
  formats.set(key, format)
  return format.formatToParts(epoch * MILLI).find(part => part.type === 'timeZoneName')?.value ?? ''
}

/** `CET`, `EDT`; a zone without a name of that kind is written by its offset, as the time zone database does (`+08`). */
function abbreviation(zone: string, epoch: number, offset: number): string {
  const names = LOCALES.map(locale => shortName(locale, zone, epoch))
  return names.find(name => /^[A-Z]{2,5}$/.test(name)) ?? offsetText(offset).replace(/00$/, '')
}

function stateAt(zone: string, epoch: number): Transition {
  const at = zoned(zone, epoch)
  const offset = at.offsetNanoseconds / NANO
  return { at: epoch, offset, daylight: offset > standardOffset(at), name: abbreviation(zone, epoch, offset) }
}

/** Changes of clocks do not change: each is worked out once. */
const states = new Map<string, Transition>()

function state(zone: string, epoch: number): Transition {
  const key = `${zone} ${epoch}`
  const known = states.get(key) ?? stateAt(zone, epoch)
  if (states.size > MAX_STATES) states.clear()
  states.set(key, known)
  return known
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
