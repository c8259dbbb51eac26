import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import pino from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Binding } from '../../src/sync/binding.ts'
import { hookOf, webhooksRouter } from '../../src/sync/webhooks.ts'

const binding = { id: 'google/room', type: 'google' } as Binding
const secret = 'a secret of the database'
const woken: string[] = []
let server: Server
let origin: string

beforeEach(async () => {
  woken.length = 0
  const router = webhooksRouter({
    ...{ secret, baseUrl: 'https://calendar.example.edu', log: pino({ level: 'silent' }) },
    bindings: async () => [binding],
    wake: async ({ id }) => void woken.push(id),
  })
  server = createServer(express().use('/webhooks', router))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => new Promise(resolve => server.close(resolve)))

const hook = hookOf({ secret, baseUrl: 'https://calendar.example.edu' }, binding)
const path = new URL(hook?.url ?? '').pathname + new URL(hook?.url ?? '').search
const call = (to: string, token: string, state = 'exists') =>
  fetch(`${origin}${to}`, {
    method: 'POST',
    headers: { 'X-Goog-Channel-Token': token, 'X-Goog-Resource-State': state, 'Content-Type': 'application/json' },
  })

it('wakes the binding whose token the call carries', async () => {
  expect((await call(path, hook?.token ?? '')).status).toBe(202)
  expect(woken).toEqual(['google/room'])
})

it('does no work for the message that only opens the channel', async () => {
  expect((await call(path, hook?.token ?? '', 'sync')).status).toBe(202)
  expect(woken).toEqual([])
})

it.each([
  ['a wrong token', path, 'wrong'],
  ['no token', path, ''],
  ['an unknown binding', '/webhooks/google?binding=none', hook?.token ?? ''],
  ['a remote of another kind', path.replace('google', 'microsoft365'), hook?.token ?? ''],
])('leaves %s alone', async (_, to, token) => {
  expect((await call(to, token)).status).toBe(404)
  expect(woken).toEqual([])
})

it('offers no hook where nobody outside can reach it', () => {
  expect(hookOf({ secret, baseUrl: null }, binding)).toBeNull()
  expect(hookOf({ secret, baseUrl: 'http://localhost:8080' }, binding)).toBeNull()
})
