import { connect } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseXml } from '../../src/dav/xml.ts'
import { condition, ics, inner, multistatus, startTestGateway, type TestGateway } from './gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(async () => {
  // Whatever was sent: the process is alive and nothing was stored.
  expect((await gateway.call('GET', '/dav/')).status).toBe(200)
  expect(await gateway.store.uids()).toEqual([])
  await gateway.close()
})

const put = (body: string | Buffer, headers: Record<string, string> = {}) =>
  gateway.call('PUT', '/dav/calendars/lh101/bad.ics', {
    headers: { 'content-type': 'text/calendar', ...headers },
    body,
  })

const calendar = (...components: readonly string[]): string =>
  `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//T//EN\r\n${components.join('')}END:VCALENDAR\r\n`
const component = (name: string, ...lines: readonly string[]): string =>
  `BEGIN:${name}\r\nDTSTAMP:20260101T000000Z\r\n${lines.map(line => `${line}\r\n`).join('')}END:${name}\r\n`
const vevent = (...lines: readonly string[]): string => calendar(component('VEVENT', 'UID:bad', ...lines))

describe('DAV:expand-property', () => {
  it.each([
    ['%s', 'DAV:'],
    ['', 'DAV:'],
    ['a b', 'DAV:'],
    ['a:b', 'DAV:'],
    ['displayname', '}x'],
  ])('does not answer with an element that could not be: "%s" of "%s"', async (name, namespace) => {
    const body = `<D:expand-property xmlns:D="DAV:"><D:property name="${name}" namespace="${namespace}"/></D:expand-property>`
    const answer = await gateway.call('REPORT', '/dav/', { headers: { depth: '0' }, body })
    expect(answer.status).toBe(400)
  })
})

