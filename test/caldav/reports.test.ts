import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseXml } from '../../src/dav/xml.ts'
import {
  condition,
  ics,
  inner,
  multistatus,
  property,
  propfindBody,
  startTestGateway,
  syncBody,
  type TestGateway,
} from './gateway.ts'

let gateway: TestGateway
const C = '{urn:ietf:params:xml:ns:caldav}'
const calendar = '/dav/calendars/lh101/'
const report = (path: string, body: string, headers: Record<string, string> = {}) =>
  gateway.call('REPORT', path, { headers, body })
const put = (name: string, body: string) =>
  gateway.call('PUT', `${calendar}${name}`, { headers: { 'content-type': 'text/calendar' }, body })

const query = (filter: string, prop = '<D:getetag/>', after = ''): string =>
  `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>${prop}</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">${filter}</C:comp-filter></C:comp-filter></C:filter>${after}</C:calendar-query>`
const range = (start: string, end?: string): string => `<C:time-range start="${start}"${end ? ` end="${end}"` : ''}/>`
const found = async (body: string, path = calendar): Promise<readonly string[]> => {
  const answer = await report(path, body)
  expect(answer.status).toBe(207)
  return [...multistatus(answer.body).keys()].map(href => href.split('/').at(-1)?.replace('.ics', '') ?? '').sort()
}
const data = (spec: string): string => `<C:calendar-data>${spec}</C:calendar-data>`

beforeAll(async () => {
  gateway = await startTestGateway()
  await put('single.ics', ics('single', ['SUMMARY:Physik', 'CATEGORIES:A,B', 'STATUS:TENTATIVE'], '20270105T080000Z'))
  await put(
    'allday.ics',
    ics('allday', ['SUMMARY:Tag der offenen Tür'], '20270110')
      .replace('DURATION:PT1H', 'DURATION:P1D')
      .replace('DTSTART:', 'DTSTART;VALUE=DATE:'),
  )
  await put('floating.ics', ics('floating', ['SUMMARY:Floating', 'LOCATION:North\\, 2\\n'], '20270120T233000'))
  await put(
    'weekly.ics',
    [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//T//T//EN',
      'BEGIN:VEVENT',
      'UID:weekly',
      'DTSTAMP:20260101T000000Z',
      'DTSTART;TZID=Europe/Berlin:20270201T090000',
      'DTEND;TZID=Europe/Berlin:20270201T100000',
      'RRULE:FREQ=WEEKLY;COUNT=10',
      'EXDATE;TZID=Europe/Berlin:20270208T090000',
      'SUMMARY:Mathematik',
      'ATTENDEE;CN="Doe, Jane";PARTSTAT=NEEDS-ACTION:mailto:jane@example.edu',
      'BEGIN:VALARM',
      'ACTION:DISPLAY',
      'DESCRIPTION:Now',
      'TRIGGER:-PT15M',
      'END:VALARM',
      'END:VEVENT',
      'BEGIN:VEVENT',
      'UID:weekly',
      'DTSTAMP:20260101T000000Z',
      'RECURRENCE-ID;TZID=Europe/Berlin:20270215T090000',
      'DTSTART;TZID=Europe/Berlin:20270217T140000',
      'DTEND;TZID=Europe/Berlin:20270217T150000',
      'SUMMARY:Verlegt',
      'END:VEVENT',
      'END:VCALENDAR',
      '',
    ].join('\r\n'),
  )
  await put('daily.ics', ics('daily', ['RRULE:FREQ=DAILY', 'SUMMARY:Endlos', 'TRANSP:TRANSPARENT'], '20280101T060000Z'))
  await gateway.call('PUT', '/dav/calendars/lh102/other.ics', {
    headers: { 'content-type': 'text/calendar' },
    body: ics('other', [], '20270105T080000Z'),
  })
})
afterAll(() => gateway.close())

