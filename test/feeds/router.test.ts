import { connect } from 'node:net'
import express from 'express'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openSqlite } from '../../adapters/sqlite.ts'
import { Unavailable } from '../../src/errors.ts'
import { feedsRouter } from '../../src/feeds/router.ts'
import { ensureBinding, saveCursor } from '../../src/store/bindings.ts'
import type { Database } from '../../src/store/database.ts'
import { Store } from '../../src/store/store.ts'
import { accountBinding, accountIsRead } from '../../src/sync/kaltura-ids.ts'
import { ask, berlin, event, NOW, openFeeds, override, room, vevents } from './support.ts'

let feeds: Awaited<ReturnType<typeof openFeeds>>
beforeAll(async () => {
  feeds = await openFeeds()
})
afterAll(() => feeds.close())
beforeEach(async () => {
  feeds.clock.now = NOW
  for (const uid of await feeds.store.uids()) await feeds.remove(uid)
  await feeds.put(lecture('first', '09:00'))
})

const lecture = (uid: string, hour: string, change: object = {}) =>
  event(uid, berlin(`2026-03-03T${hour}:00`), { duration: 'PT1H' }, change)

test('a feed says its type and length, is not sent in chunks, and can be asked for with HEAD', async () => {
  for (const profile of ['standard', 'device', 'kaltura']) {
    const got = await feeds.get(`?profile=${profile}`)
    expect(got.status).toBe(200)
    expect(got.headers).toMatchObject({
      'content-type': 'text/calendar; charset=utf-8',
      'content-length': String(Buffer.byteLength(got.body)),
      'cache-control': 'private, no-cache',
      etag: expect.stringMatching(/^"[\w-]{20,}"$/),
      'last-modified': 'Mon, 02 Mar 2026 06:20:00 GMT',
    })
    expect(got.headers['transfer-encoding']).toBeUndefined()
    expect(got.headers['content-disposition']).toBeUndefined()
    const head = await feeds.get(`?profile=${profile}`, {}, 'HEAD')
    expect([head.status, head.body]).toEqual([200, ''])
    for (const name of ['content-type', 'content-length', 'etag', 'last-modified']) {
      expect(head.headers[name]).toBe(got.headers[name])
    }
  }
})

test('standard is the profile without a name', async () => {
  expect((await feeds.get()).body).toBe((await feeds.get('?profile=standard')).body)
  expect((await feeds.get()).body).toContain('METHOD:PUBLISH')
})

