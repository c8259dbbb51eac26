/** The commands on a store of their own, one step after the other. That they run as processes is seen in serve.test.ts. */
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseCalendar } from '../../src/schedule/ical.ts'
import { command, kaldav, root, start, workplace } from './support/run.ts'

const place = workplace()
writeFileSync(join(place.folder, 'kaldav.yaml'), 'timeZone: Europe/Berlin\n')
const run = (...args: string[]) => command(place, args)
const json = async (...args: string[]) => {
  const ran = await run(...args, '--json')
  expect(ran.status, ran.stderr).toBe(0)
  return JSON.parse(ran.stdout)
}
const example = (name: string) => join(root, 'examples', name)
const terms = ['term-winter-2026.ics', 'term-summer-2027.ics', 'equipment.ics'].map(example)
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(place.folder, name), content)
  return name
}

test('resources: import the CSV, list them, export them, and take the export back', async () => {
  const first = await run('resources', 'import', example('resources.csv'))
  expect(first).toMatchObject({ status: 0, stdout: 'added 10, updated 0, deleted 0, rejected 0\n' })
  const list = await json('resources', 'list')
  expect(list).toHaveLength(10)
  expect(list).toContainEqual(expect.objectContaining({ systemName: 'lh101', type: 'location', parent: 'main' }))
  const exported = await run('resources', 'export', '-o', 'out.csv')
  expect(exported.status).toBe(0)
  expect(readFileSync(join(place.folder, 'out.csv'), 'utf8')).toMatch(/^\*action,resourceId,name,type/)
  const again = await run('resources', 'import', 'out.csv')
  expect(again.stdout).toBe('added 0, updated 10, deleted 0, rejected 0\n')
})

test('resources: updates what a line says only, deletes, and names each line it cannot do', async () => {
  const csv = `*action,resourceId,name,type,systemName,parentType,parentSystemName
1,,Annex,location,annex,,
1,,Annex camera,camera,annex,location,annex
1,,Annex again,location,annex,,
2,,New Annex,location,annex,,
6,,Newer camera,camera,annex,,
6,,Studio,location,studio,location,annex
2,,B,camera,nowhere,,
3,9999,,,,,
6,,,location,nameless,,
1,,D,location,d,camera,nowhere
4,,X,,x,,
3,,,camera,annex,,
`
  const mixed = await run('resources', 'import', file('mixed.csv', csv))
  expect(mixed).toMatchObject({ status: 1, stdout: 'added 3, updated 2, deleted 1, rejected 6\n' })
  expect(mixed.stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^rejected {2}mixed\.csv:4 {2}annex {2}.*System name \[annex\] already exists/),
    'rejected  mixed.csv:8  nowhere  Unable to find camera resource [nowhere]',
    'rejected  mixed.csv:9  -  Unable to find location resource [9999]',
    'rejected  mixed.csv:10  nameless  Mandatory Column [name] missing from CSV.',
    'rejected  mixed.csv:11  d  Unable to find parent camera resource [nowhere]',
    'rejected  mixed.csv:12  X  Unknown action passed: [4]',
  ])
  const list = await json('resources', 'list')
  expect(list).toContainEqual(expect.objectContaining({ systemName: 'studio', parent: 'annex' }))
  expect(list.find(({ systemName }: { systemName: string }) => systemName === 'annex')).toMatchObject({
    name: 'New Annex',
  })
  expect(list).toHaveLength(12)
})

test('import: takes files in, names each rejected item, and is quiet the second time', async () => {
  const first = await run('import', ...terms)
  expect(first).toMatchObject({ status: 0, stdout: 'imported 24, updated 0, unchanged 0, rejected 0\n' })
  expect(first.stderr).toBe('')
  const latin1 = Buffer.from(
    'BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:caf\xe9\nDTSTART:20261201T080000Z\nDTEND:20261201T090000Z\nSUMMARY:Caf\xe9\nEND:VEVENT\nEND:VCALENDAR\n',
    'latin1',
  )
  const broken = 'BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:broken\nDTSTART:nonsense\nSUMMARY:X\nEND:VEVENT\nEND:VCALENDAR\n'
  const mixed = await run(
    'import',
    '--resource',
    'Seminar Room 201',
    file('l1.ics', latin1),
    file('b.ics', broken),
    'no.ics',
  )
  expect(mixed).toMatchObject({ status: 1, stdout: 'imported 1, updated 0, unchanged 0, rejected 2\n' })
  expect(mixed.stderr).toMatch(/rejected {2}b\.ics:\d+ {2}broken {2}/)
  expect(mixed.stderr).toMatch(/rejected {2}no\.ics {2}VCALENDAR {2}It cannot be read/)
  const exported = await run('export', '--resource', 'sr201')
  expect(parseCalendar(exported.stdout).events.map(({ uid }) => uid)).toContain('café')
})

