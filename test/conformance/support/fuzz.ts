/** Requests that no client should send, from requests that clients do send. */
import fc from 'fast-check'
import { day } from './text.ts'

export interface Case {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string
}

const spaces = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="http://apple.com/ns/ical/"'
const filter = (inner: string) =>
  `<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">${inner}</C:comp-filter></C:comp-filter></C:filter>`
const query = (properties: string, inner: string) =>
  `<?xml version="1.0"?><C:calendar-query ${spaces}><D:prop>${properties}</D:prop>${filter(inner)}</C:calendar-query>`
const week = `start="${day(1)}T000000Z" end="${day(8)}T000000Z"`

const reportBodies = [
  query('<D:getetag/><C:calendar-data/>', `<C:time-range ${week}/>`),
  query(`<C:calendar-data><C:expand ${week}/></C:calendar-data>`, `<C:time-range ${week}/>`),
  query(`<C:calendar-data><C:limit-recurrence-set ${week}/></C:calendar-data>`, ''),
  query(
    '<C:calendar-data><C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT"><C:prop name="UID"/></C:comp></C:comp></C:calendar-data>',
    '<C:prop-filter name="SUMMARY"><C:text-match collation="i;ascii-casemap" negate-condition="no">x</C:text-match></C:prop-filter>',
  ),
  query(
    '<D:getetag/>',
    '<C:prop-filter name="ATTENDEE"><C:param-filter name="PARTSTAT"><C:text-match>NEEDS-ACTION</C:text-match></C:param-filter></C:prop-filter><C:comp-filter name="VALARM"><C:is-not-defined/></C:comp-filter>',
  ),
  `<?xml version="1.0"?><C:calendar-multiget ${spaces}><D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>/dav/calendars/lh102/f1.ics</D:href><D:href>/dav/calendars/lh102/f2.ics</D:href></C:calendar-multiget>`,
  `<?xml version="1.0"?><C:free-busy-query ${spaces}><C:time-range ${week}/></C:free-busy-query>`,
  `<?xml version="1.0"?><D:sync-collection ${spaces}><D:sync-token></D:sync-token><D:sync-level>1</D:sync-level><D:limit><D:nresults>5</D:nresults></D:limit><D:prop><D:getetag/></D:prop></D:sync-collection>`,
  `<?xml version="1.0"?><D:expand-property ${spaces}><D:property name="current-user-principal" namespace="DAV:"><D:property name="displayname" namespace="DAV:"/></D:property></D:expand-property>`,
  `<?xml version="1.0"?><D:principal-property-search ${spaces}><D:property-search><D:prop><D:displayname/></D:prop><D:match>lh</D:match></D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>`,
]

const propfindBodies = [
  `<?xml version="1.0"?><D:propfind ${spaces}><D:allprop/><D:include><D:acl/></D:include></D:propfind>`,
  `<?xml version="1.0"?><D:propfind ${spaces}><D:prop><D:resourcetype/><D:displayname/><C:calendar-home-set/><D:current-user-privilege-set/></D:prop></D:propfind>`,
]

const proppatchBodies = [
  `<?xml version="1.0"?><D:propertyupdate ${spaces}><D:set><D:prop><A:calendar-color>#ff0000ff</A:calendar-color></D:prop></D:set><D:remove><D:prop><A:calendar-order/></D:prop></D:remove></D:propertyupdate>`,
]

const xmlBodies = [...reportBodies, ...propfindBodies, ...proppatchBodies]

const event = (number: number, lines: readonly string[]) =>
  [
    ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kaldav//fuzz//EN', 'BEGIN:VEVENT', `UID:fuzz-${number}`],
    ...['DTSTAMP:20260101T000000Z', `DTSTART;TZID=Europe/Berlin:${day(2)}T090000`, 'DURATION:PT1H', 'SUMMARY:Fuzz'],
    ...lines,
    ...['END:VEVENT', 'END:VCALENDAR', ''],
  ].join('\r\n')

