/**
 * `node test/conformance/support/against-radicale.ts [client…]`: the client scripts on a server known to be right, a
 * fresh one for each, to judge the scripts.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { openRadicale } from './radicale.ts'

const project = new URL('../../..', import.meta.url).pathname
const vitest = join(project, 'node_modules/vitest/vitest.mjs')
const clients = ['tsdav', 'vdirsyncer', 'python-caldav', 'cadaver', 'evolution', 'syncevolution', 'thunderbird']

async function judge(client: string): Promise<boolean> {
  const peer = await openRadicale()
  const env = { KALDAV_PEER: 'radicale', KALDAV_URL: peer.root, KALDAV_USER: peer.user, KALDAV_PASSWORD: peer.password }
  const args = ['run', '--config', 'test/conformance/vitest.config.ts', `test/conformance/${client}.test.ts`]
  try {
    const child = spawn(process.execPath, [vitest, ...args], {
      cwd: project,
      env: { ...process.env, ...env },
      stdio: 'inherit',
    })
    const [code] = await once(child, 'exit')
    return code === 0
  } finally {
    await peer.close()
  }
}

const asked = process.argv.slice(2)
for (const client of asked.length > 0 ? asked : clients) if (!(await judge(client))) process.exitCode = 1
