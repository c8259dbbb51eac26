import { describe, expect, it } from 'vitest'
import type { JCalComponent } from '../../src/schedule/event.ts'
import { emptyMaster } from '../../src/schedule/event.ts'
import { parseCalendar, writeCalendar } from '../../src/schedule/ical.ts'
import { resolveZone, vtimezone, windowsZone } from '../../src/schedule/timezone.ts'
import { agree, changesOf } from '../../src/schedule/zone-changes.ts'
import { allZones } from '../../src/schedule/zone-lookup.ts'
import { changesOfRules } from '../../src/schedule/zone-rules.ts'

const year = (of: number) => Date.UTC(of, 0) / 1000

describe('a TZID by its name', () => {
  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    ['europe/berlin', 'Europe/Berlin'],
    [' Europe/Berlin ', 'Europe/Berlin'],
    ['"Europe/Berlin"', 'Europe/Berlin'],
    ['US/Pacific', 'America/Los_Angeles'],
    ['Canada/Mountain', 'America/Edmonton'],
    ['Japan', 'Asia/Tokyo'],
    ['Singapore', 'Asia/Singapore'],
    ['America/Montreal', 'America/Toronto'],
    ['Europe/Kiev', 'Europe/Kyiv'],
    ['Asia/Calcutta', 'Asia/Kolkata'],
    ['UTC', 'UTC'],
    ['Etc/UTC', 'UTC'],
    ['GMT', 'UTC'],
    ['Z', 'UTC'],
    ['Etc/GMT-1', 'Etc/GMT-1'],
    ['W. Europe Standard Time', 'Europe/Berlin'],
    ['w. europe standard time', 'Europe/Berlin'],
    ['W. Europe Standard Time 1', 'Europe/Berlin'],
    ['W. Europe', 'Europe/Berlin'],
    ['Pacific Standard Time', 'America/Los_Angeles'],
    ['Eastern Daylight Time', 'America/New_York'],
    ['GMT Standard Time', 'Europe/London'],
    ['Mountain Standard Time (Mexico)', 'America/Mazatlan'],
    ['UTC-11', 'Etc/GMT+11'],
    ['/mozilla.org/20050126_1/America/Boise', 'America/Boise'],
    ['/softwarestudio.org/Olson_20011030_5/America/New_York', 'America/New_York'],
    ['/freeassociation.sourceforge.net/Tzfile/Europe/Berlin', 'Europe/Berlin'],
    ['/citadel.org/20210210_1/America/Argentina/Salta', 'America/Argentina/Salta'],
    ['/America/New_York', 'America/New_York'],
    ['America-New_York', 'America/New_York'],
    ['US-Eastern', 'America/New_York'],
    ['America/Los Angeles', 'America/Los_Angeles'],
    ['custom_America/New_York_Forward_reference', 'America/New_York'],
    ['TZID=Europe/Vienna', 'Europe/Vienna'],
    ['(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna', 'Europe/Berlin'],
    ['(GMT+01:00) Amsterdam\\, Berlin\\, Bern', 'Europe/Berlin'],
    ['Amsterdam, Belgrade, Berlin, Brussels, Budapest, Madrid, Paris, Prague, Stockholm', 'Europe/Berlin'],
    ['(GMT-05:00) Eastern Time (US & Canada)', 'America/New_York'],
    ['Canberra, Melbourne, Sydney', 'Australia/Sydney'],
    ['(UTC+05:30) Chennai, Kolkata, Mumbai, New Delhi', 'Asia/Kolkata'],
    ['(UTC+09:00) Osaka, Sapporo, Tokyo', 'Asia/Tokyo'],
    ['Western/Central Europe', 'Europe/Berlin'],
    ['Екатеринбург', 'Asia/Yekaterinburg'],
    ['tzone://Microsoft/Utc', 'UTC'],
    ['GMT+0100', 'Etc/GMT-1'],
    ['UTC+11', 'Etc/GMT-11'],
    ['-05:00', 'Etc/GMT+5'],
    ['UTC+0', 'UTC'],
    ['Santiago', 'America/Santiago'],
  ])('%s is %s', (tzid, zone) => expect(resolveZone(tzid)).toBe(zone))

  it.each([
    '',
    ' ',
    'foo',
    'CST',
    'IST',
    'PST',
    'Europe/Germany',
    'America/New_Yrok',
    'Customized Time Zone',
    'tzone://Microsoft/Custom',
    '(GMT +01:00)',
    '+05:30',
    'UTC+25',
    'constructor',
    '__proto__',
    '/',
    '//',
    'x'.repeat(300),
    'Paris, Tokyo',
  ])('%j is not known, and not UTC', tzid => expect(resolveZone(tzid)).toBeNull())

  it('gives every zone a name that is its own again', () => {
    for (const zone of allZones()) expect(resolveZone(zone)).toBe(zone)
  })
})

