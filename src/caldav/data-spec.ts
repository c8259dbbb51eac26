import { badRequest, forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { attribute, child, children, childrenNamed, type XmlNode } from '../dav/xml.ts'
import type { Window } from '../schedule/recurrence.ts'
import { timeRange } from './time-range.ts'

/** Which parts of a component are wanted (RFC 4791 §9.6.1); `null` lists stand for all. */
export interface ComponentSelection {
  readonly name: string
  readonly properties: ReadonlyMap<string, { readonly noValue: boolean }> | null
  readonly components: readonly ComponentSelection[] | null
}

/** What a CALDAV:calendar-data element asks for (RFC 4791 §9.6). */
export interface DataSpec {
  readonly type: 'text/calendar' | 'application/calendar+json'
  readonly selection: ComponentSelection | null
  readonly expand: Window | null
  readonly limitRecurrences: Window | null
}

/** RFC 7265 for the second. */
export const DATA_TYPES = ['text/calendar', 'application/calendar+json'] as const

const selectionOf = (node: XmlNode): ComponentSelection => {
  const name = (attribute(node, 'name') ?? '').toUpperCase()
  const properties = childrenNamed(node, caldav('prop'))
  const components = childrenNamed(node, caldav('comp'))
  // An element that says nothing about its parts stands for the whole component (the example of RFC 4791 §7.8.1).
  const everything = children(node).length === 0
  const all = (part: string): boolean => everything || child(node, caldav(part)) !== null
  return {
    name,
    properties: all('allprop')
      ? null
      : new Map(
          properties.map(property => [
            (attribute(property, 'name') ?? '').toUpperCase(),
            { noValue: attribute(property, 'novalue') === 'yes' },
          ]),
        ),
    components: all('allcomp') ? null : components.map(selectionOf),
  }
}

const invalidRange = (reason: string): Error => badRequest(`CALDAV:calendar-data: ${reason}`)

/** Expansion and limits name both ends (RFC 4791 §9.6.5–§9.6.7). */
const rangeOf = (node: XmlNode, name: string): Window | null => {
  const found = child(node, caldav(name))
  if (!found) return null
  if (attribute(found, 'start') === null || attribute(found, 'end') === null) {
    throw invalidRange(`${name} has a start and an end`)
  }
  return timeRange(found, invalidRange)
}

const typeOf = (node: XmlNode): DataSpec['type'] => {
  const asked = (attribute(node, 'content-type') ?? 'text/calendar').toLowerCase()
  const type = DATA_TYPES.find(known => known === asked)
  const version = attribute(node, 'version') ?? '2.0'
  if (type && version === '2.0') return type
  throw forbidden(caldav('supported-calendar-data'), `Calendar data is not to be had as ${asked} ${version}`)
}

/** @throws DavError 403 CALDAV:supported-calendar-data, 400 */
export const dataSpec = (node: XmlNode): DataSpec => {
  const comp = child(node, caldav('comp'))
  const selection = comp && selectionOf(comp)
  if (selection && selection.name !== 'VCALENDAR') throw invalidRange('comp begins with VCALENDAR')
  const expand = rangeOf(node, 'expand')
  const limitRecurrences = rangeOf(node, 'limit-recurrence-set')
  if (expand && limitRecurrences) throw invalidRange('expand and limit-recurrence-set exclude each other')
  // Our events hold no VFREEBUSY whose periods it could limit.
  rangeOf(node, 'limit-freebusy-set')
  return { type: typeOf(node), selection, expand, limitRecurrences }
}

/** Whether the text is wanted as it is. */
export const isWhole = ({ type, selection, expand, limitRecurrences }: DataSpec): boolean =>
  type === 'text/calendar' && !selection && !expand && !limitRecurrences
