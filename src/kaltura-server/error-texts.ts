/**
 * Kaltura's error codes: the names of the arguments in order, and the message. Codes, texts and their spelling are part
 * of the wire form (clients compare them), so they are Kaltura's own (Kaltura: KalturaErrors, APIErrors, KalturaScheduleErrors).
 */
const PROPERTY = 'The property "@PROP_NAME@"'

export const ERROR_TEXTS = {
  ACTION_DOES_NOT_EXISTS: [
    ['ACTION_NAME', 'SERVICE_NAME'],
    'Action "@ACTION_NAME@" does not exists for service "@SERVICE_NAME@"',
  ],
  APP_TOKEN_EXPIRED: [['ID'], 'Application token id "@ID@" expired'],
  APP_TOKEN_ID_NOT_FOUND: [['ID'], 'Application token id "@ID@" not found'],
  APP_TOKEN_NOT_ACTIVE: [['ID'], 'Application token id "@ID@" not active'],
  BULK_UPLOAD_NOT_FOUND: [['ID'], 'Bulk upload id "@ID@" not found'],
  CANNOT_UPDATE_SCHEDULE_EVENT_FEATURE: [[], 'cannot update feature name [@NAME@] on schedule event'],
  DUPLICATE_LIVE_FEATURE: [['SYSTEM_NAME'], 'Duplicate system name "@SYSTEM_NAME@" in provided live feature array'],
  ENTRY_ALREADY_WITH_CONTENT: [[], 'Entry already associated with content'],
  ENTRY_ID_NOT_FOUND: [['ENTRY_ID'], 'Entry id "@ENTRY_ID@" not found'],
  FEATURE_FORBIDDEN: [['FEATURE'], 'The usage of feature [@FEATURE@] is forbidden'],
  FEATURE_NAME_NOT_FOUND: [['NAME'], 'LiveFeature with name [@NAME@] not found'],
  INTERNAL_SERVERL_ERROR: [[], 'Internal server error occurred'],
  INVALID_APP_TOKEN_HASH: [[], 'Invalid application token hash'],
  INVALID_ENUM_VALUE: [
    ['ENUM_VAL', 'PARAM_NAME', 'ENUM_TYPE'],
    'Invalid enumeration value "@ENUM_VAL@" for parameter "@PARAM_NAME@", expecting enumeration type "@ENUM_TYPE@"',
  ],
  INVALID_FIELD_VALUE: [['FIELD_NAME'], 'value in field [@FIELD_NAME@] is not valid'],
  INVALID_KS: [['KSID', 'ERR_CODE', 'ERR_DESC'], 'Invalid KS "@KSID@", Error "@ERR_CODE@,@ERR_DESC@"'],
  INVALID_OBJECT_ID: [['ID'], 'Invalid object id [@ID@]'],
  INVALID_PARAMETER_CHAR: [['XML_FIELD'], 'Invalid char in "@XML_FIELD@" field'],
  INVALID_SCHEDULE_END_BEFORE_START: [['START', 'END'], 'End time [@END@] must be after start time [@START@]'],
  INVALID_SCHEDULE_EVENT_TYPE: [['ID'], 'Schedule Event id [@ID@] is of inappropriate type for action'],
  INVALID_SET_ROLE: [[], 'Invalid set role id'],
  INVALID_USER_ID: [[], 'Invalid user id'],
  INVALID_WIDGET_ID: [['WIDGET_ID'], 'Unknown widget [@WIDGET_ID@]'],
  LINKED_TO_EVENT_NOT_FOUND_OR_NOT_ACCESSIBLE: [[], 'Cannot find the linkedTo schedule event'],
  MAX_SCHEDULE_DURATION_MUST_MATCH_END_TIME: [
    [],
    'Duration must match end time, keep one of them null to calculate automatically',
  ],
  MAX_SCHEDULE_DURATION_REACHED: [['MAX'], 'Maximum schedule duration [@MAX@] reached'],
  MISSING_KS: [[], 'Missing KS, session not established'],
  MISSING_MANDATORY_PARAMETER: [['PARAM_NAME'], 'Missing parameter "@PARAM_NAME@"'],
  OBJECT_TYPE_ABSTRACT: [
    ['OBJ_TYPE'],
    'The object type "@OBJ_TYPE@" is abstract, use one of the object implementations',
  ],
  PROPERTY_VALIDATION_ALL_MUST_BE_NULL_BUT_ONE: [
    ['PROP_NAME'],
    'Only one of the passed properties: @PROP_NAME@ should not be null',
  ],
  PROPERTY_VALIDATION_CANNOT_BE_NULL: [['PROP_NAME'], `${PROPERTY} cannot be null`],
  PROPERTY_VALIDATION_MAX_LENGTH: [['PROP_NAME', 'MAX_LEN'], `${PROPERTY} cannot have more than @MAX_LEN@ characters`],
  PROPERTY_VALIDATION_MAX_VALUE: [['PROP_NAME', 'MAX_VAL'], `${PROPERTY} must have a max value of @MAX_VAL@`],
  PROPERTY_VALIDATION_MIN_LENGTH: [
    ['PROP_NAME', 'MIN_LEN'],
    `${PROPERTY} must have a min length of @MIN_LEN@ characters`,
  ],
  PROPERTY_VALIDATION_MIN_VALUE: [['PROP_NAME', 'MIN_VAL'], `${PROPERTY} must have a min value of @MIN_VAL@`],
  PROPERTY_VALIDATION_NOT_UPDATABLE: [['PROP_NAME'], `${PROPERTY} cannot be updated`],
  PROPERTY_VALIDATION_UNTIL_NOT_VALID: [['PROP_NAME'], `${PROPERTY} is not valid`],
  PROPERTY_VALIDATION_WRONG_FORMAT: [['PROP_NAME', 'FORMAT'], `${PROPERTY} must match format @FORMAT@`],
  QUERY_EXCEEDED_MAX_MATCHES_ALLOWED: [[], 'Unable to generate list. max matches value was reached'],
  RECURRENCE_CANT_BE_DELETE: [
    ['ID', 'PARENT_ID'],
    'Recurence [@ID@] cannot be deleted, use cancel or delete the parent recurring event [@PARENT_ID@]',
  ],
  RECURRENCE_LINKED_EVENT_CONFLICT: [[], 'Recurring events cannot be linked'],
  RESOURCE_IS_RESERVED: [['RESOURCE_ID'], 'Resource with id @RESOURCE_ID@ is already reserved'],
  RESOURCE_PARENT_ID_NOT_FOUND: [['PARENT_ID'], 'Resource parent id [@PARENT_ID@] not found'],
  RESOURCE_TYPE_NOT_SUPPORTED: [['RES_TYPE'], 'Resource type "@RES_TYPE@" not supported'],
  SCHEDULE_EVENT_ID_NOT_FOUND: [['ID'], 'Schedule Event id [@ID@] not found'],
  SCHEDULE_EVENT_RESOURCE_ALREADY_EXISTS: [
    ['EVENT_ID', 'RESOURCE_ID'],
    'Schedule event resource already exists with eventId[@EVENT_ID@] and resourceId (@RESOURCE_ID@)',
  ],
  SCHEDULE_EVENT_TYPE_CANT_BE_UPDATED: [
    ['SOURCE_TYPE', 'TARGET_TYPE'],
    " Can't update from type [@SOURCE_TYPE@] to type [@TARGET_TYPE@]",
  ],
  SCHEDULE_RESOURCE_ID_NOT_FOUND: [['ID'], 'Schedule Resource id [@ID@] not found'],
  SCHEDULE_TIME_IN_USE: [[], 'Another event is already scheduled during this time'],
  SERVICE_DOES_NOT_EXISTS: [['SRV_NAME'], 'Service "@SRV_NAME@" does not exists'],
  SERVICE_FORBIDDEN: [['SERVICE'], 'The access to service [@SERVICE@] is forbidden'],
  SERVICE_NOT_SPECIFIED: [[], 'Service name was not specified, please specify one'],
  START_SESSION_ERROR: [['PID'], 'Error while starting session for partner [@PID@]'],
  START_TIME_AND_LINKED_TO_CONFLICT: [[], 'Event cannot have both fields startDate and linkedTo set'],
  START_TIME_AND_LINKED_TO_NOT_SET: [[], 'Event must have either fields StartTime or LinkedTo set'],
  SYSTEM_NAME_ALREADY_EXISTS: [['SYS_NAME'], 'System name [@SYS_NAME@] already exists'],
  UNKNOWN_RESPONSE_FORMAT: [['FORMAT'], 'Response format provided [@FORMAT@] is not recognized by server'],
  UPLOAD_ERROR: [[], 'Upload failed'],
  UPLOAD_PASSED_MAX_RESUME_TIME_ALLOWED: [
    ['MAX_RESUME_TIME'],
    'Max resume time of @MAX_RESUME_TIME@ seconds reached, cannot resume upload',
  ],
  UPLOAD_TOKEN_CANNOT_MATCH_EXPECTED_SIZE: [[], 'Failed to match expected file size'],
  UPLOAD_TOKEN_CANNOT_RESUME: [[], 'Cannot resume the upload, original file was not found'],
  UPLOAD_TOKEN_INVALID_STATUS_FOR_ADD_ENTRY: [
    [],
    'Upload token is in an invalid status for adding entry, maybe the a file was not uploaded or the token was used',
  ],
  UPLOAD_TOKEN_INVALID_STATUS_FOR_UPLOAD: [
    [],
    'Upload token is in an invalid status for uploading a file, maybe the file was already uploaded',
  ],
  UPLOAD_TOKEN_MISSING_FILE_SIZE: [[], 'FileSize is mandatory when enabling autoFinalize'],
  UPLOAD_TOKEN_NOT_FOUND: [[], 'Upload token not found'],
} as const satisfies Record<string, readonly [readonly string[], string]>

export type ErrorCode = keyof typeof ERROR_TEXTS
