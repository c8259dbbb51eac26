/** Requests to Graph when things go wrong: groups of reads, refusals of one part, answers that are none. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { emptyMaster, type ScheduleEvent } from '../../src/schedule/event.ts'
import type { Source } from '../../src/sync/source.ts'
import { openerOn, openOn } from '../fakes/microsoft365/open.ts'
import { FakeGraph } from '../fakes/microsoft365/server.ts'

const room = 'room1@contoso.test'
const year = new Date().getUTCFullYear() + 1
const berlin = (dateTime: string) => ({ dateTime: `${year}-${dateTime}`, tzid: 'Europe/Berlin' })

let graph: FakeGraph
let source: Source
beforeEach(async () => {
  graph = new FakeGraph()
  await graph.start()
  graph.mailbox(room)
  source = openOn(graph, room)
})
afterEach(async () => {
  vi.restoreAllMocks()
  await graph.stop()
  expect(graph.contract.violations).toEqual([])
  expect(graph.mostAtOnce).toBeLessThanOrEqual(4)
})

const lecture = (): ScheduleEvent => ({
  uid: 'a',
  master: { ...emptyMaster(berlin('03-01T09:00:00'), berlin('03-01T10:00:00')), summary: 'Physics' },
  overrides: [],
  resourceIds: [],
})
const items = () => graph.mailbox(room).all()
const booked = (n: number) => {
  const time = (hour: number) => ({
    dateTime: `${year}-04-${String(n + 1).padStart(2, '0')}T${hour}:00:00`,
    timeZone: 'UTC',
  })
  return graph.mailbox(room).put({ subject: `m${n}`, start: time(10), end: time(11) })
}
/** A read of 25 items, each of which has to be looked at. */
async function manyLooks() {
  const all = Array.from({ length: 25 }, (_, n) => booked(n))
  const { cursor } = await source.pull(null)
  for (const item of all) graph.mailbox(room).change(item.id, { subject: 'changed' })
  graph.calls.length = 0
  return () => source.pull(cursor)
}

describe('reads that wait together', () => {
  it('go together, twenty at a time', async () => {
    const look = await manyLooks()
    expect((await look()).changed).toHaveLength(25)
    expect(graph.batches).toBe(2)
  })

  it('are asked again one by one, as each was answered', async () => {
    const look = await manyLooks()
    const [throttled, missing] = [items()[3]?.id ?? '', items()[7]?.id ?? '']
    const at = (id: string) => new RegExp(`/events/${id.replace(/[+]/g, '\\$&')}`)
    graph.faults.push({ path: at(throttled), status: 429, headers: { 'Retry-After': '1' }, times: 1 })
    graph.faults.push({ path: at(missing), status: 404, code: 'ErrorItemNotFound', times: 1 })
    const { changed, removed } = await look()
    expect(changed).toHaveLength(24)
    expect(removed).toEqual([missing])
    // The two whole batches, and the one part again.
    expect(graph.calls.filter(({ path }) => path.includes('/events/'))).toHaveLength(24)
  })

  it.each([404, 501])('go alone where batches are answered %i', async status => {
    graph.refuseBatches = status
    const look = await manyLooks()
    const { changed, cursor } = await look()
    expect(changed).toHaveLength(25)
    const tried = graph.batches
    for (const { id } of items()) graph.mailbox(room).change(id, { subject: 'again' })
    expect((await source.pull(cursor)).changed).toHaveLength(25)
    expect(graph.batches).toBe(tried)
  })

  it('keep immutable ids in every part', async () => {
    await (await manyLooks())()
    expect(graph.contract.violations).toEqual([])
  })
})

