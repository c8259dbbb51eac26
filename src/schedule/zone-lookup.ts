/** Zones by name: IANA's spelling and its aliases, Windows names, and the forms that calendar programs make of both. */
import { findIana, findWindows, WINDOWS_TO_IANA_MAP } from 'windows-iana'
import { agree, changesOf, HORIZON, rankAt } from './zone-changes.ts'
import { displayNames, plainNames, renamed, retiredWindowsNames, wellKnown, windowsMoves } from './zone-names.ts'

const nameForm = /^[a-z][a-z0-9_+\-/]{1,63}$/i
const MAX_NAMES = 2000
const iana = new Map<string, string | null>()

const askIntl = (name: string): string | null => {
  try {
    const zone = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
    return renamed[zone] ?? zone
  } catch {
    return null
  }
}

/**
 * IANA's present name for a name of its own in any case, links of the `backward` file followed; else null. `Intl` also
 * knows abbreviations (`CST`) that IANA does not, because they mean several zones.
 */
export const ianaZone = (name: string): string | null => {
  const key = name.toLowerCase()
  if (!nameForm.test(name) || !(name.includes('/') || plainNames.has(key))) return null
  let zone = iana.get(key)
  if (zone === undefined) {
    zone = askIntl(name)
    if (iana.size >= MAX_NAMES) iana.clear()
    iana.set(key, zone)
  }
  return zone
}

