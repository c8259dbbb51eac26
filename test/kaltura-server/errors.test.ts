import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EVENT, type Json, LINK, NOW, RESOURCE, recording, series, startAccount, type TestAccount } from './account.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const YEAR = 365 * DAY

let account: TestAccount
let single: number
let weekly: number
let occurrence: number
let blackout: number
let room: number
let follower: number

const add = async (event: Json): Promise<number> =>
  Number((await account.admin(EVENT, 'add', { scheduleEvent: event })).id)

beforeAll(async () => {
  account = await startAccount()
  single = await add(recording({ templateEntryId: '0_template' }))
  weekly = await add(series({ frequency: 'weeks', count: 3 }))
  const children = await account.admin(EVENT, 'list', { filter: { parentIdEqual: weekly } })
  occurrence = Number((children.objects as Json[])[0]?.id)
  blackout = await add(recording({ objectType: 'KalturaBlackoutScheduleEvent' }))
  const resource = { objectType: 'KalturaCameraScheduleResource', name: 'Camera', systemName: 'cam' }
  room = Number((await account.admin(RESOURCE, 'add', { scheduleResource: resource })).id)
  await account.admin(LINK, 'add', { scheduleEventResource: { eventId: single, resourceId: room } })
  const { startDate: _, endDate: __, ...untimed } = recording({ duration: HOUR })
  follower = await add({
    ...untimed,
    linkedTo: { objectType: 'KalturaLinkedScheduleEvent', eventId: single, offset: 60 },
  })
})
afterAll(async () => {
  expect(account.defects).toEqual([])
  await account.close()
})

const without = (event: Json, ...fields: string[]): Json =>
  Object.fromEntries(Object.entries(event).filter(([name]) => !fields.includes(name)))
const as = (kind: string, event: Json): Json => ({ ...event, objectType: `Kaltura${kind}ScheduleEvent` })
const RULE = { frequency: 'weeks', count: 3 }
const link = { objectType: 'KalturaLinkedScheduleEvent', offset: 0 }
const long = (seconds: number): Json => recording({ endDate: NOW + HOUR + seconds })

interface Case {
  readonly name: string
  /** null: no error. */
  readonly code: string | null
  readonly message?: string
  readonly args?: Json
}
const cannotBeNull = (property: string): Omit<Case, 'name'> => ({
  code: 'PROPERTY_VALIDATION_CANNOT_BE_NULL',
  message: `The property "${property}" cannot be null`,
  args: { PROP_NAME: property },
})
const notUpdatable = (property: string): Omit<Case, 'name'> => ({
  code: 'PROPERTY_VALIDATION_NOT_UPDATABLE',
  message: `The property "${property}" cannot be updated`,
  args: { PROP_NAME: property },
})
const tooLong = (max: number): Omit<Case, 'name'> => ({
  code: 'MAX_SCHEDULE_DURATION_REACHED',
  message: `Maximum schedule duration [${max}] reached`,
  args: { MAX: String(max) },
})
const noId = (id: string | number): Omit<Case, 'name'> => ({
  code: 'INVALID_OBJECT_ID',
  message: `Invalid object id [${id}]`,
  args: { ID: String(id) },
})

function expectAnswer(answer: Json, { code, message, args }: Case): void {
  if (code === null) {
    expect(answer).not.toHaveProperty('code')
    return
  }
  expect(answer).toMatchObject({ code, objectType: 'KalturaAPIException' })
  if (message !== undefined) expect(answer.message).toBe(message)
  if (args !== undefined) expect(answer.args).toEqual(args)
}

const RECORD = 'KalturaRecordScheduleEvent'

