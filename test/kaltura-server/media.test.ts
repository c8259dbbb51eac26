import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EVENT, type Json, NOW, recording, startAccount, type TestAccount } from './account.ts'

let account: TestAccount
let device: string
let uploads: string

beforeAll(async () => {
  uploads = await mkdtemp(join(tmpdir(), 'kaltura-uploads-'))
  account = await startAccount({ uploadDir: uploads, finalChunkWait: 0.4 })
  device = await account.deviceKs()
})
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
  await rm(uploads, { recursive: true, force: true })
})

const DATA = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 256))

interface Chunk {
  readonly from?: number
  readonly to?: number
  readonly resume?: boolean
  readonly final?: boolean
  readonly at?: number
  readonly ks?: string
}

async function send(id: unknown, { from = 0, to = DATA.length, resume, final, at, ks = device }: Chunk): Promise<Json> {
  const form = new FormData()
  const json = { ks, format: 1, uploadTokenId: id, resume, finalChunk: final, resumeAt: at }
  form.append('json', JSON.stringify(json))
  form.append('fileData', new Blob([DATA.subarray(from, to)]), 'lecture.mp4')
  const response = await fetch(`${account.url}/api_v3/service/uploadToken/action/upload`, {
    method: 'POST',
    body: form,
  })
  return (await response.json()) as Json
}
const addToken = (fields: Json = {}, ks = device): Promise<Json> =>
  account.call('uploadToken', 'add', { ks, uploadToken: { objectType: 'KalturaUploadToken', ...fields } })
const getToken = (id: unknown): Promise<Json> => account.call('uploadToken', 'get', { ks: device, uploadTokenId: id })
const stored = (id: unknown): Promise<Buffer> => readFile(join(uploads, 'tokens', String(id)))
const addEntry = (fields: Json = {}): Promise<Json> =>
  account.call('media', 'add', { ks: device, entry: { objectType: 'KalturaMediaEntry', mediaType: 1, ...fields } })
const addContent = (entryId: unknown, token: unknown): Promise<Json> =>
  account.call('media', 'addContent', {
    ks: device,
    entryId,
    resource: { objectType: 'KalturaUploadedFileTokenResource', token },
  })

