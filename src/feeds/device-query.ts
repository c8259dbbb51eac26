/** What a device asks of `scheduleEvent.list`, and the page of its answer. Pure. */
import { endOf, toEpoch } from '../schedule/caltime.ts'
import { DAY } from '../schedule/civil.ts'
import type { Component, Override, ScheduleEvent } from '../schedule/event.ts'
import type { Window } from '../schedule/recurrence.ts'
import type { Parameters } from './kaltura-request.ts'

export interface DeviceQuery {
  /** `null`: no resource is named. */
  readonly resourceIds: readonly number[] | null
  /** `resourceIdEqual`: no other resource beside it. */
  readonly only: boolean
  /** `[from, to]`, both included, epoch seconds. */
  readonly start: readonly [number, number]
  readonly end: readonly [number, number]
  readonly descending: boolean
  readonly statuses: readonly number[] | null
  readonly pageSize: number
  readonly pageIndex: number
}

/** Kaltura: max_relative_time. Numbers up to it count from now. */
const RELATIVE = 315_360_000
const [EVER, NEVER] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]

const known = new Set([
  ...['objectType', 'orderBy', 'resourceIdsLike', 'resourceIdEqual', 'resourceIdsMultiLikeOr'],
  ...['statusEqual', 'statusIn'],
  ...['startDate', 'endDate'].flatMap(name => [`${name}GreaterThanOrEqual`, `${name}LessThanOrEqual`]),
])

const ids = (text: string | undefined): number[] | null =>
  text === undefined || text.trim() === '' ? null : text.split(',').map(part => Number(part.trim()))

/** @returns the name of a filter that is not answered here */
export function readQuery(parameters: Parameters, now: number): DeviceQuery | string {
  const filter = new Map(
    [...parameters].flatMap(([name, value]) => (name.startsWith('filter:') ? [[name.slice(7), value] as const] : [])),
  )
  for (const [name, value] of filter) if (!known.has(name) && value !== '') return name
  const time = (name: string, otherwise: number): number => {
    const text = filter.get(name)
    if (text === undefined || !/^-?\d{1,12}$/.test(text)) return otherwise
    const value = Number(text)
    return Math.abs(value) <= RELATIVE && value !== -1 ? now + value : value
  }
  const range = (name: string): [number, number] => [
    time(`${name}GreaterThanOrEqual`, EVER),
    time(`${name}LessThanOrEqual`, NEVER),
  ]
  const whole = (name: string, otherwise: number): number => {
    const text = parameters.get(name) ?? ''
    return /^-?\d{1,9}$/.test(text) ? Number(text) : otherwise
  }
  const equal = ids(filter.get('resourceIdEqual'))
  return {
    resourceIds: equal ?? ids(filter.get('resourceIdsLike')) ?? ids(filter.get('resourceIdsMultiLikeOr')),
    only: equal !== null,
    start: range('startDate'),
    end: range('endDate'),
    descending: /(^|,)\s*-startDate/.test(filter.get('orderBy') ?? ''),
    statuses: ids(filter.get('statusEqual')) ?? ids(filter.get('statusIn')),
    pageSize: Math.max(0, Math.min(whole('pager:pageSize', 30), 500)),
    pageIndex: Math.max(1, whole('pager:pageIndex', 1)),
  }
}

/** How far series are expanded where the device does not say: a day back, a year ahead. */
const AHEAD = 366 * DAY
/** The longest span that is expanded: Kaltura's own occurrences reach no further than two years. */
const LONGEST = 2 * AHEAD

/** What can be in the answer. */
export function windowFor({ start, end }: DeviceQuery, now: number): Window {
  const latest = Math.min(start[1], end[1]) + 1
  const asked = Math.max(start[0], end[0])
  const from = Number.isFinite(asked) ? asked - 1 : Math.min(now - DAY, latest - 31 * DAY)
  const to = Math.min(Number.isFinite(latest) ? latest : Math.max(now, from) + AHEAD, from + LONGEST)
  return { from, to: Math.max(to, from + 1) }
}

interface Entry {
  readonly event: ScheduleEvent
  /** `null`: the master. */
  readonly override: Override | null
  readonly start: number
}

const within = (time: number, [from, to]: readonly [number, number]): boolean => time >= from && time <= to

/** The VEVENTs that are asked for, one page of them, each as an event by itself; and how many there are on all pages. */
export function pageOf(
  events: readonly ScheduleEvent[],
  query: DeviceQuery,
  zone: string,
): { events: ScheduleEvent[]; total: number } {
  const entry = (event: ScheduleEvent, component: Component, override: Override | null): Entry[] => {
    const start = toEpoch(component.start, zone)
    const status = component.kaltura.status ?? 2
    const matches =
      within(start, query.start) &&
      within(toEpoch(endOf(component), zone), query.end) &&
      (query.statuses?.includes(status) ?? true)
    return matches ? [{ event, override, start }] : []
  }
  const all = events
    .filter(({ resourceIds }) => !query.only || resourceIds.length === 1)
    .flatMap(event => [
      ...(event.master ? entry(event, event.master, null) : []),
      ...event.overrides.flatMap(override => entry(event, override, override)),
    ])
    .sort((a, b) => (query.descending ? b.start - a.start : a.start - b.start))
  const first = (query.pageIndex - 1) * query.pageSize
  // One by one, so that they are written in the order that was asked for, also where a series is among them.
  const shown = all.slice(first, first + query.pageSize).map(({ event, override }) => ({
    ...event,
    master: override ? null : event.master,
    overrides: override ? [override] : [],
  }))
  return { events: shown, total: all.length }
}
