import { describe, expect, it } from 'vitest'
import { componentCount, parseCalendar } from '../../src/schedule/ical.ts'

const calendar = (...lines: string[]): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n')
const vevent = (...lines: string[]): string => ['BEGIN:VEVENT', 'UID:a', ...lines, 'END:VEVENT'].join('\r\n')
const START = 'DTSTART;TZID=Europe/Berlin:20260302T091500'
const at = (dateTime: string, tzid: string | null = 'Europe/Berlin') => ({ dateTime, tzid })

/** The only event of a calendar with one VEVENT of these lines. */
const read = (...lines: string[]) => {
  const parsed = parseCalendar(calendar(vevent(...lines)))
  const [event] = parsed.events
  return { ...parsed, event, master: event?.master ?? null }
}
const reasons = (findings: readonly { reason: string }[]) => findings.map(({ reason }) => reason)

describe('line ends and shape', () => {
  const lines = [
    'BEGIN:VCALENDAR',
    'BEGIN:VEVENT',
    'UID:a',
    START,
    'SUMMARY:Long',
    ' er text',
    'END:VEVENT',
    'END:VCALENDAR',
  ]
  const expected = parseCalendar(lines.join('\r\n')).events

  it.each([
    ['LF', lines.join('\n')],
    ['CR', lines.join('\r')],
    ['mixed', `${lines.slice(0, 4).join('\r\n')}\n${lines.slice(4).join('\r')}`],
    ['CR CR LF', lines.join('\r\r\n')],
    ['a byte order mark', `\ufeff${lines.join('\r\n')}`],
    ['no last line end', lines.join('\n')],
    ['no END:VCALENDAR', lines.slice(0, -1).join('\n')],
    ['blank lines', lines.join('\n\n')],
    ['indented as a whole', lines.map(line => `    ${line}`).join('\n')],
    ['lower case', lines.join('\n').replace('BEGIN:VEVENT', 'begin:vevent').replace('SUMMARY', 'summary')],
    ['no VCALENDAR', lines.slice(1, -1).join('\n')],
  ])('%s', (_, text) => {
    expect(expected[0]?.master?.summary).toBe('Longer text')
    expect(parseCalendar(text).events).toEqual(expected)
  })

  it('reads several calendars, and knows method, product and name', () => {
    const one = calendar('PRODID:-//a//b', 'METHOD:publish', 'X-WR-CALNAME:Room\\, one', vevent(START))
    const two = calendar('BEGIN:VEVENT', 'UID:b', START, 'END:VEVENT')
    const parsed = parseCalendar(one + two)
    expect(parsed.events.map(({ uid }) => uid)).toEqual(['a', 'b'])
    expect(parsed).toMatchObject({ method: 'PUBLISH', prodid: '-//a//b', name: 'Room, one' })
    expect([...parsed.lines]).toEqual([
      ['a', 6],
      ['b', 13],
    ])
  })

  it('lists what is no event, once each, as no error', () => {
    const other = ['VTODO', 'VTODO', 'VJOURNAL', 'VFREEBUSY'].map(name => `BEGIN:${name}\r\nUID:x\r\nEND:${name}`)
    const parsed = parseCalendar(calendar(...other, vevent(START)))
    expect(parsed.otherComponents).toEqual(['VTODO', 'VTODO', 'VJOURNAL', 'VFREEBUSY'])
    expect(parsed.rejected).toEqual([])
  })

  it.each(['', 'hello', '<html><body>404</body></html>'])('says that %j is no calendar', text => {
    const parsed = parseCalendar(text, { file: 'x.ics' })
    expect(parsed.rejected).toMatchObject([{ file: 'x.ics', line: 1, component: 'VCALENDAR' }])
  })
})

