import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Binding } from '../../src/sync/binding.ts'
import { hookOf, webhooksRouter } from '../../src/sync/webhooks.ts'

const binding = { id: 'google/room', type: 'google' } as Binding
const outlook = { id: 'm365/room', type: 'microsoft365' } as Binding
const secret = 'a secret of the database'
const mark = { id: 'channel-1', resource: 'resource-1' }
const woken: string[] = []
const watched: string[] = []
let server: Server
let origin: string

beforeEach(async () => {
  woken.length = 0
  watched.length = 0
  const router = webhooksRouter({
    ...{ secret, baseUrl: 'https://calendar.example.edu', log: pino({ level: 'silent' }) },
    bindings: async () => [binding, outlook],
    wake: async ({ id }) => void woken.push(id),
    watchAgain: async ({ id }) => void watched.push(id),
    markOf: async ({ type }) => (type === 'google' ? `${mark.id} ${mark.resource}` : null),
  })
  server = createServer(express().use('/webhooks', router))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => new Promise(resolve => server.close(resolve)))

const hook = hookOf({ secret, baseUrl: 'https://calendar.example.edu' }, binding)
const path = new URL(hook?.url ?? '').pathname + new URL(hook?.url ?? '').search
const call = (to: string, token: string, state = 'exists', { id, resource } = mark) =>
  fetch(`${origin}${to}`, {
    method: 'POST',
    headers: {
      ...{ 'X-Goog-Channel-ID': id, 'X-Goog-Resource-ID': resource, 'X-Goog-Message-Number': '2' },
      ...{ 'X-Goog-Channel-Token': token, 'X-Goog-Resource-State': state, 'Content-Type': 'application/json' },
    },
  })

it('S54 wakes the binding whose token the call carries', async () => {
  expect((await call(path, hook?.token ?? '')).status).toBe(202)
  expect(woken).toEqual(['google/room'])
})

it('S54 does no work for the message that only opens the channel, be it known yet or not', async () => {
  expect((await call(path, hook?.token ?? '', 'sync')).status).toBe(200)
  expect((await call(path, hook?.token ?? '', 'sync', { id: 'new', resource: 'new' })).status).toBe(200)
  expect(woken).toEqual([])
})

it.each([
  ['a wrong token', path, 'wrong'],
  ['no token', path, ''],
  ['an unknown binding', '/webhooks/google?binding=none', hook?.token ?? ''],
  ['a remote of another kind', path.replace('google', 'microsoft365'), hook?.token ?? ''],
  ['an unknown channel', path, hook?.token ?? '', { ...mark, id: 'other' }],
  ['a wrong resource', path, hook?.token ?? '', { ...mark, resource: 'other' }],
  ['a call that names no channel', path, hook?.token ?? '', { id: '', resource: '' }],
])('S55 leaves %s alone, and says nothing', async (_, to, token, from = mark) => {
  const response = await call(to, token, 'exists', from)
  expect([response.status, await response.text()]).toEqual([404, ''])
  expect(woken).toEqual([])
})

it('S55 turns strangers away who call too often, and still hears Google', async () => {
  const statuses: number[] = []
  for (let n = 0; n < 40; n++) statuses.push((await call(path, 'wrong')).status)
  expect([statuses[0], statuses.at(-1)]).toEqual([404, 429])
  expect((await call(path, hook?.token ?? '')).status).toBe(202)
  expect(woken).toEqual(['google/room'])
})

describe('Microsoft 365', () => {
  const room = hookOf({ secret, baseUrl: 'https://calendar.example.edu' }, outlook)
  const { pathname, search } = new URL(room?.url ?? '')
  const post = (query: string, body: unknown) =>
    fetch(`${origin}${pathname}${search}${query}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const item = (clientState: unknown, more: object = {}) => ({ subscriptionId: 's', clientState, ...more })
  const token = room?.token

  it('S45 is given its validation token back, decoded, as plain text', async () => {
    const response = await post('&validationToken=Validation%3A%20Testing%20%3Cb%3E%2B%2F%3D', '')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await response.text()).toBe('Validation: Testing <b>+/=')
    // Whoever asks: a word that is given back is no promise.
    const plain = await fetch(`${origin}/webhooks/microsoft365?validationToken=x`, { method: 'POST' })
    expect([plain.status, await plain.text()]).toEqual([200, 'x'])
    expect((await fetch(`${origin}/webhooks/other?validationToken=x`, { method: 'POST' })).status).toBe(404)
    expect(woken).toEqual([])
  })

  it('S48 wakes the room for changes and for lifecycle messages, known or not', async () => {
    expect(
      (await post('', { value: [item(token, { changeType: 'updated', resource: 'x' }), item(token)] })).status,
    ).toBe(202)
    expect((await post('', { value: [item(token, { lifecycleEvent: 'missed' })] })).status).toBe(202)
    expect((await post('', { value: [item(token, { lifecycleEvent: 'unheardOf' })] })).status).toBe(202)
    expect(woken).toEqual(['m365/room', 'm365/room', 'm365/room'])
  })

  it.each(['subscriptionRemoved', 'reauthorizationRequired'])(
    'S48 has the promise renewed after %s',
    async lifecycleEvent => {
      expect((await post('', { value: [item(token, { lifecycleEvent })] })).status).toBe(202)
      expect([watched, woken]).toEqual([['m365/room'], ['m365/room']])
      expect((await post('', { value: [item('wrong', { lifecycleEvent })] })).status).toBe(404)
      expect(watched).toHaveLength(1)
    },
  )

  it.each([
    ['a wrong clientState among right ones', { value: [item(token), item('wrong')] }],
    ['no clientState', { value: [{ subscriptionId: 's' }] }],
    ['no items', { value: [] }],
    ['something else', { hello: 'world' }],
    ['null', 'null'],
    ['no JSON', '<html>'],
    ['a body without end', 'x'.repeat(1_500_000)],
  ])('leaves %s alone', async (_, body) => {
    const status = await post('', body).then(
      response => response.status,
      () => 404,
    )
    expect(status).toBe(404)
    expect(woken).toEqual([])
  })
})

it('offers no hook where nobody outside can reach it', () => {
  expect(hookOf({ secret, baseUrl: null }, binding)).toBeNull()
  expect(hookOf({ secret, baseUrl: 'http://localhost:8080' }, binding)).toBeNull()
})
