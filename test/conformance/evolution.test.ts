import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { type Folder, need, type Ran, run, temporaryFolder } from './support/process.ts'
import { expectStep } from './support/script.ts'
import { steps } from './support/step.ts'
import { openTarget, type Target } from './support/target.ts'

const step = steps('evolution')
const script = new URL('evolution.py', import.meta.url).pathname
const python = '/usr/bin/python3'

const names = [
  'discovers',
  'syncs',
  'creates',
  'changes',
  'takes a change made elsewhere',
  'meets a conflict',
  'deletes',
  'takes a deletion made elsewhere',
]

describe('evolution-data-server', () => {
  let target: Target
  let folder: Folder
  let ran: Ran

  beforeAll(async () => {
    await need({
      'dbus-run-session': 'dbus',
      '/usr/libexec/evolution-source-registry':
        'evolution-data-server gir1.2-ecal-2.0 gir1.2-edataserver-1.2 python3-gi',
    })
    target = await openTarget()
    folder = await temporaryFolder('evolution')
    const { root, room, user, password } = target
    const home = folder.path
    await mkdir(join(home, 'run'), { mode: 0o700 })
    const folders = { HOME: home, XDG_CONFIG_HOME: `${home}/config`, XDG_CACHE_HOME: `${home}/cache` }
    ran = await run('dbus-run-session', ['--', python, script, ...names], {
      seconds: 150,
      env: {
        ...folders,
        ...{ XDG_DATA_HOME: `${home}/data`, XDG_RUNTIME_DIR: `${home}/run`, GSETTINGS_BACKEND: 'memory', DISPLAY: '' },
        ...{ DAV_ROOT: root, DAV_ROOM: room, DAV_USER: user, DAV_PASSWORD: password },
      },
    })
  }, 180_000)
  afterAll(async () => {
    await target?.close()
    await folder?.remove()
  })

  for (const name of names) step(name, async () => expectStep(ran, name))
})
