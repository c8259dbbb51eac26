/**
 * Which Google event stands for which event of ours. The event id we choose spells the UID itself, so a create that is
 * repeated after a crash meets its first result (409), the room's copy of a meeting we organise is known by its id,
 * and a copy made by hand in Google's own page, which gets another id, never claims the same event.
 */
import { createHash } from 'node:crypto'

const digits = '0123456789abcdefghijklmnopqrstuv'
const mark = 'kd'
/** Google's limit for an event id. */
const longest = 1024

/** base32hex of RFC 4648 §7 in lower case, without padding: the alphabet of event ids. */
export function base32hex(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) text += digits[(value >>> (bits - 5)) & 31]
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + digits[(value << (5 - bits)) & 31] : text
}

function fromBase32hex(text: string): Uint8Array {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const letter of text) {
    value = (value << 5) | digits.indexOf(letter)
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >>> bits) & 255)
    value &= (1 << bits) - 1
  }
  return Uint8Array.from(bytes)
}

/** What of a Google event says whose it is. */
export interface Marked {
  readonly id?: string | null
  readonly extendedProperties?: { readonly shared?: { readonly [name: string]: string } | null } | null
}

/** Event ids of one gateway on one calendar. `tenant` tells apart gateways that share a room. */
export interface Identity {
  /** The id of the `generation`-th Google event made for a UID: a deleted event keeps its id for ever. */
  id(uid: string, generation: number): string
  /** Whether an id is one of ours. */
  isOurs(id: string): boolean
  /** The UID of an event of ours; `null`: not ours, or too long to be told without its properties. */
  uid(event: Marked): string | null
  /** What an event has to carry beside its id, so that its UID is found again. */
  properties(uid: string): Record<string, string>
}

/** Google's limit for a property's value is 1024; it cuts what is longer. */
const chunk = 1000
const property = 'kaldavUid'

/** Whether Google can hold an event with the UID: 32 kB of shared properties is the most an event has. */
export const fitsGoogle = (uid: string): boolean => Buffer.byteLength(uid) < 20_000

export function identity(tenant: string): Identity {
  const prefix = mark + base32hex(createHash('sha256').update(tenant).digest()).slice(0, 8)
  const form = new RegExp(`^${prefix}([0-9a-v])([0-9a-v]+)$`)
  const tailOf = (uid: string): string => {
    const spelt = base32hex(new TextEncoder().encode(uid))
    if (prefix.length + 1 + spelt.length <= longest) return spelt
    // Too long to spell: a hash, which the UID in the shared properties has to match.
    return base32hex(createHash('sha256').update(uid).digest())
  }
  return {
    id: (uid, generation) => prefix + digits[generation % 32] + tailOf(uid),
    isOurs: id => form.test(id),
    uid({ id, extendedProperties }) {
      const tail = form.exec(id ?? '')?.[2]
      if (!tail) return null
      const spelt = new TextDecoder().decode(fromBase32hex(tail))
      if (base32hex(new TextEncoder().encode(spelt)) === tail) return spelt
      // Guests can edit shared properties: only what fits the id is believed.
      const told = wholeOf(extendedProperties?.shared ?? {})
      return told !== null && tailOf(told) === tail ? told : null
    },
    properties(uid) {
      if (prefix.length + 1 + Math.ceil(Buffer.byteLength(uid) * 1.6) <= longest) return {}
      const text = Buffer.from(uid).toString('base64url')
      const parts = Array.from({ length: Math.ceil(text.length / chunk) }, (_, n) =>
        text.slice(n * chunk, (n + 1) * chunk),
      )
      return Object.fromEntries(parts.map((part, n) => [`${property}${n}`, part]))
    },
  }
}

function wholeOf(shared: { readonly [name: string]: string }): string | null {
  let text = ''
  for (let n = 0; shared[`${property}${n}`] !== undefined; n++) text += shared[`${property}${n}`]
  return text === '' ? null : Buffer.from(text, 'base64url').toString()
}
