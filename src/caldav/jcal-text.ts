import type { JCalComponent } from '../schedule/event.ts'
import { scan } from '../schedule/ical-scan.ts'
import { fold } from '../schedule/ical-write.ts'
import { readComponent, writeComponent } from '../schedule/jcal.ts'

export const JCAL_TYPE = 'application/calendar+json'

/** ical.js counts the days of a week; jCal names them. */
const DAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'] as const

const inWords = (name: string, value: unknown): unknown =>
  name === 'wkst' && typeof value === 'number' ? DAYS[value - 1] : value

/** The week start of a rule is a text (RFC 7265 §3.6.10); few rules say one, and looking at every value takes time. */
const writerFor = (text: string): ((component: unknown) => string) =>
  /WKST=/i.test(text) ? component => JSON.stringify(component, inWords) : component => JSON.stringify(component)

/** iCalendar text as jCal (RFC 7265); a property whose value is not of its type is left out. */
export const jcalText = (text: string): string => {
  const [calendar] = scan(text).components
  return calendar ? writerFor(text)(readComponent(calendar, () => {})) : '[]'
}

/** What lies in an iCalendar text, as jCal, one after the other. */
export const jcalComponents = (text: string): string => {
  const write = writerFor(text)
  return (scan(text).components[0]?.components ?? [])
    .map(component => write(readComponent(component, () => {})))
    .join(',')
}

/** RFC 7265 §3.2 nests components no deeper than this. */
const MAX_DEPTH = 10

const isProperty = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length >= 4 &&
  typeof value[0] === 'string' &&
  typeof value[1] === 'object' &&
  value[1] !== null &&
  typeof value[2] === 'string'

const isComponent = (value: unknown, depth = 0): value is JCalComponent => {
  if (!Array.isArray(value) || value.length !== 3 || depth > MAX_DEPTH) return false
  const [name, properties, components] = value
  return (
    typeof name === 'string' &&
    Array.isArray(properties) &&
    properties.every(isProperty) &&
    Array.isArray(components) &&
    components.every(component => isComponent(component, depth + 1))
  )
}

/** jCal as iCalendar text; `null` for what is no jCal. */
export const textOfJcal = (json: string): string | null => {
  try {
    const calendar: unknown = JSON.parse(json)
    if (!isComponent(calendar)) return null
    const lines: string[] = []
    writeComponent(calendar, lines)
    return lines.map(line => `${fold(line)}\r\n`).join('')
  } catch {
    return null
  }
}

/** How much a media type is wanted: its q, by the most exact of the ranges that cover it (RFC 9110 §12.5.1). */
const quality = (accept: string, type: string): number => {
  const ranges = accept.split(',').map(range => {
    const [name = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const q = parameters.find(part => part.startsWith('q='))
    return { name, q: q === undefined ? 1 : Number(q.slice(2)) || 0 }
  })
  for (const name of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const found = ranges.find(range => range.name === name)
    if (found) return found.q
  }
  return 0
}

/** Whether a client would rather have jCal; without a word of it, everybody gets iCalendar. */
export const wantsJcal = (accept = '*/*'): boolean =>
  accept.toLowerCase().includes(JCAL_TYPE) && quality(accept, JCAL_TYPE) > quality(accept, 'text/calendar')