test('import: what is no calendar is told in few words, and cannot play with the terminal', async () => {
  const noise = Array.from({ length: 90 }, (_, n) => `\u001b[31mred ${n}\u0007`).join('\n')
  const ran = await run('import', file('noise.ics', `BEGIN:VCALENDAR\n${noise}\nEND:VCALENDAR\n`))
  expect(ran).toMatchObject({ status: 1, stdout: 'imported 0, updated 0, unchanged 0, rejected 1\n' })
  expect(ran.stderr).not.toMatch(/[^\P{Cc}\n]/u)
  expect(ran.stderr.split('\n').filter(line => line.startsWith('notice'))).toHaveLength(21)
  expect(ran.stderr).toContain('70 notices more')
})

test('conflicts: shows the double booking of the example', async () => {
  const found = await json('conflicts', '--resource', 'lh102')
  expect(found).toEqual([
    expect.objectContaining({
      ...{ kind: 'overlap', resource: 'lh102', start: '2026-12-02T08:30:00Z', end: '2026-12-02T09:00:00Z' },
      uids: ['department-meeting-ws26@campus.example', 'macroeconomics-ws26@campus.example'],
      remedy: expect.stringContaining('another room'),
    }),
  ])
  const sides = [
    ['Meeting of the Department of Economics', 'import'],
    ['Macroeconomics', 'import'],
  ]
  expect(found[0].events.map((side: { summary: string; source: string }) => [side.summary, side.source])).toEqual(sides)
  const shown = await run('conflicts')
  expect(shown.stdout).toContain('overlap  lh102  2026-12-02 09:30 to 2026-12-02 10:00')
  for (const [summary] of sides) expect(shown.stdout).toContain(`${summary} (`)
  expect(shown.stdout).toContain('another room')
})

test('export: by profile and by time', async () => {
  const whole = parseCalendar((await run('export')).stdout)
  expect(whole.rejected).toEqual([])
  expect(whole.events).toHaveLength(25)
  const week = ['--resource', 'lh101', '--from', '2026-11-23', '--to', '2026-11-27']
  const device = parseCalendar((await run('export', ...week, '--profile', 'device')).stdout)
  expect(device.events.map(({ master }) => master?.start)).toEqual([
    { dateTime: '2026-11-23T07:30:00', tzid: 'UTC' },
    { dateTime: '2026-11-24T09:15:00', tzid: 'UTC' },
    { dateTime: '2026-11-25T13:15:00', tzid: 'UTC' },
    { dateTime: '2026-11-26T09:15:00', tzid: 'UTC' },
    { dateTime: '2026-11-27T11:15:00', tzid: 'UTC' },
  ])
  expect((await run('export', ...week, '--profile', 'kaltura')).stdout).toContain('X-KALTURA-TYPE:1')
})

test('history: tells who changed what, and takes a run back', async () => {
  const entries = await json('history', 'café')
  expect(entries).toEqual([expect.objectContaining({ action: 'create', source: 'import', uid: 'café', before: null })])
  const { run: name } = entries[0]
  expect((await run('history', '--run', name, '--undo', '--dry-run')).stdout).toMatch(/remove +café/)
  expect(await run('history', '--run', name, '--undo')).toMatchObject({ status: 0 })
  expect((await run('export', '--resource', 'sr201')).stdout).not.toContain('café')
})

