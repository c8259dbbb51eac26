import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { run } from '../test/conformance/support/process.ts'

/** One line of a result. */
export interface Row {
  readonly work: string
  readonly value: number
  readonly unit: string
  /** What it has to reach: at least, or at most where the unit is a time or a size. */
  readonly goal?: number
  readonly note?: string
  /** The same on other servers: name → value. */
  readonly peers?: Readonly<Record<string, number>>
}

export type Bench = (report: (row: Row) => void) => Promise<void>

const atMost = new Set(['ms', 's', 'MB', '×'])

export const holds = ({ value, unit, goal }: Row): boolean =>
  goal === undefined || (atMost.has(unit) ? value <= goal : value >= goal)

const round = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 10 ? 2 : 1)

export function line(row: Row): string {
  const goal = row.goal === undefined ? '' : `${atMost.has(row.unit) ? '≤' : '≥'} ${round(row.goal)}`
  const verdict = row.goal === undefined ? '' : holds(row) ? 'met' : 'MISSED'
  const peers = Object.entries(row.peers ?? {}).map(
    ([name, value]) => `${name} ${round(value)} (${round(row.value / value)} ×)`,
  )
  return `| ${[row.work, `${round(row.value)} ${row.unit}`, goal, verdict, [...peers, row.note ?? ''].filter(Boolean).join('; ')].join(' | ')} |`
}

export const head = '| work | measured | goal | | beside |\n|---|---|---|---|---|'

/** Date, machine and versions: numbers mean nothing without them. */
export async function circumstances(): Promise<string> {
  const radicale = await run('radicale', ['--version']).catch(() => null)
  const [cpu] = cpus()
  const date = Temporal.Now.plainDateISO().toString()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`
  const versions = `Node ${process.versions.node}, SQLite ${process.versions.sqlite}`
  return `${date}; ${cpus().length} × ${cpu?.model.trim()}, ${memory}; ${versions}, Radicale ${radicale?.out.trim() || 'not installed'}`
}

/** Resident memory of a process in MB (10⁶ bytes are not meant: 2²⁰). */
export async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024
}

/** CPU time a process has used until now, ms, all threads. On a machine shared with others it says more than any rate. */
export async function cpuMs(pid: number): Promise<number> {
  const [, rest = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
  const fields = rest.split(' ')
  // Linux counts in hundredths of a second (proc(5), USER_HZ).
  return (Number(fields[11]) + Number(fields[12])) * 10
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const begun = performance.now()
  const value = await work()
  return { ms: performance.now() - begun, value }
}

/** The yardstick in a process of its own: its URL without a slash at the end. */
export async function openExpress(): Promise<{ url: string; close(): void }> {
  const child = spawn(process.execPath, [new URL('express.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', chunk => resolve(String(chunk).trim()))
    child.once('exit', code => reject(new Error(`Express ended with ${code}`)))
  })
  return { url: `http://127.0.0.1:${port}`, close: () => void child.kill() }
}
