import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { get, put } from './support/dav.ts'
import { type Folder, need, run, temporaryFolder } from './support/process.ts'
import { steps } from './support/step.ts'
import { openTarget, type Target } from './support/target.ts'
import { lecture } from './support/text.ts'

const step = steps('cadaver')

describe('cadaver', () => {
  let target: Target
  let folder: Folder
  /** Commands in the room's calendar; answers the whole dialogue. */
  const cadaver = async (...commands: string[]) => {
    const options = { cwd: folder.path, env: { HOME: folder.path }, input: `${commands.join('\n')}\nquit\n` }
    const { out, err } = await run('cadaver', [target.room], options)
    return out + err
  }
  const stored = (name: string) => get(target, `${target.room}${name}`)
  const optics = lecture({ uid: 'cadaver-1', summary: 'Optics' })

  beforeAll(async () => {
    await need({ cadaver: 'cadaver' })
    target = await openTarget()
    folder = await temporaryFolder('cadaver')
    const { hostname } = new URL(target.root)
    const login = `machine ${hostname} login ${target.user} password ${target.password}\n`
    await writeFile(join(folder.path, '.netrc'), login, { mode: 0o600 })
    await writeFile(join(folder.path, 'optics.ics'), optics)
    await put(target, `${target.room}there.ics`, lecture({ uid: 'there', summary: 'There', hour: 13 }))
  })
  afterAll(async () => {
    await target?.close()
    await folder?.remove()
  })

  step('discovers', async () => {
    const said = await cadaver('ls ..')
    expect(said).toMatch(/Coll:\s+lh101/)
    expect(said).toMatch(/Coll:\s+lh102/)
  })

  step('reads what is there', async () => {
    expect(await cadaver('ls')).toMatch(/there\.ics\s+\d+/)
    await cadaver('get there.ics here.ics')
    expect(await readFile(join(folder.path, 'here.ics'), 'utf8')).toBe((await stored('there.ics')).text)
  })

  step('creates', async () => {
    expect(await cadaver('put optics.ics')).toContain('succeeded')
    expect((await stored('optics.ics')).text).toContain('SUMMARY:Optics')
  })

  step('changes', async () => {
    await writeFile(join(folder.path, 'optics.ics'), optics.replace('Optics', 'Optics II'))
    expect(await cadaver('put optics.ics')).toContain('succeeded')
    expect((await stored('optics.ics')).text).toContain('SUMMARY:Optics II')
  })

  step('reads and sets properties', async () => {
    const said = await cadaver(
      'set namespace http://apple.com/ns/ical/',
      'propset . calendar-order 7',
      'propget . calendar-order',
      'propnames .',
    )
    expect(said).toMatch(/Value of calendar-order is:?.*7/)
    expect(said).toMatch(/supported-calendar-component-set/)
  })

  step('moves to the other room', async () => {
    expect(await cadaver('move optics.ics ../lh102/optics.ics')).toContain('succeeded')
    expect((await stored('optics.ics')).status).toBe(404)
    expect((await get(target, `${target.other}optics.ics`)).text).toContain('SUMMARY:Optics II')
  })

  step('meets a conflict', async () => {
    await put(target, `${target.room}optics.ics`, lecture({ uid: 'cadaver-2', summary: 'Another', hour: 15 }))
    expect(await cadaver('unset overwrite', 'move optics.ics ../lh102/optics.ics')).toMatch(/412|fail/i)
    expect((await stored('optics.ics')).text).toContain('SUMMARY:Another')
    expect((await get(target, `${target.other}optics.ics`)).text).toContain('SUMMARY:Optics II')
  })

  step('deletes', async () => {
    expect(await cadaver('delete optics.ics', 'rm there.ics')).not.toContain('failed')
    expect((await stored('optics.ics')).status).toBe(404)
    expect((await stored('there.ics')).status).toBe(404)
  })
})
