import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, get, propfind, syncCollection } from './support/dav.ts'
import { type GatewayProcess, openGateway } from './support/gateway.ts'
import { lecture } from './support/text.ts'

const total = 1000
const connections = 8
const kills = [120, 430, 780]

/** What the server answered before it was killed: name → ETag. */
interface Answered {
  readonly etags: Map<string, string>
  readonly sent: Set<string>
}

describe('kill -9 in the middle of 1,000 PUTs by 8 connections', () => {
  let gateway: GatewayProcess
  const room = () => `${gateway.url}/dav/calendars/lh101/`
  const name = (index: number) => `crash-${index}.ics`
  const body = (index: number) =>
    lecture({ uid: `crash-${index}`, summary: `Lecture ${index}`, offset: 1 + (index % 300), hour: 7 + (index % 12) })
  const answered: Answered = { etags: new Map(), sent: new Set() }

  /** Puts all that has no answer yet, until done or until `stopAfter` have been answered, when `stop` is called. */
  async function putAll(stopAfter: number, stop: () => Promise<void>): Promise<void> {
    const open = Array.from({ length: total }, (_, index) => index).filter(index => !answered.etags.has(name(index)))
    let stopped: Promise<void> | undefined
    const worker = async () => {
      for (let index = open.shift(); index !== undefined && !stopped; index = open.shift()) {
        answered.sent.add(name(index))
        const url = `${room()}${name(index)}`
        const answer = await ask(gateway, 'PUT', url, { 'content-type': 'text/calendar' }, body(index)).catch(
          () => null,
        )
        if (!answer) continue
        expect([201, 204], answer.text).toContain(answer.status)
        const etag = answer.headers.get('etag')
        expect(etag, 'a PUT stored byte for byte answers its ETag').toBeTruthy()
        answered.etags.set(name(index), etag ?? '')
        if (answered.etags.size >= stopAfter) stopped ??= stop()
      }
    }
    await Promise.all(Array.from({ length: connections }, worker))
    await stopped
  }

  beforeAll(async () => {
    gateway = await openGateway({ rooms: ['lh101'] })
  })
  afterAll(() => gateway?.close())

  let token = ''

  for (const [run, count] of kills.entries())
    it(`loses nothing that was answered, killed after ${count}`, async () => {
      if (run === 0) token = (await syncCollection(gateway, room(), '')).token
      await putAll(count, () => gateway.kill())
      expect(answered.etags.size).toBeLessThan(total)
      await gateway.start()

      const all = await syncCollection(gateway, room(), '')
      const there = new Map([...all.changed].map(([href, etag]) => [href.split('/').at(-1) ?? '', etag]))
      const lost = [...answered.etags].filter(([file, etag]) => there.get(file) !== etag)
      expect(lost).toEqual([])
      expect([...there.keys()].filter(file => !answered.sent.has(file))).toEqual([])

      const since = await syncCollection(gateway, room(), token)
      expect([...since.changed].sort()).toEqual([...all.changed].sort())
      expect(since.token).toBe(all.token)
      const listed = await propfind(gateway, room(), 1, '<D:getetag/>')
      expect((listed.text.match(/\.ics<\//g) ?? []).length).toBe(there.size)
    })

  it('takes the rest, and serves every byte that was sent', async () => {
    await putAll(Number.POSITIVE_INFINITY, async () => {})
    expect(answered.etags.size).toBe(total)
    for (const index of [0, 119, 120, 430, 781, 999]) {
      const stored = await get(gateway, `${room()}${name(index)}`)
      expect(stored.text).toBe(body(index))
      expect(stored.headers.get('etag')).toBe(answered.etags.get(name(index)))
    }
    expect((await syncCollection(gateway, room(), '')).changed.size).toBe(total)
  })

  it('has the same events in the account schedule', async () => {
    const schedule = await syncCollection(gateway, `${gateway.url}/dav/calendars/_schedule/`, '')
    expect(schedule.changed.size).toBe(total)
  })
})
