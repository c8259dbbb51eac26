import { EventType } from '../schema/enums.ts'

/** What differs between the kinds of events. Durations in seconds. */
export interface EventClass {
  readonly type: number
  readonly objectType: string
  /** Carries templateEntryId, entryIds, categoryIds (Kaltura: KalturaEntryScheduleEvent). */
  readonly entry: boolean
  /** Longest single event, or first occurrence. */
  readonly maxSingle: number
  /** Longest by start and end. */
  readonly maxDuration: number
}

const DAY = 86_400
const YEAR = 365 * DAY

const plain = { entry: true, maxSingle: DAY, maxDuration: 2 * YEAR }

const CLASSES: readonly EventClass[] = [
  { ...plain, type: EventType.record, objectType: 'KalturaRecordScheduleEvent' },
  { ...plain, type: EventType.live, objectType: 'KalturaLiveStreamScheduleEvent' },
  { ...plain, type: EventType.blackout, objectType: 'KalturaBlackoutScheduleEvent', entry: false },
  {
    type: EventType.meeting,
    objectType: 'KalturaMeetingScheduleEvent',
    entry: true,
    maxSingle: 3 * DAY,
    maxDuration: 3 * DAY,
  },
  { ...plain, type: EventType.redirect, objectType: 'KalturaLiveRedirectScheduleEvent', maxSingle: 5 * YEAR },
  {
    type: EventType.vod,
    objectType: 'KalturaVodScheduleEvent',
    entry: true,
    maxSingle: 5 * YEAR,
    maxDuration: 5 * YEAR,
  },
  {
    type: EventType.virtual,
    objectType: 'KalturaVirtualScheduleEvent',
    entry: false,
    maxSingle: 5 * YEAR,
    maxDuration: 5 * YEAR,
  },
]

const byType = new Map(CLASSES.map(row => [row.type, row]))
const byName = new Map(CLASSES.map(row => [row.objectType, row]))

export function classOf(typeOrName: number | string): EventClass {
  const found = typeof typeOrName === 'number' ? byType.get(typeOrName) : byName.get(typeOrName)
  if (!found) throw new Error(`no event class ${typeOrName}`)
  return found
}

/** The type a filter class lists; null for those that list every type. */
export function typeOfFilter(filterName: string): number | null {
  return byName.get(filterName.replace(/Filter$/, ''))?.type ?? null
}
