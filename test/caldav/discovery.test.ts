import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  condition,
  multistatus,
  property,
  propfindBody,
  RESOURCES,
  startTestGateway,
  type TestGateway,
} from './gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())

const propfind = (path: string, depth: string, ...names: readonly string[]) =>
  gateway.call('PROPFIND', path, { headers: { depth }, body: propfindBody(...names) })

describe('discovery (RFC 6764)', () => {
  it('OPTIONS * asks the server as such (RFC 9110 §9.3.7)', async () => {
    const answer = await gateway.call('OPTIONS', '*', { as: null })
    expect([answer.status, String(answer.headers.dav).includes('calendar-access')]).toEqual([200, true])
  })

  it.each(['GET', 'PROPFIND', 'OPTIONS', 'REPORT'])('%s /.well-known/caldav leads to /dav/', async method => {
    const answer = await gateway.call(method, '/.well-known/caldav', { as: null })
    expect([answer.status, answer.headers.location]).toEqual([301, '/dav/'])
  })

  it('leads to the address clients see, where that is configured', async () => {
    const other = await startTestGateway({ baseUrl: 'https://calendar.example.edu' })
    const answer = await other.call('PROPFIND', '/.well-known/caldav/', { as: null })
    expect(answer.headers.location).toBe('https://calendar.example.edu/dav/')
    await other.close()
  })

  it.each(['/', '/principals/'])('macOS probes %s and gets DAV, not 404 or 405', async path => {
    const anonymous = await gateway.call('PROPFIND', path, { as: null, headers: { depth: '0' } })
    expect(anonymous.status).toBe(401)
    expect(anonymous.headers['www-authenticate']).toBe('Basic realm="kaldav", charset="UTF-8"')
    const known = await propfind(path, '0', 'D:current-user-principal')
    expect(property(known.body, '/dav/', '{DAV:}current-user-principal')).toBe('/dav/principals/users/av-team/')
    expect((await gateway.call('OPTIONS', path, { as: null })).headers.dav).toContain('calendar-access')
  })

  it('macOS guesses the addresses of other servers and is sent to ours', async () => {
    expect((await gateway.call('PROPFIND', '/calendar/dav/av-team/user/', { as: null })).headers.location).toBe('/dav/')
  })

  it('leaves the web page alone', async () => {
    expect((await gateway.call('GET', '/', { as: null })).body).toBe('the page')
  })

  it('goes from the root to the principal to the home to the calendars', async () => {
    const root = await propfind('/dav/', '0', 'D:current-user-principal')
    const principal = property(root.body, '/dav/', '{DAV:}current-user-principal') ?? ''
    const person = await propfind(principal, '0', 'C:calendar-home-set', 'C:calendar-user-address-set')
    const home = property(person.body, principal, '{urn:ietf:params:xml:ns:caldav}calendar-home-set') ?? ''
    expect(home).toBe('/dav/calendars/')
    const calendars = await propfind(home, '1', 'D:resourcetype', 'D:displayname')
    expect([...multistatus(calendars.body).keys()]).toEqual([
      '/dav/calendars/',
      '/dav/calendars/lh101/',
      '/dav/calendars/lh102/',
      '/dav/calendars/cam1/',
      '/dav/calendars/_schedule/',
      '/dav/calendars/_conflicts/',
    ])
    expect(property(calendars.body, '/dav/calendars/lh101/', '{DAV:}displayname')).toBe('Lecture Hall 101')
  })

  it('takes a collection without its slash, and says where it is', async () => {
    const answer = await propfind('/dav/calendars/lh101', '0', 'D:displayname')
    expect(property(answer.body, '/dav/calendars/lh101/', '{DAV:}displayname')).toBe('Lecture Hall 101')
  })
})

describe('logging in', () => {
  it('a wrong password is 401, and many of them 429', async () => {
    const wrong = (password: string) => {
      const authorization = `Basic ${Buffer.from(`nobody:${password}`).toString('base64')}`
      return gateway.call('PROPFIND', '/dav/', { headers: { authorization }, as: null })
    }
    expect((await wrong('first')).status).toBe(401)
    const statuses = await Promise.all(
      Array.from({ length: 15 }, (_, index) => wrong(`no ${index}`).then(({ status }) => status)),
    )
    expect(statuses).toContain(429)
  })

  it.each(['Bearer x', 'Basic', 'Basic !!!', `Basic ${Buffer.from('nocolon').toString('base64')}`])(
    '%s is 401',
    async authorization => {
      const answer = await gateway.call('GET', '/dav/', { headers: { authorization }, as: null })
      expect(answer.status).toBe(401)
    },
  )

  it('what does not exist is 401 too before a login, and 404 after it', async () => {
    expect((await gateway.call('GET', '/dav/calendars/secret/', { as: null })).status).toBe(401)
    expect((await gateway.call('GET', '/dav/calendars/secret/')).status).toBe(404)
  })
})

