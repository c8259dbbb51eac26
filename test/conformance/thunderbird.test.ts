import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { ask, get, put } from './support/dav.ts'
import { type Marionette, openMarionette } from './support/marionette.ts'
import { ended, type Folder, need, temporaryFolder, until } from './support/process.ts'
import { steps } from './support/step.ts'
import { openTarget, type Target } from './support/target.ts'
import { lecture } from './support/text.ts'

const step = steps('thunderbird')

/** A quiet first start, and Marionette on a port of its own choice. */
const preferences = {
  'marionette.port': 0,
  'datareporting.policy.dataSubmissionEnabled': false,
  'mail.provider.suppress_dialog_on_startup': true,
  'mail.spotlight.firstRunDone': true,
  'mail.rights.version': 1,
  'app.donation.eoy.version.viewed': 999,
  'app.update.enabled': false,
  'network.captive-portal-service.enabled': false,
}

/** What its windows do: save the password, find and register calendars, change events. */
const inThunderbird = {
  savePassword: `
    const login = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo)
    login.init(args[0], null, args[1], args[2], args[3], '', '')
    await Services.logins.addLoginAsync(login)`,
  discover: `
    const found = await cal.provider.detection.detect(args[1], args[2], args[0], false, [], {})
    const calendars = [...found.values()].flat()
    for (const calendar of calendars) {
      calendar.setProperty('cache.enabled', true)
      cal.manager.registerCalendar(calendar)
    }
    return calendars.map(calendar => calendar.uri.spec)`,
  calendars: `
    return cal.manager.getCalendars().filter(one => one.type === 'caldav').map(one => ({
      uri: one.uri.spec, name: one.name, readOnly: one.readOnly || !cal.acl.isCalendarWritable(one),
      disabled: !!one.getProperty('disabled'), status: one.getProperty('currentStatus') }))`,
  /** Asks the server and waits until the calendar says that it has loaded. */
  refresh: `
    const calendar = cal.manager.getCalendars().find(one => one.uri.spec === args[0])
    await new Promise(resolve => {
      const observer = {
        QueryInterface: ChromeUtils.generateQI(['calIObserver']),
        onLoad() { calendar.removeObserver(observer); resolve() },
        onStartBatch() {}, onEndBatch() {}, onAddItem() {}, onModifyItem() {}, onDeleteItem() {},
        onError() {}, onPropertyChanged() {}, onPropertyDeleting() {} }
      calendar.addObserver(observer)
      calendar.refresh()
    })
    const items = await calendar.getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null)
    return Object.fromEntries(items.map(item => [item.id, item.title]))`,
  add: `
    const calendar = cal.manager.getCalendars().find(one => one.uri.spec === args[0])
    const { CalEvent } = ChromeUtils.importESModule('resource:///modules/CalEvent.sys.mjs')
    const item = await calendar.addItem(new CalEvent(args[1]))
    return item.id`,
  modify: `
    const calendar = cal.manager.getCalendars().find(one => one.uri.spec === args[0])
    const old = await calendar.getItem(args[1])
    const item = old.clone()
    item.title = args[2]
    return (await calendar.modifyItem(item, old)).title`,
  /** Changes a title while the conflict dialog waits: takes the server's copy, as its first button does. */
  modifyInConflict: `
    const calendar = cal.manager.getCalendars().find(one => one.uri.spec === args[0])
    const old = await calendar.getItem(args[1])
    const item = old.clone()
    item.title = args[2]
    return await new Promise(resolve => {
      const watcher = (subject, topic) => {
        if (topic !== 'domwindowopened') return
        subject.addEventListener('load', () => {
          if (!subject.location.href.includes('calendar-conflicts-dialog')) return
          Services.ww.unregisterNotification(watcher)
          subject.setTimeout(() => subject.document.querySelector('dialog').cancelDialog(), 100)
          resolve('asked')
        }, { once: true })
      }
      Services.ww.registerNotification(watcher)
      calendar.modifyItem(item, old).then(() => resolve('wrote'), error => resolve('refused ' + error))
    })`,
  remove: `
    const calendar = cal.manager.getCalendars().find(one => one.uri.spec === args[0])
    await calendar.deleteItem(await calendar.getItem(args[1]))`,
  quit: `Services.startup.quit(Ci.nsIAppStartup.eAttemptQuit)`,
} as const

const useCal = `const { cal } = ChromeUtils.importESModule('resource:///modules/calendar/calUtils.sys.mjs');`

const vevent = (uid: string, summary: string, hour: number) => {
  const [text = ''] = /BEGIN:VEVENT[\s\S]*END:VEVENT\r\n/.exec(lecture({ uid, summary, hour })) ?? []
  return text
}

