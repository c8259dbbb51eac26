import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes, verify } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { encryptPush } from '../../src/caldav/web-push.ts'
import { parseXml } from '../../src/dav/xml.ts'
import { condition, ics, inner, property, propfindBody, startTestGateway, type TestGateway } from './gateway.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')
const P = '{https://bitfire.at/webdav-push}'
const path = '/dav/calendars/lh101/'

/** The other end of RFC 8291, written from the client's side. */
const decrypt = (body: Buffer, ours: ReturnType<typeof createECDH>, authSecret: Buffer): string => {
  const [salt, length] = [body.subarray(0, 16), body.readUInt8(20)]
  const theirs = body.subarray(21, 21 + length)
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), ours.getPublicKey(), theirs])
  const hkdf = (key: Buffer, salted: Buffer, about: Buffer, size: number) =>
    Buffer.from(hkdfSync('sha256', key, salted, about, size))
  const key = hkdf(ours.computeSecret(theirs), authSecret, info, 32)
  const decipher = createDecipheriv(
    'aes-128-gcm',
    hkdf(key, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16),
    hkdf(key, salt, Buffer.from('Content-Encoding: nonce\0'), 12),
  )
  const record = body.subarray(21 + length)
  decipher.setAuthTag(record.subarray(-16))
  const text = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
  expect(text.at(-1)).toBe(2)
  return text.subarray(0, -1).toString('utf8')
}

it('encrypts as RFC 8291 appendix A does', () => {
  const recipient = {
    publicKey: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    authSecret: 'BTBZMqHH6r4Tts7J_aSIgg',
  }
  const fixed = {
    salt: bytes('DGv6ra1nlYgDCS1FRnbzlw'),
    privateKey: bytes('yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'),
  }
  expect(encryptPush('When I grow up, I want to be a watermelon', recipient, fixed).toString('base64url')).toBe(
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  )
})

