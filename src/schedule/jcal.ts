/**
 * Values of content lines to jCal and back (RFC 7265): the only file that knows ical.js. It is given one property at a
 * time, without its parameters, because it reads values lazily, throws bare TypeErrors and gives up on a whole file.
 */
import ICAL from 'ical.js'
import { parameter, type RawProperty, regularDuration } from './content-line.ts'
import type { JCalComponent, JCalParameters, JCalProperty } from './event.ts'
import type { RawComponent } from './ical-scan.ts'

const dateTime = String.raw`\d{8}T\d{6}Z?`
const duration = String.raw`[+-]?P(?:\d+W|(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)`
/** What ical.js would silently turn into 0, false or `--` (RFC 5545 §3.3). */
const forms: ReadonlyMap<string, RegExp> = new Map([
  ['boolean', /^(?:TRUE|FALSE)$/],
  ['date', /^\d{8}$/],
  ['date-time', new RegExp(`^${dateTime}$`)],
  ['duration', new RegExp(`^${duration}$`)],
  ['float', /^[+-]?\d+(?:\.\d+)?$/],
  ['integer', /^[+-]?\d{1,15}$/],
  ['period', new RegExp(`^${dateTime}/(?:${dateTime}|${duration})$`)],
  ['time', /^\d{6}Z?$/],
  ['utc-offset', /^[+-]\d{4}(?:\d{2})?$/],
])

/** What separates the values of a property that may have several. */
const separators: ReadonlyMap<string, string> = new Map([
  ['exdate', ','],
  ['rdate', ','],
  ['freebusy', ','],
  ['geo', ';'],
])

const hasForm = (name: string, type: string, value: string): boolean => {
  const form = forms.get(type)
  const separator = separators.get(name)
  return (
    form === undefined || (separator === undefined ? [value] : value.split(separator)).every(part => form.test(part))
  )
}

const textLists = new Set(['categories', 'resources'])

/** Splits at commas that no backslash escapes; ical.js takes the second half of `\\,` for an escape. */
const splitText = (value: string): string[] => {
  const parts: string[] = []
  let start = 0
  for (let i = 0; i < value.length; i++) {
    if (value[i] === '\\') i++
    else if (value[i] === ',') {
      parts.push(value.slice(start, i))
      start = i + 1
    }
  }
  return [...parts, value.slice(start)]
}

/** A rule without the parts that ical.js left undefined. */
const said = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined))
    : value

const parse = (name: string, type: string | null, value: string): [type: string, ...values: unknown[]] | null => {
  const line = `${name}${type === null ? '' : `;VALUE=${type}`}:${value}`
  try {
    const [, , found, ...values]: [string, unknown, string | undefined, ...unknown[]] = ICAL.parse.property(line)
    return [found ?? 'unknown', ...values.map(said)]
  } catch {
    return null
  }
}

/** A text value unescaped (RFC 5545 §3.3.11). */
export const readText = (value: string): string =>
  value.includes('\\') ? String(parse('summary', null, value)?.[1] ?? value) : value

const without = (parameters: JCalParameters, name: string): JCalParameters => {
  if (!(name in parameters)) return parameters
  const { [name]: _, ...rest } = parameters
  return rest
}

/** The type of a property whose VALUE is missing, as ical.js knows it. */
const types = new Map<string, string>()
const typeOf = (name: string): string => {
  let type = types.get(name)
  if (type === undefined) {
    type = name === 'constructor' ? 'unknown' : (parse(name, null, '')?.[0] ?? 'unknown')
    if (types.size < 1000) types.set(name, type)
  }
  return type
}

/**
 * A property as jCal, or null where its value is not of its type. What ical.js does not know is `unknown`: the value is
 * then kept as it is written.
 */
export const readProperty = (raw: RawProperty): JCalProperty | null => {
  const { name } = raw
  const parameters = without(raw.parameters, 'value')
  const claimed = parameter(raw, 'value')?.toLowerCase() ?? null
  const own = typeOf(name)
  const type = claimed !== null && /^[a-z0-9-]+$/.test(claimed) ? claimed : own
  if (type === 'unknown') return [name, parameters, 'unknown', raw.value]
  if (type === 'text' && textLists.has(name)) return [name, parameters, type, ...splitText(raw.value).map(readText)]
  const trimmed = type === 'text' || type === 'uri' || type === 'cal-address' ? raw.value : raw.value.trim()
  const value = type === 'duration' ? regularDuration(trimmed) : trimmed
  const read = hasForm(name, type, value) ? parse(name, type === own ? null : type, value) : null
  // RDATE is taken for what it looks like, whatever its VALUE says.
  if (read !== null && hasForm(name, read[0], value)) return [name, parameters, ...read]
  return own === 'unknown' ? [name, raw.parameters, 'unknown', raw.value] : null
}

