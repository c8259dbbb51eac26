/** Every code with its arguments and text, and every action with the permissions that open it, as Kaltura has them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { apiError } from '../../src/kaltura-server/api-error.ts'
import type { ErrorCode } from '../../src/kaltura-server/error-texts.ts'
import { EVENT, type Json, LINK, RESOURCE, recording, startAccount, type TestAccount } from './account.ts'

/** Codes with their arguments in order, and the sentence they make. */
const CODES: readonly (readonly [ErrorCode, readonly (string | number)[], readonly string[], string])[] = [
  ['INVALID_SCHEDULE_END_BEFORE_START', [10, 5], ['START', 'END'], 'End time [5] must be after start time [10]'],
  ['MAX_SCHEDULE_DURATION_REACHED', [86_400], ['MAX'], 'Maximum schedule duration [86400] reached'],
  [
    'MAX_SCHEDULE_DURATION_MUST_MATCH_END_TIME',
    [],
    [],
    'Duration must match end time, keep one of them null to calculate automatically',
  ],
  [
    'RECURRENCE_CANT_BE_DELETE',
    [7, 5],
    ['ID', 'PARENT_ID'],
    'Recurence [7] cannot be deleted, use cancel or delete the parent recurring event [5]',
  ],
  [
    'SCHEDULE_EVENT_TYPE_CANT_BE_UPDATED',
    [0, 2],
    ['SOURCE_TYPE', 'TARGET_TYPE'],
    " Can't update from type [0] to type [2]",
  ],
  ['SCHEDULE_TIME_IN_USE', [], [], 'Another event is already scheduled during this time'],
  ['START_TIME_AND_LINKED_TO_CONFLICT', [], [], 'Event cannot have both fields startDate and linkedTo set'],
  ['START_TIME_AND_LINKED_TO_NOT_SET', [], [], 'Event must have either fields StartTime or LinkedTo set'],
  ['RECURRENCE_LINKED_EVENT_CONFLICT', [], [], 'Recurring events cannot be linked'],
  ['LINKED_TO_EVENT_NOT_FOUND_OR_NOT_ACCESSIBLE', [], [], 'Cannot find the linkedTo schedule event'],
  ['INVALID_OBJECT_ID', [9], ['ID'], 'Invalid object id [9]'],
  ['PROPERTY_VALIDATION_CANNOT_BE_NULL', ['x'], ['PROP_NAME'], 'The property "x" cannot be null'],
  ['PROPERTY_VALIDATION_NOT_UPDATABLE', ['x'], ['PROP_NAME'], 'The property "x" cannot be updated'],
  [
    'PROPERTY_VALIDATION_ALL_MUST_BE_NULL_BUT_ONE',
    ['until / count'],
    ['PROP_NAME'],
    'Only one of the passed properties: until / count should not be null',
  ],
  [
    'PROPERTY_VALIDATION_UNTIL_NOT_VALID',
    ['Recurrence::until'],
    ['PROP_NAME'],
    'The property "Recurrence::until" is not valid',
  ],
  [
    'PROPERTY_VALIDATION_MIN_LENGTH',
    ['x', 1],
    ['PROP_NAME', 'MIN_LEN'],
    'The property "x" must have a min length of 1 characters',
  ],
  [
    'PROPERTY_VALIDATION_MAX_LENGTH',
    ['x', 256],
    ['PROP_NAME', 'MAX_LEN'],
    'The property "x" cannot have more than 256 characters',
  ],
  ['PROPERTY_VALIDATION_MIN_VALUE', ['x', 0], ['PROP_NAME', 'MIN_VAL'], 'The property "x" must have a min value of 0'],
  ['PROPERTY_VALIDATION_MAX_VALUE', ['x', 9], ['PROP_NAME', 'MAX_VAL'], 'The property "x" must have a max value of 9'],
  [
    'INVALID_ENUM_VALUE',
    ['CONFIRMED', 'status', 'KalturaScheduleEventStatus'],
    ['ENUM_VAL', 'PARAM_NAME', 'ENUM_TYPE'],
    'Invalid enumeration value "CONFIRMED" for parameter "status", expecting enumeration type "KalturaScheduleEventStatus"',
  ],
  [
    'OBJECT_TYPE_ABSTRACT',
    ['KalturaScheduleEvent'],
    ['OBJ_TYPE'],
    'The object type "KalturaScheduleEvent" is abstract, use one of the object implementations',
  ],
  ['MISSING_MANDATORY_PARAMETER', ['x'], ['PARAM_NAME'], 'Missing parameter "x"'],
  ['SYSTEM_NAME_ALREADY_EXISTS', ['lh1'], ['SYS_NAME'], 'System name [lh1] already exists'],
  ['RESOURCE_PARENT_ID_NOT_FOUND', [3], ['PARENT_ID'], 'Resource parent id [3] not found'],
  [
    'SCHEDULE_EVENT_RESOURCE_ALREADY_EXISTS',
    [1, 2],
    ['EVENT_ID', 'RESOURCE_ID'],
    'Schedule event resource already exists with eventId[1] and resourceId (2)',
  ],
  ['SCHEDULE_EVENT_ID_NOT_FOUND', [1], ['ID'], 'Schedule Event id [1] not found'],
  ['SCHEDULE_RESOURCE_ID_NOT_FOUND', [1], ['ID'], 'Schedule Resource id [1] not found'],
  ['RESOURCE_IS_RESERVED', [4], ['RESOURCE_ID'], 'Resource with id 4 is already reserved'],
  ['INVALID_SCHEDULE_EVENT_TYPE', [1], ['ID'], 'Schedule Event id [1] is of inappropriate type for action'],
  ['FEATURE_NAME_NOT_FOUND', ['x'], ['NAME'], 'LiveFeature with name [x] not found'],
  ['INVALID_USER_ID', [], [], 'Invalid user id'],
  ['SERVICE_FORBIDDEN', ['a->b'], ['SERVICE'], 'The access to service [a->b] is forbidden'],
  ['MISSING_KS', [], [], 'Missing KS, session not established'],
  [
    'INVALID_KS',
    ['EXPIRED', -1, 'INVALID_STR'],
    ['KSID', 'ERR_CODE', 'ERR_DESC'],
    'Invalid KS "EXPIRED", Error "-1,INVALID_STR"',
  ],
  ['SERVICE_DOES_NOT_EXISTS', ['x'], ['SRV_NAME'], 'Service "x" does not exists'],
  ['ACTION_DOES_NOT_EXISTS', ['a', 's'], ['ACTION_NAME', 'SERVICE_NAME'], 'Action "a" does not exists for service "s"'],
  ['QUERY_EXCEEDED_MAX_MATCHES_ALLOWED', [], [], 'Unable to generate list. max matches value was reached'],
  ['INTERNAL_SERVERL_ERROR', [], [], 'Internal server error occurred'],
  ['START_SESSION_ERROR', [101], ['PID'], 'Error while starting session for partner [101]'],
  ['INVALID_WIDGET_ID', ['_9'], ['WIDGET_ID'], 'Unknown widget [_9]'],
  ['APP_TOKEN_ID_NOT_FOUND', ['0_a'], ['ID'], 'Application token id "0_a" not found'],
  ['INVALID_APP_TOKEN_HASH', [], [], 'Invalid application token hash'],
  ['APP_TOKEN_EXPIRED', ['0_a'], ['ID'], 'Application token id "0_a" expired'],
  ['APP_TOKEN_NOT_ACTIVE', ['0_a'], ['ID'], 'Application token id "0_a" not active'],
]

