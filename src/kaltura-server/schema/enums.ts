/** Kaltura's enumerations. The class name is what INVALID_ENUM_VALUE names. */
interface EnumTable {
  readonly className: string
  readonly values: readonly (number | string)[]
}

const numbers = (className: string, from: number, to: number): EnumTable => ({
  className,
  values: Array.from({ length: to - from + 1 }, (_, index) => from + index),
})
const words = (className: string, ...values: readonly string[]): EnumTable => ({ className, values })

const ENUMS = {
  appTokenHashType: words('KalturaAppTokenHashType', 'MD5', 'SHA1', 'SHA256', 'SHA512'),
  appTokenStatus: numbers('KalturaAppTokenStatus', 1, 3),
  batchJobStatus: numbers('KalturaBatchJobStatus', 0, 12),
  bulkUploadAction: words('KalturaBulkUploadAction', '1', '2', '3', '4', '5', '6'),
  bulkUploadResultStatus: words('KalturaBulkUploadResultStatus', '1', '2', '3'),
  classificationType: numbers('KalturaScheduleEventClassificationType', 1, 3),
  conflictType: numbers('KalturaScheduleEventConflictType', 1, 3),
  entryStatus: words('KalturaEntryStatus', '-2', '-1', '0', '1', '2', '3', '4', '5', '6', '7'),
  entryType: words('KalturaEntryType', '-1', '1', '2', '5', '6', '7', '8', '10'),
  eventStatus: numbers('KalturaScheduleEventStatus', 1, 3),
  eventType: numbers('KalturaScheduleEventType', 1, 7),
  frequency: words(
    'KalturaScheduleEventRecurrenceFrequency',
    'seconds',
    'minutes',
    'hours',
    'days',
    'weeks',
    'months',
    'years',
  ),
  mediaType: { className: 'KalturaMediaType', values: [1, 2, 5, 201, 202, 203] },
  nullableBoolean: { className: 'KalturaNullableBoolean', values: [-1, 0, 1] },
  recurrenceType: numbers('KalturaScheduleEventRecurrenceType', 0, 2),
  resourceStatus: numbers('KalturaScheduleResourceStatus', 1, 3),
  responseProfileType: numbers('KalturaResponseProfileType', 1, 2),
  sessionType: { className: 'KalturaSessionType', values: [0, 2] },
  uploadTokenStatus: numbers('KalturaUploadTokenStatus', 0, 5),
  userRoleStatus: numbers('KalturaUserRoleStatus', 1, 3),
  virtualSubType: numbers('KalturaVirtualScheduleEventSubType', 1, 3),
  weekDay: words('KalturaScheduleEventRecurrenceDay', 'SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'),
} as const satisfies Record<string, EnumTable>

export type EnumName = keyof typeof ENUMS

export const enumTable = (name: EnumName): EnumTable => ENUMS[name]

export const EventStatus = { cancelled: 1, active: 2, deleted: 3 } as const
export const EventType = { record: 1, live: 2, blackout: 3, meeting: 4, redirect: 5, vod: 6, virtual: 7 } as const
export const Recurrence = { none: 0, series: 1, occurrence: 2 } as const
export const ResourceStatus = { disabled: 1, active: 2, deleted: 3 } as const
export const ResourceType = { location: 1, liveEntry: 2, camera: 3 } as const
export const SessionType = { user: 0, admin: 2 } as const
