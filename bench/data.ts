/** The same lectures for every server: single hours by day, series in the evening, nothing overlapping. */

const day = (offset: number) => Temporal.Now.plainDateISO('UTC').add({ days: offset })
const two = (number: number) => String(number).padStart(2, '0')

export interface Sample {
  readonly uid: string
  /** VEVENT, CRLF, with the last line ended. */
  readonly vevent: string
}

const firstDay = -200
const days = 900
/** Hours of a day that hold single lectures, and those that hold series. */
const [singleFrom, singleHours] = [8, 11]
const [seriesFrom, seriesHours] = [19, 4]
const weeks = 14

/** `hour` may have a fraction; an event is five sixths of its `slot` (minutes) long. */
function sample(
  uid: string,
  offset: number,
  hour: number,
  summary: string,
  lines: readonly string[] = [],
  slot = 60,
): Sample {
  const date = day(offset).toString().replaceAll('-', '')
  const clock = (minutes: number) => `${two(Math.floor(minutes / 60))}${two(minutes % 60)}00Z`
  const begin = Math.round(hour * 60)
  const vevent = [
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART:${date}T${clock(begin)}`,
    `DTEND:${date}T${clock(begin + Math.floor((slot * 5) / 6))}`,
    `SUMMARY:${summary}`,
    'DESCRIPTION:Lecture with recording\\, camera and screen.',
    'LOCATION:Lecture hall',
    ...lines,
    'END:VEVENT',
    '',
  ].join('\r\n')
  return { uid, vevent }
}

/** `count` events of one calendar, `series` of them weekly for 14 weeks; `prefix` keeps UIDs of calendars apart. */
export function lectures(prefix: string, count: number, series: number): Sample[] {
  const singleCount = count - series
  const slot = [60, 30, 20, 10].find(minutes => (days * singleHours * 60) / minutes >= singleCount)
  if (slot === undefined) throw new RangeError(`${count} events do not fit without overlaps`)
  const singles = Array.from({ length: singleCount }, (_, index) => {
    const hour = singleFrom + (Math.floor(index / days) * slot) / 60
    return sample(`${prefix}-${index}`, firstDay + (index % days), hour, `Lecture ${index}`, [], slot)
  })
  const rules = Array.from({ length: series }, (_, index) => {
    const perBlock = 7 * seriesHours
    const offset = firstDay + (index % 7) + Math.floor(index / perBlock) * weeks * 7
    const hour = seriesFrom + (Math.floor(index / 7) % seriesHours)
    return sample(`${prefix}-series-${index}`, offset, hour, `Course ${index}`, [`RRULE:FREQ=WEEKLY;COUNT=${weeks}`])
  })
  return [...singles, ...rules]
}

export const calendarOf = (samples: readonly Sample[]): string =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//kaldav//bench//EN\r\n${samples.map(one => one.vevent).join('')}END:VCALENDAR\r\n`

/** A new event with the load generator's counter in its UID and times of its own (see `Plan.requests`). */
export const counted = [
  ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kaldav//bench//EN', 'BEGIN:VEVENT', 'UID:new-@@@@@@@@'],
  ...['DTSTAMP:20260101T000000Z', 'DTSTART:@START@@START@@S', 'DTEND:@END@@END@@END@@'],
  ...['SUMMARY:New lecture @@@@@@@@', 'END:VEVENT', 'END:VCALENDAR', ''],
].join('\r\n')

/** Epoch seconds of midnight UTC, `offset` days from today. */
export const epochOf = (offset: number): number => day(offset).toZonedDateTime('UTC').epochMilliseconds / 1000

/** A day after all lectures, where new events clash with nothing. */
export const afterAll = 720

/** A course of 14 weeks that clashes with lectures already there. */
export const clashing = (number: number): string =>
  calendarOf([
    sample(`clashing-${number}`, 1 + (number % 200), singleFrom + (number % singleHours), `Clash ${number}`, [
      `RRULE:FREQ=WEEKLY;COUNT=${weeks}`,
    ]),
  ])

/** From midnight UTC of one day to midnight of another, as CALDAV:time-range has it. */
export const range = (from: number, to: number): string => {
  const at = (offset: number) => `${day(offset).toString().replaceAll('-', '')}T000000Z`
  return `start="${at(from)}" end="${at(to)}"`
}