const calendarBodies = [
  event(1, []),
  event(2, ['RRULE:FREQ=WEEKLY;COUNT=10;BYDAY=MO,WE', `EXDATE;TZID=Europe/Berlin:${day(9)}T090000`]),
  event(3, ['ATTENDEE;PARTSTAT=NEEDS-ACTION;CN="A, B":mailto:a@example.edu', 'ORGANIZER:mailto:b@example.edu']),
  event(4, ['BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:-PT15M', 'DESCRIPTION:Soon', 'END:VALARM']),
  event(5, ['X-KALTURA-TYPE:2', 'X-KALTURA-TAGS:a,b', 'X-KALTURA-LIVE-STREAM-PASSWORD:secret']),
]

/** What breaks parsers: each may take the place of any piece of a body. */
const poison = [
  ...[
    '',
    '<',
    '>',
    '&',
    '&#0;',
    '&x;',
    ']]>',
    '<!--',
    '<!DOCTYPE x [<!ENTITY x "y">]>',
    '<![CDATA[',
    '\u0000',
    '\uFEFF',
  ],
  ...['COUNT=1000000000', 'INTERVAL=0', 'FREQ=SECONDLY', 'FREQ=', 'UNTIL=99991231', 'BYDAY=53MO', 'BYSETPOS=-366'],
  ...['DTSTART:00000000T000000Z', 'DTSTART:20270230', 'DTEND:19000101T000000Z', 'DURATION:-P1D', 'DURATION:P99999999W'],
  ...[
    'RECURRENCE-ID:20270101',
    'RDATE;VALUE=PERIOD:20270101T000000Z/PT1H',
    'TZID=Nowhere/Land',
    'BEGIN:VTODO\r\nEND:VTODO',
  ],
  ...['BEGIN:VEVENT\r\n', 'END:VEVENT\r\n', 'UID:', 'UID:../../etc/passwd', ';;;;', ':'.repeat(200), 'é漢🎓', '\ud800'],
  ...[
    'infinity',
    '-1',
    '1e999',
    '99999999999999999999',
    '20270101T250000Z',
    'http://example.com/',
    '/dav/../../x',
    '%00',
  ],
]

const cuts = (text: string) =>
  fc.tuple(fc.nat(text.length), fc.nat(60), fc.oneof(fc.constantFrom(...poison), fc.string({ maxLength: 20 })))

/** Cut and patched anywhere: mostly no longer XML or iCalendar at all. */
const patched = (body: string) =>
  fc
    .array(cuts(body), { minLength: 1, maxLength: 3 })
    .map(edits =>
      edits.reduce((text, [at, length, piece]) => text.slice(0, at) + piece + text.slice(at + length), body),
    )

/** Values that may stand in an attribute, a text, a property or a parameter, and still be nonsense there. */
const values = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    'x',
    'no',
    'VEVENT',
    'VTODO',
    'VALARM',
    'VCALENDAR',
    'DTSTART',
    'i;octet',
    'i;unicode-casemap',
    'DAV:',
  ],
  ...[
    '20270101T000000Z',
    '20270101',
    '00000000T000000Z',
    '99991231T235959Z',
    '20270230T000000Z',
    'P1D',
    '-P1D',
    'PT0S',
    'P99999W',
  ],
  ...[
    'urn:kaldav:1',
    'FREQ=SECONDLY',
    'COUNT=1000000000',
    'INTERVAL=0',
    'UNTIL=19700101',
    'BYDAY=53MO',
    'Europe/Nowhere',
    'UTC',
  ],
  ...[
    '/dav/calendars/lh102/f1.ics',
    '/dav/calendars/lh101/',
    'http://elsewhere.example/f1.ics',
    '../f1.ics',
    '%00',
    '%zz',
    '漢🎓',
  ],
  ...[
    'x'.repeat(3000),
    'a;b,c',
    'mailto:a@example.edu',
    'TRUE',
    '1e9',
    '18446744073709551616',
    '2147483648',
    'infinity',
    '$1',
    '%s',
  ],
]
const xmlValue = /(?<= (?:name|start|end|collation|negate-condition|namespace)=)"[^"]*"|(?<=>)[^<>]*(?=<\/)/g
const calendarValue = /(?<=[:;=,])[^:;=,\r\n]+/g

