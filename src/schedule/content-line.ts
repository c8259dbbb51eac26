/** One content line: name, parameters, value (RFC 5545 §3.1), read as far as it can be. */
import type { JCalParameters } from './event.ts'

export interface RawProperty {
  /** Lower case. */
  readonly name: string
  /** Lower-case names; values decoded by RFC 6868. */
  readonly parameters: JCalParameters
  /** As written, not unescaped. */
  readonly value: string
  /** Line of the text on which it begins, from 1. */
  readonly line: number
}

const NONE: JCalParameters = Object.freeze({})
const nameForm = /^[A-Za-z0-9_-]+$/

/** Parameters that hold lists (RFC 5545 §3.2, RFC 7986 §6); a comma in another, `CN=Doe, Jane`, is part of its text. */
const listParameters = new Set(['delegated-from', 'delegated-to', 'member', 'display', 'feature'])
/** vCalendar 1.0 leaves out `ENCODING=`. */
const bareEncodings = new Set(['QUOTED-PRINTABLE', 'BASE64', '8BIT', '7BIT'])

const escapes: Readonly<Record<string, string>> = { '^n': '\n', '^N': '\n', '^^': '^', "^'": '"' }
const decode = (text: string): string =>
  text.includes('^') ? text.replace(/\^[nN^']/g, found => escapes[found] ?? found) : text

/** Where the text between `from` and the next delimiter ends; a quoted part may contain delimiters. -1: quote not closed. */
const endOfPart = (text: string, from: number, quotes: boolean): number => {
  let quoted = false
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22 && quotes) quoted = !quoted
    else if (!quoted && (c === 0x3a || c === 0x3b)) return i
  }
  return quoted ? -1 : text.length
}

/** `a,"b,c"` → `a`, `b,c`. */
const splitList = (text: string): string[] => {
  const parts: string[] = []
  let quoted = false
  let start = 0
  for (let i = 0; i <= text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) quoted = !quoted
    if (i < text.length && (c !== 0x2c || quoted)) continue
    parts.push(text.slice(start, i))
    start = i + 1
  }
  return parts
}

const plain = (text: string): string => decode(text.includes('"') ? text.replaceAll('"', '') : text)

const addParameter = (into: Record<string, string | string[]>, part: string): void => {
  const equals = part.indexOf('=')
  const name = part.slice(0, Math.max(equals, 0)).trim().toLowerCase()
  const value = part.slice(equals + 1)
  if (equals < 0 && bareEncodings.has(value.trim().toUpperCase())) into.encoding = value.trim().toUpperCase()
  if (!nameForm.test(name) || name === '__proto__') return
  const values = listParameters.has(name) ? splitList(value).map(plain) : [plain(value)]
  into[name] = values.length === 1 ? (values[0] ?? '') : values
}

const readParameters = (
  text: string,
  from: number,
  quotes: boolean,
): { parameters: JCalParameters; end: number } | null => {
  const parameters: Record<string, string | string[]> = {}
  let at = from
  while (text.charCodeAt(at) === 0x3b) {
    const end = endOfPart(text, at + 1, quotes)
    if (end < 0) return null
    addParameter(parameters, text.slice(at + 1, end))
    at = end
  }
  return at < text.length ? { parameters, end: at } : null
}

/** The name at the start of a line, or null where the line cannot begin a property. */
export const nameOf = (text: string): string | null => {
  let end = 0
  while (end < text.length && text.charCodeAt(end) !== 0x3a && text.charCodeAt(end) !== 0x3b) end++
  const name = text.slice(0, end).trimEnd()
  return end < text.length && name.length <= 255 && nameForm.test(name) && name.toLowerCase() !== '__proto__'
    ? name
    : null
}

/**
 * Reads a line. Quotes that leave no value, as in `DTSTART;TZID="W. Europe Standard Time:20200609T090000"`, are taken
 * for ordinary characters. Null where there is no name or no value.
 */
export const readLine = (text: string, line: number): RawProperty | null => {
  const name = nameOf(text)
  if (name === null) return null
  let at = name.length
  while (text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09) at++
  if (text.charCodeAt(at) === 0x3a)
    return { name: name.toLowerCase(), parameters: NONE, value: text.slice(at + 1), line }
  const strict = readParameters(text, at, true)
  const read = strict ?? readParameters(text, at, false)
  if (read === null) return null
  const value = text.slice(read.end + 1)
  return {
    name: name.toLowerCase(),
    parameters: read.parameters,
    value: strict === null && value.endsWith('"') ? value.slice(0, -1) : value,
    line,
  }
}

/** A parameter as one text. */
export const parameter = (property: RawProperty, name: string): string | null => {
  const value = property.parameters[name]
  if (value === undefined) return null
  return typeof value === 'string' ? value : value.join(',')
}

/**
 * What other programs write beside RFC 5545 §3.3.6, as it has it: weeks beside days (`P1W2DT1H` is `P9DT1H`), and a T with
 * no time after it (`P1DT`, Apple's older clients).
 */
export const regularDuration = (text: string): string => {
  const tight = text.replace(/(?<=[DW])T$/i, '')
  if (!/W./i.test(tight)) return tight
  return tight.replace(/^([+-]?P)(\d{1,6})W(?:(\d{1,6})D)?/i, (_, sign: string, weeks: string, days = '0') => {
    return `${sign}${Number(weeks) * 7 + Number(days)}D`
  })
}
