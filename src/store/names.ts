import { hash } from 'node:crypto'

/** Octets of UTF-8: with its encoding in a URL and in exported files, short enough for everyone. */
const longest = 180

/** What a path, a proxy that decodes twice or a reader could take for something else. */
const unsafe = /[/\\%?#\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu

const octets = (text: string): number => Buffer.byteLength(text)

const shortened = (text: string): string => {
  let short = ''
  for (const character of text) {
    if (octets(short) + octets(character) > longest) break
    short += character
  }
  return short
}

/**
 * The name an event has in a calendar where no client chose one: `<uid>.ics`. A UID that is no good as a path segment
 * is made into one and told apart by a hash; so is the `again`-th event that would have the same name.
 */
export function defaultName(uid: string, again = 0): string {
  const stem = shortened(uid.toWellFormed().normalize('NFC').replace(unsafe, '_').replace(/^\.+/, '_'))
  if (stem === uid && again === 0) return `${uid}.ics`
  const mark = hash('sha256', again === 0 ? uid : `${uid} ${again}`).slice(0, 12)
  return `${stem}-${mark}.ics`
}