test.each(CODES)('%s', (code, values, names, message) => {
  const error = apiError(code, ...values)
  expect(error).toMatchObject({ code, message })
  expect(error.args).toEqual(Object.fromEntries(names.map((name, index) => [name, String(values[index])])))
})

test('what is missing reads N/A, and markup is taken out', () => {
  expect(apiError('INVALID_OBJECT_ID').message).toBe('Invalid object id [N/A]')
  expect(apiError('FEATURE_NAME_NOT_FOUND', '<b>x</b>').args).toEqual({ NAME: 'x' })
})

const E_BASE = 'SCHEDULE_EVENT_BASE'
const E_MANAGE = 'SCHEDULE_EVENT_MANAGE'
const E_DELETE = 'SCHEDULE_EVENT_DELETE'
const E_FEATURE = 'SCHEDULE_EVENT_FEATURE_MANAGE'
const R_BASE = 'SCHEDULE_RESOURCE_BASE'
const R_MANAGE = 'SCHEDULE_RESOURCE_MANAGE'
const R_DELETE = 'SCHEDULE_RESOURCE_DELETE'
const DEVICE = 'CAPTURE_DEVICE_PERMISSION'
const PERMISSIONS = [E_BASE, E_MANAGE, E_DELETE, E_FEATURE, R_BASE, R_MANAGE, R_DELETE, DEVICE]

