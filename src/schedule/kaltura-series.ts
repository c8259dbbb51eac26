/**
 * Kaltura's own output has no RECURRENCE-ID. It writes a series and then each occurrence as a VEVENT of its own, with
 * X-KALTURA-PARENT-ID, the UID of the series where that has one, and the series' RRULE once more. Neither the original
 * start of a moved occurrence nor whether it was changed at all is said; both are worked out here from the series.
 */
import { endOf, toEpoch } from './caltime.ts'
import type { CalTime, Master } from './event.ts'
import { timeKey } from './event.ts'
import { kalturaUid, type ReadEvent } from './ical-event.ts'
import { occurrences } from './recurrence.ts'

const DAY = 86_400
/** Kaltura keeps a series within two years; a rule that needs more work than that is not followed. */
const MAX_STEPS = 2000
/** How far an occurrence may have moved ahead of the place it had. */
const REACH = 31 * DAY

/** Whether it is an occurrence in Kaltura's way, not a master and not an override. */
export const isKalturaOccurrence = ({ component, recurrenceId }: ReadEvent): boolean =>
  recurrenceId === null && (component.kaltura.parentId ?? 0) > 0

/**
 * Whether the UID is the occurrence's alone: made from its id, as Kaltura does where the series has no UID, or other than
 * the series'. If not, the occurrence carries the UID of its series.
 */
export const hasOwnUid = ({ uid, parentUid, component }: ReadEvent): boolean => {
  const { id } = component.kaltura
  return (id !== undefined && uid === kalturaUid(id)) || (parentUid !== null && parentUid !== uid)
}

const instant = (time: CalTime): number => toEpoch(time, 'UTC')
const length = ({ start, end }: Pick<Master, 'start' | 'end'>): number =>
  instant(endOf({ start, end })) - instant(start)

const own = new Set(['dtstamp', 'created', 'last-modified', 'x-kaltura-parent-uid'])

/** All that an occurrence has in common with its series unless somebody changed it. */
const content = ({ component, resourceIds }: ReadEvent, series: ReadEvent): string => {
  const { id: _, parentId: __, ...kaltura } = component.kaltura
  const { summary, description, location, status, transparent, classification, parameters, components } = component
  const extra = component.extra.filter(([name]) => !own.has(name))
  const resources = resourceIds ?? series.resourceIds
  return JSON.stringify([
    [summary, description, location, status, transparent, classification, parameters, components],
    [kaltura, extra, resources, length(component)],
  ])
}

interface Slot {
  readonly at: number
  readonly id: CalTime
}

/** The places that the rule gives; null where it takes too much work to say. */
const slotsOf = ({ uid, component }: ReadEvent, rows: readonly ReadEvent[]): Slot[] | null => {
  const starts = [instant(component.start), ...rows.map(row => instant(row.component.start))]
  const window = { from: Math.min(...starts) - 1, to: Math.max(...starts) + REACH }
  try {
    const found = occurrences({ uid, master: component, overrides: [], resourceIds: [] }, window, {
      zone: 'UTC',
      maxSteps: MAX_STEPS,
    })
    return found.map(({ recurrenceId, startTime }) => ({ at: instant(startTime), id: recurrenceId ?? component.start }))
  } catch {
    return null
  }
}

/** Which place each moved row had: in order where there are as many as rows, else the nearest that is free. */
const places = (moved: readonly ReadEvent[], free: readonly Slot[]): Map<ReadEvent, Slot> => {
  const found = new Map<ReadEvent, Slot>()
  const left = [...free]
  for (const row of moved) {
    const at = instant(row.component.start)
    const distance = (slot: Slot) => Math.abs(slot.at - at)
    const nearest = left.reduce<Slot | undefined>(
      (best, slot) => (!best || distance(slot) < distance(best) ? slot : best),
      undefined,
    )
    const slot = moved.length === free.length ? left[0] : nearest
    if (!slot) break
    found.set(row, slot)
    left.splice(left.indexOf(slot), 1)
  }
  return found
}

export interface Joined {
  readonly series: ReadEvent
  /** The changed occurrences, with the RECURRENCE-ID that they must have had. */
  readonly overrides: readonly ReadEvent[]
  /** Occurrences that say nothing the series does not say. */
  readonly absorbed: number
}

/**
 * Joins a series and its occurrences. One that begins where the rule begins one is that occurrence, an override only if
 * it says something else; any other was moved, from the nearest place that no occurrence fills; one for which the rule
 * has no place (Kaltura's rules are not RFC 5545's) is an RDATE. A place without an occurrence stays: a list may be cut.
 */
export const joinSeries = (series: ReadEvent, rows: readonly ReadEvent[]): Joined => {
  const slots =
    slotsOf(series, rows) ?? rows.map(row => ({ at: instant(row.component.start), id: row.component.start }))
  const byInstant = new Map(slots.map(slot => [slot.at, slot]))
  const sorted = rows.toSorted((a, b) => instant(a.component.start) - instant(b.component.start))
  const taken = new Map<ReadEvent, Slot>()
  for (const row of sorted) {
    const slot = byInstant.get(instant(row.component.start))
    if (slot && byInstant.delete(slot.at)) taken.set(row, slot)
  }
  const moved = places(
    sorted.filter(row => !taken.has(row)),
    [...byInstant.values()],
  )
  const same = content(series, series)
  const overrides: ReadEvent[] = []
  const added: CalTime[] = []
  for (const row of sorted) {
    const slot = taken.get(row) ?? moved.get(row)
    const changed = moved.has(row) || content(row, series) !== same
    if (!slot) added.push(row.component.start)
    if (changed) overrides.push({ ...row, uid: series.uid, recurrenceId: slot?.id ?? row.component.start })
  }
  const { component } = series
  const known = new Set(component.rdates.flatMap(date => ('start' in date ? [] : [timeKey(date)])))
  const rdates = [...component.rdates, ...added.filter(date => !known.has(timeKey(date)))]
  return {
    series: { ...series, component: { ...component, rdates } },
    overrides,
    absorbed: rows.length - overrides.length,
  }
}