describe('one bad component among good ones', () => {
  it('is named with file, line, UID and reason; the others go on', () => {
    const text = calendar(
      vevent(START),
      'BEGIN:VEVENT\r\nUID:bad\r\nDTSTART:soon\r\nEND:VEVENT',
      'BEGIN:VEVENT\r\nUID:c\r\nDTSTART:20260302T080000Z\r\nEND:VEVENT',
    )
    const parsed = parseCalendar(text, { file: 'plan.ics' })
    expect(parsed.events.map(({ uid }) => uid)).toEqual(['a', 'c'])
    expect(parsed.rejected).toEqual([
      {
        file: 'plan.ics',
        line: 7,
        component: 'VEVENT',
        uid: 'bad',
        reason: 'line 9: DTSTART: "soon" is no date and no time',
      },
    ])
  })

  it.each([
    ['no DTSTART', ['SUMMARY:x'], 'no DTSTART'],
    ['end before start', [START, 'DTEND;TZID=Europe/Berlin:20260302T091459'], 'DTEND is before DTSTART'],
    [
      'end before start in another zone',
      [START, 'DTEND;TZID=Europe/London:20260302T081459'],
      'DTEND is before DTSTART',
    ],
    ['negative duration', [START, 'DURATION:-PT1H'], 'negative'],
    ['unreadable duration', [START, 'DURATION:1h'], 'no duration'],
    ['a day that does not exist', ['DTSTART:20260230T080000Z'], 'no date and no time'],
    ['unknown zone', ['DTSTART;TZID=Mars/Olympus:20260302T080000'], '"Mars/Olympus" is unknown'],
    [
      'unknown zone of EXDATE',
      [START, 'RRULE:FREQ=DAILY', 'EXDATE;TZID=Mars:20260303T091500'],
      'line 7: EXDATE: the time zone "Mars"',
    ],
    ['unreadable rule', [START, 'RRULE:FREQ=SOMETIMES'], 'line 6: RRULE: the rule FREQ=SOMETIMES has no usable FREQ'],
    [
      'date and time of day',
      ['DTSTART;VALUE=DATE:20260302', 'DTEND:20260302T100000'],
      'DTSTART is a date, but DTEND a time of day',
    ],
    [
      'floating start, end in UTC',
      ['DTSTART:20260302T080000', 'DTEND:20260302T090000Z'],
      'which instants are meant is unknown',
    ],
    ['THISANDPRIOR', [START, 'RECURRENCE-ID;RANGE=THISANDPRIOR:20260302T080000Z'], 'THISANDPRIOR'],
  ])('rejects %s', (_, lines, reason) => {
    const parsed = read(...lines)
    expect(parsed.events).toEqual([])
    expect(parsed.rejected).toMatchObject([{ line: 3, component: 'VEVENT', uid: 'a' }])
    expect(reasons(parsed.rejected)[0]).toContain(reason)
  })

  it('rejects an event at whose middle the text ends', () => {
    const parsed = parseCalendar(['BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'UID:a', START].join('\n'))
    expect(parsed.rejected).toMatchObject([{ line: 2, uid: 'a', reason: 'the text ends inside it' }])
  })

  it('ends an event whose END is missing where the next begins', () => {
    const parsed = parseCalendar(calendar('BEGIN:VEVENT', 'UID:b', START, 'BEGIN:VALARM', vevent(START)))
    expect(parsed.events.map(({ uid }) => uid)).toEqual(['b', 'a'])
    expect(reasons(parsed.notices)).toContain('END:VEVENT is missing: ended by BEGIN:VEVENT')
  })

  it('turns what Kaltura says instead of events into a rejection', () => {
    const parsed = parseCalendar(
      'BEGIN:VCALENDAR\r\nBEGIN:VERROR\r\nX-KALTURA-CODE:INVALID_KS\r\nX-KALTURA-MESSAGE:Invalid KS\r\nEND:VERROR\r\nEND:VCALENDAR\r\n',
    )
    expect(parsed.rejected).toMatchObject([
      { component: 'VERROR', reason: expect.stringContaining('INVALID_KS: Invalid KS') },
    ])
  })
})

describe('times', () => {
  it.each([
    ['20260302T081500Z', '', at('2026-03-02T08:15:00', 'UTC')],
    ['20260302T081500', '', at('2026-03-02T08:15:00', null)],
    ['20260302', ';VALUE=DATE', { date: '2026-03-02' }],
    ['20260302', '', { date: '2026-03-02' }],
    ['20260302Z', '', { date: '2026-03-02' }],
    ['20260302', ';TZID=Europe/Berlin', { date: '2026-03-02' }],
    ['20260302T000000', ';VALUE=DATE', { date: '2026-03-02' }],
    ['20260302T081500', ';VALUE=DATE', at('2026-03-02T08:15:00', null)],
    ['20260302T0815', '', at('2026-03-02T08:15:00', null)],
    ['2026-03-02T08:15:00Z', '', at('2026-03-02T08:15:00', 'UTC')],
    ['20260302T081500+0130', '', at('2026-03-02T06:45:00', 'UTC')],
    ['20260302T240000', '', at('2026-03-03T00:00:00', null)],
    ['20260302T235960Z', '', at('2026-03-02T23:59:59', 'UTC')],
    ['20260302T081500Z', ';TZID=Europe/Berlin', at('2026-03-02T08:15:00', 'UTC')],
    ['20260302T081500', ';TZID=UTC', at('2026-03-02T08:15:00', 'UTC')],
    ['20260302T081500', ';TZID="W. Europe Standard Time"', at('2026-03-02T08:15:00')],
    ['20260302T081500', ';TZID=(UTC+01:00) Amsterdam, Berlin, Rome', at('2026-03-02T08:15:00')],
    ['', ';TZID="W. Europe Standard Time:20260302T081500"', at('2026-03-02T08:15:00')],
  ])('DTSTART%2$s:%1$s', (value, parameters, expected) => {
    const colon = value === '' ? '' : ':'
    expect(read(`DTSTART${parameters}${colon}${value}`).master?.start).toEqual(expected)
  })

  it.each([
    ['DTEND of another type is its midnight', [START, 'DTEND;VALUE=DATE:20260303'], at('2026-03-03T00:00:00')],
    ['DTEND without zone takes that of DTSTART', [START, 'DTEND:20260302T100000'], at('2026-03-02T10:00:00')],
    [
      'a midnight after a date is a date',
      ['DTSTART;VALUE=DATE:20260302', 'DTEND:20260303T000000'],
      { date: '2026-03-03' },
    ],
    ['hours that are days', ['DTSTART;VALUE=DATE:20260302', 'DURATION:PT86400S'], { duration: 'P1D' }],
    ['DURATION stays DURATION', [START, 'DURATION:PT1H30M'], { duration: 'PT1H30M' }],
    ['weeks beside days', [START, 'DURATION:P1W1DT1H'], { duration: 'P8DT1H' }],
    ['end at start', [START, 'DTEND;TZID=Europe/Berlin:20260302T091500'], at('2026-03-02T09:15:00')],
    [
      'DTEND before DURATION',
      [START, 'DURATION:PT2H', 'DTEND;TZID=Europe/Berlin:20260302T101500'],
      at('2026-03-02T10:15:00'),
    ],
  ])('%s', (_, lines, expected) => {
    const { master, rejected } = read(...lines)
    expect(rejected).toEqual([])
    expect(master?.end).toEqual(expected)
  })

  it('takes a midnight for a time where the end has a time of day, whatever VALUE says', () => {
    const { master } = read('DTSTART;VALUE=DATE:20260302T000000', 'DTEND;VALUE=DATE:20260302T010000')
    expect(master?.start).toEqual(at('2026-03-02T00:00:00', null))
  })

  it('says of every repair what it did', () => {
    expect(read('DTSTART:20260302').notices).toMatchObject([
      { line: 5, uid: 'a', reason: 'DTSTART: "20260302" is a date: VALUE=DATE is missing' },
    ])
  })

  it('does not apply X-WR-TIMEZONE, and says so', () => {
    const parsed = parseCalendar(calendar('X-WR-TIMEZONE:Europe/Berlin', vevent('DTSTART:20260302T080000')))
    expect(parsed.events[0]?.master?.start).toEqual(at('2026-03-02T08:00:00', null))
    expect(reasons(parsed.notices)).toEqual([
      'X-WR-TIMEZONE Europe/Berlin is not applied: times without a zone keep none',
    ])
  })

  it('knows a zone by the rules that come with it, and says which it took', () => {
    const rules = (name: string, from: string, to: string, start: string, rule: string) =>
      [
        `BEGIN:${name}`,
        `DTSTART:${start}`,
        `RRULE:FREQ=YEARLY;${rule}`,
        `TZOFFSETFROM:${from}`,
        `TZOFFSETTO:${to}`,
        `END:${name}`,
      ].join('\r\n')
    const zone = [
      'BEGIN:VTIMEZONE',
      'TZID:Customized Time Zone',
      rules('STANDARD', '-0400', '-0500', '16011104T020000', 'BYDAY=1SU;BYMONTH=11'),
      rules('DAYLIGHT', '-0500', '-0400', '16010311T020000', 'BYDAY=2SU;BYMONTH=3'),
      'END:VTIMEZONE',
    ]
    const parsed = parseCalendar(calendar(...zone, vevent('DTSTART;TZID=Customized Time Zone:20260302T080000')))
    expect(parsed.events[0]?.master?.start).toEqual(at('2026-03-02T08:00:00', 'America/New_York'))
    expect(reasons(parsed.notices)).toEqual(['the time zone "Customized Time Zone" is taken for America/New_York'])
  })
})

describe('text', () => {
  it('takes a line that is no property for more of the text before it', () => {
    const { master, notices } = read(
      START,
      'DESCRIPTION:',
      'Dear all,',
      '',
      'see https://x.example/a;b',
      'Passcode: 12',
      'RRULE:FREQ=DAILY',
    )
    expect(master?.description).toBe('\nDear all,\n\nsee https://x.example/a;b\nPasscode: 12')
    expect(master?.rrules).toEqual(['FREQ=DAILY'])
    expect(notices).toHaveLength(1)
  })

  it('never takes a folded line for the end of the event', () => {
    const { master } = read(START, 'DESCRIPTION:abc', ' END:VEVENT', ' BEGIN:VEVENT')
    expect(master?.description).toBe('abcEND:VEVENTBEGIN:VEVENT')
  })

  it('reads bare line feeds inside CRLF output of Kaltura as text, even where they look like properties', () => {
    const text = [
      'BEGIN:VCALENDAR',
      'BEGIN:VEVENT',
      'UID:a',
      'DESCRIPTION:One\n two: with, commas; and\nURL:https://x.example',
      'DTSTART:20260302T080000Z',
      'X-KALTURA-ID:1',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ].join('\r\n')
    const [event] = parseCalendar(text).events
    expect(event?.master?.description).toBe('One\n two: with, commas; and\nURL:https://x.example')
    expect(event?.master?.extra).toEqual([])
    // Lines are counted as an editor counts them.
    expect(parseCalendar(text.replace('DTSTART:', 'DTSTART:x')).rejected[0]?.reason).toContain('line 7: DTSTART')
  })

  it('reads vCalendar 1.0: its rules, its lists, its quoted-printable', () => {
    const text = [
      'BEGIN:VCALENDAR',
      'VERSION:1.0',
      'BEGIN:VEVENT',
      'UID:a',
      'DTSTART:20260302T081500Z',
      'SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Vor=',
      'lesung =C3=A4, b',
      'DESCRIPTION;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:=E4=0D=0Ax',
      'RRULE:W2 MO WE #10',
      'EXDATE:20260304T081500Z;20260318T081500Z',
      'TRANSP:1',
      'END:VEVENT',
      'END:VCALENDAR',
    ].join('\n')
    expect(parseCalendar(text).events[0]?.master).toMatchObject({
      summary: 'Vorlesung ä, b',
      description: 'ä\nx',
      rrules: ['FREQ=WEEKLY;INTERVAL=2;COUNT=10;BYDAY=MO,WE'],
      exdates: [at('2026-03-04T08:15:00', 'UTC'), at('2026-03-18T08:15:00', 'UTC')],
      transparent: true,
    })
  })

  it.each([
    ['D1 #0', 'FREQ=DAILY'],
    ['D3', 'FREQ=DAILY;INTERVAL=3;COUNT=2'],
    ['MP1 1+ MO 2- FR #5', 'FREQ=MONTHLY;COUNT=5;BYDAY=1MO,-2FR'],
    ['MD1 1 15 LD 20261231T000000Z', 'FREQ=MONTHLY;UNTIL=20261231T000000Z;BYMONTHDAY=1,15,-1'],
    ['YM1 3 9 #4', 'FREQ=YEARLY;COUNT=4;BYMONTH=3,9'],
  ])('reads the vCalendar rule %s', (rule, expected) => {
    expect(read(START, `RRULE:${rule}`).master?.rrules).toEqual([expected])
  })
})

describe('rules and what they are made of', () => {
  it('keeps several rules, EXRULE, RDATE with periods, EXDATE', () => {
    const { master } = read(
      START,
      'RRULE:FREQ=WEEKLY;COUNT=3',
      'RRULE:FREQ=MONTHLY;COUNT=2',
      'EXRULE:FREQ=YEARLY',
      'RDATE;TZID=Europe/Berlin:20260401T091500,20260402T091500',
      'RDATE;VALUE=PERIOD:20260403T080000Z/PT1H,20260404T080000Z/20260404T100000Z',
      'EXDATE:20260309T081500Z',
    )
    expect(master).toMatchObject({
      rrules: ['FREQ=WEEKLY;COUNT=3', 'FREQ=MONTHLY;COUNT=2'],
      exrules: ['FREQ=YEARLY'],
      rdates: [
        at('2026-04-01T09:15:00'),
        at('2026-04-02T09:15:00'),
        { start: at('2026-04-03T08:00:00', 'UTC'), end: { duration: 'PT1H' } },
        { start: at('2026-04-04T08:00:00', 'UTC'), end: at('2026-04-04T10:00:00', 'UTC') },
      ],
      exdates: [at('2026-03-09T08:15:00', 'UTC')],
    })
  })

  it.each([
    ['freq=weekly; byday=mo ;', 'FREQ=WEEKLY;BYDAY=MO'],
    ['FREQ=DAILY\\;COUNT=10', 'FREQ=DAILY;COUNT=10'],
    ['FREQ=WEEKLY;INTERVAL=1;NAME=x;RSCALE=GREGORIAN;SKIP=OMIT;COUNT=3', 'FREQ=WEEKLY;COUNT=3'],
  ])('brings the rule %s to its plain form', (rule, expected) => {
    expect(read(START, `RRULE:${rule}`).master?.rrules).toEqual([expected])
  })

  it('leaves out single dates that cannot be read, in one notice', () => {
    const { master, notices } = read(
      START,
      'RRULE:FREQ=DAILY',
      'EXDATE;TZID=Europe/Berlin:20260303T091500,,never',
      'EXDATE;VALUE=DATE:20260304',
    )
    expect(master?.exdates).toEqual([at('2026-03-03T09:15:00'), at('2026-03-04T09:15:00')])
    expect(reasons(notices)).toEqual([
      'EXDATE: the value is empty (and 1 more): left out',
      'EXDATE is a date: taken as the occurrence of that day',
    ])
  })
})

describe('several VEVENTs of one UID', () => {
  const series = vevent(START, 'RRULE:FREQ=WEEKLY;COUNT=4')
  const override = (id: string, ...lines: string[]) =>
    vevent('DTSTART;TZID=Europe/Berlin:20260309T140000', id, ...lines)
  const recurrenceIds = (text: string) =>
    parseCalendar(calendar(text)).events[0]?.overrides.map(({ recurrenceId }) => recurrenceId)

  it.each([
    ['RECURRENCE-ID;TZID=Europe/Berlin:20260309T091500'],
    ['RECURRENCE-ID:20260309T081500Z'],
    ['RECURRENCE-ID;TZID=Europe/London:20260309T081500'],
    ['RECURRENCE-ID:20260309T091500'],
    ['RECURRENCE-ID;VALUE=DATE:20260309'],
  ])('brings %s to the clock of the master', id => {
    expect(recurrenceIds([override(id), series].join('\r\n'))).toEqual([at('2026-03-09T09:15:00')])
  })

  it('brings a midnight to a series of dates, and refuses what names no occurrence', () => {
    const days = vevent('DTSTART;VALUE=DATE:20260302', 'RRULE:FREQ=DAILY;COUNT=9')
    expect(recurrenceIds(`${days}\r\n${override('RECURRENCE-ID:20260304T000000Z')}`)).toEqual([{ date: '2026-03-04' }])
    const parsed = parseCalendar(calendar(days, override('RECURRENCE-ID:20260304T091500Z')))
    expect(parsed.events[0]?.overrides).toEqual([])
    expect(reasons(parsed.rejected)).toEqual([
      'RECURRENCE-ID 2026-03-04T09:15:00Z names no occurrence of a series that starts 2026-03-02',
    ])
  })

  it('refuses a date where a day has several occurrences', () => {
    const hourly = vevent(START, 'RRULE:FREQ=HOURLY;COUNT=9')
    expect(parseCalendar(calendar(hourly, override('RECURRENCE-ID;VALUE=DATE:20260302'))).rejected).toHaveLength(1)
  })

  it('keeps overrides without a master, sorted, with THISANDFUTURE', () => {
    const parsed = parseCalendar(
      calendar(
        override('RECURRENCE-ID;RANGE=THISANDFUTURE:20260316T081500Z'),
        override('RECURRENCE-ID:20260309T081500Z'),
      ),
    )
    expect(parsed.events).toHaveLength(1)
    expect(parsed.events[0]).toMatchObject({
      master: null,
      overrides: [
        { recurrenceId: at('2026-03-09T08:15:00', 'UTC'), thisAndFuture: false },
        { recurrenceId: at('2026-03-16T08:15:00', 'UTC'), thisAndFuture: true },
      ],
    })
  })

  it('lets the later version win, by SEQUENCE, DTSTAMP, place', () => {
    const version = (...lines: string[]) => vevent(START, ...lines)
    const summary = (...versions: string[]) => {
      const parsed = parseCalendar(calendar(...versions))
      expect(parsed.absorbed).toBe(versions.length - 1)
      expect(parsed.notices).toHaveLength(versions.length - 1)
      return parsed.events[0]?.master?.summary
    }
    expect(summary(version('SEQUENCE:2', 'SUMMARY:new'), version('SEQUENCE:1', 'SUMMARY:old'))).toBe('new')
    expect(
      summary(version('DTSTAMP:20260102T000000Z', 'SUMMARY:new'), version('DTSTAMP:20260101T000000Z', 'SUMMARY:old')),
    ).toBe('new')
    expect(summary(version('SUMMARY:old'), version('SUMMARY:new'))).toBe('new')
  })

  it('gives a VEVENT without UID one made from its content', () => {
    const nameless = (summary: string, stamp: string) =>
      `BEGIN:VEVENT\r\nDTSTAMP:${stamp}\r\n${START}\r\nSUMMARY:${summary}\r\nEND:VEVENT`
    const uid = (...text: string[]) => parseCalendar(calendar(...text)).events.map(event => event.uid)
    const [first, second] = uid(nameless('x', '20260101T000000Z'), nameless('y', '20260101T000000Z'))
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).not.toBe(first)
    expect(uid(nameless('x', '20270101T000000Z'))).toEqual([first])
  })

  it('accepts a cancelled occurrence without a time of its own', () => {
    const parsed = parseCalendar(calendar(series, vevent('RECURRENCE-ID:20260309T081500Z', 'STATUS:CANCELLED')))
    expect(parsed.events[0]?.overrides).toMatchObject([
      { status: 'CANCELLED', start: at('2026-03-09T08:15:00', 'UTC') },
    ])
  })
})

describe('what is kept and what is not', () => {
  it('keeps unknown properties, parameters, alarms; the second of two texts', () => {
    const { master } = read(
      START,
      'SUMMARY;LANGUAGE=de:Eins',
      'SUMMARY:Zwei',
      'X-FOO;X-BAR="a;b":raw\\,text',
      'ATTENDEE;CN="Doe, J^\'r";MEMBER="mailto:a@x","mailto:b@x":mailto:c@x',
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      'TRIGGER:-PT15M',
      'END:VALARM',
    )
    expect(master).toMatchObject({
      summary: 'Eins',
      parameters: { summary: { language: 'de' } },
      extra: [
        ['summary', {}, 'text', 'Zwei'],
        ['x-foo', { 'x-bar': 'a;b' }, 'unknown', 'raw\\,text'],
        ['attendee', { cn: 'Doe, J"r', member: ['mailto:a@x', 'mailto:b@x'] }, 'cal-address', 'mailto:c@x'],
      ],
      components: [
        [
          'valarm',
          [
            ['action', {}, 'text', 'DISPLAY'],
            ['trigger', {}, 'duration', '-PT15M'],
          ],
          [],
        ],
      ],
    })
  })

  it('drops X-KALDAV-*, and what is not of its type with a notice', () => {
    const { master, notices } = read(
      START,
      'X-KALDAV-CONFLICT:overlap',
      'PRIORITY:high',
      'GEO:here',
      'STATUS:MAYBE',
      'CLASS:SECRET',
      'SEQUENCE:-1',
      'TRANSP:GLASS',
    )
    expect(master).toMatchObject({
      extra: [],
      status: null,
      classification: 'PRIVATE',
      sequence: 0,
      transparent: false,
    })
    expect(notices.map(({ line }) => line)).toEqual([7, 8, 9, 10, 11, 12])
  })

  it('is not misled by names that objects have', () => {
    const { master } = read(START, 'CONSTRUCTOR:x', '__PROTO__:y', 'X-A;constructor=q;__proto__=z:v')
    expect(master?.extra).toEqual([
      ['constructor', {}, 'unknown', 'x'],
      ['x-a', { constructor: 'q' }, 'unknown', 'v'],
    ])
  })

  it('never makes a property of a broken BEGIN or END', () => {
    expect(read(START, 'END;X=1:VEVENT', 'BEGIN ;X=1:VEVENT').master?.extra).toEqual([])
  })

  it('counts every VEVENT once', () => {
    const parsed = parseCalendar(
      calendar(vevent(START), vevent(START), vevent('DTSTART:x'), vevent(START, 'RECURRENCE-ID:20260302T081500Z')),
    )
    const imported = parsed.events.reduce((sum, event) => sum + componentCount(event), 0)
    expect([imported, parsed.rejected.length, parsed.absorbed]).toEqual([2, 1, 1])
  })
})
