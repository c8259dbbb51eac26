import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Account, type AccountAccess, type KalturaObject, openAccount } from './support/account.ts'
import { ask, get, put, syncCollection } from './support/dav.ts'
import { type GatewayProcess, openGateway } from './support/gateway.ts'
import { until } from './support/process.ts'
import { day, lecture } from './support/text.ts'

/** Seconds within which either side has what the other was given. */
const soon = 15

const berlin = (offset: number, hour: number) => {
  const text = day(offset)
  const date = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`
  return (
    Temporal.ZonedDateTime.from(`${date}T${String(hour).padStart(2, '0')}:00[Europe/Berlin]`).epochMilliseconds / 1000
  )
}

describe('a calendar client and kaltura-client on the embedded account', () => {
  let gateway: GatewayProcess
  let account: Account
  let resourceId: number
  let token = ''
  const room = () => `${gateway.url}/dav/calendars/lh101/`

  const inAccount = async (uid: string) => {
    const filter = account.make('ScheduleEventFilter', { referenceIdEqual: uid })
    const found = (await account.list('scheduleEvent', filter)) as readonly KalturaObject[]
    return found.filter(({ status }) => status === 2)
  }
  const seen = (uid: string, test: (found: readonly KalturaObject[]) => boolean) =>
    until(`${uid} in the account`, soon, async () => {
      const found = await inAccount(uid)
      return test(found) ? found : undefined
    })
  /** The bodies that the client's next sync-collections bring, until one passes the test. */
  const nextSync = (what: string, test: (body: string) => boolean) =>
    until(what, soon, async () => {
      const changes = await syncCollection(gateway, room(), token)
      for (const href of changes.changed.keys()) {
        const { text } = await get(gateway, new URL(href, gateway.url).href)
        if (!test(text)) continue
        token = changes.token
        return { href, text }
      }
      return undefined
    })

  beforeAll(async () => {
    gateway = await openGateway({ rooms: ['lh101', 'lh102'] })
    const access = JSON.parse(await gateway.cli('account', '--json')) as AccountAccess
    account = await openAccount({ ...access, serviceUrl: gateway.url })
    const filter = account.make('ScheduleResourceFilter', { systemNameEqual: 'lh101' })
    const [found] = await account.list('scheduleResource', filter)
    resourceId = Number(found?.id)
    token = (await syncCollection(gateway, room(), '')).token
  })
  afterAll(() => gateway?.close())

  it('is described by `kaldav account --json`', async () => {
    const access = JSON.parse(await gateway.cli('account', '--json')) as AccountAccess
    expect(access.serviceUrl).toMatch(/^http/)
    expect(access.partnerId).toBeGreaterThan(0)
    expect(access).toMatchObject({ appToken: { id: expect.any(String), token: expect.any(String) } })
    expect(resourceId).toBeGreaterThan(0)
  })

  it('shows kaltura-client what a client PUT', async () => {
    await put(gateway, `${room()}single.ics`, lecture({ uid: 'single@kaldav', summary: 'Single' }))
    const [event] = await seen('single@kaldav', found => found.length === 1)
    expect(event).toMatchObject({ summary: 'Single', startDate: berlin(14, 9), endDate: berlin(14, 10) })
    const filter = account.make('ScheduleEventResourceFilter', { eventIdEqual: event?.id })
    const links = await account.list('scheduleEventResource', filter)
    expect(links.map(link => link.resourceId)).toEqual([resourceId])
  })

  it('keeps a series in step, occurrence for occurrence', async () => {
    const series = lecture({ uid: 'series@kaldav', summary: 'Series', hour: 11, lines: ['RRULE:FREQ=WEEKLY;COUNT=4'] })
    await put(gateway, `${room()}series.ics`, series)
    const filter = account.make('ScheduleEventFilter', { resourceIdsLike: String(resourceId), statusEqual: 2 })
    const starts = await until('four occurrences', soon, async () => {
      const found = await account.list('scheduleEvent', filter)
      const times = found.filter(one => one.summary === 'Series' && one.recurrenceType !== 1).map(one => one.startDate)
      return times.length === 4 ? times.sort() : undefined
    })
    expect(starts).toEqual([14, 21, 28, 35].map(offset => berlin(offset, 11)))
  })

  it('carries a change, and leaves the bytes of the client alone', async () => {
    const changed = lecture({ uid: 'single@kaldav', summary: 'Single II', hour: 13 })
    const etag = await put(gateway, `${room()}single.ics`, changed)
    await seen('single@kaldav', ([one]) => one?.summary === 'Single II' && one.startDate === berlin(14, 13))
    const stored = await get(gateway, `${room()}single.ics`)
    expect(stored.headers.get('etag')).toBe(etag)
    expect(stored.text).toBe(changed)
  })

  it('brings an event added through kaltura-client to the next sync-collection', async () => {
    token = (await syncCollection(gateway, room(), '')).token
    const times = { startDate: berlin(15, 9), endDate: berlin(15, 10) }
    const event = account.make('RecordScheduleEvent', { summary: 'From Kaltura', recurrenceType: 0, ...times })
    const { id } = await account.call('scheduleEvent', 'add', event)
    const link = account.make('ScheduleEventResource', { eventId: id, resourceId })
    await account.call('scheduleEventResource', 'add', link)
    const { text } = await nextSync('the event in the calendar', body => body.includes('SUMMARY:From Kaltura'))
    expect(text).toMatch(new RegExp(`DTSTART[^\\r]*:${day(15)}T`))
  })

  it('brings a change made through kaltura-client', async () => {
    const [event] = await inAccount('single@kaldav')
    const patch = account.make('RecordScheduleEvent', { summary: 'Renamed in Kaltura' })
    await account.call('scheduleEvent', 'update', event?.id, patch)
    const { href } = await nextSync('the new title', body => body.includes('SUMMARY:Renamed in Kaltura'))
    expect(href).toContain('single.ics')
  })

  it('takes a deletion from either side to the other', async () => {
    expect((await ask(gateway, 'DELETE', `${room()}series.ics`)).status).toBeLessThan(300)
    await seen('series@kaldav', found => found.length === 0)
    const [event] = await inAccount('single@kaldav')
    await account.call('scheduleEvent', 'deleteAction', event?.id)
    await until('the calendar without it', soon, async () =>
      (await get(gateway, `${room()}single.ics`)).status === 404 ? true : undefined,
    )
  })

  it('ends in peace: nothing changes any more', async () => {
    const settled = (await syncCollection(gateway, room(), '')).token
    await new Promise(resolve => setTimeout(resolve, 3000))
    const after = await syncCollection(gateway, room(), settled)
    expect([...after.changed.keys(), ...after.removed]).toEqual([])
    expect(gateway.output()).not.toMatch(/"level":(50|60)/)
  })
})
