import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { toInt } from '../wire/values.ts'

/** What a Kaltura session says. Times in epoch seconds. */
export interface KsContent {
  readonly partnerId: number
  readonly userId: string
  /** 0 user, 2 admin. */
  readonly type: number
  readonly expiry: number
  /** `name:value` or `name`, comma-separated, as at session.start. */
  readonly privileges: string
}

const ALL = '*'
const IV = Buffer.alloc(16)
const BLOCK = 16
const RANDOM = 16
const SHA1 = 20

const sha1 = (data: Buffer | string): Buffer => createHash('sha1').update(data).digest()
const toUrl = (data: Buffer): string => data.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
const fromUrl = (text: string): Buffer => Buffer.from(text.replaceAll('-', '+').replaceAll('_', '/'), 'base64')
const keyOf = (secret: string): Buffer => sha1(secret).subarray(0, BLOCK)

/** Privileges as a query: `a:b,c` → `a=b&c=`; `*` is written `all`. */
function fieldsOf(content: KsContent): URLSearchParams {
  const fields = new URLSearchParams()
  for (const privilege of content.privileges.split(',').map(part => part.trim())) {
    if (privilege === '') continue
    const colon = privilege.indexOf(':')
    const name = colon < 0 ? privilege : privilege.slice(0, colon)
    const value = colon < 0 ? '' : privilege.slice(colon + 1)
    if (privilege === ALL) fields.append('all', ALL)
    else fields.append(name, value)
  }
  fields.append('_e', String(content.expiry))
  fields.append('_t', String(content.type))
  fields.append('_u', content.userId)
  return fields
}

/**
 * A session string of version 2: `v2|partner|` and AES-128-CBC (key: first 16 bytes of sha1(secret), zero IV, zero
 * padding) over sha1(body) and body, where body is 16 random bytes and the fields; base64 with `-_`
 * (Kaltura: kSessionBase).
 */
export function writeKs(content: KsContent, adminSecret: string): string {
  const body = Buffer.concat([randomBytes(RANDOM), Buffer.from(fieldsOf(content).toString())])
  const signed = Buffer.concat([sha1(body), body])
  const padded = Buffer.concat([signed, Buffer.alloc((BLOCK - (signed.length % BLOCK)) % BLOCK)])
  const cipher = createCipheriv('aes-128-cbc', keyOf(adminSecret), IV).setAutoPadding(false)
  const encrypted = Buffer.concat([cipher.update(padded), cipher.final()])
  return toUrl(Buffer.concat([Buffer.from(`v2|${content.partnerId}|`), encrypted]))
}

/** The partner a session string claims to be of, before anything is checked; null: no such form. */
export function claimedPartner(ks: string): number | null {
  const head = fromUrl(ks)
  const v2 = /^v2\|(\d+)\|/.exec(head.subarray(0, 24).toString('latin1'))
  if (v2) return Number(v2[1])
  const v1 = /^[0-9a-f]{40}\|(\d+)[;_]/.exec(head.toString('latin1'))
  return v1 ? Number(v1[1]) : null
}

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

function readV2(raw: Buffer, partnerId: number, secret: string): KsContent | null {
  const encrypted = raw.subarray(`v2|${partnerId}|`.length)
  if (encrypted.length === 0 || encrypted.length % BLOCK !== 0) return null
  const decipher = createDecipheriv('aes-128-cbc', keyOf(secret), IV).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(encrypted), decipher.final()])
  let length = padded.length
  while (length > 0 && padded[length - 1] === 0) length -= 1
  const body = padded.subarray(SHA1, length)
  if (!same(sha1(body), padded.subarray(0, SHA1))) return null
  const privileges: string[] = []
  const own = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(body.subarray(RANDOM).toString())) {
    if (name.startsWith('_')) own.set(name, value)
    else if (name === 'all' && value === ALL) privileges.push(ALL)
    else privileges.push(value === '' ? name : `${name}:${value}`)
  }
  return {
    partnerId,
    userId: own.get('_u') ?? '',
    type: toInt(own.get('_t') ?? 0),
    expiry: toInt(own.get('_e') ?? 0),
    privileges: privileges.join(','),
  }
}

/** Version 1: base64 of `sha1(secret + info)|info`, info = partner;partner;expiry;type;rand;user;privileges;… */
function readV1(raw: Buffer, secrets: readonly string[]): KsContent | null {
  const text = raw.toString('utf8')
  const info = text.slice(text.indexOf('|') + 1)
  const hash = Buffer.from(text.slice(0, text.indexOf('|')))
  if (!secrets.some(secret => same(hash, Buffer.from(sha1(secret + info).toString('hex'))))) return null
  const [partner, , expiry, type, , user, privileges] = info.split(';')
  return {
    partnerId: toInt(partner),
    userId: user ?? '',
    type: toInt(type),
    expiry: toInt(expiry),
    privileges: privileges ?? '',
  }
}

/** The content of a session string signed with one of the partner's secrets (the first is the admin secret), or null. */
export function readKs(ks: string, partnerId: number, secrets: readonly string[]): KsContent | null {
  const raw = fromUrl(ks)
  if (!raw.subarray(0, 3).equals(Buffer.from('v2|'))) return readV1(raw, secrets)
  return readV2(raw, partnerId, secrets[0] ?? '')
}
