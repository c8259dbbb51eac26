/** Occurrences are rows: made with the series, thrown away and made again when it changes. */
import type { Call } from '../call.ts'
import { EventStatus, Recurrence } from '../schema/enums.ts'
import { takeIds } from '../storage/rows.ts'
import { generateDates, type RecurrenceRule } from './dates-generator.ts'
import { type Event, findChildren, isLive, postEnd, preStart, recurrenceOf, textOf } from './event.ts'
import { deleteChildren, saveEvents } from './save.ts'

const margin = (series: Event): number => preStart(series) + postEnd(series)

export const datesOf = (call: Call, series: Event): number[] => {
  const rule = recurrenceOf(series)
  return rule ? generateDates(rule as unknown as RecurrenceRule, series.startDate, call.account.timeZone) : []
}

/** The series starts at its first date, whatever start was asked for; without dates it stays as it is. */
function alignedTo(series: Event, dates: readonly number[]): Event {
  const first = dates[0]
  if (first === undefined) return series
  return { ...series, startDate: first, endDate: first + (series.duration ?? 0) + margin(series) }
}

function occurrence(call: Call, series: Event, id: number, date: number): Event {
  const endDate = date + (series.duration ?? 0) + margin(series)
  const screen = { screenStart: date + preStart(series), screenEnd: endDate - postEnd(series) }
  const template = textOf(series.own, 'templateEntryId')
  const live = {
    ...screen,
    ...(textOf(series.own, 'sourceEntryId') && template ? { templateEntryId: template } : {}),
  }
  return {
    id,
    partnerId: series.partnerId,
    parentId: series.id,
    type: series.type,
    status: EventStatus.active,
    recurrenceType: Recurrence.occurrence,
    startDate: date,
    endDate,
    duration: isLive(series) ? screen.screenEnd - screen.screenStart : endDate - date,
    priority: null,
    sequence: 1,
    createdAt: call.now,
    updatedAt: call.now,
    own: { originalStartDate: date, ...(isLive(series) ? live : {}) },
  }
}

async function createAt(call: Call, series: Event, dates: readonly number[]): Promise<void> {
  if (dates.length === 0) return
  const first = await takeIds(call.database, 'event', dates.length)
  await saveEvents(
    call,
    dates.map((date, index) => occurrence(call, series, first + index, date)),
  )
}

/** Stores a new series with all its occurrences; returns it as stored. */
export async function createSeries(call: Call, series: Event): Promise<Event> {
  const dates = datesOf(call, series)
  const aligned = alignedTo(series, dates)
  await saveEvents(call, [aligned])
  await createAt(call, aligned, dates)
  return aligned
}

/**
 * Stores a changed series: an occurrence is kept when its start is one of the new dates and its end one of the new
 * ends, be it cancelled or not; every other one is deleted for good, and dates without one get a new one. The ends
 * are reckoned without the margins of a live event, so with margins none is kept (Kaltura: updateRecurrences).
 */
export async function updateSeries(call: Call, series: Event): Promise<Event> {
  const dates = datesOf(call, series)
  const aligned = alignedTo(series, dates)
  await saveEvents(call, [aligned])
  const starts = new Set(dates)
  const ends = new Set(dates.map(date => date + (aligned.duration ?? 0)))
  const children = await findChildren(call.database, series.id)
  const kept = children.filter(child => starts.has(child.startDate) && ends.has(child.endDate))
  await deleteChildren(
    call,
    series.id,
    kept.map(child => child.id),
  )
  const present = new Set(kept.map(child => child.startDate))
  await createAt(
    call,
    aligned,
    dates.filter(date => !present.has(date)),
  )
  return aligned
}