test('user, app-password, token: made, listed and ended', async () => {
  expect(await kaldav(place, ['user', 'add', 'ada', '--password-stdin'], 'secret\n')).toMatchObject({
    status: 0,
    stdout: '',
  })
  expect(await run('user', 'add', 'bob', '--role', 'viewer')).toMatchObject({
    ...{ status: 0, stdout: expect.stringMatching(/^[a-z0-9]{20}\n$/), stderr: 'bob can sign in.\n' },
  })
  expect((await run('user', 'add', 'bob')).status).not.toBe(0)
  expect(await json('user', 'list')).toEqual([
    { name: 'ada', role: 'booker', origin: 'store' },
    { name: 'bob', role: 'viewer', origin: 'store' },
  ])
  expect((await run('user', 'access', 'bob', 'lh101=read', '*=busy')).status).toBe(0)
  expect((await run('user', 'add', 'eve', '--access', 'lh101=everything')).status).toBe(2)
  expect((await json('user', 'list'))[1]).toMatchObject({ name: 'bob', access: { lh101: 'read', '*': 'busy' } })
  const app = await json('app-password', 'create', 'ada', '--label', 'phone')
  expect(await json('app-password', 'list', 'ada')).toEqual([expect.objectContaining({ id: app.id, label: 'phone' })])
  expect((await run('app-password', 'revoke', app.id)).status).toBe(0)
  expect((await run('user', 'remove', 'bob')).status).toBe(0)

  const token = await json('token', 'create', '--resource', 'lh101', '--device', '--label', 'pearl')
  expect(token.url).toMatch(/^http:\/\/localhost:\d+\/feeds\/[a-z0-9]{32}\/lh101\.ics\?profile=device$/)
  const listed = await run('token', 'list')
  expect(listed.stdout).toContain('pearl')
  expect(listed.stdout).not.toContain(token.token)
  expect((await run('token', 'revoke', token.id)).status).toBe(0)
  const other = await json('token', 'create', '--resource', 'lh101')
  expect((await run('token', 'revoke', other.token)).status).toBe(0)
  expect(await json('token', 'list')).toEqual([])
})

test('sync, sources, account, doctor: the embedded account answers', async () => {
  const [report] = await json('sync')
  const counts = ['pulled', 'created', 'updated', 'removed', 'pushed', 'rejected', 'held', 'conflicts']
  expect(report).toMatchObject({ source: 'kaltura', calendar: 'account', error: null })
  expect(Object.keys(report)).toEqual(expect.arrayContaining(counts))
  const [quiet] = await json('sync')
  expect(counts.slice(1, 7).map(name => quiet[name])).toEqual([0, 0, 0, 0, 0, 0])
  expect(await json('sources')).toEqual([expect.objectContaining({ source: 'kaltura', failures: 0, error: null })])
  const account = await json('account')
  expect(account).toMatchObject({
    ...{ serviceUrl: expect.stringMatching(/^http:/), partnerId: expect.any(Number) },
    appToken: { id: expect.any(String), token: expect.any(String) },
    deviceAppToken: { id: expect.any(String), token: expect.any(String) },
  })
  expect(await json('account')).toEqual(account)
  const checks = await json('doctor')
  expect(checks.map(({ check }: { check: string }) => check)).toEqual(
    expect.arrayContaining(['configuration', 'disk', 'tls', 'address', 'clock', 'database', 'account', 'sources']),
  )
})

test('sync: an answer without a source is for every source, and finds nothing to do where nothing waits', async () => {
  expect(await json('sync', '--approve')).toEqual([])
  expect(await json('sync', 'kaltura', '--restore')).toEqual([
    expect.objectContaining({ source: 'kaltura', held: 0, error: null }),
  ])
})

test('sources: one is frozen and released; a frozen one is named, and nothing is done', async () => {
  expect(await json('sources', '--freeze', 'kaltura')).toMatchObject([{ source: 'kaltura', frozen: true }])
  expect((await run('sources')).stdout).toMatch(/kaltura .* frozen$/m)
  expect(await run('sync', 'kaltura')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('--release kaltura'),
  })
  expect(await json('sources', '--release', 'kaltura')).toMatchObject([{ frozen: false, writesAfter: null }])
  expect((await run('sync', 'kaltura')).status).toBe(0)
  expect((await run('sources', '--freeze', 'nowhere')).status).toBe(2)
})

test('export: the kaltura profile names events as the account does', async () => {
  const { stdout } = await run('export', '--resource', 'lh101', '--profile', 'kaltura', '--from', '2026-11-24')
  expect(stdout).toMatch(/^X-KALTURA-ID:\d+\r$/m)
  expect(stdout).toMatch(/^X-KALTURA-PARENT-ID:\d+\r$/m)
})

test('a source without an adapter is named and stops nobody', async () => {
  const ahead = workplace()
  writeFileSync(
    join(ahead.folder, 'kaldav.yaml'),
    `sources:
  - { id: timetable, type: ical, url: "https://ann:secret@timetable.example.edu/export.ics", resourceFrom: location }
  - { id: dropfolder, type: dropfolder, url: "sftp://drop@files.example.edu/kaltura" }
`,
  )
  const ran = await command(ahead, ['sync', '--json'])
  expect(ran.status).toBe(1)
  const [account, ...others] = JSON.parse(ran.stdout)
  expect(account).toMatchObject({ source: 'kaltura', error: null })
  expect(others).toMatchObject([
    { source: 'timetable', calendar: 'timetable.example.edu/export.ics', error: expect.stringContaining('ical') },
    { source: 'dropfolder', calendar: 'files.example.edu/kaltura', error: expect.stringContaining('dropfolder') },
  ])
  expect((await command(ahead, ['sources'])).stderr).not.toContain('secret')
})

