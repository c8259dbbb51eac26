/** What Kaltura's columns take of a text: 3-byte UTF-8, XML characters only, a length in bytes. */

/** Pictographs, skin tones, flags and tags beyond the basic plane, with what joins them. */
const pictographs = /[\u{1F000}-\u{1FAFF}\u{E0000}-\u{E007F}](?:\u{FE0F}|\u{200D}|\u{20E3})*/gu
/** Any other character of four bytes: rare ideographs, mathematical letters, old scripts. */
const fourBytes = /[\u{10000}-\u{10FFFF}]/gu
// XML 1.0 §2.2, which Kaltura checks every string by (INVALID_PARAMETER_CHAR); a lone surrogate is no character at all.
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

/** Without emoji, other four-byte characters as U+FFFD, no control characters, LF as the only line end. */
export function storable(text: string): string {
  const clean = text.replace(/\r\n?/g, '\n').replace(forbidden, '')
  if (clean.search(fourBytes) < 0) return clean
  return clean.replace(pictographs, '').replace(fourBytes, '\uFFFD').replace(/ {2,}/g, ' ').trim()
}

export const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8')

/** The longest beginning of at most `bytes` bytes that ends between two characters, without blanks at its end. */
export function cutBytes(text: string, bytes: number): string {
  if (byteLength(text) <= bytes) return text
  const buffer = Buffer.from(text, 'utf8')
  let end = bytes
  while (end > 0 && ((buffer[end] ?? 0) & 0xc0) === 0x80) end--
  return buffer.toString('utf8', 0, end).trimEnd()
}