test('HTTP/1.0 without keep-alive is answered whole', async () => {
  const { hostname, port } = new URL(feeds.url)
  const text = await new Promise<string>((resolve, reject) => {
    let received = ''
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET /feeds/${feeds.tokens.device.token}/lh101.ics?profile=device HTTP/1.0\r\n\r\n`)
    })
    socket.on('data', part => {
      received += part
    })
    socket.on('end', () => resolve(received))
    socket.on('error', reject)
  })
  expect(text).toMatch(/Content-Length: \d+/i)
  expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true)
})

describe('304', () => {
  test.each([
    ['the tag', (tag: string) => tag],
    ['a weak tag', (tag: string) => `W/${tag}`],
    ['a list', (tag: string) => `"other", W/"another", ${tag}`],
    ['anything', () => '*'],
    ['the tag without its quotes', (tag: string) => tag.slice(1, -1)],
  ])('where If-None-Match is %s', async (_, header) => {
    const { headers } = await feeds.get('?profile=device')
    for (const method of ['GET', 'HEAD']) {
      const again = await feeds.get('?profile=device', { 'If-None-Match': header(headers.etag ?? '') }, method)
      expect([again.status, again.body, again.headers.etag]).toEqual([304, '', headers.etag])
    }
  })

  test('also for fetch, which forbids caches in between to answer', async () => {
    const url = `${feeds.url}/feeds/${feeds.tokens.link.token}/lh101.ics`
    const etag = (await fetch(url)).headers.get('etag') ?? ''
    expect((await fetch(url, { headers: { 'If-None-Match': etag } })).status).toBe(304)
  })

  test('not for another tag, and not by date where a tag is given', async () => {
    const since = 'Tue, 03 Mar 2026 00:00:00 GMT'
    expect((await feeds.get('', { 'If-None-Match': '"x"', 'If-Modified-Since': since })).status).toBe(200)
    expect((await feeds.get('', { 'If-Modified-Since': since })).status).toBe(304)
    expect((await feeds.get('', { 'If-Modified-Since': 'Sun, 01 Mar 2026 00:00:00 GMT' })).status).toBe(200)
    expect((await feeds.get('', { 'If-Modified-Since': 'yesterday' })).status).toBe(200)
  })

  test('by date, neither a deletion nor a second change in one second is missed', async () => {
    const seen = async () => (await feeds.get('?profile=device')).headers['last-modified'] ?? ''
    const first = await seen()
    await feeds.put(lecture('second', '11:00'))
    const later = await feeds.get('?profile=device', { 'If-Modified-Since': first })
    expect(later.status).toBe(200)
    await feeds.remove('second')
    const date = later.headers['last-modified'] ?? ''
    expect((await feeds.get('?profile=device', { 'If-Modified-Since': date })).status).toBe(200)
  })
})

describe('the ETag moves with the content and with nothing else', () => {
  const tags = async () => {
    const profiles = ['standard', 'device', 'kaltura']
    return Promise.all(profiles.map(async profile => (await feeds.get(`?profile=${profile}`)).headers.etag))
  }

  test('not with time, nor when the gateway starts again', async () => {
    await feeds.put(
      event('daily', berlin('2026-01-01T12:00:00'), { duration: 'PT1H' }, { rrules: ['FREQ=DAILY;COUNT=30'] }),
    )
    const before = await tags()
    feeds.clock.now += 1800
    expect(await tags()).toEqual(before)
    feeds.clock.now += 3600
    expect(await tags()).toEqual(before)
    const store = await Store.open(feeds.database, { zone: 'Europe/Berlin', now: () => feeds.clock.now })
    const app = express().use(feedsRouter({ store, auth: feeds.auth, log: feeds.log, now: () => feeds.clock.now }))
    const server = app.listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const address = server.address() as { port: number }
    const url = `http://127.0.0.1:${address.port}/feeds/${feeds.tokens.device.token}/lh101.ics`
    expect((await ask(url)).headers.etag).toBe(before[0])
    server.close()
  })

  test('not with the same event written again, nor with events elsewhere', async () => {
    const before = await tags()
    feeds.clock.now += 60
    await feeds.put(lecture('first', '09:00'))
    await feeds.put({ ...lecture('elsewhere', '09:00'), resourceIds: [2] })
    expect(await tags()).toEqual(before)
    await feeds.remove('elsewhere')
  })

  test.each([
    ['a title', () => feeds.put(lecture('first', '09:00', { summary: 'renamed' }))],
    ['a time', () => feeds.put(lecture('first', '09:15'))],
    ['one more', () => feeds.put(lecture('second', '11:00'))],
    ['one less', () => feeds.remove('first')],
    ['a change of the room', () => feeds.put({ ...lecture('first', '09:00'), resourceIds: [2] })],
  ])('with %s', async (_, change) => {
    const before = await tags()
    await change()
    for (const [i, tag] of (await tags()).entries()) expect(tag).not.toBe(before[i])
  })

  test('with a conflict that comes from elsewhere and goes again', async () => {
    await feeds.put(lecture('second', '11:00'))
    const [before] = await tags()
    const blackout = event(
      'closed',
      berlin('2026-03-03T09:30:00'),
      { duration: 'PT1H' },
      { kaltura: { type: 3 } },
      [],
      [],
    )
    await feeds.put(blackout)
    const [during, device] = await tags()
    expect(during).not.toBe(before)
    expect((await feeds.get()).body).toContain('X-KALDAV-CONFLICT:blackout;closed;20260303T083000Z/20260303T090000Z')
    expect(vevents((await feeds.get('?profile=device')).body).map(each => each.get('SUMMARY'))).toEqual(['second'])
    await feeds.remove('closed')
    const [after, again] = await tags()
    expect([after, again !== device]).toEqual([before, true])
  })

  test('with the name and the zone of the room', async () => {
    await feeds.put(event('day', { date: '2026-03-04' }, null))
    const before = await tags()
    await feeds.store.write(feeds.actor, tx => tx.putResource(room(1, 'lh101', { timeZone: 'Asia/Kolkata' })))
    const [, device] = await tags()
    expect(device).not.toBe(before[1])
    await feeds.store.write(feeds.actor, tx => tx.putResource(room(1, 'lh101')))
    expect(await tags()).toEqual(before)
  })

  test('also when another process writes', async () => {
    const [before] = await tags()
    const database = await openSqlite(feeds.file)
    const other = await Store.open(database, { zone: 'Europe/Berlin', now: () => NOW })
    await other.write(feeds.actor, tx => tx.put(lecture('first', '09:00', { summary: 'from a command' })))
    await database.close()
    await new Promise(resolve => setTimeout(resolve, 120))
    expect((await tags())[0]).not.toBe(before)
  })

  test('and every answer right after a write shows it', async () => {
    for (let i = 0; i < 50; i++) {
      const [, got] = await Promise.all([
        feeds.get('?profile=device'),
        feeds.put(lecture('first', '09:00', { summary: `title ${i}` })).then(() => feeds.get('?profile=device')),
      ])
      expect(got.body).toContain(`title ${i}\r\n`)
    }
  })
})

