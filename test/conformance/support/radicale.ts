import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ended, freePort, need, temporaryFolder, until } from './process.ts'

export interface Peer {
  /** The DAV root, with a slash at the end. */
  readonly root: string
  /** The calendar home, with a slash at the end. */
  readonly home: string
  readonly user: string
  readonly password: string
  close(): Promise<void>
}

/** Radicale from Debian, with its files in a temporary folder: the peer that scripts are tried on and speed is compared with. */
export async function openRadicale(): Promise<Peer> {
  await need({ radicale: 'radicale' })
  const folder = await temporaryFolder('radicale')
  const port = await freePort()
  const [user, password] = ['admin', 'conformance-9Kq2']
  await writeFile(join(folder.path, 'users'), `${user}:${password}\n`)
  await writeFile(
    join(folder.path, 'config'),
    `[server]
hosts = 127.0.0.1:${port}
ssl = False
max_connections = 100
[auth]
type = htpasswd
htpasswd_filename = ${folder.path}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = ${folder.path}/collections
[logging]
level = error
`,
  )
  const child = spawn('radicale', ['--config', join(folder.path, 'config')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const text = { all: '' }
  child.stderr.setEncoding('utf8').on('data', chunk => (text.all += chunk))
  const root = `http://127.0.0.1:${port}/`
  await until('Radicale ready', 20, async () => {
    if (child.exitCode !== null) throw new Error(`Radicale ended with ${child.exitCode}:\n${text.all}`)
    return (await fetch(root, { redirect: 'manual' }).catch(() => undefined))?.status
  })
  return {
    root,
    home: `${root}${user}/`,
    user,
    password,
    async close() {
      child.kill('SIGTERM')
      await ended(child, 10)
      await folder.remove()
    },
  }
}
