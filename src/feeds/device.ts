/**
 * The profile for capture devices of any make. What is in it is what the device records, and nothing else:
 *
 * - every occurrence is a single event in UTC with a UID of its own, that stays while its place in the series does;
 * - cancelled occurrences, and those that occupy nothing (TRANSP:TRANSPARENT), are left out: some readers know no STATUS;
 * - a blackout blocks: neither it nor anything that overlaps it is recorded. Both stay visible everywhere else;
 * - one device records one thing at a time: of two occurrences that overlap, a timed one comes before one of whole days,
 *   then the event that was created first. The other is left out and named in an X-KALDAV-CONFLICT of the one that stays;
 * - what lasts less than two minutes is left out: devices refuse it (Epiphan Pearl: at least 2 minutes);
 * - SUMMARY, LOCATION and DESCRIPTION are one plain line each, short enough never to be folded and without characters that
 *   need an escape: readers show backslashes, and one make executes what it finds in DESCRIPTION (NCast).
 */
import { createHash } from 'node:crypto'
import { toEpoch } from '../schedule/caltime.ts'
import type { JCalProperty, ScheduleEvent } from '../schedule/event.ts'
import { emptyMaster, isDate, KalturaType } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import { type Occurrence, occurrences, type Window } from '../schedule/recurrence.ts'
import { conflictFlag, flagsOf } from '../store/flags.ts'
import type { ConflictKind, StoredEvent } from '../store/store.ts'
import type { FeedContent } from './content.ts'
import { isCancelled, placeOf, type Reader, stampedAt, utcTimes, visibleTo, windowOf } from './writing.ts'

const SHORTEST = 120
/** Octets of a line without its break (RFC 5545 §3.1). */
const LINE = 75

interface Recording {
  readonly stored: StoredEvent
  readonly event: ScheduleEvent
  readonly occurrence: Occurrence
}

interface Chosen {
  readonly recording: Recording
  readonly displaced: readonly Recording[]
}

interface Interval {
  readonly start: number
  readonly end: number
}

const overlap = (a: Interval, b: Interval): boolean => a.start < b.end && b.start < a.end

const typeOf = ({ event, occurrence }: Recording): number | undefined =>
  occurrence.component.kaltura.type ?? event.master?.kaltura.type

const occupying = (content: FeedContent, window: Window, reader: Reader): Recording[] =>
  content.events.flatMap(stored => {
    const event = visibleTo(reader, stored.event)
    return occurrences(event, window, { zone: content.zone })
      .filter(({ component }) => !component.transparent && !isCancelled(component, event))
      .map(occurrence => ({ stored, event, occurrence }))
  })

const byTime = (a: Recording, b: Recording): number =>
  a.occurrence.start - b.occurrence.start || (a.stored.uid < b.stored.uid ? -1 : 1)

/** Who stays when only one can. */
const byRank = (a: Recording, b: Recording): number =>
  Number(isDate(a.occurrence.startTime)) - Number(isDate(b.occurrence.startTime)) ||
  a.stored.createdAt - b.stored.createdAt ||
  (a.stored.uid < b.stored.uid ? -1 : 1) ||
  byTime(a, b)

/** Splits what is sorted by start where a gap is: only inside a group does anything overlap. */
function* groups(recordings: readonly Recording[]): Generator<Recording[]> {
  let group: Recording[] = []
  let end = Number.NEGATIVE_INFINITY
  for (const recording of recordings) {
    if (recording.occurrence.start >= end && group.length > 0) {
      yield group
      group = []
    }
    group.push(recording)
    end = Math.max(end, recording.occurrence.end)
  }
  if (group.length > 0) yield group
}

const chooseIn = (group: readonly Recording[]): Chosen[] => {
  const kept: Recording[] = []
  const dropped: Recording[] = []
  for (const recording of [...group].sort(byRank)) {
    const free = kept.every(other => !overlap(other.occurrence, recording.occurrence))
    const place = free ? kept : dropped
    place.push(recording)
  }
  return kept.map(recording => ({
    recording,
    displaced: dropped.filter(other => overlap(other.occurrence, recording.occurrence)),
  }))
}

const choose = (recordings: readonly Recording[]): Chosen[] =>
  [...groups([...recordings].sort(byTime))].flatMap(chooseIn).sort((a, b) => byTime(a.recording, b.recording))

