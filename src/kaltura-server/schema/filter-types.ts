import type { ObjectTable } from './schema.ts'
import { enumOf, int, string, time } from './schema.ts'

const RANGE = ['GreaterThanOrEqual', 'LessThanOrEqual']
const times = (...names: readonly string[]) => names.flatMap(field => RANGE.map(suffix => time(field + suffix)))
const texts = (...names: readonly string[]) => names.map(field => string(field))
const matches = (...names: readonly string[]) =>
  texts(...names.flatMap(field => [`${field}Like`, `${field}MultiLikeOr`, `${field}MultiLikeAnd`]))

const CHANGE_TIMES = times('createdAt', 'updatedAt')

/** Filters. The class of an event or resource filter selects the type of what is listed. */
export const FILTER_TYPES: Readonly<Record<string, ObjectTable>> = {
  KalturaScheduleEventFilter: {
    fields: [
      int('idEqual'),
      ...texts('idIn', 'idNotIn'),
      int('parentIdEqual'),
      ...texts('parentIdIn', 'parentIdNotIn'),
      enumOf('statusEqual', 'eventStatus'),
      string('statusIn'),
      ...times('startDate', 'endDate'),
      ...texts('referenceIdEqual', 'referenceIdIn', 'ownerIdEqual', 'ownerIdIn'),
      ...['priorityEqual', 'priorityGreaterThanOrEqual', 'priorityLessThanOrEqual'].map(field => int(field)),
      string('priorityIn'),
      enumOf('recurrenceTypeEqual', 'recurrenceType'),
      string('recurrenceTypeIn'),
      ...matches('tags', 'resourceIds', 'parentResourceIds', 'resourceSystemNames', 'templateEntryCategoriesIds'),
      ...CHANGE_TIMES,
      ...texts('resourceIdEqual', 'orderBy'),
    ],
  },
  KalturaEntryScheduleEventFilter: {
    parent: 'KalturaScheduleEventFilter',
    fields: [string('templateEntryIdEqual'), ...matches('entryIds', 'categoryIds', 'parentCategoryIds')],
  },
  KalturaRecordScheduleEventFilter: { parent: 'KalturaEntryScheduleEventFilter', fields: [] },
  KalturaVodScheduleEventFilter: { parent: 'KalturaEntryScheduleEventFilter', fields: [] },
  KalturaMeetingScheduleEventFilter: { parent: 'KalturaEntryScheduleEventFilter', fields: [] },
  KalturaLiveRedirectScheduleEventFilter: { parent: 'KalturaEntryScheduleEventFilter', fields: [] },
  KalturaLiveStreamScheduleEventFilter: {
    parent: 'KalturaEntryScheduleEventFilter',
    fields: [string('sourceEntryIdEqual')],
  },
  KalturaBlackoutScheduleEventFilter: { parent: 'KalturaScheduleEventFilter', fields: [] },
  KalturaVirtualScheduleEventFilter: { parent: 'KalturaScheduleEventFilter', fields: [] },
  KalturaScheduleResourceFilter: {
    fields: [
      int('idEqual'),
      ...texts('idIn', 'idNotIn'),
      int('parentIdEqual'),
      ...texts('parentIdIn', 'nameEqual', 'systemNameEqual', 'systemNameIn'),
      enumOf('statusEqual', 'resourceStatus'),
      string('statusIn'),
      ...matches('tags'),
      ...CHANGE_TIMES,
      string('orderBy'),
    ],
  },
  KalturaLocationScheduleResourceFilter: { parent: 'KalturaScheduleResourceFilter', fields: [] },
  KalturaCameraScheduleResourceFilter: { parent: 'KalturaScheduleResourceFilter', fields: [] },
  KalturaLiveEntryScheduleResourceFilter: { parent: 'KalturaScheduleResourceFilter', fields: [] },
  KalturaScheduleEventResourceFilter: {
    fields: [
      int('eventIdEqual'),
      string('eventIdIn'),
      int('resourceIdEqual'),
      string('resourceIdIn'),
      int('eventIdOrItsParentIdEqual'),
      ...CHANGE_TIMES,
      string('orderBy'),
    ],
  },
  KalturaAppTokenFilter: {
    fields: [
      string('idEqual'),
      string('idIn'),
      enumOf('statusEqual', 'appTokenStatus'),
      string('statusIn'),
      string('sessionUserIdEqual'),
      ...CHANGE_TIMES,
      string('orderBy'),
    ],
  },
}
