import { randomBytes } from 'node:crypto'
import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { userOf } from '../call.ts'
import { rememberUser, touchEventsOn } from '../events/save.ts'
import { newId } from '../session/app-token.ts'
import { type Input, isSent, NULL, textIn } from '../wire/input.ts'
import { type Entry, EntryStatus, EntryType, findEntry, storeEntry } from './entry.ts'
import { attach } from './upload-token.ts'

const VIDEO = 1
const LIVE_STREAM_SOURCE = '32'
const LIVE_MEDIA = 201

/** What an entry made from a template takes from it, unless the client says otherwise. */
const FROM_TEMPLATE = [
  'name',
  'description',
  'userId',
  'tags',
  'adminTags',
  'categories',
  'categoriesIds',
  'accessControlId',
  'startDate',
  'endDate',
  'entitledUsersEdit',
  'entitledUsersPublish',
  'entitledUsersView',
]

export async function existingEntry(call: Call, id: string): Promise<Entry> {
  const entry = await findEntry(call.database, call.account.partner.id, id)
  if (!entry) throw apiError('ENTRY_ID_NOT_FOUND', id)
  return entry
}

function sentFields(input: Input, adding: boolean): Record<string, string | number | boolean | null> {
  const fields: Record<string, string | number | boolean | null> = {}
  for (const [name, field] of input.type.fields) {
    const value = input.values.get(name)
    if (value === undefined) continue
    if (field.readOnly || (!adding && field.insertOnly))
      throw apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', `${input.type.name}::${name}`)
    if (value === NULL) fields[name] = null
    else if (typeof value !== 'object') fields[name] = value as string | number | boolean
  }
  return fields
}

const withoutNulls = (fields: Readonly<Record<string, string | number | boolean | null>>): Entry['own'] =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Entry['own']

async function templateFields(call: Call, input: Input): Promise<Entry['own']> {
  const id = textIn(input, 'templateEntryId')
  const template = id ? await findEntry(call.database, call.account.partner.id, id) : null
  if (!template) return {}
  const fields: Record<string, string | number | boolean> = {}
  for (const name of FROM_TEMPLATE) {
    const value = template.own[name]
    if (value !== undefined) fields[name] = value
  }
  return fields
}

function blank(call: Call, objectType: string, type: string): Entry {
  return {
    id: newId(),
    partnerId: call.account.partner.id,
    objectType,
    type,
    status: EntryStatus.noContent,
    createdAt: call.now,
    updatedAt: call.now,
    own: {},
  }
}

/** A media entry without content yet. */
export async function addMedia(call: Call, input: Input): Promise<Entry> {
  const sent = withoutNulls(sentFields(input, true))
  const template = await templateFields(call, input)
  const owner = { userId: userOf(call), creatorId: userOf(call) }
  const entry = blank(call, 'KalturaMediaEntry', EntryType.media)
  await rememberUser(call, String(sent.userId ?? template.userId ?? owner.userId))
  return storeEntry(call.database, {
    ...entry,
    own: { mediaType: VIDEO, sourceType: '1', duration: 0, ...owner, ...template, ...sent },
  })
}

/** Where a live stream is sent to, unless somebody says otherwise: nothing listens there in an embedded account. */
function endpoints(id: string, partnerId: number, password: string): Entry['own'] {
  const host = (role: string): string => `${id}.${role}.kpublish.localhost`
  const query = (index: number): string => `kLive?p=${partnerId}&e=${id}&i=${index}&t=${password}`
  return {
    primaryBroadcastingUrl: `rtmp://${host('p')}:1935/${query(0)}`,
    secondaryBroadcastingUrl: `rtmp://${host('b')}:1935/${query(1)}`,
    primarySecuredBroadcastingUrl: `rtmps://${host('p')}:443/${query(0)}`,
    secondarySecuredBroadcastingUrl: `rtmps://${host('b')}:443/${query(1)}`,
    primaryRtspBroadcastingUrl: `rtsp://${host('p')}:554/${query(0)}`,
    secondaryRtspBroadcastingUrl: `rtsp://${host('b')}:554/${query(1)}`,
    streamName: `${id}_%i`,
    streamUsername: String(partnerId),
    streamPassword: password,
  }
}

/** A live stream with its endpoints and credentials, ready to be named as template entry of a live event. */
export async function addLiveStream(call: Call, input: Input): Promise<Entry> {
  const sent = withoutNulls(sentFields(input, true))
  const entry = blank(call, 'KalturaLiveStreamEntry', EntryType.live)
  const password = String(sent.streamPassword ?? randomBytes(4).toString('hex'))
  const owner = { userId: userOf(call), creatorId: userOf(call) }
  const template = await templateFields(call, input)
  await rememberUser(call, String(sent.userId ?? owner.userId))
  return storeEntry(call.database, {
    ...entry,
    status: EntryStatus.ready,
    own: {
      mediaType: LIVE_MEDIA,
      sourceType: LIVE_STREAM_SOURCE,
      ...owner,
      ...endpoints(entry.id, entry.partnerId, password),
      ...template,
      ...sent,
    },
  })
}

export async function updateEntry(call: Call, id: string, input: Input): Promise<Entry> {
  const entry = await existingEntry(call, id)
  const own = withoutNulls({ ...entry.own, ...sentFields(input, false) })
  const next = await storeEntry(call.database, { ...entry, updatedAt: call.now, own })
  if (isSent(input, 'categoriesIds')) await touchEventsOn(call, id)
  return next
}

export async function deleteEntry(call: Call, id: string): Promise<void> {
  const entry = await existingEntry(call, id)
  await storeEntry(call.database, { ...entry, status: EntryStatus.deleted, updatedAt: call.now })
}

/** Gives an entry its content: at once, or when the token's upload is complete. */
export async function addContent(call: Call, id: string, resource: Input, replace: boolean): Promise<Entry> {
  const entry = await existingEntry(call, id)
  if (!replace && entry.status !== EntryStatus.noContent) throw apiError('ENTRY_ALREADY_WITH_CONTENT')
  const full = await attach(call, textIn(resource, 'token') ?? '', id)
  return full ? withContent(call, entry) : entry
}

async function withContent(call: Call, entry: Entry): Promise<Entry> {
  return storeEntry(call.database, { ...entry, status: EntryStatus.ready, updatedAt: call.now })
}