describe('answers that are none', () => {
  it.each([
    ['cut off', 'application/json', '{"id":"AAk'],
    ['a page', 'text/html', '<html>OK</html>'],
    ['empty', 'text/plain', ''],
  ])('a create that worked and was answered with what is %s makes one event', async (_, type, html) => {
    const headers = { 'Content-Type': type }
    graph.faults.push({ method: 'POST', path: /events$/, after: true, status: 201, html, headers, times: 1 })
    await source.push?.(lecture(), null)
    expect(items().map(({ subject }) => subject)).toEqual(['Physics'])
  })

  it('S54 a list that is cut off is asked for again', async () => {
    booked(1)
    const headers = { 'Content-Type': 'application/json' }
    graph.faults.push({ path: /delta/, status: 200, html: '{"value":[{"id":', headers, times: 1 })
    graph.faults.push({ path: /delta/, status: 200, html: '<html>Sign in</html>', times: 1 })
    expect((await source.pull(null)).changed).toHaveLength(1)
  })

  it('a repeated create that is refused as a double is found', async () => {
    graph.faults.push({ method: 'POST', path: /events$/, after: true, status: 409, code: 'ErrorDuplicate', times: 1 })
    await source.push?.(lecture(), null)
    expect(items()).toHaveLength(1)
  })

  it.each([
    ['a gateway', { html: '<html>Not found</html>' }],
    ['a missing mailbox', { code: 'ErrorNonExistentMailbox' }],
    ['no code', { code: '' }],
  ])('an item answered 404 by %s is not gone', async (_, fault) => {
    const item = booked(1)
    const { cursor } = await source.pull(null)
    graph.mailbox(room).change(item.id, { subject: 'changed' })
    graph.faults.push({ path: /events\//, status: 404, ...fault, times: 9 })
    await expect(source.pull(cursor)).rejects.toMatchObject({ name: 'AccessDenied' })
  })

  it('S54 a request that hangs is given up, and not tried for minutes', async () => {
    const real = AbortSignal.timeout
    vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => real(300))
    vi.spyOn(performance, 'now').mockImplementation(() => Date.now() * 100)
    graph.faults.push({ path: /delta/, hang: true, times: 9 })
    await expect(source.pull(null)).rejects.toMatchObject({ name: 'Unavailable' })
    expect(graph.faults[0]?.times).toBe(8)
  })
})

it.each([
  ['seconds', () => '1'],
  ['a date', () => new Date(Date.now() + 1500).toUTCString()],
])('S51 Retry-After as %s is kept', async (_, value) => {
  booked(1)
  const times: number[] = []
  graph.onAnswer = path => {
    if (!path.includes('/delta')) return
    if (times.push(Date.now()) > 1) return
    graph.faults.push({ path: /delta/, status: 429, headers: { 'Retry-After': value() }, times: 1 })
  }
  await source.pull(null)
  // A date has whole seconds.
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(400)
})

it('S51 a Retry-After of 600 s is left to the engine, whole', async () => {
  graph.faults.push({ path: /delta/, status: 503, headers: { 'Retry-After': '600' }, times: 1 })
  await expect(source.pull(null)).rejects.toMatchObject({ name: 'Unavailable', retryAfter: 600 })
  expect(graph.faults[0]?.times).toBe(0)
})

it('S51 one without Retry-After is asked a few times more, and then left to the engine', async () => {
  graph.faults.push({ path: /delta/, status: 429, code: 'ApplicationThrottled', times: 9 })
  await expect(source.pull(null)).rejects.toMatchObject({ name: 'Unavailable', retryAfter: null })
  expect(graph.faults[0]?.times).toBe(5)
})

it('S51 other rooms go on while one rests', async () => {
  const other = 'room2@contoso.test'
  graph.mailbox(other)
  const openBoth = openerOn(graph)
  graph.faults.push({ path: /room1.*delta/, status: 429, headers: { 'Retry-After': '5' }, times: 1 })
  const order: string[] = []
  await Promise.all(
    [room, other].map(async address => {
      await openBoth(address, 'Europe/Berlin').pull(null)
      order.push(address)
    }),
  )
  expect(order).toEqual([other, room])
})

it('S54 a connection that is cut in the middle of an answer is tried again', async () => {
  booked(1)
  const headers = { 'Content-Type': 'application/json', 'Content-Length': '5000' }
  graph.faults.push({ path: /delta/, status: 200, html: '{"value":[', headers, cut: true, times: 1 })
  expect((await source.pull(null)).changed).toHaveLength(1)
})