describe('PUT (RFC 4791 §5.3.2.1)', () => {
  it.each([
    ['no calendar', 'hello', 'valid-calendar-data'],
    ['nothing', '', 'valid-calendar-data'],
    ['a calendar that does not begin', 'BEGIN:XCALENDAR\r\nEND:XCALENDAR\r\n', 'valid-calendar-data'],
    ['no event', calendar(), 'valid-calendar-object-resource'],
    [
      'a message',
      calendar('METHOD:REQUEST\r\n', component('VEVENT', 'UID:bad', 'DTSTART:20270101T000000Z')),
      'valid-calendar-object-resource',
    ],
    ['a task', calendar(component('VTODO', 'UID:bad')), 'supported-calendar-component'],
    [
      'an event and a task',
      calendar(component('VEVENT', 'UID:bad', 'DTSTART:20270101T000000Z'), component('VTODO', 'UID:bad')),
      'valid-calendar-object-resource',
    ],
    [
      'two UIDs',
      calendar(
        component('VEVENT', 'UID:bad', 'DTSTART:20270101T000000Z'),
        component('VEVENT', 'UID:bad2', 'DTSTART:20270101T000000Z'),
      ),
      'valid-calendar-object-resource',
    ],
    [
      'two calendars',
      vevent('DTSTART:20270101T000000Z') + vevent('DTSTART:20270101T000000Z'),
      'valid-calendar-object-resource',
    ],
    ['no start', vevent('SUMMARY:x'), 'valid-calendar-data'],
    ['a start that is no time', vevent('DTSTART:tomorrow'), 'valid-calendar-data'],
    ['an end before the start', vevent('DTSTART:20270101T100000Z', 'DTEND:20270101T090000Z'), 'valid-calendar-data'],
    ['an unknown zone', vevent('DTSTART;TZID=Mars/City:20270101T100000'), 'valid-timezone'],
    ['a rule that is none', vevent('DTSTART:20270101T100000Z', 'RRULE:FREQ=SOMETIMES'), 'valid-calendar-data'],
    [
      'a RECURRENCE-ID of another type',
      calendar(
        component('VEVENT', 'UID:bad', 'DTSTART:20270101T100000Z', 'RRULE:FREQ=DAILY;COUNT=3'),
        component('VEVENT', 'UID:bad', 'RECURRENCE-ID;VALUE=DATE:20270102', 'DTSTART:20270102T120000Z'),
      ),
      'valid-calendar-data',
    ],
    ['an exploding rule', vevent('DTSTART:20270101T100000Z', 'RRULE:FREQ=SECONDLY'), 'max-instances'],
    [
      'a rule of 10⁹ occurrences',
      vevent('DTSTART:20270101T100000Z', 'RRULE:FREQ=MINUTELY;COUNT=1000000000'),
      'max-instances',
    ],
    ['the year 1800', vevent('DTSTART:18000101T100000Z'), 'min-date-time'],
    ['the year 2200', vevent('DTSTART:22000101T100000Z'), 'max-date-time'],
    [
      '101 guests',
      vevent('DTSTART:20270101T100000Z', ...Array.from({ length: 101 }, (_, i) => `ATTENDEE:mailto:a${i}@example.edu`)),
      'max-attendees-per-instance',
    ],
    ['no UID', calendar(component('VEVENT', 'DTSTART:20270101T100000Z')), 'valid-calendar-object-resource'],
    [
      'an empty UID',
      calendar(component('VEVENT', 'UID:', 'DTSTART:20270101T100000Z')),
      'valid-calendar-object-resource',
    ],
    [
      'two series of one UID',
      calendar(
        component('VEVENT', 'UID:bad', 'DTSTART:20270101T100000Z'),
        component('VEVENT', 'UID:bad', 'DTSTART:20270102T100000Z'),
      ),
      'valid-calendar-object-resource',
    ],
    ['two starts', vevent('DTSTART:20270101T100000Z', 'DTSTART:20270102T100000Z'), 'valid-calendar-data'],
    ['two UIDs in one event', vevent('UID:bad2', 'DTSTART:20270101T100000Z'), 'valid-calendar-data'],
    [
      'an end and a duration',
      vevent('DTSTART:20270101T100000Z', 'DTEND:20270101T110000Z', 'DURATION:PT1H'),
      'valid-calendar-data',
    ],
    ['a line without a value', vevent('DTSTART:20270101T100000Z', 'SUMMARY'), 'valid-calendar-data'],
    ['a line without a name', vevent('DTSTART:20270101T100000Z', ':x'), 'valid-calendar-data'],
    ['an end in the year 2105', vevent('DTSTART:20990101T100000Z', 'DTEND:21050101T100000Z'), 'max-date-time'],
    ['a date of RDATE in the year 2150', vevent('DTSTART:20270101T100000Z', 'RDATE:21500101T000000Z'), 'max-date-time'],
    ['10,001 days by COUNT', vevent('DTSTART:20270101T100000Z', 'RRULE:FREQ=DAILY;COUNT=10001'), 'max-instances'],
    [
      '10,001 days by UNTIL',
      vevent('DTSTART:20270101T100000Z', 'RRULE:FREQ=DAILY;UNTIL=20540519T100000Z'),
      'max-instances',
    ],
    [
      'an alarm acknowledged on no clock (RFC 9074 §6.1)',
      vevent(
        'DTSTART:20270101T100000Z',
        'BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nACKNOWLEDGED:20270101T095600\r\nEND:VALARM',
      ),
      'valid-calendar-data',
    ],
    ['a character that XML cannot carry', vevent('DTSTART:20270101T100000Z', 'SUMMARY:\uffff'), 'valid-calendar-data'],
    ['a control character', vevent('DTSTART:20270101T100000Z', 'SUMMARY:\u0007'), 'valid-calendar-data'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from(vevent('DTSTART:20270101T100000Z')), Buffer.from([0xff, 0xfe])]),
      'valid-calendar-data',
    ],
    [
      'more than 1 MiB',
      vevent('DTSTART:20270101T100000Z', `DESCRIPTION:${'x'.repeat(1024 * 1024)}`),
      'max-resource-size',
    ],
  ])('%s is refused, with what is wrong in words', async (_, body, expected) => {
    const answer = await put(body)
    expect([answer.status, condition(answer.body)]).toEqual([403, `{urn:ietf:params:xml:ns:caldav}${expected}`])
    expect(inner(parseXml(answer.body)).length).toBeGreaterThan(10)
  })

  it.each([
    ['10,000 days by COUNT', 'RRULE:FREQ=DAILY;COUNT=10000'],
    ['10,000 days by UNTIL', 'RRULE:FREQ=DAILY;UNTIL=20540518T100000Z'],
    ['an end where the calendars end', 'DTEND:21000101T000000Z'],
  ])('%s are taken: the limits are what they say', async (_, line) => {
    expect((await put(vevent('DTSTART:20270101T100000Z', line))).status).toBe(201)
    await gateway.call('DELETE', '/dav/calendars/lh101/bad.ics')
  })

  it('another type is CALDAV:supported-calendar-data', async () => {
    const answer = await put('<a/>', { 'content-type': 'text/xml' })
    expect([answer.status, condition(answer.body)]).toEqual([
      403,
      '{urn:ietf:params:xml:ns:caldav}supported-calendar-data',
    ])
    const json = await put('{"a":1}', { 'content-type': 'application/calendar+json' })
    expect(condition(json.body)).toBe('{urn:ietf:params:xml:ns:caldav}valid-calendar-data')
  })

  it('a hostile product of BY-parts costs nothing', async () => {
    const numbers = (count: number): string => Array.from({ length: count }, (_, index) => index).join(',')
    const rule = `RRULE:FREQ=YEARLY;COUNT=1;BYMONTH=2;BYMONTHDAY=30;BYHOUR=${numbers(24)};BYMINUTE=${numbers(60)};BYSECOND=${numbers(60)}`
    // Worked through, the product would run into the time limit.
    await put(vevent('DTSTART:20270101T100000Z', rule))
    await gateway.call('DELETE', '/dav/calendars/lh101/bad.ics')
  })

  it('names the line', async () => {
    const answer = await put(vevent('SUMMARY:x', 'DTSTART:tomorrow'))
    expect(answer.body).toMatch(/line \d+/)
  })

  it('into a calendar that is not there is 409', async () => {
    const answer = await gateway.call('PUT', '/dav/calendars/none/a.ics', {
      headers: { 'content-type': 'text/calendar' },
      body: ics('a'),
    })
    expect(answer.status).toBe(409)
  })

  it('a content coding is 415', async () => {
    expect((await put(ics('a'), { 'content-encoding': 'gzip' })).status).toBe(415)
  })
})

