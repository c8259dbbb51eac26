import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { icalInstant } from '../../src/kaltura-server/bulk/ical-event.ts'
import { readIcal } from '../../src/kaltura-server/bulk/ical-reader.ts'
import { EVENT, type Json, LINK, NOW, RESOURCE, recording, startAccount, type TestAccount } from './account.ts'

let account: TestAccount

beforeAll(async () => {
  account = await startAccount()
})
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
})

const FINISHED = 5
const FAILED = 6
const PARTIALLY = 12

async function submit(service: string, text: string, data: Json | null, name = 'file'): Promise<Json> {
  const form = new FormData()
  const json = { ks: await account.adminKs(), format: 1, ...(data ? { bulkUploadData: data } : {}) }
  form.append('json', JSON.stringify(json))
  form.append('fileData', new Blob([text]), name)
  const response = await fetch(`${account.url}/api_v3/service/${service}/action/addFromBulkUpload`, {
    method: 'POST',
    body: form,
  })
  return (await response.json()) as Json
}

/** The job when it has come to its end. */
async function finished(job: Json): Promise<Json> {
  for (let tries = 0; tries < 200; tries += 1) {
    const now = await account.admin('bulkUpload_bulk', 'get', { id: job.id })
    if (Number(now.status) > 2) return now
    await wait(10)
  }
  throw new Error('the job does not end')
}
const results = (job: Json): Json[] => job.results as Json[]

const ICAL = { objectType: 'KalturaBulkUploadICalJobData', eventsType: 1, fileName: 'term.ics' }
const calendar = (...events: readonly (readonly string[])[]): string =>
  [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    ...events.flatMap(lines => ['BEGIN:VEVENT', ...lines, 'END:VEVENT']),
    'END:VCALENDAR',
    '',
  ].join('\r\n')
const event = (uid: string, ...more: readonly string[]): string[] => [
  `UID:${uid}`,
  `SUMMARY:Event ${uid}`,
  'DTSTART:20260401T080000Z',
  'DTEND:20260401T090000Z',
  ...more,
]
const ical = async (text: string, data: Json = ICAL): Promise<Json> => finished(await submit(EVENT, text, data))
const byReference = async (uid: string): Promise<Json | undefined> =>
  ((await account.admin(EVENT, 'list', { filter: { referenceIdEqual: uid } })).objects as Json[])[0]