/** STANDARD and DAYLIGHT as jCal: name, start, from, to, rule. */
const rules = (
  tzid: string,
  ...observances: (readonly [string, string, string, string, (object | undefined)?, ...string[]])[]
): JCalComponent => [
  'vtimezone',
  [['tzid', {}, 'text', tzid]],
  observances.map(([name, start, from, to, rule, ...rdates]) => [
    name,
    [
      ['dtstart', {}, 'date-time', start],
      ['tzoffsetfrom', {}, 'utc-offset', from],
      ['tzoffsetto', {}, 'utc-offset', to],
      ...(rule ? [['rrule', {}, 'recur', { freq: 'YEARLY', ...rule }] as const] : []),
      ...(rdates.length > 0 ? [['rdate', {}, 'date-time', ...rdates] as const] : []),
    ],
    [],
  ]),
]
const std = (start: string, from: string, to: string, bymonth: number, byday: string) =>
  ['standard', start, from, to, { bymonth, byday }] as const
const dst = (start: string, from: string, to: string, bymonth: number, byday: string) =>
  ['daylight', start, from, to, { bymonth, byday }] as const

describe('a TZID by its rules', () => {
  const european = [
    std('1601-01-01T03:00:00', '+02:00', '+01:00', 10, '-1SU'),
    dst('1601-01-01T02:00:00', '+01:00', '+02:00', 3, '-1SU'),
  ] as const
  const american = [
    std('1601-11-04T02:00:00', '-04:00', '-05:00', 11, '1SU'),
    dst('1601-03-11T02:00:00', '-05:00', '-04:00', 3, '2SU'),
  ] as const

  it.each([
    ['tzone://Microsoft/Custom', rules('', ...european), 'Europe/Berlin'],
    ['My Madrid zone', rules('', ...european), 'Europe/Madrid'],
    ['Customized Time Zone', rules('', ...american), 'America/New_York'],
    ['America/New_Yrok', rules('', ...american), 'America/New_York'],
    ['Custom', rules('', ['standard', '1970-01-01T00:00:00', '+05:30', '+05:30']), 'Asia/Kolkata'],
    ['Custom', rules('', ['standard', '1970-01-01T00:00:00', '+11:00', '+11:00']), 'Etc/GMT-11'],
    ['(GMT +01:00)', rules('', ...european), 'Europe/Berlin'],
    [
      'CST',
      rules(
        '',
        std('1601-11-04T02:00:00', '-05:00', '-06:00', 11, '1SU'),
        dst('1601-03-11T02:00:00', '-06:00', '-05:00', 3, '2SU'),
      ),
      'America/Chicago',
    ],
    [
      'Sydney time',
      rules(
        '',
        std('1601-01-01T03:00:00', '+11:00', '+10:00', 4, '1SU'),
        dst('1601-01-01T02:00:00', '+10:00', '+11:00', 10, '1SU'),
      ),
      'Australia/Sydney',
    ],
  ])('%s', (tzid, component, zone) => expect(resolveZone(tzid, component)).toBe(zone))

  it('a later era ends an earlier one that Outlook left open', () => {
    const old = [
      std('1967-10-29T02:00:00', '-04:00', '-05:00', 10, '-1SU'),
      dst('1987-04-05T02:00:00', '-05:00', '-04:00', 4, '1SU'),
    ] as const
    const now = [
      std('2007-11-04T02:00:00', '-04:00', '-05:00', 11, '1SU'),
      dst('2007-03-11T02:00:00', '-05:00', '-04:00', 3, '2SU'),
    ] as const
    expect(resolveZone('Customized Time Zone 1', rules('', ...old, ...now))).toBe('America/New_York')
  })

  it('rules that end are compared over the years they cover', () => {
    const bounded = rules(
      '',
      ['standard', '2022-10-30T03:00:00', '+02:00', '+01:00', undefined, '2023-10-29T03:00:00'],
      ['daylight', '2022-03-27T02:00:00', '+01:00', '+02:00', undefined, '2023-03-26T02:00:00'],
    )
    expect(resolveZone('Timetable', bounded)).toBe('Europe/Berlin')
  })

  it('X-LIC-LOCATION says it outright', () => {
    const [name, properties, components] = rules('', ...european)
    expect(
      resolveZone('Custom', [name, [...properties, ['x-lic-location', {}, 'unknown', 'Europe/Oslo']], components]),
    ).toBe('Europe/Oslo')
  })

  it('a name that says which zone it is wins over rules that are wrong, as in the output of Kaltura', () => {
    expect(resolveZone('Europe/Zurich', rules('', ...american))).toBe('Europe/Zurich')
  })

  it('a short name does not: EST with summer time is New York', () => {
    expect(resolveZone('EST', rules('', ...american))).toBe('America/New_York')
    expect(resolveZone('EST', rules('', ['standard', '1970-01-01T00:00:00', '-05:00', '-05:00']))).toBe(
      'America/Panama',
    )
  })

  it('rules that no zone keeps, or that cannot be read, are unknown', () => {
    expect(
      resolveZone(
        'Custom',
        rules(
          '',
          std('1601-01-01T03:00:00', '+02:00', '+01:00', 7, '-1SU'),
          dst('1601-01-01T02:00:00', '+01:00', '+02:00', 3, '-1SU'),
        ),
      ),
    ).toBeNull()
    expect(resolveZone('Custom', rules('', ['standard', 'never', '+02:00', '+01:00']))).toBeNull()
    expect(
      resolveZone('Custom', rules('', ['standard', '1970-01-01T00:00:00', '+02:00', '+01:00', { byday: 'XX' }])),
    ).toBeNull()
    expect(resolveZone('Custom', rules(''))).toBeNull()
  })
})

