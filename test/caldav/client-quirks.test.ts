/** What each client is known to stumble over, under its name. Sequences of whole clients are in test/conformance. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Answer,
  condition,
  ics,
  multistatus,
  property,
  propfindBody,
  startTestGateway,
  type TestGateway,
} from './gateway.ts'

const C = '{urn:ietf:params:xml:ns:caldav}'
const room = '/dav/calendars/lh101/'
const type = { 'content-type': 'text/calendar; charset=utf-8' }

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())

const put = (path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
  gateway.call('PUT', path, { headers: { ...type, ...headers }, body })
const get = (path: string): Promise<Answer> => gateway.call('GET', path)
const propfind = (path: string, ...names: readonly string[]): Promise<Answer> =>
  gateway.call('PROPFIND', path, { headers: { depth: '0' }, body: propfindBody(...names) })
const report = (path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
  gateway.call('REPORT', path, { headers, body })
const sync = (token: string, path = room): Promise<Answer> =>
  report(
    path,
    `<D:sync-collection xmlns:D="DAV:"><D:sync-token>${token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>`,
  )
const tokenOf = ({ body }: Answer): string => /<D:sync-token>([^<]*)</.exec(body)?.[1] ?? ''
const inTime = (start: string, end: string, data = '<D:getetag/>'): Promise<Answer> =>
  report(
    room,
    `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>${data}</D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="${start}" end="${end}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`,
    { depth: '1' },
  )

describe('macOS and iOS Calendar', () => {
  it('macOS: asks without credentials first, and needs 401 with a Basic realm', async () => {
    for (const path of ['/', '/principals/', '/dav/', '/dav/calendars/']) {
      const answer = await gateway.call('PROPFIND', path, { as: null, headers: { depth: '0' } })
      expect([path, answer.status]).toEqual([path, 401])
      expect(answer.headers['www-authenticate']).toMatch(/^Basic realm="/)
    }
  })

  it('macOS: is sent on from the addresses of other servers that it guesses, never answered 405', async () => {
    const answer = await gateway.call('PROPFIND', '/calendar/dav/av-team/user/', { as: null })
    expect([answer.status, answer.headers.location]).toEqual([301, '/dav/'])
  })

  it('macOS: makes no calendar of its own where a default is named that is there and may be written', async () => {
    const home = await propfind('/dav/calendars/', 'C:schedule-default-calendar-URL')
    const named = property(home.body, '/dav/calendars/', `${C}schedule-default-calendar-URL`) ?? ''
    const target = await propfind(named, 'D:current-user-privilege-set', 'C:supported-calendar-component-set')
    expect([target.status, target.body.includes('<D:write/>'), target.body.includes('name="VEVENT"')]).toEqual([
      207,
      true,
      true,
    ])
    // MKCALENDAR is refused, so the home does not claim that something could be bound to it.
    expect((await propfind('/dav/calendars/', 'D:current-user-privilege-set')).body).not.toContain('<D:bind/>')
  })

  it('iOS: finds the same event under the href it was told, whatever is in it', async () => {
    for (const name of ['a@b c+d.ics', 'ü(1):2.ics', "it's.ics", '100%.ics']) {
      const path = `${room}${encodeURIComponent(name)}`
      expect((await put(path, ics(`href-${name}`))).status).toBe(201)
      const listed = await gateway.call('PROPFIND', room, { headers: { depth: '1' }, body: propfindBody('D:getetag') })
      const href =
        [...multistatus(listed.body).keys()].find(each => decodeURIComponent(each).endsWith(`/${name}`)) ?? ''
      expect((await get(href)).status).toBe(200)
      expect((await gateway.call('DELETE', href)).status).toBe(204)
    }
  })

  it('macOS: searches for people and rooms, and gets an empty 207 where nobody is found', async () => {
    const search =
      '<CS:calendarserver-principal-search xmlns:CS="http://calendarserver.org/ns/" xmlns:D="DAV:" context="attendee"><CS:search-token>nobody at all</CS:search-token><D:prop><D:displayname/></D:prop></CS:calendarserver-principal-search>'
    const answer = await report('/dav/principals/', search)
    expect([answer.status, multistatus(answer.body).size]).toEqual([207, 0])
  })

  it('Apple: what only Apple understands comes back as it was', async () => {
    const lines = [
      'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-APPLE-RADIUS=70;X-TITLE="Hall, North":geo:52.5,13.4',
      'X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M',
      'X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC',
      'BEGIN:VALARM',
      'X-WR-ALARMUID:1',
      'UID:1',
      'TRIGGER:-PT15M',
      'X-APPLE-DEFAULT-ALARM:TRUE',
      'ATTACH;VALUE=URI:Chord',
      'ACTION:AUDIO',
      'END:VALARM',
    ]
    const sent = ics('apple', lines)
    const { headers } = await put(`${room}apple.ics`, sent)
    const served = await get(`${room}apple.ics`)
    expect([served.body, served.headers.etag]).toEqual([sent, headers.etag])
    await gateway.call('DELETE', `${room}apple.ics`)
  })

  it('macOS: that sends an event again under a new name is told where the first one is', async () => {
    await put(`${room}first.ics`, ics('twice'))
    const again = await put(`${room}second.ics`, ics('twice'), { 'if-none-match': '*' })
    expect([again.status, condition(again.body)]).toEqual([403, `${C}no-uid-conflict`])
    expect(again.body).toContain(`<D:href>${room}first.ics</D:href>`)
    await gateway.call('DELETE', `${room}first.ics`)
  })

  it('iOS: an event that is changed stays the same resource, and is never seen to go and come back', async () => {
    await put(`${room}stay.ics`, ics('stay'))
    const before = tokenOf(await sync(''))
    await put(`${room}stay.ics`, ics('stay', ['SUMMARY:Moved']))
    const changes = multistatus((await sync(before)).body)
    expect([...changes].map(([href, { status }]) => [href, status])).toEqual([[`${room}stay.ics`, null]])
    await gateway.call('DELETE', `${room}stay.ics`)
  })
})

describe('Thunderbird', () => {
  it('takes a calendar for read-only unless current-user-privilege-set says it may be written', async () => {
    const privileges = async (as: 'booker' | 'viewer') => {
      const body = propfindBody('D:current-user-privilege-set')
      return (await gateway.call('PROPFIND', room, { as, headers: { depth: '0' }, body })).body
    }
    expect(await privileges('booker')).toMatch(/<D:write(-content)?\/>/)
    expect(await privileges('viewer')).not.toMatch(/<D:write/)
  })

  it('switches a calendar off after an error: a report with a bad member is 207 all the same', async () => {
    const bad = ['/elsewhere/x.ics', `${room}none.ics`, '%zz', 'http://other.example/dav/calendars/lh101/a.ics']
    const hrefs = bad.map(href => `<D:href>${href}</D:href>`).join('')
    const answer = await report(
      room,
      `<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/></D:prop>${hrefs}</C:calendar-multiget>`,
    )
    const statuses = [...multistatus(answer.body).values()].map(({ status }) => status)
    expect([answer.status, new Set(statuses)]).toEqual([207, new Set([404])])
  })

  it('recovers from a 412, which names the version there is', async () => {
    const { headers } = await put(`${room}stale.ics`, ics('stale'))
    const refused = await put(`${room}stale.ics`, ics('stale', ['SUMMARY:Mine']), { 'if-match': '"old"' })
    expect([refused.status, refused.headers.etag]).toEqual([412, headers.etag])
    await gateway.call('DELETE', `${room}stale.ics`)
  })

  it('shows overrides as they are: each has its own summary, also where an occurrence is expanded', async () => {
    const series = ics('override', ['RRULE:FREQ=DAILY;COUNT=2', 'SUMMARY:Series']).replace(
      'END:VCALENDAR',
      'BEGIN:VEVENT\r\nUID:override\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20270406T080000Z\r\nDTSTART:20270406T100000Z\r\nDURATION:PT1H\r\nSUMMARY:Moved\r\nEND:VEVENT\r\nEND:VCALENDAR',
    )
    await put(`${room}override.ics`, series)
    const expand = '<C:calendar-data><C:expand start="20270401T000000Z" end="20270501T000000Z"/></C:calendar-data>'
    const answer = await inTime('20270401T000000Z', '20270501T000000Z', expand)
    const data = property(answer.body, `${room}override.ics`, `${C}calendar-data`) ?? ''
    expect([data.match(/BEGIN:VEVENT/g)?.length, data.match(/SUMMARY:(Series|Moved)/g)?.sort()]).toEqual([
      2,
      ['SUMMARY:Moved', 'SUMMARY:Series'],
    ])
    await gateway.call('DELETE', `${room}override.ics`)
  })
})

describe('DAVx5', () => {
  it('begins with an empty token, and starts over after CALDAV:valid-sync-token', async () => {
    expect(tokenOf(await sync(''))).not.toBe('')
    const unknown = await sync('http://other.example/sync/1')
    expect([unknown.status, condition(unknown.body)]).toEqual([403, '{DAV:}valid-sync-token'])
  })

  it('sends If-Match for what is gone meanwhile, and gets 412, for PUT and for DELETE', async () => {
    const { headers } = await put(`${room}gone.ics`, ics('gone'))
    const match = { 'if-match': String(headers.etag) }
    await gateway.call('DELETE', `${room}gone.ics`)
    expect((await put(`${room}gone.ics`, ics('gone'), match)).status).toBe(412)
    expect((await gateway.call('DELETE', `${room}gone.ics`, { headers: match })).status).toBe(412)
  })

  it('stops at the first refusal, so a series without occurrences is taken', async () => {
    const empty = ics('empty', ['RRULE:FREQ=DAILY;COUNT=1', 'EXDATE:20270405T080000Z'])
    expect((await put(`${room}empty.ics`, empty)).status).toBe(201)
    expect((await get(`${room}empty.ics`)).body).toBe(empty)
    const found = await inTime('20270405T000000Z', '20270406T000000Z')
    expect(found.body).not.toContain('empty.ics')
    await gateway.call('DELETE', `${room}empty.ics`)
  })

  it('hides what it may not do: no privilege to make or remove calendars is shown', async () => {
    const { body } = await propfind('/dav/calendars/', 'D:current-user-privilege-set')
    expect([body.includes('<D:read/>'), /<D:(un)?bind\/>|<D:write\/>|<D:all\/>/.test(body)]).toEqual([true, false])
  })
})

describe('Outlook CalDav Synchronizer', () => {
  it('asks for ETags by time range each time: what touches the range at its very edge is not in it', async () => {
    await put(`${room}edge.ics`, ics('edge'))
    const has = async (start: string, end: string) => (await inTime(start, end)).body.includes('edge.ics')
    expect(await has('20270405T090000Z', '20270406T000000Z')).toBe(false)
    expect(await has('20270405T085959Z', '20270406T000000Z')).toBe(true)
    expect(await has('20270404T000000Z', '20270405T080000Z')).toBe(false)
    expect(await has('20270404T000000Z', '20270405T080001Z')).toBe(true)
    await gateway.call('DELETE', `${room}edge.ics`)
  })

  it('finds the version it overwrote by mistake in the history', async () => {
    const first = await put(`${room}lost.ics`, ics('lost', ['SUMMARY:Theirs']))
    await put(`${room}lost.ics`, ics('lost', ['SUMMARY:Mine']), { 'if-match': String(first.headers.etag) })
    const runs = await gateway.store.journal({ uid: 'lost' })
    expect(JSON.stringify(runs)).toContain('SUMMARY:Theirs')
    await gateway.call('DELETE', `${room}lost.ics`)
  })

  it('gets a complete VTIMEZONE under the TZID of the event where it wants one', async () => {
    const body = ics('zone', [], '20270405T080000').replace('DTSTART:', 'DTSTART;TZID=Europe/Berlin:')
    await put(`${room}zone.ics`, body)
    const answer = await gateway.call('GET', `${room}zone.ics`, { headers: { 'caldav-timezones': 'T' } })
    expect(answer.body).toMatch(/BEGIN:VTIMEZONE\r\nTZID:Europe\/Berlin\r\n/)
    await gateway.call('DELETE', `${room}zone.ics`)
  })
})

describe('Evolution, vdirsyncer, pimsync, calcurse and others', () => {
  it('Evolution: every PUT of an event is answered with its ETag, and GET has the same', async () => {
    const created = await put(`${room}evolution.ics`, ics('evolution'), { 'if-none-match': '*' })
    const changed = await put(`${room}evolution.ics`, ics('evolution', ['SUMMARY:2']), {
      'if-match': String(created.headers.etag),
    })
    expect([created.headers.etag, changed.headers.etag].map(etag => typeof etag)).toEqual(['string', 'string'])
    expect((await get(`${room}evolution.ics`)).headers.etag).toBe(changed.headers.etag)
    expect((await put(`${room}evolution.ics`, ics('evolution'), { 'if-none-match': '*' })).status).toBe(412)
    await gateway.call('DELETE', `${room}evolution.ics`)
  })

  it('vdirsyncer: no item is sent twice, and hrefs that differ in case are two', async () => {
    await put(`${room}case.ics`, ics('case'))
    await put(`${room}CASE.ics`, ics('CASE'))
    const listed = await gateway.call('PROPFIND', room, { headers: { depth: '1' }, body: propfindBody('D:getetag') })
    const hrefs = [...listed.body.matchAll(/<D:href>([^<]+)</g)].map(([, href]) => href)
    expect(new Set(hrefs).size).toBe(hrefs.length)
    expect(hrefs).toEqual(expect.arrayContaining([`${room}case.ics`, `${room}CASE.ics`]))
    for (const name of ['case', 'CASE']) {
      expect((await get(`${room}${name}.ics`)).body).toContain(`UID:${name}\r\n`)
      await gateway.call('DELETE', `${room}${name}.ics`)
    }
  })

  it('pimsync: a collection is found without its slash', async () => {
    const answer = await gateway.call('PROPFIND', room.slice(0, -1), {
      headers: { depth: '0' },
      body: propfindBody('D:resourcetype'),
    })
    expect([answer.status, [...multistatus(answer.body).keys()]]).toEqual([207, [room]])
  })

  it('One Calendar: a calendar has both a sync-token and a ctag, and they move with a change', async () => {
    const ask = async () => {
      const { body } = await propfind(room, 'D:sync-token', 'CS:getctag')
      return [property(body, room, '{DAV:}sync-token'), property(body, room, '{http://calendarserver.org/ns/}getctag')]
    }
    const before = await ask()
    await put(`${room}tick.ics`, ics('tick'))
    const after = await ask()
    expect(before.map((value, index) => value !== null && value !== after[index])).toEqual([true, true])
    await gateway.call('DELETE', `${room}tick.ics`)
  })

  it('all of them: a query that finds nothing is an empty 207, not 404', async () => {
    const answer = await inTime('20400101T000000Z', '20400102T000000Z')
    expect([answer.status, multistatus(answer.body).size]).toEqual([207, 0])
  })
})
