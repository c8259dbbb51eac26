import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { ConfigError } from '../../src/errors.ts'

const directory = () => mkdtempSync(join(tmpdir(), 'kaldav-config-'))

const load = (yaml: string, env: Record<string, string> = {}) => {
  const cwd = directory()
  writeFileSync(join(cwd, 'kaldav.yaml'), yaml)
  return { cwd, config: loadConfig(env, cwd) }
}

const problemsOf = (yaml: string, env: Record<string, string> = {}): string[] => {
  try {
    load(yaml, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problem => problem.replace(/^\S*kaldav\.yaml/, ''))
    throw error
  }
  return []
}

const example = `
server:
  baseUrl: https://calendar.example.edu/
  tls: { cert: cert.pem, key: /etc/key.pem }
  trustProxy: true
store: { url: "sqlite:./data/kaldav.db" }
account:
  serviceUrl: https://www.kaltura.com
  partnerId: 12345
  appToken: { id: 1_abc, token: "\${KALTURA_APP_TOKEN}", hashType: SHA256 }
  pollSeconds: 60
users:
  - { name: av-team, password: "\${AV_PASSWORD}", role: admin }
resources:
  lh101: { timeZone: Europe/Berlin, onConflict: flag, sourcePriority: [m365, google, timetable], templateEntryId: 0_abcd1234 }
sources:
  - id: google
    type: google
    keyFile: ./service-account.json
    subject: scheduling@example.edu
    organizer: scheduling@example.edu
    apiUrl: https://www.googleapis.com
    tokenUrl: https://oauth2.googleapis.com/token
    pollSeconds: 300
    calendars: [ { calendarId: c_1@resource.calendar.google.com, resource: lh101, direction: both } ]
  - id: m365
    type: microsoft365
    tenantId: t
    clientId: c
    clientSecret: "\${M365_SECRET}"
    graphUrl: https://graph.microsoft.com
    authorityUrl: https://login.microsoftonline.com
    calendars: [ { mailbox: lh101@example.edu, resource: lh101 } ]
  - { id: timetable, type: ical, url: "https://timetable.example.edu/export.ics", resourceFrom: location }
  - { id: rooms, type: ical, url: "webcal://example.edu/a.ics", resourceFrom: { "Hall A": lh101 } }
  - { id: dropfolder, type: dropfolder, url: "sftp://drop@files.example.edu/kaltura" }
`
const env = { KALTURA_APP_TOKEN: 'tok-1', AV_PASSWORD: 'pass-2', M365_SECRET: 'sec-3' }

test('needs no configuration', () => {
  const cwd = directory()
  expect(loadConfig({}, cwd)).toMatchObject({
    file: null,
    server: { host: '127.0.0.1', hostName: 'localhost', port: 8080, baseUrl: null, tls: null, trustProxy: false },
    store: { url: `sqlite:${join(cwd, 'data', 'kaldav.db')}` },
    dataDir: join(cwd, 'data'),
    account: null,
    example: true,
    logLevel: 'info',
    adminPassword: null,
  })
})

test('reads every key of the documented file, with defaults where it is silent', () => {
  const { cwd, config } = load(example, env)
  expect(config.server).toEqual({
    ...{
      host: '127.0.0.1',
      hostName: 'localhost',
      port: 8080,
      baseUrl: 'https://calendar.example.edu',
      trustProxy: true,
    },
    tls: { cert: join(cwd, 'cert.pem'), key: '/etc/key.pem' },
  })
  expect(config.store.url).toBe(`sqlite:${join(cwd, 'data', 'kaldav.db')}`)
  expect(config.account?.appToken.token.reveal()).toBe('tok-1')
  expect(config.example).toBe(false)
  expect(config.sources).toMatchObject([
    { type: 'google', keyFile: join(cwd, 'service-account.json'), calendars: [{ direction: 'both' }] },
    { type: 'microsoft365', pollSeconds: 300, calendars: [{ direction: 'both' }] },
    { type: 'ical', pollSeconds: 900, resourceFrom: 'location' },
    { type: 'ical', url: 'http://example.edu/a.ics', resourceFrom: { 'Hall A': 'lh101' } },
    { type: 'dropfolder', resourceFrom: 'location' },
  ])
})

test('shows no secret however it is printed', async () => {
  const { config } = load(example, { ...env, KALDAV_ADMIN_PASSWORD: 'adm-4' })
  const { inspect } = await import('node:util')
  for (const shown of [
    JSON.stringify(config),
    inspect(config, { depth: 9, showHidden: true }),
    `${config.adminPassword}`,
  ]) {
    expect(shown).not.toMatch(/tok-1|pass-2|sec-3|adm-4/)
  }
  expect(config.adminPassword?.reveal()).toBe('adm-4')
})

