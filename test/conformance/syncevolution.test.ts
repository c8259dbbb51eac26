import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { ask, get, put } from './support/dav.ts'
import { type Folder, mustRun, need, temporaryFolder } from './support/process.ts'
import { steps } from './support/step.ts'
import { openTarget, type Target } from './support/target.ts'
import { lecture } from './support/text.ts'

const step = steps('syncevolution')

describe('SyncEvolution', () => {
  let target: Target
  let folder: Folder
  let clock = 0
  const syncevolution = async (...args: string[]) => {
    const home = folder.path
    const folders = {
      HOME: home,
      XDG_CONFIG_HOME: `${home}/c`,
      XDG_CACHE_HOME: `${home}/k`,
      XDG_DATA_HOME: `${home}/d`,
    }
    return (await mustRun('syncevolution', ['--daemon=no', ...args], { cwd: home, env: folders })).out
  }
  const login = () => [`username=${target.user}`, `password=${target.password}`]
  const sync = () => syncevolution('room@disk')
  const disk = (name: string) => join(folder.path, 'disk', name)
  const fileOf = async (uid: string) => {
    for (const name of await readdir(disk('')))
      if ((await readFile(disk(name), 'utf8')).includes(`UID:${uid}`)) return name
    throw new Error(`no file of ${uid}`)
  }
  /** Its file backend sees a change by the time of the file, in whole seconds. */
  const write = async (name: string, text: string) => {
    await writeFile(disk(name), text)
    clock += 2
    const time = Date.now() / 1000 + clock
    await utimes(disk(name), time, time)
  }
  const edit = async (uid: string, from: string, to: string) => {
    const name = await fileOf(uid)
    await write(name, (await readFile(disk(name), 'utf8')).replace(from, to))
  }
  const calendar = async () => (await get(target, target.room)).text

  beforeAll(async () => {
    await need({ syncevolution: 'syncevolution' })
    target = await openTarget()
    folder = await temporaryFolder('syncevolution')
    await mkdir(disk(''))
    await put(target, `${target.room}there.ics`, lecture({ uid: 'se-there', summary: 'There' }))
    const common = ['--configure', '--keyring=no', '--template', 'none']
    const remote = ['calendar/backend=caldav', `calendar/database=${target.room}`, 'target-config@room', 'calendar']
    await syncevolution(...common, ...login(), `syncURL=${target.root}`, ...remote)
    const local = ['calendar/backend=file', `calendar/database=file://${disk('')}`]
    const format = ['calendar/databaseFormat=text/calendar', 'room@disk', 'calendar']
    const twoWay = ['syncURL=local://@room', 'peerIsClient=1', 'username=', 'password=', 'sync=two-way']
    await syncevolution(...common, ...twoWay, ...local, ...format)
  })
  afterAll(async () => {
    await target?.close()
    await folder?.remove()
  })

  step('discovers', async () => {
    const said = await syncevolution('--print-databases', 'backend=caldav', `syncURL=${target.root}`, ...login())
    expect(said).toContain(target.room)
    expect(said).toContain(target.other)
  })

  step('syncs what is there', async () => {
    expect(await syncevolution('--sync', 'slow', 'room@disk')).toMatch(/completed successfully/)
    expect(await readFile(disk(await fileOf('se-there')), 'utf8')).toContain('SUMMARY:There')
  })

  step('creates', async () => {
    await write('new', lecture({ uid: 'se-new', summary: 'New', hour: 11 }))
    await sync()
    expect(await calendar()).toContain('SUMMARY:New')
  })

  step('changes', async () => {
    await edit('se-new', 'SUMMARY:New', 'SUMMARY:Newer')
    await sync()
    expect(await calendar()).toContain('SUMMARY:Newer')
  })

  step('takes a change made elsewhere', async () => {
    await put(target, `${target.room}there.ics`, lecture({ uid: 'se-there', summary: 'Moved', hour: 15 }))
    await sync()
    expect(await readFile(disk(await fileOf('se-there')), 'utf8')).toContain('SUMMARY:Moved')
  })

  step('meets a conflict', async () => {
    await edit('se-there', 'SUMMARY:Moved', 'SUMMARY:Mine')
    await put(target, `${target.room}there.ics`, lecture({ uid: 'se-there', summary: 'Theirs', hour: 15 }))
    expect(await sync()).toMatch(/\|\s+1\s+\|\n.*\n.*discarded/)
    const kept = (await get(target, `${target.room}there.ics`)).text
    const mine = await readFile(disk(await fileOf('se-there')), 'utf8')
    const [, summary] = /SUMMARY:(Mine|Theirs)/.exec(kept) ?? []
    expect(mine).toContain(`SUMMARY:${summary}`)
  })

  step('has nothing to do afterwards', async () => {
    expect(await sync()).toMatch(
      /calendar \| {2}0 {2}\| {2}0 {2}\| {2}0 {2}\| {2}0 {2}\| {2}0 {2}\| {2}0 {2}\| {2}0 {2}\| {2}0 {2}\| {2}0 {2}\|/,
    )
  })

  step('deletes', async () => {
    await rm(disk(await fileOf('se-new')))
    await sync()
    expect(await calendar()).not.toContain('UID:se-new')
  })

  step('takes a deletion made elsewhere', async () => {
    expect((await ask(target, 'DELETE', `${target.room}there.ics`)).status).toBeLessThan(300)
    await sync()
    expect(await readdir(disk(''))).toEqual([])
  })
})