describe('a calendar', () => {
  test('adds, updates by UID, cancels by number', async () => {
    const submitted = await submit(EVENT, calendar(event('a'), event('b')), ICAL)
    expect(submitted).toMatchObject({ objectType: 'KalturaBulkUpload', status: 0, fileName: 'term.ics' })
    const first = await finished(submitted)
    expect(first).toMatchObject({
      status: FINISHED,
      numOfObjects: 2,
      bulkUploadType: 'scheduleBulkUpload.ICAL',
      bulkUploadObjectType: 'scheduleBulkUpload.SCHEDULE_EVENT',
      results: [
        { lineIndex: 0, status: '2', referenceId: 'a', objectType: 'KalturaBulkUploadResultScheduleEvent' },
        { lineIndex: 1, status: '2', referenceId: 'b' },
      ],
    })
    const added = await byReference('a')
    expect(added).toMatchObject({ id: Number(results(first)[0]?.objectId), ownerId: 'batchUser', summary: 'Event a' })
    const second = await ical(
      calendar(
        event('a', 'LOCATION:HG F 1'),
        [...event(`${added?.id}-x`), 'METHOD:CANCEL'],
        [...event('b'), 'METHOD:CANCEL'],
      ),
    )
    expect(second.status).toBe(PARTIALLY)
    expect(await byReference('a')).toMatchObject({ id: added?.id, location: 'HG F 1', status: 1 })
    expect(results(second)[2]).toMatchObject({
      status: '1',
      action: 'scheduleBulkUpload.CANCEL',
      errorCode: 'INVALID_OBJECT_ID',
      errorDescription: 'Invalid object id [0]',
    })
  })
  test('one bad event among good ones', async () => {
    const job = await ical(
      calendar(
        event('good-1'),
        ['UID:all-day', 'SUMMARY:x', 'DTSTART;VALUE=DATE:20260401', 'DTEND;VALUE=DATE:20260402'],
        ['UID:floating', 'SUMMARY:x', 'DTSTART:20260401T080000', 'DTEND:20260401T090000'],
        ['UID:lasting', 'SUMMARY:x', 'DTSTART:20260401T080000Z', 'DURATION:PT1H'],
        event('status', 'STATUS:CONFIRMED'),
        event('number', 'STATUS:2'),
        event('child', 'X-KALTURA-PARENT-ID:7'),
        event('endless', 'RRULE:FREQ=DAILY'),
        event('dated', 'RRULE:FREQ=DAILY;UNTIL=20260801'),
        event('good-2', 'RRULE:FREQ=DAILY;COUNT=2'),
      ),
    )
    expect(results(job).map(result => result.errorCode ?? 'OK')).toEqual([
      'OK',
      'START_TIME_AND_LINKED_TO_NOT_SET',
      'START_TIME_AND_LINKED_TO_NOT_SET',
      'PROPERTY_VALIDATION_CANNOT_BE_NULL',
      'INVALID_ENUM_VALUE',
      'PROPERTY_VALIDATION_NOT_UPDATABLE',
      'PROPERTY_VALIDATION_NOT_UPDATABLE',
      'PROPERTY_VALIDATION_ALL_MUST_BE_NULL_BUT_ONE',
      'PROPERTY_VALIDATION_ALL_MUST_BE_NULL_BUT_ONE',
      'OK',
    ])
    const log = await account.get(`/service/bulkUpload_bulk/action/serveLog/id/${job.id}/ks/${await account.adminKs()}`)
    expect(log).toContain('UID:all-day\r\n')
    expect(log).toContain('X-KALTURA-INDEX:1\r\nX-KALTURA-INGEST-STATUS:1\r\n')
    expect(log).toContain('X-KALTURA-ERROR-CODE:START_TIME_AND_LINKED_TO_NOT_SET\r\n')
  })
  test('a series with duration only', async () => {
    await ical(
      calendar(['UID:s', 'SUMMARY:s', 'DTSTART:20260401T080000Z', 'DURATION:PT1H30M', 'RRULE:FREQ=WEEKLY;COUNT=2']),
    )
    expect(await byReference('s')).toMatchObject({ duration: 5400, recurrenceType: 1 })
  })
  test.each([
    ['type 4', calendar(event('x')), { ...ICAL, eventsType: 4 }, 'Event type [4] not supported'],
    ['an unknown frequency', calendar(event('x', 'RRULE:FREQ=OFTEN;COUNT=2')), ICAL, 'OFTEN'],
    ['no frequency', calendar(event('x', 'RRULE:COUNT=2')), ICAL, 'Undefined constant'],
    ['a name that is a setter', calendar(event('x', 'FIELD:1')), ICAL, 'Unexpected property'],
  ])('%s ends the whole job', async (_name, text, data, message) => {
    const job = await ical(text, data)
    expect(job.status).toBe(FAILED)
    expect(job.error).toContain(message)
  })
  test('bare line feeds: nothing found, nothing said', async () => {
    expect(await ical(calendar(event('lf')).replaceAll('\r\n', '\n'))).toMatchObject({ status: FINISHED, results: [] })
  })
  test('blackouts and live events', async () => {
    await ical(calendar(event('holiday')), { ...ICAL, eventsType: 3 })
    expect(await byReference('holiday')).toMatchObject({ objectType: 'KalturaBlackoutScheduleEvent' })
    await ical(calendar(event('on-air')), { ...ICAL, eventsType: 2 })
    expect(await byReference('on-air')).toMatchObject({ objectType: 'KalturaLiveStreamScheduleEvent' })
  })
  test('resources in the file are not read', async () => {
    await ical(calendar(event('roomless', 'X-KALTURA-RESOURCE-IDS:1')))
    const added = await byReference('roomless')
    expect(await account.admin(LINK, 'list', { filter: { eventIdEqual: added?.id } })).toMatchObject({ totalCount: 0 })
  })
  test('more than a run of 101 events; a UID that comes again in a later run is an update', async () => {
    const many = Array.from({ length: 150 }, (_, index) => event(index === 140 ? 'run-0' : `run-${index}`))
    const job = await ical(calendar(...many))
    expect(job).toMatchObject({ status: FINISHED, numOfObjects: 150 })
    expect(results(job)[140]?.objectId).toBe(results(job)[0]?.objectId)
  })
  test('what must be said', async () => {
    expect(await submit(EVENT, 'x', null)).toMatchObject({
      code: 'MISSING_MANDATORY_PARAMETER',
      message: 'Missing parameter "bulkUploadData"',
    })
    expect(await submit(EVENT, 'x', { objectType: 'KalturaBulkUploadICalJobData' })).toMatchObject({
      code: 'MISSING_MANDATORY_PARAMETER',
      message: 'Missing parameter "eventsType"',
    })
    expect(await account.admin('bulkUpload_bulk', 'get', { id: 999 })).toMatchObject({
      code: 'BULK_UPLOAD_NOT_FOUND',
      message: 'Bulk upload id "999" not found',
    })
    const listed = await account.admin('bulkUpload_bulk', 'list', { bulkUploadFilter: { statusEqual: FAILED } })
    expect(listed.totalCount).toBe(4)
  })
})

