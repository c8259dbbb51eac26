/** The dates of a Graph recurrence, day by day: slow, plain, and nothing in common with the adapter's own arithmetic. */
export interface Recurrence {
  pattern: {
    type: string
    interval: number
    daysOfWeek?: string[]
    dayOfMonth?: number
    month?: number
    index?: string
    firstDayOfWeek?: string
  }
  range: {
    type: string
    startDate: string
    endDate?: string
    numberOfOccurrences?: number
    recurrenceTimeZone?: string | null
  }
}

const names = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const ordinals: Readonly<Record<string, number>> = { first: 0, second: 1, third: 2, fourth: 3, last: -1 }
const dayName = (date: Temporal.PlainDate): string => names[date.dayOfWeek % 7] ?? ''

function fits({ pattern }: Recurrence, first: Temporal.PlainDate, date: Temporal.PlainDate): boolean {
  const { type, interval, daysOfWeek = [], dayOfMonth = 1, month, index = 'first', firstDayOfWeek = 'sunday' } = pattern
  const days = first.until(date, { largestUnit: 'days' }).days
  if (type === 'daily') return days % interval === 0
  if (type === 'weekly') {
    const intoWeek = (first.dayOfWeek - names.indexOf(firstDayOfWeek) + 7) % 7
    return daysOfWeek.includes(dayName(date)) && Math.floor((days + intoWeek) / 7) % interval === 0
  }
  if (type === 'lunarMonthly') return days % 28 === 0
  const yearly = type.endsWith('Yearly')
  const months = (date.year - first.year) * 12 + date.month - first.month
  if (yearly ? date.month !== month || (date.year - first.year) % interval !== 0 : months % interval !== 0) return false
  // Exchange puts the 31st on a shorter month's last day.
  if (type.startsWith('absolute')) return date.day === Math.min(dayOfMonth, date.daysInMonth)
  const candidates = Array.from({ length: date.daysInMonth }, (_, n) => date.with({ day: n + 1 })).filter(each =>
    daysOfWeek.includes(dayName(each)),
  )
  return candidates.at(ordinals[index] ?? 0)?.equals(date) ?? false
}

const known = new Map<string, string[]>()

export function datesOf(recurrence: Recurrence): string[] {
  const key = JSON.stringify(recurrence)
  const dates = known.get(key) ?? countDates(recurrence)
  known.set(key, dates)
  return dates
}

function countDates(recurrence: Recurrence): string[] {
  const { range } = recurrence
  const first = Temporal.PlainDate.from(range.startDate)
  const end = range.type === 'endDate' ? Temporal.PlainDate.from(range.endDate ?? '') : first.add({ years: 8 })
  const most = range.type === 'numbered' ? (range.numberOfOccurrences ?? 0) : Number.POSITIVE_INFINITY
  const dates: string[] = []
  for (
    let date = first;
    Temporal.PlainDate.compare(date, end) <= 0 && dates.length < most;
    date = date.add({ days: 1 })
  ) {
    if (fits(recurrence, first, date)) dates.push(date.toString())
  }
  return dates
}