describe('calendar-query (RFC 4791 §7.8)', () => {
  it('reads floating times on the clock that whoever asks has set for the calendar', async () => {
    const body = ics('floats').replace(/DTSTART:(\d{8}T)\d{6}Z?/, 'DTSTART:20290601T100000')
    await put('floats.ics', body)
    const setZone = (property: string) =>
      gateway.call('PROPPATCH', calendar, {
        body: `<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${property}</D:propertyupdate>`,
      })
    const [berlin, newYork] = [
      range('20290601T080000Z', '20290601T080100Z'),
      range('20290601T140000Z', '20290601T140100Z'),
    ]
    const expanded = query('', data('<C:expand start="20290601T000000Z" end="20290602T000000Z"/>'))
    expect([await found(query(berlin)), await found(query(newYork))]).toEqual([['floats'], []])
    await setZone('<D:set><D:prop><C:calendar-timezone-id>America/New_York</C:calendar-timezone-id></D:prop></D:set>')
    expect([await found(query(berlin)), await found(query(newYork))]).toEqual([[], ['floats']])
    expect((await report(calendar, expanded)).body).toContain('DTSTART:20290601T140000Z')
    expect(await found(query(berlin, '<D:getetag/>', '<C:timezone-id>Europe/Berlin</C:timezone-id>'))).toEqual([
      'floats',
    ])
    await setZone('<D:remove><D:prop><C:calendar-timezone-id/></D:prop></D:remove>')
    expect(await found(query(berlin))).toEqual(['floats'])
    await gateway.call('DELETE', `${calendar}floats.ics`)
  })

  it('of an event that is not there is 404', async () => {
    expect((await report(`${calendar}none.ics`, query(''))).status).toBe(404)
  })

  it.each([
    ['its start', range('20270105T080000Z', '20270105T080001Z'), ['single']],
    ['just before it', range('20270105T070000Z', '20270105T080000Z'), []],
    ['its last second', range('20270105T085959Z', '20270105T090000Z'), ['single']],
    ['just after it', range('20270105T090000Z', '20270105T100000Z'), []],
    // A date is the day on the clock of the room: 23:00Z to 23:00Z in winter.
    ['a day in the room', range('20270109T230000Z', '20270109T230001Z'), ['allday']],
    ['the day before', range('20270109T220000Z', '20270109T230000Z'), []],
    ['a floating time in the room', range('20270120T223000Z', '20270120T224500Z'), ['floating']],
    ['an occurrence', range('20270301T080000Z', '20270301T080100Z'), ['weekly']],
    ['an excluded occurrence', range('20270208T080000Z', '20270208T090000Z'), []],
    ['where an occurrence was', range('20270215T080000Z', '20270215T090000Z'), []],
    ['where it was moved to', range('20270217T130000Z', '20270217T140000Z'), ['weekly']],
    ['after the last one', range('20270406T000000Z', '20271201T000000Z'), []],
    ['an occurrence far beyond the index', range('20450601T060000Z', '20450601T060100Z'), ['daily']],
    ['open end', range('20270218T000000Z'), ['daily', 'weekly']],
    ['everything', '', ['allday', 'daily', 'floating', 'single', 'weekly']],
  ])('time range: %s', async (_, filter, expected) => {
    expect(await found(query(filter))).toEqual(expected)
  })

  it.each([
    ['text', '<C:prop-filter name="SUMMARY"><C:text-match>physik</C:text-match></C:prop-filter>', ['single']],
    [
      'octets',
      '<C:prop-filter name="SUMMARY"><C:text-match collation="i;octet">physik</C:text-match></C:prop-filter>',
      [],
    ],
    [
      'not the text',
      '<C:prop-filter name="SUMMARY"><C:text-match negate-condition="yes">i</C:text-match></C:prop-filter>',
      ['allday', 'daily', 'weekly'],
    ],
    [
      'text beyond ASCII',
      '<C:prop-filter name="SUMMARY"><C:text-match collation="i;unicode-casemap">TÜR</C:text-match></C:prop-filter>',
      ['allday'],
    ],
    [
      'a text with a comma',
      '<C:prop-filter name="LOCATION"><C:text-match>north, 2</C:text-match></C:prop-filter>',
      ['floating'],
    ],
    [
      'the same as iCalendar writes it (python-caldav)',
      '<C:prop-filter name="LOCATION"><C:text-match>north\\, 2</C:text-match></C:prop-filter>',
      ['floating'],
    ],
    [
      'nothing by the letters of an escape',
      '<C:prop-filter name="LOCATION"><C:text-match>2n</C:text-match></C:prop-filter>',
      [],
    ],
    ['a property that is there', '<C:prop-filter name="STATUS"/>', ['single']],
    [
      'a property that is not',
      '<C:prop-filter name="RRULE"><C:is-not-defined/></C:prop-filter>',
      ['allday', 'floating', 'single', 'weekly'],
    ],
    [
      'a parameter',
      '<C:prop-filter name="ATTENDEE"><C:param-filter name="CN"><C:text-match>doe, j</C:text-match></C:param-filter></C:prop-filter>',
      ['weekly'],
    ],
    [
      'a parameter that is not there',
      '<C:prop-filter name="ATTENDEE"><C:param-filter name="ROLE"><C:is-not-defined/></C:param-filter></C:prop-filter>',
      ['weekly'],
    ],
    [
      'a time in a property',
      `<C:prop-filter name="DTSTAMP">${range('20260101T000000Z', '20260101T000001Z')}</C:prop-filter>`,
      ['allday', 'daily', 'floating', 'single', 'weekly'],
    ],
    [
      'two conditions',
      `<C:prop-filter name="SUMMARY"><C:text-match>verlegt</C:text-match></C:prop-filter>${range('20270217T130000Z', '20270217T140000Z')}`,
      ['weekly'],
    ],
    [
      'two conditions that no one component fulfils',
      `<C:prop-filter name="SUMMARY"><C:text-match>verlegt</C:text-match></C:prop-filter>${range('20270301T080000Z', '20270301T090000Z')}`,
      [],
    ],
    ['an alarm', '<C:comp-filter name="VALARM"/>', ['weekly']],
    [
      'an alarm that rings then',
      `<C:comp-filter name="VALARM">${range('20270301T074500Z', '20270301T074501Z')}</C:comp-filter>`,
      ['weekly'],
    ],
    [
      'an alarm that does not',
      `<C:comp-filter name="VALARM">${range('20270301T080000Z', '20270301T081000Z')}</C:comp-filter>`,
      [],
    ],
  ])('%s', async (_, filter, expected) => {
    expect(await found(query(filter))).toEqual(expected)
  })

  it('reads floating times and dates on the clock the query names', async () => {
    const newYork = '<C:timezone-id>America/New_York</C:timezone-id>'
    expect(await found(query(range('20270121T043000Z', '20270121T044500Z'), undefined, newYork))).toEqual(['floating'])
    expect(await found(query(range('20270120T223000Z', '20270120T224500Z'), undefined, newYork))).toEqual([])
    const answer = await report(calendar, query('', undefined, '<C:timezone-id>Nowhere</C:timezone-id>'))
    expect(condition(answer.body)).toBe(`${C}valid-timezone`)
  })

  it('finds an override by its own time, also where an endless series fills the window', async () => {
    const times = ['DTSTAMP:20260101T000000Z', 'DURATION:PT1H', 'UID:endless']
    const lines = [
      ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//T//T//EN'],
      ...['BEGIN:VEVENT', ...times, 'DTSTART:20290101T060000Z', 'RRULE:FREQ=DAILY', 'SUMMARY:Each day', 'END:VEVENT'],
      ...['BEGIN:VEVENT', ...times, 'RECURRENCE-ID:20290102T060000Z', 'DTSTART:20290102T080000Z', 'SUMMARY:Once'],
      ...['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:Now', 'TRIGGER:-PT15M', 'END:VALARM', 'END:VEVENT'],
      ...['END:VCALENDAR', ''],
    ]
    await put('endless.ics', lines.join('\r\n'))
    const named = (text: string, start: string): Promise<readonly string[]> => {
      const summary = `<C:prop-filter name="SUMMARY"><C:text-match>${text}</C:text-match></C:prop-filter>`
      return found(query(summary + range(start)))
    }
    expect(await named('Once', '20290102T083000Z')).toEqual(['endless'])
    expect(await named('Once', '20290103T000000Z')).toEqual([])
    expect(await named('Each day', '20290103T000000Z')).toEqual(['endless'])
    const alarm = (start: string) => found(query(`<C:comp-filter name="VALARM">${range(start)}</C:comp-filter>`))
    expect(await alarm('20290102T070000Z')).toEqual(['endless'])
    expect(await alarm('20290103T000000Z')).toEqual([])
    await gateway.call('DELETE', `${calendar}endless.ics`)
  })

  it('of tasks finds nothing, and is no error', async () => {
    expect(await found(query('').replace('name="VEVENT"', 'name="VTODO"'))).toEqual([])
  })

  it('of tasks at a calendar that is not there says so, as that of events does', async () => {
    const tasks = query('').replace('name="VEVENT"', 'name="VTODO"')
    expect((await report('/dav/calendars/lh999/', tasks)).status).toBe(404)
  })

  it('of one event, and of all rooms at once', async () => {
    expect(await found(query(''), `${calendar}single.ics`)).toEqual(['single'])
    expect(await found(query(range('20270105T000000Z', '20270106T000000Z')), '/dav/calendars/')).toEqual([
      'other',
      'single',
    ])
  })
})