describe('XML', () => {
  const report = (body: string | Buffer, headers: Record<string, string> = {}) =>
    gateway.call('REPORT', '/dav/calendars/lh101/', { headers, body })

  it.each([
    ['malformed', '<a>', 400],
    ['empty', '', 400],
    ['with a DTD and entities', '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;">]><a>&z;</a>', 400],
    ['with a control character', '<a>\u0000</a>', 400],
    ['with a character that is none', '<a>\uffff</a>', 400],
    ['nested deeply', `${'<a>'.repeat(5000)}${'</a>'.repeat(5000)}`, 400],
    ['over 1 MiB', `<a>${'x'.repeat(1024 * 1024)}</a>`, 413],
    ['not UTF-8', Buffer.from([0x3c, 0xff, 0x2f, 0x3e]), 400],
  ])('%s is refused', async (_, body, status) => {
    expect((await report(body)).status).toBe(status)
  })

  it('in UTF-16 is read', async () => {
    const text = '\ufeff<D:propfind xmlns:D="DAV:"><D:prop><D:displayname/></D:prop></D:propfind>'
    const answer = await gateway.call('PROPFIND', '/dav/', {
      headers: { depth: '0' },
      body: Buffer.from(text, 'utf16le'),
    })
    expect(answer.status).toBe(207)
  })

  it('under another type is 415', async () => {
    expect((await report('{}', { 'content-type': 'application/json' })).status).toBe(415)
  })
})

describe('paths', () => {
  it.each([
    ['/dav/calendars/%', 400],
    ['/dav/calendars/%zz/', 400],
    ['/dav/calendars/%ff/', 400],
    ['/dav/calendars/lh101/%00.ics', 400],
    ['/dav/calendars/lh101/%0d%0aX:%20y', 400],
    ['/dav/calendars/lh101/../lh102/', 400],
    ['/dav/calendars/lh101/%2e%2e/lh102/', 400],
    ['/dav/../../etc/passwd', 400],
    ['/dav/calendars/lh101%2F', 404],
    ['/dav/calendars//lh101/', 200],
    ['/dav//calendars/lh101//', 200],
    ['/dav/calendars/lh101//nothing.ics', 404],
    ['/dav/calendars/lh101/a/b', 404],
    ['/dav//', 200],
    ['/dav/nothing/', 404],
    [`/dav/calendars/lh101/${'x'.repeat(5000)}`, 404],
  ])('%s is %i', async (path, status) => {
    const answer = await gateway.call('GET', path)
    expect(answer.status).toBe(status)
    expect(answer.headers.x).toBeUndefined()
  })

  it('an absolute request target is understood', async () => {
    const { port } = new URL(gateway.url)
    const raw = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1')
      let text = ''
      socket.on('data', chunk => {
        text += chunk
      })
      socket.on('end', () => resolve(text))
      socket.on('error', reject)
      const authorization = `Authorization: Basic ${Buffer.from('av-team:secret').toString('base64')}`
      socket.end(`GET ${gateway.url}/dav/ HTTP/1.1\r\nHost: x\r\n${authorization}\r\nConnection: close\r\n\r\n`)
    })
    expect(raw).toMatch(/^HTTP\/1.1 200/)
  })
})

