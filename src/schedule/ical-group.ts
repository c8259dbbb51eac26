/** From single VEVENTs to events: one per UID, with its master and its overrides (RFC 4791 §4.1). */
import type { Master, Override, ScheduleEvent } from './event.ts'
import { timeKey } from './event.ts'
import { alignOccurrence } from './ical-align.ts'
import type { ReadEvent } from './ical-event.ts'
import { hasOwnUid, isKalturaOccurrence, joinSeries } from './kaltura-series.ts'

export interface GroupReport {
  rejected(event: ReadEvent, reason: string): void
  notice(event: ReadEvent, reason: string): void
  /** A VEVENT that is in an event without a component of its own. */
  absorbed(count: number): void
}

interface Group {
  masters: ReadEvent[]
  overrides: ReadEvent[]
  rows: ReadEvent[]
}

/** Whether `b` is the later version of the same (RFC 5546 §2.1.5); of equals the later in the file. */
const isLater = (a: ReadEvent, b: ReadEvent): boolean =>
  a.component.sequence === b.component.sequence ? b.dtstamp >= a.dtstamp : b.component.sequence > a.component.sequence

const latest = (versions: readonly ReadEvent[], what: string, report: GroupReport): ReadEvent | null => {
  const kept = versions.reduce<ReadEvent | null>(
    (best, next) => (best === null || isLater(best, next) ? next : best),
    null,
  )
  for (const other of versions) {
    if (other === kept || kept === null) continue
    report.notice(other, `${what}: the one of line ${kept.line} is kept (SEQUENCE ${kept.component.sequence})`)
    report.absorbed(1)
  }
  return kept
}

const ruleless = (component: Master): Master => {
  const { rrule: _, exrule: __, rdate: ___, exdate: ____, ...parameters } = component.parameters
  return { ...component, parameters, rrules: [], exrules: [], rdates: [], exdates: [] }
}
const hasRules = ({ rrules, exrules, rdates, exdates }: Master): boolean =>
  rrules.length + exrules.length + rdates.length + exdates.length > 0

const toOverride = (event: ReadEvent, recurrenceId: Override['recurrenceId']): Override => {
  const { rrules: _, exrules: __, rdates: ___, exdates: ____, ...component } = ruleless(event.component)
  return { ...component, recurrenceId, thisAndFuture: event.thisAndFuture }
}

/** The override with its RECURRENCE-ID on the clock of the master, or null where none can be made of it. */
const aligned = (event: ReadEvent, master: Master | null, report: GroupReport): ReadEvent | null => {
  const { recurrenceId } = event
  if (recurrenceId === null || master === null) return event
  const found = alignOccurrence(recurrenceId, master.start, master.rrules)
  if (found === null) {
    report.rejected(
      event,
      `RECURRENCE-ID ${timeKey(recurrenceId)} names no occurrence of a series that starts ${timeKey(master.start)}`,
    )
    return null
  }
  if (found.repair !== null) report.notice(event, `RECURRENCE-ID ${found.repair}`)
  return { ...event, recurrenceId: found.value }
}

const overridesOf = (group: Group, master: Master | null, report: GroupReport): ReadEvent[] => {
  const versions = new Map<string, ReadEvent[]>()
  for (const event of group.overrides) {
    const found = aligned(event, master, report)
    if (found?.recurrenceId == null) continue
    const key = timeKey(found.recurrenceId)
    versions.set(key, [...(versions.get(key) ?? []), found])
  }
  const kept = [...versions]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, all]) => latest(all, `a second VEVENT for ${key}`, report))
  return kept.filter(event => event !== null)
}

const resourcesOf = (events: readonly ReadEvent[], report: GroupReport): number[] => {
  const [first] = events
  const same = (ids: readonly number[] | null) => ids === null || String(ids) === String(first?.resourceIds ?? ids)
  const other = events.find(event => !same(event.resourceIds))
  if (other) report.notice(other, 'an occurrence names other resources than its series: the event occupies all of them')
  return [...new Set(events.flatMap(event => event.resourceIds ?? []))].sort((a, b) => a - b)
}

const toEvent = (uid: string, group: Group, report: GroupReport): ScheduleEvent | null => {
  const chosen = latest(group.masters, 'a second VEVENT with this UID and no RECURRENCE-ID', report)
  const joined = chosen && group.rows.length > 0 ? joinSeries(chosen, group.rows) : null
  if (joined) report.absorbed(joined.absorbed)
  const series = joined?.series ?? chosen
  const overrides = overridesOf(
    { ...group, overrides: [...(joined?.overrides ?? []), ...group.overrides] },
    series?.component ?? null,
    report,
  )
  if (series === null && overrides.length === 0) return null
  for (const event of group.overrides) {
    if (hasRules(event.component) && !isKalturaOccurrence({ ...event, recurrenceId: null }))
      report.notice(event, 'an override has no rules of its own: its RRULE, RDATE, EXDATE are left out')
  }
  return {
    uid,
    master: series?.component ?? null,
    overrides: overrides.flatMap(event => (event.recurrenceId === null ? [] : [toOverride(event, event.recurrenceId)])),
    resourceIds: resourcesOf([...(series ? [series] : []), ...overrides], report),
  }
}

/** Nothing known makes this throw; if anything does, it costs this event alone. */
const guarded = (uid: string, members: Group, report: GroupReport): ScheduleEvent | null => {
  try {
    return toEvent(uid, members, report)
  } catch (error) {
    const reason = `it could not be put together: ${error instanceof Error ? error.message : String(error)}`
    for (const event of [...members.masters, ...members.overrides, ...members.rows]) report.rejected(event, reason)
    return null
  }
}

/** The series a Kaltura occurrence belongs to, where the file has it. */
const seriesFinder = (events: readonly ReadEvent[]): ((row: ReadEvent) => ReadEvent | undefined) => {
  const masters = events.filter(event => event.recurrenceId === null && !isKalturaOccurrence(event))
  const byId = new Map(
    masters.flatMap(event =>
      event.component.kaltura.id === undefined ? [] : [[event.component.kaltura.id, event] as const],
    ),
  )
  const byUid = new Map(masters.map(event => [event.uid, event]))
  return row =>
    byId.get(row.component.kaltura.parentId ?? 0) ??
    byUid.get(row.parentUid ?? '') ??
    (hasOwnUid(row) ? undefined : byUid.get(row.uid))
}

/** Puts the VEVENTs of one file together, in the order in which their UIDs appear. */
export const group = (events: readonly ReadEvent[], report: GroupReport): ScheduleEvent[] => {
  const groups = new Map<string, Group>()
  const groupOf = (uid: string): Group => {
    const found = groups.get(uid) ?? { masters: [], overrides: [], rows: [] }
    groups.set(uid, found)
    return found
  }
  const seriesOf = seriesFinder(events)
  for (const event of events) {
    if (!isKalturaOccurrence(event)) {
      groupOf(event.uid)[event.recurrenceId === null ? 'masters' : 'overrides'].push(event)
      continue
    }
    const series = seriesOf(event)
    const alone = { ...event, component: ruleless(event.component) }
    if (series) groupOf(series.uid).rows.push(alone)
    else if (hasOwnUid(event)) groupOf(event.uid).masters.push(alone)
    // The UID is that of a series the file does not have: one known occurrence of it, at the place it is now.
    else groupOf(event.uid).overrides.push({ ...alone, recurrenceId: event.component.start })
  }
  return [...groups].flatMap(([uid, members]) => guarded(uid, members, report) ?? [])
}
