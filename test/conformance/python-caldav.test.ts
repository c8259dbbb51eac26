import { afterAll, beforeAll, describe } from 'vitest'
import { mustRun } from './support/process.ts'
import { steps } from './support/step.ts'
import { openTarget, type Target } from './support/target.ts'

const step = steps('python-caldav')
const script = new URL('python-caldav.py', import.meta.url).pathname
/** Debian's own Python: another one on the path does not see Debian's modules. */
const python = '/usr/bin/python3'

const names = [
  'discovers',
  'creates',
  'finds',
  'finds occurrences',
  'finds free and busy time',
  'changes',
  'syncs',
  'meets a conflict',
  'sees a refusal',
  'deletes',
]

describe('python3-caldav', () => {
  let target: Target
  beforeAll(async () => {
    await mustRun(python, ['-c', 'import caldav']).catch(error => {
      throw new Error(`python3-caldav is not installed: apt-get install python3-caldav\n${error.message}`)
    })
    target = await openTarget()
  })
  afterAll(() => target?.close())

  for (const name of names)
    step(name, async () => {
      const { root, room, user, password } = target
      await mustRun(python, [script, name], {
        env: { DAV_ROOT: root, DAV_ROOM: room, DAV_USER: user, DAV_PASSWORD: password },
      })
    })
})