describe('how a calendar is read', () => {
  test('a folded line with a colon is a property, one without loses its space', () => {
    const [component] = readIcal(calendar(['SUMMARY:Long', ' er text', 'DESCRIPTION:See', ' http://x.example']))
    expect(component?.fields.get('SUMMARY')).toBe('Longer text')
    expect(component?.fields.get('DESCRIPTION')).toBe('See')
    expect(component?.fields.get(' HTTP')).toBe('//x.example')
  })
  test('an alarm overwrites the event it belongs to; the last of equal properties counts; nothing is unescaped', () => {
    const [component] = readIcal(
      calendar([
        'SUMMARY:a\\, b',
        'SUMMARY:c\\, d',
        'DESCRIPTION:event',
        'BEGIN:VALARM',
        'DESCRIPTION:alarm',
        'END:VALARM',
      ]),
    )
    expect(component?.fields.get('SUMMARY')).toBe('c\\, d')
    expect(component?.fields.get('DESCRIPTION')).toBe('alarm')
  })
  const instant = (text: string, tzid: string | null, serverZone: string, now: string): string | null => {
    const at = icalInstant(text, tzid, { now: Date.parse(now) / 1000, serverZone })
    return at === null ? null : new Date(at * 1000).toISOString().slice(0, 16)
  }
  const NOVEMBER = '2026-11-15T00:00:00Z'
  test.each([
    ['20260707T140000Z', null, 'UTC', '2026-07-07T14:00'],
    ['20261107T140000Z', null, 'America/New_York', '2026-11-07T19:00'],
    ['20260707T090000', 'America/New_York', 'UTC', '2026-07-07T14:00'],
    ['20260707T090000', 'W. Europe Standard Time', 'UTC', '2026-07-07T08:00'],
    ['20260707T090000', 'GMT+0200', 'UTC', '2026-07-07T07:00'],
    ['20260707T090000', 'Nowhere', 'America/New_York', '2026-07-07T14:00'],
    ['20260707T090000', null, 'UTC', null],
    ['20260707', null, 'UTC', null],
  ])('%s in %s, read by a server in %s: %s', (text, tzid, serverZone, expected) => {
    expect(instant(text, tzid, serverZone, NOVEMBER)).toBe(expected)
  })
})

