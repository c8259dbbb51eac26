import type { Action, Call, Service } from '../call.ts'
import { pageOf } from '../events/search.ts'
import { typeNamed } from '../schema/registry.ts'
import { object, string } from '../schema/schema.ts'
import { orderBy, TIMES } from '../storage/order.ts'
import { Conditions } from '../storage/rows.ts'
import { type Input, numberIn, objectIn, required, textIn } from '../wire/input.ts'
import { type Output, project } from '../wire/output.ts'
import { csv } from '../wire/values.ts'
import { type Entry, EntryStatus, EntryType, findEntriesWhere, presentEntry } from './entry.ts'
import { addContent, addLiveStream, addMedia, deleteEntry, existingEntry, updateEntry } from './write.ts'

/** Longer lists are cut silently. */
const MAX_IN = 500
const DEVICE = 'CAPTURE_DEVICE_PERMISSION'
const ENTRY_ID = { field: string('entryId') }
const RESOURCE = { field: object('resource', 'KalturaResource') }

const present = (call: Call, entry: Entry): Output => project(presentEntry(entry), call.profile)
const idIn = (args: Input): string => textIn(args, 'entryId') ?? ''

const get = (permissions: readonly string[]): Action => ({
  parameters: [ENTRY_ID],
  permissions,
  run: async (call, args) => present(call, await existingEntry(call, idIn(args))),
})

const add = (name: string, type: string, permissions: readonly string[], make: typeof addMedia): Action => ({
  parameters: [{ field: object(name, type) }],
  permissions,
  writes: true,
  run: async (call, args) => present(call, await make(call, required(objectIn(args, name), name))),
})

const update = (name: string, type: string, permissions: readonly string[]): Action => ({
  parameters: [ENTRY_ID, { field: object(name, type) }],
  permissions,
  writes: true,
  run: async (call, args) => present(call, await updateEntry(call, idIn(args), required(objectIn(args, name), name))),
})

const remove: Action = {
  parameters: [ENTRY_ID],
  permissions: ['CONTENT_MANAGE_DELETE'],
  writes: true,
  run: async (call, args) => {
    await deleteEntry(call, idIn(args))
    return null
  },
}

const content = (replace: boolean): Action => ({
  parameters: [ENTRY_ID, RESOURCE],
  permissions: ['CONTENT_INGEST_UPLOAD', 'CONTENT_INGEST_INTO_READY', DEVICE],
  writes: true,
  run: async (call, args) =>
    present(call, await addContent(call, idIn(args), required(objectIn(args, 'resource'), 'resource'), replace)),
})

function whereOf(call: Call, filter: Input, type: string | null): Conditions {
  const where = new Conditions().add('partner_id = ?', call.account.partner.id)
  const lists: readonly (readonly [field: string, column: string])[] = [
    ['id', 'id'],
    ['status', 'status'],
    ['type', 'type'],
  ]
  for (const [field, column] of lists) {
    const equal = textIn(filter, `${field}Equal`)
    const among = textIn(filter, `${field}In`)
    if (equal) where.add(`${column} = ?`, equal)
    if (among) where.oneOf(column, csv(among).slice(0, MAX_IN))
  }
  if (!textIn(filter, 'statusEqual') && !textIn(filter, 'statusIn')) where.add('status <> ?', EntryStatus.deleted)
  if (type !== null) where.add('type = ?', type)
  for (const [field, column] of TIMES) {
    const from = numberIn(filter, `${field}GreaterThanOrEqual`)
    const to = numberIn(filter, `${field}LessThanOrEqual`)
    if (from !== null) where.add(`${column} >= ?`, from)
    if (to !== null) where.add(`${column} <= ?`, to)
  }
  return where
}

const list = (filterType: string, listType: string, type: string | null): Action => ({
  parameters: [
    { field: object('filter', filterType), optional: true },
    { field: object('pager', 'KalturaFilterPager'), optional: true },
  ],
  permissions: ['CONTENT_MANAGE_BASE', 'BASE_USER_SESSION_PERMISSION'],
  run: async (call, args) => {
    const filter = objectIn(args, 'filter') ?? { type: typeNamed(filterType), values: new Map() }
    const page = pageOf(objectIn(args, 'pager'))
    const found = await findEntriesWhere(
      call.database,
      whereOf(call, filter, type),
      orderBy(textIn(filter, 'orderBy'), TIMES, 'created_at DESC, id'),
      page,
    )
    return {
      objectType: listType,
      totalCount: found.total,
      objects: found.entries.map(entry => present(call, entry)),
    }
  },
})

const INGEST = ['CONTENT_INGEST_UPLOAD', DEVICE]
const READ = ['CONTENT_MANAGE_BASE', 'BASE_USER_SESSION_PERMISSION']

/** An entry of the class that was sent: a live stream or a recording. */
const addAny: typeof addMedia = (call, input) =>
  input.type.name === 'KalturaLiveStreamEntry' ? addLiveStream(call, input) : addMedia(call, input)

export const mediaService: Service = {
  add: add('entry', 'KalturaMediaEntry', INGEST, addAny),
  addcontent: content(false),
  updatecontent: content(true),
  get: get(READ),
  update: update('mediaEntry', 'KalturaMediaEntry', ['CONTENT_MANAGE_METADATA', DEVICE]),
  delete: remove,
  list: list('KalturaMediaEntryFilter', 'KalturaMediaListResponse', EntryType.media),
}

/** Entry and content in one call. */
const addFromUploadedFile: Action = {
  parameters: [{ field: object('entry', 'KalturaBaseEntry') }, { field: string('uploadTokenId') }],
  permissions: INGEST,
  writes: true,
  run: async (call, args) => {
    const entry = await addAny(call, required(objectIn(args, 'entry'), 'entry'))
    const token = textIn(args, 'uploadTokenId') ?? ''
    const resource = { type: typeNamed('KalturaUploadedFileTokenResource'), values: new Map([['token', token]]) }
    return present(call, await addContent(call, entry.id, resource, false))
  },
}

export const baseEntryService: Service = {
  add: add('entry', 'KalturaBaseEntry', INGEST, addAny),
  addfromuploadedfile: addFromUploadedFile,
  addcontent: content(false),
  updatecontent: content(true),
  get: get([...READ, DEVICE]),
  update: update('baseEntry', 'KalturaBaseEntry', ['CONTENT_MANAGE_METADATA', DEVICE]),
  delete: remove,
  list: list('KalturaBaseEntryFilter', 'KalturaBaseEntryListResponse', null),
}

export const liveStreamService: Service = {
  add: add('liveStreamEntry', 'KalturaLiveStreamEntry', ['LIVE_STREAM_ADD'], addLiveStream),
  get: get(READ),
  update: update('liveStreamEntry', 'KalturaLiveStreamEntry', ['LIVE_STREAM_UPDATE']),
  delete: remove,
  list: list('KalturaLiveStreamEntryFilter', 'KalturaLiveStreamListResponse', EntryType.live),
}