test('nobody who asks after a write is answered with a reading begun before it', async () => {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const kalturaIds = async () => {
    begun.resolve()
    await gate.promise
    return null
  }
  const slow = await openFeeds({ kalturaIds })
  await slow.put(lecture('first', '09:00'))
  const early = slow.get('?profile=kaltura')
  await begun.promise
  await slow.put(lecture('second', '11:00'))
  const late = slow.get('?profile=kaltura')
  await new Promise(resolve => setTimeout(resolve, 50))
  gate.resolve()
  expect((await early).body).not.toContain('SUMMARY:second')
  expect((await late).body).toContain('SUMMARY:second')
  expect((await slow.get('?profile=kaltura')).body).toContain('SUMMARY:second')
  await slow.close()
})

describe('404', () => {
  const nowhere = 'x'.repeat(32)
  const paths = [
    ['a token that never was', () => `/feeds/${nowhere}/lh101.ics`],
    ['a short token', () => '/feeds/x/lh101.ics'],
    ['a calendar that is not there', () => `/feeds/${feeds.tokens.all.token}/none.ics`],
    ["another room's calendar", () => `/feeds/${feeds.tokens.link.token}/lh%20102%2Fb.ics`],
    ['no calendar at all', () => `/feeds/${feeds.tokens.link.token}`],
    ['another ending', () => `/feeds/${feeds.tokens.link.token}/lh101`],
    ['a longer path', () => `/feeds/${feeds.tokens.link.token}/lh101.ics/x`],
    ['a wrong query with a wrong token', () => `/feeds/${nowhere}/lh101.ics?profile=none`],
    ['an odd encoding', () => `/feeds/${feeds.tokens.link.token}/%E0%A4%A.ics`],
    ['a NUL', () => `/feeds/${feeds.tokens.all.token}/lh101%00.ics`],
    ['a way up', () => `/feeds/${feeds.tokens.all.token}/..%2F..%2Fetc%2Fpasswd.ics`],
    ['two slashes', () => `/feeds//${feeds.tokens.link.token}/lh101.ics`],
  ] as const

  test.each(paths)('for %s, in the same words', async (_, path) => {
    const { status, body, headers } = await ask(feeds.url + path())
    expect([status, body]).toEqual([404, 'There is no such feed.\n'])
    expect(headers['content-length']).toBe(String(body.length))
  })

  test('for a token that was revoked, at once', async () => {
    const { id, token } = await feeds.auth.createFeedToken({ resource: 'lh101', device: false, label: '' })
    expect((await feeds.get('', {}, 'GET', token)).status).toBe(200)
    await feeds.auth.revokeFeedToken(id)
    expect((await feeds.get('', {}, 'GET', token)).status).toBe(404)
  })

  test('for a room that was deleted', async () => {
    await feeds.store.write(feeds.actor, tx => tx.putResource(room(3, 'old')))
    const url = `${feeds.url}/feeds/${feeds.tokens.all.token}/old.ics`
    expect((await ask(url)).status).toBe(200)
    await feeds.store.write(feeds.actor, tx => tx.putResource(room(3, 'old', { status: 3 })))
    expect((await ask(url)).status).toBe(404)
  })
})

test('a token of all rooms reads each of them', async () => {
  await feeds.put({ ...lecture('elsewhere', '09:00'), resourceIds: [2] })
  const { status, body } = await ask(`${feeds.url}/feeds/${feeds.tokens.all.token}/lh%20102%2Fb.ics`)
  expect(status).toBe(200)
  expect(body).toContain('X-WR-CALNAME:Room\\, the "second"')
  expect(body).toContain('SUMMARY:elsewhere')
  expect(body).not.toContain('first')
})

