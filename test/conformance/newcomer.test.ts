import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, get, propfind } from './support/dav.ts'
import { type GatewayProcess, openGateway } from './support/gateway.ts'
import { until } from './support/process.ts'

describe('a newcomer who typed npm start', () => {
  let gateway: GatewayProcess
  let password = ''
  let feed = ''
  const access = () => ({ user: 'admin', password })

  beforeAll(async () => {
    gateway = await openGateway({ example: true, env: { KALDAV_ADMIN_PASSWORD: '', KALDAV_EXAMPLE: '' } })
  })
  afterAll(() => gateway?.close())

  it('reads in the banner where everything is', async () => {
    const banner = await until('the banner', 20, async () => {
      const text = gateway.output()
      return text.includes('/feeds/') && /password/i.test(text) ? text : undefined
    })
    const { port } = new URL(gateway.url)
    expect(banner).toMatch(new RegExp(`http://(localhost|127\\.0\\.0\\.1):${port}/\\s`))
    expect(banner).toMatch(new RegExp(`http://(localhost|127\\.0\\.0\\.1):${port}/dav/\\s`))
    feed = /https?:\/\/\S+\/feeds\/\S+\.ics\S*/.exec(banner)?.[0] ?? ''
    expect(feed).toMatch(/^http:\/\/(localhost|127\.0\.0\.1):\d+\/feeds\/[^/]+\/[^/]+\.ics/)
    password = /password\S*\s+(\S+)/i.exec(banner)?.[1] ?? ''
    expect(password.length).toBeGreaterThanOrEqual(12)
  })

  it('opens the web page', async () => {
    const page = await ask(access(), 'GET', `${gateway.url}/`, { accept: 'text/html' })
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  })

  it('finds the example campus by CalDAV', async () => {
    const found = await fetch(`${gateway.url}/.well-known/caldav`, { redirect: 'manual' })
    expect(found.headers.get('location')).toMatch(/\/dav\/$/)
    const home = await propfind(access(), `${gateway.url}/dav/calendars/`, 1, '<D:displayname/><D:resourcetype/>')
    const calendars = [...home.text.matchAll(/<(?:\w+:)?href>([^<]*\/dav\/calendars\/[^<]+\/)</g)].map(
      hit => hit[1] ?? '',
    )
    expect(calendars.some(href => href.endsWith('/_schedule/'))).toBe(true)
    const rooms = calendars.filter(href => !/\/_\w+\/$/.test(href))
    expect(rooms.length).toBeGreaterThan(3)
    const schedule = await get(access(), `${gateway.url}/dav/calendars/_schedule/`)
    expect(schedule.status).toBe(200)
    expect(schedule.headers.get('etag')).toBeTruthy()
    expect((schedule.text.match(/BEGIN:VEVENT/g) ?? []).length).toBeGreaterThan(10)
  })

  it('points a capture device at a feed that is safe for all', async () => {
    const answer = await fetch(feed)
    const text = await answer.text()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^text\/calendar/)
    expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(text)))
    expect(text.startsWith('BEGIN:VCALENDAR\r\n')).toBe(true)
    expect(text.endsWith('END:VCALENDAR\r\n')).toBe(true)
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(text.split('\r\n').filter(line => Buffer.byteLength(line) > 75)).toEqual([])
    expect(text).not.toMatch(/\r\n(RRULE|RDATE|EXDATE|RECURRENCE-ID|BEGIN:VTIMEZONE)/)
    const times = [...text.matchAll(/\r\n(DTSTART|DTEND)([^\r]*)/g)]
    expect(times.length).toBeGreaterThan(0)
    expect(times.filter(([, , value]) => !/^:\d{8}T\d{6}Z$/.test(value ?? ''))).toEqual([])
    const uids = [...text.matchAll(/\r\nUID:([^\r]*)/g)].map(hit => hit[1])
    expect(new Set(uids).size).toBe(uids.length)
    expect(uids.length).toBe((text.match(/BEGIN:VEVENT/g) ?? []).length)
  })

  it('costs nothing when nothing changed', async () => {
    const first = await fetch(feed)
    await first.text()
    const etag = first.headers.get('etag') ?? ''
    const again = await fetch(feed, { headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
    expect((await fetch(feed, { method: 'HEAD' })).headers.get('etag')).toBe(etag)
  })

  it('is turned away without the password', async () => {
    const answer = await fetch(`${gateway.url}/dav/calendars/`, { method: 'PROPFIND' })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    expect((await fetch(feed.replace(/feeds\/[^/]+/, 'feeds/guessed'))).status).toBe(404)
  })

  it('stops it and starts it again with the same password and campus', async () => {
    await gateway.stop()
    await gateway.start()
    expect(gateway.output()).not.toContain(password)
    const schedule = await get(access(), `${gateway.url}/dav/calendars/_schedule/`)
    expect(schedule.status).toBe(200)
    expect((await fetch(feed)).status).toBe(200)
  })
})
