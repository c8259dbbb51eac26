/** What vCalendar 1.0 (versit, 1996) writes otherwise than iCalendar: recurrence rules and quoted-printable text. */
import { parameter, type RawProperty } from './content-line.ts'
import { writeText } from './jcal.ts'

const frequencies: Readonly<Record<string, string>> = {
  D: 'FREQ=DAILY',
  W: 'FREQ=WEEKLY',
  MP: 'FREQ=MONTHLY',
  MD: 'FREQ=MONTHLY',
  YM: 'FREQ=YEARLY',
  YD: 'FREQ=YEARLY',
}
const headForm = /^(D|W|MP|MD|YM|YD)(\d{1,4})$/
const timeForm = /^\d{8}(?:T\d{6}Z?)?$/

/** `1+ MO 2- FR` → `1MO,-2FR`: each weekday takes the count before it. */
const positions = (tokens: readonly string[]): string => {
  let nth = ''
  const days: string[] = []
  for (const token of tokens) {
    const count = /^([1-5])([+-])$/.exec(token)
    if (count) nth = `${count[2] === '-' ? '-' : ''}${count[1]}`
    else days.push(nth + token)
  }
  return days.join(',')
}

const byParts: Readonly<Record<string, (tokens: readonly string[]) => string>> = {
  D: () => '',
  W: tokens => `BYDAY=${tokens.join(',')}`,
  MP: tokens => `BYDAY=${positions(tokens)}`,
  MD: tokens =>
    `BYMONTHDAY=${tokens.map(day => (day === 'LD' ? '-1' : day.replace(/^(\d+)([+-]?)$/, (_, n, sign) => (sign === '-' ? `-${n}` : n)))).join(',')}`,
  YM: tokens => `BYMONTH=${tokens.join(',')}`,
  YD: tokens => `BYYEARDAY=${tokens.join(',')}`,
}

/** `W2 TU TH #10` as an RRULE, or null where it is no rule of vCalendar 1.0 or one inside another. */
export const ruleOf = (text: string): string | null => {
  const [head = '', ...tokens] = text.trim().toUpperCase().split(/\s+/)
  const [, kind = '', interval = ''] = headForm.exec(head) ?? []
  const frequency = frequencies[kind]
  if (frequency === undefined) return null
  const last = tokens.at(-1) ?? ''
  const ends = last.startsWith('#') || timeForm.test(last)
  const items = ends ? tokens.slice(0, -1) : tokens
  if (items.some(item => headForm.test(item) || timeForm.test(item))) return null
  // Without a duration a rule happens twice; #0 is for ever.
  const count = ends ? last.replace('#', '') : '2'
  const end = timeForm.test(last) ? `UNTIL=${last}` : count === '0' ? '' : `COUNT=${count}`
  const by = items.length > 0 ? (byParts[kind]?.(items) ?? '') : ''
  return [frequency, interval === '1' ? '' : `INTERVAL=${interval}`, end, by].filter(Boolean).join(';')
}

const decodeBytes = (bytes: Uint8Array, charset: string): string => {
  try {
    return new TextDecoder(charset).decode(bytes)
  } catch {
    return new TextDecoder().decode(bytes)
  }
}

/** A property in quoted-printable (RFC 2045 §6.7) as if it had been written in iCalendar; any other as it is. */
export const unquoted = (property: RawProperty): RawProperty => {
  if (parameter(property, 'encoding')?.toUpperCase() !== 'QUOTED-PRINTABLE') return property
  const { encoding: _, charset, ...parameters } = property.parameters
  const bytes = Buffer.from(
    property.value.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
  // Text outside ASCII that is not encoded was decoded with the file and must not be decoded twice.
  const ascii = /^[\0-\x7f]*$/.test(property.value)
  const text = ascii ? decodeBytes(bytes, String(charset ?? 'utf-8')) : property.value
  return { ...property, parameters, value: writeText(text.replace(/\\([;,])/g, '$1')) }
}
