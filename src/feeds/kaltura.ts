/**
 * The profile for devices that know Kaltura's own schedule feed (`scheduleEvent.list` as iCal): a series, and each of its
 * occurrences in the window as a VEVENT with its own X-KALTURA-ID and the X-KALTURA-PARENT-ID of the series, times in UTC,
 * cancelled ones among them, blackouts as X-KALTURA-TYPE 3, and X-KALTURA-TOTAL-COUNT.
 *
 * Unlike Kaltura's it is correct iCalendar: it has VERSION and PRODID, values are escaped and lines folded; and an
 * occurrence does not repeat the RRULE but has a RECURRENCE-ID, so that a reader of plain iCalendar counts it once.
 */
import type { CalTime, Component, JCalProperty, Master, Override, ScheduleEvent } from '../schedule/event.ts'
import { isRecurring, KalturaStatus, KalturaType, mainComponent, timeKey } from '../schedule/event.ts'
import { writeCalendar } from '../schedule/ical.ts'
import { type Occurrence, occurrences } from '../schedule/recurrence.ts'
import { flagsOf } from '../store/flags.ts'
import type { StoredEvent } from '../store/store.ts'
import type { FeedContent, KalturaIds } from './content.ts'
import {
  isCancelled,
  placeOf,
  type Reader,
  stampedAt,
  utcTimes,
  visibleTo,
  windowOf,
  withCalendarLines,
} from './writing.ts'

interface Context {
  readonly content: FeedContent
  readonly stored: StoredEvent
  readonly event: ScheduleEvent
  readonly ids: KalturaIds | undefined
}

type Ids = Pick<Component['kaltura'], 'id' | 'parentId'>

const dressed = <C extends Component>(component: C, context: Context, { id, parentId }: Ids): C => {
  const { content, stored, event, ids } = context
  const cancelled = isCancelled(component, event)
  const { id: _, parentId: __, ...said } = { ...event.master?.kaltura, ...component.kaltura }
  return {
    ...component,
    status: cancelled ? 'CANCELLED' : (component.status ?? 'CONFIRMED'),
    location: placeOf(component, event, content.names),
    extra: stampedAt(component.extra, stored.updatedAt),
    kaltura: {
      type: KalturaType.recording,
      ...(ids?.partnerId !== undefined && { partnerId: ids.partnerId }),
      ...said,
      status: cancelled ? KalturaStatus.cancelled : KalturaStatus.active,
      ...(id !== undefined && { id }),
      ...(parentId !== undefined && { parentId }),
    },
  }
}

/** The event's own id in Kaltura. */
const idsOf = (component: Component, { ids }: Context): Ids => {
  const id = component.kaltura.id ?? ids?.id
  return id === undefined ? {} : { id }
}

const occurrenceIds = (override: Override, { event, ids }: Context): Ids => {
  const id = override.kaltura.id ?? ids?.occurrences[timeKey(override.recurrenceId)]
  const parentId = override.kaltura.parentId ?? event.master?.kaltura.id ?? ids?.id
  return { ...(id !== undefined && { id }), ...(parentId !== undefined && { parentId }) }
}

/** An occurrence that the series gives by itself, as if somebody had written it down. */
const spelledOut = (component: Component, recurrenceId: CalTime): Override => {
  const { rrules: _, exrules: __, rdates: ___, exdates: ____, ...content } = component as Master
  const { id: _____, parentId: ______, ...kaltura } = component.kaltura
  return { ...content, kaltura, recurrenceId, thisAndFuture: false }
}

const asOverride = (occurrence: Occurrence, recurrenceId: CalTime, context: Context): Override => {
  const { component } = occurrence
  const written = context.event.overrides.find(each => each === component && each.recurrenceId === recurrenceId)
  const override = { ...(written ?? spelledOut(component, recurrenceId)), ...utcTimes(occurrence) }
  return dressed(override, context, occurrenceIds(override, context))
}

const writtenOut = (context: Context): ScheduleEvent => {
  const { content, event } = context
  const found = occurrences(event, windowOf(content), { zone: content.zone })
  const { master } = event
  if (master && !isRecurring(event) && event.overrides.length === 0) {
    const times = found[0] ? utcTimes(found[0]) : {}
    return { ...event, master: { ...dressed(master, context, idsOf(master, context)), ...times } }
  }
  const inWindow = found.flatMap(each => (each.recurrenceId ? asOverride(each, each.recurrenceId, context) : []))
  const known = new Set(inWindow.map(({ recurrenceId }) => timeKey(recurrenceId)))
  // Overrides beyond the window are part of what the series means.
  const others = event.overrides
    .filter(({ recurrenceId }) => !known.has(timeKey(recurrenceId)))
    .map(override => dressed(override, context, occurrenceIds(override, context)))
  return {
    ...event,
    master: master && dressed(master, context, idsOf(master, context)),
    overrides: [...inWindow, ...others].sort((a, b) => (timeKey(a.recurrenceId) < timeKey(b.recurrenceId) ? -1 : 1)),
  }
}

/** What the profile is written from: series, and every occurrence in the window. */
export const kalturaEvents = (content: FeedContent, reader: Reader): ScheduleEvent[] =>
  content.events.map(each =>
    writtenOut({
      content,
      stored: each,
      event: visibleTo(reader, each.event),
      ids: content.kalturaIds.get(each.uid),
    }),
  )

/** @param count of all there is, where `events` are a page of it */
export const writeKaltura = (
  events: readonly ScheduleEvent[],
  content: FeedContent,
  reader: Reader,
  count: number,
): string => {
  const stored = new Map(content.events.map(each => [each.uid, each]))
  const decorate = (event: ScheduleEvent, component: Component): readonly JCalProperty[] =>
    component === mainComponent(event)
      ? flagsOf(event.uid, stored.get(event.uid)?.source ?? '', content.conflicts.get(event.uid) ?? [])
      : []
  const text = writeCalendar(events, { password: reader === 'device', decorate })
  return withCalendarLines(text, [`X-KALTURA-TOTAL-COUNT:${count}`])
}

export const renderKaltura = (content: FeedContent, reader: Reader): string => {
  const events = kalturaEvents(content, reader)
  const count = events.reduce((sum, { master, overrides }) => sum + Number(master !== null) + overrides.length, 0)
  return writeKaltura(events, content, reader, count)
}