test('a reader that has seen enough is no failure', async () => {
  const child = start(place, ['export'])
  child.stdout?.destroy()
  let stderr = ''
  child.stderr?.on('data', chunk => {
    stderr += chunk
  })
  const [status] = await once(child, 'close')
  expect([status, stderr]).toEqual([0, ''])
})

test('doctor: names what is wrong around the gateway, each with what to do', async () => {
  const ill = workplace()
  writeFileSync(
    join(ill.folder, 'kaldav.yaml'),
    `server: { baseUrl: "http://127.0.0.1:1", host: 0.0.0.0, tls: { cert: no.pem, key: no.pem } }
resources: { nowhere: {} }
`,
  )
  const examined = await command(ill, ['doctor', '--json'])
  expect(examined.status).toBe(1)
  const findings = JSON.parse(examined.stdout).filter(({ ok }: { ok: boolean }) => !ok)
  expect(findings.map(({ check }: { check: string }) => check)).toEqual(['tls', 'address', 'resources'])
  for (const { remedy } of findings) expect(remedy).toMatch(/\.$/)
  writeFileSync(join(ill.folder, 'kaldav.yaml'), 'store: { url: "sqlite:./kaldav.yaml" }\n')
  const unopened = await command(ill, ['doctor'])
  expect(unopened.status).toBe(1)
  expect(unopened.stdout).toMatch(/FINDING +opening +the database \S+ cannot be opened/)
})

test('backup and restore: what was lost is back, and what was there before is kept', async () => {
  expect((await run('backup', 'all.kaldav')).status).toBe(0)
  const lost =
    'BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:later\nDTSTART:20270101T080000Z\nDTEND:20270101T090000Z\nEND:VEVENT\nEND:VCALENDAR\n'
  await run('import', file('later.ics', lost))
  const restored = await run('restore', 'all.kaldav')
  expect(restored.status).toBe(0)
  const before = /is in (\S+\.kaldav)\./.exec(restored.stderr)?.[1] ?? ''
  expect((await run('export')).stdout).not.toContain('UID:later')
  await run('restore', before)
  expect((await run('export')).stdout).toContain('UID:later')
  const elsewhere = workplace()
  expect((await command(elsewhere, ['restore', join(place.folder, 'all.kaldav')])).status).toBe(0)
  expect(parseCalendar((await command(elsewhere, ['export'])).stdout).events).toHaveLength(24)
  expect(await run('restore', file('no.kaldav', 'no backup'))).toMatchObject({
    ...{ status: 2, stderr: expect.stringContaining('is not a whole backup') },
  })
  expect((await run('export')).stdout).toContain('UID:later')
})

test('wrong use and a wrong configuration end with 2, and say why', async () => {
  const configured = workplace({ LOG_LEVEL: 'loud' })
  writeFileSync(join(configured.folder, 'kaldav.yaml'), 'server: { port: many }\nsurces: []\n')
  const wrong = await command(configured, ['conflicts'])
  expect(wrong.status).toBe(2)
  for (const part of ['kaldav.yaml:1 server.port', 'kaldav.yaml:2 surces', 'LOG_LEVEL'])
    expect(wrong.stderr).toContain(part)
  const wrongUse = [
    ...[['nosuch'], ['import'], ['conflicts', '--nosuch'], ['user', 'add', 'eve', '--role', 'king']],
    ...[
      ['export', '--profile', 'fancy'],
      ['export', '--from', 'tomorrow'],
      ['import', '--resource', 'nowhere', 'x.ics'],
    ],
    ...[
      ['sync', '--approve', '--restore'],
      ['sync', 'nowhere'],
      ['history', '--undo'],
      ['history', '--run', 'never', '--undo'],
    ],
    ...[
      ['token', 'create'],
      ['token', 'revoke', 'x'],
      ['user', 'passwd', 'nobody', '--password', 'x'],
      ['restore', 'no'],
    ],
  ]
  for (const args of wrongUse) expect([args, (await run(...args)).status]).toEqual([args, 2])
  for (const args of [['--help'], ['token', '--help'], ['resources', 'import', '--help'], ['--version']]) {
    expect([args, (await run(...args)).status]).toEqual([args, 0])
  }
})