describe('uploads', () => {
  test('in one piece', async () => {
    const token = await addToken({ fileName: 'a.mp4', fileSize: 1000 })
    expect(token).toMatchObject({ status: 0, fileName: 'a.mp4', fileSize: 1000, partnerId: 101 })
    expect(await send(token.id, {})).toMatchObject({ status: 2, uploadedFileSize: 1000 })
    expect(await stored(token.id)).toEqual(DATA)
    await expect.poll(() => readdir(join(uploads, 'incoming'))).toEqual([])
  })
  test('in chunks, one after the other, at the end of what is there', async () => {
    const token = await addToken()
    expect(await send(token.id, { to: 300, final: false })).toMatchObject({ status: 1, uploadedFileSize: 300 })
    expect(await send(token.id, { from: 300, to: 700, resume: true, final: false })).toMatchObject({
      uploadedFileSize: 700,
      fileName: 'lecture.mp4',
    })
    expect(await send(token.id, { from: 700, resume: true })).toMatchObject({ status: 2, uploadedFileSize: 1000 })
    expect(await stored(token.id)).toEqual(DATA)
  })
  test('out of order; the last waits for those before it', async () => {
    const token = await addToken()
    await send(token.id, { to: 200, final: false })
    expect(await send(token.id, { from: 500, to: 800, resume: true, final: false, at: 500 })).toMatchObject({
      uploadedFileSize: 200,
    })
    const last = send(token.id, { from: 800, resume: true, at: 800 })
    await wait(100)
    expect(await getToken(token.id)).toMatchObject({ status: 1 })
    await send(token.id, { from: 200, to: 500, resume: true, final: false, at: 200 })
    expect(await last).toMatchObject({ status: 2, uploadedFileSize: 1000 })
    expect(await stored(token.id)).toEqual(DATA)
  })
  test('a piece that never comes; the last can be sent again', async () => {
    const token = await addToken()
    await send(token.id, { to: 200, final: false })
    const last = { from: 800, resume: true, at: 800 }
    expect(await send(token.id, last)).toMatchObject({
      code: 'UPLOAD_TOKEN_CANNOT_MATCH_EXPECTED_SIZE',
      message: 'Failed to match expected file size',
    })
    await send(token.id, { from: 200, to: 800, resume: true, final: false, at: 200 })
    expect(await send(token.id, last)).toMatchObject({ status: 2 })
  })
  test('complete by its size', async () => {
    expect(await addToken({ autoFinalize: 1 })).toMatchObject({ code: 'UPLOAD_TOKEN_MISSING_FILE_SIZE' })
    const token = await addToken({ autoFinalize: 1, fileSize: 1000 })
    await send(token.id, { to: 400, final: false })
    expect(await send(token.id, { from: 400, resume: true, final: false, at: 400 })).toMatchObject({ status: 2 })
  })
  test('an empty chunk in the middle is passed over', async () => {
    const token = await addToken()
    await send(token.id, { to: 200, final: false })
    expect(await send(token.id, { from: 0, to: 0, resume: true, final: false, at: 200 })).toMatchObject({
      status: 1,
      uploadedFileSize: 200,
    })
  })
  test('what goes wrong', async () => {
    expect(await send('0_nothing0', {})).toMatchObject({ code: 'UPLOAD_TOKEN_NOT_FOUND' })
    expect(await send('../../escape', {})).toMatchObject({ code: 'UPLOAD_TOKEN_NOT_FOUND' })
    const fresh = await addToken()
    expect(await send(fresh.id, { resume: true })).toMatchObject({ code: 'UPLOAD_TOKEN_CANNOT_RESUME' })
    const token = await addToken()
    await send(token.id, {})
    expect(await send(token.id, {})).toMatchObject({ code: 'UPLOAD_TOKEN_INVALID_STATUS_FOR_UPLOAD' })
    const old = await addToken()
    await send(old.id, { to: 10, final: false })
    account.clock.now += 8 * 86_400
    const fresher = await account.deviceKs()
    expect(await send(old.id, { from: 10, resume: true, ks: fresher })).toMatchObject({
      code: 'UPLOAD_PASSED_MAX_RESUME_TIME_ALLOWED',
      message: 'Max resume time of 604800 seconds reached, cannot resume upload',
    })
    account.clock.now = NOW
    expect(await account.call('uploadToken', 'upload', { ks: device, uploadTokenId: token.id })).toMatchObject({
      code: 'MISSING_MANDATORY_PARAMETER',
    })
  })
  test('others do not see it, except an administrator', async () => {
    const { adminSecret } = await account.server.bootstrap()
    const other = await account.call('session', 'start', { secret: adminSecret, partnerId: 101, userId: 'other' })
    const token = await addToken()
    const seen = (ks: unknown): Promise<Json> => account.call('uploadToken', 'get', { ks, uploadTokenId: token.id })
    expect(await seen(other)).toMatchObject({ code: 'UPLOAD_TOKEN_NOT_FOUND' })
    expect(await seen(await account.adminKs())).toMatchObject({ id: token.id })
    const mine = await account.call('uploadToken', 'list', { ks: device, filter: { idIn: `${token.id},x` } })
    expect(mine).toMatchObject({ totalCount: 1, objects: [{ id: token.id }] })
    expect(await account.admin('uploadToken', 'delete', { uploadTokenId: token.id })).toBeNull()
    expect(await seen(device)).toMatchObject({ code: 'UPLOAD_TOKEN_NOT_FOUND' })
  })
})

