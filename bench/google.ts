/** A Google calendar of 10,000 events through adapter, engine and store; the stand-in runs in a process of its own. */
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { loadModules, openGoogle } from '../adapters/google/index.ts'
import { openHarness } from '../test/sync/harness.ts'
import { type Bench, residentMb, timed } from './harness.ts'

const room = 'c_room1@resource.calendar.google.com'
const events = 10_000

async function openStandIn(): Promise<{ url: string; close(): void }> {
  const child = spawn(process.execPath, [new URL('google-server.ts', import.meta.url).pathname, room, String(events)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>(resolve => child.stdout.once('data', chunk => resolve(String(chunk).trim())))
  return { url, close: () => void child.kill() }
}

export const google: Bench = async report => {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const keyFile = join(mkdtempSync(join(tmpdir(), 'kaldav-bench-')), 'key.json')
  writeFileSync(keyFile, JSON.stringify({ client_email: 'bench@example.com', private_key: privateKey }))
  const standIn = await openStandIn()
  const harness = await openHarness()
  const options = { keyFile, apiUrl: standIn.url, tokenUrl: `${standIn.url}/token`, organizer: null, tenant: '1' }
  // As the gateway does before it answers anybody.
  await loadModules()
  const source = openGoogle(options)(room, 'Europe/Berlin')
  const delay = monitorEventLoopDelay({ resolution: 5 })
  const cpu = process.cpuUsage()
  delay.enable()
  const first = await harness.run(source)
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  report({ work: `Google: first sync of ${first.created} events`, value: (user + system) / 1e6, unit: 's', goal: 60 })
  report({ work: 'Google: memory after it', value: await residentMb(process.pid), unit: 'MB', goal: 300 })
  report({ work: 'Google: longest block in it', value: delay.max / 1e6, unit: 'ms', goal: 50 })
  await harness.run(source)
  const before = process.cpuUsage()
  const quiet = await timed(() => harness.run(source))
  const spent = process.cpuUsage(before)
  report({ work: 'Google: nothing changed, work', value: (spent.user + spent.system) / 1e3, unit: 'ms', goal: 50 })
  report({ work: 'Google: nothing changed, time', value: quiet.ms, unit: 'ms' })
  await harness.close()
  standIn.close()
}