/** A secret has one place, which is guarded; elsewhere it is not kept. */
const SECRET = 'x-kaltura-live-stream-password'

/** A component as jCal; `drop` is told of each property that is left out, most for a value not of its type. */
export const readComponent = (raw: RawComponent, drop: (property: RawProperty) => void): JCalComponent => {
  const properties: JCalProperty[] = []
  for (const property of raw.properties) {
    const read = property.name === SECRET ? null : readProperty(property)
    if (read) properties.push(read)
    else drop(property)
  }
  return [raw.name.toLowerCase(), properties, raw.components.map(component => readComponent(component, drop))]
}

/** BEGIN and END are no properties, and must not be written as if they were. */
const nameForm = /^(?!(?:begin|end)$)[a-z0-9_-]+$/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be written
const controls = /[\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff]/g

/** Nothing a value can do ends its line or leaves XML (RFC 5545 §3.1, §3.3.11). */
const safeText = (value: unknown): string =>
  String(value ?? '')
    .replaceAll('\r\n', '\n')
    .replaceAll('\r', '\n')
    .replace(controls, '')
    .toWellFormed()
/** A value that is written as it is: line breaks become `\\n`. */
export const safeRaw = (value: unknown): string => safeText(value).replaceAll('\n', '\\n')

const encodings: Readonly<Record<string, string>> = { '^': '^^', '\n': '^n', '"': "^'" }
/** RFC 6868, then quoted where RFC 5545 §3.2 wants it. */
const parameterValue = (value: string, quoted: boolean): string => {
  const text = safeText(value).replace(/[\^\n"]/g, found => encodings[found] ?? found)
  return quoted || /[,;:]/.test(text) ? `"${text}"` : text
}

const quotedParameters = new Set(['altrep', 'delegated-from', 'delegated-to', 'dir', 'member', 'sent-by'])

/** `;NAME=value` of each parameter. */
export const writeParameters = (parameters: JCalParameters): string => {
  let text = ''
  for (const [name, value] of Object.entries(parameters)) {
    if (!nameForm.test(name)) continue
    const quoted = quotedParameters.has(name)
    const values = (typeof value === 'string' ? [value] : value).map(item => parameterValue(String(item), quoted))
    text += `;${name.toUpperCase()}=${values.join(',')}`
  }
  return text
}

const textForm = /[\\;,\n]/
/** A text value escaped (RFC 5545 §3.3.11). */
export const writeText = (value: unknown): string => {
  const text = safeText(value)
  return textForm.test(text)
    ? ICAL.stringify.property(['x', {}, 'text', text], ICAL.design.icalendar, true).slice('X;VALUE=TEXT:'.length)
    : text
}

const clean = (value: unknown, type: string): unknown => {
  if (Array.isArray(value)) return value.map(item => clean(item, type))
  if (type === 'recur' || typeof value === 'number' || typeof value === 'boolean') return value
  return type === 'text' ? safeText(value) : safeRaw(value)
}

/** A property as one unfolded line, or null where it cannot be written at all. */
export const writeProperty = (property: JCalProperty): string | null => {
  const [name, parameters, type, ...values] = property
  if (!nameForm.test(name)) return null
  if (type === 'unknown') return `${name.toUpperCase()}${writeParameters(parameters)}:${safeRaw(values[0])}`
  const shown = name.toUpperCase() + writeParameters(without(parameters, 'value'))
  if (type === 'text' && values.length === 1 && !Array.isArray(values[0]) && typeOf(name) === 'text')
    return `${shown}:${writeText(values[0])}`
  try {
    const bare = ICAL.stringify.property(
      [name, {}, type, ...values.map(value => clean(value, type))],
      ICAL.design.icalendar,
      true,
    )
    return shown + bare.slice(name.length)
  } catch {
    return null
  }
}

/** A component as unfolded lines, without properties that are `dropped` by name. */
export const writeComponent = (
  [name, properties, components]: JCalComponent,
  into: string[],
  dropped: (name: string) => boolean = () => false,
): void => {
  if (!nameForm.test(name)) return
  into.push(`BEGIN:${name.toUpperCase()}`)
  for (const property of properties) {
    const line = dropped(property[0].toLowerCase()) ? null : writeProperty(property)
    if (line !== null) into.push(line)
  }
  for (const component of components) writeComponent(component, into, dropped)
  into.push(`END:${name.toUpperCase()}`)
}
