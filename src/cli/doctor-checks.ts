/** What can be wrong around a gateway. Each check looks at one thing and says what to do about it. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, statfs } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { KaldavError } from '../errors.ts'
import { redact } from '../log.ts'
import type { Gateway } from '../main.ts'
import { count } from './output.ts'
import { systemRemedy } from './run.ts'

export interface CheckResult {
  readonly check: string
  readonly ok: boolean
  readonly message: string
  readonly remedy: string | null
}

interface Outcome {
  readonly ok: boolean
  readonly message: string
  readonly remedy?: string | null
}

const good = (message: string): Outcome => ({ ok: true, message })
const bad = (message: string, remedy: string | null): Outcome => ({ ok: false, message, remedy })

type Check = readonly [name: string, run: () => Promise<readonly Outcome[]>]

/** Checks that need no open store. */
export const outerChecks = (config: Config): readonly Check[] => [
  ['configuration', async () => [good(config.file ?? 'none: everything has its default')]],
  ['disk', () => disk(config)],
  ['tls', () => tls(config)],
  ['address', () => address(config)],
  ['clock', () => clock(config)],
  ['google', () => google(config)],
  ['microsoft365', () => microsoft365(config)],
]

export const innerChecks = (gateway: Gateway): readonly Check[] => [
  ['database', () => database(gateway)],
  ['account', () => account(gateway)],
  ['sources', () => sources(gateway)],
  ['resources', () => resources(gateway)],
]

/** A check that fails by itself is a finding too. */
export async function runChecks(checks: readonly Check[]): Promise<CheckResult[]> {
  const results: CheckResult[] = []
  for (const [check, run] of checks) {
    const outcomes = await run().catch((error: unknown) => [failure(error)])
    results.push(...outcomes.map(({ ok, message, remedy }) => ({ check, ok, message, remedy: remedy ?? null })))
  }
  return results
}

export const failure = (error: unknown): Outcome =>
  bad(
    redact(error instanceof Error ? error.message : String(error)),
    error instanceof KaldavError ? error.remedy : (systemRemedy(error) ?? 'This should not happen: please report it.'),
  )

const leastFree = 500e6

async function disk({ dataDir, store }: Config): Promise<Outcome[]> {
  if (!store.url.startsWith('sqlite:')) return [good('the database is on a server of its own')]
  const { bavail, bsize } = await statfs(dataDir).catch(() => statfs('.'))
  const free = bavail * bsize
  const message = `${Math.round(free / 1e6)} MB free where the data lies`
  return [free < leastFree ? bad(message, 'Make room before the database can no longer be written.') : good(message)]
}

const expiresSoon = 21 * 86_400

async function tls({ server }: Config): Promise<Outcome[]> {
  if (!server.tls) {
    const behindProxy = server.baseUrl?.startsWith('https:') === true
    const local = ['127.0.0.1', '::1', 'localhost'].includes(server.host)
    if (behindProxy || local) return [good(behindProxy ? 'a proxy speaks TLS' : 'only this machine can connect')]
    return [
      bad(
        'Passwords and feed tokens cross the network in the clear.',
        'Set server.tls, or put a proxy with TLS before it.',
      ),
    ]
  }
  const certificate = new X509Certificate(await readFile(server.tls.cert))
  const outcomes: Outcome[] = []
  if (!certificate.checkPrivateKey(createPrivateKey(await readFile(server.tls.key)))) {
    outcomes.push(bad('The key does not belong to the certificate.', 'Correct server.tls.cert or server.tls.key.'))
  }
  const left = (certificate.validToDate.getTime() - Date.now()) / 1000
  const until = `the certificate holds until ${certificate.validTo}`
  outcomes.push(left < expiresSoon ? bad(until, 'Renew it, and start the gateway again.') : good(until))
  const host = server.baseUrl ? new URL(server.baseUrl).hostname : null
  if (host && !certificate.checkHost(host) && !certificate.checkIP(host)) {
    outcomes.push(bad(`The certificate is not made for ${host}.`, 'Use one that is, or correct server.baseUrl.'))
  }
  return outcomes
}

const patience = { signal: () => AbortSignal.timeout(5000) }

