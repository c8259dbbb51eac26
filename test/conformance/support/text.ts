/** What the first group of each match holds. */
export const getAllMatches = (pattern: RegExp, text: string): string[] =>
  [...text.matchAll(pattern)].map(match => match[1] ?? '')

/** `yyyymmdd` of the day that is `offset` days from today, so that scripts never run out of the indexed time. */
export function day(offset: number): string {
  const today = Temporal.Now.plainDateISO('UTC').add({ days: offset })
  return today.toString().replaceAll('-', '')
}

export interface Lecture {
  readonly uid: string
  readonly summary: string
  /** Days from today; 14 unless told. */
  readonly offset?: number
  /** Local hour of the start; 9 unless told. */
  readonly hour?: number
  /** More content lines, for example an RRULE. */
  readonly lines?: readonly string[]
}

/** An hour in Europe/Berlin as a client writes it, with its VTIMEZONE. */
export function lecture({ uid, summary, offset = 14, hour = 9, lines = [] }: Lecture): string {
  const at = (h: number) => `TZID=Europe/Berlin:${day(offset)}T${String(h).padStart(2, '0')}0000`
  return [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//kaldav//conformance//EN',
    'BEGIN:VTIMEZONE',
    'TZID:Europe/Berlin',
    'BEGIN:DAYLIGHT',
    'TZOFFSETFROM:+0100',
    'TZOFFSETTO:+0200',
    'TZNAME:CEST',
    'DTSTART:19700329T020000',
    'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
    'END:DAYLIGHT',
    'BEGIN:STANDARD',
    'TZOFFSETFROM:+0200',
    'TZOFFSETTO:+0100',
    'TZNAME:CET',
    'DTSTART:19701025T030000',
    'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU',
    'END:STANDARD',
    'END:VTIMEZONE',
    'BEGIN:VEVENT',
    `UID:${uid}`,
    'DTSTAMP:20260101T000000Z',
    `DTSTART;${at(hour)}`,
    `DTEND;${at(hour + 1)}`,
    `SUMMARY:${summary}`,
    ...lines,
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n')
}