describe('WebDAV-Push', () => {
  const server = createECDH('prime256v1')
  server.generateKeys()
  const keys = {
    publicKey: server.getPublicKey().toString('base64url'),
    privateKey: server.getPrivateKey().toString('base64url'),
    subject: 'mailto:av@example.edu',
  }
  const client = createECDH('prime256v1')
  client.generateKeys()
  const authSecret = randomBytes(16)
  let gateway: TestGateway
  let service: Server
  let endpoint = ''
  let status = 201
  let received: { headers: IncomingHttpHeaders; body: Buffer }[] = []

  beforeAll(async () => {
    gateway = await startTestGateway({ push: { ...keys, local: true } })
    service = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', chunk => chunks.push(chunk))
      request.on('end', () => {
        received.push({ headers: request.headers, body: Buffer.concat(chunks) })
        response.writeHead(status).end()
      })
    })
    await new Promise<void>(resolve => service.listen(0, '127.0.0.1', resolve))
    endpoint = `http://127.0.0.1:${(service.address() as AddressInfo).port}/push/1`
  })
  afterAll(async () => {
    service.close()
    await gateway.close()
  })
  beforeEach(() => {
    received = []
    status = 201
  })

  const registration = (changes: Readonly<Record<string, string>> = {}): string => {
    const parts = {
      resource: `<push-resource>${endpoint}</push-resource>`,
      encoding: '<content-encoding>aes128gcm</content-encoding>',
      key: `<subscription-public-key type="p256dh">${client.getPublicKey().toString('base64url')}</subscription-public-key>`,
      auth: `<auth-secret>${authSecret.toString('base64url')}</auth-secret>`,
      trigger: '<content-update><D:depth>1</D:depth></content-update>',
      ...changes,
    }
    return `<push-register xmlns="https://bitfire.at/webdav-push" xmlns:D="DAV:"><subscription><web-push-subscription>${parts.resource}${parts.encoding}${parts.key}${parts.auth}</web-push-subscription></subscription><trigger>${parts.trigger}</trigger></push-register>`
  }
  const register = (body = registration(), at = path) =>
    gateway.call('POST', at, { headers: { 'content-type': 'application/xml' }, body })
  const put = (uid: string, headers: Record<string, string> = {}) =>
    gateway.call('PUT', `${path}${uid}.ics`, {
      headers: { 'content-type': 'text/calendar', ...headers },
      body: ics(uid),
    })
  const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))
  const messages = async (count: number) => {
    for (let waited = 0; received.length < count && waited < 3000; waited += 50) await pause(50)
    return received
  }

  it('is announced with our key, and a topic for each calendar', async () => {
    expect((await gateway.call('OPTIONS', path)).headers.dav).toContain('webdav-push')
    const body = propfindBody('P:transports', 'P:topic', 'P:supported-triggers').replace(
      'xmlns:K',
      'xmlns:P="https://bitfire.at/webdav-push" xmlns:K',
    )
    const answer = await gateway.call('PROPFIND', path, { headers: { depth: '0' }, body })
    expect(property(answer.body, path, `${P}transports`)).toBe(keys.publicKey)
    expect(property(answer.body, path, `${P}topic`)).toMatch(/^[\w-]{32}$/)
  })

  it('tells of a change, so that only the subscriber can read it, and in our name', async () => {
    const registered = await register()
    expect(registered.status).toBe(204)
    expect(Date.parse(String(registered.headers.expires))).toBeGreaterThan(Date.now() + 3 * 86_400_000)
    await put('one')
    await put('two')
    const [message, second] = await messages(1)
    expect(second).toBeUndefined()
    const text = decrypt(message?.body ?? Buffer.alloc(0), client, authSecret)
    const sync = await gateway.call('PROPFIND', path, { headers: { depth: '0' }, body: propfindBody('D:sync-token') })
    expect(inner(parseXml(text))).toContain(property(sync.body, path, '{DAV:}sync-token'))
    const [, token = '', key] = /^vapid t=([^,]+), k=(.+)$/.exec(String(message?.headers.authorization)) ?? []
    const [head, payload, signature = ''] = token.split('.')
    const point = server.getPublicKey()
    const jwk = {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    }
    const publicKey = createPublicKey({ format: 'jwk', key: jwk })
    expect(
      verify(
        'sha256',
        Buffer.from(`${head}.${payload}`),
        { key: publicKey, dsaEncoding: 'ieee-p1363' },
        bytes(signature),
      ),
    ).toBe(true)
    expect(key).toBe(keys.publicKey)
    expect(JSON.parse(bytes(payload ?? '').toString()).aud).toBe(new URL(endpoint).origin)
  })

  it('keeps one subscription for each push resource, and tells nobody of their own change', async () => {
    const first = await register()
    const again = await register()
    expect(again.headers.location).toBe(first.headers.location)
    await put('own', { 'push-dont-notify': `"${first.headers.location}"` })
    await pause(900)
    expect(received).toEqual([])
  })

  it('ends with DELETE by whoever made it, and with a push service that no longer knows it', async () => {
    const location = String((await register()).headers.location)
    const at = new URL(location).pathname
    expect((await gateway.call('DELETE', at, { as: 'booker' })).status).toBe(404)
    expect((await gateway.call('DELETE', at)).status).toBe(204)
    expect((await gateway.call('DELETE', at)).status).toBe(404)
    await register()
    status = 410
    await put('gone')
    await messages(1)
    await pause(100)
    received = []
    await put('silence')
    await pause(900)
    expect(received).toEqual([])
  })

  it.each([
    ['no push resource', { resource: '' }, 'invalid-subscription'],
    ['no URL', { resource: '<push-resource>file:///etc/passwd</push-resource>' }, 'invalid-subscription'],
    ['no key', { key: '<subscription-public-key>AAAA</subscription-public-key>' }, 'invalid-subscription'],
    ['another encoding', { encoding: '<content-encoding>gzip</content-encoding>' }, 'invalid-subscription'],
    ['no trigger of ours', { trigger: '<property-update/>' }, 'no-supported-trigger'],
  ])('refuses %s', async (_, changes, expected) => {
    expect(condition((await register(registration(changes))).body)).toBe(P + expected)
  })

  it('is not to be had where there are no keys', async () => {
    const off = await startTestGateway()
    const answer = await off.call('POST', path, {
      headers: { 'content-type': 'application/xml' },
      body: registration(),
    })
    expect(condition(answer.body)).toBe(`${P}push-not-available`)
    await off.close()
  })

  it('does not knock on the doors of our own network', async () => {
    const guarded = await startTestGateway({ push: keys })
    for (const resource of [endpoint, endpoint.replace('http:', 'https:'), 'https://localhost:1/x']) {
      await guarded.call('POST', path, {
        headers: { 'content-type': 'application/xml' },
        body: registration({ resource: `<push-resource>${resource}</push-resource>` }),
      })
    }
    await guarded.call('PUT', `${path}x.ics`, { headers: { 'content-type': 'text/calendar' }, body: ics('x') })
    await pause(900)
    expect(received).toEqual([])
    await guarded.close()
  })
})
