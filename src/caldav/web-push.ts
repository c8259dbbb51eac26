/** Web Push as an application server does it: encrypted messages (RFC 8291) under our own name (VAPID, RFC 8292). */
import { createCipheriv, createECDH, createPrivateKey, hkdfSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** Keys of a P-256 pair in base64url: the public one uncompressed (65 octets), the private one its 32 octets. */
export interface VapidKeys {
  readonly publicKey: string
  readonly privateKey: string
  /** Whom push services can write to: `mailto:` or `https:`. */
  readonly subject: string
}

/** What a client gave us to encrypt for it, in base64url. */
export interface Recipient {
  readonly publicKey: string
  readonly authSecret: string
}

const CURVE = 'prime256v1'
const RECORD_SIZE = 4096

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')

const hkdf = (key: Buffer, salt: Buffer, info: Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, salt, info, length))

/**
 * A message as its body travels: `aes128gcm` in one record (RFC 8188).
 * `fixed`: instead of fresh random values, for the vectors of the RFC.
 */
export const encryptPush = (
  message: string,
  { publicKey, authSecret }: Recipient,
  fixed: { readonly salt?: Buffer; readonly privateKey?: Buffer } = {},
): Buffer => {
  const ours = createECDH(CURVE)
  if (fixed.privateKey) ours.setPrivateKey(fixed.privateKey)
  else ours.generateKeys()
  const theirs = bytes(publicKey)
  const own = ours.getPublicKey()
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), theirs, own])
  const key = hkdf(ours.computeSecret(theirs), bytes(authSecret), info, 32)
  const salt = fixed.salt ?? randomBytes(16)
  const cipher = createCipheriv(
    'aes-128-gcm',
    hkdf(key, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16),
    hkdf(key, salt, Buffer.from('Content-Encoding: nonce\0'), 12),
  )
  // 2 ends the last record; no padding is needed where all messages are alike.
  const text = Buffer.concat([cipher.update(message, 'utf8'), cipher.update(Buffer.from([2])), cipher.final()])
  const size = Buffer.alloc(4)
  size.writeUInt32BE(RECORD_SIZE)
  return Buffer.concat([salt, size, Buffer.from([own.length]), own, text, cipher.getAuthTag()])
}

const signingKey = ({ publicKey, privateKey }: VapidKeys): KeyObject => {
  const point = bytes(publicKey)
  const coordinate = (from: number): string => point.subarray(from, from + 32).toString('base64url')
  const key = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33), d: privateKey }
  return createPrivateKey({ format: 'jwk', key })
}

/** Longest life of a VAPID token is 24 h (RFC 8292 §2). */
const TOKEN_AGE = 12 * 3600

/** The Authorization header for a push service. `now`: epoch seconds. */
export const vapidHeader = (keys: VapidKeys, origin: string, now: number): string => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ typ: 'JWT', alg: 'ES256' })}.${part({ aud: origin, exp: now + TOKEN_AGE, sub: keys.subject })}`
  const signature = sign('sha256', Buffer.from(text), { key: signingKey(keys), dsaEncoding: 'ieee-p1363' })
  return `vapid t=${text}.${signature.toString('base64url')}, k=${keys.publicKey}`
}

/** Whether a client's keys can be used at all. */
export const isRecipient = ({ publicKey, authSecret }: Recipient): boolean => {
  try {
    encryptPush('', { publicKey, authSecret })
    return bytes(authSecret).length === 16
  } catch {
    return false
  }
}