describe('recordings', () => {
  test('from template entry to content', async () => {
    const template = await account.admin('media', 'add', {
      entry: {
        objectType: 'KalturaMediaEntry',
        mediaType: 1,
        name: 'Analysis',
        tags: 'math',
        userId: 'prof',
        categoriesIds: '5',
      },
    })
    const event = await account.admin(EVENT, 'add', { scheduleEvent: recording({ templateEntryId: template.id }) })
    const entry = await addEntry({ templateEntryId: template.id, name: 'Analysis, 2 March' })
    expect(entry).toMatchObject({ status: '7', type: '1', name: 'Analysis, 2 March', tags: 'math', userId: 'prof' })
    const token = await addToken()
    await send(token.id, {})
    expect(await addContent(entry.id, token.id)).toMatchObject({ status: '2' })
    expect(await getToken(token.id)).toMatchObject({ status: 3, attachedObjectId: entry.id })
    expect(await addContent(entry.id, token.id)).toMatchObject({ code: 'ENTRY_ALREADY_WITH_CONTENT' })
    const other = await addEntry()
    expect(await addContent(other.id, token.id)).toMatchObject({ code: 'UPLOAD_TOKEN_INVALID_STATUS_FOR_ADD_ENTRY' })
    const scheduleEvent = { objectType: 'KalturaRecordScheduleEvent', entryIds: entry.id }
    await account.call(EVENT, 'update', { ks: device, scheduleEventId: event.id, scheduleEvent })
    const byEntry = { objectType: 'KalturaRecordScheduleEventFilter', entryIdsLike: entry.id }
    expect(await account.admin(EVENT, 'list', { filter: byEntry })).toMatchObject({ objects: [{ id: event.id }] })
    const byCategory = { templateEntryCategoriesIdsLike: '5' }
    expect(await account.admin(EVENT, 'list', { filter: byCategory })).toMatchObject({ objects: [{ id: event.id }] })
  })
  test('content that is still on its way', async () => {
    const entry = await addEntry()
    const token = await addToken()
    await send(token.id, { to: 500, final: false })
    expect(await addContent(entry.id, token.id)).toMatchObject({ status: '7' })
    await send(token.id, { from: 500, resume: true })
    expect(await account.call('baseEntry', 'get', { ks: device, entryId: entry.id })).toMatchObject({ status: '2' })
    expect(await getToken(token.id)).toMatchObject({ status: 3 })
  })
  test('entry and content in one call', async () => {
    const token = await addToken()
    await send(token.id, {})
    const entry = { objectType: 'KalturaMediaEntry', name: 'At once' }
    const added = await account.call('baseEntry', 'addFromUploadedFile', { ks: device, entry, uploadTokenId: token.id })
    expect(added).toMatchObject({ name: 'At once', status: '2' })
  })
  test('update, list, delete', async () => {
    const entry = await addEntry({ name: 'before', description: 'x' })
    const mediaEntry = { objectType: 'KalturaMediaEntry', name: 'after', description__null: 1 }
    const changed = await account.call('media', 'update', { ks: device, entryId: entry.id, mediaEntry })
    expect(changed).toMatchObject({ name: 'after' })
    expect(changed).not.toHaveProperty('description')
    const filter = { objectType: 'KalturaMediaEntryFilter', idIn: `${entry.id},x`, orderBy: '-createdAt' }
    expect(await account.admin('media', 'list', { filter })).toMatchObject({ totalCount: 1 })
    expect(await account.admin('media', 'delete', { entryId: entry.id })).toBeNull()
    expect(await account.admin('media', 'get', { entryId: entry.id })).toMatchObject({
      code: 'ENTRY_ID_NOT_FOUND',
      message: `Entry id "${entry.id}" not found`,
    })
  })
})

describe('live streams', () => {
  test('a template entry with endpoints and credentials shows in the calendar', async () => {
    const live = await account.admin('liveStream', 'add', {
      liveStreamEntry: { objectType: 'KalturaLiveStreamEntry', name: 'Audimax live', mediaType: 201, sourceType: '32' },
    })
    expect(live).toMatchObject({ type: '7', status: '2', streamName: `${live.id}_%i`, streamUsername: '101' })
    expect(live.primaryBroadcastingUrl).toMatch(/^rtmp:\/\//)
    expect(live.primaryRtspBroadcastingUrl).toMatch(/^rtsp:\/\//)
    expect(live.streamPassword).toMatch(/^[0-9a-f]{8}$/)
    const event = await account.admin(EVENT, 'add', {
      scheduleEvent: {
        ...recording({ objectType: 'KalturaLiveStreamScheduleEvent', templateEntryId: live.id }),
        summary: 'live',
      },
    })
    expect(await account.admin('liveStream', 'get', { entryId: live.id })).toMatchObject({
      capabilities: 'live.live_schedule',
    })
    const calendar = await account.get(
      `/service/${EVENT}/action/get/scheduleEventId/${event.id}/format/ical/ks/${await account.adminKs()}`,
    )
    const unfolded = calendar.replaceAll('\r\n ', '')
    for (const [property, field] of [
      ['PRIMARY-RTMP-ENDPOINT', 'primaryBroadcastingUrl'],
      ['SECONDARY-RTSP-ENDPOINT', 'secondaryRtspBroadcastingUrl'],
      ['LIVE-STREAM-NAME', 'streamName'],
      ['LIVE-STREAM-PASSWORD', 'streamPassword'],
    ])
      expect(unfolded).toContain(`X-KALTURA-${property}:${live[field ?? '']}\r\n`)
  })
  test('a recording to be played, which a user may only choose among media', async () => {
    const clip = await addEntry({ name: 'clip' })
    const event = recording({
      objectType: 'KalturaLiveStreamScheduleEvent',
      sourceEntryId: clip.id,
      startDate: NOW + 9e5,
      endDate: NOW + 9e5 + 60,
    })
    expect(await account.call(EVENT, 'add', { ks: device, scheduleEvent: event })).toMatchObject({
      sourceEntryId: clip.id,
    })
    const live = await account.admin('liveStream', 'add', {
      liveStreamEntry: { objectType: 'KalturaLiveStreamEntry', name: 'x' },
    })
    const fromLive = { ...event, sourceEntryId: live.id }
    expect(await account.call(EVENT, 'add', { ks: device, scheduleEvent: fromLive })).toMatchObject({
      code: 'INVALID_FIELD_VALUE',
    })
    expect(await account.admin(EVENT, 'add', { scheduleEvent: fromLive })).toMatchObject({ sourceEntryId: live.id })
  })
})