describe('scheduleEvent.add', () => {
  const cases: readonly (Case & { readonly event: Json })[] = [
    {
      name: 'no objectType',
      event: without(recording(), 'objectType'),
      code: 'OBJECT_TYPE_ABSTRACT',
      message: 'The object type "KalturaScheduleEvent" is abstract, use one of the object implementations',
      args: { OBJ_TYPE: 'KalturaScheduleEvent' },
    },
    {
      name: 'a foreign objectType is ignored',
      event: recording({ objectType: 'KalturaAppToken' }),
      code: 'OBJECT_TYPE_ABSTRACT',
    },
    { name: 'abstract objectType', event: as('Entry', recording()), code: 'OBJECT_TYPE_ABSTRACT' },
    {
      name: 'no recurrenceType',
      event: without(recording(), 'recurrenceType'),
      ...cannotBeNull(`${RECORD}::recurrenceType`),
    },
    { name: 'no summary', event: without(recording(), 'summary'), ...cannotBeNull(`${RECORD}::summary`) },
    {
      name: 'recurrenceType is looked at before summary',
      event: without(recording(), 'summary', 'recurrenceType'),
      ...cannotBeNull(`${RECORD}::recurrenceType`),
    },
    {
      name: 'neither start nor link',
      event: without(recording(), 'startDate'),
      code: 'START_TIME_AND_LINKED_TO_NOT_SET',
      message: 'Event must have either fields StartTime or LinkedTo set',
      args: [] as unknown as Json,
    },
    {
      name: 'start and link',
      event: recording({ linkedTo: link }),
      code: 'START_TIME_AND_LINKED_TO_CONFLICT',
      message: 'Event cannot have both fields startDate and linkedTo set',
    },
    {
      name: 'a series that follows',
      event: { ...without(series(RULE), 'startDate'), linkedTo: link },
      code: 'RECURRENCE_LINKED_EVENT_CONFLICT',
      message: 'Recurring events cannot be linked',
    },
    {
      name: 'a link to nowhere',
      event: { ...without(recording({ duration: HOUR }), 'startDate', 'endDate'), linkedTo: { ...link, eventId: 999 } },
      code: 'LINKED_TO_EVENT_NOT_FOUND_OR_NOT_ACCESSIBLE',
      message: 'Cannot find the linkedTo schedule event',
    },
    {
      name: 'a link without duration',
      event: { ...without(recording(), 'startDate', 'endDate'), linkedTo: link },
      ...cannotBeNull(`${RECORD}::duration`),
    },
    {
      name: 'a series without rule',
      event: without(series(RULE), 'recurrence'),
      ...cannotBeNull(`${RECORD}::recurrence`),
    },
    {
      name: 'a series of no length',
      event: without(series(RULE), 'endDate', 'duration'),
      ...cannotBeNull(`${RECORD}::duration`),
    },
    { name: 'a series with duration only', event: without(series(RULE), 'endDate'), code: null },
    { name: 'a series with end only', event: without(series(RULE), 'duration'), code: null },
    {
      name: 'until before the end',
      event: series({ frequency: 'weeks', until: NOW + HOUR }),
      code: 'PROPERTY_VALIDATION_UNTIL_NOT_VALID',
      message: 'The property "Recurrence::until" is not valid',
    },
    {
      name: 'a single with duration only',
      event: without(recording({ duration: HOUR }), 'endDate'),
      ...cannotBeNull(`${RECORD}::endDate`),
    },
    {
      name: 'a blackout as occurrence',
      event: as('Blackout', recording({ recurrenceType: 2 })),
      code: 'INVALID_ENUM_VALUE',
      args: { ENUM_VAL: '2', PARAM_NAME: 'recurrenceType', ENUM_TYPE: 'KalturaScheduleEventRecurrenceType' },
    },
    { name: 'an entry event as occurrence is taken', event: recording({ recurrenceType: 2 }), code: null },
    {
      name: 'end before start',
      event: recording({ endDate: NOW }),
      code: 'INVALID_SCHEDULE_END_BEFORE_START',
      message: `End time [${NOW}] must be after start time [${NOW + HOUR}]`,
      args: { START: String(NOW + HOUR), END: String(NOW) },
    },
    { name: 'end at start', event: recording({ endDate: NOW + HOUR }), code: null },
    { name: 'two years and a second', event: long(2 * YEAR + 1), ...tooLong(2 * YEAR) },
    { name: 'a day and a second', event: long(DAY + 1), ...tooLong(DAY) },
    { name: 'a day', event: long(DAY), code: null },
    {
      name: 'a series whose first occurrence takes more than a day',
      event: series(RULE, { endDate: NOW + HOUR + DAY + 1 }),
      ...tooLong(DAY),
    },
    { name: 'three days of meeting', event: as('Meeting', long(3 * DAY)), code: null },
    { name: 'more than three days of meeting', event: as('Meeting', long(3 * DAY + 1)), ...tooLong(3 * DAY) },
    { name: 'five years on demand', event: as('Vod', long(5 * YEAR)), code: null },
    { name: 'more than five years on demand', event: as('Vod', long(5 * YEAR + 1)), ...tooLong(5 * YEAR) },
    { name: 'two years redirected', event: as('LiveRedirect', long(2 * YEAR)), code: null },
    { name: 'more than two years redirected', event: as('LiveRedirect', long(2 * YEAR + 1)), ...tooLong(2 * YEAR) },
    { name: 'five years virtual', event: as('Virtual', long(5 * YEAR)), code: null },
    { name: 'a blackout of two days', event: as('Blackout', long(2 * DAY)), ...tooLong(DAY) },
    {
      name: 'the template entry is taken',
      event: recording({ templateEntryId: '0_template', startDate: NOW + HOUR + 1800, endDate: NOW + 3 * HOUR }),
      code: 'SCHEDULE_TIME_IN_USE',
      message: 'Another event is already scheduled during this time',
    },
    {
      name: 'touching on a template entry',
      event: recording({ templateEntryId: '0_template', startDate: NOW, endDate: NOW + HOUR }),
      code: null,
    },
    { name: 'an id of its own', event: recording({ id: 7 }), ...notUpdatable(`${RECORD}::id`) },
    { name: 'a status', event: recording({ status: 2 }), ...notUpdatable(`${RECORD}::status`) },
    { name: 'a parent', event: recording({ parentId: 1 }), ...notUpdatable(`${RECORD}::parentId`) },
    {
      name: 'a status that is none',
      event: recording({ status: 'CONFIRMED' }),
      code: 'INVALID_ENUM_VALUE',
      message:
        'Invalid enumeration value "CONFIRMED" for parameter "status", expecting enumeration type "KalturaScheduleEventStatus"',
    },
    {
      name: 'a rule without end',
      event: series({ frequency: 'weeks' }),
      code: 'PROPERTY_VALIDATION_ALL_MUST_BE_NULL_BUT_ONE',
      message: 'Only one of the passed properties: until / count should not be null',
    },
    {
      name: 'a rule with two ends',
      event: series({ frequency: 'weeks', count: 2, until: NOW + YEAR }),
      code: 'PROPERTY_VALIDATION_ALL_MUST_BE_NULL_BUT_ONE',
    },
    { name: 'a rule without frequency', event: series({ count: 2 }), ...cannotBeNull('frequency') },
    {
      name: 'a frequency that is none',
      event: series({ frequency: 'WEEKLY', count: 2 }),
      code: 'INVALID_ENUM_VALUE',
      args: { ENUM_VAL: 'WEEKLY', PARAM_NAME: 'frequency', ENUM_TYPE: 'KalturaScheduleEventRecurrenceFrequency' },
    },
    { name: 'a list of hours', event: series({ ...RULE, byHour: '9,14' }), code: 'INTERNAL_SERVERL_ERROR' },
    {
      name: 'an empty summary',
      event: recording({ summary: '' }),
      code: 'PROPERTY_VALIDATION_MIN_LENGTH',
      message: 'The property "summary" must have a min length of 1 characters',
    },
    { name: '256 bytes of summary', event: recording({ summary: 'ü'.repeat(128) }), code: null },
    {
      name: '257 bytes of summary',
      event: recording({ summary: `${'ü'.repeat(128)}x` }),
      code: 'PROPERTY_VALIDATION_MAX_LENGTH',
      message: 'The property "summary" cannot have more than 256 characters',
      args: { PROP_NAME: 'summary', MAX_LEN: '256' },
    },
    {
      name: 'south of the equator',
      event: recording({ geoLatitude: -33.9 }),
      code: 'PROPERTY_VALIDATION_MIN_VALUE',
      message: 'The property "geoLatitude" must have a min value of 0',
    },
    { name: 'west of Greenwich', event: recording({ geoLongitude: -71 }), code: 'PROPERTY_VALIDATION_MIN_VALUE' },
    {
      name: 'priority 10',
      event: recording({ priority: 10 }),
      code: 'PROPERTY_VALIDATION_MAX_VALUE',
      message: 'The property "priority" must have a max value of 9',
    },
    { name: 'priority 9', event: recording({ priority: 9 }), code: null },
    { name: 'a negative duration', event: recording({ duration: -1 }), code: 'PROPERTY_VALIDATION_MIN_VALUE' },
    { name: 'a negative sequence', event: recording({ sequence: -1 }), code: 'PROPERTY_VALIDATION_MIN_VALUE' },
    { name: 'a control character', event: recording({ summary: 'a\u0007b' }), code: 'INVALID_PARAMETER_CHAR' },
    {
      name: 'a negative margin',
      event: as('LiveStream', recording({ preStartTime: -1 })),
      code: 'INVALID_FIELD_VALUE',
      message: 'value in field [preStartTime] is not valid',
    },
    {
      name: 'a live event comes first with its own fields',
      event: as('LiveStream', without(recording({ postEndTime: -1 }), 'summary')),
      code: 'INVALID_FIELD_VALUE',
    },
    {
      name: 'a source entry that is not there',
      event: as('LiveStream', recording({ sourceEntryId: '0_nowhere0' })),
      code: 'ENTRY_ID_NOT_FOUND',
      message: 'Entry id "0_nowhere0" not found',
    },
    {
      name: 'a redirect entry that is not there',
      event: as('LiveRedirect', recording({ redirectEntryId: '0_nowhere0' })),
      code: 'ENTRY_ID_NOT_FOUND',
    },
    {
      name: 'a negative audience',
      event: as('LiveStream', recording({ projectedAudience: -1 })),
      code: 'PROPERTY_VALIDATION_MIN_VALUE',
    },
    {
      name: 'two live features of one name',
      event: as(
        'LiveStream',
        recording({
          liveFeatures: [
            { objectType: 'KalturaLiveCaptionFeature', systemName: 'c' },
            { objectType: 'KalturaLiveRestreamFeature', systemName: 'c' },
          ],
        }),
      ),
      code: 'DUPLICATE_LIVE_FEATURE',
      message: 'Duplicate system name "c" in provided live feature array',
    },
    { name: 'unknown properties are passed over', event: recording({ whatever: 1 }), code: null },
  ]
  test.each(cases)('$name', async row => {
    expectAnswer(await account.admin(EVENT, 'add', { scheduleEvent: row.event }), row)
  })
})

