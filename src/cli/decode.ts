/** Files come from many programs: the text of one, whatever it is encoded in. */

/**
 * UTF-8 with or without BOM, UTF-16 in either order, and otherwise Windows-1252, which is what programs that know
 * nothing of Unicode write (and a superset of Latin-1's letters).
 */
export function decode(bytes: Uint8Array): string {
  const encoding = byMark(bytes) ?? byZeros(bytes)
  if (encoding) return new TextDecoder(encoding).decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('windows-1252').decode(bytes)
  }
}

/** A byte order mark; `TextDecoder` takes it away. */
function byMark([first, second, third]: Uint8Array): string | null {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8'
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return null
}

/** UTF-16 without a mark: the files we read begin with ASCII, so one byte of each of the first pairs is zero. */
function byZeros([first, second, third, fourth]: Uint8Array): string | null {
  if (first !== 0 && second === 0 && third !== 0 && fourth === 0) return 'utf-16le'
  if (first === 0 && second !== 0 && third === 0 && fourth !== 0) return 'utf-16be'
  return null
}