describe('Thunderbird', () => {
  let target: Target
  let folder: Folder
  let program: ChildProcess
  let marionette: Marionette | undefined

  const call = <T>(what: keyof typeof inThunderbird, ...args: readonly unknown[]): Promise<T> => {
    if (!marionette) throw new Error('Thunderbird does not run')
    return marionette.run<T>(useCal + inThunderbird[what], ...args)
  }
  const refresh = () => call<Record<string, string>>('refresh', target.room)
  const calendar = async () => (await get(target, target.room)).text

  beforeAll(async () => {
    await need({ thunderbird: 'thunderbird' })
    target = await openTarget()
    folder = await temporaryFolder('thunderbird')
    const lines = Object.entries(preferences).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`)
    await writeFile(join(folder.path, 'user.js'), lines.join('\n'))
    await put(target, `${target.room}there.ics`, lecture({ uid: 'tb-there', summary: 'There', hour: 13 }))
    const flags = [
      '--headless',
      '--marionette',
      '--remote-allow-system-access',
      '--no-remote',
      '--profile',
      folder.path,
    ]
    const env = { ...process.env, HOME: folder.path, TZ: 'Europe/Berlin' }
    program = spawn('thunderbird', flags, { env, stdio: 'ignore' })
    const port = await until('Marionette', 60, async () =>
      readFile(join(folder.path, 'MarionetteActivePort'), 'utf8').catch(() => undefined),
    )
    marionette = await openMarionette(Number(port))
  }, 90_000)

  afterAll(async () => {
    marionette?.close()
    if (program) {
      program.kill('SIGTERM')
      await ended(program, 10)
    }
    await target?.close()
    await folder?.remove()
  })

  step('discovers', async () => {
    const { headers } = await fetch(target.room, { method: 'PROPFIND' })
    const [, realm] = /Basic realm="([^"]*)"/.exec(headers.get('www-authenticate') ?? '') ?? []
    await call('savePassword', new URL(target.root).origin, realm, target.user, target.password)
    const found = await call<string[]>('discover', target.root, target.user, target.password)
    expect(found).toEqual(expect.arrayContaining([target.room, target.other]))
  })

  step('syncs what is there', async () => {
    expect(await refresh()).toEqual({ 'tb-there': 'There' })
  })

  step('may write to the room', async () => {
    const calendars = await call<{ uri: string; readOnly: boolean; disabled: boolean }[]>('calendars')
    expect(calendars.find(one => one.uri === target.room)).toMatchObject({ readOnly: false, disabled: false })
  })

  step('creates', async () => {
    await call('add', target.room, vevent('tb-1', 'Acoustics', 9))
    expect(await calendar()).toContain('SUMMARY:Acoustics')
  })

  step('changes', async () => {
    await call('modify', target.room, 'tb-1', 'Acoustics II')
    expect(await calendar()).toContain('SUMMARY:Acoustics II')
  })

  step('takes a change made elsewhere', async () => {
    await put(target, `${target.room}there.ics`, lecture({ uid: 'tb-there', summary: 'Moved', hour: 15 }))
    await put(target, `${target.room}new.ics`, lecture({ uid: 'tb-new', summary: 'New', hour: 17 }))
    expect(await refresh()).toEqual({ 'tb-there': 'Moved', 'tb-new': 'New', 'tb-1': 'Acoustics II' })
  })

  step('meets a conflict', async () => {
    await put(target, `${target.room}there.ics`, lecture({ uid: 'tb-there', summary: 'Theirs', hour: 15 }))
    expect(await call('modifyInConflict', target.room, 'tb-there', 'Mine')).toBe('asked')
    expect((await get(target, `${target.room}there.ics`)).text).toContain('SUMMARY:Theirs')
    const again = await until('the server copy', 20, async () => {
      const items = await refresh()
      return items['tb-there'] === 'Theirs' ? items : undefined
    })
    expect(again).toMatchObject({ 'tb-there': 'Theirs' })
  })

  step('deletes', async () => {
    await call('remove', target.room, 'tb-1')
    expect(await calendar()).not.toContain('UID:tb-1')
  })

  step('takes a deletion made elsewhere', async () => {
    expect((await ask(target, 'DELETE', `${target.room}new.ics`)).status).toBeLessThan(300)
    expect(await refresh()).toEqual({ 'tb-there': 'Theirs' })
  })

  step('still has every calendar enabled', async () => {
    const calendars = await call<{ uri: string; disabled: boolean; status: number }[]>('calendars')
    expect(calendars.filter(one => one.disabled || one.status)).toEqual([])
  })

  step('keeps its cache when it has ended', async () => {
    await call('quit').catch(() => {})
    expect(await ended(program, 30)).toBe(0)
    const cache = new DatabaseSync(join(folder.path, 'calendar-data/cache.sqlite'), { readOnly: true })
    const titles = cache.prepare('SELECT DISTINCT title FROM cal_events WHERE id = ?').all('tb-there')
    cache.close()
    expect(titles).toContainEqual({ title: 'Theirs' })
  })
})