describe('calendar-data (RFC 4791 §9.6)', () => {
  const dataOf = async (spec: string, name = 'weekly'): Promise<string> => {
    const answer = await report(
      calendar,
      `<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>${spec}</D:prop><D:href>${calendar}${name}.ics</D:href></C:calendar-multiget>`,
    )
    return property(answer.body, `${calendar}${name}.ics`, `${C}calendar-data`) ?? answer.body
  }

  it('gives the parts asked for', async () => {
    const text = await dataOf(
      data(
        '<C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT"><C:prop name="SUMMARY"/><C:prop name="UID" novalue="yes"/></C:comp></C:comp>',
      ),
    )
    expect(text).toBe(
      'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:\r\nSUMMARY:Mathematik\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:\r\nSUMMARY:Verlegt\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n',
    )
  })

  it('expands a series into its occurrences, in UTC', async () => {
    const text = await dataOf(data('<C:expand start="20270201T000000Z" end="20270302T000000Z"/>'))
    expect(text.match(/DTSTART.*/g)).toEqual([
      'DTSTART:20270201T080000Z',
      'DTSTART:20270217T130000Z',
      'DTSTART:20270222T080000Z',
      'DTSTART:20270301T080000Z',
    ])
    expect(text).toContain('RECURRENCE-ID:20270215T080000Z')
    expect(text).not.toMatch(/RRULE|EXDATE|VTIMEZONE/)
  })

  it('expands the first occurrence of a series without RECURRENCE-ID, as Apple and sabre/dav do', async () => {
    const text = await dataOf(data('<C:expand start="20270201T000000Z" end="20270302T000000Z"/>'))
    expect(text.match(/RECURRENCE-ID.*/g)).toEqual([
      'RECURRENCE-ID:20270215T080000Z',
      'RECURRENCE-ID:20270222T080000Z',
      'RECURRENCE-ID:20270301T080000Z',
    ])
    const later = await dataOf(data('<C:expand start="20270220T000000Z" end="20270302T000000Z"/>'))
    expect(later.match(/RECURRENCE-ID/g)).toHaveLength(2)
  })

  it('limits overrides to those in the window', async () => {
    const without = await dataOf(data('<C:limit-recurrence-set start="20270301T000000Z" end="20270302T000000Z"/>'))
    expect([without.includes('RRULE'), without.includes('Verlegt')]).toEqual([true, false])
    const replaced = await dataOf(data('<C:limit-recurrence-set start="20270215T080000Z" end="20270215T090000Z"/>'))
    expect(replaced).toContain('Verlegt')
  })

  it('is to be had as jCal, and in no other form', async () => {
    const json = await dataOf('<C:calendar-data content-type="application/calendar+json" version="2.0"/>', 'single')
    expect(JSON.parse(json)[2][0][0]).toBe('vevent')
    const answer = await report(calendar, query('', '<C:calendar-data content-type="text/x-vcalendar"/>'))
    expect(condition(answer.body)).toBe(`${C}supported-calendar-data`)
  })
})