describe('scheduleEvent.update', () => {
  const change = (fields: Json): Json => ({ objectType: RECORD, ...fields })
  const cases: readonly (Case & { readonly id: () => number; readonly event: Json })[] = [
    { name: 'no such event', id: () => 9999, event: change({ summary: 'x' }), ...noId(9999) },
    {
      name: 'the end taken away',
      id: () => single,
      event: change({ endDate__null: 1 }),
      ...cannotBeNull(`${RECORD}::endDate`),
    },
    {
      name: 'the start alone, past the end',
      id: () => single,
      event: change({ startDate: NOW + 5 * HOUR }),
      code: 'INVALID_SCHEDULE_END_BEFORE_START',
    },
    {
      name: 'duration and end that differ',
      id: () => single,
      event: change({ duration: 60, endDate: NOW + 2 * HOUR }),
      code: 'MAX_SCHEDULE_DURATION_MUST_MATCH_END_TIME',
      message: 'Duration must match end time, keep one of them null to calculate automatically',
    },
    { name: 'more than a day by duration', id: () => single, event: change({ duration: DAY + 1 }), ...tooLong(DAY) },
    { name: 'more than a day by end', id: () => single, event: change({ endDate: NOW + 2 * DAY }), ...tooLong(DAY) },
    {
      name: 'a single becomes an occurrence',
      id: () => single,
      event: change({ recurrenceType: 2 }),
      code: 'SCHEDULE_EVENT_TYPE_CANT_BE_UPDATED',
      message: " Can't update from type [0] to type [2]",
      args: { SOURCE_TYPE: '0', TARGET_TYPE: '2' },
    },
    {
      name: 'an occurrence becomes a single',
      id: () => occurrence,
      event: change({ recurrenceType: 0 }),
      code: 'SCHEDULE_EVENT_TYPE_CANT_BE_UPDATED',
    },
    {
      name: 'a series becomes an occurrence',
      id: () => weekly,
      event: change({ recurrenceType: 2 }),
      code: 'SCHEDULE_EVENT_TYPE_CANT_BE_UPDATED',
    },
    {
      name: 'created when',
      id: () => single,
      event: change({ createdAt: NOW }),
      ...notUpdatable(`${RECORD}::createdAt`),
    },
    { name: 'the same status', id: () => single, event: change({ status: 2 }), code: null },
    { name: 'another status', id: () => single, event: change({ status: 1 }), ...notUpdatable(`${RECORD}::status`) },
    { name: 'a parent', id: () => single, event: change({ parentId: 0 }), ...notUpdatable(`${RECORD}::parentId`) },
    {
      name: 'blackout conflicts',
      id: () => single,
      event: change({ blackoutConflicts: [] }),
      ...notUpdatable(`${RECORD}::blackoutConflicts`),
    },
    {
      name: 'a rule with two ends',
      id: () => weekly,
      event: change({ recurrence: { objectType: 'KalturaScheduleEventRecurrence', frequency: 'weeks' } }),
      code: 'PROPERTY_VALIDATION_ALL_MUST_BE_NULL_BUT_ONE',
    },
    {
      name: 'start and link',
      id: () => single,
      event: change({ startDate: NOW, linkedTo: { ...link, eventId: 1 } }),
      code: 'START_TIME_AND_LINKED_TO_CONFLICT',
    },
    {
      name: 'a follower becomes a series',
      id: () => follower,
      event: change({ recurrenceType: 1, recurrence: { frequency: 'days', count: 2 } }),
      code: 'RECURRENCE_LINKED_EVENT_CONFLICT',
    },
  ]
  test.each(cases)('$name', async row => {
    const answer = await account.admin(EVENT, 'update', { scheduleEventId: row.id(), scheduleEvent: row.event })
    expectAnswer(answer, row)
  })

  test('its own id is taken, another is not', async () => {
    const event = change({ id: single })
    expectAnswer(await account.admin(EVENT, 'update', { scheduleEventId: single, scheduleEvent: event }), {
      name: '',
      code: null,
    })
    const other = change({ id: single + 1 })
    const answer = await account.admin(EVENT, 'update', { scheduleEventId: single, scheduleEvent: other })
    expectAnswer(answer, { name: '', ...notUpdatable(`${RECORD}::id`) })
  })

  test('a rule for a single event is an error without a message', async () => {
    const event = change({ recurrence: { frequency: 'days', count: 2 } })
    expect(await account.admin(EVENT, 'update', { scheduleEventId: single, scheduleEvent: event })).toEqual({
      code: `Can't update single schedule event with recurring data when recurrenceType is not "RECURRING".`,
      objectType: 'KalturaAPIException',
      args: [],
    })
  })

  test('an occurrence of a blackout cannot be updated at all', async () => {
    const id = await add(as('Blackout', series({ frequency: 'days', count: 2 })))
    const children = await account.admin(EVENT, 'list', { filter: { parentIdEqual: id } })
    const child = Number((children.objects as Json[])[0]?.id)
    const answer = await account.admin(EVENT, 'update', {
      scheduleEventId: child,
      scheduleEvent: { objectType: 'KalturaBlackoutScheduleEvent', summary: 'x' },
    })
    expect(answer).toMatchObject({ code: 'INVALID_ENUM_VALUE', args: { PARAM_NAME: 'recurrenceType' } })
  })
})

