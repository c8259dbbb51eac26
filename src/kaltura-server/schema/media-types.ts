import type { ObjectTable } from './schema.ts'
import { array, bool, enumOf, float, INSERT_ONLY, int, READ_ONLY, string, time } from './schema.ts'

const texts = (...names: readonly string[]) => names.map(field => string(field))

/** Entries, as far as scheduled recordings and live streams need them, and the files uploaded for them. */
export const MEDIA_TYPES: Readonly<Record<string, ObjectTable>> = {
  KalturaBaseEntry: {
    fields: [
      string('id', READ_ONLY),
      ...texts('name', 'description'),
      int('partnerId', READ_ONLY),
      ...texts('userId', 'creatorId', 'tags', 'adminTags', 'categories', 'categoriesIds'),
      enumOf('status', 'entryStatus', READ_ONLY),
      enumOf('type', 'entryType'),
      time('createdAt', READ_ONLY),
      time('updatedAt', READ_ONLY),
      time('startDate'),
      time('endDate'),
      string('referenceId'),
      int('accessControlId'),
      int('conversionProfileId', INSERT_ONLY),
      ...texts('redirectEntryId', 'entitledUsersEdit', 'entitledUsersPublish', 'entitledUsersView'),
      string('capabilities', READ_ONLY),
      string('templateEntryId', INSERT_ONLY),
      int('displayInSearch'),
    ],
  },
  KalturaPlayableEntry: {
    parent: 'KalturaBaseEntry',
    fields: [int('duration', READ_ONLY), int('msDuration'), int('plays', READ_ONLY), int('views', READ_ONLY)],
  },
  KalturaMediaEntry: {
    parent: 'KalturaPlayableEntry',
    fields: [enumOf('mediaType', 'mediaType', INSERT_ONLY), ...texts('sourceType', 'creditUserName', 'creditUrl')],
  },
  KalturaLiveEntry: {
    parent: 'KalturaMediaEntry',
    abstract: true,
    fields: [
      int('recordStatus'),
      int('dvrStatus'),
      int('dvrWindow'),
      string('recordedEntryId'),
      int('explicitLive'),
      int('viewMode'),
    ],
  },
  KalturaLiveStreamEntry: {
    parent: 'KalturaLiveEntry',
    fields: [
      string('streamRemoteId', READ_ONLY),
      ...texts(
        'primaryBroadcastingUrl',
        'secondaryBroadcastingUrl',
        'primarySecuredBroadcastingUrl',
        'secondarySecuredBroadcastingUrl',
        'primaryRtspBroadcastingUrl',
        'secondaryRtspBroadcastingUrl',
        'primarySrtBroadcastingUrl',
        'secondarySrtBroadcastingUrl',
        'streamName',
        'streamUrl',
        'hlsStreamUrl',
        'encodingIP1',
        'encodingIP2',
        'streamPassword',
      ),
      string('streamUsername', READ_ONLY),
    ],
  },
  KalturaBaseEntryListResponse: { fields: [int('totalCount'), array('objects', 'KalturaBaseEntry')] },
  KalturaMediaListResponse: { fields: [int('totalCount'), array('objects', 'KalturaMediaEntry')] },
  KalturaLiveStreamListResponse: { fields: [int('totalCount'), array('objects', 'KalturaLiveStreamEntry')] },
  KalturaBaseEntryFilter: {
    fields: [
      ...texts('idEqual', 'idIn', 'nameEqual', 'nameLike', 'userIdEqual', 'referenceIdEqual', 'referenceIdIn'),
      ...texts('tagsLike', 'statusEqual', 'statusIn', 'typeEqual', 'typeIn', 'orderBy'),
      ...['createdAt', 'updatedAt'].flatMap(field => [
        time(`${field}GreaterThanOrEqual`),
        time(`${field}LessThanOrEqual`),
      ]),
    ],
  },
  KalturaMediaEntryFilter: { parent: 'KalturaBaseEntryFilter', fields: [int('mediaTypeEqual'), string('mediaTypeIn')] },
  KalturaLiveStreamEntryFilter: { parent: 'KalturaMediaEntryFilter', fields: [bool('isLive')] },
  KalturaResource: { abstract: true, fields: [] },
  KalturaContentResource: { parent: 'KalturaResource', abstract: true, fields: [] },
  KalturaUploadedFileTokenResource: { parent: 'KalturaContentResource', fields: [string('token')] },
  KalturaUploadToken: {
    fields: [
      string('id', READ_ONLY),
      int('partnerId', READ_ONLY),
      string('userId', READ_ONLY),
      enumOf('status', 'uploadTokenStatus', READ_ONLY),
      string('fileName', INSERT_ONLY),
      float('fileSize', INSERT_ONLY),
      float('uploadedFileSize', READ_ONLY),
      time('createdAt', READ_ONLY),
      time('updatedAt', READ_ONLY),
      string('uploadUrl', READ_ONLY),
      enumOf('autoFinalize', 'nullableBoolean', INSERT_ONLY),
      string('attachedObjectType', READ_ONLY),
      string('attachedObjectId', READ_ONLY),
    ],
  },
  KalturaUploadTokenFilter: {
    fields: [
      ...texts('idEqual', 'idIn', 'userIdEqual', 'statusIn', 'fileNameEqual', 'orderBy'),
      enumOf('statusEqual', 'uploadTokenStatus'),
    ],
  },
  KalturaUploadTokenListResponse: { fields: [int('totalCount'), array('objects', 'KalturaUploadToken')] },
}
