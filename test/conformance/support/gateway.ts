import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ended, freePort, mustRun, temporaryFolder, until } from './process.ts'

const project = new URL('../../..', import.meta.url).pathname
const node = join(project, 'node_modules/.bin/node')
const program = join(project, 'bin/kaldav.js')

export interface GatewayOptions {
  /** With the example campus; otherwise the store starts empty. */
  readonly example?: boolean
  /** System names of locations to add before it starts. */
  readonly rooms?: readonly string[]
  /** More of the environment; an empty string takes a variable away. */
  readonly env?: Readonly<Record<string, string>>
}

/** A gateway in a process of its own, with a data folder of its own. */
export interface GatewayProcess {
  /** `http://127.0.0.1:<port>`, no slash at the end. */
  readonly url: string
  readonly user: string
  readonly password: string
  readonly dataDir: string
  /** Everything the process wrote since it was last started. */
  output(): string
  pid(): number
  /** Milliseconds from spawn to the first 200 of /readyz, the last time. */
  startMs(): number
  /** Ends it with no warning, as a power cut does. */
  kill(): Promise<void>
  /** Starts it again on the same port and data. */
  start(): Promise<void>
  /** SIGTERM; throws unless it exits 0 within 10 s. */
  stop(): Promise<void>
  /** `kaldav …` beside it, on the same data; throws unless it exits 0. Answers what it printed. */
  cli(...args: string[]): Promise<string>
  /** Stops it where it still runs, and removes its data. */
  close(): Promise<void>
}

const roomsCsv = (names: readonly string[]) =>
  ['*action,name,type,systemName', ...names.map(name => `1,${name.toUpperCase()},location,${name}`), ''].join('\r\n')

export async function openGateway(options: GatewayOptions = {}): Promise<GatewayProcess> {
  const folder = await temporaryFolder('gateway')
  const password = 'conformance-9Kq2'
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = Object.fromEntries(
    Object.entries({
      PORT: String(port),
      HOST: '127.0.0.1',
      KALDAV_DATA_DIR: join(folder.path, 'data'),
      KALDAV_ADMIN_PASSWORD: password,
      KALDAV_EXAMPLE: options.example ? '1' : '0',
      LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
      ...options.env,
    }).filter(([, value]) => value !== ''),
  )
  const cli = async (...args: string[]) =>
    (await mustRun(node, [program, ...args], { cwd: folder.path, env, seconds: 120 })).out

  const importRooms = async (rooms: readonly string[]) => {
    const file = join(folder.path, 'rooms.csv')
    await writeFile(file, roomsCsv(rooms))
    await cli('resources', 'import', file)
  }

  const launch = async () => {
    const begun = performance.now()
    const child = spawn(node, [program, 'serve'], {
      cwd: folder.path,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const text = { all: '' }
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', chunk => (text.all += chunk))
    await until('gateway ready', 30, async () => {
      if (child.exitCode !== null) throw new Error(`the gateway ended with ${child.exitCode}:\n${text.all}`)
      const answer = await fetch(`${url}/readyz`).catch(() => null)
      await answer?.body?.cancel()
      return answer?.status === 200 ? true : undefined
    }).catch(error => {
      child.kill('SIGKILL')
      throw new Error(`${error.message}\n${text.all}`)
    })
    return { child, text, startMs: performance.now() - begun }
  }

  const begin = async () => {
    if (options.rooms) await importRooms(options.rooms)
    return launch()
  }
  let current = await begin().catch(async error => {
    await folder.remove()
    throw error
  })
  const stop = async () => {
    current.child.kill('SIGTERM')
    const code = await ended(current.child, 10)
    if (code !== 0)
      throw new Error(`SIGTERM: exit ${code ?? 'not within 10 s'}, not 0\n${current.text.all.slice(-4000)}`)
  }
  const running = () => current.child.exitCode === null && current.child.signalCode === null
  return {
    url,
    user: 'admin',
    password,
    dataDir: env.KALDAV_DATA_DIR ?? '',
    output: () => current.text.all,
    pid: () => current.child.pid ?? -1,
    startMs: () => current.startMs,
    async kill() {
      current.child.kill('SIGKILL')
      await ended(current.child, 10)
    },
    async start() {
      current = await launch()
    },
    stop,
    cli,
    async close() {
      try {
        if (running()) await stop()
      } finally {
        await folder.remove()
      }
    },
  }
}