test('takes the environment before the file', () => {
  const { cwd, config } = load('server: { port: 1, host: "::1" }', {
    ...{ PORT: '0', HOST: '0.0.0.0', KALDAV_DATA_DIR: 'elsewhere', KALDAV_EXAMPLE: '1', LOG_LEVEL: 'debug' },
  })
  expect(config.server).toMatchObject({ port: 0, host: '0.0.0.0', hostName: 'localhost' })
  expect(load('server: { host: "::1" }').config.server).toMatchObject({ host: '::1', hostName: '[::1]' })
  expect(config).toMatchObject({ dataDir: join(cwd, 'elsewhere'), example: true, logLevel: 'debug' })
  expect(config.store.url).toBe(`sqlite:${join(cwd, 'elsewhere', 'kaldav.db')}`)
})

test('KALDAV_EXAMPLE=0 starts empty, and a real account is never filled', () => {
  expect(loadConfig({ KALDAV_EXAMPLE: '0' }, directory()).example).toBe(false)
  expect(load(example, { ...env, KALDAV_EXAMPLE: '1' }).config.example).toBe(false)
})

test('takes numbers and switches from the environment too', () => {
  const yaml = `server: { port: "\${P}", trustProxy: "\${T}" }`
  expect(load(yaml, { P: '99', T: 'true' }).config.server).toMatchObject({ port: 99, trustProxy: true })
})

test('names every problem at once, each with its line, path and remedy', () => {
  const problems = problemsOf(
    `server: { baseUrl: calendar.example.edu, tls: { cert: a.pem }, color: red }
store: { url: mysql://x }
timeZone: Mars/Phobos
account: { partnerId: abc, appToken: { id: 1_a, token: "\${NOPE}" } }
users:
  - { name: "a:b", password: 123, role: boss }
  - { name: x, password: secret, role: admin, access: { lh101: read } }
  - { name: x, password: secret, role: booker, access: { lh101: all } }
resources:
  lh101: { sourcePriority: [nobody] }
sources:
  - { id: kaltura, type: google, calendars: [] }
  - { id: y, type: exchange }
  - { type: ical, url: ftp://x, resourceFrom: 3, pollSeconds: 0 }
  - { id: z, type: microsoft365, tenantId: t, clientSecret: a, certificate: b, calendars: [ { mailbox: m, resource: r }, { mailbox: m, resource: r } ] }
`,
    { PORT: '99999', LOG_LEVEL: 'loud' },
  )
  const places = problems.map(problem => problem.split(/[:,]? (?:is|has|")/, 1)[0])
  expect(places.map(place => place?.replace(/^:/, ''))).toEqual(
    expect.arrayContaining([
      '1 server.baseUrl',
      '1 server.tls.key',
      '1 server.color',
      '2 store.url',
      '3 timeZone',
      '4 account.partnerId',
      '6 users[0].name',
      '6 users[0].password',
      '6 users[0].role',
      '7 users[1].access',
      '8 users[2].name',
      '8 users[2].access.lh101',
      '10 resources.lh101.sourcePriority[0]',
      '12 sources[0]',
      '12 sources[0].id',
      '12 sources[0].calendars',
      '13 sources[1].type',
      '14 sources[2].id',
      '14 sources[2].url',
      '14 sources[2].resourceFrom',
      '14 sources[2].pollSeconds',
      '15 sources[3]',
      '15 sources[3].clientId',
      '15 sources[3].calendars[1].mailbox',
      'PORT',
      'LOG_LEVEL',
    ]),
  )
  expect(problems.filter(problem => problem.includes('{NOPE}'))).toHaveLength(1)
  expect(problems.find(problem => problem.includes('sources[1].type'))).toContain(
    'google, microsoft365, ical, dropfolder',
  )
  for (const problem of problems)
    expect(problem, 'a remedy').toMatch(/: (write|set|correct|choose|use|leave out)|needs its own/)
})

test('names what is no YAML by its line, and a file that is not there', () => {
  expect(problemsOf('server:\n  port: [1\nstore: {')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^:3 is no valid YAML/)]),
  )
  expect(() => loadConfig({ KALDAV_CONFIG: 'missing.yaml' }, directory())).toThrow(
    /missing\.yaml: cannot be read .*KALDAV_CONFIG/,
  )
  expect(problemsOf('- a\n- b')).toEqual([expect.stringContaining('the file: has the wrong type')])
  expect(problemsOf('')).toEqual([])
})

test('takes a pair of Web Push keys, and nothing else', () => {
  // RFC 8291 appendix A.
  const publicKey = 'BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8'
  const privateKey = 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw'
  const push = (subject: string, open: string, hidden: string) =>
    `push: { subject: "${subject}", publicKey: "${open}", privateKey: "${hidden}" }`
  const { config } = load(push('mailto:av@example.edu', publicKey, privateKey))
  expect([config.push?.publicKey, config.push?.privateKey.reveal()]).toEqual([publicKey, privateKey])
  expect(load('').config.push).toBeNull()
  expect(problemsOf(push('av', 'short', 'short'))).toHaveLength(3)
  const other = `${privateKey.slice(0, -1)}0`
  const [problem = '', ...more] = problemsOf(push('mailto:av@example.edu', publicKey, other))
  expect([problem.includes('generate-vapid-keys'), problem.includes(other), more]).toEqual([true, false, []])
})
