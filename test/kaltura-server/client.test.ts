import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NOW, startAccount, type TestAccount } from './account.ts'

/** The official client has no types of its own; these are the parts used here. */
interface Request {
  execute<T>(client: Client): Promise<T>
}
interface Client {
  setKs(ks: string): Client
}
interface Kaltura {
  Configuration: new () => { serviceUrl: string; setLogger(logger: object): void }
  Client: new (config: object) => Client
  services: Record<string, Record<string, (...args: unknown[]) => Request>>
  objects: Record<string, new (fields?: object) => object>
}
const kaltura = createRequire(import.meta.url)('kaltura-client') as Kaltura

interface Event {
  id: number
  parentId?: number
  status: number
  summary: string
  sequence: number
  referenceId?: string
  startDate: number
  objectType: string
}
interface List<T> {
  totalCount: number
  objects: T[]
}

let account: TestAccount
let client: Client

const service = (name: string, action: string, ...args: unknown[]): Request => {
  const found = kaltura.services[name]?.[action]
  if (!found) throw new Error(`the client has no ${name}.${action}`)
  return found(...args)
}
const make = (name: string, fields: object = {}): object => {
  const Type = kaltura.objects[name]
  if (!Type) throw new Error(`the client has no ${name}`)
  return new Type(fields)
}

beforeAll(async () => {
  account = await startAccount()
  const config = new kaltura.Configuration()
  config.serviceUrl = account.url
  config.setLogger({ log: () => {}, debug: () => {}, error: () => {} })
  client = new kaltura.Client(config)
  const { partnerId, appToken } = await account.server.bootstrap()
  const widget = await service('session', 'startWidgetSession', `_${partnerId}`, 86400).execute<{ ks: string }>(client)
  client.setKs(widget.ks)
  const hash = createHash('sha256')
    .update(widget.ks + appToken.token)
    .digest('hex')
  const session = await service('appToken', 'startSession', appToken.id, hash).execute<{
    ks: string
    sessionType: number
    expiry: number
  }>(client)
  expect(session).toMatchObject({ sessionType: 2, expiry: NOW + 86400, objectType: 'KalturaSessionInfo' })
  client.setKs(session.ks)
})
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
})

test('resources: add, get, update, list, delete', async () => {
  const resource = make('LocationScheduleResource', { name: 'Lecture hall 101', systemName: 'lh101' })
  const added = await service('scheduleResource', 'add', resource).execute<{ id: number; status: number }>(client)
  expect(added).toMatchObject({ name: 'Lecture hall 101', status: 2, objectType: 'KalturaLocationScheduleResource' })
  const changed = make('LocationScheduleResource', { name: 'LH 101' })
  await service('scheduleResource', 'update', added.id, changed).execute(client)
  expect(await service('scheduleResource', 'get', added.id).execute(client)).toMatchObject({ name: 'LH 101' })
  const listed = await service('scheduleResource', 'listAction').execute<List<{ id: number }>>(client)
  expect(listed.objects.map(({ id }) => id)).toContain(added.id)
  await service('scheduleResource', 'deleteAction', added.id).execute(client)
  await expect(service('scheduleResource', 'get', added.id).execute(client)).rejects.toMatchObject({
    code: 'INVALID_OBJECT_ID',
    message: `Invalid object id [${added.id}]`,
  })
})

