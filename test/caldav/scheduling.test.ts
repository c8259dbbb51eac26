import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  condition,
  ics,
  multistatus,
  property,
  propfindBody,
  startTestGateway,
  syncBody,
  type TestGateway,
} from './gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ scheduling: 'rooms', baseUrl: 'https://calendar.example.edu' })
})
afterAll(() => gateway.close())

const C = '{urn:ietf:params:xml:ns:caldav}'
const room = (name: string): string =>
  `ATTENDEE;CUTYPE=ROOM;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${name}@calendar.example.edu`
const organizer = 'ORGANIZER:mailto:jane@example.edu'
const put = (path: string, uid: string, lines: readonly string[], start?: string) =>
  gateway.call('PUT', `/dav/calendars/${path}`, {
    headers: { 'content-type': 'text/calendar' },
    body: ics(uid, lines, start),
  })
const answerIn = async (uid: string, name: string): Promise<string> => {
  const text = (await gateway.call('GET', `/dav/calendars/_schedule/${uid}.ics`)).body.replaceAll('\r\n ', '')
  return text.split('\r\n').find(line => line.includes(`mailto:${name}@`)) ?? ''
}
const resources = async (uid: string) => (await gateway.store.event(uid))?.event.resourceIds

describe('rooms that are invited', () => {
  it('accept where they are free, and are occupied then', async () => {
    const answer = await put('_schedule/free.ics', 'free', [
      organizer,
      room('lh101'),
      'ATTENDEE:mailto:joe@example.edu',
    ])
    expect([answer.status, answer.headers.etag]).toEqual([201, undefined])
    expect(await answerIn('free', 'lh101')).toMatch(/PARTSTAT=ACCEPTED.*SCHEDULE-STATUS="?2\.0/)
    expect(await answerIn('free', 'lh101')).not.toContain('RSVP')
    expect(await resources('free')).toEqual([101])
    const served = await gateway.call('GET', '/dav/calendars/lh101/free.ics')
    expect(served.status).toBe(200)
  })

  it('leave people to the systems they are invited by', async () => {
    const text = (await gateway.call('GET', '/dav/calendars/_schedule/free.ics')).body.replaceAll('\r\n ', '')
    expect(text).toContain('ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:joe@example.edu')
  })

  it('answer in the text that was sent, and change nothing else in it', async () => {
    const zone =
      'BEGIN:VTIMEZONE\r\nTZID:US/Eastern\r\nBEGIN:STANDARD\r\nDTSTART:20001026T020000\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n'
    const invited =
      'ATTENDEE;CUTYPE=ROOM;CN="Hall; 102";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:lh102@calendar.example.edu'
    const person = 'ATTENDEE;PARTSTAT=TENTATIVE;SCHEDULE-STATUS=1.1:mailto:ann@example.edu'
    const other = 'ATTENDEE;SCHEDULE-AGENT=NONE:mailto:bob@example.edu'
    const sent = ics('text', [organizer, invited, person, other, 'X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC'])
      .replace('BEGIN:VEVENT', `${zone}BEGIN:VEVENT`)
      .replace('DTSTART:20270405T080000Z', 'DTSTART;TZID=US/Eastern:20270705T080000')
    const answer = await gateway.call('PUT', '/dav/calendars/lh102/text.ics', {
      headers: { 'content-type': 'text/calendar' },
      body: sent,
    })
    expect([answer.status, answer.headers.etag]).toEqual([201, undefined])
    const unfolded = (text: string) => text.replaceAll('\r\n ', '')
    const served = unfolded((await gateway.call('GET', '/dav/calendars/lh102/text.ics')).body)
    const expected = sent
      .replace(
        invited,
        'ATTENDEE;CUTYPE=ROOM;CN="Hall; 102";PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:lh102@calendar.example.edu',
      )
      .replace(person, 'ATTENDEE;PARTSTAT=TENTATIVE;SCHEDULE-STATUS=1.1;SCHEDULE-AGENT=CLIENT:mailto:ann@example.edu')
    expect(served).toBe(expected)
  })

  it('decline where they are taken', async () => {
    await put('_schedule/late.ics', 'late', [organizer, room('lh101')])
    expect(await answerIn('late', 'lh101')).toContain('PARTSTAT=DECLINED')
    expect(await resources('late')).toEqual([])
  })

  it('accept a series but for the dates that are taken', async () => {
    await put('lh102/one.ics', 'one', [], '20270415T080000Z')
    await put(
      '_schedule/series.ics',
      'series',
      [organizer, room('lh102'), 'RRULE:FREQ=DAILY;COUNT=3'],
      '20270414T080000Z',
    )
    const event = (await gateway.store.event('series'))?.event
    const partstat = (component: { extra: readonly (readonly unknown[])[] } | null | undefined) =>
      (component?.extra.find(([name]) => name === 'attendee')?.[1] as { partstat?: string } | undefined)?.partstat
    expect(partstat(event?.master)).toBe('ACCEPTED')
    expect(event?.overrides.map(override => [override.start, partstat(override)])).toEqual([
      [{ dateTime: '2027-04-15T08:00:00', tzid: 'UTC' }, 'DECLINED'],
    ])
    expect(await resources('series')).toEqual([102])
  })

  it('answer for the dates they are invited to, and for no others', async () => {
    await put('lh102/other-day.ics', 'other-day', [], '20281002T080000Z')
    const series = ics('one-date', [organizer, room('lh101'), 'RRULE:FREQ=DAILY;COUNT=3'], '20281002T080000Z')
    const start = series.indexOf('BEGIN:VEVENT')
    const end = series.indexOf('END:VCALENDAR')
    const date = series
      .slice(start, end)
      .replace('RRULE:FREQ=DAILY;COUNT=3', `${room('lh102')}\r\nRECURRENCE-ID:20281003T080000Z`)
      .replace('DTSTART:20281002', 'DTSTART:20281003')
    const path = '/dav/calendars/lh101/one-date.ics'
    const body = series.slice(0, end) + date + series.slice(end)
    await gateway.call('PUT', path, { headers: { 'content-type': 'text/calendar' }, body })
    const text = (await gateway.call('GET', path)).body.replaceAll('\r\n ', '')
    expect(text.match(/BEGIN:VEVENT/g)).toHaveLength(2)
    expect(text.match(/PARTSTAT=ACCEPTED[^\r]*lh102@/g)).toHaveLength(1)
    expect(text).not.toContain('DECLINED')
    for (const at of [path, '/dav/calendars/lh102/other-day.ics']) await gateway.call('DELETE', at)
  })

  it('are free again when they are no longer invited', async () => {
    await put('_schedule/free.ics', 'free', [organizer, 'ATTENDEE:mailto:joe@example.edu'])
    expect(await resources('free')).toEqual([])
  })

  it('decline when the event is deleted in their calendar, unless silence is asked for', async () => {
    const both = [organizer, room('lh101'), room('lh102')]
    for (const [uid, silent, expected] of [
      ['left', {}, 'PARTSTAT=DECLINED'],
      ['left-silently', { 'schedule-reply': 'F' }, 'PARTSTAT=ACCEPTED'],
    ] as const) {
      await put(`lh101/${uid}.ics`, uid, both, '20280901T080000Z')
      const path = `/dav/calendars/lh102/${uid}.ics`
      expect((await gateway.call('DELETE', path, { headers: silent })).status).toBe(204)
      const text = (await gateway.call('GET', `/dav/calendars/lh101/${uid}.ics`)).body.replaceAll('\r\n ', '')
      const answers = text.split('\r\n').filter(line => line.startsWith('ATTENDEE'))
      expect(answers.map(line => line.includes('PARTSTAT=ACCEPTED'))).toEqual([true, expected === 'PARTSTAT=ACCEPTED'])
      expect(answers[1]).toContain(expected)
      expect(await resources(uid)).toEqual([101])
      await gateway.call('DELETE', `/dav/calendars/lh101/${uid}.ics`)
    }
  })

  it('do nothing where the client schedules itself, or nobody organises', async () => {
    await put('_schedule/client.ics', 'client', [
      organizer,
      room('cam1').replace('ATTENDEE', 'ATTENDEE;SCHEDULE-AGENT=CLIENT'),
    ])
    await put('_schedule/nobody.ics', 'nobody', [room('cam1')])
    expect([await resources('client'), await resources('nobody')]).toEqual([[], []])
  })

  it('are known by all their addresses', async () => {
    const answer = await gateway.call('PROPFIND', '/dav/principals/resources/cam1/', {
      headers: { depth: '0' },
      body: propfindBody('C:calendar-user-address-set'),
    })
    const urn = /urn:uuid:[0-9a-f-]{36}/.exec(answer.body)?.[0] ?? ''
    await put('_schedule/urn.ics', 'urn', [organizer, `ATTENDEE:${urn}`], '20270501T080000Z')
    expect(await resources('urn')).toEqual([201])
  })
})

describe('inbox and outbox (RFC 6638 §2)', () => {
  it('are there, and named by the principal', async () => {
    const principal = '/dav/principals/users/av-team/'
    const answer = await gateway.call('PROPFIND', principal, {
      headers: { depth: '0' },
      body: propfindBody('C:schedule-inbox-URL', 'C:schedule-outbox-URL'),
    })
    expect(property(answer.body, principal, `${C}schedule-inbox-URL`)).toBe('/dav/calendars/_inbox/')
    const home = await gateway.call('PROPFIND', '/dav/calendars/', {
      headers: { depth: '1' },
      body: propfindBody('D:resourcetype'),
    })
    expect(multistatus(home.body).has('/dav/calendars/_outbox/')).toBe(true)
    expect((await gateway.call('OPTIONS', '/dav/')).headers.dav).toContain('calendar-auto-schedule')
  })

  it('hold no events of clients', async () => {
    for (const box of ['_inbox', '_outbox']) {
      const answer = await gateway.call('PUT', `/dav/calendars/${box}/a.ics`, {
        headers: { 'content-type': 'text/calendar' },
        body: ics('boxed'),
      })
      expect([answer.status, condition(answer.body)]).toEqual([403, '{DAV:}need-privileges'])
    }
  })

  it('grant those who book, and nobody else, to ask rooms from the outbox (RFC 6638 §6.2)', async () => {
    const outbox = '/dav/calendars/_outbox/'
    const sends = async (as: 'booker' | 'viewer') => {
      const body = propfindBody('D:current-user-privilege-set')
      const answer = await gateway.call('PROPFIND', outbox, { as, headers: { depth: '0' }, body })
      return answer.body.includes('<D:privilege><C:schedule-send-freebusy/></D:privilege>')
    }
    expect([await sends('booker'), await sends('viewer')]).toEqual([true, false])
    expect((await ask('x', 'viewer')).body).toContain('<C:schedule-send-freebusy/>')
    const all = { headers: { depth: '0' }, body: propfindBody('D:supported-privilege-set') }
    expect((await gateway.call('PROPFIND', outbox, all)).body).toContain('<C:schedule-send-freebusy/>')
  })

  it('are not where scheduling is off', async () => {
    const off = await startTestGateway()
    expect((await off.call('OPTIONS', '/dav/')).headers.dav).not.toContain('calendar-auto-schedule')
    expect((await off.call('PROPFIND', '/dav/calendars/_inbox/', { headers: { depth: '0' } })).status).toBe(404)
    expect(
      (await off.call('POST', '/dav/calendars/_outbox/', { headers: { 'content-type': 'text/calendar' }, body: 'x' }))
        .status,
    ).toBe(405)
    await off.close()
  })

  const ask = (body: string | Buffer, as: 'av-team' | 'viewer' = 'av-team') =>
    gateway.call('POST', '/dav/calendars/_outbox/', { as, headers: { 'content-type': 'text/calendar' }, body })
  const request = (...lines: readonly string[]): string =>
    [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'METHOD:REQUEST',
      'BEGIN:VFREEBUSY',
      'UID:fb',
      'DTSTAMP:20260101T000000Z',
      ...lines,
      'END:VFREEBUSY',
      'END:VCALENDAR',
      '',
    ].join('\r\n')

  it.each(['_inbox', '_outbox'])('%s is asked for its events by macOS, and has none', async name => {
    const path = `/dav/calendars/${name}/`
    const prop = '<D:prop xmlns:D="DAV:"><D:getetag/></D:prop>'
    const space = 'xmlns:C="urn:ietf:params:xml:ns:caldav"'
    const query = `<C:calendar-query ${space}>${prop}<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>`
    const found = await gateway.call('REPORT', path, { body: query })
    expect([found.status, multistatus(found.body).size]).toEqual([207, 0])
    const multiget = `<C:calendar-multiget ${space}>${prop}<D:href xmlns:D="DAV:">${path}x.ics</D:href></C:calendar-multiget>`
    const named = await gateway.call('REPORT', path, { body: multiget })
    expect([named.status, multistatus(named.body).get(`${path}x.ics`)?.status]).toEqual([207, 404])
  })

  it.each(['_inbox', '_outbox'])('%s is synchronised by Apple Calendar, and never has anything new', async name => {
    const path = `/dav/calendars/${name}/`
    const sync = (token: string) => gateway.call('REPORT', path, { body: syncBody(token) })
    const asked = await gateway.call('PROPFIND', path, {
      headers: { depth: '0' },
      body: propfindBody('D:sync-token', 'D:supported-report-set'),
    })
    expect(asked.body).toContain('<D:sync-collection/>')
    const token = property(asked.body, path, '{DAV:}sync-token') ?? ''
    for (const given of ['', token]) {
      const found = await sync(given)
      expect([found.status, multistatus(found.body).size]).toEqual([207, 0])
      expect(found.body).toContain(`<D:sync-token>${token}</D:sync-token>`)
    }
    const other = await sync('urn:kaldav:sync:other:1:1')
    expect([other.status, condition(other.body)]).toEqual([403, '{DAV:}valid-sync-token'])
  })

  it('tell when rooms are busy, and know nobody else', async () => {
    const answer = await ask(
      request(
        'DTSTART:20270415T000000Z',
        'DTEND:20270416T000000Z',
        'ORGANIZER:mailto:jane@example.edu',
        'ATTENDEE:mailto:lh102@calendar.example.edu',
        'ATTENDEE:mailto:joe@example.edu',
      ),
    )
    expect(answer.status).toBe(200)
    expect(answer.body).toContain('<C:request-status>2.0;Success</C:request-status>')
    expect(answer.body).toContain('METHOD:REPLY')
    expect(answer.body).toContain('FREEBUSY;FBTYPE=BUSY:20270415T080000Z/20270415T090000Z')
    expect(answer.body).toContain('<C:request-status>3.7;Invalid calendar user</C:request-status>')
  })

  it.each([
    ['no message', 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n'],
    [
      'two messages',
      request('DTSTART:20270415T000000Z', 'DTEND:20270416T000000Z', 'ATTENDEE:mailto:a@b').replace(
        /BEGIN:VFREEBUSY.*END:VFREEBUSY\r\n/s,
        found => found + found,
      ),
    ],
    ['no time', request('ATTENDEE:mailto:a@b')],
    ['nobody', request('DTSTART:20270415T000000Z', 'DTEND:20270416T000000Z')],
  ])('refuse %s with its precondition', async (_, body) => {
    expect(condition((await ask(body)).body)).toBe(`${C}valid-scheduling-message`)
  })

  it.each([
    ['no calendar', Buffer.from('x')],
    ['what is not UTF-8', Buffer.from(request('COMMENT:ÿ'), 'latin1')],
  ])('refuse %s as CALDAV:valid-calendar-data, not with 500', async (_, body) => {
    const answer = await ask(body)
    expect([answer.status, condition(answer.body)]).toEqual([403, `${C}valid-calendar-data`])
  })

  it('are not for those who only read', async () => {
    expect(condition((await ask(request(), 'viewer')).body)).toBe('{DAV:}need-privileges')
  })
})

describe('Schedule-Tag (RFC 6638 §3.2.10)', () => {
  it('guards a change as the ETag does', async () => {
    const answer = await put('lh101/tag.ics', 'tag', [], '20270601T080000Z')
    const tag = String(answer.headers['schedule-tag'])
    const change = (value: string) =>
      gateway.call('PUT', '/dav/calendars/lh101/tag.ics', {
        headers: { 'content-type': 'text/calendar', 'if-schedule-tag-match': value },
        body: ics('tag', ['SEQUENCE:1'], '20270601T080000Z'),
      })
    expect((await change('"x"')).status).toBe(412)
    expect((await change(tag)).status).toBe(204)
  })
})
