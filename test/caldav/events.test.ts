import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseXml } from '../../src/dav/xml.ts'
import { condition, ics, inner, multistatus, propfindBody, startTestGateway, type TestGateway } from './gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())

const type = { 'content-type': 'text/calendar; charset=utf-8' }
const put = (path: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  gateway.call('PUT', path, { headers: { ...type, ...headers }, body })
const get = (path: string) => gateway.call('GET', path)
const names = async (calendar: string): Promise<readonly string[]> => {
  const answer = await gateway.call('PROPFIND', `/dav/calendars/${calendar}/`, {
    headers: { depth: '1' },
    body: propfindBody('D:getetag'),
  })
  return [...multistatus(answer.body).keys()].slice(1).map(href => href.split('/').at(-1) ?? '')
}

describe('an event', () => {
  it('is served as it was sent, byte for byte, under the ETag that PUT answered', async () => {
    const body = ics('bytes', ['X-ODD;X=1:kept', 'SUMMARY;LANGUAGE=de:Größe', 'X-LONG:1234567890\r\n 1234567890'])
    const created = await put('/dav/calendars/lh101/bytes.ics', body, { 'if-none-match': '*' })
    expect(created.status).toBe(201)
    const answer = await get('/dav/calendars/lh101/bytes.ics')
    expect(answer.body).toBe(body)
    expect(answer.headers.etag).toBe(created.headers.etag)
    expect(answer.headers['content-type']).toBe('text/calendar;charset=utf-8')
    const head = await gateway.call('HEAD', '/dav/calendars/lh101/bytes.ics')
    expect([head.status, head.body, head.headers['content-length']]).toEqual([
      200,
      '',
      answer.headers['content-length'],
    ])
    const again = await gateway.call('GET', '/dav/calendars/lh101/bytes.ics', {
      headers: { 'if-none-match': String(created.headers.etag) },
    })
    expect([again.status, again.body]).toEqual([304, ''])
  })

  it('is changed under the conditions of the request only', async () => {
    const path = '/dav/calendars/lh101/conditions.ics'
    const first = await put(path, ics('conditions'))
    expect((await put(path, ics('conditions', ['SEQUENCE:1']), { 'if-none-match': '*' })).status).toBe(412)
    const etag = String(first.headers.etag)
    const second = await put(path, ics('conditions', ['SEQUENCE:2']), { 'if-match': `"x", ${etag}` })
    expect(second.status).toBe(204)
    const stale = await put(path, ics('conditions', ['SEQUENCE:3']), { 'if-match': etag })
    expect([stale.status, stale.headers.etag]).toEqual([412, second.headers.etag])
    expect((await gateway.call('DELETE', path, { headers: { 'if-match': etag } })).status).toBe(412)
    expect((await gateway.call('DELETE', path, { headers: { 'if-match': '*' } })).status).toBe(204)
    expect((await gateway.call('DELETE', path)).status).toBe(404)
    expect((await put(path, ics('conditions'), { 'if-match': etag })).status).toBe(412)
    expect((await get(path)).status).toBe(404)
  })

  it('is read and changed under the dates of the request too (RFC 9110 §13.1.3, §13.1.4)', async () => {
    const path = '/dav/calendars/lh101/dated.ics'
    await put(path, ics('dated'))
    const now = String((await get(path)).headers['last-modified'])
    const long = 'Mon, 01 Jan 2001 00:00:00 GMT'
    const ask = async (method: string, headers: Record<string, string>) =>
      (
        await gateway.call(method, path, {
          headers: { ...type, ...headers },
          body: method === 'PUT' ? ics('dated') : '',
        })
      ).status
    expect(await ask('GET', { 'if-modified-since': now })).toBe(304)
    expect(await ask('GET', { 'if-modified-since': long })).toBe(200)
    expect(await ask('GET', { 'if-modified-since': now, 'if-none-match': '"other"' })).toBe(200)
    expect(await ask('GET', { 'if-unmodified-since': long })).toBe(412)
    expect(await ask('PUT', { 'if-unmodified-since': long })).toBe(412)
    expect(await ask('PUT', { 'if-unmodified-since': now })).toBe(204)
    const destination = `${gateway.url}/dav/calendars/lh102/dated.ics`
    expect(await ask('MOVE', { 'if-unmodified-since': long, destination })).toBe(412)
    expect(await ask('DELETE', { 'if-unmodified-since': long })).toBe(412)
    expect(await ask('DELETE', { 'if-unmodified-since': now })).toBe(204)
  })

  it('keeps the name a client chose, however odd', async () => {
    for (const name of [
      'a@b.ics',
      'a%20b.ics',
      'a%2Bb.ics',
      'a%2Fb.ics',
      'gr%C3%BC%C3%9Fe.ics',
      'a%3Fb%23c',
      '%252F',
    ]) {
      const href = `/dav/calendars/cam1/${name}`
      expect((await put(href, ics(`odd ${name}`))).status).toBe(201)
      expect((await get(href)).status).toBe(200)
      const listed = await gateway.call('PROPFIND', '/dav/calendars/cam1/', {
        headers: { depth: '1' },
        body: propfindBody('D:getetag'),
      })
      expect([...multistatus(listed.body).keys()]).toContain(href)
      expect((await gateway.call('DELETE', href)).status).toBe(204)
    }
  })

  it('with a stream password is served without it, and no ETag is answered', async () => {
    const path = '/dav/calendars/lh101/password.ics'
    const answer = await put(path, ics('password', ['X-KALTURA-TYPE:2', 'X-KALTURA-LIVE-STREAM-PASSWORD:geheim']))
    expect([answer.status, answer.headers.etag]).toEqual([201, undefined])
    const served = await get(path)
    expect(served.body).not.toContain('geheim')
    expect(served.headers.etag).toBeDefined()
    // What comes back without it does not erase it.
    await put(path, served.body.replace('SUMMARY:Lecture', 'SUMMARY:Changed'))
    expect((await gateway.store.event('password'))?.event.master?.kaltura.liveStreamPassword).toBe('geheim')
  })

  it('comes back at once for a client that asks for it (RFC 8144)', async () => {
    const prefer = { prefer: 'return=representation' }
    const path = '/dav/calendars/lh101/prefer.ics'
    const created = await put(path, ics('prefer'), prefer)
    expect([created.status, created.body, created.headers['preference-applied']]).toEqual([
      201,
      ics('prefer'),
      'return=representation',
    ])
    expect(created.headers['content-location']).toBe(path)
    const failed = await put(path, ics('prefer', ['SEQUENCE:1']), { ...prefer, 'if-match': '"x"' })
    expect([failed.status, failed.body, failed.headers.etag]).toEqual([412, ics('prefer'), created.headers.etag])
  })

  it('is read and written as jCal by those who ask for it (RFC 7265)', async () => {
    const path = '/dav/calendars/lh101/jcal.ics'
    await put(path, ics('jcal'))
    const answer = await gateway.call('GET', path, {
      headers: { accept: 'application/calendar+json, text/calendar;q=0.5' },
    })
    expect(answer.headers['content-type']).toContain('application/calendar+json')
    expect(JSON.parse(answer.body)[0]).toBe('vcalendar')
    const json = answer.body.replace('Lecture', 'From jCal').replaceAll('jcal', 'jcal2')
    const created = await gateway.call('PUT', '/dav/calendars/lh101/jcal2.ics', {
      headers: { 'content-type': 'application/calendar+json' },
      body: json,
    })
    expect([created.status, created.headers.etag]).toEqual([201, undefined])
    expect((await get('/dav/calendars/lh101/jcal2.ics')).body).toContain('SUMMARY:From jCal')
  })

  it('has the week start of its rule by name in jCal (RFC 7265 §3.6.10), also in a whole calendar', async () => {
    const path = '/dav/calendars/lh102/wkst.ics'
    const rule = 'RRULE:FREQ=WEEKLY;COUNT=2;WKST=SU'
    await put(path, ics('wkst', [rule]))
    for (const at of [path, '/dav/calendars/lh102/']) {
      const answer = await gateway.call('GET', at, { headers: { accept: 'application/calendar+json' } })
      expect(answer.body).toContain('"wkst":"SU"')
      if (at !== path) continue
      await gateway.call('PUT', path, { headers: { 'content-type': 'application/calendar+json' }, body: answer.body })
      expect((await get(path)).body).toContain(`${rule}\r\n`)
    }
    await gateway.call('DELETE', path)
  })

  it('that was sent as jCal keeps its own VTIMEZONE and TZID, and is answered as jCal where that is asked for', async () => {
    const path = '/dav/calendars/lh101/jcal-zone.ics'
    const json = JSON.stringify([
      'vcalendar',
      [
        ['version', {}, 'text', '2.0'],
        ['prodid', {}, 'text', '-//Test//Test//EN'],
      ],
      [
        [
          'vtimezone',
          [['tzid', {}, 'text', 'US/Eastern']],
          [
            [
              'standard',
              [
                ['dtstart', {}, 'date-time', '2000-10-26T02:00:00'],
                ['rrule', {}, 'recur', { freq: 'YEARLY', bymonth: 10, byday: '-1SU' }],
                ['tzname', {}, 'text', 'EST'],
                ['tzoffsetfrom', {}, 'utc-offset', '-04:00'],
                ['tzoffsetto', {}, 'utc-offset', '-05:00'],
              ],
              [],
            ],
          ],
        ],
        [
          'vevent',
          [
            ['uid', {}, 'text', 'jcal-zone'],
            ['dtstamp', {}, 'date-time', '2026-01-01T00:00:00Z'],
            ['dtstart', { tzid: 'US/Eastern' }, 'date-time', '2027-04-05T10:00:00'],
            ['duration', {}, 'duration', 'PT1H'],
            ['x-long', {}, 'unknown', 'ä'.repeat(60)],
          ],
          [],
        ],
      ],
    ])
    const created = await gateway.call('PUT', path, {
      headers: { 'content-type': 'application/calendar+json; charset=utf-8', prefer: 'return=representation' },
      body: json,
    })
    expect(created.headers['content-type']).toContain('application/calendar+json')
    expect(JSON.parse(created.body)).toEqual(JSON.parse(json))
    const text = (await get(path)).body
    expect(text).toContain('DTSTART;TZID=US/Eastern:20270405T100000\r\n')
    expect(text.split('\r\n').every(line => Buffer.byteLength(line) <= 75)).toBe(true)
  })

  it('gets a name of our choice by POST to its calendar (RFC 5995)', async () => {
    const answer = await gateway.call('POST', '/dav/calendars/lh101/', { headers: type, body: ics('posted') })
    const location = String(answer.headers.location)
    expect([answer.status, location.startsWith(`${gateway.url}/dav/calendars/lh101/`)]).toEqual([201, true])
    const served = await get(new URL(location).pathname)
    expect([served.body, served.headers.etag]).toEqual([ics('posted'), answer.headers.etag])
    const twice = await gateway.call('POST', '/dav/calendars/lh101/', { headers: type, body: ics('posted') })
    expect(condition(twice.body)).toBe('{urn:ietf:params:xml:ns:caldav}no-uid-conflict')
    // Another type is told as a PUT is told (RFC 5995 §3.2.1).
    const other = await gateway.call('POST', '/dav/calendars/lh101/', {
      headers: { 'content-type': 'text/plain' },
      body: 'x',
    })
    expect([other.status, condition(other.body)]).toEqual([
      403,
      '{urn:ietf:params:xml:ns:caldav}supported-calendar-data',
    ])
  })

  it('gets a name of our choice by POST to the add-member address too', async () => {
    const found = await gateway.call('PROPFIND', '/dav/calendars/lh101/', {
      headers: { depth: '0' },
      body: '<D:propfind xmlns:D="DAV:"><D:prop><D:add-member/></D:prop></D:propfind>',
    })
    const address = '/dav/calendars/lh101/;add-member'
    expect(found.body).toContain(`<D:add-member><D:href>${address}</D:href></D:add-member>`)
    const prefer = { ...type, prefer: 'return=representation' }
    const answer = await gateway.call('POST', address, { headers: prefer, body: ics('added') })
    expect([answer.status, answer.body]).toEqual([201, ics('added')])
    const path = new URL(String(answer.headers.location)).pathname
    expect([(await get(path)).headers.etag, answer.headers['content-location']]).toEqual([answer.headers.etag, path])
    expect((await get(address)).status).toBe(404)
    await gateway.call('DELETE', path)
  })

  it('is changed under an If header as under If-Match (RFC 4918 §10.4)', async () => {
    const path = '/dav/calendars/lh101/if.ics'
    const { headers } = await put(path, ics('if'))
    const ask = async (value: string) => (await put(path, ics('if'), { if: value })).status
    expect(await ask(`([${headers.etag}])`)).toBe(204)
    expect(await ask('(["x"])')).toBe(412)
    expect(await ask(`(["x"]) ([${headers.etag}])`)).toBe(204)
    expect(await ask(`(Not ["x"] [${headers.etag}])`)).toBe(204)
    expect(await ask('(<opaquelocktoken:x>)')).toBe(412)
    expect(await ask('(Not <DAV:no-lock>)')).toBe(204)
    expect(await ask(`<http://x${path}> (["x"])`)).toBe(412)
    expect(await ask(`<http://x${path}> (["x"]) ([${headers.etag}])`)).toBe(204)
    const other = await put('/dav/calendars/lh102/if-other.ics', ics('if-other'))
    expect(await ask('</dav/calendars/lh102/if-other.ics> (["x"])')).toBe(412)
    expect(await ask(`</dav/calendars/lh102/if-other.ics> ([${other.headers.etag}])`)).toBe(204)
    // All lists fail, whatever they are about: 412 (RFC 4918 §10.4.1).
    expect(await ask('<http://x/other> (["x"])')).toBe(412)
    for (const broken of ['garbage', '(', '()', '([x])', '(["x"]', '<a>']) expect(await ask(broken)).toBe(400)
    await gateway.call('DELETE', '/dav/calendars/lh102/if-other.ics')
  })

  it('is not put in parts, nor where there is no calendar around it', async () => {
    const part = { ...type, 'content-range': 'bytes 0-9/20' }
    expect(
      (await gateway.call('PUT', '/dav/calendars/lh101/part.ics', { headers: part, body: ics('part') })).status,
    ).toBe(400)
    expect((await put('/dav/calendars/lh101/sub/a.ics', ics('sub'))).status).toBe(409)
  })

  it('is not copied with an Overwrite header that says neither T nor F', async () => {
    await put('/dav/calendars/lh101/over.ics', ics('over'))
    const headers = { destination: '/dav/calendars/lh102/over.ics', overwrite: 'x' }
    expect((await gateway.call('COPY', '/dav/calendars/lh101/over.ics', { headers })).status).toBe(400)
    await gateway.call('DELETE', '/dav/calendars/lh101/over.ics')
  })

  it('tells caches by which headers its text is chosen', async () => {
    await put('/dav/calendars/lh101/vary.ics', ics('vary'))
    expect((await get('/dav/calendars/lh101/vary.ics')).headers.vary).toBe('Accept, CalDAV-Timezones')
    await gateway.call('DELETE', '/dav/calendars/lh101/vary.ics')
  })

  it('comes with or without VTIMEZONE as the client wants (RFC 7809)', async () => {
    const path = '/dav/calendars/lh101/zone.ics'
    const body = ics('zone', [], '20270405T080000').replace('DTSTART:', 'DTSTART;TZID=Europe/Berlin:')
    await put(path, body)
    expect((await get(path)).body).toBe(body)
    const ask = (choice: string) => gateway.call('GET', path, { headers: { 'caldav-timezones': choice } })
    const complete = (await ask('T')).body
    expect(complete).toContain('BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n')
    await put(path, complete)
    expect((await get(path)).body).toBe(complete)
    expect((await ask('F')).body).toBe(body)
    const report = await gateway.call('REPORT', '/dav/calendars/lh101/', {
      headers: { 'caldav-timezones': 'F' },
      body: `<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop><D:href>${path}</D:href></C:calendar-multiget>`,
    })
    expect(report.body).not.toContain('VTIMEZONE')
  })

  it('with an end of another form than its start is put right, and no ETag is answered', async () => {
    const path = '/dav/calendars/lh101/repair.ics'
    const answer = await put(path, ics('repair').replace('DURATION:PT1H', 'DTEND;VALUE=DATE:20060711'))
    expect([answer.status, answer.headers.etag]).toEqual([201, undefined])
    expect((await get(path)).body).not.toContain('DTEND')
    await gateway.call('DELETE', path)
  })

  it('with a duration with a loose T, as Apple wrote them, stays as it is, under the ETag of the PUT', async () => {
    const path = '/dav/calendars/lh101/loose.ics'
    const body = ics('loose', ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:Soon', 'TRIGGER:-P1DT', 'END:VALARM'])
    const sent = body.replace('DURATION:PT1H', 'DURATION:P1DT')
    const answer = await put(path, sent)
    const served = await get(path)
    expect([answer.status, served.body, served.headers.etag]).toEqual([201, sent, answer.headers.etag])
    const inWindow = (component: string, start: string, end: string) =>
      gateway.call('REPORT', '/dav/calendars/lh101/', {
        body: `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">${component.replace('?', `<C:time-range start="${start}" end="${end}"/>`)}</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`,
      })
    expect((await inWindow('?', '20270406T070000Z', '20270406T073000Z')).body).toContain(path)
    const alarm = '<C:comp-filter name="VALARM">?</C:comp-filter>'
    expect((await inWindow(alarm, '20270404T075900Z', '20270404T080100Z')).body).toContain(path)
    await gateway.call('DELETE', path)
  })

  it('may not be written by who may only read', async () => {
    const answer = await gateway.call('PUT', '/dav/calendars/lh101/viewer.ics', {
      headers: type,
      body: ics('v'),
      as: 'viewer',
    })
    expect([answer.status, condition(answer.body)]).toEqual([403, '{DAV:}need-privileges'])
    const booked = await gateway.call('PUT', '/dav/calendars/lh101/booker.ics', {
      headers: type,
      body: ics('b'),
      as: 'booker',
    })
    expect(booked.status).toBe(201)
    const removed = await gateway.call('DELETE', '/dav/calendars/lh101/booker.ics', { as: 'viewer' })
    expect(removed.status).toBe(403)
  })
})

describe('a calendar', () => {
  it('has another ctag and sync token after a PUT or COPY of what was there, under the same ETag', async () => {
    const path = '/dav/calendars/lh102/'
    const asked = { headers: { depth: '0' }, body: propfindBody('CS:getctag', 'D:sync-token') }
    const markers = async () => {
      const [found] = multistatus((await gateway.call('PROPFIND', path, asked)).body).values()
      return [...(found?.properties.values() ?? [])].map(({ node }) => inner(node))
    }
    const first = await put(`${path}again.ics`, ics('again'))
    const before = await markers()
    const second = await put(`${path}again.ics`, ics('again'))
    expect([second.status, second.headers.etag]).toEqual([204, first.headers.etag])
    const after = await markers()
    expect(after.filter(marker => before.includes(marker))).toEqual([])
    await put('/dav/calendars/lh101/again.ics', ics('again'))
    const placed = await markers()
    const destination = `${gateway.url}${path}again.ics`
    const copied = await gateway.call('COPY', '/dav/calendars/lh101/again.ics', { headers: { destination } })
    expect(copied.status).toBe(204)
    expect((await markers()).filter(marker => placed.includes(marker))).toEqual([])
    await gateway.call('DELETE', `${path}again.ics`)
  })

  it.each(['DELETE', 'COPY', 'MOVE'])('is not taken away or along by %s, and none is where none is', async method => {
    const headers = { destination: '/dav/calendars/lh102/' }
    const there = await gateway.call(method, '/dav/calendars/lh101/', { headers })
    expect([there.status, condition(there.body)]).toEqual([403, '{DAV:}need-privileges'])
    expect((await gateway.call(method, '/dav/calendars/lh999/', { headers })).status).toBe(404)
    expect((await gateway.call(method, '/dav/calendars/lh101/', { headers, as: null })).status).toBe(401)
  })
})

describe('an event marked as private', () => {
  it('shows those who only read when it is, and not what', async () => {
    const path = '/dav/calendars/cam1/private.ics'
    const body = ics('private', ['CLASS:PRIVATE', 'SUMMARY:Berufung Prof. Weiß', 'ATTENDEE:mailto:weiss@example.edu'])
    await put(path, body)
    expect((await get(path)).body).toBe(body)
    const multiget = `<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop><D:href>${path}</D:href></C:calendar-multiget>`
    const find = `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY"><C:text-match>berufung</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`
    for (const ask of [
      gateway.call('GET', path, { as: 'viewer' }),
      gateway.call('GET', '/dav/calendars/cam1/', { as: 'viewer' }),
      gateway.call('GET', '/dav/calendars/_schedule/private.ics', { as: 'viewer' }),
      gateway.call('REPORT', '/dav/calendars/cam1/', { as: 'viewer', body: multiget }),
    ]) {
      const answer = await ask
      expect(answer.body).toContain('20270405T080000Z')
      expect(answer.body).not.toMatch(/Berufung|weiss/)
    }
    const found = await gateway.call('REPORT', '/dav/calendars/cam1/', { as: 'viewer', body: find })
    expect(multistatus(found.body).size).toBe(0)
  })
})

describe('an event on several resources', () => {
  it('is one event in each of their calendars', async () => {
    await put('/dav/calendars/lh101/shared.ics', ics('shared'))
    await put('/dav/calendars/lh102/other-name.ics', ics('shared', ['SEQUENCE:1']))
    expect((await get('/dav/calendars/lh101/shared.ics')).body).toContain('SEQUENCE:1')
    expect((await gateway.store.event('shared'))?.event.resourceIds).toEqual([101, 102])
    // DELETE frees one room; the event stays on the other.
    expect((await gateway.call('DELETE', '/dav/calendars/lh101/shared.ics')).status).toBe(204)
    expect((await get('/dav/calendars/lh101/shared.ics')).status).toBe(404)
    expect((await gateway.store.event('shared'))?.event.resourceIds).toEqual([102])
    // With the last one it is gone.
    await gateway.call('DELETE', '/dav/calendars/lh102/other-name.ics')
    expect(await gateway.store.event('shared')).toBeNull()
  })

  it('names further ones in X-KALTURA-RESOURCE-IDS; where it names none, those it has stay', async () => {
    await put('/dav/calendars/lh101/ids.ics', ics('ids', ['X-KALTURA-RESOURCE-IDS:201,999']))
    expect((await gateway.store.event('ids'))?.event.resourceIds).toEqual([101, 201])
    await put('/dav/calendars/lh101/ids.ics', ics('ids', ['SEQUENCE:1']))
    expect((await gateway.store.event('ids'))?.event.resourceIds).toEqual([101, 201])
    await put('/dav/calendars/lh101/ids.ics', ics('ids', ['X-KALTURA-RESOURCE-IDS:102']))
    expect((await gateway.store.event('ids'))?.event.resourceIds).toEqual([101, 102])
    // Its text no longer says what DELETE took back, or the next PUT would undo it.
    await gateway.call('DELETE', '/dav/calendars/lh101/ids.ics')
    await gateway.call('DELETE', '/dav/calendars/_schedule/ids.ics')
    expect(await gateway.store.event('ids')).toBeNull()
  })

  it('changes its room by MOVE, and takes one more by COPY', async () => {
    await put('/dav/calendars/lh101/move.ics', ics('move'))
    const moved = await gateway.call('MOVE', '/dav/calendars/lh101/move.ics', {
      headers: { destination: `${gateway.url}/dav/calendars/lh102/moved.ics` },
    })
    expect([moved.status, moved.headers.location]).toEqual([201, `${gateway.url}/dav/calendars/lh102/moved.ics`])
    expect((await gateway.store.event('move'))?.event.resourceIds).toEqual([102])
    const copied = await gateway.call('COPY', '/dav/calendars/lh102/moved.ics', {
      headers: { destination: '/dav/calendars/cam1/copied.ics' },
    })
    expect(copied.status).toBe(201)
    expect((await gateway.store.event('move'))?.event.resourceIds).toEqual([102, 201])
    expect((await get('/dav/calendars/cam1/copied.ics')).body).toBe(ics('move'))
  })

  it('gets another name by MOVE inside its calendar', async () => {
    await put('/dav/calendars/lh101/old.ics', ics('rename'))
    const answer = await gateway.call('MOVE', '/dav/calendars/lh101/old.ics', {
      headers: { destination: '/dav/calendars/lh101/new.ics' },
    })
    expect(answer.status).toBe(201)
    expect(await names('lh101')).toContain('new.ics')
    expect(await names('lh101')).not.toContain('old.ics')
  })

  it.each([
    ['no Destination', {}, 400],
    ['another server', { destination: 'https://elsewhere.example/dav/calendars/lh102/x.ics' }, 502],
    ['a calendar that is not there', { destination: '/dav/calendars/none/x.ics' }, 409],
    ['no calendar at all', { destination: '/dav/x' }, 403],
    [
      'an event that is there, and may not be replaced',
      { destination: '/dav/calendars/lh102/there.ics', overwrite: 'F' },
      412,
    ],
    ['an event that is there, with another UID', { destination: '/dav/calendars/lh102/there.ics' }, 403],
    ['itself', { destination: '/dav/calendars/lh101/source.ics' }, 403],
  ])('MOVE to %s is refused', async (_, headers, status) => {
    await put('/dav/calendars/lh101/source.ics', ics('source'))
    await put('/dav/calendars/lh102/there.ics', ics('there'))
    expect((await gateway.call('MOVE', '/dav/calendars/lh101/source.ics', { headers })).status).toBe(status)
    expect((await gateway.store.event('source'))?.event.resourceIds).toEqual([101])
  })
})

describe('a UID', () => {
  it('is at one address in a calendar, and the other is told (macOS sends an event again under a new name)', async () => {
    await put('/dav/calendars/lh101/first.ics', ics('twice'))
    const answer = await put('/dav/calendars/lh101/second.ics', ics('twice'))
    expect([answer.status, condition(answer.body)]).toEqual([403, '{urn:ietf:params:xml:ns:caldav}no-uid-conflict'])
    expect(inner(parseXml(answer.body))).toContain('/dav/calendars/lh101/first.ics')
  })

  it('may not be another one at the same address', async () => {
    await put('/dav/calendars/lh101/same.ics', ics('same'))
    const answer = await put('/dav/calendars/lh101/same.ics', ics('different'))
    expect([answer.status, condition(answer.body)]).toEqual([403, '{urn:ietf:params:xml:ns:caldav}no-uid-conflict'])
    expect((await get('/dav/calendars/lh101/same.ics')).body).toBe(ics('same'))
  })

  it('comes back after it was deleted', async () => {
    const path = '/dav/calendars/lh101/phoenix.ics'
    await put(path, ics('phoenix'))
    await gateway.call('DELETE', path)
    expect((await put(path, ics('phoenix'))).status).toBe(201)
  })
})

describe('the whole schedule', () => {
  it('takes events, serves them with their flags, and so answers no ETag', async () => {
    const path = '/dav/calendars/_schedule/direct.ics'
    const answer = await put(path, ics('direct', ['X-KALTURA-RESOURCE-IDS:101', 'X-KALDAV-SOURCE:forged']))
    expect([answer.status, answer.headers.etag]).toEqual([201, undefined])
    const served = await get(path)
    expect(served.body).toContain('X-KALDAV-SOURCE:caldav\r\n')
    expect(served.body).not.toContain('forged')
    expect((await gateway.store.event('direct'))?.event.resourceIds).toEqual([101])
    const updated = await put(path, served.body.replace('Lecture', 'Changed'), {
      'if-match': String(served.headers.etag),
    })
    expect(updated.status).toBe(204)
    expect((await gateway.call('DELETE', path)).status).toBe(204)
    expect(await gateway.store.event('direct')).toBeNull()
  })

  it('shows conflicts in the event, and its ETag moves with them; the room serves what was sent', async () => {
    const room = '/dav/calendars/lh102/clash1.ics'
    const inRoom = await put(room, ics('clash1', [], '20280405T080000Z'))
    const path = '/dav/calendars/_schedule/clash1.ics'
    const before = await get(path)
    expect(before.body).not.toContain('X-KALDAV-CONFLICT')
    await put('/dav/calendars/lh102/clash2.ics', ics('clash2', [], '20280405T083000Z'))
    const after = await get(path)
    expect(after.body).toMatch(/X-KALDAV-CONFLICT.*overlap/)
    expect(after.body.replaceAll('\r\n ', '')).toContain('clash2')
    expect(after.headers.etag).not.toBe(before.headers.etag)
    const unchanged = await get(room)
    expect([unchanged.headers.etag, unchanged.body]).toEqual([
      inRoom.headers.etag,
      ics('clash1', [], '20280405T080000Z'),
    ])
    const [known] = await gateway.store.conflicts({ uid: 'clash1' })
    expect(await names('_conflicts')).toContain(`${known?.id}.ics`)
    const conflict = await get(`/dav/calendars/_conflicts/${known?.id}.ics`)
    expect(conflict.body).toContain('DTSTART:20280405T083000Z')
    expect(conflict.body).toContain('DTEND:20280405T090000Z')
    expect((await put(`/dav/calendars/_conflicts/${known?.id}.ics`, conflict.body)).status).toBe(403)
    await gateway.call('DELETE', '/dav/calendars/lh102/clash2.ics')
    expect(await names('_conflicts')).not.toContain(`${known?.id}.ics`)
  })
})

describe('a calendar as one file', () => {
  it('has each time zone once, and two of one name and other rules apart', async () => {
    const zone = (tzid: string, offset: string) =>
      `BEGIN:VTIMEZONE\r\nTZID:${tzid}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:${offset}\r\nTZOFFSETTO:${offset}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n`
    const event = (uid: string, tzid: string, offset: string, day: string) =>
      ics(uid, [], `${day}T100000`)
        .replace('DTSTART:', `DTSTART;TZID=${tzid}:`)
        .replace('BEGIN:VEVENT', `${zone(tzid, offset)}BEGIN:VEVENT`)
    const room = '/dav/calendars/lh102/'
    await put(`${room}z1.ics`, event('z1', 'Europe/Berlin', '+0100', '20270110'))
    await put(`${room}z2.ics`, event('z2', 'Europe/Berlin', '+0100', '20270111'))
    await put(`${room}z3.ics`, event('z3', 'Customized', '+0000', '20270112'))
    await put(`${room}z4.ics`, event('z4', 'Customized', '+0900', '20270113'))
    const { body } = await get(room)
    expect(body.match(/TZID:Europe\/Berlin/g)?.length).toBe(1)
    expect(body.match(/TZID:Customized/g)?.length).toBe(1)
    expect(body).toContain('DTSTART;TZID=Customized:20270112T100000')
    expect(body).not.toContain('DTSTART;TZID=Customized:20270113T100000')
    expect(body).toMatch(/DTSTART;TZID=[^C].*:20270113T100000|DTSTART:20270113T010000Z/)
  })

  it('has every event, an ETag and 304', async () => {
    await put('/dav/calendars/cam1/one.ics', ics('file-one'))
    await put('/dav/calendars/cam1/two.ics', ics('file-two', [], '20270406T080000Z'))
    const answer = await get('/dav/calendars/cam1/')
    expect(answer.body.match(/BEGIN:VCALENDAR/g)?.length).toBe(1)
    expect(answer.body).toContain('UID:file-one')
    expect(answer.body).toContain('UID:file-two')
    expect(answer.body).toContain(ics('file-one').split('\r\n').slice(3, -2).join('\r\n'))
    const again = await gateway.call('GET', '/dav/calendars/cam1/', {
      headers: { 'if-none-match': String(answer.headers.etag) },
    })
    expect(again.status).toBe(304)
    await gateway.call('DELETE', '/dav/calendars/cam1/two.ics')
    const changed = await gateway.call('GET', '/dav/calendars/cam1/', {
      headers: { 'if-none-match': String(answer.headers.etag) },
    })
    expect(changed.status).toBe(200)
    expect(changed.body).not.toContain('file-two')
  })
})
