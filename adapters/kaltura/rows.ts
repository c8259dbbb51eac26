/** Kaltura's objects as its JSON has them, read with care: a field of the wrong type counts as absent. */

/** KalturaScheduleEventRecurrence: the csv fields are text, `until` is epoch seconds. */
export interface Recurrence {
  readonly frequency: string
  readonly until?: number
  readonly count?: number
  readonly timeZone?: string
  readonly interval?: number
  readonly bySecond?: string
  readonly byMinute?: string
  readonly byHour?: string
  readonly byDay?: string
  readonly byMonthDay?: string
  readonly byYearDay?: string
  readonly byWeekNumber?: string
  readonly byMonth?: string
  readonly byOffset?: string
  readonly weekStartDay?: string
}

/** KalturaScheduleEvent. An occurrence (recurrenceType 2) shows the series' value wherever it has none of its own. */
export interface EventRow {
  readonly id: number
  readonly objectType: string
  readonly partnerId: number
  /** The series of an occurrence; 0: none. */
  readonly parentId: number
  /** 1 cancelled, 2 active. */
  readonly status: 1 | 2
  /** 0 single, 1 series, 2 occurrence. */
  readonly recurrenceType: number
  readonly startDate: number
  readonly endDate: number
  /** Seconds. */
  readonly duration: number
  readonly sequence: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly recurrence: Recurrence | null
  readonly referenceId: string
  readonly summary: string
  readonly description: string
  readonly location: string
  readonly contact: string
  readonly comment: string
  readonly tags: string
  readonly templateEntryId: string
  readonly entryIds: string
  readonly categoryIds: string
  readonly classificationType: number
  readonly priority: number
  readonly geoLatitude: number
  readonly geoLongitude: number
}

export interface LinkRow {
  readonly eventId: number
  readonly resourceId: number
  readonly createdAt: number
}

/** An object of the answer. */
export type Fields = { readonly [name: string]: unknown }

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const number = (value: unknown): number => {
  const read = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof read === 'number' && Number.isFinite(read) ? read : 0
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const csvFields = [
  'bySecond',
  'byMinute',
  'byHour',
  'byDay',
  'byMonthDay',
  'byYearDay',
  'byWeekNumber',
  'byMonth',
  'byOffset',
  'weekStartDay',
  'timeZone',
] as const

function readRecurrence(value: unknown): Recurrence | null {
  if (!isFields(value) || text(value.frequency) === '') return null
  const recurrence: Record<string, string | number> = { frequency: text(value.frequency) }
  for (const name of csvFields) {
    const said = typeof value[name] === 'number' ? String(value[name]) : text(value[name])
    if (said !== '') recurrence[name] = said
  }
  for (const name of ['until', 'count', 'interval'] as const) {
    if (number(value[name]) > 0) recurrence[name] = number(value[name])
  }
  return recurrence as unknown as Recurrence
}

/** `null` where it is no event that takes place at some time. */
export function readEvent(value: unknown): EventRow | null {
  if (!isFields(value)) return null
  const [id, startDate, endDate] = [number(value.id), number(value.startDate), number(value.endDate)]
  if (id <= 0 || startDate <= 0) return null
  return {
    id,
    startDate,
    endDate: Math.max(startDate, endDate),
    objectType: text(value.objectType),
    partnerId: number(value.partnerId),
    parentId: number(value.parentId),
    status: number(value.status) === 1 ? 1 : 2,
    recurrenceType: number(value.recurrenceType),
    duration: number(value.duration),
    sequence: number(value.sequence),
    createdAt: number(value.createdAt),
    updatedAt: number(value.updatedAt),
    recurrence: readRecurrence(value.recurrence),
    referenceId: text(value.referenceId),
    summary: text(value.summary),
    description: text(value.description),
    location: text(value.location),
    contact: text(value.contact),
    comment: text(value.comment),
    tags: text(value.tags),
    templateEntryId: text(value.templateEntryId),
    entryIds: text(value.entryIds),
    categoryIds: text(value.categoryIds),
    classificationType: number(value.classificationType),
    priority: number(value.priority),
    geoLatitude: number(value.geoLatitude),
    geoLongitude: number(value.geoLongitude),
  }
}

export function readLink(value: unknown): LinkRow | null {
  if (!isFields(value) || number(value.eventId) <= 0) return null
  return { eventId: number(value.eventId), resourceId: number(value.resourceId), createdAt: number(value.createdAt) }
}
