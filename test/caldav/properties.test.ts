import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  condition,
  ics,
  inner,
  multistatus,
  property,
  propfindBody,
  RESOURCES,
  startTestGateway,
  type TestGateway,
} from './gateway.ts'

let gateway: TestGateway
const path = '/dav/calendars/lh101/'
const C = '{urn:ietf:params:xml:ns:caldav}'
const APPLE = '{http://apple.com/ns/ical/}'

beforeAll(async () => {
  gateway = await startTestGateway()
  await gateway.call('PUT', `${path}a.ics`, { headers: { 'content-type': 'text/calendar' }, body: ics('a') })
})
afterAll(() => gateway.close())

type Who = 'av-team' | 'booker' | 'viewer'
const propfind = (at: string, body: string, headers: Record<string, string> = {}, as: Who = 'av-team') =>
  gateway.call('PROPFIND', at, { as, headers: { depth: '0', ...headers }, body })
const update = (set: string, remove = ''): string =>
  `<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:A="http://apple.com/ns/ical/"><D:set><D:prop>${set}</D:prop></D:set>${remove && `<D:remove><D:prop>${remove}</D:prop></D:remove>`}</D:propertyupdate>`
const proppatch = (at: string, body: string, as: Who = 'av-team', headers: Record<string, string> = {}) =>
  gateway.call('PROPPATCH', at, { as, headers, body })

