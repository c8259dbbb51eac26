import { afterAll, beforeAll, expect, it } from 'vitest'
import { parseCalendar } from '../../src/schedule/ical.ts'
import { actor, event } from '../store/events.ts'
import { startTestGateway, type TestGateway } from './gateway.ts'

/** More than are read at once. */
const uids = Array.from({ length: 450 }, (_, index) => `e${index}`).sort()
let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway()
  await gateway.store.write(actor, async tx => {
    for (const uid of uids) await tx.put(event(uid, { on: [101] }))
  })
})
afterAll(() => gateway.close())

const whole = (path: string, accept = 'text/calendar') => gateway.call('GET', path, { headers: { accept } })

it('a calendar of many events is one text, with each event and its time zone once', async () => {
  const { headers, body } = await whole('/dav/calendars/lh101/')
  expect(headers['content-length']).toBe(String(Buffer.byteLength(body)))
  expect(
    parseCalendar(body)
      .events.map(({ uid }) => uid)
      .sort(),
  ).toEqual(uids)
  expect(body.match(/^TZID:Europe\/Berlin/gm)).toHaveLength(1)
  expect(body.match(/^(?:BEGIN|END):VCALENDAR/gm)).toEqual(['BEGIN:VCALENDAR', 'END:VCALENDAR'])
})

type Component = [name: string, properties: [string, unknown, string, unknown][], components: Component[]]

it('and one jCal document, which holds the same', async () => {
  const { headers, body } = await whole('/dav/calendars/lh101/', 'application/calendar+json')
  expect(headers['content-type']).toContain('application/calendar+json')
  const [name, , components] = JSON.parse(body) as Component
  expect(name).toBe('vcalendar')
  const uidOf = ([, properties]: Component) => properties.find(([property]) => property === 'uid')?.[3]
  const events = components.filter(([component]) => component === 'vevent')
  expect(events.map(uidOf).sort()).toEqual(uids)
  expect(components.filter(([component]) => component === 'vtimezone')).toHaveLength(1)
})

it('also where a calendar is empty', async () => {
  const { body } = await whole('/dav/calendars/lh102/', 'application/calendar+json')
  expect(JSON.parse(body)).toMatchObject(['vcalendar', expect.anything(), []])
  expect(parseCalendar((await whole('/dav/calendars/lh102/')).body).events).toEqual([])
})
