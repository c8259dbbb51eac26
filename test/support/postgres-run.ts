/** vitest's globalSetup: a folder in which the first test that needs PostgreSQL starts it, and its end. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    postgresFolder: string
    runPid: number
  }
}

export default function setup(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kaldav-postgres-'))
  project.provide('postgresFolder', folder)
  project.provide('runPid', process.pid)
  return async () => {
    const failure = join(folder, 'failure')
    if (existsSync(failure)) {
      console.error(`\n*** NOT TESTED ON POSTGRESQL: ${readFileSync(failure, 'utf8')} ***\n`)
    }
    if (!existsSync(join(folder, 'lock'))) return rmSync(folder, { recursive: true, force: true })
    writeFileSync(join(folder, 'stop'), '')
    for (let waited = 0; existsSync(folder) && waited < 10_000; waited += 50) await wait(50)
  }
}
