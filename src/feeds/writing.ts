/** What the writers of all profiles share. */
import type { CalTime, Component, JCalProperty, ScheduleEvent } from '../schedule/event.ts'
import { KalturaStatus } from '../schedule/event.ts'
import { seenAs } from '../schedule/privacy.ts'
import type { Occurrence, Window } from '../schedule/recurrence.ts'
import { utcText } from '../store/flags.ts'

/**
 * Who reads: a capture device (sees titles and stream passwords), whoever has the link (sees neither the passwords nor
 * what is marked as private), or somebody with all rights but no use for passwords.
 */
export type Reader = 'device' | 'link' | 'owner'

export const visibleTo = (reader: Reader, event: ScheduleEvent): ScheduleEvent =>
  seenAs(reader === 'link' ? 'public' : 'all', event)

const utc = (epoch: number): CalTime => ({
  dateTime: utcText(epoch).replace(/^(....)(..)(..T..)(..)(..)Z$/, '$1-$2-$3:$4:$5'),
  tzid: 'UTC',
})

export const utcTimes = ({ start, end }: Pick<Occurrence, 'start' | 'end'>): { start: CalTime; end: CalTime } => ({
  start: utc(start),
  end: utc(end),
})

/** When the event last changed here, in place of what the component says. */
export const stampedAt = (extra: readonly JCalProperty[], updatedAt: number): readonly JCalProperty[] => {
  const { dateTime } = utc(updatedAt) as { dateTime: string }
  return [
    ['dtstamp', {}, 'date-time', `${dateTime}Z`],
    ['last-modified', {}, 'date-time', `${dateTime}Z`],
    ...extra.filter(([name]) => name !== 'dtstamp' && name !== 'last-modified'),
  ]
}

export const isCancelled = (component: Component, event: ScheduleEvent): boolean => {
  const status = component.kaltura.status ?? event.master?.kaltura.status ?? KalturaStatus.active
  return component.status === 'CANCELLED' || status !== KalturaStatus.active
}

/** The place an event is at: what it says, else its resources. */
export const placeOf = (
  component: Component,
  event: ScheduleEvent,
  names: ReadonlyMap<number, string>,
): string | null =>
  component.location?.trim() || event.resourceIds.flatMap(id => names.get(id) ?? []).join(', ') || null

/** Adds properties of the calendar itself, before its components (RFC 5545 §3.4). */
export const withCalendarLines = (text: string, lines: readonly string[]): string => {
  const first = text.search(/\r\n(?:BEGIN|END):V/)
  return `${text.slice(0, first)}\r\n${lines.join('\r\n')}${text.slice(first)}`
}

/** The window of a profile that expands series. @throws TypeError where none was given */
export const windowOf = ({ window }: { readonly window: Window | null }): Window => {
  if (!window) throw new TypeError('this profile needs a window')
  return window
}