describe('OPTIONS', () => {
  it('tells the classes, and methods by kind of resource', async () => {
    const calendar = await gateway.call('OPTIONS', '/dav/calendars/lh101/')
    expect(calendar.status).toBe(200)
    expect(calendar.headers.dav).toMatch(/^1, 3, access-control, calendar-access/)
    expect(calendar.headers.allow).not.toContain('PUT')
    const event = await gateway.call('OPTIONS', '/dav/calendars/lh101/a.ics')
    expect(event.headers.allow).toContain('PUT')
    expect(event.headers.allow).not.toContain('LOCK')
  })

  it('what is not offered is 405 with Allow', async () => {
    const answer = await gateway.call('LOCK', '/dav/calendars/lh101/')
    expect([answer.status, answer.headers.allow?.includes('PROPFIND')]).toEqual([405, true])
  })
})

describe('principals', () => {
  it('a room is a ROOM, a camera a RESOURCE', async () => {
    const path = '/dav/principals/resources/'
    const answer = await propfind(path, '1', 'C:calendar-user-type', 'K:building', 'K:capacity')
    const type = '{urn:ietf:params:xml:ns:caldav}calendar-user-type'
    expect(property(answer.body, `${path}lh101/`, type)).toBe('ROOM')
    expect(property(answer.body, `${path}cam1/`, type)).toBe('RESOURCE')
    expect(property(answer.body, `${path}lh101/`, '{urn:kaldav:}building')).toBe('North')
    expect(multistatus(answer.body).get(`${path}cam1/`)?.properties.get('{urn:kaldav:}building')?.status).toBe(404)
  })

  it('nobody sees who else has an account', async () => {
    expect((await propfind('/dav/principals/users/booker/', '0', 'D:displayname')).status).toBe(404)
    const users = await propfind('/dav/principals/users/', '1', 'D:displayname')
    expect([...multistatus(users.body).keys()]).toEqual(['/dav/principals/users/', '/dav/principals/users/av-team/'])
  })

  it('privileges are those of the role', async () => {
    const ask = async (as: 'viewer' | 'booker', path: string) => {
      const answer = await gateway.call('PROPFIND', path, {
        as,
        headers: { depth: '0' },
        body: propfindBody('D:current-user-privilege-set'),
      })
      return answer.body
    }
    expect(await ask('booker', '/dav/calendars/lh101/')).toContain('<D:write/>')
    expect(await ask('viewer', '/dav/calendars/lh101/')).not.toContain('<D:write')
    expect(await ask('booker', '/dav/calendars/_conflicts/')).not.toContain('<D:write')
    // Whoever may bind at home is taken for somebody who may make calendars.
    expect(await ask('booker', '/dav/calendars/')).not.toContain('<D:bind/>')
  })
})

describe('rooms that change', () => {
  it('what this gateway writes is seen by the very next request, alone and in the home', async () => {
    const other = await startTestGateway()
    const [room] = RESOURCES
    if (!room) throw new Error('there is no room to change')
    const path = `/dav/calendars/${room.systemName}/`
    const names = async () => {
      const [alone, home] = [
        await other.call('PROPFIND', path, { headers: { depth: '0' }, body: propfindBody('D:displayname') }),
        await other.call('PROPFIND', '/dav/calendars/', {
          headers: { depth: '1' },
          body: propfindBody('D:displayname'),
        }),
      ]
      const shown = home.body.includes(path) ? property(home.body, path, '{DAV:}displayname') : null
      return [alone.status === 207 ? property(alone.body, path, '{DAV:}displayname') : null, shown]
    }
    const save = (change: Partial<typeof room>) =>
      other.store.write({ source: 'test', user: null, run: null }, tx => tx.putResource({ ...room, ...change }))
    expect(await names()).toEqual([room.name, room.name])
    await save({ name: 'Renamed' })
    expect(await names()).toEqual(['Renamed', 'Renamed'])
    await save({ status: 3 })
    expect(await names()).toEqual([null, null])
    await other.close()
  })
})

describe('making calendars', () => {
  it.each(['MKCALENDAR', 'MKCOL'])('%s is refused with its precondition', async method => {
    const answer = await gateway.call(method, '/dav/calendars/new/')
    expect([answer.status, condition(answer.body)]).toEqual([
      403,
      '{urn:ietf:params:xml:ns:caldav}calendar-collection-location-ok',
    ])
    const there = await gateway.call(method, '/dav/calendars/lh101/')
    expect([there.status, condition(there.body)]).toEqual([403, '{DAV:}resource-must-be-null'])
  })

  it('and a default calendar is named, so that macOS does not want one of its own', async () => {
    const answer = await propfind('/dav/calendars/', '0', 'C:schedule-default-calendar-URL')
    expect(
      property(answer.body, '/dav/calendars/', '{urn:ietf:params:xml:ns:caldav}schedule-default-calendar-URL'),
    ).toBe('/dav/calendars/_schedule/')
  })

  it.each(['DELETE', 'COPY', 'MOVE', 'PUT'])('%s of a calendar is 403', async method => {
    const answer = await gateway.call(method, '/dav/calendars/lh101/', { headers: { destination: '/dav/x/' } })
    expect([answer.status, condition(answer.body)]).toEqual([403, '{DAV:}need-privileges'])
  })
})
