/** A real PostgreSQL for the tests: one server for each run, a database of its own for each that asks. */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { inject } from 'vitest'

/** initdb on a busy machine. */
const patience = 60_000

/** Starts the server unless another test file has done so; only one can make the folder `lock`. */
function ensureStarted(folder: string): void {
  try {
    mkdirSync(join(folder, 'lock'))
  } catch {
    return
  }
  const keeper = join(import.meta.dirname, 'postgres-keeper.ts')
  const child = spawn(process.execPath, [keeper, folder, String(inject('runPid'))], { detached: true, stdio: 'ignore' })
  child.unref()
}

async function serverUrl(): Promise<string | null> {
  const folder = inject('postgresFolder')
  ensureStarted(folder)
  for (let waited = 0; waited < patience; waited += 25) {
    if (existsSync(join(folder, 'url'))) return readFileSync(join(folder, 'url'), 'utf8')
    if (existsSync(join(folder, 'failure'))) return null
    await wait(25)
  }
  throw new Error(`PostgreSQL did not start within ${patience / 1000} s`)
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

export interface TestDatabase {
  readonly url: string
  drop(): Promise<void>
}

/**
 * A new, empty database. `null` where this machine has no PostgreSQL: the run says so at its end.
 * @throws Error under CI=true, where that is a failure
 */
export async function newPostgresDatabase(): Promise<TestDatabase | null> {
  const server = await serverUrl()
  if (server === null) {
    if (process.env.CI === 'true') throw new Error('PostgreSQL is needed under CI=true, and there is none here')
    return null
  }
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await run(server, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => run(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}
