import { afterAll, beforeAll, expect, it } from 'vitest'
import { ics, startTestGateway, type TestGateway } from './gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.close())

const put = (path: string, body: string) =>
  gateway.call('PUT', path, { headers: { 'content-type': 'text/calendar; charset=utf-8' }, body })
const unfolded = async (path: string) => (await gateway.call('GET', path)).body.replaceAll('\r\n ', '')

it('the whole schedule as one text shows where events come from and what they are in conflict with', async () => {
  await put('/dav/calendars/lh101/first.ics', ics('first', ['SUMMARY:First']))
  await put('/dav/calendars/lh101/second.ics', ics('second', ['SUMMARY:Second']))
  const schedule = await unfolded('/dav/calendars/_schedule/')
  expect(schedule.match(/X-KALDAV-SOURCE:caldav/g)).toHaveLength(2)
  expect(schedule).toMatch(/X-KALDAV-CONFLICT:overlap;second;/)
  expect(await unfolded('/dav/calendars/lh101/')).not.toMatch(/X-KALDAV/)
})

it('a conflict says which events, from where, and what to do', async () => {
  const conflicts = await unfolded('/dav/calendars/_conflicts/')
  expect(conflicts).toMatch(/DESCRIPTION:First \(first\)\\, from caldav\\nSecond \(second\)\\, from caldav\\nMove one/)
  expect(conflicts).toMatch(
    /X-KALDAV-SOURCE:caldav\r\nX-KALDAV-CONFLICT:overlap;first,second;\d{8}T\d{6}Z\/\d{8}T\d{6}Z\r\n/,
  )
})

it('an ETag, also of a conflict, is the same for the same text, and not to be guessed from it', async () => {
  const other = await startTestGateway()
  const tag = gateway.store.etagOf('title')
  expect(gateway.store.etagOf('title')).toBe(tag)
  expect(other.store.etagOf('title')).not.toBe(tag)
  await other.close()
  const [name = ''] =
    /\d+\.ics/.exec((await gateway.call('PROPFIND', '/dav/calendars/_conflicts/', { headers: { depth: '1' } })).body) ??
    []
  const path = `/dav/calendars/_conflicts/${name}`
  const { headers } = await gateway.call('GET', path)
  expect((await gateway.call('GET', path, { headers: { 'if-none-match': String(headers.etag) } })).status).toBe(304)
})