describe('calendar-multiget (RFC 4791 §7.9)', () => {
  const multiget = (hrefs: readonly string[]) =>
    report(
      calendar,
      `<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>${hrefs.map(href => `<D:href>${href}</D:href>`).join('')}</C:calendar-multiget>`,
    )

  it('one bad href is a 404 among the others, each under the very href that was asked', async () => {
    const hrefs = [
      `${calendar}single.ics`,
      `${gateway.url}${calendar}weekly.ics`,
      `${calendar}%61llday.ics`,
      `${calendar}none.ics`,
      '/dav/calendars/lh102/other.ics',
      '/dav/calendars/lh101/%zz',
      '/etc/passwd',
      '/dav/calendars/lh101/../lh102/other.ics',
    ]
    const answer = await multiget(hrefs)
    expect(answer.status).toBe(207)
    const responses = multistatus(answer.body)
    expect([...responses.keys()]).toEqual(hrefs)
    expect(hrefs.map(href => responses.get(href)?.status ?? 200)).toEqual([200, 200, 200, 404, 404, 404, 404, 404])
  })

  it('keeps CR, which XML would lose', async () => {
    const answer = await multiget([`${calendar}single.ics`])
    expect(answer.body).toContain('BEGIN:VCALENDAR&#13;\n')
    expect(property(answer.body, `${calendar}single.ics`, `${C}calendar-data`)).toBe(
      (await gateway.call('GET', `${calendar}single.ics`)).body,
    )
  })
})

