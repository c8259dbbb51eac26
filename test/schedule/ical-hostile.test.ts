import { describe, expect, it } from 'vitest'
import { parseCalendar, writeCalendar } from '../../src/schedule/ical.ts'
import { cpuTime } from './ical-cpu.ts'

const SIZE = 1 << 20
/** One event with a megabyte of something in it. */
const inEvent = (text: string): string =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260101T000000Z\r\n${text}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`
const fill = (unit: string, before = '', after = ''): string =>
  before + unit.repeat(Math.floor((SIZE - before.length - after.length) / unit.length)) + after
/** A megabyte of components. */
const many = (component: (i: number) => string[]): string => {
  const lines = ['BEGIN:VCALENDAR']
  for (let i = 0, size = 0; size < SIZE; i++) {
    const added = component(i)
    size += added.join('\r\n').length + 2
    lines.push(...added)
  }
  return [...lines, 'END:VCALENDAR', ''].join('\r\n')
}
const event = (i: number, ...lines: string[]): string[] => ['BEGIN:VEVENT', `UID:e${i}`, ...lines, 'END:VEVENT']
const START = 'DTSTART:20260101T000000Z'

const inputs: Readonly<Record<string, string>> = {
  'BEGIN without end': fill('BEGIN:VEVENT\n'),
  'unknown components, nested': fill('BEGIN:A\n'),
  'ends of others': fill('BEGIN:A\nEND:B\n'),
  'empty events': fill('BEGIN:VEVENT\nEND:VEVENT\n'),
  'folds of one letter': inEvent(`DESCRIPTION:x${'\r\n y'.repeat(SIZE / 4)}`),
  'blank lines, then text': inEvent(`DESCRIPTION:x${'\n'.repeat(SIZE)}more text`),
  'lines of running text': inEvent(fill('more text\n\n', 'DESCRIPTION:x\n')),
  quotes: inEvent(fill('"', 'X-A;B=')),
  'quotes that do not close': inEvent(fill(';A="', 'X-A')),
  parameters: inEvent(fill(';A=b', 'X-A', ':v')),
  'a list in a parameter': inEvent(fill('"a",', 'ATTENDEE;MEMBER=', ':x')),
  backslashes: inEvent(fill('\\', 'DESCRIPTION:')),
  commas: inEvent(fill(',', 'CATEGORIES:')),
  'quoted-printable in the name': inEvent(fill('QUOTED-PRINTABLE', 'SUMMARY;', '=')),
  'soft line breaks': inEvent(fill('=\n', 'SUMMARY;ENCODING=QUOTED-PRINTABLE:')),
  'bad dates': inEvent(fill('x,', 'EXDATE:')),
  'good dates': inEvent(fill('20260101T000000Z,', 'EXDATE:')),
  'rule parts': inEvent(fill(';BYDAY=MO', 'RRULE:FREQ=DAILY')),
  rules: inEvent(fill('RRULE:FREQ=DAILY\r\n')),
  'digits of a duration': inEvent(fill('1', 'DURATION:P', 'D')),
  'digits of an alarm': inEvent(fill('1', 'TRIGGER:P')),
  'ids that are none': inEvent(fill('x,', 'X-KALTURA-RESOURCE-IDS:')),
  'a long TZID': inEvent('').replace(
    'DTSTART:20260101T000000Z',
    `DTSTART;TZID=${'a/'.repeat(SIZE / 2)}:20260101T000000`,
  ),
  'overrides of one occurrence': many(() => event(0, START, 'RECURRENCE-ID:20260101T000000Z')),
  'masters of one UID': many(() => event(0, START)),
  'events without UID': many(i => ['BEGIN:VEVENT', START, `SUMMARY:${i}`, 'END:VEVENT']),
  'zones by rules that no zone keeps': many(i => [
    ...['BEGIN:VTIMEZONE', `TZID:Z${i}`, 'BEGIN:STANDARD', `DTSTART:1${600 + (i % 300)}0101T000000`],
    ...[
      'RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=99990101T000000Z',
      `TZOFFSETFROM:+0${i % 10}17`,
      'TZOFFSETTO:+0119',
      'END:STANDARD',
      'END:VTIMEZONE',
    ],
    ...event(i, `DTSTART;TZID=Z${i}:20260101T000000`),
  ]),
  'zones by names that are none': many(i => event(i, `DTSTART;TZID=Europe/Foo_${i}${'_x'.repeat(50)}:20260101T000000`)),
  'Kaltura series with costly rules': many(i => [
    ...event(i, START, `X-KALTURA-ID:${2 * i + 1}`, 'RRULE:FREQ=SECONDLY;BYSECOND=1;BYMONTH=2;BYMONTHDAY=30'),
    ...event(i, 'DTSTART:20270101T000000Z', `X-KALTURA-ID:${2 * i + 2}`, `X-KALTURA-PARENT-ID:${2 * i + 1}`),
  ]),
  'control characters': fill('\u0000'),
  'carriage returns': fill('\r'),
  'half characters': inEvent(fill('\ud83d', 'SUMMARY:')),
}

describe('a megabyte of', () => {
  it.each(Object.entries(inputs))('%s is read and written in time', (_, text) => {
    let parsed = parseCalendar('')
    let written = ''
    const took = cpuTime(() => {
      parsed = parseCalendar(text)
      written = writeCalendar(parsed.events)
    })
    const { events, rejected, notices } = parsed
    expect(took).toBeLessThan(2000)
    expect(rejected.filter(({ reason }) => reason.includes('could not be'))).toEqual([])
    expect(events.length + rejected.length + notices.length).toBeGreaterThan(0)
    expect(written.endsWith('END:VCALENDAR\r\n')).toBe(true)
  })
})
