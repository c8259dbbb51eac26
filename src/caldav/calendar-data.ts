import { caldav, dav } from '../dav/names.ts'
import { type Property, type PropertyTable, propertyTable } from '../dav/propfind.ts'
import { escapeXml } from '../dav/write.ts'
import { child, textOf, type XmlNode } from '../dav/xml.ts'
import { writeCalendar } from '../schedule/ical.ts'
import { parseBlocks, writeBlock } from './content.ts'
import { type DataSpec, dataSpec, isWhole } from './data-spec.ts'
import { expandEvent } from './expand.ts'
import { jcalText } from './jcal-text.ts'
import { EVENT_PROPERTIES } from './properties.ts'
import { limitRecurrences, selectParts } from './select.ts'
import type { EventDetails, EventTarget } from './targets.ts'
import { chooseTimezones, type TimezoneChoice } from './timezone-choice.ts'
import { zoneOfTimezone, zoneOfTimezoneId } from './zones.ts'

/** CALDAV:calendar-data as a property of an event (RFC 4791 §9.6): only reports have it. */
const dataProperty = (write: (target: EventTarget) => string | null, attributes = ''): Property<EventTarget> => ({
  name: caldav('calendar-data'),
  attributes,
  needsEvent: true,
  value: write,
})

const withData = (property: Property<EventTarget>): PropertyTable<EventTarget> =>
  propertyTable<EventTarget>([...EVENT_PROPERTIES.values(), property])

const WHOLE = withData(dataProperty(({ details }) => details && escapeXml(details.body)))

/** The text of an event as a client wants it. `zone`: the clock for dates and floating times. */
export const renderData = (
  spec: DataSpec,
  { body, event }: EventDetails,
  zone: string,
  timezones: TimezoneChoice,
): string => {
  let text = body
  if (spec.expand) {
    const expanded = expandEvent(event(), spec.expand, zone)
    text = writeCalendar(expanded ? [expanded] : [], { timezones: false })
  }
  if (spec.selection || spec.limitRecurrences) {
    const whole = parseBlocks(text)
    const limited = spec.limitRecurrences ? limitRecurrences(whole, event(), spec.limitRecurrences, zone) : whole
    text = writeBlock(spec.selection ? selectParts(limited, spec.selection) : limited)
  }
  text = chooseTimezones(text, timezones)
  return spec.type === 'text/calendar' ? text : jcalText(text)
}

const zoneOf = (body: XmlNode): string | null => {
  const id = child(body, caldav('timezone-id'))
  const rules = child(body, caldav('timezone'))
  if (id) return zoneOfTimezoneId(textOf(id))
  return rules ? zoneOfTimezone(textOf(rules)) : null
}

const AS_STORED: DataSpec = { type: 'text/calendar', selection: null, expand: null, limitRecurrences: null }

const tableFor = (body: XmlNode, timezones: TimezoneChoice): PropertyTable<EventTarget> => {
  const prop = child(body, dav('prop'))
  const node = prop && child(prop, caldav('calendar-data'))
  const spec = node ? dataSpec(node) : AS_STORED
  if (isWhole(spec) && timezones === null) return WHOLE
  const zone = zoneOf(body)
  const attributes = spec.type === 'text/calendar' ? '' : ` content-type="${spec.type}" version="2.0"`
  const write = ({ details, calendar }: EventTarget): string | null =>
    details && escapeXml(renderData(spec, details, zone ?? calendar.zone, timezones))
  return withData(dataProperty(write, attributes))
}

const tables = new WeakMap<XmlNode, Map<TimezoneChoice, PropertyTable<EventTarget>>>()

/**
 * The properties of events as a report with this body asks for them.
 * @throws DavError 403 CALDAV:supported-calendar-data, 400
 */
export const reportProperties = (body: XmlNode, timezones: TimezoneChoice): PropertyTable<EventTarget> => {
  const byChoice = tables.get(body) ?? new Map<TimezoneChoice, PropertyTable<EventTarget>>()
  tables.set(body, byChoice)
  const known = byChoice.get(timezones) ?? tableFor(body, timezones)
  byChoice.set(timezones, known)
  return known
}