/** Values exchanged for others: still XML or iCalendar, so that what is wrong is found deep inside. */
const retold = (body: string) => {
  const token = body.startsWith('<') ? xmlValue : calendarValue
  const change = fc.tuple(fc.nat([...body.matchAll(token)].length), fc.constantFrom(...values))
  return fc.array(change, { minLength: 1, maxLength: 3 }).map(changes => {
    const chosen = new Map(changes)
    let index = -1
    return body.replace(token, old => {
      index += 1
      const value = chosen.get(index)
      if (value === undefined) return old
      return old.startsWith('"') ? `"${value}"` : value
    })
  })
}

/** One name exchanged for another wherever it stands: elements, components and properties where they do not belong. */
const renamed = (body: string) => {
  const names = [...new Set(body.match(body.startsWith('<') ? /(?<=<\w:)[\w-]+/g : /^[A-Z-]+(?=[:;])/gm) ?? ['x'])]
  const name = fc.constantFrom(...names)
  return fc.tuple(name, name).map(([from, to]) => body.replaceAll(new RegExp(`(?<![\\w-])${from}(?![\\w-])`, 'g'), to))
}

const mutated = (bodies: readonly string[]) =>
  fc
    .constantFrom(...bodies)
    .chain(text =>
      fc.oneof(
        { weight: 1, arbitrary: fc.constant(text) },
        { weight: 2, arbitrary: patched(text) },
        { weight: 4, arbitrary: retold(text) },
        { weight: 2, arbitrary: renamed(text) },
      ),
    )

const nested = fc
  .tuple(fc.constantFrom('<D:x>', '<D:prop>', 'BEGIN:VEVENT\r\n'), fc.integer({ min: 1, max: 5000 }))
  .map(([piece, times]) => `<?xml version="1.0"?><D:propfind ${spaces}>${piece.repeat(times)}`)

const body = fc.oneof(
  { weight: 6, arbitrary: mutated(xmlBodies) },
  { weight: 6, arbitrary: mutated(calendarBodies) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: fc.constant('') },
)

const known = [
  '/dav/',
  '/dav/calendars/',
  '/dav/calendars/lh102/',
  '/dav/calendars/_schedule/',
  '/dav/calendars/_conflicts/',
]
const folders = [
  ...known,
  ...known.slice(2),
  '/dav/principals/users/admin/',
  '/dav/principals/resources/lh102/',
  '/',
  '/.well-known/caldav',
]
const segment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', 'f1.ics', 'f2.ics', 'f3.ics', 'f1.ics/', 'no.ics') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        '..',
        '%2e%2e/',
        '%2f',
        '%00',
        '%',
        '%zz',
        '%ff%fe',
        '%c3%28',
        '//',
        ';v=1',
        '?a=b',
        '#x',
        '%E2%9C%93.ics',
        ' x',
      ],
      ...[
        '\\..\\',
        'a'.repeat(9000),
        '%61'.repeat(300),
        '_schedule',
        '.',
        "'--",
        '"',
        '<x>',
        '{}',
        '|',
        '^',
        '`',
        '\u00e9',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 30 }).map(text => text.replaceAll(/[\r\n]/g, '')) },
)
const path = fc.tuple(fc.constantFrom(...folders), segment).map(([folder, name]) => folder + name)

const one = (name: string, ...values: readonly string[]) =>
  fc.constantFrom(...values).map(value => [name, value] as const)
