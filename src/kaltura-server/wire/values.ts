/** Values as they come in, cast as PHP casts them: nothing is refused, everything becomes something. */

const NUMBER = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
/** Ten years: a time not further from 0 than this counts from now (Kaltura: kTime, max_relative_time). */
export const MAX_RELATIVE_TIME = 315_360_000
/** What XML 1.0 cannot hold: Kaltura answers INVALID_PARAMETER_CHAR. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

export function toFloat(raw: unknown): number {
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : 0
  if (typeof raw === 'boolean') return raw ? 1 : 0
  if (typeof raw === 'string') return Number(NUMBER.exec(raw)?.[0] ?? 0)
  return raw !== null && typeof raw === 'object' && Object.keys(raw).length > 0 ? 1 : 0
}

/** `"12abc"` is 12, `"abc"` is 0. */
export function toInt(raw: unknown): number {
  const value = Math.trunc(toFloat(raw))
  return Number.isSafeInteger(value) ? value : 0
}

export function toText(raw: unknown): string {
  if (typeof raw === 'string') return raw.toWellFormed().replaceAll('\ufffd', '')
  if (typeof raw === 'number') return String(raw)
  if (typeof raw === 'boolean') return raw ? '1' : ''
  return raw === null || raw === undefined ? '' : 'Array'
}

export function toBool(raw: unknown): boolean {
  if (typeof raw === 'string') return raw !== '' && raw !== '0' && raw.toLowerCase() !== 'false'
  return Boolean(raw)
}

/** Epoch seconds. -1 stays ("remove"), '' and null are 0, anything small counts from `now`. */
export function toTime(raw: unknown, now: number): number {
  if (raw === '' || raw === null) return 0
  const value = toInt(raw)
  if (value === -1) return value
  return Math.abs(value) <= MAX_RELATIVE_TIME ? now + value : value
}

export const isXmlText = (text: string): boolean => !NOT_XML.test(text)

/** The number a text is to PHP's loose comparison, or null. */
export function looseNumber(raw: unknown): number | null {
  if (typeof raw === 'number') return raw
  if (typeof raw === 'boolean') return raw ? 1 : 0
  if (typeof raw !== 'string' || raw.trim() === '') return null
  const value = Number(raw)
  return Number.isNaN(value) ? null : value
}

/** The members of a comma-separated list, as written. */
export const csv = (text: string): string[] => (text === '' ? [] : text.split(',').map(part => part.trim()))
