import { breathe } from '../breath.ts'
import { utcText } from './time-range.ts'

/** FBTYPE (RFC 5545 §3.2.9). */
export const BUSY_TYPES = ['BUSY', 'BUSY-UNAVAILABLE', 'BUSY-TENTATIVE'] as const
export type BusyType = (typeof BUSY_TYPES)[number]

/** Epoch seconds, half-open. */
export interface Period {
  readonly start: number
  readonly end: number
}
export interface BusyPeriod extends Period {
  readonly type: BusyType
}

/** Periods sorted and joined where they touch. */
export const union = (periods: readonly Period[]): readonly Period[] => {
  const joined: { start: number; end: number }[] = []
  for (const { start, end } of periods.toSorted((a, b) => a.start - b.start)) {
    const last = joined.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else joined.push({ start, end })
  }
  return joined
}

/** What of `periods` lies in none of `taken`; both sorted and disjoint. */
export const subtract = (periods: readonly Period[], taken: readonly Period[]): readonly Period[] => {
  const rest: Period[] = []
  for (const { start, end } of periods) {
    let from = start
    for (const cut of taken) {
      if (cut.end <= from) continue
      if (cut.start >= end) break
      if (cut.start > from) rest.push({ start: from, end: cut.start })
      from = Math.max(from, cut.end)
    }
    if (from < end) rest.push({ start: from, end })
  }
  return rest
}

/** Busy periods cut to a window, joined type by type. */
export const busyTimes = (
  periods: readonly BusyPeriod[],
  window: { readonly from: number; readonly to: number },
): readonly BusyPeriod[] =>
  BUSY_TYPES.flatMap(type =>
    union(
      periods
        .filter(period => period.type === type && period.start < window.to && period.end > window.from)
        .map(({ start, end }) => ({ start: Math.max(start, window.from), end: Math.min(end, window.to) }))
        // What lasts no time occupies none, and no period can say it (RFC 5545 §3.3.9).
        .filter(({ start, end }) => start < end),
    ).map(period => ({ ...period, type })),
  )

const FOLDED = 74

/** Folded as RFC 5545 §3.1 wants; all of it is ASCII. */
const fold = (line: string): string => {
  const parts: string[] = []
  for (let at = 0; at < line.length; at += FOLDED) parts.push(line.slice(at, at + FOLDED))
  return parts.join('\r\n ')
}

const DAY = 86_400
const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))

/** `utcText` for many whole seconds in order: the date is worked out once a day. */
const utcTexts = (): ((seconds: number) => string) => {
  let [known, date] = [Number.NaN, '']
  return seconds => {
    const day = Math.floor(seconds / DAY)
    if (day !== known) [known, date] = [day, utcText(day * DAY).slice(0, -'000000Z'.length)]
    const time = seconds - day * DAY
    const [hours, minutes] = [Math.floor(time / 3600), Math.floor(time / 60) % 60]
    return `${date}${TWO_DIGITS[hours]}${TWO_DIGITS[minutes]}${TWO_DIGITS[time % 60]}Z`
  }
}

/** Periods of one property; then others have their turn. A type may have many properties (RFC 5545 §3.6.4). */
const MOST_PERIODS = 1000

const freebusyLines = async (periods: readonly BusyPeriod[]): Promise<readonly string[]> => {
  const lines: string[] = []
  for (const type of BUSY_TYPES) {
    const own = periods.filter(period => period.type === type)
    const text = utcTexts()
    for (let from = 0; from < own.length; from += MOST_PERIODS) {
      await breathe()
      const times = own.slice(from, from + MOST_PERIODS).map(({ start, end }) => `${text(start)}/${text(end)}`)
      lines.push(fold(`FREEBUSY;FBTYPE=${type}:${times.join(',')}`))
    }
  }
  return lines
}

/** A VFREEBUSY without who is busy with what (RFC 4791 §7.10, RFC 6638 §5). `more`: further lines of the component. */
export const freeBusyText = async (
  periods: readonly BusyPeriod[],
  window: { from: number; to: number },
  stamp: number,
  options: { readonly method?: string; readonly lines?: readonly string[] } = {},
): Promise<string> =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//kaldav//kaldav//EN',
    ...(options.method ? [`METHOD:${options.method}`] : []),
    'BEGIN:VFREEBUSY',
    `DTSTAMP:${utcText(stamp)}`,
    `DTSTART:${utcText(window.from)}`,
    `DTEND:${utcText(window.to)}`,
    ...(options.lines ?? []).map(fold),
    ...(await freebusyLines(periods)),
    'END:VFREEBUSY',
    'END:VCALENDAR',
    '',
  ].join('\r\n')
