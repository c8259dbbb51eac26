import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EVENT, type Json, LINK, NOW, RESOURCE, recording, series, startAccount, type TestAccount } from './account.ts'

const HOUR = 3600

let account: TestAccount
let ks: string
let room: unknown
let lecture: Json

beforeAll(async () => {
  account = await startAccount({ icalOutput: 'verbatim' })
  ks = await account.adminKs()
  const scheduleResource = { objectType: 'KalturaLocationScheduleResource', name: 'Hall <1>', systemName: 'h1' }
  room = (await account.admin(RESOURCE, 'add', { scheduleResource })).id
  lecture = await account.admin(EVENT, 'add', { scheduleEvent: recording({ tags: 'a & b', referenceId: 'x' }) })
  await account.admin(LINK, 'add', { scheduleEventResource: { eventId: lecture.id, resourceId: room } })
  await account.admin(EVENT, 'add', {
    scheduleEvent: recording({ startDate: NOW - 9 * HOUR, endDate: NOW - 8 * HOUR }),
  })
})
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
})

const post = async (body: string | FormData, type: string | null, path = ''): Promise<Json> => {
  const headers = type === null ? {} : { 'content-type': type }
  return (await (await fetch(`${account.url}/api_v3${path}`, { method: 'POST', headers, body })).json()) as Json
}
const LIST = `/service/${EVENT}/action/list`

describe('ways of asking', () => {
  const found = (answer: unknown): unknown => ((answer as Json).objects as Json[] | undefined)?.map(event => event.id)
  test.each([
    [
      'a path with brackets',
      `${LIST}/format/1/filter[objectType]/KalturaScheduleEventFilter/filter[resourceIdsLike]/ID`,
    ],
    ['a path with colons', `${LIST}/format/1/filter:objectType/KalturaScheduleEventFilter/filter:resourceIdsLike/ID`],
    ['percent-encoded brackets', `${LIST}/format/1/filter%5BresourceIdsLike%5D/ID`],
    ['a query', `${LIST}?format=1&filter[resourceIdsLike]=ID`],
    ['a query with colons', `${LIST}?format=1&filter:resourceIdsLike=ID`],
    ['everything in the query', `/?service=${EVENT}&action=list&format=1&filter:resourceIdsLike=ID`],
    ['index.php in the path', `/index.php${LIST}/format/1/filter:resourceIdsLike/ID`],
    ['lower case', `/service/schedule_scheduleevent/action/list/format/1/filter:resourceIdsLike/ID`],
  ])('GET: %s', async (_name, path) => {
    const text = path.replace('ID', String(room))
    const answer = await account.get(text.includes('?') ? `${text}&ks=${ks}` : `${text}/ks/${ks}`)
    expect(found(JSON.parse(answer))).toEqual([lecture.id])
  })
  test.each([
    ['JSON', 'application/json', { filter: { resourceIdsLike: 'ID' } }],
    ['JSON with a charset', 'application/json; charset=utf-8', { filter: { resourceIdsLike: 'ID' } }],
    ['JSON with a flat name', 'application/json', { 'filter:resourceIdsLike': 'ID' }],
  ])('POST: %s', async (_name, type, body) => {
    const text = JSON.stringify({ ...body, ks, format: 1 }).replace('ID', String(room))
    expect(found(await post(text, type, LIST))).toEqual([lecture.id])
  })
  test('POST: a form, and multipart with and without a part named json', async () => {
    const fields = { 'filter[resourceIdsLike]': String(room), ks, format: '1' }
    const form = new URLSearchParams(fields).toString()
    expect(found(await post(form, 'application/x-www-form-urlencoded', LIST))).toEqual([lecture.id])
    const multipart = new FormData()
    for (const [name, value] of Object.entries(fields)) multipart.append(name, value)
    expect(found(await post(multipart, null, LIST))).toEqual([lecture.id])
    const withJson = new FormData()
    withJson.append('json', JSON.stringify({ ks, format: 1, filter: { resourceIdsLike: String(room) } }))
    expect(found(await post(withJson, null, LIST))).toEqual([lecture.id])
  })
  test('path over query over body', async () => {
    const body = JSON.stringify({ ks, format: 1, scheduleEventId: 1, action: 'list' })
    const answer = await post(
      body,
      'application/json',
      `/service/${EVENT}/action/get/scheduleEventId/77?scheduleEventId=5`,
    )
    expect(answer).toMatchObject({ message: 'Invalid object id [77]' })
    const query = await post(body, 'application/json', `/service/${EVENT}/action/get?scheduleEventId=5`)
    expect(query).toMatchObject({ message: 'Invalid object id [5]' })
  })
  test('the first of two equal keys in the path wins, and an empty segment shifts the pairs', async () => {
    const twice = await account.get(
      `/service/${EVENT}/action/get/format/1/scheduleEventId/6/scheduleEventId/7/ks/${ks}`,
    )
    expect(twice).toContain('Invalid object id [6]')
    const shifted = await account.get(`/service/${EVENT}/action/get/format/1/ks/${ks}/x//scheduleEventId/6`)
    expect(shifted).toContain('Missing parameter \\"scheduleEventId\\"')
  })
  test('arrays by number, and an empty one', async () => {
    const live = { objectType: 'KalturaLiveStreamScheduleEvent', summary: 'l', recurrenceType: '0' }
    const form = new URLSearchParams({ ks, format: '1' })
    const times = { startDate: String(NOW), endDate: String(NOW + 60) }
    for (const [name, value] of Object.entries({ ...live, ...times })) form.append(`scheduleEvent:${name}`, value)
    for (const [index, name] of ['ten', 'two'].entries()) {
      form.append(`scheduleEvent:liveFeatures:${index === 0 ? 10 : 2}:objectType`, 'KalturaLiveCaptionFeature')
      form.append(`scheduleEvent:liveFeatures:${index === 0 ? 10 : 2}:systemName`, name)
    }
    const added = await post(form.toString(), 'application/x-www-form-urlencoded', `/service/${EVENT}/action/add`)
    expect((added.liveFeatures as Json[]).map(feature => feature.systemName)).toEqual(['two', 'ten'])
    const none = new URLSearchParams({ ks, format: '1', 'scheduleEvent:liveFeatures:-': '' })
    none.append('scheduleEvent:objectType', 'KalturaLiveStreamScheduleEvent')
    none.append('scheduleEventId', String(added.id))
    const emptied = await post(none.toString(), 'application/x-www-form-urlencoded', `/service/${EVENT}/action/update`)
    expect(emptied.liveFeatures).toEqual([])
  })
  test('a parameter named like a part of every object does no harm', async () => {
    const answer = await post(
      `{"format":1,"ks":"${ks}","__proto__":{"service":"x"},"filter":{"__proto__":{"idEqual":1},"constructor":1}}`,
      'application/json',
      LIST,
    )
    expect(answer).toHaveProperty('totalCount')
  })
})

