import type { ObjectTable } from './schema.ts'
import { array, enumOf, int, READ_ONLY, string, time } from './schema.ts'

const texts = (...names: readonly string[]) => names.map(field => string(field))

/** Files of many events or resources, and what became of each line. */
export const BULK_TYPES: Readonly<Record<string, ObjectTable>> = {
  KalturaBulkUploadJobData: { abstract: true, fields: [string('fileName')] },
  KalturaBulkUploadScheduleEventJobData: { parent: 'KalturaBulkUploadJobData', fields: [] },
  KalturaBulkUploadICalJobData: {
    parent: 'KalturaBulkUploadScheduleEventJobData',
    fields: [enumOf('eventsType', 'eventType')],
  },
  KalturaBulkUploadScheduleEventCsvJobData: { parent: 'KalturaBulkUploadScheduleEventJobData', fields: [] },
  KalturaBulkUploadCsvJobData: { parent: 'KalturaBulkUploadJobData', fields: [] },
  KalturaBulkUpload: {
    fields: [
      int('id', READ_ONLY),
      ...texts('uploadedBy', 'uploadedByUserId'),
      time('uploadedOn'),
      int('numOfEntries'),
      enumOf('status', 'batchJobStatus'),
      ...texts('logFileUrl', 'csvFileUrl', 'bulkFileUrl', 'bulkUploadType'),
      array('results', 'KalturaBulkUploadResult'),
      string('error'),
      int('errorType'),
      int('errorNumber'),
      ...texts('fileName', 'description'),
      int('numOfObjects'),
      string('bulkUploadObjectType'),
    ],
  },
  KalturaBulkUploadListResponse: { fields: [int('totalCount'), array('objects', 'KalturaBulkUpload')] },
  KalturaBulkUploadFilter: {
    fields: [
      enumOf('statusEqual', 'batchJobStatus'),
      ...texts('statusIn', 'bulkUploadObjectTypeEqual', 'bulkUploadObjectTypeIn'),
      time('uploadedOnGreaterThanOrEqual'),
      time('uploadedOnLessThanOrEqual'),
    ],
  },
  KalturaBulkUploadResult: {
    abstract: true,
    fields: [
      int('id', READ_ONLY),
      int('bulkUploadJobId'),
      int('lineIndex'),
      int('partnerId'),
      ...texts('status', 'action', 'objectId'),
      int('objectStatus'),
      ...texts('bulkUploadResultObjectType', 'rowData', 'errorDescription', 'errorCode'),
      int('errorType'),
    ],
  },
  KalturaBulkUploadResultScheduleEvent: {
    parent: 'KalturaBulkUploadResult',
    fields: [
      ...texts('referenceId', 'templateEntryId'),
      int('eventType'),
      ...texts('title', 'description', 'tags', 'categoryIds', 'resourceId'),
      time('startTime'),
      int('duration'),
      time('endTime'),
      ...texts('recurrence', 'coEditors', 'coPublishers', 'eventOrganizerId', 'contentOwnerId', 'templateEntryType'),
    ],
  },
  KalturaBulkUploadResultScheduleResource: {
    parent: 'KalturaBulkUploadResult',
    fields: texts('resourceId', 'name', 'type', 'systemName', 'description', 'tags', 'parentType', 'parentSystemName'),
  },
}