/** Asks the gateway the way clients do, through whatever stands before it. */
async function address({ server }: Config): Promise<Outcome[]> {
  const { baseUrl } = server
  if (!baseUrl) return [good('no server.baseUrl: clients use the address they know')]
  const options = { redirect: 'manual' as const, signal: patience.signal() }
  const health = await fetch(`${baseUrl}/healthz`, options).catch(() => null)
  if (!health)
    return [bad(`${baseUrl} cannot be reached from here.`, 'Start the gateway, and check the name and the proxy.')]
  if (!health.ok) {
    return [bad(`${baseUrl}/healthz answers ${health.status}.`, 'Let the proxy pass every path to the gateway.')]
  }
  const outcomes = [good(`${baseUrl} can be reached`)]
  const dav = await fetch(`${baseUrl}/dav/`, { ...options, method: 'OPTIONS' })
  if (!dav.headers.get('dav')?.includes('calendar-access')) {
    outcomes.push(bad('OPTIONS /dav/ does not come through.', 'Let the proxy pass WebDAV methods and headers.'))
  }
  const known = await fetch(`${baseUrl}/.well-known/caldav`, { ...options, method: 'PROPFIND' })
  const target = new URL(known.headers.get('location') ?? '/', baseUrl).href
  if (target !== `${baseUrl}/dav/`) {
    outcomes.push(
      bad(
        `/.well-known/caldav leads to ${target}.`,
        `It should lead to ${baseUrl}/dav/: check the proxy and server.baseUrl.`,
      ),
    )
  }
  return outcomes
}

const mostSkew = 60

async function clock({ account }: Config): Promise<Outcome[]> {
  if (!account) return [good('nothing to compare it with')]
  const before = Date.now()
  const answer = await fetch(account.serviceUrl, { method: 'HEAD', signal: patience.signal() }).catch(() => null)
  const date = Date.parse(answer?.headers.get('date') ?? '')
  if (Number.isNaN(date))
    return [bad(`${account.serviceUrl} does not answer.`, 'Check the network, and account.serviceUrl.')]
  const skew = Math.round((before - date) / 1000)
  if (Math.abs(skew) <= mostSkew) return [good('agrees with the account')]
  return [bad(`The clock differs from the account's by ${skew} s.`, 'Set it by NTP: sessions and tokens depend on it.')]
}

/** What its Google sources may do there. */
async function google(config: Config): Promise<Outcome[]> {
  if (!config.sources.some(({ type }) => type === 'google')) return []
  const { examineGoogleSources } = await import('../main.ts')
  const found = await examineGoogleSources(config)
  return found.map(({ source, message, ...rest }) => ({ ...rest, message: redact(`${source}: ${message}`) }))
}

async function microsoft365(config: Config): Promise<Outcome[]> {
  if (!config.sources.some(({ type }) => type === 'microsoft365')) return []
  const { examineMicrosoft365Sources } = await import('../main.ts')
  const found = await examineMicrosoft365Sources(config)
  return found.map(({ source, message, ...rest }) => ({ ...rest, message: redact(`${source}: ${message}`) }))
}

async function database({ store }: Gateway): Promise<Outcome[]> {
  const { length } = await store.uids()
  // An empty transaction still has to take the right to write.
  await store.write({ source: 'doctor', user: null, run: null }, async () => {})
  return [good(`can be read and written; ${count(length, 'event')}`)]
}

/** Service URL, partner and token (they open the session), clocks, and each permission of the token's role. */
async function account({ account: adapter, config }: Gateway): Promise<Outcome[]> {
  const findings = await adapter.check()
  const wrong = findings.filter(({ level }) => level !== 'ok')
  const outcomes = wrong.map(({ part, message, remedy }) => bad(redact(`${part}: ${message}`), sentence(remedy)))
  const told = findings.filter(({ level, message }) => level === 'ok' && message !== 'allowed')
  outcomes.push(...told.map(({ part, message }) => good(`${part}: ${message}`)))
  const allowed = findings.filter(({ message }) => message === 'allowed').map(({ part }) => part)
  if (allowed.length > 0) outcomes.push(good(`the token's role allows to ${allowed.join(', ')}`))
  if (wrong.some(({ level }) => level === 'error')) return outcomes
  const resources = await adapter.resources()
  const where = config.account ? config.account.serviceUrl : 'the embedded account'
  return [...outcomes, good(`${where} answers; ${count(resources.length, 'resource')}`)]
}

const sentence = (text: string | null): string | null =>
  text && `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`

async function sources({ sync }: Gateway): Promise<Outcome[]> {
  const states = await sync.sources()
  const failing = states.filter(({ error }) => error !== null)
  if (failing.length === 0) return [good(`${count(states.length, 'calendar')} without an error`)]
  return failing.map(({ id, error, remedy }) => bad(`${id}: ${redact(error ?? '')}`, remedy))
}

/** Settings for resources that do not exist are most often a slip. */
async function resources({ store, config }: Gateway): Promise<Outcome[]> {
  const known = new Set((await store.resources()).map(({ systemName }) => systemName))
  const unknown = Object.keys(config.resources).filter(name => !known.has(name))
  if (unknown.length === 0) return [good(`${count(known.size, 'resource')} known`)]
  return unknown.map(name => bad(`resources.${name}: the account has no such resource.`, 'Correct the systemName.'))
}
