/** Zones by Exchange's names and by ours. */
import { resolveZone, windowsZone } from '../../src/schedule/timezone.ts'

/** The zone a Graph name means; `null` for `tzone://Microsoft/Custom` and the like. */
export const zoneNamed = (name: string | null | undefined): string | null => (name ? resolveZone(name) : null)

/** How Graph is to name a zone. */
export const graphZone = (tzid: string): string => (tzid === 'UTC' ? 'UTC' : (windowsZone(tzid) ?? tzid))

/** The zone that a series written in `tzid` comes back in: many IANA zones share one name of Exchange's. */
export const keptZone = (tzid: string): string => resolveZone(graphZone(tzid)) ?? tzid