describe('resources in a CSV file', () => {
  const csv = async (...lines: readonly string[]): Promise<Json> =>
    finished(await submit(RESOURCE, lines.join('\n'), null, 'rooms.csv'))
  const bySystemName = async (name: string): Promise<Json | undefined> =>
    ((await account.admin(RESOURCE, 'list', { filter: { systemNameEqual: name } })).objects as Json[])[0]

  test('a tree in one file, in any order of columns, with remarks', async () => {
    const job = await csv(
      '\ufeff*name,systemName,type,parentSystemName,tags,whatever',
      '# remark',
      'Main building,main,location,,"large, old",x',
      '',
      '"Hall, 1",hall1,,main,,',
      'Camera 1,cam1,camera,hall1,,',
    )
    expect(job).toMatchObject({
      status: FINISHED,
      bulkUploadType: 'bulkUploadCsv.CSV',
      bulkUploadObjectType: 'scheduleBulkUpload.SCHEDULE_RESOURCE',
      results: [
        { lineIndex: 1, status: '2', action: '1', objectType: 'KalturaBulkUploadResultScheduleResource' },
        { lineIndex: 2 },
        { lineIndex: 3 },
      ],
    })
    const [main, hall, camera] = [await bySystemName('main'), await bySystemName('hall1'), await bySystemName('cam1')]
    expect(main).toMatchObject({ tags: 'large, old' })
    expect(hall).toMatchObject({ name: 'Hall, 1', parentId: main?.id })
    expect(camera).toMatchObject({ parentId: hall?.id, objectType: 'KalturaCameraScheduleResource' })
  })
  test('actions 2, 3 and 6, and what they cannot do', async () => {
    const job = await csv(
      '*action,resourceId,name,type,systemName,description,tags,parentType,parentSystemName',
      '1,,Lab,location,lab,,,,',
      '2,,Laboratory,location,lab,bright,,,',
      '6,,Lab A,location,lab,,,,',
      '6,,Lab B,location,lab-b,,,,',
      '3,,,location,lab-b,,,,',
      '2,,x,location,,,,,',
      '2,,x,camera,nowhere,,,,',
      '3,777,,,,,,,',
      '5,,x,location,x,,,,',
      '1,,x,auditorium,x,,,,',
      '1,,x,location,x,,,hut,main',
      '1,,x,location,orphan,,,location,nowhere',
      '1,,x,live_entry,le,,,,',
      '1,,Twin,location,lab,,,,',
    )
    expect(job.status).toBe(PARTIALLY)
    expect(results(job).map(result => result.errorDescription ?? result.action)).toEqual([
      '1',
      '2',
      '2',
      '1',
      '3',
      'Mandatory Columns [resourceId or systemName] missing from CSV.',
      'Unable to find camera resource [nowhere]',
      'Invalid object id [777]',
      'Unknown action passed: [5]',
      'Wrong value passed for property type [auditorium]',
      'Wrong value passed for property parentType [hut]',
      'Unable to find parent location resource [nowhere]',
      'The property "KalturaLiveEntryScheduleResource::entryId" cannot be null',
      'System name [lab] already exists',
    ])
    expect(await bySystemName('lab')).toMatchObject({ name: 'Lab A', description: 'bright' })
    expect(await bySystemName('lab-b')).toBeUndefined()
    const log = await account.get(`/service/bulkUpload_bulk/action/serveLog/id/${job.id}/ks/${await account.adminKs()}`)
    expect(log.split('\r\n')[7]).toBe('2,,x,camera,nowhere,,,,,Error,,Unable to find camera resource [nowhere]')
  })
  test('without a header there are no columns', async () => {
    const job = await csv('1,,Lab,location,lab9,,,,')
    expect(results(job)).toMatchObject([{ status: '1', errorCode: 'PROPERTY_VALIDATION_CANNOT_BE_NULL' }])
  })
})

