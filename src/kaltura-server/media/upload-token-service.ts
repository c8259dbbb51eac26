import { rm } from 'node:fs/promises'
import { apiError } from '../api-error.ts'
import type { Call, Service } from '../call.ts'
import { userOf } from '../call.ts'
import { pageOf } from '../events/search.ts'
import { bool, float, object, string } from '../schema/schema.ts'
import { newId } from '../session/app-token.ts'
import { Conditions } from '../storage/rows.ts'
import { type Input, isSent, numberIn, objectIn, textIn } from '../wire/input.ts'
import { type Output, project } from '../wire/output.ts'
import { csv, toInt } from '../wire/values.ts'
import { pathOf, upload } from './upload.ts'
import {
  existingToken,
  presentUploadToken,
  storeUploadToken,
  toToken,
  UploadStatus,
  type UploadToken,
} from './upload-token.ts'

/** Longer lists are cut silently. */
const MAX_IN = 500
const ID = { field: string('uploadTokenId') }
const UPLOAD = ['CONTENT_INGEST_UPLOAD', 'CAPTURE_DEVICE_PERMISSION']

function add(call: Call, input: Input | null): Promise<UploadToken> {
  const fileName = input && textIn(input, 'fileName')
  const fileSize = input && numberIn(input, 'fileSize')
  const autoFinalize = input && numberIn(input, 'autoFinalize')
  for (const [name, field] of input?.type.fields ?? [])
    if (input && field.readOnly && isSent(input, name))
      throw apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', `${input.type.name}::${name}`)
  if (autoFinalize === 1 && !fileSize) throw apiError('UPLOAD_TOKEN_MISSING_FILE_SIZE')
  return storeUploadToken(call.database, {
    id: `${newId()}${newId().slice(2)}`,
    partnerId: call.account.partner.id,
    userId: userOf(call),
    status: UploadStatus.pending,
    createdAt: call.now,
    updatedAt: call.now,
    own: {
      ...(fileName === null ? {} : { fileName }),
      ...(fileSize === null ? {} : { fileSize }),
      ...(autoFinalize === null ? {} : { autoFinalize }),
      spans: [],
    },
  })
}

async function list(call: Call, filter: Input | null, pager: Input | null): Promise<Output> {
  const where = new Conditions().add('partner_id = ?', call.account.partner.id).add('status <> ?', UploadStatus.deleted)
  if (!call.session?.admin) where.add('user_id = ?', userOf(call))
  const ids = filter ? csv(textIn(filter, 'idEqual') ?? textIn(filter, 'idIn') ?? '').slice(0, MAX_IN) : []
  if (ids.length > 0) where.oneOf('id', ids)
  const statuses = filter
    ? csv(textIn(filter, 'statusIn') ?? '')
        .slice(0, MAX_IN)
        .map(toInt)
    : []
  const status = filter && numberIn(filter, 'statusEqual')
  if (statuses.length > 0) where.oneOf('status', statuses)
  if (status !== null) where.add('status = ?', status)
  const rows = await call.database.query<Parameters<typeof toToken>[0]>(
    `SELECT * FROM kaltura_upload_token WHERE ${where.sql} ORDER BY created_at, id`,
    where.values,
  )
  const name = filter && textIn(filter, 'fileNameEqual')
  const tokens = rows.map(toToken).filter(token => !name || token.own.fileName === name)
  const page = pageOf(pager)
  return {
    objectType: 'KalturaUploadTokenListResponse',
    totalCount: tokens.length,
    objects: tokens
      .slice(page.offset, page.offset + page.size)
      .map(token => project(presentUploadToken(token), call.profile)),
  }
}

const present = (call: Call, token: UploadToken): Output => project(presentUploadToken(token), call.profile)

export const uploadTokenService: Service = {
  add: {
    parameters: [{ field: object('uploadToken', 'KalturaUploadToken'), optional: true }],
    permissions: UPLOAD,
    writes: true,
    run: async (call, args) => present(call, await add(call, objectIn(args, 'uploadToken'))),
  },
  get: {
    parameters: [ID],
    permissions: UPLOAD,
    run: async (call, args) =>
      present(call, await existingToken(call, call.database, textIn(args, 'uploadTokenId') ?? '')),
  },
  upload: {
    parameters: [
      ID,
      { field: { name: 'fileData', type: 'file' } },
      { field: bool('resume'), fallback: false },
      { field: bool('finalChunk'), fallback: true },
      { field: float('resumeAt'), fallback: -1 },
    ],
    permissions: UPLOAD,
    run: async (call, args) => present(call, await upload(call, args)),
  },
  delete: {
    parameters: [ID],
    permissions: ['CONTENT_INGEST_UPLOAD'],
    writes: true,
    run: async (call, args) => {
      const token = await existingToken(call, call.database, textIn(args, 'uploadTokenId') ?? '')
      await storeUploadToken(call.database, { ...token, status: UploadStatus.deleted, updatedAt: call.now })
      await rm(pathOf(call.account, token.id), { force: true })
      return null
    },
  },
  list: {
    parameters: [
      { field: object('filter', 'KalturaUploadTokenFilter'), optional: true },
      { field: object('pager', 'KalturaFilterPager'), optional: true },
    ],
    permissions: UPLOAD,
    run: (call, args) => list(call, objectIn(args, 'filter'), objectIn(args, 'pager')),
  },
}
