/** Events as the store's tests need them. */
import {
  type CalTime,
  type Component,
  emptyComponent,
  emptyMaster,
  type Master,
  type Override,
  type ScheduleEvent,
} from '../../src/schedule/event.ts'
import { writeCalendar } from '../../src/schedule/ical.ts'
import type { Actor, Resource, Store, StoredEvent, Writer } from '../../src/store/store.ts'

/** 2026-11-02T00:00:00Z, a Monday. */
export const now = 1_793_577_600
export const HOUR = 3600
export const DAY = 86_400
export const WEEK = 7 * DAY

export const actor: Actor = { source: 'caldav', user: 'ada', run: null }

/** The wall clock in Berlin, or UTC with a `Z`; a date where there is no time. */
export const time = (text: string): CalTime => {
  if (text.length === 10) return { date: text }
  const dateTime = text.replace('Z', '').padEnd(19, ':00')
  return { dateTime, tzid: text.endsWith('Z') ? 'UTC' : 'Europe/Berlin' }
}

export interface Wanted extends Partial<Omit<Master, 'start' | 'end'>> {
  readonly start?: string
  /** A DURATION. */
  readonly lasts?: string
  readonly on?: readonly number[]
  readonly overrides?: readonly Override[]
}

/** An hour on Monday 2 November 2026 at 9 in Berlin, on resource 1, unless told otherwise. */
export const event = (uid: string, wanted: Wanted = {}): ScheduleEvent => {
  const { start = '2026-11-02T09:00', lasts = 'PT1H', on = [1], overrides = [], ...rest } = wanted
  const master = { ...emptyMaster(time(start), { duration: lasts }), summary: uid, ...rest }
  return { uid, master, overrides, resourceIds: on }
}

export const override = (at: string, start: string, lasts = 'PT1H', rest: Partial<Component> = {}): Override => ({
  ...emptyComponent(time(start), { duration: lasts }),
  ...rest,
  recurrenceId: time(at),
  thisAndFuture: false,
})

export const weekly = (count: number): readonly string[] => [`FREQ=WEEKLY;COUNT=${count}`]

export const blackout = { kaltura: { type: 3 } } as const satisfies Partial<Component>

export const resource = (id: number, rest: Partial<Resource> = {}): Resource => ({
  id,
  systemName: `room-${id}`,
  name: `Room ${id}`,
  type: 'location',
  description: null,
  tags: [],
  parentId: null,
  entryId: null,
  timeZone: 'Europe/Berlin',
  status: 2,
  ...rest,
})

export const bodyOf = (of: ScheduleEvent): string => writeCalendar([{ ...of, resourceIds: [] }])

export const put = (store: Store, of: ScheduleEvent, options?: Parameters<Writer['put']>[1]): Promise<StoredEvent> =>
  store.write(actor, tx => tx.put(of, options))

export const remove = (store: Store, uid: string): Promise<void> => store.write(actor, tx => tx.remove(uid))