describe('scheduleEvent, the rest', () => {
  test.each(['get', 'delete', 'cancel'])('%s of nothing', async action => {
    expectAnswer(await account.admin(EVENT, action, { scheduleEventId: 9999 }), { name: '', ...noId(9999) })
  })
  test('a deleted event is as if it had never been', async () => {
    const id = await add(recording())
    expect(await account.admin(EVENT, 'delete', { scheduleEventId: id })).toMatchObject({ status: 3 })
    for (const action of ['get', 'delete', 'cancel'])
      expectAnswer(await account.admin(EVENT, action, { scheduleEventId: id }), { name: '', ...noId(id) })
    const listed = await account.admin(EVENT, 'list', { filter: { statusEqual: 3 } })
    expect(listed).toMatchObject({ totalCount: 0, objects: [] })
  })
  test('an occurrence cannot be deleted', async () => {
    expectAnswer(await account.admin(EVENT, 'delete', { scheduleEventId: occurrence }), {
      name: '',
      code: 'RECURRENCE_CANT_BE_DELETE',
      message: `Recurence [${occurrence}] cannot be deleted, use cancel or delete the parent recurring event [${weekly}]`,
      args: { ID: String(occurrence), PARENT_ID: String(weekly) },
    })
  })
  test.each([
    [{}, 'MISSING_MANDATORY_PARAMETER', 'Missing parameter "scheduleEventId"'],
    [{ scheduleEventId: 'abc' }, 'INVALID_OBJECT_ID', 'Invalid object id [0]'],
    [{ scheduleEventId: '12345abc' }, 'INVALID_OBJECT_ID', 'Invalid object id [12345]'],
  ])('get with %j', async (parameters, code, message) => {
    expect(await account.admin(EVENT, 'get', parameters)).toMatchObject({ code, message })
  })
  test('filters by an owner nobody knows', async () => {
    expect(await account.admin(EVENT, 'list', { filter: { ownerIdEqual: 'nobody' } })).toMatchObject({
      code: 'INVALID_USER_ID',
      message: 'Invalid user id',
    })
  })
  test('pages end at 10,000 matches', async () => {
    const page = (pageIndex: number): Json => ({ pager: { pageSize: 500, pageIndex } })
    expect(await account.admin(EVENT, 'list', page(20))).toMatchObject({ objects: [] })
    expect(await account.admin(EVENT, 'list', page(21))).toMatchObject({
      code: 'QUERY_EXCEEDED_MAX_MATCHES_ALLOWED',
      message: 'Unable to generate list. max matches value was reached',
    })
    expect(await account.admin(EVENT, 'list', { ...page(21), filter: { idIn: '1,2' } })).toMatchObject({ objects: [] })
  })
  test('conflicts of no resources', async () => {
    const question = { resourceIds: '', scheduleEvent: recording() }
    expect(await account.admin(EVENT, 'getConflicts', question)).toMatchObject({
      code: 'PROPERTY_VALIDATION_CANNOT_BE_NULL',
      args: { PROP_NAME: 'resourceIds' },
    })
  })
  test('live features', async () => {
    const ask = (id: number, name: string): Promise<Json> =>
      account.admin(EVENT, 'updateLiveFeature', {
        scheduledEventId: id,
        featureName: name,
        liveFeature: { objectType: 'KalturaLiveCaptionFeature', language: 'de' },
      })
    expect(await ask(9999, 'x')).toMatchObject({ code: 'INVALID_OBJECT_ID' })
    expect(await ask(single, 'x')).toMatchObject({
      code: 'INVALID_SCHEDULE_EVENT_TYPE',
      message: `Schedule Event id [${single}] is of inappropriate type for action`,
    })
    const features = [{ objectType: 'KalturaLiveCaptionFeature', systemName: 'captions', inputDelay: 3 }]
    const live = await add(as('LiveStream', recording({ liveFeatures: features })))
    expect(await ask(live, 'x')).toMatchObject({
      code: 'FEATURE_NAME_NOT_FOUND',
      message: 'LiveFeature with name [x] not found',
    })
    expect(await ask(live, 'captions')).toMatchObject({
      liveFeatures: [
        { systemName: 'captions', inputDelay: 3, language: 'de', objectType: 'KalturaLiveCaptionFeature' },
      ],
    })
  })
})