describe('PROPFIND', () => {
  it('of an event needs no Depth: nothing lies below it (RFC 4918 §9.1)', async () => {
    for (const headers of [{}, { depth: 'infinity' }] as const) {
      const answer = await gateway.call('PROPFIND', `${path}a.ics`, { headers, body: propfindBody('D:getetag') })
      expect([...multistatus(answer.body).keys()]).toEqual([`${path}a.ics`])
    }
  })

  it('names every preference it took into account (RFC 7240 §3)', async () => {
    const answer = await propfind(path, propfindBody('D:getetag', 'D:nothing'), {
      depth: '1',
      prefer: 'depth-noroot, return=minimal',
    })
    expect(answer.headers['preference-applied']).toBe('return=minimal, depth-noroot')
    expect([...multistatus(answer.body).keys()]).toEqual([`${path}a.ics`])
  })

  it('of a calendar has the tag and the type of what GET answers (RFC 4918 §15.5, §15.6)', async () => {
    const { headers } = await gateway.call('GET', path)
    const answer = await propfind(path, propfindBody('D:getetag', 'D:getcontenttype'))
    expect(property(answer.body, path, '{DAV:}getetag')).toBe(headers.etag)
    expect(property(answer.body, path, '{DAV:}getcontenttype')).toBe(headers['content-type'])
  })

  it('of a calendar tells what it takes (RFC 4791 §5.2)', async () => {
    const names = [
      'C:supported-calendar-component-set',
      'C:max-resource-size',
      'C:max-instances',
      'C:min-date-time',
      'C:max-date-time',
      'C:supported-collation-set',
      'C:supported-calendar-data',
      'C:calendar-timezone',
      'C:calendar-timezone-id',
      'D:supported-report-set',
      'CS:getctag',
      'D:sync-token',
    ]
    const answer = await propfind(path, propfindBody(...names))
    const found = multistatus(answer.body).get(path)?.properties
    expect([...(found?.values() ?? [])].map(({ status }) => status)).toEqual(names.map(() => 200))
    expect(property(answer.body, path, `${C}max-resource-size`)).toBe('1048576')
    expect(property(answer.body, path, `${C}calendar-timezone-id`)).toBe('Europe/Berlin')
    expect(property(answer.body, path, `${C}calendar-timezone`)).toMatch(
      /^BEGIN:VCALENDAR\r\n.*TZID:Europe\/Berlin.*END:VCALENDAR\r\n$/s,
    )
    expect(answer.body).toContain('<C:comp name="VEVENT"/>')
    expect(answer.body).toContain('<D:sync-collection/>')
  })

  it.each([
    [path, '/dav/principals/resources/lh101/'],
    [`${path}a.ics`, '/dav/principals/resources/lh101/'],
    ['/dav/principals/resources/lh101/', '/dav/principals/resources/lh101/'],
    ['/dav/principals/users/av-team/', '/dav/principals/users/av-team/'],
  ])('of %s names as its owner a principal, whose addresses can be asked', async (at, owner) => {
    const found = property((await propfind(at, propfindBody('D:owner'))).body, at, '{DAV:}owner')
    expect(found).toBe(owner)
    const asked = await propfind(owner, propfindBody('C:calendar-user-address-set'))
    expect(property(asked.body, owner, `${C}calendar-user-address-set`)).toContain(owner)
  })

  it.each(['/dav/', '/dav/calendars/', '/dav/calendars/_schedule/'])('of %s names no owner', async at => {
    const answer = multistatus((await propfind(at, propfindBody('D:owner'))).body)
    expect(answer.get(at)?.properties.get('{DAV:}owner')?.status).toBe(404)
  })

  it('does not offer to synchronise the conflicts, which are in no change log', async () => {
    const at = '/dav/calendars/_conflicts/'
    const answer = await propfind(at, propfindBody('D:supported-report-set', 'D:sync-token', 'CS:getctag'))
    expect(answer.body).not.toContain('sync-collection')
    expect(answer.body).toContain('calendar-query')
    expect(property(answer.body, at, '{DAV:}sync-token')).toBeNull()
    expect(property(answer.body, at, '{http://calendarserver.org/ns/}getctag')).toBeTruthy()
  })

  it.each([
    ['without Depth', {}],
    ['Depth: infinity', { depth: 'infinity' }],
  ])('%s is refused with its precondition', async (_, headers) => {
    const answer = await gateway.call('PROPFIND', path, { headers, body: propfindBody('D:getetag') })
    expect([answer.status, condition(answer.body)]).toEqual([403, '{DAV:}propfind-finite-depth'])
  })

  it.each([
    ['another Depth', { depth: '2' }, ''],
    ['another root', { depth: '0' }, '<D:prop xmlns:D="DAV:"/>'],
    ['nothing asked for', { depth: '0' }, '<D:propfind xmlns:D="DAV:"/>'],
    ['two things asked for', { depth: '0' }, '<D:propfind xmlns:D="DAV:"><D:allprop/><D:propname/></D:propfind>'],
  ])('with %s is 400', async (_, headers, body) => {
    expect((await gateway.call('PROPFIND', path, { headers, body })).status).toBe(400)
  })

  it('allprop has the properties of WebDAV and what is included, not those that cost', async () => {
    const answer = await propfind(
      path,
      '<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:allprop/><D:include><C:max-instances/><D:none/></D:include></D:propfind>',
    )
    const found = multistatus(answer.body).get(path)?.properties
    expect(found?.get('{DAV:}displayname')?.status).toBe(200)
    expect(found?.get(`${C}max-instances`)?.status).toBe(200)
    expect(found?.get('{DAV:}none')?.status).toBe(404)
    expect(found?.has(`${C}calendar-timezone`)).toBe(false)
    const empty = await propfind(path, '')
    expect(multistatus(empty.body).get(path)?.properties.get('{DAV:}resourcetype')?.status).toBe(200)
  })

  it('propname has names without values', async () => {
    const answer = await propfind(`${path}a.ics`, '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>')
    const found = multistatus(answer.body).get(`${path}a.ics`)?.properties
    expect(found?.has('{DAV:}getetag')).toBe(true)
    expect(inner(found?.get('{DAV:}getetag')?.node)).toBe('')
  })

  it('leaves out what is missing for clients that want it short', async () => {
    const body = propfindBody('D:displayname', 'D:none')
    for (const headers of [{ prefer: 'return=minimal' }, { brief: 't' }]) {
      const answer = await propfind(path, body, headers)
      expect([...(multistatus(answer.body).get(path)?.properties.keys() ?? [])]).toEqual(['{DAV:}displayname'])
    }
    const nothing = await propfind(path, propfindBody('D:none'), { prefer: 'return=minimal' })
    expect(nothing.body).toContain('<D:prop></D:prop><D:status>HTTP/1.1 200 OK</D:status>')
    const noRoot = await propfind(path, body, { prefer: 'depth-noroot', depth: '1' })
    expect([...multistatus(noRoot.body).keys()]).toEqual([`${path}a.ics`])
    expect(noRoot.headers['preference-applied']).toBe('depth-noroot')
  })

  it('iOS notices changes by the ctag of the home', async () => {
    const ctag = async () =>
      property(
        (await propfind('/dav/calendars/', propfindBody('CS:getctag'))).body,
        '/dav/calendars/',
        '{http://calendarserver.org/ns/}getctag',
      )
    const before = await ctag()
    expect(await ctag()).toBe(before)
    await gateway.call('PUT', '/dav/calendars/lh102/ctag.ics', {
      headers: { 'content-type': 'text/calendar' },
      body: ics('ctag'),
    })
    expect(await ctag()).not.toBe(before)
  })

  it('of an event has length, times and type as GET has them', async () => {
    const answer = await propfind(
      `${path}a.ics`,
      propfindBody('D:getcontentlength', 'D:getlastmodified', 'D:getcontenttype', 'D:getetag', 'D:creationdate'),
    )
    const event = await gateway.call('GET', `${path}a.ics`)
    const of = (name: string) => property(answer.body, `${path}a.ics`, `{DAV:}${name}`)
    expect([of('getcontentlength'), of('getlastmodified'), of('getcontenttype'), of('getetag')]).toEqual([
      event.headers['content-length'],
      event.headers['last-modified'],
      event.headers['content-type'],
      event.headers.etag,
    ])
    expect(of('creationdate')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })
})

describe('PROPPATCH', () => {
  it.each(['D:getcontentlength', 'D:creationdate', 'D:principal-URL', 'D:quota-used-bytes', 'C:calendar-home-set'])(
    'refuses %s of a calendar, which is computed where it exists',
    async name => {
      const answer = await proppatch(path, update(`<${name}>x</${name}><A:calendar-color>#00112233</A:calendar-color>`))
      const { properties } = multistatus(answer.body).get(path) ?? {}
      expect([...(properties?.values() ?? [])].map(({ status }) => status).toSorted()).toEqual([403, 424])
      expect(answer.body).toContain('<D:cannot-modify-protected-property>')
      expect((await propfind(path, propfindBody(name))).body).toContain('404 Not Found')
    },
  )

  it('keeps the language that is in scope with the value (RFC 4918 §4.3)', async () => {
    const body =
      '<D:propertyupdate xmlns:D="DAV:"><D:set xml:lang="fr"><D:prop><X:greeting xmlns:X="x:">bonjour</X:greeting></D:prop></D:set></D:propertyupdate>'
    await proppatch(path, body)
    const found = await propfind(
      path,
      '<D:propfind xmlns:D="DAV:"><D:prop><greeting xmlns="x:"/></D:prop></D:propfind>',
    )
    expect(found.body).toMatch(/xml:lang=['"]fr['"][^>]*>bonjour</)
  })

  it('is 400 where it changes nothing', async () => {
    expect((await proppatch(path, '<D:propertyupdate xmlns:D="DAV:"/>')).status).toBe(400)
  })

  it('colour and order are kept for each person, also for those who may only read (macOS)', async () => {
    const color = `<A:calendar-color symbolic-color='orange'>#FD8208FF</A:calendar-color><A:calendar-order>3</A:calendar-order>`
    const answer = await proppatch(path, update(color), 'viewer')
    expect(answer.status).toBe(207)
    expect(multistatus(answer.body).get(path)?.properties.get(`${APPLE}calendar-color`)?.status).toBe(200)
    const mine = await propfind(path, propfindBody('A:calendar-color', 'A:calendar-order'), {}, 'viewer')
    expect(property(mine.body, path, `${APPLE}calendar-color`)).toBe('#FD8208FF')
    expect(mine.body).toContain(`symbolic-color='orange'`)
    const others = await propfind(path, propfindBody('A:calendar-color'), {}, 'booker')
    expect(property(others.body, path, `${APPLE}calendar-color`)).toBeNull()
  })

  it('a name of ones own stands over the name of the resource, and goes again', async () => {
    await proppatch(path, update('<D:displayname>My room &amp; yours</D:displayname>'))
    const named = await propfind(path, propfindBody('D:displayname'))
    expect(property(named.body, path, '{DAV:}displayname')).toBe('My room & yours')
    await proppatch(path, update('', '<D:displayname/>'))
    const removed = await propfind(path, propfindBody('D:displayname'))
    expect(property(removed.body, path, '{DAV:}displayname')).toBe('Lecture Hall 101')
  })

  it('is all or nothing (RFC 4918 §9.2.1)', async () => {
    const answer = await proppatch(path, update('<A:calendar-order>9</A:calendar-order><D:resourcetype/>'), 'booker')
    const response = multistatus(answer.body).get(path)
    expect(response?.properties.get('{DAV:}resourcetype')?.status).toBe(403)
    expect(response?.properties.get(`${APPLE}calendar-order`)?.status).toBe(424)
    expect(answer.body).toContain('<D:cannot-modify-protected-property>')
    const after = await propfind(path, propfindBody('A:calendar-order'), {}, 'booker')
    expect(property(after.body, path, `${APPLE}calendar-order`)).toBeNull()
  })

  it('of a calendar in UTC are no calendar-timezone and no id of one, until somebody sets them', async () => {
    const inUtc = RESOURCES.map(room => ({ ...room, timeZone: 'UTC' }))
    const utc = await startTestGateway({ resources: inUtc })
    onTestFinished(() => utc.close())
    const ask = async () => {
      const body = propfindBody('C:calendar-timezone', 'C:calendar-timezone-id')
      const answer = await utc.call('PROPFIND', path, { headers: { depth: '0' }, body })
      return ['calendar-timezone', 'calendar-timezone-id'].map(name => property(answer.body, path, `${C}${name}`))
    }
    expect(await ask()).toEqual([null, null])
    const body = update('<C:calendar-timezone-id>Etc/UTC</C:calendar-timezone-id>')
    await utc.call('PROPPATCH', path, { body })
    expect(await ask()).toEqual([expect.stringContaining('BEGIN:VTIMEZONE'), 'Etc/UTC'])
  })

  it('Apple sends a whole VTIMEZONE, and what is none is refused', async () => {
    const zone =
      'BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nBEGIN:VTIMEZONE&#13;\nTZID:America/New_York&#13;\nBEGIN:STANDARD&#13;\nDTSTART:19700101T000000&#13;\nTZOFFSETFROM:-0500&#13;\nTZOFFSETTO:-0500&#13;\nEND:STANDARD&#13;\nEND:VTIMEZONE&#13;\nEND:VCALENDAR&#13;\n'
    const answer = await proppatch(path, update(`<C:calendar-timezone>${zone}</C:calendar-timezone>`))
    expect(multistatus(answer.body).get(path)?.properties.get(`${C}calendar-timezone`)?.status).toBe(200)
    const both = await propfind(path, propfindBody('C:calendar-timezone', 'C:calendar-timezone-id'))
    expect(property(both.body, path, `${C}calendar-timezone`)).toContain('TZID:America/New_York\r\n')
    expect(property(both.body, path, `${C}calendar-timezone-id`)).toBe('America/New_York')
    const bad = await proppatch(path, update('<C:calendar-timezone>Mars</C:calendar-timezone>'))
    expect([
      multistatus(bad.body).get(path)?.properties.get(`${C}calendar-timezone`)?.status,
      bad.body.includes('C:valid-calendar-data'),
    ]).toEqual([403, true])
    await proppatch(path, update('<C:calendar-timezone-id>UTC</C:calendar-timezone-id>'))
    const utc = await propfind(path, propfindBody('C:calendar-timezone', 'C:calendar-timezone-id'))
    expect(property(utc.body, path, `${C}calendar-timezone-id`)).toBe('UTC')
    // RFC 4791 §5.2.2: exactly one VTIMEZONE, although events in UTC need none.
    expect(property(utc.body, path, `${C}calendar-timezone`)).toContain('BEGIN:VTIMEZONE\r\nTZID:UTC\r\n')
    const badId = await proppatch(path, update('<C:calendar-timezone-id>Mars/City</C:calendar-timezone-id>'))
    expect(badId.body).toContain('C:valid-timezone')
  })

  it('of the home keeps default alarms, of an event nothing', async () => {
    const alarm = '<C:default-alarm-vevent-date>BEGIN:VALARM&#13;\nEND:VALARM</C:default-alarm-vevent-date>'
    await proppatch('/dav/calendars/', update(alarm))
    const kept = await propfind('/dav/calendars/', propfindBody('C:default-alarm-vevent-date'))
    expect(property(kept.body, '/dav/calendars/', `${C}default-alarm-vevent-date`)).toBe('BEGIN:VALARM\r\nEND:VALARM')
    const text = (value: string) => update(`<C:default-alarm-vevent-date>${value}</C:default-alarm-vevent-date>`)
    const bad = await proppatch('/dav/calendars/', text('Not\nCalendar\nData'))
    expect(multistatus(bad.body).get('/dav/calendars/')?.properties.get(`${C}default-alarm-vevent-date`)?.status).toBe(
      403,
    )
    expect(bad.body).toContain('C:valid-calendar-data')
    const none = await proppatch('/dav/calendars/', text(''))
    expect(multistatus(none.body).get('/dav/calendars/')?.properties.get(`${C}default-alarm-vevent-date`)?.status).toBe(
      200,
    )
    const event = await proppatch(`${path}a.ics`, update('<A:x>1</A:x>'))
    expect(multistatus(event.body).get(`${path}a.ics`)?.properties.get(`${APPLE}x`)?.status).toBe(403)
  })

  it('is short for clients that want it short', async () => {
    const answer = await proppatch(path, update('<A:x>1</A:x>'), 'av-team', { prefer: 'return=minimal' })
    expect([answer.status, answer.body]).toEqual([200, ''])
  })

  it.each([
    ['nothing', '', 400],
    ['another root', '<D:propfind xmlns:D="DAV:"/>', 400],
    ['set without prop', '<D:propertyupdate xmlns:D="DAV:"><D:set/></D:propertyupdate>', 400],
  ])('with %s is %s', async (_, body, status) => {
    expect((await proppatch(path, body)).status).toBe(status)
  })

  it('of what is not there is 404', async () => {
    expect((await proppatch('/dav/calendars/none/', update('<A:x/>'))).status).toBe(404)
  })

  it('does not keep what is too much', async () => {
    const answer = await proppatch(path, update(`<A:x>${'x'.repeat(70_000)}</A:x>`))
    expect(multistatus(answer.body).get(path)?.properties.get(`${APPLE}x`)?.status).toBe(507)
  })
})