describe('sync-collection (RFC 6578)', () => {
  it.each([calendar, '/dav/calendars/'])('of %s says that it left out what is missing', async path => {
    const answer = await report(path, syncBody(''), { prefer: 'return=minimal' })
    expect([answer.headers['preference-applied'], answer.headers.vary]).toEqual(['return=minimal', 'Prefer'])
  })

  const tokenIn = (body: string): string =>
    inner(parseXml(body).content.find(part => typeof part !== 'string' && part.name === '{DAV:}sync-token') as never)

  it('begins with everything, then only says what changed', async () => {
    const path = '/dav/calendars/cam1/'
    const own = (name: string, body: string) =>
      gateway.call('PUT', `${path}${name}`, { headers: { 'content-type': 'text/calendar' }, body })
    await own('a.ics', ics('sync-a'))
    await own('b.ics', ics('sync-b'))
    const first = await report(path, syncBody(''))
    expect([...multistatus(first.body).keys()].sort()).toEqual([`${path}a.ics`, `${path}b.ics`])
    const nothing = await report(path, syncBody(tokenIn(first.body)))
    expect([multistatus(nothing.body).size, tokenIn(nothing.body)]).toEqual([0, tokenIn(first.body)])
    await own('a.ics', ics('sync-a', ['SEQUENCE:1']))
    await own('c.ics', ics('sync-c'))
    await gateway.call('DELETE', `${path}b.ics`)
    const changed = multistatus((await report(path, syncBody(tokenIn(first.body)))).body)
    expect([...changed].map(([href, { status }]) => [href, status])).toEqual([
      [`${path}a.ics`, null],
      [`${path}c.ics`, null],
      [`${path}b.ics`, 404],
    ])
  })

  it('is cut off where a client wants less, and goes on from there', async () => {
    const limit = '<D:limit><D:nresults>2</D:nresults></D:limit>'
    const seen: string[] = []
    let token = ''
    for (let pages = 0; pages < 10; pages += 1) {
      const answer = await report(calendar, syncBody(token, limit))
      const responses = multistatus(answer.body)
      const more = responses.get(calendar)?.status === 507
      seen.push(...[...responses.keys()].filter(href => href !== calendar))
      token = tokenIn(answer.body)
      if (more) expect(answer.body).toContain('number-of-matches-within-limits')
      else break
    }
    expect(seen.length).toBe(5)
    expect(new Set(seen).size).toBe(5)
  })

  it.each([
    ['another server', 'http://example.com/ns/sync/1'],
    ['another store', 'urn:kaldav:sync:other:101:1'],
    ['garbage', 'x'],
  ])('a token of %s is DAV:valid-sync-token', async (_, token) => {
    const answer = await report(calendar, syncBody(token))
    expect([answer.status, condition(answer.body)]).toEqual([403, '{DAV:}valid-sync-token'])
  })

  it('a token of another calendar, or of the future, too', async () => {
    const other = tokenIn((await report('/dav/calendars/lh102/', syncBody(''))).body)
    expect(condition((await report(calendar, syncBody(other))).body)).toBe('{DAV:}valid-sync-token')
    const future = tokenIn((await report(calendar, syncBody(''))).body).replace(/\d+$/, '99999')
    expect(condition((await report(calendar, syncBody(future))).body)).toBe('{DAV:}valid-sync-token')
  })

  it('on the home says which calendars changed', async () => {
    const first = await report('/dav/calendars/', syncBody(''))
    expect(multistatus(first.body).size).toBe(5)
    await gateway.call('PUT', '/dav/calendars/lh102/home.ics', {
      headers: { 'content-type': 'text/calendar' },
      body: ics('home'),
    })
    await gateway.call('PROPPATCH', '/dav/calendars/cam1/', {
      body: '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="urn:x">1</x></D:prop></D:set></D:propertyupdate>',
    })
    const changed = await report('/dav/calendars/', syncBody(tokenIn(first.body)))
    expect([...multistatus(changed.body).keys()]).toEqual([
      '/dav/calendars/lh102/',
      '/dav/calendars/cam1/',
      '/dav/calendars/_schedule/',
    ])
    const after = await report('/dav/calendars/', syncBody(tokenIn(changed.body)))
    expect(multistatus(after.body).size).toBe(0)
    const deep = await report('/dav/calendars/', syncBody(tokenIn(first.body)).replace('>1<', '>infinite<'))
    expect([...multistatus(deep.body).keys()]).toContain('/dav/calendars/lh102/home.ics')
    // RFC 6578 §3.3: not looked into, which is not the same as empty.
    const everything = await report('/dav/calendars/', syncBody('').replace('>1<', '>infinite<'))
    for (const segment of ['_schedule', '_conflicts']) {
      const apart = multistatus(everything.body).get(`/dav/calendars/${segment}/`)
      expect([apart?.status, apart?.properties.size]).toEqual([403, 0])
    }
    expect(everything.body.match(/D:sync-traversal-supported/g)).toHaveLength(2 * 2)
    expect(condition((await report('/dav/calendars/', syncBody('urn:x'))).body)).toBe('{DAV:}valid-sync-token')
  })

  it.each(['1', 'infinite'])('on the home is cut off too, at sync-level %s, while others write', async level => {
    const home = '/dav/calendars/'
    const ask = async (token: string, limit = 0) => {
      const nresults = limit === 0 ? '' : `<D:limit><D:nresults>${limit}</D:nresults></D:limit>`
      return (await report(home, syncBody(token, nresults).replace('>1<', `>${level}<`))).body
    }
    const before = [...multistatus(await ask('')).keys()]
    const seen: string[] = []
    let [token, pages, more] = ['', 0, true]
    while (more && pages < 50) {
      const body = await ask(token, 2)
      const responses = multistatus(body)
      more = responses.get(home)?.status === 507
      const told = [...responses.keys()].filter(href => href !== home)
      expect(told.length).toBeLessThanOrEqual(2)
      seen.push(...told)
      token = tokenIn(body)
      if (++pages === 2) await put('0-meanwhile.ics', ics('meanwhile'))
    }
    expect(pages).toBeGreaterThan(2)
    expect(new Set(seen).size).toBe(seen.length)
    expect(before.filter(href => !seen.includes(href))).toEqual([])
    // What was written meanwhile is told by the token that the last part gave.
    const rest = [...multistatus(await ask(token)).keys()]
    expect(rest).toContain(calendar)
    if (level === 'infinite') expect([...seen, ...rest]).toContain(`${calendar}0-meanwhile.ics`)
    await gateway.call('DELETE', `${calendar}0-meanwhile.ics`)
    // A change in parts: each of them once, and nothing after the last.
    const first = await ask(token, 1)
    const last = await ask(tokenIn(first))
    expect(multistatus(first).get(home)?.status).toBe(507)
    expect([...multistatus(last).keys()].filter(href => multistatus(first).has(href))).toEqual([])
    expect(multistatus(await ask(tokenIn(last))).size).toBe(0)
  })
})

