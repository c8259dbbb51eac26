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

/** Event ids of one gateway on one calendar. `tenant` tells apart gateways that share a room. */
export interface Identity {
  /** The id of the `generation`-th Google event made for a UID: a deleted event keeps its id for ever. */
  id(uid: string, generation: number): string
  /** The UID an id of ours spells; `null`: not ours. */
  uid(id: string): string | null
  generation(id: string): number
}

export function identity(tenant: string): Identity {
  const prefix = mark + base32hex(createHash('sha256').update(tenant).digest()).slice(0, 8)
  const form = new RegExp(`^${prefix}([0-9a-v])([0-9a-v]+)$`)
  return {
    id(uid, generation) {
      const spelt = base32hex(new TextEncoder().encode(uid))
      const head = prefix + digits[generation % 32]
      if (head.length + spelt.length <= longest) return head + spelt
      // Too long to spell: a hash, found again by the private property that holds the UID.
      return `${head}${base32hex(createHash('sha256').update(uid).digest())}`
    },
    uid(id) {
      const spelt = form.exec(id)?.[2]
      if (!spelt) return null
      const uid = new TextDecoder().decode(fromBase32hex(spelt))
      return base32hex(new TextEncoder().encode(uid)) === spelt ? uid : null
    },
    generation: id => digits.indexOf(form.exec(id)?.[1] ?? '0'),
  }
}
