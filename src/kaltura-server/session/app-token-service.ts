import { timingSafeEqual } from 'node:crypto'
import { apiError } from '../api-error.ts'
import type { Call, Service } from '../call.ts'
import { pageOf } from '../events/search.ts'
import { SessionType } from '../schema/enums.ts'
import { enumOf, int, object, string } from '../schema/schema.ts'
import { type Input, isSent, NULL, numberIn, objectIn, required, textIn } from '../wire/input.ts'
import { type Output, project } from '../wire/output.ts'
import { csv, toInt } from '../wire/values.ts'
import {
  type AppToken,
  findToken,
  listTokens,
  newId,
  newToken,
  presentToken,
  storeToken,
  TokenStatus,
  tokenHash,
} from './app-token.ts'
import { writeKs } from './ks.ts'
import { privilegesOf } from './session.ts'

/** Seconds a session lives when its token does not say (the partner's maximum). */
const MAX_SESSION = 86_400
/** Names a caller cannot add to a session: the server reads its rights from them (Kaltura: ks reserved privileges). */
const RESERVED = new Set([
  'sessionid',
  'apptoken',
  'setrole',
  'widget',
  'edit',
  'sview',
  'list',
  'all',
  '*',
  'disableentitlement',
  'disableentitlementforentry',
  'enableentitlement',
  'privacycontext',
  'enablecategorymoderation',
  'iprestrict',
  'urirestrict',
  'actionslimit',
  'reftime',
  'userid',
])

const ID = { field: string('id') }
const TOKEN = { field: object('appToken', 'KalturaAppToken') }
const MANAGE = ['APP_TOKEN_MANAGE', 'ADMIN_BASE']

async function existing(call: Call, args: Input): Promise<AppToken> {
  const id = textIn(args, 'id') ?? ''
  const token = await findToken(call.database, id)
  if (!token || token.partnerId !== call.account.partner.id) throw apiError('APP_TOKEN_ID_NOT_FOUND', id)
  return token
}

const SETTABLE = [
  'expiry',
  'sessionType',
  'sessionUserId',
  'sessionDuration',
  'sessionPrivileges',
  'hashType',
  'description',
]

function withSent(token: AppToken, input: Input, now: number): AppToken {
  for (const [name, field] of input.type.fields)
    if (field.readOnly && isSent(input, name))
      throw apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', `${input.type.name}::${name}`)
  const own: Record<string, unknown> = { ...token.own }
  for (const name of SETTABLE) {
    const value = input.values.get(name)
    if (value === NULL) delete own[name]
    else if (value !== undefined) own[name] = value
  }
  return { ...token, updatedAt: now, own: own as AppToken['own'] }
}

async function add(call: Call, input: Input): Promise<AppToken> {
  const blank: AppToken = {
    id: newId(),
    partnerId: call.account.partner.id,
    token: newToken(),
    status: TokenStatus.active,
    createdAt: call.now,
    updatedAt: call.now,
    own: { sessionDuration: MAX_SESSION },
  }
  return storeToken(call.database, withSent(blank, input, call.now))
}

/** Every session made from the token ends with it. */
async function remove(call: Call, token: AppToken): Promise<void> {
  await storeToken(call.database, { ...token, status: TokenStatus.deleted, updatedAt: call.now })
  await call.database.query(
    `INSERT INTO kaltura_invalid_session (partner_id, session_id, at) VALUES ($1, $2, $3)
     ON CONFLICT (partner_id, session_id) DO NOTHING`,
    [token.partnerId, token.id, call.now],
  )
}

/** Kaltura's own first, then the token's, then what the caller may add. */
function privilegesFor(token: AppToken, asked: string): string {
  const base = `sessionid:${token.id},apptoken:${token.id}`
  const own = token.own.sessionPrivileges ?? ''
  const taken = new Set(privilegesOf(own).map(([name]) => name))
  const extra = privilegesOf(asked)
    .filter(([name]) => !taken.has(name) && !RESERVED.has(name.toLowerCase()))
    .map(([name, value]) => (value === '' ? name : `${name}:${value}`))
  return [base, own, ...extra].filter(part => part !== '').join(',')
}

