import type { ObjectTable } from './schema.ts'
import { array, enumOf, INSERT_ONLY, int, name, READ_ONLY, string, time } from './schema.ts'

export const RESOURCE_TYPES: Readonly<Record<string, ObjectTable>> = {
  KalturaScheduleResource: {
    abstract: true,
    fields: [
      int('id', READ_ONLY),
      int('parentId'),
      int('partnerId', READ_ONLY),
      name('name'),
      name('systemName'),
      string('description'),
      enumOf('status', 'resourceStatus', READ_ONLY),
      string('tags'),
      time('createdAt', READ_ONLY),
      time('updatedAt', READ_ONLY),
    ],
  },
  KalturaLocationScheduleResource: { parent: 'KalturaScheduleResource', fields: [] },
  KalturaCameraScheduleResource: { parent: 'KalturaScheduleResource', fields: [name('streamUrl')] },
  KalturaLiveEntryScheduleResource: { parent: 'KalturaScheduleResource', fields: [name('entryId')] },
  KalturaScheduleResourceListResponse: { fields: [int('totalCount'), array('objects', 'KalturaScheduleResource')] },
  KalturaScheduleEventResource: {
    fields: [
      int('eventId', INSERT_ONLY),
      int('resourceId', INSERT_ONLY),
      int('partnerId', READ_ONLY),
      time('createdAt', READ_ONLY),
      time('updatedAt', READ_ONLY),
    ],
  },
  KalturaScheduleEventResourceListResponse: {
    fields: [int('totalCount'), array('objects', 'KalturaScheduleEventResource')],
  },
}
