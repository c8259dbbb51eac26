import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { openSqlite } from '../../adapters/sqlite.ts'
import { Auth } from '../../src/auth.ts'
import { NotFound, Unavailable } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'
import type { Database } from '../../src/store/database.ts'
import { migrate } from '../../src/store/migrate.ts'

const folder = mkdtempSync(join(tmpdir(), 'kaldav-auth-'))
const log = pino({ level: 'silent' })
const users = [{ name: 'av-team', role: 'admin' as const, password: new Secret('from the file') }]
let database: Database
let other: Database
let addresses = 0
/** Attempts are counted by address: each test has its own. */
const address = () => `192.0.2.${++addresses}`

beforeAll(async () => {
  database = await openSqlite(join(folder, 'kaldav.db'))
  await migrate(database)
  other = await openSqlite(join(folder, 'kaldav.db'))
})
afterAll(async () => {
  await other.close()
  await database.close()
})

const open = () => Auth.open(database, { users }, log)
/** What another process, such as a command, works on. */
const openOther = () => Auth.open(other, { users }, log)
const soon = () => new Promise(resolve => setTimeout(resolve, 150))

test('knows people of the table and of the configuration, and nobody else', async () => {
  const [auth, ip] = [await open(), address()]
  await auth.addUser({ name: 'ada', role: 'booker' }, 'correct horse')
  expect(await auth.verify('ada', 'correct horse', ip)).toEqual({ name: 'ada', role: 'booker' })
  expect(await auth.verify('ada', 'wrong', ip)).toBeNull()
  expect(await auth.verify('av-team', 'from the file', ip)).toEqual({ name: 'av-team', role: 'admin' })
  expect(await auth.verify('av-team', 'wrong', ip)).toBeNull()
  expect(await auth.verify('nobody', '', ip)).toBeNull()
  expect(await auth.verify('a\0b', 'x', ip)).toBeNull()
  await expect(auth.addUser({ name: 'ada', role: 'viewer' }, 'x')).rejects.toThrow('already')
  await expect(auth.addUser({ name: 'av-team', role: 'viewer' }, 'x')).rejects.toThrow('already')
  await expect(auth.addUser({ name: 'a:b', role: 'viewer' }, 'x')).rejects.toThrow('no user name')
  await expect(auth.setPassword('av-team', 'x')).rejects.toThrow('configuration')
  await expect(auth.setPassword('nobody', 'x')).rejects.toThrow(NotFound)
})

test('keeps hashes only', async () => {
  const auth = await open()
  await auth.addUser({ name: 'hash', role: 'viewer' }, 'plain-one')
  const app = await auth.createAppPassword('hash', 'phone')
  const feed = await auth.createFeedToken({ resource: 'lh101', device: true, label: 'pearl' })
  const [person] = await database.query("SELECT * FROM person WHERE name = 'hash'")
  expect(person?.password).toMatch(/^\$argon2id\$v=19\$m=7168,t=5,p=1\$/)
  const everything = JSON.stringify([
    await database.query('SELECT * FROM person'),
    await database.query('SELECT * FROM app_password'),
    await database.query('SELECT * FROM feed_token'),
  ])
  for (const secret of ['plain-one', app.password, feed.token]) expect(everything).not.toContain(secret)
})

test('believes verified credentials without hashing, until the password changes, here or in another process', async () => {
  const [auth, elsewhere, ip] = [await open(), await openOther(), address()]
  await auth.addUser({ name: 'eve', role: 'viewer' }, 'first')
  await auth.verify('eve', 'first', ip)
  // Hashed each time, these would take a minute.
  for (let i = 0; i < 2000; i++) expect(await auth.verify('eve', 'first', ip)).not.toBeNull()
  await auth.setPassword('eve', 'second')
  expect(await auth.verify('eve', 'first', ip)).toBeNull()
  expect(await auth.verify('eve', 'second', ip)).not.toBeNull()
  await elsewhere.setPassword('eve', 'third')
  await soon()
  expect(await auth.verify('eve', 'second', ip)).toBeNull()
  expect(await auth.verify('eve', 'third', ip)).not.toBeNull()
  await elsewhere.removeUser('eve')
  await soon()
  expect(await auth.verify('eve', 'third', ip)).toBeNull()
})

test('takes as long for names that do not exist', async () => {
  const [auth, ip] = [await open(), address()]
  await auth.addUser({ name: 'timing', role: 'viewer' }, 'right')
  // The processor's time, so that it does not matter what else the machine does.
  const time = async (name: string) => {
    const taken: number[] = []
    for (let i = 0; i < 5; i++) {
      const before = process.cpuUsage()
      await auth.verify(name, `wrong ${i}`, ip)
      taken.push(process.cpuUsage(before).user)
    }
    return Math.min(...taken)
  }
  await time('warm-up')
  const [known, configured, unknown] = [await time('timing'), await time('av-team'), await time('ghost')]
  for (const taken of [known, configured]) expect(unknown / taken).toBeGreaterThan(0.5)
  for (const taken of [known, configured]) expect(unknown / taken).toBeLessThan(2)
})

