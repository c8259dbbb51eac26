import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { ask, get, propfind, put } from './support/dav.ts'
import { type Folder, mustRun, need, run, temporaryFolder } from './support/process.ts'
import { steps } from './support/step.ts'
import { openTarget, type Target } from './support/target.ts'
import { lecture } from './support/text.ts'

const step = steps('vdirsyncer')

const config = (target: Target, resolution: string) => `[general]
status_path = "status/"

[pair rooms]
a = "disk"
b = "gateway"
collections = ["from b"]
metadata = ["displayname", "color"]
conflict_resolution = ${resolution}

[storage disk]
type = "filesystem"
path = "calendars/"
fileext = ".ics"

[storage gateway]
type = "caldav"
url = "${target.root}"
username = "${target.user}"
password = "${target.password}"
`

const khalConfig = (folder: string) => `[calendars]
[[room]]
path = calendars/lh101
type = calendar
[locale]
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
local_timezone = Europe/Berlin
default_timezone = Europe/Berlin
[sqlite]
path = ${folder}/khal.db
[default]
default_calendar = room
`

const isoDay = (offset: number) => Temporal.Now.plainDateISO('UTC').add({ days: offset }).toString()

describe('vdirsyncer with khal', () => {
  let target: Target
  let folder: Folder
  const disk = (name: string) => join(folder.path, 'calendars/lh101', name)
  const vdirsyncer = (...args: string[]) =>
    run('vdirsyncer', ['-c', 'config', ...args], { cwd: folder.path, input: 'y\n'.repeat(20) })
  const sync = async (collection = 'lh101') => {
    const ran = await vdirsyncer('sync', `rooms/${collection}`)
    if (ran.code !== 0) throw new Error(`sync: exit ${ran.code}\n${ran.out}${ran.err}`)
    return ran.out + ran.err
  }
  const khal = (...args: string[]) => mustRun('khal', ['-c', 'khal.conf', ...args], { cwd: folder.path })
  const onServer = (name: string) => get(target, `${target.room}${name}`)
  const local = lecture({ uid: 'vd-local', summary: 'From the disk', lines: ['X-ROOM-SETUP:U-shape'] })

  beforeAll(async () => {
    await need({ vdirsyncer: 'vdirsyncer', khal: 'khal' })
    target = await openTarget()
    folder = await temporaryFolder('vdirsyncer')
    await mkdir(join(folder.path, 'calendars'))
    await writeFile(join(folder.path, 'config'), config(target, 'null'))
    await writeFile(join(folder.path, 'khal.conf'), khalConfig(folder.path))
    await put(target, `${target.room}vd-there.ics`, lecture({ uid: 'vd-there', summary: 'From the server', hour: 13 }))
  })
  afterAll(async () => {
    await target?.close()
    await folder?.remove()
  })

  step('discovers', async () => {
    const ran = await vdirsyncer('discover')
    expect(ran.out + ran.err).not.toMatch(/error|critical/i)
    expect(ran.code).toBe(0)
    expect(await readdir(join(folder.path, 'calendars'))).toEqual(expect.arrayContaining(['lh101', 'lh102']))
  })

  step('syncs what is there', async () => {
    await sync()
    const lines = (text: string) => text.replaceAll('\r', '')
    expect(lines(await readFile(disk('vd-there.ics'), 'utf8'))).toBe(lines((await onServer('vd-there.ics')).text))
  })

  step('syncs every calendar of the home', async () => {
    const ran = await vdirsyncer('sync')
    expect(ran.out + ran.err).not.toMatch(/error|critical|warning/i)
    expect(ran.code).toBe(0)
  })

  step('creates', async () => {
    await writeFile(disk('vd-local.ics'), local)
    expect(await sync()).toContain('Copying (uploading) item vd-local')
    const stored = (await onServer('vd-local.ics')).text
    expect(stored).toContain('SUMMARY:From the disk')
    expect(stored).toContain('X-ROOM-SETUP:U-shape')
  })

  step('does nothing when nothing changed', async () => {
    expect(await sync()).not.toMatch(/Copying|Deleting/)
  })

  step('changes', async () => {
    await writeFile(disk('vd-local.ics'), local.replace('From the disk', 'Changed on the disk'))
    expect(await sync()).toContain('Copying (updating) item vd-local')
    expect((await onServer('vd-local.ics')).text).toContain('SUMMARY:Changed on the disk')
  })

  step('takes a change made elsewhere', async () => {
    await put(target, `${target.room}vd-there.ics`, lecture({ uid: 'vd-there', summary: 'Changed there', hour: 13 }))
    await sync()
    expect(await readFile(disk('vd-there.ics'), 'utf8')).toContain('SUMMARY:Changed there')
  })

  step('carries colour and name', async () => {
    const named = await vdirsyncer('metasync')
    expect(named.out + named.err).not.toMatch(/error|critical/i)
    await writeFile(join(folder.path, 'calendars/lh101/color'), '#ff8000')
    expect((await vdirsyncer('metasync')).code).toBe(0)
    const colour = await propfind(target, target.room, 0, '<A:calendar-color xmlns:A="http://apple.com/ns/ical/"/>')
    expect(colour.text).toMatch(/>#ff8000/i)
  })

  step('shows the room in khal and books from it', async () => {
    expect((await khal('list', isoDay(14), '1d')).out).toMatch(/09:00-10:00 Changed on the disk/)
    await khal('new', '-a', 'room', isoDay(16), '15:00', '16:30', 'Booked in khal')
    expect(await sync()).toContain('Copying (uploading) item')
    const calendar = await get(target, target.room)
    expect(calendar.text).toContain('SUMMARY:Booked in khal')
  })

  step('meets a conflict', async () => {
    await writeFile(disk('vd-local.ics'), local.replace('From the disk', 'Mine'))
    await put(target, `${target.room}vd-local.ics`, local.replace('From the disk', 'Theirs'))
    const ran = await vdirsyncer('sync', 'rooms/lh101')
    expect(ran.code).not.toBe(0)
    expect(ran.out + ran.err).toMatch(/One item changed on both sides/i)
    expect((await onServer('vd-local.ics')).text).toContain('SUMMARY:Theirs')
    await writeFile(join(folder.path, 'config'), config(target, '"a wins"'))
    await sync()
    expect((await onServer('vd-local.ics')).text).toContain('SUMMARY:Mine')
  })

  step('deletes', async () => {
    await rm(disk('vd-local.ics'))
    expect(await sync()).toContain('Deleting item vd-local')
    expect((await onServer('vd-local.ics')).status).toBe(404)
  })

  step('takes a deletion made elsewhere', async () => {
    expect((await ask(target, 'DELETE', `${target.room}vd-there.ics`)).status).toBeLessThan(300)
    await sync()
    expect(await readdir(join(folder.path, 'calendars/lh101'))).not.toContain('vd-there.ics')
  })
})