/** Any one of these permissions is enough, and no other is. */
const ACTIONS: readonly (readonly [service: string, action: string, permissions: readonly string[]])[] = [
  [EVENT, 'add', [E_MANAGE, DEVICE]],
  [EVENT, 'update', [E_MANAGE, DEVICE]],
  [EVENT, 'list', [E_BASE, DEVICE]],
  [EVENT, 'get', [E_BASE]],
  [EVENT, 'getConflicts', [E_BASE]],
  [EVENT, 'delete', [E_DELETE]],
  [EVENT, 'cancel', [E_MANAGE]],
  [EVENT, 'updateLiveFeature', [E_MANAGE, E_FEATURE]],
  [RESOURCE, 'add', [R_MANAGE, DEVICE]],
  [RESOURCE, 'update', [R_MANAGE, DEVICE]],
  [RESOURCE, 'get', [R_BASE, DEVICE]],
  [RESOURCE, 'list', [R_BASE, DEVICE]],
  [RESOURCE, 'delete', [R_DELETE]],
  [LINK, 'add', [R_MANAGE, E_MANAGE]],
  [LINK, 'update', [R_MANAGE, E_MANAGE]],
  [LINK, 'delete', [R_DELETE, E_DELETE]],
  [LINK, 'get', [R_BASE, E_BASE]],
  [LINK, 'list', [R_BASE, E_BASE]],
]

describe('permissions', () => {
  let account: TestAccount
  const sessions = new Map<string, unknown>()
  beforeAll(async () => {
    account = await startAccount()
    const { partnerId, adminSecret } = await account.server.bootstrap()
    for (const permissionNames of PERMISSIONS) {
      const userRole = { objectType: 'KalturaUserRole', name: permissionNames, permissionNames }
      await account.admin('userRole', 'add', { userRole: { ...userRole, systemName: `ONLY_${permissionNames}` } })
      const privileges = `setrole:ONLY_${permissionNames}`
      const start = { secret: adminSecret, partnerId, type: 2, userId: 'x', privileges }
      sessions.set(permissionNames, await account.call('session', 'start', start))
    }
  })
  afterAll(async () => {
    expect(account.defects).toEqual([])
    await account.close()
  })
  /** Names nothing that is there, and is enough for every action to get as far as the question of rights. */
  const parameters: Json = {
    ...{ scheduleEventId: 999, scheduledEventId: 999, scheduleResourceId: 999, resourceIds: '1', featureName: 'x' },
    scheduleEvent: recording(),
    scheduleResource: { objectType: 'KalturaLocationScheduleResource', name: 'x' },
    scheduleEventResource: { eventId: 999, resourceId: 999 },
    liveFeature: { objectType: 'KalturaLiveCaptionFeature' },
  }

  test.each(ACTIONS)('%s.%s', async (service, action, allowed) => {
    const opened: string[] = []
    for (const [permission, ks] of sessions) {
      const { code } = (await account.call(service, action, { ...parameters, ks })) ?? {}
      if (code !== 'SERVICE_FORBIDDEN') opened.push(permission)
    }
    expect(opened.sort()).toEqual([...allowed].sort())
  })

  test('a refusal names service and action, also in a header', async () => {
    const response = await fetch(`${account.url}/api_v3/service/${EVENT}/action/delete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ format: 1, scheduleEventId: 1, ks: sessions.get(E_BASE) }),
    })
    expect(await response.json()).toMatchObject({
      code: 'SERVICE_FORBIDDEN',
      message: 'The access to service [schedule_scheduleevent->delete] is forbidden',
      args: { SERVICE: 'schedule_scheduleevent->delete' },
    })
    expect([response.status, response.headers.get('x-kaltura')]).toEqual([200, 'error-SERVICE_FORBIDDEN'])
  })

  test('a token that was disabled opens no session', async () => {
    const { appToken, partnerId } = await account.server.bootstrap()
    await account.database.query('UPDATE kaltura_app_token SET status = 1 WHERE id = $1', [appToken.id])
    const { ks } = await account.call('session', 'startWidgetSession', { widgetId: `_${partnerId}` })
    const tokenHash = 'whatever it is'
    expect(await account.call('appToken', 'startSession', { ks, id: appToken.id, tokenHash })).toMatchObject({
      code: 'APP_TOKEN_NOT_ACTIVE',
      message: `Application token id "${appToken.id}" not active`,
    })
  })
})