test('looks at few failed attempts per name and per address, also in a burst, and says when again', async () => {
  const [auth, ip] = [await open(), address()]
  await auth.addUser({ name: 'target', role: 'viewer' }, 'right')
  const burst = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => auth.verify('target', `guess ${i}`, ip)))
  const refused = burst.filter(result => result.status === 'rejected').map(({ reason }) => reason)
  expect(refused).toHaveLength(20)
  for (const error of refused) {
    expect(error).toBeInstanceOf(Unavailable)
    expect(error.retryAfter).toBeGreaterThan(0)
    expect(error.retryAfter).toBeLessThanOrEqual(60)
  }
  await expect(auth.verify('target', 'right', address())).rejects.toThrow(Unavailable)

  const spread = address()
  const names = await Promise.allSettled(Array.from({ length: 60 }, (_, i) => auth.verify(`n${i}`, 'x', spread)))
  expect(names.filter(({ status }) => status === 'rejected')).toHaveLength(10)
})

test('lets in who is signed in already, and counts no success', async () => {
  const [auth, ip] = [await open(), address()]
  await auth.addUser({ name: 'steady', role: 'viewer' }, 'right')
  const connections = await Promise.all(Array.from({ length: 64 }, () => auth.verify('steady', 'right', ip)))
  expect(connections.every(user => user?.name === 'steady')).toBe(true)
  for (let i = 0; i < 12; i++) await auth.verify('steady', `wrong ${i}`, address()).catch(() => null)
  expect(await auth.verify('steady', 'right', ip)).toEqual({ name: 'steady', role: 'viewer' })
})

test('takes an app password in place of the password, until it is revoked', async () => {
  const [auth, ip] = [await open(), address()]
  await auth.addUser({ name: 'grace', role: 'booker' }, 'own')
  const { id, password } = await auth.createAppPassword('grace', 'iPhone')
  const configured = await auth.createAppPassword('av-team', 'script')
  expect(await auth.verify('grace', password, ip)).toEqual({ name: 'grace', role: 'booker' })
  expect(await auth.verify('av-team', configured.password, ip)).toEqual({ name: 'av-team', role: 'admin' })
  expect(await auth.verify('av-team', password, ip), 'of somebody else').toBeNull()
  expect(await auth.appPasswords('grace')).toEqual([
    expect.objectContaining({ id, label: 'iPhone', lastUsed: expect.any(Number) }),
  ])
  await auth.revokeAppPassword(id)
  expect(await auth.verify('grace', password, ip)).toBeNull()
  expect(await auth.verify('grace', 'own', ip)).not.toBeNull()
  await expect(auth.revokeAppPassword(id)).rejects.toThrow(NotFound)
  await expect(auth.createAppPassword('nobody', 'x')).rejects.toThrow(NotFound)
})

test('gives feed tokens their scope, notes their use, and forgets revoked ones', async () => {
  const [auth, elsewhere] = [await open(), await openOther()]
  const { id, token } = await auth.createFeedToken({ resource: 'lh101', device: true, label: 'pearl' })
  expect(token).toMatch(/^[a-z0-9]{32}$/)
  expect(await auth.feedToken(token)).toEqual({ id, resource: 'lh101', device: true })
  expect(await auth.feedToken(`${token.slice(0, -1)}!`)).toBeNull()
  expect(await auth.feedToken('')).toBeNull()
  const listed = await vi.waitFor(async () => {
    const found = (await auth.feedTokens()).find(entry => entry.id === id)
    expect(found).toMatchObject({ prefix: token.slice(0, 6), label: 'pearl', lastUsed: expect.any(Number) })
    return found
  })
  expect(JSON.stringify(listed)).not.toContain(token)
  await elsewhere.revokeFeedToken(id)
  await soon()
  expect(await auth.feedToken(token)).toBeNull()
})

test('makes the administrator once, and takes the password of the environment at each start', async () => {
  const ip = address()
  const made = await (await open()).ensureAdmin(null)
  expect(made).toMatch(/^[a-z0-9]{20}$/)
  const auth = await open()
  expect(await auth.ensureAdmin(null)).toBeNull()
  expect(await auth.verify('admin', made ?? '', ip)).toEqual({ name: 'admin', role: 'admin' })
  expect(await auth.ensureAdmin(new Secret('chosen'))).toBeNull()
  expect(await auth.verify('admin', 'chosen', ip)).not.toBeNull()
  expect(await auth.verify('admin', made ?? '', ip)).toBeNull()
})

test('keeps the token of the start banner in a file of its owner', async () => {
  const [auth, file] = [await open(), join(folder, 'deep', 'token')]
  const token = await auth.bannerToken(file, 'lh101')
  expect(await auth.bannerToken(file, 'lh101')).toBe(token)
  expect(readFileSync(file, 'utf8').trim()).toBe(token)
  expect(statSync(file).mode & 0o077).toBe(0)
  const { id } = (await auth.feedToken(token)) ?? { id: '' }
  await auth.revokeFeedToken(id)
  expect(await auth.bannerToken(file, 'lh101')).not.toBe(token)
})
