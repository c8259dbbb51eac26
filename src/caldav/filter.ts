import { forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { attribute, children, textOf, type XmlNode } from '../dav/xml.ts'
import type { Window } from '../schedule/recurrence.ts'
import { invalidFilter, timeRange } from './time-range.ts'

/** RFC 4791 §9.7.5. */
export interface TextMatch {
  readonly text: string
  readonly collation: Collation
  readonly negate: boolean
}
export type Collation = 'i;ascii-casemap' | 'i;octet' | 'i;unicode-casemap'

interface NamedFilter {
  /** Upper case. */
  readonly name: string
  readonly isNotDefined: boolean
}
export interface ParameterFilter extends NamedFilter {
  readonly textMatch: TextMatch | null
}
export interface PropertyFilter extends NamedFilter {
  readonly timeRange: Window | null
  readonly textMatch: TextMatch | null
  readonly parameters: readonly ParameterFilter[]
}
export interface ComponentFilter extends NamedFilter {
  readonly timeRange: Window | null
  readonly properties: readonly PropertyFilter[]
  readonly components: readonly ComponentFilter[]
}

/** Which component can lie in which (RFC 5545 §3.6, RFC 7953 §3.1). `X-` components lie anywhere but in alarms. */
const INSIDE: Readonly<Record<string, readonly string[]>> = {
  VCALENDAR: ['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VTIMEZONE', 'VAVAILABILITY'],
  VEVENT: ['VALARM', 'PARTICIPANT', 'VLOCATION', 'VRESOURCE'],
  VTODO: ['VALARM', 'PARTICIPANT', 'VLOCATION', 'VRESOURCE'],
  VTIMEZONE: ['STANDARD', 'DAYLIGHT'],
  VAVAILABILITY: ['AVAILABLE'],
}
const TIMED_COMPONENTS = new Set(['VEVENT', 'VTODO', 'VJOURNAL', 'VFREEBUSY', 'VALARM', 'VAVAILABILITY', 'AVAILABLE'])
const TIMED_PROPERTIES = new Set(
  'COMPLETED CREATED DTEND DTSTAMP DTSTART DUE EXDATE LAST-MODIFIED RDATE RECURRENCE-ID'.split(' '),
)
const COLLATIONS: Readonly<Record<string, Collation>> = {
  'i;ascii-casemap': 'i;ascii-casemap',
  'i;octet': 'i;octet',
  'i;unicode-casemap': 'i;unicode-casemap',
  default: 'i;ascii-casemap',
}

const isNotDefinedName = caldav('is-not-defined')
const timeRangeName = caldav('time-range')
const textMatchName = caldav('text-match')

const nameOf = (node: XmlNode): string => {
  const name = attribute(node, 'name')
  if (!name) throw invalidFilter('every comp-filter, prop-filter and param-filter has a name')
  return name.toUpperCase()
}

const textMatch = (node: XmlNode): TextMatch => {
  const asked = attribute(node, 'collation') ?? 'default'
  const collation = COLLATIONS[asked]
  if (!collation) throw forbidden(caldav('supported-collation'), `There is no collation ${asked} here`)
  const negate = attribute(node, 'negate-condition') ?? 'no'
  if (negate !== 'yes' && negate !== 'no') throw invalidFilter(`negate-condition is yes or no, not ${negate}`)
  return { text: textOf(node), collation, negate: negate === 'yes' }
}

/** The children of a filter by their names; one that is not defined has no other condition. */
const parts = (node: XmlNode, known: readonly string[]): ReadonlyMap<string, readonly XmlNode[]> => {
  const byName = new Map<string, XmlNode[]>()
  for (const part of children(node)) {
    if (!known.includes(part.name)) throw invalidFilter(`${part.name} has no meaning there`)
    byName.set(part.name, [...(byName.get(part.name) ?? []), part])
  }
  if (byName.has(isNotDefinedName) && byName.size > 1) throw invalidFilter('is-not-defined stands alone')
  for (const single of [timeRangeName, textMatchName]) {
    if ((byName.get(single)?.length ?? 0) > 1) throw invalidFilter(`there is one ${single} at most`)
  }
  return byName
}

const parameterFilter = (node: XmlNode): ParameterFilter => {
  const found = parts(node, [isNotDefinedName, textMatchName])
  const match = found.get(textMatchName)?.[0]
  return {
    name: nameOf(node),
    isNotDefined: found.has(isNotDefinedName),
    textMatch: match ? textMatch(match) : null,
  }
}

const propertyFilter = (node: XmlNode): PropertyFilter => {
  const name = nameOf(node)
  const found = parts(node, [isNotDefinedName, timeRangeName, textMatchName, caldav('param-filter')])
  const range = found.get(timeRangeName)?.[0]
  const match = found.get(textMatchName)?.[0]
  if (range && !TIMED_PROPERTIES.has(name)) throw invalidFilter(`${name} is no time`)
  if (range && match) throw invalidFilter('a property is compared with a time or with a text')
  return {
    name,
    isNotDefined: found.has(isNotDefinedName),
    timeRange: range ? timeRange(range, invalidFilter) : null,
    textMatch: match ? textMatch(match) : null,
    parameters: (found.get(caldav('param-filter')) ?? []).map(parameterFilter),
  }
}

const componentFilter = (node: XmlNode, parent: string | null): ComponentFilter => {
  const name = nameOf(node)
  const possible = parent === null ? name === 'VCALENDAR' : INSIDE[parent]?.includes(name)
  if (!possible && !(parent !== null && parent !== 'VALARM' && name.startsWith('X-'))) {
    throw invalidFilter(parent === null ? 'it starts with VCALENDAR' : `there is no ${name} in ${parent}`)
  }
  const found = parts(node, [isNotDefinedName, timeRangeName, caldav('prop-filter'), caldav('comp-filter')])
  const range = found.get(timeRangeName)?.[0]
  if (range && !TIMED_COMPONENTS.has(name)) throw invalidFilter(`${name} has no time of its own`)
  return {
    name,
    isNotDefined: found.has(isNotDefinedName),
    timeRange: range ? timeRange(range, invalidFilter) : null,
    properties: (found.get(caldav('prop-filter')) ?? []).map(propertyFilter),
    components: (found.get(caldav('comp-filter')) ?? []).map(inner => componentFilter(inner, name)),
  }
}

/** CALDAV:filter (RFC 4791 §9.7). @throws DavError 403 CALDAV:valid-filter or CALDAV:supported-collation */
export const parseFilter = (node: XmlNode): ComponentFilter => {
  const [first, second] = children(node)
  if (first?.name !== caldav('comp-filter') || second) throw invalidFilter('it holds one comp-filter')
  return componentFilter(first, null)
}