test('a single event, its resource, its update and its end', async () => {
  const room = await service('scheduleResource', 'add', make('LocationScheduleResource', { name: 'Room' })).execute<{
    id: number
  }>(client)
  const event = make('RecordScheduleEvent', {
    summary: 'Kick-off, “Überblick”',
    referenceId: 'kick-off@example.edu',
    recurrenceType: 0,
    startDate: NOW + 7200,
    endDate: NOW + 10800,
  })
  const added = await service('scheduleEvent', 'add', event).execute<Event>(client)
  expect(added).toMatchObject({ status: 2, sequence: 12, objectType: 'KalturaRecordScheduleEvent', ownerId: '' })
  const link = make('ScheduleEventResource', { eventId: added.id, resourceId: room.id })
  await service('scheduleEventResource', 'add', link).execute(client)
  const inRoom = make('ScheduleEventFilter', { resourceIdsLike: String(room.id), orderBy: '+startDate' })
  const listed = await service('scheduleEvent', 'listAction', inRoom).execute<List<Event>>(client)
  expect(listed.objects.map(({ id }) => id)).toEqual([added.id])
  const changed = make('RecordScheduleEvent', { summary: 'Kick-off' })
  const updated = await service('scheduleEvent', 'update', added.id, changed).execute<Event>(client)
  expect(updated).toMatchObject({ summary: 'Kick-off', sequence: 22, referenceId: 'kick-off@example.edu' })
  const links = make('ScheduleEventResourceFilter', { eventIdEqual: added.id })
  expect(await service('scheduleEventResource', 'listAction', links).execute<List<object>>(client)).toMatchObject({
    totalCount: 1,
    objects: [{ eventId: added.id, resourceId: room.id }],
  })
  await service('scheduleEventResource', 'deleteAction', added.id, room.id).execute(client)
  const gone = await service('scheduleEvent', 'deleteAction', added.id).execute<Event>(client)
  expect(gone.status).toBe(3)
  await expect(service('scheduleEvent', 'get', added.id).execute(client)).rejects.toMatchObject({
    code: 'INVALID_OBJECT_ID',
  })
})

test('a series is a row and a row for each date', async () => {
  const event = make('RecordScheduleEvent', {
    summary: 'Physics',
    referenceId: 'physics',
    recurrenceType: 1,
    startDate: NOW,
    endDate: NOW + 5400,
    duration: 5400,
    recurrence: make('ScheduleEventRecurrence', {
      frequency: 'weeks',
      count: 4,
      byDay: 'MO,WE',
      timeZone: 'Europe/Zurich',
    }),
  })
  const added = await service('scheduleEvent', 'add', event).execute<Event>(client)
  const filter = make('ScheduleEventFilter', { parentIdEqual: added.id, orderBy: '+startDate' })
  const children = await service('scheduleEvent', 'listAction', filter).execute<List<Event>>(client)
  expect(children.totalCount).toBe(4)
  expect(children.objects[0]).toMatchObject({ summary: 'Physics', referenceId: 'physics', parentId: added.id })
  const [first, second] = children.objects
  expect((second?.startDate ?? 0) - (first?.startDate ?? 0)).toBe(2 * 86400)
  const cancelled = await service('scheduleEvent', 'cancel', second?.id).execute<Event>(client)
  expect(cancelled).toMatchObject({ status: 1, id: second?.id })
  await expect(service('scheduleEvent', 'deleteAction', first?.id).execute(client)).rejects.toMatchObject({
    code: 'RECURRENCE_CANT_BE_DELETE',
  })
  await service('scheduleEvent', 'deleteAction', added.id).execute(client)
  expect(await service('scheduleEvent', 'listAction', filter).execute(client)).toMatchObject({ totalCount: 0 })
})

test('files, as the client sends them', async () => {
  const text = '*name,systemName\nRoom A,client-a\nRoom B,client-b\n'
  const submitted = await service(
    'scheduleResource',
    'addFromBulkUpload',
    Buffer.from(text),
    make('BulkUploadCsvJobData'),
  ).execute<{ id: number; status: number }>(client)
  expect(submitted).toMatchObject({ status: 0, objectType: 'KalturaBulkUpload' })
  await expect
    .poll(async () => (await service('bulk', 'get', submitted.id).execute<{ status: number }>(client)).status)
    .toBe(5)
  const token = await service('uploadToken', 'add', make('UploadToken', { fileName: 'a.mp4' })).execute<{ id: string }>(
    client,
  )
  const uploaded = service('uploadToken', 'upload', token.id, Buffer.from('12345'), false, true, -1)
  expect(await uploaded.execute(client)).toMatchObject({ status: 2, uploadedFileSize: 5 })
})

test('several requests at once', async () => {
  const multi = service('system', 'ping') as unknown as { add(request: Request): Request }
  const both = multi.add(service('scheduleResource', 'listAction'))
  expect(await both.execute(client)).toMatchObject([true, { objectType: 'KalturaScheduleResourceListResponse' }])
})