describe('free-busy-query (RFC 4791 §7.10)', () => {
  it('of more occurrences than are counted is DAV:number-of-matches-within-limits', async () => {
    await put('daily.ics', ics('daily', ['RRULE:FREQ=DAILY'], '19100101T100000Z'))
    const body = `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">${range('19100101T000000Z', '20990101T000000Z')}</C:free-busy-query>`
    const answer = await report(calendar, body)
    expect([answer.status, condition(answer.body)]).toEqual([403, '{DAV:}number-of-matches-within-limits'])
    await gateway.call('DELETE', `${calendar}daily.ics`)
  })

  it('has one time range', async () => {
    const two = range('20280101T000000Z', '20280102T000000Z').repeat(2)
    const body = `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">${two}</C:free-busy-query>`
    expect((await report(calendar, body)).status).toBe(400)
  })

  it('says the same to all who ask at once, tentative times among it', async () => {
    await put('maybe.ics', ics('maybe', ['STATUS:TENTATIVE'], '20280601T100000Z'))
    const body = (hour: number) =>
      `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">${range(`20280601T0${hour}0000Z`, '20280602T000000Z')}</C:free-busy-query>`
    const answers = await Promise.all([0, 1, 2, 3, 4, 5].map(hour => report(calendar, body(hour))))
    for (const { body: text } of answers) expect(text).toContain('FREEBUSY;FBTYPE=BUSY-TENTATIVE:')
    await gateway.call('DELETE', `${calendar}maybe.ics`)
  })

  it('joins what overlaps, tells tentative from busy, and leaves out what occupies nothing', async () => {
    const path = '/dav/calendars/cam1/'
    for (const [name, lines, start] of [
      ['f1', [], '20290101T080000Z'],
      ['f2', [], '20290101T083000Z'],
      ['f3', ['STATUS:TENTATIVE'], '20290101T120000Z'],
      ['f4', ['TRANSP:TRANSPARENT'], '20290101T140000Z'],
      ['f5', ['STATUS:CANCELLED'], '20290101T150000Z'],
      ['f6', ['X-KALTURA-TYPE:3'], '20290101T160000Z'],
    ] as const) {
      await gateway.call('PUT', `${path}${name}.ics`, {
        headers: { 'content-type': 'text/calendar' },
        body: ics(name, lines, start),
      })
    }
    const answer = await report(
      path,
      '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="20290101T081500Z" end="20290102T000000Z"/></C:free-busy-query>',
    )
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/calendar; charset=utf-8'])
    expect(answer.body.match(/^FREEBUSY.*/gm)).toEqual([
      'FREEBUSY;FBTYPE=BUSY:20290101T081500Z/20290101T093000Z',
      'FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20290101T160000Z/20290101T170000Z',
      'FREEBUSY;FBTYPE=BUSY-TENTATIVE:20290101T120000Z/20290101T130000Z',
    ])
  })

  it('is closed outside the opening hours an administrator has set (RFC 7953)', async () => {
    const path = '/dav/calendars/lh102/'
    const hours = [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'BEGIN:VAVAILABILITY',
      'UID:hours',
      'DTSTAMP:20260101T000000Z',
      'BEGIN:AVAILABLE',
      'UID:hours-1',
      'DTSTAMP:20260101T000000Z',
      'DTSTART;TZID=Europe/Berlin:20260105T080000',
      'DTEND;TZID=Europe/Berlin:20260105T200000',
      'RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
      'END:AVAILABLE',
      'END:VAVAILABILITY',
      'END:VCALENDAR',
      '',
    ].join('&#13;\n')
    const set = (text: string, as: 'av-team' | 'booker') =>
      gateway.call('PROPPATCH', path, {
        as,
        body: `<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><C:calendar-availability>${text}</C:calendar-availability></D:prop></D:set></D:propertyupdate>`,
      })
    const statusOf = async (answer: Promise<{ body: string }>) =>
      multistatus((await answer).body)
        .get(path)
        ?.properties.get(`${C}calendar-availability`)?.status
    expect(await statusOf(set(hours, 'booker'))).toBe(403)
    expect(await statusOf(set('Mo-Fr', 'av-team'))).toBe(403)
    expect(await statusOf(set(hours, 'av-team'))).toBe(200)
    const ask = () =>
      report(
        path,
        '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="20270205T000000Z" end="20270208T120000Z"/></C:free-busy-query>',
      )
    // Friday 5 to Monday 8 February 2027, in winter one hour ahead of UTC.
    expect((await ask()).body.replaceAll('\r\n ', '').match(/^FREEBUSY.*/gm)).toEqual([
      'FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20270205T000000Z/20270205T070000Z,20270205T190000Z/20270208T070000Z',
    ])
    const seen = await gateway.call('PROPFIND', path, {
      as: 'viewer',
      headers: { depth: '0' },
      body: propfindBody('C:calendar-availability'),
    })
    expect(property(seen.body, path, `${C}calendar-availability`)).toContain('BEGIN:VAVAILABILITY\r\n')
  })

  it('needs a time range in UTC', async () => {
    const ask = (inside: string) =>
      report(calendar, `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">${inside}</C:free-busy-query>`)
    expect((await ask('')).status).toBe(400)
    expect((await ask('<C:time-range start="20290101" end="20290102"/>')).status).toBe(400)
  })
})