function sameHash(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

async function startSession(call: Call, args: Input): Promise<Output> {
  const token = await existing(call, args)
  if (token.status !== TokenStatus.active) throw apiError('APP_TOKEN_NOT_ACTIVE', token.id)
  if (!sameHash(textIn(args, 'tokenHash') ?? '', tokenHash(call.session?.ks ?? '', token)))
    throw apiError('INVALID_APP_TOKEN_HASH')
  const lifetime = Math.min(
    token.own.sessionDuration ?? MAX_SESSION,
    token.own.expiry === undefined ? Number.POSITIVE_INFINITY : token.own.expiry - call.now,
  )
  if (lifetime < 0) throw apiError('APP_TOKEN_EXPIRED', token.id)
  const expiry = call.now + Math.min(numberIn(args, 'expiry') || lifetime, lifetime)
  const type = token.own.sessionType ?? numberIn(args, 'type') ?? SessionType.user
  const userId = token.own.sessionUserId ?? textIn(args, 'userId') ?? ''
  const privileges = privilegesFor(token, textIn(args, 'sessionPrivileges') ?? '')
  const { partner } = call.account
  const ks = writeKs({ partnerId: partner.id, userId, type, expiry, privileges }, partner.adminSecret)
  return {
    ks,
    sessionType: type,
    partnerId: partner.id,
    userId,
    expiry,
    privileges,
    objectType: 'KalturaSessionInfo',
  }
}

function matches(token: AppToken, filter: Input | null): boolean {
  if (!filter) return true
  const id = textIn(filter, 'idEqual')
  const ids = textIn(filter, 'idIn')
  const user = textIn(filter, 'sessionUserIdEqual')
  const status = numberIn(filter, 'statusEqual')
  const statuses = textIn(filter, 'statusIn')
  return (
    (id === null || token.id === id) &&
    (!ids || csv(ids).includes(token.id)) &&
    (!user || token.own.sessionUserId === user) &&
    (status === null || token.status === status) &&
    (!statuses || csv(statuses).map(toInt).includes(token.status))
  )
}

const tokenIn = (args: Input): Input => required(objectIn(args, 'appToken'), 'appToken')

export const appTokenService: Service = {
  add: {
    parameters: [TOKEN],
    permissions: MANAGE,
    writes: true,
    run: async (call, args) => project(presentToken(await add(call, tokenIn(args))), call.profile),
  },
  get: {
    parameters: [ID],
    permissions: MANAGE,
    run: async (call, args) => project(presentToken(await existing(call, args)), call.profile),
  },
  update: {
    parameters: [ID, TOKEN],
    permissions: MANAGE,
    writes: true,
    run: async (call, args) => {
      const token = withSent(await existing(call, args), tokenIn(args), call.now)
      return project(presentToken(await storeToken(call.database, token)), call.profile)
    },
  },
  delete: {
    parameters: [ID],
    permissions: MANAGE,
    writes: true,
    run: async (call, args) => {
      await remove(call, await existing(call, args))
      return null
    },
  },
  list: {
    parameters: [
      { field: object('filter', 'KalturaAppTokenFilter'), optional: true },
      { field: object('pager', 'KalturaFilterPager'), optional: true },
    ],
    permissions: MANAGE,
    run: async (call, args) => {
      const page = pageOf(objectIn(args, 'pager'))
      const filter = objectIn(args, 'filter')
      const all = (await listTokens(call.database, call.account.partner.id)).filter(token => matches(token, filter))
      return {
        objectType: 'KalturaAppTokenListResponse',
        totalCount: all.length,
        objects: all
          .slice(page.offset, page.offset + page.size)
          .map(token => project(presentToken(token), call.profile)),
      }
    },
  },
  startsession: {
    parameters: [
      ID,
      { field: string('tokenHash') },
      { field: string('userId'), optional: true },
      { field: enumOf('type', 'sessionType'), optional: true },
      { field: int('expiry'), optional: true },
      { field: string('sessionPrivileges'), optional: true },
    ],
    permissions: ['BASE_USER_SESSION_PERMISSION', 'WIDGET_SESSION_PERMISSION'],
    run: startSession,
  },
}
