/** Two hundred room mailboxes through adapter, engine and store; the stand-in runs in a process of its own. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { openMicrosoft365 } from '../adapters/microsoft365/index.ts'
import { openHarness } from '../test/sync/harness.ts'
import { type Bench, residentMb, timed } from './harness.ts'

const [rooms, events] = [200, 10]
/** As the worker does it: so many calendars of a source at once. */
const atOnce = 4

async function openStandIn() {
  const file = new URL('microsoft365-server.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [file, String(rooms), String(events)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  const line = await new Promise<string>(resolve => child.stdout?.once('data', chunk => resolve(String(chunk).trim())))
  const [url = '', ca = ''] = line.split(' ')
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(ca, 'utf8')])
  /** The requests since the last question. */
  const requests = () =>
    new Promise<number>(resolve => {
      child.once('message', count => resolve(Number(count)))
      child.send('count')
    })
  return { url, requests, close: () => void child.kill() }
}

export const microsoft365: Bench = async report => {
  const standIn = await openStandIn()
  const harness = await openHarness()
  const open = openMicrosoft365({
    ...{ tenantId: '11111111-2222-3333-4444-555555555555', clientId: 'aaaaaaaa-2222-3333-4444-555555555555' },
    ...{ clientSecret: 's', organizer: null, tenant: '1', graphUrl: standIn.url, authorityUrl: standIn.url },
  })
  const bindings = Array.from({ length: rooms }, (_, n) => {
    const source = open(`room${n}@contoso.test`, 'Europe/Berlin')
    return harness.binding(source, { id: `m365/room${n}`, calendar: `room${n}`, resourceId: n + 10 })
  })
  const pollAll = async () => {
    const waiting = [...bindings]
    const lane = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await harness.engine.run(next)
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
  }
  await pollAll()
  await pollAll()
  await standIn.requests()
  const before = process.cpuUsage()
  const quiet = await timed(pollAll)
  const { user, system } = process.cpuUsage(before)
  const requests = await standIn.requests()
  report({
    work: `Microsoft 365: ${rooms} rooms, nothing changed, work`,
    value: (user + system) / 1e6,
    unit: 's',
    goal: 2,
  })
  report({ work: 'Microsoft 365: the same, requests a room', value: requests / rooms, unit: '×', goal: 1 })
  report({ work: 'Microsoft 365: the same, time', value: quiet.ms, unit: 'ms' })
  report({ work: 'Microsoft 365: memory after it', value: await residentMb(process.pid), unit: 'MB' })
  await harness.close()
  standIn.close()
}