const header = fc.oneof(
  one('Depth', '0', '1', 'infinity', '2', '-1', 'x', '1,noroot'),
  one('If-Match', '*', '"x"', 'x', 'W/"x"', '"a", "b"', ',', '"'),
  one('If-None-Match', '*', '"x"', 'W/"x"', '*, *', ''),
  one('If', '(<urn:x>)', '(["x"])', '<', '()'),
  one(
    'Destination',
    '/dav/calendars/lh102/f9.ics',
    'http://elsewhere.example/x',
    '/dav/calendars/_schedule/f1.ics',
    '%',
    '',
  ),
  one('Overwrite', 'T', 'F', 'x'),
  one('Prefer', 'return=minimal', 'return=representation', 'depth-noroot', '=;,', 'return=minimal'.repeat(100)),
  one('Accept', 'application/calendar+json', 'text/calendar;version=1.0', '*/*;q=x', ';', 'image/png'),
  one(
    'Content-Type',
    'text/calendar',
    'application/xml',
    'text/xml; charset=utf-16',
    'x/y',
    'multipart/form-data',
    ';',
  ),
  one('Content-Encoding', 'gzip', 'x', 'identity'),
  one('Range', 'bytes=0-1', 'bytes=-1', 'bytes=9-1', 'x'),
  one('If-Modified-Since', 'Sat, 01 Jan 2000 00:00:00 GMT', 'x'),
  one('X-Forwarded-Proto', 'https', 'javascript'),
  one('CalDAV-Timezones', 'T', 'F', 'x'),
  one('If-Schedule-Tag-Match', '"x"', 'x'),
  one('User-Agent', 'Thunderbird', 'iOS/18.0 dataaccessd/1.0', '\u00ff'),
)

const method = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('PUT', 'REPORT', 'PROPFIND', 'PROPPATCH', 'GET') },
  { weight: 2, arbitrary: fc.constantFrom('DELETE', 'MOVE', 'COPY', 'MKCALENDAR', 'MKCOL', 'OPTIONS', 'HEAD', 'POST') },
  { weight: 1, arbitrary: fc.constantFrom('LOCK', 'UNLOCK', 'PATCH', 'ACL', 'SEARCH', 'TRACE', 'FOO', 'get') },
)

const files = fc.constantFrom(...[1, 2, 3, 4, 5].map(number => `/dav/calendars/lh102/f${number}.ics`))
const folder = fc.constantFrom(...folders)

const xmlCase = (verb: string, bodies: readonly string[]): fc.Arbitrary<Case> =>
  fc.record({
    method: fc.constant(verb),
    path: fc.oneof({ weight: 4, arbitrary: folder }, { weight: 1, arbitrary: files }),
    headers: fc
      .tuple(one('Depth', '0', '1'), fc.array(header, { maxLength: 1 }))
      .map(([depth, more]) => [['Content-Type', 'application/xml'] as const, ...more, depth]),
    body: mutated(bodies),
  })

/** A request that is right but for its values: method, place, type and kind of body fit together. */
const fitting: fc.Arbitrary<Case> = fc.oneof(
  fc.record({
    method: fc.constant('PUT'),
    path: files,
    headers: fc.array(header, { maxLength: 1 }).map(more => [['Content-Type', 'text/calendar'] as const, ...more]),
    body: mutated(calendarBodies),
  }),
  xmlCase('REPORT', reportBodies),
  xmlCase('REPORT', reportBodies),
  xmlCase('PROPFIND', propfindBodies),
  xmlCase('PROPPATCH', proppatchBodies),
  fc.record({
    method: fc.constantFrom('COPY', 'MOVE', 'DELETE', 'GET'),
    path: files,
    headers: fc
      .tuple(files, fc.array(header, { maxLength: 2 }))
      .map(([to, more]) => [...more, ['Destination', to]] as const),
    body: fc.constant(''),
  }),
)

const anything: fc.Arbitrary<Case> = fc.record({ method, path, headers: fc.array(header, { maxLength: 4 }), body })

export const cases: fc.Arbitrary<Case> = fc.oneof({ weight: 3, arbitrary: fitting }, { weight: 2, arbitrary: anything })

/** The case as it goes over the wire, with credentials; UTF-8 where it is not ASCII. */
export function wire({ method: verb, path: where, headers, body: text }: Case, authorization: string): Buffer {
  const bytes = Buffer.from(text)
  const names = new Set<string>()
  const lines = headers
    .filter(([name]) => !names.has(name) && names.add(name))
    .map(([name, value]) => `${name}: ${value}`)
  const head = [
    `${verb} ${where} HTTP/1.1`,
    ...['Host: 127.0.0.1', 'Connection: close', `Authorization: ${authorization}`, ...lines],
    ...(bytes.length > 0 ? [`Content-Length: ${bytes.length}`] : []),
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
}
