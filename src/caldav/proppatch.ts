import { readXml } from '../dav/body.ts'
import { DavError, forbidden, needPrivilege } from '../dav/errors.ts'
import { caldav, dav } from '../dav/names.ts'
import { applied } from '../dav/prefer.ts'
import type { Property, PropertyTable } from '../dav/propfind.ts'
import { type Patch, parsePatches, patchResponse } from '../dav/proppatch.ts'
import { send, sendMultistatus } from '../dav/respond.ts'
import { element, textElement } from '../dav/write.ts'
import { textOf, writeNode } from '../dav/xml.ts'
import { changePersonalProperties, EVERYBODY, type PersonalChange } from '../store/properties.ts'
import { AVAILABILITY, checkAvailability } from './availability.ts'
import { checkDefaultAlarm, DEFAULT_ALARMS } from './default-alarms.ts'
import { entryAt } from './entries.ts'
import type { Exchange, Method } from './gateway.ts'
import { hrefOf, type Kind } from './places.ts'
import {
  CALENDAR_PROPERTIES,
  COLLECTION_PROPERTIES,
  EVENT_PROPERTIES,
  HOME_PROPERTIES,
  INBOX_PROPERTIES,
  OUTBOX_PROPERTIES,
  PRINCIPAL_PROPERTIES,
} from './properties.ts'
import { calendarTimezone, checkTimezone, checkTimezoneId, zoneOfTimezone } from './zones.ts'

/** Characters one kept property may have: alarms and time zones are far below. */
const MAX_VALUE = 64 * 1024
const MAX_NAME = 500

const TABLES: Readonly<Partial<Record<Kind, ReadonlyMap<string, Property<never>>>>> = {
  event: EVENT_PROPERTIES,
  calendar: CALENDAR_PROPERTIES,
  home: HOME_PROPERTIES,
  user: PRINCIPAL_PROPERTIES,
  room: PRINCIPAL_PROPERTIES,
}

/** Of RFC 4331, which we do not compute, and nobody may make up. */
const QUOTA = [dav('quota-available-bytes'), dav('quota-used-bytes')] as const

/** What the server computes somewhere is no property to make up elsewhere: an ETag of a calendar would be believed. */
const COMPUTED: ReadonlySet<string> = (() => {
  const rows = [
    ...Object.values(TABLES).flatMap(table => [...table.values()]),
    ...[...INBOX_PROPERTIES.values(), ...OUTBOX_PROPERTIES.values()],
  ]
  const personal = new Set(rows.flatMap(row => (row.personal ? row.name : [])))
  return new Set([...rows.map(({ name }) => name).filter(name => !personal.has(name)), ...QUOTA])
})()

/** Properties that are the same for everybody. */
const SHARED: ReadonlySet<string> = new Set([AVAILABILITY])

/** What has a form has to be of it: others read it back as such. */
const CHECKS: Readonly<Record<string, (value: string) => DavError | null>> = {
  [AVAILABILITY]: checkAvailability,
  [caldav('calendar-timezone')]: checkTimezone,
  [caldav('calendar-timezone-id')]: checkTimezoneId,
  ...Object.fromEntries(DEFAULT_ALARMS.map(name => [name, checkDefaultAlarm])),
}

const refusalOf = (
  { person, place }: Exchange,
  table: PropertyTable<never>,
  { name, node }: Patch,
): DavError | null => {
  const { kind } = place
  if (SHARED.has(name) && (kind !== 'calendar' || person.role !== 'admin')) {
    return needPrivilege(hrefOf(place), 'write-properties', `${name} is for administrators to set, on a calendar`)
  }
  const live = table.get(name)
  if ((live && !live.personal) || COMPUTED.has(name)) {
    return forbidden(dav('cannot-modify-protected-property'), `${name} is computed by the server`)
  }
  if (kind === 'event') return new DavError(403, 'An event keeps its own X- properties; it has no others to set')
  if (!node) return null
  if (name.length > MAX_NAME) return new DavError(507, `A property name may have ${MAX_NAME} characters`)
  if (writeNode(node).length > MAX_VALUE) return new DavError(507, `${name} is longer than ${MAX_VALUE} characters`)
  return CHECKS[name]?.(textOf(node)) ?? null
}

const asChange = ({ name, node }: Patch): PersonalChange => ({ name, value: node && writeNode(node) })

const TIMEZONE = caldav('calendar-timezone')
const TIMEZONE_ID = caldav('calendar-timezone-id')

/** The zone is kept in two forms, and setting or removing one does the same to the other (RFC 7809 §5.2). */
const alongside = ({ name, node }: Patch): readonly PersonalChange[] => {
  if (name !== TIMEZONE && name !== TIMEZONE_ID) return []
  const other = name === TIMEZONE ? TIMEZONE_ID : TIMEZONE
  if (!node) return [{ name: other, value: null }]
  if (name === TIMEZONE_ID) return [{ name: other, value: element(other, calendarTimezone(textOf(node).trim())) }]
  const zone = zoneOfTimezone(textOf(node))
  return [{ name: other, value: zone && textElement(other, zone) }]
}

/**
 * RFC 4918 §9.2. What a person sets is theirs alone, so those who may only read may set it too: macOS gives a calendar
 * up when its colour is refused.
 */
export const proppatch: Method = async exchange => {
  const { request, response, place, gateway, person, prefer } = exchange
  const patches = parsePatches(await readXml(request))
  const { href } = await entryAt(exchange, place)
  const table = TABLES[place.kind] ?? COLLECTION_PROPERTIES
  const refusals = new Map(
    patches.flatMap(patch => {
      const refusal = refusalOf(exchange, table, patch)
      return refusal ? [[patch.name, refusal] as const] : []
    }),
  )
  if (refusals.size === 0) {
    const changes = patches.flatMap(patch => [asChange(patch), ...alongside(patch)])
    for (const [user, own] of Map.groupBy(changes, ({ name }) => (SHARED.has(name) ? EVERYBODY : person.name))) {
      await changePersonalProperties(gateway.store.database, user, href, own)
    }
    if (prefer.minimal) return send(response, 200, applied('return=minimal'))
  }
  await sendMultistatus(response, [patchResponse(href, patches, refusals)])
}
