/**
 * Time zones in and out. In: any TZID is brought to an IANA name, or said to be unknown; an unknown zone is never read
 * as UTC. Out: a VTIMEZONE made from the zone database for the years that need it.
 */
import type { JCalComponent } from './event.ts'
import { certainZone, ianaZone, likelyZone } from './zone-lookup.ts'
import { keepsRules, zoneOfRules } from './zone-rules.ts'

export { windowsZone } from './zone-lookup.ts'
export { vtimezone } from './zone-write.ts'

const MAX_RESOLVED = 2000
const resolved = new Map<string, string | null>()

const textOf = (component: JCalComponent, name: string): string => {
  const value = component[1].find(property => property[0] === name)?.[3]
  return typeof value === 'string' ? value : ''
}

const resolve = (tzid: string, vtimezone: JCalComponent | undefined): string | null => {
  const certain = certainZone(tzid)
  if (certain !== null) return certain
  const likely = likelyZone(tzid)
  if (vtimezone === undefined) return likely
  const location = ianaZone(textOf(vtimezone, 'x-lic-location'))
  if (location !== null) return location
  if (likely !== null && keepsRules(likely, vtimezone) === true) return likely
  return zoneOfRules(vtimezone, tzid) ?? likely
}

/**
 * The IANA name (`UTC` for UTC) of the zone that a TZID means, or null where nothing says it. In this order:
 * IANA names in any case and their aliases (`US/Pacific`), Windows names (`W. Europe Standard Time`, `… 1`), IANA names
 * behind a prefix (`/mozilla.org/20050126_1/Europe/Berlin`) or with other separators (`US-Eastern`), the display names
 * of Outlook and Exchange (`(UTC+01:00) Amsterdam, Berlin, …`); X-LIC-LOCATION; the zone whose clock keeps the rules of
 * `vtimezone` from 2015 to 2035, or over the years they cover; and only then names that may mislead: `EST`, `GMT+0100`
 * (that exact offset), a single city.
 */
export const resolveZone = (tzid: string, vtimezone?: JCalComponent): string | null => {
  const key = vtimezone === undefined ? tzid : `${tzid}\n${JSON.stringify(vtimezone)}`
  const found = resolved.get(key)
  if (found !== undefined) return found
  const zone = resolve(tzid, vtimezone)
  if (resolved.size >= MAX_RESOLVED) resolved.clear()
  if (key.length < 10_000) resolved.set(key, zone)
  return zone
}