describe('events in a CSV file', () => {
  const HEADER =
    '*action,eventType,title,description,tags,categoryIds,categoryPaths,resource,resourceID,startTime,duration,endTime,recurrence,coEditors,coPublishers,eventOrganizerId,contentOwnerId,templateEntryType'
  const csv = async (...lines: readonly string[]): Promise<Json> =>
    finished(
      await submit(EVENT, [HEADER, ...lines].join('\r\n'), { objectType: 'KalturaBulkUploadScheduleEventCsvJobData' }),
    )
  let room: Json
  beforeAll(async () => {
    const scheduleResource = { objectType: 'KalturaLocationScheduleResource', name: 'R', systemName: 'csv-room' }
    room = await account.admin(RESOURCE, 'add', { scheduleResource })
  })
  test('event, link and template entry; a taken room is refused', async () => {
    const job = await csv(
      '1,1,Algebra,text,t,,,csv-room,,2026-05-04 08:00,,2026-05-04 09:00,,ed,pub,org,owner,media',
      `1,2,Live,,,,,,${room.id},2026-05-05T08:00:00Z,3600,2026-05-20T00:00:00Z,"FREQ=WEEKLY,INTERVAL=1,BYDAY=TU;TH",,,org,owner,live`,
      '1,1,Clash,,,,,csv-room,,2026-05-04 08:30,,2026-05-04 09:30,,,,org,owner,media',
    )
    expect(job.status).toBe(PARTIALLY)
    const [single, weekly, clash] = results(job)
    expect(single).toMatchObject({ status: '2', title: 'Algebra', resourceId: String(room.id) })
    const added = await account.admin(EVENT, 'get', { scheduleEventId: single?.objectId })
    expect(added).toMatchObject({
      summary: 'Algebra',
      organizer: 'org',
      ownerId: 'batchUser',
      startDate: Date.UTC(2026, 4, 4, 8) / 1000,
    })
    expect(await account.admin('media', 'get', { entryId: added.templateEntryId })).toMatchObject({
      name: 'Algebra',
      userId: 'owner',
      entitledUsersEdit: 'ed',
    })
    const children = await account.admin(EVENT, 'list', { filter: { parentIdEqual: weekly?.objectId } })
    expect(children.totalCount).toBe(5)
    expect(clash).toMatchObject({
      errorDescription: `Conflicting events found for resource ID ${room.id}`,
      errorType: 1,
    })
  })
  test('lines that cannot be', async () => {
    const job = await csv(
      '2,1,x,,,,,csv-room,,2026-06-01 08:00,,2026-06-01 09:00,,,,o,o,media',
      '1,1,,,,,,csv-room,,,,2026-06-01 09:00,,,,o,o,media',
      '1,1,x,,,,,csv-room,,2026-06-01 08:00,,,"FREQ=DAILY,COUNT=2",,,o,o,media',
      '1,1,x,,,,,,,2026-06-01 08:00,,2026-06-01 09:00,,,,o,o,media',
      '1,1,x,,,,,nowhere,,2026-06-01 08:00,,2026-06-01 09:00,,,,o,o,media',
      '1,9,x,,,,,csv-room,,2026-06-01 08:00,,2026-06-01 09:00,,,,o,o,media',
      '1,1,x,,,,,csv-room,,2026-06-01 08:00,,2026-06-01 09:00,,,,o,o,painting',
      '1,1,x,,,,,csv-room,,2026-06-03 08:00,,2026-06-09 09:00,,,,o,o,media',
      '1,1,x',
    )
    expect(results(job).map(result => String(result.errorDescription))).toEqual([
      'Invalid action type value 2 passed. Only action type 1 (ADD) is supported at this time.',
      'Value for title must be specified!\\n Value for startTime must be specified!',
      'Recurrence pattern cannot be specified without the duration for each event instance. Event was not created.',
      'Neither the resource system name nor the resource ID were specified. Event was not created.',
      'Invalid resource system name or ID passed. Event was not created.',
      'Invalid scheduled event type: 9',
      'Invalid template entry type: painting',
      'Maximum schedule duration [86400] reached',
      'The number of values is not equal to the number of columns. Event will not be created.',
    ])
  })
})

test('a job that was waiting when the server went down is taken up again, without doing anything twice', async () => {
  const first = await startAccount()
  const added = await first.admin(EVENT, 'add', { scheduleEvent: recording({ referenceId: 'r-0' }) })
  await first.server.close()
  const own = { line: 0, status: '2', action: null, objectId: added.id, rowData: '', fields: {} }
  await first.database.query(
    `INSERT INTO kaltura_bulk (id, partner_id, kind, status, file_name, content, events_type, uploaded_by, uploaded_on)
     VALUES (1, 101, 'ical', 2, 'x.ics', $1, 1, '', $2)`,
    [calendar(event('r-0'), event('r-1')), NOW],
  )
  await first.database.query(`INSERT INTO kaltura_bulk_result (job_id, line, own) VALUES (1, 0, $1)`, [
    JSON.stringify(own),
  ])
  const second = await startAccount({ database: first.database })
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await second.admin('bulkUpload_bulk', 'get', { id: 1 })).status === FINISHED) break
    await wait(10)
  }
  const listed = await second.admin(EVENT, 'list', { filter: { referenceIdIn: 'r-0,r-1' } })
  expect(listed).toMatchObject({ totalCount: 2, objects: [{ sequence: 12 }, { sequence: 12 }] })
  await second.close()
  await first.close()
})
