/** People whose rights differ from resource to resource; `limited` writes lh101, sees when lh102 is taken, and no more. */
import { hash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { condition, ics, multistatus, propfindBody, startTestGateway, syncBody, type TestGateway } from './gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
  await put('/dav/calendars/lh101/own.ics', ics('own', ['SUMMARY:Algebra']), 'av-team')
  await put('/dav/calendars/lh102/taken.ics', ics('taken', ['SUMMARY:Berufung', 'LOCATION:Turm']), 'av-team')
  await put('/dav/calendars/cam1/hidden.ics', ics('hidden', ['SUMMARY:Wartung']), 'av-team')
})
afterAll(() => gateway.close())

const put = (path: string, body: string, as: 'limited' | 'av-team' = 'limited') =>
  gateway.call('PUT', path, { headers: { 'content-type': 'text/calendar' }, body, as })
const ask = (method: string, path: string, body?: string, headers: Record<string, string> = {}) =>
  gateway.call(method, path, { headers, as: 'limited', ...(body === undefined ? {} : { body }) })
const privileges = async (path: string) =>
  (await ask('PROPFIND', path, propfindBody('D:current-user-privilege-set'), { depth: '0' })).body

describe('a resource nobody told of', () => {
  it('is neither in the home nor among the principals', async () => {
    for (const path of ['/dav/calendars/', '/dav/principals/resources/']) {
      const { body } = await ask('PROPFIND', path, propfindBody('D:displayname'), { depth: '1' })
      const names = [...multistatus(body).keys()].map(href => href.split('/').at(-2))
      expect(names).toEqual([path.split('/').at(-2), 'lh101', 'lh102'])
    }
  })

  it.each(['/dav/calendars/cam1/', '/dav/calendars/cam1/hidden.ics', '/dav/calendars/_schedule/own.ics'])(
    'is not there: %s',
    async path => {
      for (const method of ['GET', 'HEAD', 'PROPFIND']) {
        expect((await ask(method, path, undefined, { depth: '0' })).status, method).toBe(404)
      }
    },
  )

  it('is not reached through an event of the same UID', async () => {
    const answer = await put('/dav/calendars/lh101/hidden.ics', ics('hidden', ['SUMMARY:Mine']))
    expect([answer.status, condition(answer.body)]).toEqual([403, '{DAV:}need-privileges'])
    expect((await gateway.store.event('hidden'))?.event.resourceIds).toEqual([201])
  })

  it('is not taken by naming its id', async () => {
    const answer = await put('/dav/calendars/lh101/named.ics', ics('named', ['X-KALTURA-RESOURCE-IDS:101,201']))
    expect(answer.status).toBe(403)
    expect(await gateway.store.event('named')).toBeNull()
  })
})

describe('a resource of which only the busy time is shown', () => {
  const query = (filter = '') =>
    `<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">${filter}</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>`

  it('says when, and not what', async () => {
    const answers = [
      ask('GET', '/dav/calendars/lh102/'),
      ask('GET', '/dav/calendars/lh102/taken.ics'),
      ask('REPORT', '/dav/calendars/lh102/', query()),
      ask('REPORT', '/dav/calendars/', query()),
    ]
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBeLessThan(300)
      expect(body).toContain('SUMMARY:Busy')
      expect(body).not.toMatch(/Berufung|Turm/)
    }
  })

  it('has an ETag of its own, by which the hidden text cannot be guessed', async () => {
    const path = '/dav/calendars/lh102/taken.ics'
    const full = await gateway.call('GET', path)
    const hidden = await ask('GET', path)
    expect(hidden.headers.etag).not.toBe(full.headers.etag)
    const listed = await ask('PROPFIND', '/dav/calendars/lh102/', propfindBody('D:getetag'), { depth: '1' })
    expect(listed.body).toContain(hidden.headers.etag?.replaceAll('"', '&quot;'))
    const guesses = ['sha256', 'sha1', 'md5'].map(name => hash(name, full.body, 'base64url').slice(0, 22))
    for (const guess of guesses) expect(String(hidden.headers.etag)).not.toContain(guess)
    expect((await ask('GET', path, undefined, { 'if-none-match': String(hidden.headers.etag) })).status).toBe(304)
    expect((await ask('GET', path, undefined, { 'if-none-match': String(full.headers.etag) })).status).toBe(200)
  })

  it('is read anew by who sees more than when the token was given (RFC 6578)', async () => {
    for (const path of ['/dav/calendars/lh102/', '/dav/calendars/']) {
      const [less, more] = await Promise.all(
        (['limited', 'av-team'] as const).map(as => gateway.call('REPORT', path, { as, body: syncBody('') })),
      )
      const token = /<D:sync-token>([^<]*)</.exec(less?.body ?? '')?.[1] ?? ''
      expect(more?.body).not.toContain(token)
      const again = (as: 'limited' | 'av-team') => gateway.call('REPORT', path, { as, body: syncBody(token) })
      expect((await again('limited')).status).toBe(207)
      expect(condition((await again('av-team')).body)).toBe('{DAV:}valid-sync-token')
      const named = await ask('PROPFIND', path, propfindBody('D:sync-token'), { depth: '0' })
      expect(named.body).toContain(`<D:sync-token>${token}</D:sync-token>`)
    }
  })

  it('cannot be searched for what is hidden', async () => {
    const search = '<C:prop-filter name="SUMMARY"><C:text-match>berufung</C:text-match></C:prop-filter>'
    expect(multistatus((await ask('REPORT', '/dav/calendars/lh102/', query(search))).body).size).toBe(0)
  })

  it('answers free-busy-query, and grants that right but not writing', async () => {
    const range = '<C:time-range start="20270401T000000Z" end="20270501T000000Z"/>'
    const body = `<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">${range}</C:free-busy-query>`
    expect((await ask('REPORT', '/dav/calendars/lh102/', body)).body).toContain('FREEBUSY')
    expect(await privileges('/dav/calendars/lh102/')).toContain('read-free-busy')
    expect(await privileges('/dav/calendars/lh102/')).not.toContain('<D:write')
    expect(await privileges('/dav/calendars/lh101/')).toContain('<D:write/>')
  })

  it('is neither written nor copied from', async () => {
    expect((await put('/dav/calendars/lh102/new.ics', ics('new'))).status).toBe(403)
    const to = { destination: '/dav/calendars/lh101/taken.ics' }
    expect((await ask('COPY', '/dav/calendars/lh102/taken.ics', undefined, to)).status).toBe(403)
    expect(
      (await ask('MOVE', '/dav/calendars/lh101/own.ics', undefined, { destination: '/dav/calendars/lh102/own.ics' }))
        .status,
    ).toBe(403)
    expect((await gateway.store.event('own'))?.event.resourceIds).toEqual([101])
  })
})

it('an event that is also on a resource one may not write is left alone, and may be taken off the own one', async () => {
  await put('/dav/calendars/lh101/both.ics', ics('both', ['X-KALTURA-RESOURCE-IDS:101,102']), 'av-team')
  expect((await put('/dav/calendars/lh101/both.ics', ics('both', ['SUMMARY:Changed']))).status).toBe(403)
  expect((await ask('DELETE', '/dav/calendars/lh101/both.ics')).status).toBe(204)
  expect((await gateway.store.event('both'))?.event.resourceIds).toEqual([102])
})