/** Everything to be recorded, one thing at a time. In a feed of the whole schedule rooms do not stand in each other's way. */
const recordingsOf = (content: FeedContent, window: Window, reader: Reader): Chosen[] => {
  const all = occupying(content, window, reader)
  const blackouts: Interval[] = all.filter(each => typeOf(each) === KalturaType.blackout).map(each => each.occurrence)
  blackouts.push(...content.blackouts)
  const wanted = all.filter(
    each =>
      typeOf(each) !== KalturaType.blackout &&
      each.occurrence.end - each.occurrence.start >= SHORTEST &&
      !blackouts.some(blackout => overlap(blackout, each.occurrence)),
  )
  return content.resource ? choose(wanted) : wanted.sort(byTime).map(recording => ({ recording, displaced: [] }))
}

/** One plain line that needs no escape (RFC 5545 §3.3.11) and no folding after `name:`. */
const plainLine = (name: string, text: string): string => {
  const plain = text
    .replaceAll('\\', '/')
    .replace(/\s*[,;]+\s*/g, ' - ')
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .replace(/^[\s-]+|[\s-]+$/g, '')
  const room = LINE - name.length - 1
  if (Buffer.byteLength(plain) <= room) return plain
  let cut = ''
  for (const { segment } of new Intl.Segmenter().segment(plain)) {
    if (Buffer.byteLength(cut) + Buffer.byteLength(segment) > room) break
    cut += segment
  }
  return cut.trimEnd()
}

/** Words only: no command line survives it. */
const wordsOnly = (text: string): string => text.replace(/[^\p{L}\p{M}\p{N}\s.()'+-]+/gu, ' ')

/** Stays through edits and new reads of the source; changes only when the occurrence gets another place in its series. */
const uidOf = ({ stored, occurrence }: Recording, zone: string): string => {
  const { recurrenceId } = occurrence
  const place = recurrenceId && (isDate(recurrenceId) ? recurrenceId.date : toEpoch(recurrenceId, zone))
  return createHash('sha256')
    .update(JSON.stringify([stored.uid, place]))
    .digest('hex')
    .slice(0, 40)
}

/** Told for each occurrence by itself: what displaces it, or what it displaces. */
const indexed: ReadonlySet<ConflictKind> = new Set(['overlap', 'blackout'])

const describe = ({ recording, displaced }: Chosen, content: FeedContent): [ScheduleEvent, readonly JCalProperty[]] => {
  const { stored, event, occurrence } = recording
  const { component } = occurrence
  const { start, end } = utcTimes(occurrence)
  const description = component.description && plainLine('DESCRIPTION', wordsOnly(component.description))
  const sequence: readonly JCalProperty[] = component.sequence > 0 ? [] : [['sequence', {}, 'integer', 0]]
  const master = {
    ...emptyMaster(start, end),
    summary: plainLine('SUMMARY', component.summary ?? '') || 'Recording',
    location: plainLine('LOCATION', placeOf(component, event, content.names) ?? '') || null,
    description: description || null,
    sequence: component.sequence,
    kaltura: { ...event.master?.kaltura, ...component.kaltura },
    extra: [...stampedAt([], stored.updatedAt), ...sequence],
  }
  const overlaps = displaced.map(other =>
    conflictFlag(
      'overlap',
      [other.stored.uid],
      Math.max(occurrence.start, other.occurrence.start),
      Math.min(occurrence.end, other.occurrence.end),
    ),
  )
  const others = (content.conflicts.get(stored.uid) ?? []).filter(({ kind }) => !indexed.has(kind))
  const flags = [...flagsOf(stored.uid, stored.source, others), ...overlaps]
  return [{ uid: uidOf(recording, content.zone), master, overrides: [], resourceIds: event.resourceIds }, flags]
}

export const renderDevice = (content: FeedContent, reader: Reader): string => {
  const entries = recordingsOf(content, windowOf(content), reader).map(chosen => describe(chosen, content))
  const flags = new Map(entries.map(([{ uid }, found]) => [uid, found]))
  return writeCalendar(
    entries.map(([event]) => event),
    { timezones: false, password: reader === 'device', decorate: ({ uid }) => flags.get(uid) ?? [] },
  )
}