describe('scheduleResource', () => {
  const location = (fields: Json): Json => ({ objectType: 'KalturaLocationScheduleResource', name: 'Hall', ...fields })
  const cases: readonly (Case & { readonly resource: Json })[] = [
    { name: 'no objectType', resource: { name: 'x' }, code: 'OBJECT_TYPE_ABSTRACT' },
    {
      name: 'no name',
      resource: without(location({}), 'name'),
      ...cannotBeNull('KalturaLocationScheduleResource::name'),
    },
    {
      name: 'a system name that is taken',
      resource: { objectType: 'KalturaCameraScheduleResource', name: 'x', systemName: 'cam' },
      code: 'SYSTEM_NAME_ALREADY_EXISTS',
      message: 'System name [cam] already exists',
    },
    { name: 'the same for another type of resource', resource: location({ systemName: 'cam' }), code: null },
    {
      name: 'a parent that is not there',
      resource: location({ parentId: 777 }),
      code: 'RESOURCE_PARENT_ID_NOT_FOUND',
      message: 'Resource parent id [777] not found',
    },
    { name: 'parent 0', resource: location({ parentId: 0 }), code: null },
    {
      name: 'a live entry without entry',
      resource: { objectType: 'KalturaLiveEntryScheduleResource', name: 'x' },
      ...cannotBeNull('KalturaLiveEntryScheduleResource::entryId'),
    },
    { name: 'a status', resource: location({ status: 1 }), ...notUpdatable('KalturaLocationScheduleResource::status') },
    { name: 'a long name', resource: location({ name: 'x'.repeat(257) }), code: 'PROPERTY_VALIDATION_MAX_LENGTH' },
    { name: 'an empty system name', resource: location({ systemName: '' }), code: 'PROPERTY_VALIDATION_MIN_LENGTH' },
  ]
  test.each(cases)('add: $name', async row => {
    expectAnswer(await account.admin(RESOURCE, 'add', { scheduleResource: row.resource }), row)
  })
  test.each([
    [{ objectType: 'KalturaCameraScheduleResource', name__null: 1 }, 'PROPERTY_VALIDATION_CANNOT_BE_NULL'],
    [{ objectType: 'KalturaCameraScheduleResource', streamUrl__null: 1 }, 'PROPERTY_VALIDATION_CANNOT_BE_NULL'],
    [{ objectType: 'KalturaCameraScheduleResource', status: 1 }, 'PROPERTY_VALIDATION_NOT_UPDATABLE'],
    [{ objectType: 'KalturaCameraScheduleResource', status: 2 }, undefined],
    [{ objectType: 'KalturaCameraScheduleResource', parentId: 777 }, 'RESOURCE_PARENT_ID_NOT_FOUND'],
  ])('update with %j', async (resource, code) => {
    const answer = await account.admin(RESOURCE, 'update', { scheduleResourceId: room, scheduleResource: resource })
    expect(answer.code).toBe(code)
  })
  test.each(['get', 'delete'])('%s of nothing', async action => {
    expectAnswer(await account.admin(RESOURCE, action, { scheduleResourceId: 777 }), { name: '', ...noId(777) })
  })
})