test.each(['?profile=none', '?days=0', '?days=367', '?days=-1', '?days=1.5', '?days=many', '?profile=device&days='])(
  '%s is refused in words',
  async query => {
    const { status, body } = await feeds.get(query)
    expect(status).toBe(400)
    expect(body).toMatch(/choose one of standard, device, kaltura|from 1 to 366/)
  },
)

test.each(['POST', 'PUT', 'DELETE', 'PROPFIND', 'OPTIONS'])('%s is not for feeds', async method => {
  const { status, headers } = await feeds.get('', {}, method)
  expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
})

describe('when the schedule cannot be read', () => {
  test('the answer is 503 and says when to ask again, never an empty calendar', async () => {
    const broken = await openFeeds()
    await broken.put(lecture('first', '09:00'))
    expect((await broken.get('?profile=device')).status).toBe(200)
    await broken.database.close()
    await new Promise(resolve => setTimeout(resolve, 120))
    for (const profile of ['standard', 'device', 'kaltura']) {
      const { status, headers, body } = await broken.get(`?profile=${profile}`)
      expect([status, headers['retry-after']]).toEqual([503, '60'])
      expect(body).not.toContain('VCALENDAR')
    }
    await broken.close()
  })

  test('nor one with a part of the events, while the account is read for the first time', async () => {
    const fresh: { database?: Database } = {}
    const early = await openFeeds({
      isRead: async () => fresh.database !== undefined && accountIsRead(fresh.database)(),
    })
    fresh.database = early.database
    await early.put(lecture('first', '09:00'))
    for (const profile of ['standard', 'device', 'kaltura']) {
      const { status, body } = await early.get(`?profile=${profile}`)
      expect([status, body.includes('VCALENDAR')]).toEqual([503, false])
    }
    expect((await early.get('', {}, 'GET', 'x'.repeat(32))).status, 'nobody learns that from outside').toBe(404)
    await ensureBinding(early.database, accountBinding)
    expect((await early.get()).status).toBe(503)
    await saveCursor(early.database, accountBinding, 'read')
    expect((await early.get()).status).toBe(200)
    await early.close()
  })

  test('the time to wait is that of the trouble, where it is known', async () => {
    const auth = { feedToken: () => Promise.reject(new Unavailable('later', { retryAfter: 17 })) }
    const app = express().use(feedsRouter({ store: feeds.store, auth, log: pino({ level: 'silent' }) }))
    const server = app.listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const { status, headers } = await ask(`http://127.0.0.1:${port}/feeds/${'x'.repeat(32)}/lh101.ics`)
    expect([status, headers['retry-after']]).toEqual([503, '17'])
    server.close()
  })
})

describe('a link shows when, not what, of what is private', () => {
  const secret = {
    ...{ summary: 'planted title', description: 'planted text', location: 'planted place' },
    ...{ classification: 'PRIVATE' as const, kaltura: { type: 1 as const, tags: ['planted-tag'] } },
    extra: [['attendee', { cn: 'planted name' }, 'cal-address', 'mailto:planted@example.edu']] as const,
  }

  test.each(['standard', 'device', 'kaltura'])('%s', async profile => {
    const second = berlin('2026-03-10T14:00:00')
    const moved = override(second, second, { duration: 'PT1H' }, { ...secret, classification: 'CONFIDENTIAL' })
    await feeds.put(
      event('p', berlin('2026-03-03T14:00:00'), { duration: 'PT1H' }, { ...secret, rrules: ['FREQ=WEEKLY;COUNT=2'] }, [
        moved,
      ]),
    )
    const query = `?profile=${profile}`
    const link = await feeds.get(query, {}, 'GET', feeds.tokens.link.token)
    expect(link.body).not.toContain('planted')
    expect(link.body).toContain('SUMMARY:Busy')
    expect((await feeds.get(query)).body).toContain('SUMMARY:planted title')
  })
})

test('polls in numbers cost next to nothing', async () => {
  const { headers } = await feeds.get('?profile=device')
  const poll = () => feeds.get('?profile=device', { 'If-None-Match': headers.etag ?? '' })
  const answers = await Promise.all(Array.from({ length: 200 }, poll))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([304]))
})
