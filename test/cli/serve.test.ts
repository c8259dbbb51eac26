/** The gateway as a process: started the way people start it, used, and stopped. */
import type { ChildProcess } from 'node:child_process'
import { afterEach, expect, test } from 'vitest'
import { kaldav, start, startByShell, systemPath, type Workplace, whenReady, workplace } from './support/run.ts'

const running: ChildProcess[] = []
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})

const serve = async (place: Workplace, node?: string) => {
  const child = start(place, ['serve'], node)
  running.push(child)
  return { child, ...(await whenReady(child)) }
}

const ended = (child: ChildProcess) => new Promise<number | null>(done => child.once('exit', done))
const basic = (password: string) => ({ Authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` })

test('prints where it is, works beside commands, and stops in good order', async () => {
  const place = workplace({ KALDAV_EXAMPLE: '1' })
  const { child, url, banner } = await serve(place)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  const password = /Password +([a-z0-9]{20}) /.exec(banner)?.[1] ?? ''
  expect((await fetch(`${url}/`, { headers: basic(password) })).status).toBe(200)
  expect((await fetch(`${url}/`, { headers: basic('wrong') })).status).toBe(401)
  const dav = /CalDAV +(\S+)/.exec(banner)?.[1] ?? ''
  expect((await fetch(dav, { method: 'PROPFIND', headers: { ...basic(password), Depth: '0' } })).status).toBe(207)
  const feed = /Device feed +(\S+)/.exec(banner)?.[1] ?? ''
  const calendar = await (await fetch(feed)).text()
  expect(calendar).toMatch(/^BEGIN:VCALENDAR\r\n/)

  const json = async (path: string): Promise<Record<string, unknown>[]> =>
    JSON.parse(await (await fetch(`${url}${path}`, { headers: basic(password) })).text())
  const streamed = await json('/api/events?resource=auditorium-live&from=2026-10-01&to=2027-03-01')
  expect(streamed, 'the example campus').toHaveLength(4)
  await expect.poll(async () => (await json('/api/sources'))[0]?.lastSuccess, { timeout: 60_000 }).not.toBeNull()
  expect((await json('/api/conflicts')).map(({ kind }) => kind)).toEqual(['overlap'])

  const added = await kaldav(place, ['user', 'add', 'ada', '--password', 'pw', '--role', 'viewer'])
  expect(added.status).toBe(0)
  const ada = { Authorization: `Basic ${Buffer.from('ada:pw').toString('base64')}` }
  expect((await fetch(`${url}/api/resources`, { headers: ada })).status).toBe(200)
  expect((await kaldav(place, ['backup', 'while-running.kaldav'])).status).toBe(0)

  const stopped = ended(child)
  child.kill('SIGTERM')
  expect(await stopped).toBe(0)
  await expect(fetch(`${url}/readyz`)).rejects.toThrow()

  const again = await serve(place)
  expect(again.banner).not.toContain('Password')
  expect(/Device feed +\S+(\/feeds\/\S+)/.exec(again.banner)?.[1]).toBe(new URL(feed).pathname + new URL(feed).search)
}, 120_000)

test('starts on the Node of the system, passes signals on, and does not outlive who started it', async () => {
  const place = workplace({ PATH: systemPath(), KALDAV_ADMIN_PASSWORD: 'chosen' })
  const first = await serve(place, 'node')
  expect((await fetch(`${first.url}/`, { headers: basic('chosen') })).status).toBe(200)
  const stopped = ended(first.child)
  first.child.kill('SIGTERM')
  expect(await stopped).toBe(0)

  const second = await serve(place, 'node')
  second.child.kill('SIGKILL')
  await expect
    .poll(
      () =>
        fetch(`${second.url}/readyz`).then(
          () => 'still there',
          () => 'gone',
        ),
      { timeout: 60_000 },
    )
    .toBe('gone')
}, 120_000)

test('started by npm, it ends in good order when npm is told to stop', async () => {
  const place = workplace()
  const shell = startByShell(place)
  running.push(shell)
  let log = ''
  shell.stderr?.on('data', chunk => {
    log += chunk
  })
  const { url } = await whenReady(shell)
  shell.kill('SIGTERM')
  await expect
    .poll(
      () =>
        fetch(`${url}/readyz`).then(
          () => 'still there',
          () => 'gone',
        ),
      { timeout: 60_000 },
    )
    .toBe('gone')
  await expect.poll(() => log, { timeout: 60_000 }).toContain('"msg":"stopped"')
}, 120_000)