describe('bodies that are no good', () => {
  test.each([
    ['broken JSON', 'application/json', '{"ks": '],
    ['a JSON list', 'application/json', '[1,2]'],
    ['another type', 'text/plain', 'hello'],
  ])('%s is passed over', async (_name, type, body) => {
    const answer = await post(body, type, `${LIST}?format=1`)
    expect(answer).toMatchObject({ code: 'MISSING_KS', message: 'Missing KS, session not established' })
  })
  test('more than 1 MiB is refused', async () => {
    const body = JSON.stringify({ ks, summary: 'x'.repeat(1024 * 1024) })
    const response = await fetch(`${account.url}/api_v3${LIST}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    expect(response.status).toBe(413)
    expect(await account.get(`/service/system/action/ping/format/1`)).toBe('true')
  })
  test('multipart that breaks off', async () => {
    const response = await fetch(`${account.url}/api_v3${LIST}?format=1`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=abc' },
      body: '--abc\r\nContent-Disposition: form-data; name="json"\r\n\r\n{"ks"',
    })
    expect(await response.json()).toMatchObject({ code: 'MISSING_KS' })
  })
  test('nesting without end, numbers without bounds, lists without end', async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
    const answer = await post(`{"format":1,"ks":"${ks}","filter":${deep}}`, 'application/json', LIST)
    expect(answer).toHaveProperty('totalCount')
    const flat = await post(JSON.stringify({ format: 1, ks, ['a:'.repeat(50_000)]: 1 }), 'application/json', LIST)
    expect(flat).toHaveProperty('totalCount')
    const filter = {
      idEqual: 1e300,
      parentIdIn: `${'9'.repeat(400)},1e30`,
      startDateGreaterThanOrEqual: 1e40,
      tagsMultiLikeOr: 'x,'.repeat(100_000),
      tagsLike: 'y'.repeat(200_000),
      orderBy: 'constructor,__proto__',
    }
    expect(await account.admin(EVENT, 'list', { filter })).toMatchObject({ totalCount: 0 })
    expect(await account.admin(EVENT, 'get', { scheduleEventId: '99999999999999999999' })).toMatchObject({
      code: 'INVALID_OBJECT_ID',
    })
    const far = recording({ startDate: 1e17, endDate: 1e17 })
    expect(await account.admin(EVENT, 'add', { scheduleEvent: far })).toHaveProperty('id')
    const rule = { frequency: 'years', interval: 1e9, count: 5 }
    const never = series(rule, { startDate: 1e17, endDate: 1e17, duration: 60 })
    expect(await account.admin(EVENT, 'add', { scheduleEvent: never })).toMatchObject({
      code: 'INTERNAL_SERVERL_ERROR',
    })
    expect(await account.get(`${LIST}/format/ical/ks/${ks}/pager:pageSize/500`)).toContain('END:VCALENDAR')
  })
  test('a text is no uploaded file', async () => {
    const answer = await account.admin(RESOURCE, 'addFromBulkUpload', { fileData: { path: '/etc/hostname', size: 1 } })
    expect(answer).toMatchObject({ code: 'UPLOAD_ERROR' })
  })
})

describe('ways of answering', () => {
  const get = `/service/${EVENT}/action/get/scheduleEventId`
  test('XML unless asked otherwise', async () => {
    const response = await fetch(`${account.url}/api_v3${get}/${lecture.id}/ks/${ks}`)
    expect(response.headers.get('content-type')).toBe('text/xml; charset=utf-8')
    const text = await response.text()
    expect(text).toMatch(
      /^<\?xml version="1.0" encoding="utf-8"\?><xml><result><objectType>KalturaRecordScheduleEvent<\/objectType><id>/,
    )
    expect(text).toContain('<tags>a &amp; b</tags>')
    expect(text).toContain('<linkedTo/>')
    expect(text).toMatch(/<\/result><executionTime>[\d.]+<\/executionTime><\/xml>$/)
    expect(await account.get(`${get}/${lecture.id}/ks/${ks}/ignoreNull/1`)).not.toContain('<linkedTo/>')
  })
  test('lists and errors in XML', async () => {
    const list = await account.get(`${LIST}/ks/${ks}/filter:idEqual/${lecture.id}`)
    expect(list).toContain(
      '<result><objectType>KalturaScheduleEventListResponse</objectType><totalCount>1</totalCount><objects><item><objectType>KalturaRecordScheduleEvent</objectType>',
    )
    expect(await account.get(`${get}/999/ks/${ks}`)).toContain(
      '<result><error><code>INVALID_OBJECT_ID</code><message>Invalid object id [999]</message><objectType>KalturaAPIException</objectType><args><item><objectType>KalturaApiExceptionArg</objectType><name>ID</name><value>999</value></item></args></error></result>',
    )
  })
  test('every answer has status 200, errors too', async () => {
    const response = await fetch(`${account.url}/api_v3${get}/999/format/1/ks/${ks}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(response.headers.get('x-me')).not.toBeNull()
  })
  test('JSONP, an unknown format, a content type of choice', async () => {
    expect(await account.get(`/service/system/action/ping/format/9/callback/f`)).toBe('f(true);')
    expect(await account.get(`/service/system/action/ping/format/77`)).toContain('Response format provided [77]')
    const response = await fetch(`${account.url}/api_v3/?service=system&action=ping&format=1&content-type=text/plain`)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const html = await fetch(`${account.url}/api_v3/?service=system&action=ping&format=1&content-type=text/html`)
    expect(html.headers.get('content-type')).toBe('application/json; charset=utf-8')
  })
  test('markup in arguments of an error is taken out', async () => {
    const answer = await account.admin(EVENT, 'list', { filter: { statusEqual: '<b>x</b>' } })
    expect(answer).toMatchObject({ args: { ENUM_VAL: 'x' } })
  })
})

describe('multirequest', () => {
  const send = async (body: Json): Promise<Json[]> =>
    (await post(
      JSON.stringify({ format: 1, ks, ...body }),
      'application/json',
      '/service/multirequest',
    )) as unknown as Json[]
  const event = { service: EVENT, action: 'add', scheduleEvent: recording() }

  test('from 0 or from 1, with references by position', async () => {
    for (const first of [0, 1]) {
      const [added, linked, listed] = await send({
        [first]: event,
        [first + 1]: {
          service: LINK,
          action: 'add',
          scheduleEventResource: { eventId: '{1:result:id}', resourceId: room },
        },
        [first + 2]: { service: EVENT, action: 'list', filter: { idIn: '{1:result:id},{2:result:eventId}' } },
      })
      expect(linked).toMatchObject({ eventId: added?.id, resourceId: room })
      expect(listed).toMatchObject({ objects: [{ id: added?.id }] })
    }
  })
  test('into a list', async () => {
    const [, got] = await send({
      0: { service: EVENT, action: 'list', filter: { idEqual: lecture.id } },
      1: { service: EVENT, action: 'get', scheduleEventId: '{1:result:objects:0:id}' },
    })
    expect(got).toMatchObject({ id: lecture.id })
  })
  test('an error stays where it is, and the later ones still run', async () => {
    const [bad, good] = await send({
      0: { service: EVENT, action: 'get', scheduleEventId: 999 },
      1: { service: 'system', action: 'ping' },
    })
    expect(bad).toMatchObject({ code: 'INVALID_OBJECT_ID' })
    expect(good).toBe(true)
  })
  test('ends at the first that says neither service nor action; as a form too', async () => {
    expect(
      await send({ 0: { service: 'system', action: 'ping' }, 1: {}, 2: { service: 'system', action: 'ping' } }),
    ).toEqual([true])
    const form = '1:service=system&1:action=ping&2:service=system&2:action=getTime&format=1'
    const answer = await post(form, 'application/x-www-form-urlencoded', '/service/multirequest')
    expect(answer).toEqual([true, NOW])
  })
  test('in XML', async () => {
    const text = await account.get('/service/multirequest/?1:service=system&1:action=ping&2:service=x&2:action=y')
    expect(text).toContain('<result><item>1</item><item><error><code>SERVICE_DOES_NOT_EXISTS</code>')
  })
})

/** The documentation writes brackets in the path, Kaltura's own code only knows colons: both are read. */
const SPELLINGS: readonly (readonly [string, (path: string) => string])[] = [
  ['brackets', path => path],
  ['colons', path => path.replace(/\[(\w+)\]/g, ':$1')],
]

describe.each(SPELLINGS)('the three addresses of the documentation, with %s', (_, spelled) => {
  const uids = (calendar: string): string[] =>
    [...calendar.matchAll(/^X-KALTURA-ID:(\d+)\r$/gm)].map(match => match[1] ?? '')
  const get = (path: string): Promise<string> => account.get(spelled(`${LIST}/format/ical/ks/${ks}${path}`))
  beforeAll(async () => {
    const many = series({ frequency: 'days', count: 600 }, { startDate: NOW + 2 * HOUR, endDate: NOW + 3 * HOUR })
    await account.admin(EVENT, 'add', { scheduleEvent: many })
  })
  test('by resource', async () => {
    const asked = `${LIST}/format/ical/ks/${ks}/filter[objectType]/KalturaScheduleEventFilter/filter[resourceIdsLike]/${room}`
    const response = await fetch(`${account.url}/api_v3${spelled(asked)}`)
    expect(response.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
    const calendar = await response.text()
    expect(uids(calendar)).toContain(String(lecture.id))
    const linked = calendar.split(`X-KALTURA-RESOURCE-IDS:${room}\r\n`).length - 1
    expect(linked).toBe(uids(calendar).length)
    expect(calendar).toContain('LOCATION:Hall <1>\r\n')
    expect(calendar.endsWith(`X-KALTURA-TOTAL-COUNT:${linked}\r\nEND:VCALENDAR\r\n`)).toBe(true)
  })
  test('the next 30 from now', async () => {
    const calendar = await get('/filter[startDateGreaterThanOrEqual]/0/filter[orderBy]/%2BstartDate/pager[pageSize]/30')
    expect(uids(calendar)).toHaveLength(30)
    const starts = [...calendar.matchAll(/^DTSTART:(\w+)\r$/gm)].map(match => match[1] ?? '')
    expect(starts).toEqual(starts.toSorted())
    expect((starts[0] ?? '') >= '20260302T080000Z').toBe(true)
  })
  test('page 2 of 500', async () => {
    const page = (index: number): Promise<string> => get(`/pager[pageSize]/500/pager[pageIndex]/${index}`)
    const [first, second] = [await page(1), await page(2)]
    expect(uids(first)).toHaveLength(500)
    const total = Number(/X-KALTURA-TOTAL-COUNT:(\d+)/.exec(first)?.[1])
    expect(uids(second)).toHaveLength(Math.min(500, total - 500))
    expect(new Set([...uids(first), ...uids(second)]).size).toBe(500 + uids(second).length)
  })
})

describe('an error in a calendar', () => {
  test('is a component too', async () => {
    expect(await account.get(`${LIST}/format/ical/ks/x`)).toBe(
      'BEGIN:VCALENDAR\r\nBEGIN:VERROR\r\nX-KALTURA-CODE:INVALID_KS\r\nX-KALTURA-MESSAGE:Invalid KS "x", Error "-1,INVALID_STR"\r\nX-KALTURA-ARGUMENTS:x;-1;INVALID_STR\r\nEND:VERROR\r\nEND:VCALENDAR\r\n',
    )
  })
})
