import { addDuration, toEpoch } from '../schedule/caltime.ts'
import type { CalTime } from '../schedule/event.ts'
import { resolveZone } from '../schedule/timezone.ts'
import { type Line, lineParameter, lineValue } from './content.ts'

const DATE = /^(\d{4})(\d\d)(\d\d)$/
const DATE_TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(Z?)$/

/** One value of a date or date-time property (RFC 5545 §3.3.4, §3.3.5); `null` for what is none. */
const timeOf = (text: string, tzid: string | null): CalTime | null => {
  const date = DATE.exec(text)
  if (date) return { date: `${date[1]}-${date[2]}-${date[3]}` }
  const parts = DATE_TIME.exec(text)
  if (!parts) return null
  const [, year, month, day, hour, minute, second, utc] = parts
  return { dateTime: `${year}-${month}-${day}T${hour}:${minute}:${second}`, tzid: utc === 'Z' ? 'UTC' : tzid }
}

/**
 * The stretches of time a date or date-time property names, in epoch seconds: a date is its whole day, a time has no
 * length, of a period the start counts. `zone` is the clock for dates and floating times.
 */
export const lineSpans = (line: Line, zone: string): readonly (readonly [start: number, end: number])[] => {
  const named = lineParameter(line, 'TZID')
  const tzid = named === null ? null : resolveZone(named)
  return lineValue(line)
    .split(',')
    .flatMap(value => {
      const time = timeOf(value.split('/')[0]?.trim() ?? '', tzid)
      if (!time) return []
      const start = toEpoch(time, zone)
      return [[start, 'date' in time ? toEpoch(addDuration(time, 'P1D'), zone) : start] as const]
    })
}
