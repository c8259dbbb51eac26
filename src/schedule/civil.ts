/**
 * Clock arithmetic without zones: days and seconds counted from 1970-01-01T00:00:00 on one wall clock, in the proleptic
 * Gregorian calendar. A `Date` is never involved.
 */

export const DAY = 86_400

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Days from 1970-01-01 to that date; a day past the end of its month runs into the next one. */
export const daysFromCivil = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export const civilFromDays = (days: number): CivilDate => {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** 0 = Monday … 6 = Sunday. */
export const weekday = (days: number): number => (((days + 3) % 7) + 7) % 7

export const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

export const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (monthLengths[month - 1] as number)

const digits = (text: string, from: number, to: number): number => {
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/**
 * `YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM:SS`, as seconds of its own clock; a date is its midnight.
 * @throws RangeError for anything else
 */
export const parseLocal = (text: string): number => {
  const days = daysFromCivil(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10))
  const seconds =
    text.length === 10 ? 0 : digits(text, 11, 13) * 3600 + digits(text, 14, 16) * 60 + digits(text, 17, 19)
  const local = days * DAY + seconds
  if (Number.isNaN(local)) throw new RangeError(`not a date or date-time: ${text}`)
  return local
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`)

export const formatDate = (days: number): string => {
  const { year, month, day } = civilFromDays(days)
  return `${`${year}`.padStart(4, '0')}-${two(month)}-${two(day)}`
}

export const formatDateTime = (local: number): string => {
  const days = Math.floor(local / DAY)
  const rest = local - days * DAY
  return `${formatDate(days)}T${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`
}