const lazy = <T>(make: () => T): (() => T) => {
  let made: { value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Every zone a set of rules may mean: `Intl`'s list, UTC, and the fixed offsets of whole hours. */
export const allZones = lazy((): readonly string[] => {
  const fixed = Array.from({ length: 27 }, (_, i) => i - 14).filter(i => i !== 0)
  const zones = Intl.supportedValuesOf('timeZone').map(zone => renamed[zone] ?? zone)
  return [...new Set(['UTC', ...zones, ...fixed.map(i => `Etc/GMT${i < 0 ? '' : '+'}${i}`)])]
})

const windowsByKey = lazy(
  () =>
    new Map<string, string>([
      ...Object.entries(retiredWindowsNames),
      ...WINDOWS_TO_IANA_MAP.map(row => [row.windowsName.toLowerCase(), row.windowsName] as const),
    ]),
)
const labels = lazy(() => new Map(Object.entries(displayNames)))

/** Zones that Windows itself puts first for one of its names. */
const windowsDefaults = lazy(
  () =>
    new Set(WINDOWS_TO_IANA_MAP.filter(row => row.territory === '001').map(row => renamed[row.iana[0]] ?? row.iana[0])),
)

export const zoneOfWindows = (name: string): string | null => {
  const windows = windowsByKey().get(name.toLowerCase())
  const zone = windows === undefined ? undefined : (windowsMoves[windows] ?? findIana(windows)[0])
  return zone === undefined ? null : ianaZone(zone)
}

const formerNames = lazy(() => new Map(Object.entries(renamed).map(([old, now]) => [now, old])))

/** The Windows name of an IANA zone (CLDR windowsZones), or null where Windows has none. */
export const windowsZone = (name: string): string | null => {
  const zone = ianaZone(name)
  const spellings = [name, zone, zone && formerNames().get(zone)]
  for (const spelling of spellings) {
    const found = spelling ? findWindows(spelling)[0] : undefined
    if (found !== undefined) return found
  }
  return null
}

const zonesByCity = lazy(() => {
  const cities = new Map<string, string[]>()
  const add = (name: string, zone: string) => {
    const city = name
      .slice(name.lastIndexOf('/') + 1)
      .replaceAll('_', ' ')
      .toLowerCase()
    if (!cities.get(city)?.includes(zone)) cities.set(city, [...(cities.get(city) ?? []), zone])
  }
  for (const zone of allZones()) if (zone.includes('/') && !zone.startsWith('Etc/')) add(zone, zone)
  for (const [old, zone] of Object.entries(renamed)) add(old, zone)
  return cities
})

/** Whether the zone's clock, outside summer time, is `offset` seconds east of UTC. */
const hasStandardOffset = (zone: string, offset: number): boolean => {
  const { offsets, at } = changesOf(zone)
  const first = rankAt({ at, offsets }, HORIZON.from)
  const last = rankAt({ at, offsets }, HORIZON.to)
  return offsets
    .slice(first, last + 1)
    .some((value, i, all) => value === offset && value === Math.min(...all.slice(i, i + 2)))
}

/** The zone to name among several that keep the same clock; a city that `text` mentions goes first. */
export const bestOf = (zones: readonly string[], text = ''): string | null => {
  const words = text.toLowerCase().replaceAll('_', ' ')
  const mentioned = zones.filter(zone => {
    const city = zone
      .slice(zone.lastIndexOf('/') + 1)
      .replaceAll('_', ' ')
      .toLowerCase()
    return city.length > 3 && words.includes(city)
  })
  for (const choice of [mentioned, zones]) {
    const known =
      wellKnown.find(zone => choice.includes(zone)) ??
      choice.find(zone => zone.startsWith('Etc/')) ??
      choice.find(zone => windowsDefaults().has(zone))
    const best = known ?? [...choice].sort()[0]
    if (best !== undefined) return best
  }
  return null
}

/** `Amsterdam, Berlin, Rome`: the zone of its cities, where all that IANA knows keep the same clock. */
const zoneOfCities = (text: string, offset: number | null): string | null => {
  const zones = text
    .toLowerCase()
    .split(/[,:]/)
    .flatMap(city => zonesByCity().get(city.trim()) ?? [])
    .filter(zone => offset === null || hasStandardOffset(zone, offset))
  const [first] = zones
  if (first === undefined) return null
  const same = zones.every(zone => agree(changesOf(first), changesOf(zone), HORIZON.from, HORIZON.to))
  return same ? (zones.find(zone => windowsDefaults().has(zone)) ?? first) : null
}

const offsetForm = /^([+-])\s?(\d{1,2})(?::?(\d{2}))?$/
const fixedForm = /^(?:utc|gmt)?\s?([+-]\d{1,2}(?::?\d{2})?)$/i
const labelForm = /^\(\s*(?:utc|gmt)\s*([+-]\s?\d{1,2}(?::?\d{2})?)?\s*\)\s*(.+)$/i

/** Seconds east of UTC of `+01:00`, `-0530`, `+1`; null for anything else. */
export const parseOffset = (text: string): number | null => {
  const parts = offsetForm.exec(text)
  if (!parts) return null
  const [, sign, hours = '0', minutes = '0'] = parts
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60) + 0
}

/** `GMT+0100`: exactly that offset, for whole hours, which alone have an IANA name. Those count westward (POSIX). */
const zoneOfOffset = (text: string): string | null => {
  const offset = parseOffset(fixedForm.exec(text)?.[1] ?? '')
  if (offset === null || offset % 3600 !== 0) return null
  const hours = offset / 3600
  if (hours === 0) return 'UTC'
  return ianaZone(`Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`)
}

/** `/mozilla.org/20050126_1/America/Boise`, `/America/New_York`: an IANA name at the end of a path (RFC 5545 §3.2.19). */
const zoneOfPath = (text: string): string | null => {
  if (!text.startsWith('/')) return null
  const parts = text.split('/').filter(Boolean)
  for (const length of [3, 2, 1]) {
    const zone = parts.length >= length ? ianaZone(parts.slice(-length).join('/')) : null
    if (zone) return zone
  }
  return null
}

const embeddedForm = /(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)\/[A-Za-z_/-]+/
/** `custom_America/New_York_copy`: an IANA name inside a longer one. */
const zoneInside = (text: string): string | null => {
  let name = embeddedForm.exec(text)?.[0] ?? ''
  for (let tries = 0; tries < 8 && name.includes('/'); tries++) {
    const zone = ianaZone(name)
    if (zone) return zone
    name = name.slice(0, Math.max(name.lastIndexOf('_'), name.lastIndexOf('/')))
  }
  return null
}

const zoneOfLabel = (text: string): string | null => {
  const [, offset, words = text] = labelForm.exec(text) ?? []
  const key = words.trim().toLowerCase()
  const windows = labels().get(key)
  if (windows !== undefined) return zoneOfWindows(windows)
  return zoneOfCities(words, offset === undefined ? null : parseOffset(offset.replace(/\s/g, '')))
}

const bare = (text: string): string =>
  text
    .replaceAll('\\,', ',')
    .replaceAll('"', '')
    .replace(/^tzid=/i, '')
    .replaceAll(/\s+/g, ' ')
    .trim()

/** Names that say which zone is meant, whatever rules come with them. */
const certain: readonly ((name: string) => string | null)[] = [
  name => (name.includes('/') || /^(utc|z)$/i.test(name) ? ianaZone(name.replaceAll(' ', '_')) : null),
  name => (/^z$/i.test(name) ? 'UTC' : null),
  zoneOfWindows,
  zoneOfPath,
  name => (name.includes('-') ? ianaZone(name.replace('-', '/')) : null),
  name => zoneOfWindows(name.replace(/ \d+$/, '')),
  name => zoneOfWindows(name.replace(/daylight time/i, 'Standard Time')),
  name => (labelForm.test(name) || labels().has(name.toLowerCase()) ? zoneOfLabel(name) : null),
]

/** Names that rules, where they come with them, know better than we do: `EST` with summer time is no `EST`. */
const likely: readonly ((name: string) => string | null)[] = [
  name => ianaZone(name),
  zoneOfOffset,
  name => zoneOfWindows(`${name} Standard Time`),
  zoneInside,
  zoneOfLabel,
]

const first = (ways: readonly ((name: string) => string | null)[], text: string): string | null => {
  if (text.length > 255) return null
  const name = bare(text)
  for (const way of ways) {
    const zone = name === '' ? null : way(name)
    if (zone) return zone
  }
  return null
}

export const certainZone = (text: string): string | null => first(certain, text)
export const likelyZone = (text: string): string | null => first(likely, text)