describe('VTIMEZONE', () => {
  const names = (component: JCalComponent) => component[2].map(([name]) => name)
  const values = (component: JCalComponent, name: string) =>
    component[2].flatMap(([, properties]) => properties.filter(([of]) => of === name).map(property => property[3]))

  it('has yearly rules where the zone has them for ever', () => {
    const berlin = vtimezone('Europe/Berlin', year(2026), year(2027))
    expect(values(berlin, 'rrule')).toEqual([
      { freq: 'YEARLY', bymonth: 3, byday: '-1SU' },
      { freq: 'YEARLY', bymonth: 10, byday: '-1SU' },
    ])
    expect(values(vtimezone('America/Santiago', year(2026), year(2027)), 'rrule')).toMatchObject([
      { bymonthday: [2, 3, 4, 5, 6, 7, 8] },
      {},
    ])
  })

  it('has one STANDARD where the clock never changes', () => {
    expect(vtimezone('Asia/Tokyo', year(2026), year(2027))).toEqual([
      'vtimezone',
      [['tzid', {}, 'text', 'Asia/Tokyo']],
      [
        [
          'standard',
          [
            ['dtstart', {}, 'date-time', '1970-01-01T00:00:00'],
            ['tzoffsetfrom', {}, 'utc-offset', '+09:00'],
            ['tzoffsetto', {}, 'utc-offset', '+09:00'],
          ],
          [],
        ],
      ],
    ])
  })

  it('has every change of its own where there is no rule', () => {
    const casablanca = vtimezone('Africa/Casablanca', year(2023), year(2025))
    expect(values(casablanca, 'rrule')).toEqual([])
    expect(new Set(names(casablanca))).toEqual(new Set(['standard', 'daylight']))
  })

  it('names a zone as it was asked for, and refuses what is none', () => {
    expect(vtimezone('US/Eastern', year(2026), year(2027))[1]).toEqual([['tzid', {}, 'text', 'US/Eastern']])
    expect(() => vtimezone('Mars/Olympus', 0, 1)).toThrow(RangeError)
  })

  /** Read back by the rules of RFC 5545 alone, through text. */
  const readBack = (zone: string, from: number, to: number): boolean => {
    const component = vtimezone(zone, year(from), year(to))
    const changes = changesOfRules(component, [from - 1, to + 1])
    return changes !== null && agree(changes, changesOf(zone), year(from), year(to))
  }

  it.each([
    [1950, 1952],
    [1994, 1998],
    [2014, 2036],
    [2026, 2028],
  ])('says of every zone what it does from %i to %i', (from, to) => {
    expect(allZones().filter(zone => !readBack(zone, from, to))).toEqual([])
  })

  it('that is written is understood when its name is not', () => {
    const sample = ['Europe/Berlin', 'Australia/Lord_Howe', 'America/St_Johns', 'Asia/Jerusalem', 'America/Santiago']
    for (const zone of sample) {
      const start = { dateTime: '2026-07-01T09:00:00', tzid: zone }
      const text = writeCalendar([{ uid: 'a', master: emptyMaster(start), overrides: [], resourceIds: [] }])
      const renamed = text.replaceAll(zone, 'Custom')
      const [event] = parseCalendar(renamed).events
      const found = event?.master && 'tzid' in event.master.start ? event.master.start.tzid : null
      expect(agree(changesOf(found ?? 'UTC'), changesOf(zone), year(2015), year(2035))).toBe(true)
    }
  })
})

describe('Windows names', () => {
  it.each([
    ['Europe/Berlin', 'W. Europe Standard Time'],
    ['Europe/Kyiv', 'FLE Standard Time'],
    ['Asia/Kolkata', 'India Standard Time'],
    ['US/Pacific', 'Pacific Standard Time'],
    ['UTC', 'UTC'],
    ['Antarctica/Troll', null],
    ['nowhere', null],
  ])('%s is %s', (zone, name) => expect(windowsZone(zone)).toBe(name))

  it('lead back to a zone with the same clock', () => {
    const wrong = allZones().filter(zone => {
      const name = windowsZone(zone)
      const back = name === null ? zone : resolveZone(name)
      return back === null || !agree(changesOf(back), changesOf(zone), year(2027), year(2035))
    })
    expect(wrong.length).toBeLessThan(20)
  })
})
