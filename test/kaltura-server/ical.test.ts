import ICAL from 'ical.js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verbatimZone } from '../../src/kaltura-server/ical/verbatim-zone.ts'
import type { Output } from '../../src/kaltura-server/wire/output.ts'
import { EVENT, type Json, LINK, NOW, RESOURCE, recording, series, startAccount, type TestAccount } from './account.ts'

let account: TestAccount
const at = (text: string): number => Date.parse(text) / 1000

beforeAll(async () => {
  account = await startAccount()
})
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
})

const add = (event: Json): Promise<Json> => account.admin(EVENT, 'add', { scheduleEvent: event })
const calendar = async (filter: string): Promise<string> =>
  account.get(`/service/${EVENT}/action/list/format/ical/ks/${await account.adminKs()}/${filter}`)
const parse = (text: string): ICAL.Component => new ICAL.Component(ICAL.parse(text))
const events = (text: string): ICAL.Component[] => parse(text).getAllSubcomponents('vevent')
const value = (component: ICAL.Component | undefined, name: string): string =>
  String(component?.getFirstPropertyValue(name))

describe('standard output', () => {
  test('text is escaped and folded, and read back as it was', async () => {
    const description = `Line one\nLine two: with colon, comma; semicolon \\ ${'überlang '.repeat(30)}`
    const added = await add(
      recording({ summary: 'A, B; C', description, referenceId: 'esc@x', organizer: 'Prof. "X"', contact: 'a,b' }),
    )
    const text = await calendar(`filter:idEqual/${added.id}`)
    expect(text.startsWith('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:')).toBe(true)
    for (const line of text.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75)
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    const [event] = events(text)
    expect(value(event, 'summary')).toBe('A, B; C')
    expect(value(event, 'description')).toBe(description)
    expect(value(event, 'uid')).toBe('esc@x')
    expect(value(event, 'x-kaltura-id')).toBe(String(added.id))
    expect(value(event, 'x-kaltura-type')).toBe('1')
    expect(value(event, 'dtstart')).toBe('2026-03-02T09:00:00Z')
    expect(parse(text).getFirstPropertyValue('x-kaltura-total-count')).toBe('1')
  })
  test('nothing a client writes makes a line of its own', async () => {
    const added = await add(
      recording({ tags: 'a\r\nATTENDEE:mailto:x@x', organizer: 'x:\r\nX-EVIL:1', summary: 'b\rc' }),
    )
    const text = await calendar(`filter:idEqual/${added.id}`)
    expect(text).not.toMatch(/^(ATTENDEE|X-EVIL)/m)
    expect(events(text)).toHaveLength(1)
  })
  test('a series with its occurrences: one UID, RECURRENCE-ID, the rule once, times in the zone across its change', async () => {
    const weekly = await add(
      series(
        { frequency: 'weeks', count: 4, byDay: 'MO', timeZone: 'Europe/Zurich' },
        {
          referenceId: 'weekly@x',
          startDate: at('2026-03-16T08:15:00Z'),
          endDate: at('2026-03-16T09:45:00Z'),
          duration: 5400,
        },
      ),
    )
    const children = await account.admin(EVENT, 'list', { filter: { parentIdEqual: weekly.id, orderBy: '+startDate' } })
    const [, second, third] = children.objects as Json[]
    await account.admin(EVENT, 'update', {
      scheduleEventId: second?.id,
      scheduleEvent: {
        objectType: 'KalturaRecordScheduleEvent',
        startDate: at('2026-03-23T12:15:00Z'),
        endDate: at('2026-03-23T13:45:00Z'),
      },
    })
    await account.admin(EVENT, 'cancel', { scheduleEventId: third?.id })
    const ids = [weekly.id, ...(children.objects as Json[]).map(child => child.id)].join(',')
    const text = await calendar(`filter:idIn/${ids}`)
    const found = events(text)
    expect(found.map(event => value(event, 'uid'))).toEqual(Array.from({ length: 5 }, () => 'weekly@x'))
    expect(found.filter(event => event.hasProperty('rrule'))).toHaveLength(1)
    expect(value(found[0], 'rrule')).toBe('FREQ=WEEKLY;COUNT=4;BYDAY=MO')
    expect(found.slice(1).map(event => value(event, 'recurrence-id'))).toEqual([
      '2026-03-16T09:15:00',
      '2026-03-23T09:15:00',
      '2026-03-30T09:15:00',
      '2026-04-06T09:15:00',
    ])
    expect(value(found[2], 'dtstart')).toBe('2026-03-23T13:15:00')
    expect(value(found[3], 'status')).toBe('CANCELLED')
    const zone = parse(text).getFirstSubcomponent('vtimezone')
    expect(zone?.getFirstPropertyValue('tzid')).toBe('Europe/Zurich')
    const timezone = new ICAL.Timezone(zone as ICAL.Component)
    for (const event of found) {
      const start = event.getFirstPropertyValue('dtstart') as ICAL.Time
      start.zone = timezone
      const id = Number(value(event, 'x-kaltura-id'))
      const now = await account.admin(EVENT, 'get', { scheduleEventId: id })
      expect(start.toUnixTime()).toBe(now.startDate)
    }
  })
  test('without a reference the UID comes from the id, the same for occurrences as for their series', async () => {
    const daily = await add(series({ frequency: 'days', count: 2 }))
    const found = events(await calendar(`filter:parentIdEqual/${daily.id}`))
    const [master] = events(await calendar(`filter:idEqual/${daily.id}`))
    expect(value(master, 'uid')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(found.map(event => value(event, 'uid'))).toEqual([value(master, 'uid'), value(master, 'uid')])
  })
  test('of several events with one reference the first has it as UID; the others are told apart', async () => {
    const uids: string[] = []
    for (let day = 0; day < 3; day += 1) {
      const times = { startDate: NOW + (500 + day) * 86_400, endDate: NOW + (500 + day) * 86_400 + 60 }
      const added = await add(recording({ referenceId: 'pieces@x', ...times }))
      const [event] = events(await calendar(`filter:idEqual/${added.id}`))
      uids.push(value(event, 'uid'))
    }
    expect(uids[0]).toBe('pieces@x')
    expect(new Set(uids).size).toBe(3)
  })
  test('rooms stand for a missing location', async () => {
    const scheduleResource = { objectType: 'KalturaLocationScheduleResource', name: 'HG F 1, left', systemName: 'hg' }
    const room = await account.admin(RESOURCE, 'add', { scheduleResource })
    const added = await add(recording({ startDate: NOW + 9e6, endDate: NOW + 9e6 + 60 }))
    await account.admin(LINK, 'add', { scheduleEventResource: { eventId: added.id, resourceId: room.id } })
    const [event] = events(await calendar(`filter:idEqual/${added.id}`))
    expect(value(event, 'location')).toBe('HG F 1, left')
    expect(value(event, 'x-kaltura-resource-ids')).toBe(String(room.id))
  })
  test('an error is a component of its own', async () => {
    const text = await account.get(`/service/${EVENT}/action/list/format/ical`)
    expect(parse(text).getFirstSubcomponent('x-kaltura-error')?.getFirstPropertyValue('x-kaltura-code')).toBe(
      'MISSING_KS',
    )
  })
})

describe('zones as Kaltura writes them', () => {
  const zoneOf = (timeZone: string, start: string, rule: Json = { frequency: 'weeks', count: 30 }): string => {
    const recurrence = { ...rule, timeZone, objectType: 'KalturaScheduleEventRecurrence' }
    return verbatimZone({ objectType: 'KalturaRecordScheduleEvent', startDate: at(start), recurrence } as Output).join(
      '',
    )
  }
  test('the second Sunday of March becomes the last', () => {
    expect(zoneOf('America/New_York', '2026-01-05T15:00:00Z')).toBe(
      [
        'TZID:America/New_York',
        'BEGIN:STANDARD',
        'TZOFFSETFROM:-0400',
        'TZOFFSETTO:-0500',
        'TZNAME:EST',
        'DTSTART:20251102T060000',
        'RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=-1SU',
        'END:STANDARD',
        'BEGIN:DAYLIGHT',
        'TZOFFSETFROM:-0500',
        'TZOFFSETTO:-0400',
        'TZNAME:EDT',
        'DTSTART:20260308T070000',
        'RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU',
        'END:DAYLIGHT',
        '',
      ].join('\r\n'),
    )
  })
  test('half hours west of Greenwich are off by one', () => {
    expect(zoneOf('America/St_Johns', '2026-01-05T15:00:00Z')).toContain('TZOFFSETTO:-0430\r\n')
  })
  test('a zone that never changes', () => {
    expect(zoneOf('Asia/Kolkata', '2026-01-05T15:00:00Z')).toBe(
      [
        'TZID:Asia/Kolkata',
        'BEGIN:STANDARD',
        'TZOFFSETFROM:+0530',
        'TZOFFSETTO:+0530',
        'TZNAME:Asia/Kolkata',
        'DTSTART:19700101T000000',
        'END:STANDARD',
        '',
      ].join('\r\n'),
    )
  })
  test('a zone nobody knows is left out', () => {
    expect(zoneOf('Mars/Base', '2026-01-05T15:00:00Z')).toBe('')
  })
})

test('verbatim lists repeat the rule and the reference on every occurrence', async () => {
  const plain = await startAccount({ icalOutput: 'verbatim' })
  const weekly = await plain.admin(EVENT, 'add', {
    scheduleEvent: series({ frequency: 'weeks', count: 2, timeZone: 'Europe/Zurich' }, { referenceId: 'w@x' }),
  })
  const text = await plain.get(
    `/service/${EVENT}/action/list/format/ical/ks/${await plain.adminKs()}/filter:parentIdEqual/${weekly.id}`,
  )
  expect(text.match(/^RRULE:FREQ=WEEKLY;COUNT=2\r$/gm)).toHaveLength(2)
  expect(text.match(/^UID:w@x\r$/gm)).toHaveLength(2)
  expect(text.match(/^X-KALTURA-PARENT-UID:w@x\r$/gm)).toHaveLength(2)
  expect(text.match(/^TZID:/gm)).toHaveLength(1)
  await plain.close()
})