describe('principals', () => {
  const search = async (body: string, path = '/dav/principals/') => {
    const answer = await report(path, body, { depth: '0' })
    expect(answer.status).toBe(207)
    return [...multistatus(answer.body).keys()]
  }

  it('are found by a property (RFC 3744 §9.4)', async () => {
    const body = (match: string, attributes = '') =>
      `<D:principal-property-search xmlns:D="DAV:"${attributes}><D:property-search><D:prop><D:displayname/></D:prop><D:match>${match}</D:match></D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>`
    expect(await search(body('lecture'))).toEqual([
      '/dav/principals/resources/lh101/',
      '/dav/principals/resources/lh102/',
    ])
    expect(await search(body('a', ' type="RESOURCE"'))).toEqual(['/dav/principals/resources/cam1/'])
  })

  it('are found with the properties python-caldav writes beside an empty DAV:prop', async () => {
    const body = (search: string): string =>
      `<D:principal-property-search xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${search}<D:prop/><C:calendar-home-set/><D:displayname/></D:principal-property-search>`
    const name =
      '<D:property-search><D:prop><D:displayname/></D:prop><D:match>Lecture Hall 101</D:match></D:property-search>'
    const [found] = multistatus((await report('/dav/', body(name))).body).values()
    expect([...(found?.properties.keys() ?? [])]).toEqual([`${C}calendar-home-set`, '{DAV:}displayname'])
    expect(await search(body(''), '/dav/')).toEqual([
      '/dav/principals/users/av-team/',
      ...['lh101', 'lh102', 'cam1'].map(room => `/dav/principals/resources/${room}/`),
    ])
  })

  it.each([
    ['test="bogus"', ' test="bogus"', '', ''],
    ['type="bogus"', ' type="bogus"', '', ''],
    ['match-type="bogus"', '', ' match-type="bogus"', ''],
    ['caseless="bogus"', '', ' caseless="bogus"', ''],
    ['a limit that is no number', '', '', '<CS:limit><CS:nresults>abc</CS:nresults></CS:limit>'],
    ['a limit without one', '', '', '<CS:limit/>'],
  ])('refuses %s in a search for principals', async (_, search, match, limit) => {
    const body = `<D:principal-property-search xmlns:D="DAV:" xmlns:CS="http://calendarserver.org/ns/"${search}><D:property-search><D:prop><D:displayname/></D:prop><D:match${match}>lecture</D:match></D:property-search>${limit}</D:principal-property-search>`
    expect((await gateway.call('REPORT', '/dav/principals/', { headers: { depth: '0' }, body })).status).toBe(400)
  })

  it('gives as many principals as a search is limited to', async () => {
    const body =
      '<D:principal-property-search xmlns:D="DAV:" xmlns:CS="http://calendarserver.org/ns/" type="ROOM"><D:property-search><D:prop><D:displayname/></D:prop><D:match match-type="starts-with" caseless="yes">lecture</D:match></D:property-search><CS:limit><CS:nresults>1</CS:nresults></CS:limit></D:principal-property-search>'
    const answer = await gateway.call('REPORT', '/dav/principals/', { headers: { depth: '0' }, body })
    expect([...multistatus(answer.body).keys()]).toHaveLength(1)
  })

  it('rooms are found by name, building and capacity', async () => {
    const body = (...tokens: readonly string[]) =>
      `<CS:calendarserver-principal-search xmlns:CS="http://calendarserver.org/ns/" xmlns:D="DAV:" context="location">${tokens.map(token => `<CS:search-token>${token}</CS:search-token>`).join('')}<D:prop><D:displayname/></D:prop></CS:calendarserver-principal-search>`
    expect(await search(body('north', '102'))).toEqual(['/dav/principals/resources/lh102/'])
    expect(await search(body('101'))).toEqual(['/dav/principals/resources/lh101/', '/dav/principals/resources/lh102/'])
    expect(await search(body('camera'))).toEqual([])
  })

  it('are not found by parts of their addresses or of the name of their kind', async () => {
    const body = (token: string) =>
      `<CS:calendarserver-principal-search xmlns:CS="http://calendarserver.org/ns/" xmlns:D="DAV:" context="attendee"><CS:search-token>${token}</CS:search-token><D:prop><D:displayname/></D:prop></CS:calendarserver-principal-search>`
    expect(await search(body('res'))).toEqual([])
    expect(await search(body('room'))).toEqual([])
    expect(await search(body('urn'))).toEqual([])
  })

  it('are searched for in Apple’s way from a calendar too', async () => {
    const body =
      '<CS:calendarserver-principal-search xmlns:CS="http://calendarserver.org/ns/" xmlns:D="DAV:" context="location"><CS:search-token>102</CS:search-token><D:prop><D:displayname/></D:prop></CS:calendarserver-principal-search>'
    expect(await search(body, calendar)).toEqual(['/dav/principals/resources/lh102/'])
  })

  it('are not told by the home, whose access list nobody may read (RFC 3744 §9.2)', async () => {
    const body = '<D:acl-principal-prop-set xmlns:D="DAV:"><D:prop><D:displayname/></D:prop></D:acl-principal-prop-set>'
    expect(await search(body, calendar)).toEqual(['/dav/principals/users/av-team/'])
    const home = await report('/dav/calendars/', body)
    expect([home.status, condition(home.body)]).toEqual([403, '{DAV:}need-privileges'])
    const asked = propfindBody('D:acl', 'D:current-user-privilege-set')
    const answer = await gateway.call('PROPFIND', '/dav/calendars/', { headers: { depth: '0' }, body: asked })
    expect(property(answer.body, '/dav/calendars/', '{DAV:}acl')).toBeNull()
    expect(answer.body).not.toContain('read-acl')
  })

  it('say which of them is me (RFC 3744 §9.3)', async () => {
    expect(await search('<D:principal-match xmlns:D="DAV:"><D:self/></D:principal-match>')).toEqual([
      '/dav/principals/users/av-team/',
    ])
  })

  it('tell what they are found by (RFC 3744 §9.5)', async () => {
    const answer = await report('/dav/principals/', '<D:principal-search-property-set xmlns:D="DAV:"/>')
    expect([answer.status, answer.body.includes('K:capacity')]).toEqual([200, true])
  })

  it('are expanded from the hrefs that lead to them (RFC 3253 §3.8)', async () => {
    const answer = await report(
      '/dav/principals/users/av-team/',
      '<D:expand-property xmlns:D="DAV:"><D:property name="calendar-home-set" namespace="urn:ietf:params:xml:ns:caldav"><D:property name="displayname"/><D:property name="nothing"/></D:property><D:property name="group-membership"/></D:expand-property>',
    )
    const home = multistatus(answer.body).get('/dav/principals/users/av-team/')
    expect(inner(home?.properties.get(`${C}calendar-home-set`)?.node)).toContain('Calendars')
    expect(home?.properties.get('{DAV:}group-membership')?.status).toBe(200)
  })

  it('a report that is not answered here is DAV:supported-report', async () => {
    const answer = await report('/dav/principals/', query(''))
    expect([answer.status, condition(answer.body)]).toEqual([403, '{DAV:}supported-report'])
  })
})
