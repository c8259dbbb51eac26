/** Values as they come in, cast as PHP casts them: nothing is refused, everything becomes something. */

const NUMBER = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/
/** Years 1 to 9999: no date lies outside. */
const FIRST_TIME = -62_135_596_800
const LAST_TIME = 253_402_300_799
/** Ten years: a time not further from 0 than this counts from now (Kaltura: kTime, max_relative_time). */
const MAX_RELATIVE_TIME = 315_360_000
/** What XML 1.0 cannot hold: Kaltura answers INVALID_PARAMETER_CHAR. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

export function toFloat(raw: unknown): number {
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : 0
  if (typeof raw === 'boolean') return raw ? 1 : 0
  if (typeof raw === 'string') return Number(NUMBER.exec(raw)?.[0] ?? 0)
  return raw !== null && typeof raw === 'object' && Object.keys(raw).length > 0 ? 1 : 0
}

function toWhole(raw: unknown): number {
  const value = Math.trunc(toFloat(raw))
  return Number.isSafeInteger(value) ? value : 0
}

/** What an INT column holds; more is cut to it. */
const MAX_INT = 2 ** 31 - 1

/** `"12abc"` is 12, `"abc"` is 0. */
export const toInt = (raw: unknown): number => Math.max(-MAX_INT, Math.min(toWhole(raw), MAX_INT))

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
  const value = toWhole(raw)
  if (value === -1) return value
  if (Math.abs(value) <= MAX_RELATIVE_TIME) return now + value
  return Math.max(FIRST_TIME, Math.min(value, LAST_TIME))
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
