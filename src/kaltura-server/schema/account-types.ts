import type { ObjectTable } from './schema.ts'
import { array, enumOf, int, READ_ONLY, string, time } from './schema.ts'

/** Sessions, app tokens, response profiles and the pager. */
export const ACCOUNT_TYPES: Readonly<Record<string, ObjectTable>> = {
  KalturaStartWidgetSessionResponse: { fields: [int('partnerId'), string('ks'), string('userId')] },
  KalturaSessionInfo: {
    fields: [
      string('ks', READ_ONLY),
      enumOf('sessionType', 'sessionType', READ_ONLY),
      int('partnerId', READ_ONLY),
      string('userId', READ_ONLY),
      int('expiry', READ_ONLY),
      string('privileges', READ_ONLY),
    ],
  },
  KalturaAppToken: {
    fields: [
      string('id', READ_ONLY),
      string('token', READ_ONLY),
      int('partnerId', READ_ONLY),
      time('createdAt', READ_ONLY),
      time('updatedAt', READ_ONLY),
      enumOf('status', 'appTokenStatus', READ_ONLY),
      int('expiry'),
      enumOf('sessionType', 'sessionType'),
      string('sessionUserId'),
      int('sessionDuration'),
      string('sessionPrivileges'),
      enumOf('hashType', 'appTokenHashType'),
      string('description'),
    ],
  },
  KalturaAppTokenListResponse: { fields: [int('totalCount'), array('objects', 'KalturaAppToken')] },
  KalturaUserRole: {
    fields: [
      int('id', READ_ONLY),
      string('name'),
      string('systemName'),
      string('description'),
      enumOf('status', 'userRoleStatus'),
      int('partnerId', READ_ONLY),
      string('permissionNames'),
      string('tags'),
      time('createdAt', READ_ONLY),
      time('updatedAt', READ_ONLY),
    ],
  },
  KalturaUserRoleFilter: {
    fields: [string('idIn'), int('idEqual'), string('systemNameEqual'), string('systemNameIn'), string('nameEqual')],
  },
  KalturaUserRoleListResponse: { fields: [int('totalCount'), array('objects', 'KalturaUserRole')] },
  KalturaDetachedResponseProfile: {
    fields: [string('name'), enumOf('type', 'responseProfileType'), string('fields')],
  },
  KalturaFilterPager: { fields: [int('pageSize'), int('pageIndex')] },
  /** Of this server only: what is to go wrong (test mode). */
  KaldavFault: {
    fields: [
      string('kind'),
      string('service'),
      string('action'),
      int('count'),
      int('skip'),
      int('milliseconds'),
      int('seconds'),
      int('status'),
    ],
  },
}