describe('scheduleEventResource', () => {
  const linkOf = (eventId: number, resourceId: number): Json => ({ scheduleEventResource: { eventId, resourceId } })
  test('add', async () => {
    expect(await account.admin(LINK, 'add', linkOf(single, room))).toMatchObject({
      code: 'SCHEDULE_EVENT_RESOURCE_ALREADY_EXISTS',
      message: `Schedule event resource already exists with eventId[${single}] and resourceId (${room})`,
      args: { EVENT_ID: String(single), RESOURCE_ID: String(room) },
    })
    expect(await account.admin(LINK, 'add', linkOf(9999, room))).toMatchObject({
      code: 'SCHEDULE_EVENT_ID_NOT_FOUND',
      message: 'Schedule Event id [9999] not found',
    })
    expect(await account.admin(LINK, 'add', linkOf(single, 777))).toMatchObject({
      code: 'SCHEDULE_RESOURCE_ID_NOT_FOUND',
      message: 'Schedule Resource id [777] not found',
    })
    expect(await account.admin(LINK, 'add', linkOf(blackout, 0))).toMatchObject({ eventId: blackout, resourceId: 0 })
  })
  test('get, update and delete of a link', async () => {
    const id = { scheduleEventId: single, scheduleResourceId: 777 }
    for (const action of ['get', 'delete'])
      expectAnswer(await account.admin(LINK, action, id), { name: '', ...noId(`${single},777`) })
    const known = { scheduleEventId: single, scheduleResourceId: room }
    const same = { ...known, scheduleEventResource: { eventId: single, resourceId: room } }
    expect(await account.admin(LINK, 'update', same)).toMatchObject({ eventId: single, resourceId: room })
    const other = { ...known, scheduleEventResource: { resourceId: 777 } }
    expectAnswer(await account.admin(LINK, 'update', other), {
      name: '',
      ...notUpdatable('KalturaScheduleEventResource::resourceId'),
    })
  })
  test('delete answers nothing', async () => {
    const id = await add(recording())
    await account.admin(LINK, 'add', linkOf(id, room))
    expect(await account.admin(LINK, 'delete', { scheduleEventId: id, scheduleResourceId: room })).toBeNull()
  })
})

describe('the request itself', () => {
  test.each([
    ['nowhere', 'list', 'SERVICE_DOES_NOT_EXISTS', 'Service "nowhere" does not exists'],
    ['constructor', 'list', 'SERVICE_DOES_NOT_EXISTS', 'Service "constructor" does not exists'],
    [
      EVENT,
      'explode',
      'ACTION_DOES_NOT_EXISTS',
      'Action "explode" does not exists for service "schedule_scheduleevent"',
    ],
    [
      EVENT,
      'tostring',
      'ACTION_DOES_NOT_EXISTS',
      'Action "tostring" does not exists for service "schedule_scheduleevent"',
    ],
  ])('%s.%s', async (service, action, code, message) => {
    expect(await account.admin(service, action)).toMatchObject({ code, message })
  })
})
