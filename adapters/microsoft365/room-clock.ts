/** A series in UTC, said on the clock of the room: Exchange wants the zone that people there live in. */
import { TooManyOccurrences } from '../../src/errors.ts'
import { timeAt, toEpoch } from '../../src/schedule/caltime.ts'
import { type CalTime, isDate, type Master, type ScheduleEvent } from '../../src/schedule/event.ts'
import { occurrences } from '../../src/schedule/recurrence.ts'
import { normalizeForGraph, realEnd } from './translate.ts'
import { day } from './window.ts'
import { keptZone } from './zones.ts'

/** Long enough to meet every change of clocks that a zone has. */
const farEnough = 4 * 366 * day
/** Longer series than any that Exchange numbers stay as they are. */
const most = 1000

/** The same instants on the clock of `room`, IANA; the event as it is where a date would lie at another instant. */
export function onRoomClock(event: ScheduleEvent, room: string): ScheduleEvent {
  const { master } = event
  if (!master || isDate(master.start) || master.start.tzid !== 'UTC' || room === 'UTC') return event
  if (master.rrules.length === 0 || master.rdates.length + master.exrules.length > 0) return event
  const clock = keptZone(room)
  const there = (time: CalTime): CalTime =>
    isDate(time) || time.tzid !== 'UTC' ? time : timeAt(toEpoch(time, 'UTC'), clock)
  const start = there(master.start)
  // On another day there, its weekdays would be others, too.
  if (isDate(start) || start.tzid !== clock || start.dateTime.slice(0, 10) !== master.start.dateTime.slice(0, 10)) {
    return event
  }
  const moved = { ...master, start, end: there(realEnd(master)), exdates: master.exdates.map(there) }
  if (!isSame(master, moved)) return event
  const overrides = event.overrides.map(override => ({ ...override, recurrenceId: there(override.recurrenceId) }))
  return { ...event, master: moved, overrides }
}

/** What a mailbox keeps of an event. */
export const keptByMailbox = (event: ScheduleEvent, room: string): ScheduleEvent =>
  normalizeForGraph(onRoomClock(event, room), room)

function isSame(a: Master, b: Master): boolean {
  const from = toEpoch(a.start, 'UTC')
  const startsOf = (master: Master) => {
    const bare = { uid: 'series', master, overrides: [], resourceIds: [] }
    const all = occurrences(bare, { from, to: from + farEnough }, { zone: 'UTC', maxOccurrences: most })
    return all.map(({ start, end }) => `${start}/${end}`).join()
  }
  try {
    return startsOf(a) === startsOf(b)
  } catch (error) {
    if (error instanceof TooManyOccurrences) return false
    throw error
  }
}
