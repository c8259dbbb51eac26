import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Ran {
  /** Exit status; 128 + signal number style is not kept: a killed program counts as -1. */
  readonly code: number
  /** What it wrote to standard output, and to standard error. */
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Seconds until the program is killed; 50 unless told. */
  readonly seconds?: number
}

/** Runs a program to its end. Throws only where it cannot be started; the caller judges the exit status. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  })
  const late = setTimeout(() => child.kill('SIGKILL'), (options.seconds ?? 50) * 1000)
  const text = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', chunk => (text.out += chunk))
  child.stderr.setEncoding('utf8').on('data', chunk => (text.err += chunk))
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', error => {
      clearTimeout(late)
      reject(error)
    })
    child.once('close', code => {
      clearTimeout(late)
      resolve({ code: code ?? -1, ...text })
    })
  })
}

/** Runs a program that has to succeed; its whole output is in the error otherwise. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const ran = await run(command, args, options)
  if (ran.code === 0) return ran
  throw new Error(`${[command, ...args].join(' ')}: exit ${ran.code}\n${ran.out}\n${ran.err}`)
}

/** Throws with the line to type when a program is not there. */
export async function need(programs: Readonly<Record<string, string>>): Promise<void> {
  for (const [program, debianPackage] of Object.entries(programs)) {
    const found = await run('/bin/sh', ['-c', `command -v ${program}`])
    if (found.code !== 0) throw new Error(`${program} is not installed: apt-get install ${debianPackage}`)
  }
}

/** Ends when the process has: its exit status, or `null` when it did not end in time and was killed. */
export function ended(child: ChildProcess, seconds: number): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode)
  return new Promise(resolve => {
    const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1000)
    child.once('exit', code => {
      clearTimeout(late)
      resolve(code)
    })
  })
}

/** A port of 127.0.0.1 that nobody listened on a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

export interface Folder {
  readonly path: string
  remove(): Promise<void>
}

export async function temporaryFolder(name: string): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), `kaldav-${name}-`))
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) }
}

/** Asks until the answer is not undefined; throws `what` when that takes longer than `seconds`. */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}
