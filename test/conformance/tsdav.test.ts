import { type DAVCalendar, DAVClient } from 'tsdav'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { get, put } from './support/dav.ts'
import { steps } from './support/step.ts'
import { openTarget, type Target } from './support/target.ts'
import { day, lecture } from './support/text.ts'

const step = steps('tsdav')
/** RFC 5545 §3.1. */
const unfold = (text: string) => text.replaceAll(/\r?\n[ \t]/g, '')

describe('tsdav', () => {
  let target: Target
  let client: DAVClient
  let room: DAVCalendar
  let other: DAVCalendar
  const uid = 'tsdav-1@example.edu'
  const created = lecture({ uid, summary: 'Optics', lines: ['RRULE:FREQ=WEEKLY;COUNT=3'] })
  const url = () => `${target.room}tsdav-1.ics`

  beforeAll(async () => {
    target = await openTarget()
    client = new DAVClient({
      serverUrl: target.root,
      credentials: { username: target.user, password: target.password },
      authMethod: 'Basic',
      defaultAccountType: 'caldav',
    })
  })
  afterAll(() => target?.close())

  step('discovers', async () => {
    await client.login()
    const calendars = await client.fetchCalendars()
    const found = (at: string) => calendars.find(calendar => calendar.url === at)
    expect(calendars.map(calendar => calendar.url)).toEqual(expect.arrayContaining([target.room, target.other]))
    room = found(target.room) as DAVCalendar
    other = found(target.other) as DAVCalendar
    expect(room.components).toContain('VEVENT')
    expect(room.reports).toContain('syncCollection')
  })

  step('syncs what is there', async () => {
    await put(target, `${target.room}there.ics`, lecture({ uid: 'there@example.edu', summary: 'There' }))
    const objects = await client.fetchCalendarObjects({ calendar: room })
    expect(objects.map(object => object.url)).toContain(`${target.room}there.ics`)
    const there = objects.find(object => object.url.endsWith('there.ics'))
    expect(there?.data).toContain('SUMMARY:There')
    expect(there?.etag).toMatch(/^"|^[^"]+$/)
  })

  step('creates', async () => {
    const answer = await client.createCalendarObject({ calendar: room, iCalString: created, filename: 'tsdav-1.ics' })
    expect(answer.status).toBe(201)
    const stored = await get(target, url())
    expect(stored.text).toContain('SUMMARY:Optics')
    expect(stored.headers.get('etag')).toBeTruthy()
  })

  step('creates nothing over what is there', async () => {
    const body = created.replace('Optics', 'Usurper')
    const answer = await client.createCalendarObject({ calendar: room, iCalString: body, filename: 'tsdav-1.ics' })
    expect(answer.status).toBe(412)
    expect((await get(target, url())).text).toContain('SUMMARY:Optics')
  })

  step('finds an occurrence by time, expanded', async () => {
    const iso = (offset: number) => Temporal.Now.plainDateISO('UTC').add({ days: offset }).toString()
    const objects = await client.fetchCalendarObjects({
      calendar: room,
      timeRange: { start: `${iso(20)}T00:00:00Z`, end: `${iso(23)}T00:00:00Z` },
      expand: true,
    })
    expect(objects.map(object => object.url)).toEqual([url()])
    expect(objects[0]?.data).toContain(day(21))
    expect(objects[0]?.data).not.toContain('RRULE')
  })

  step('changes', async () => {
    const [object] = await client.fetchCalendarObjects({ calendar: room, objectUrls: [url()] })
    const data = String(object?.data).replace('Optics', 'Optics II')
    const answer = await client.updateCalendarObject({ calendarObject: { url: url(), data, etag: object?.etag ?? '' } })
    expect(answer.ok).toBe(true)
    expect((await get(target, url())).text).toContain('SUMMARY:Optics II')
  })

  step('syncs only what changed', async () => {
    const before = await client.fetchCalendarObjects({ calendar: room })
    const local = { ...room, objects: before, objectMultiGet: client.calendarMultiGet.bind(client) }
    const idle = await client.smartCollectionSync({ collection: local, method: 'webdav', detailedResult: true })
    expect([idle.objects.created.length, idle.objects.updated.length, idle.objects.deleted.length]).toEqual([0, 0, 0])
    await put(target, `${target.room}new.ics`, lecture({ uid: 'new@example.edu', summary: 'New', offset: 15 }))
    await put(target, `${target.room}there.ics`, lecture({ uid: 'there@example.edu', summary: 'Moved', hour: 11 }))
    const news = await client.smartCollectionSync({ collection: local, method: 'webdav', detailedResult: true })
    expect(news.objects.created.map(object => object.url)).toEqual([`${target.room}new.ics`])
    expect(news.objects.updated.map(object => object.url)).toEqual([`${target.room}there.ics`])
    expect(await client.isCollectionDirty({ collection: room })).toMatchObject({ isDirty: true })
  })

  step('meets a conflict', async () => {
    const [mine] = await client.fetchCalendarObjects({ calendar: room, objectUrls: [url()] })
    await put(target, url(), String(mine?.data).replace('Optics II', 'Theirs'))
    const data = String(mine?.data).replace('Optics II', 'Mine')
    const answer = await client.updateCalendarObject({ calendarObject: { url: url(), data, etag: mine?.etag ?? '' } })
    expect(answer.status).toBe(412)
    const gone = await client.deleteCalendarObject({ calendarObject: { url: url(), etag: mine?.etag ?? '' } })
    expect(gone.status).toBe(412)
    expect((await get(target, url())).text).toContain('SUMMARY:Theirs')
  })

  step('asks for free and busy time', async () => {
    const iso = (offset: number) => Temporal.Now.plainDateISO('UTC').add({ days: offset }).toString()
    const timeRange = { start: `${iso(13)}T00:00:00Z`, end: `${iso(23)}T00:00:00Z` }
    const answer = await client.freeBusyQuery({ url: target.room, timeRange })
    expect(answer.status).toBe(200)
    expect(unfold(String(answer.raw))).toMatch(new RegExp(`FREEBUSY[^\\n]*${day(21)}`))
  })

  step('deletes', async () => {
    const [object] = await client.fetchCalendarObjects({ calendar: room, objectUrls: [url()] })
    const answer = await client.deleteCalendarObject({ calendarObject: { url: url(), etag: object?.etag ?? '' } })
    expect(answer.ok).toBe(true)
    expect((await get(target, url())).status).toBe(404)
    const left = await client.fetchCalendarObjects({ calendar: room })
    expect(left.map(object => object.url)).not.toContain(url())
  })

  step('finds the other room untouched', async () => {
    expect(await client.fetchCalendarObjects({ calendar: other })).toEqual([])
  })
})
