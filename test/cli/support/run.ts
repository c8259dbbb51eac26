import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { run } from '../../../src/cli/program.ts'

export const root = resolve(import.meta.dirname, '../../..')
const bin = join(root, 'bin', 'kaldav.js')

/** A folder of its own, empty, with the settings that keep kaldav inside it. */
export function workplace(env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'kaldav-cli-'))
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(KALDAV_|PORT$|HOST$|LOG_LEVEL$)/.test(name)),
  )
  return { folder, env: { ...inherited, KALDAV_EXAMPLE: '0', PORT: '0', ...env } as NodeJS.ProcessEnv }
}

export type Workplace = ReturnType<typeof workplace>

export const start = ({ folder, env }: Workplace, args: readonly string[], node = process.execPath): ChildProcess =>
  spawn(node, [bin, ...args], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] })

/** As `npm start` does it: in a shell, which hands no signal on. */
export const startByShell = ({ folder, env }: Workplace): ChildProcess =>
  spawn('sh', ['-c', `"${process.execPath}" "${bin}" serve; true`], {
    ...{ cwd: folder, env: { ...env, npm_lifecycle_event: 'start' }, stdio: ['pipe', 'pipe', 'pipe'] },
  })

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command to its end, in a process of its own. */
export async function kaldav(place: Workplace, args: readonly string[], input = ''): Promise<Ran> {
  const child = start(place, args)
  child.stdin?.end(input)
  const ended = new Promise<number | null>(done => child.once('close', done))
  const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)])
  return { status: await ended, stdout, stderr }
}

const read = (stream: ChildProcess['stdout']): Promise<string> => (stream ? text(stream) : Promise.resolve(''))

/** The same in this process, which is loaded already: one command after the other. */
export async function command({ folder, env }: Workplace, args: readonly string[]): Promise<Ran> {
  const before = { folder: process.cwd(), env: process.env, exitCode: process.exitCode }
  const [stdout, stderr] = [capture(process.stdout), capture(process.stderr)]
  process.chdir(folder)
  process.env = env
  try {
    const status = await run(args)
    return { status, stdout: stdout.end(), stderr: stderr.end() }
  } finally {
    stdout.end()
    stderr.end()
    process.chdir(before.folder)
    process.env = before.env
    process.exitCode = before.exitCode
  }
}

function capture(stream: NodeJS.WriteStream) {
  const { write } = stream
  let captured = ''
  stream.write = (chunk: string | Uint8Array): boolean => {
    captured += String(chunk)
    return true
  }
  return {
    end(): string {
      stream.write = write
      return captured
    },
  }
}

/** Where the shell finds `node` outside this project: on most machines an older one. */
export const systemPath = (): string =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .filter(folder => !folder.includes('node_modules'))
    .join(delimiter)

/** The URL a starting gateway prints, once it is ready. */
export function whenReady(child: ChildProcess): Promise<{ url: string; banner: string }> {
  return new Promise((resolve, reject) => {
    let banner = ''
    let problems = ''
    child.stderr?.on('data', chunk => {
      problems += chunk
    })
    child.stdout?.on('data', chunk => {
      banner += chunk
      const url = /Web page\s+(\S+)\/\n/.exec(banner)?.[1]
      if (url && /\n {2}User .*\n/.test(banner)) resolve({ url, banner })
    })
    child.once('exit', status => reject(new Error(`it ended with ${status}: ${problems}`)))
  })
}