describe('anything', () => {
  const runs = Number(process.env.KALDAV_FUZZ ?? 150)
  const method = fc.constantFrom(
    'GET',
    'PUT',
    'DELETE',
    'PROPFIND',
    'PROPPATCH',
    'REPORT',
    'COPY',
    'MOVE',
    'MKCALENDAR',
    'OPTIONS',
    'HEAD',
    'LOCK',
    'POST',
    'ACL',
  )
  const place = fc.constantFrom(
    '',
    'principals/',
    'principals/users/av-team/',
    'principals/resources/lh101/',
    'calendars/',
    'calendars/lh101/',
    'calendars/lh101/bad.ics',
    'calendars/_schedule/',
    'calendars/_conflicts/',
    'calendars/_inbox/',
    '%2e%2e/',
    'calendars/%E2%82%AC/x',
  )
  const name = fc.constantFrom(
    'D:propfind',
    'D:prop',
    'D:allprop',
    'D:set',
    'D:remove',
    'D:propertyupdate',
    'D:href',
    'D:sync-collection',
    'D:sync-token',
    'D:sync-level',
    'D:limit',
    'D:nresults',
    'C:calendar-query',
    'C:calendar-multiget',
    'C:free-busy-query',
    'C:filter',
    'C:comp-filter',
    'C:prop-filter',
    'C:time-range',
    'C:text-match',
    'C:calendar-data',
    'C:expand',
    'C:comp',
    'C:timezone',
    'D:expand-property',
    'D:property',
    'D:principal-property-search',
    'D:principal-match',
    'D:self',
    'x',
  )
  const attributes = fc.constantFrom(
    '',
    ' name="VCALENDAR"',
    ' name="VEVENT"',
    ' name="SUMMARY"',
    ' start="20270101T000000Z"',
    ' start="20270101T000000Z" end="20270102T000000Z"',
    ' start="x"',
    ' name="displayname"',
  )
  const { node } = fc.letrec<{ node: string }>(tie => ({
    node: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom('', 'x', '20270101T000000Z', '/dav/calendars/lh101/bad.ics', '%zz', '&amp;', '<a'),
      fc
        .tuple(name, attributes, fc.array(tie('node'), { maxLength: 3 }))
        .map(([tag, attribute, inside]) => `<${tag}${attribute}>${inside.join('')}</${tag}>`),
    ),
  }))
  const xml = fc
    .tuple(name, attributes, fc.array(node, { maxLength: 4 }))
    .map(
      ([tag, attribute, inside]) =>
        `<${tag} xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"${attribute}>${inside.join('')}</${tag}>`,
    )
  const line = fc.constantFrom(
    'BEGIN:VCALENDAR',
    'END:VCALENDAR',
    'BEGIN:VEVENT',
    'END:VEVENT',
    'BEGIN:VTIMEZONE',
    'END:VTIMEZONE',
    'DTSTART:x',
    'RRULE:FREQ=YEARLY;BYDAY=1',
    'RECURRENCE-ID:20270101',
    'SUMMARY',
    ':',
    ' folded',
    'METHOD:X',
    'DTSTART;TZID=:20270101T000000',
  )
  const calendarText = fc.array(line, { maxLength: 12 }).map(lines => lines.join('\r\n'))
  const header = fc.record(
    {
      depth: fc.constantFrom('0', '1', 'infinity', '-1', ''),
      'if-match': fc.constantFrom('*', '"x"', '""', 'W/"', ',,,'),
      destination: fc.constantFrom('/dav/calendars/lh102/x.ics', '%', 'http://[', '//x', ''),
      prefer: fc.constantFrom('return=minimal', 'return=representation', ';;=', 'depth-noroot'),
      'content-type': fc.constantFrom(
        'text/xml',
        'text/calendar',
        'application/calendar+json',
        ';charset=klingon',
        'text/calendar; charset=utf-16',
      ),
      'if-modified-since': fc.constantFrom('yesterday', 'Thu, 01 Jan 1970 00:00:00 GMT'),
      accept: fc.constantFrom('*/*', 'application/calendar+json;q=x', ',,'),
    },
    { requiredKeys: [] },
  )

  it(`is never answered 500 (${runs} cases)`, { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        method,
        place,
        header,
        fc.oneof(xml, calendarText, fc.string()),
        async (verb, path, headers, body) => {
          const bare = verb === 'GET' || verb === 'HEAD' || verb === 'DELETE'
          const answer = await gateway.call(verb, `/dav/${path}`, { headers, ...(bare ? {} : { body }) })
          expect(answer.status).toBeLessThan(500 + Number(answer.status === 507 || answer.status === 502) * 100)
          if (answer.body.startsWith('<?xml')) expect(() => parseXml(answer.body)).not.toThrow()
          if (answer.status === 207) expect(() => multistatus(answer.body)).not.toThrow()
        },
      ),
      { numRuns: runs },
    )
  })
})
