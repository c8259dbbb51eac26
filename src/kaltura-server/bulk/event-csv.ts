import { ApiError } from '../api-error.ts'
import type { Output } from '../wire/output.ts'
import { type CsvLine, readCsv } from './csv.ts'
import { FREQUENCIES } from './frequencies.ts'
import { ErrorType, type LineResult, ResultStatus } from './job.ts'
import type { JobContext, JobHandler } from './runner.ts'

export const EVENT_COLUMNS = [
  'action',
  'eventType',
  'title',
  'description',
  'tags',
  'categoryIds',
  'categoryPaths',
  'resource',
  'resourceID',
  'startTime',
  'duration',
  'endTime',
  'recurrence',
  'coEditors',
  'coPublishers',
  'eventOrganizerId',
  'contentOwnerId',
  'templateEntryType',
]
const REQUIRED = ['action', 'eventType', 'title', 'startTime', 'eventOrganizerId', 'contentOwnerId']
const ADD = '1'

const EVENT_CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    1: 'KalturaRecordScheduleEvent',
    2: 'KalturaLiveStreamScheduleEvent',
    4: 'KalturaMeetingScheduleEvent',
    5: 'KalturaLiveRedirectScheduleEvent',
  }),
)
const RULE_PARTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    INTERVAL: 'interval',
    BYMONTHDAY: 'byMonthDay',
    BYMONTH: 'byMonth',
    BYDAY: 'byDay',
    BYSETPOS: 'byOffset',
    COUNT: 'count',
  }),
)

/** What makes a line fail: the sentence of its result, and the API's code where the API refused. */
class LineError extends Error {
  readonly code: string | null
  readonly eventId: number | null
  constructor(message: string, code: string | null = null, eventId: number | null = null) {
    super(message)
    this.code = code
    this.eventId = eventId
  }
}

/** `2026-03-02 09:00`, with or without seconds, T, offset or Z; without an offset in the server's zone. */
function csvInstant(text: string, zone: string): number | null {
  const iso = text.trim().replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T')
  try {
    if (/^@-?\d+$/.test(iso)) return Number(iso.slice(1))
    if (/(Z|[+-]\d{2}:?\d{2})$/i.test(iso) && iso.includes('T'))
      return Temporal.Instant.from(iso).epochMilliseconds / 1000
    return Temporal.PlainDateTime.from(iso).toZonedDateTime(zone).epochMilliseconds / 1000
  } catch {
    return null
  }
}

function recurrenceOf(text: string, until: number | null): Record<string, unknown> {
  const rule: Record<string, unknown> = { objectType: 'KalturaScheduleEventRecurrence' }
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.trim().split('=')
    if (name === 'FREQ') {
      const frequency = FREQUENCIES.get(value)
      if (!frequency) throw new LineError(`Undefined constant KalturaScheduleEventRecurrenceFrequency::${value}`)
      rule.frequency = frequency
    }
    const field = RULE_PARTS.get(name)
    if (field) rule[field] = value.replaceAll(';', ',')
  }
  if (until === null) return rule
  const { count: _, ...open } = rule
  return { ...open, until }
}

function checkLine({ values, complete }: CsvLine): void {
  if (!complete)
    throw new LineError('The number of values is not equal to the number of columns. Event will not be created.')
  const action = values.get('action') ?? ''
  if (action !== ADD)
    throw new LineError(
      `Invalid action type value ${action} passed. Only action type 1 (ADD) is supported at this time.`,
    )
  const missing = REQUIRED.filter(column => !values.has(column))
  if (missing.length > 0)
    throw new LineError(missing.map(column => `Value for ${column} must be specified!`).join('\\n '))
  if (values.has('recurrence') && !values.has('duration'))
    throw new LineError(
      'Recurrence pattern cannot be specified without the duration for each event instance. Event was not created.',
    )
}

async function answered(context: JobContext, service: string, action: string, parameters: object): Promise<Output> {
  const answer = await context.call(service, action, parameters as Record<string, unknown>)
  if (answer instanceof ApiError) throw new LineError(answer.message, answer.code)
  return answer
}

const objectsIn = (answer: Output): readonly Output[] => (answer.objects ?? []) as readonly Output[]

async function resourceOf(context: JobContext, { values }: CsvLine): Promise<number> {
  const id = values.get('resourceID')
  const systemName = values.get('resource')
  if (id === undefined && systemName === undefined)
    throw new LineError('Neither the resource system name nor the resource ID were specified. Event was not created.')
  const filter = { statusEqual: 2, ...(id === undefined ? { systemNameEqual: systemName } : { idEqual: id }) }
  const [resource] = objectsIn(await answered(context, 'schedule_scheduleresource', 'list', { filter }))
  if (!resource) throw new LineError('Invalid resource system name or ID passed. Event was not created.')
  return Number(resource.id)
}

function eventOf(context: JobContext, { values }: CsvLine): Record<string, unknown> {
  const zone = context.account.timeZone
  const eventType = values.get('eventType') ?? ''
  const objectType = EVENT_CLASSES.get(eventType)
  if (!objectType) throw new LineError(`Invalid scheduled event type: ${eventType}`)
  const end = values.has('endTime') ? csvInstant(values.get('endTime') ?? '', zone) : null
  const recurrence = values.get('recurrence')
  const event: Record<string, unknown> = {
    objectType,
    summary: values.get('title'),
    description: values.get('description'),
    tags: values.get('tags'),
    startDate: csvInstant(values.get('startTime') ?? '', zone) ?? undefined,
    duration: values.get('duration'),
    categoryIds: values.get('categoryIds'),
    ownerId: values.get('eventOrganizerId'),
    organizer: values.get('eventOrganizerId'),
    recurrenceType: recurrence === undefined ? 0 : 1,
    ...(recurrence === undefined ? { endDate: end ?? undefined } : { recurrence: recurrenceOf(recurrence, end) }),
  }
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined))
}

/** The entry that what is recorded is made from: a video, or a live stream with endpoints of its own. */
async function addTemplate(context: JobContext, { values }: CsvLine): Promise<string> {
  const kind = values.get('templateEntryType') ?? ''
  if (kind !== 'media' && kind !== 'live') throw new LineError(`Invalid template entry type: ${kind}`)
  const entry = {
    name: values.get('title'),
    description: values.get('description') ?? '',
    tags: values.get('tags') ?? '',
    userId: values.get('contentOwnerId'),
    creatorId: values.get('contentOwnerId'),
    entitledUsersPublish: values.get('coPublishers') ?? '',
    entitledUsersEdit: values.get('coEditors') ?? '',
    categoriesIds: values.get('categoryIds') ?? '',
  }
  const added =
    kind === 'live'
      ? await answered(context, 'livestream', 'add', {
          liveStreamEntry: { objectType: 'KalturaLiveStreamEntry', ...entry },
        })
      : await answered(context, 'media', 'add', { entry: { objectType: 'KalturaMediaEntry', ...entry } })
  return String(added.id)
}

/** Event, link to its resource and template entry; a resource that is taken at that time is refused. */
async function create(
  context: JobContext,
  line: CsvLine,
): Promise<{ eventId: number; templateEntryId: string; resourceId: number }> {
  checkLine(line)
  const resourceId = await resourceOf(context, line)
  const scheduleEvent = eventOf(context, line)
  const question = { resourceIds: String(resourceId), scheduleEvent }
  const conflicts = await answered(context, 'schedule_scheduleevent', 'getConflicts', question)
  if (Number(conflicts.totalCount) > 0) throw new LineError(`Conflicting events found for resource ID ${resourceId}`)
  const event = await answered(context, 'schedule_scheduleevent', 'add', { scheduleEvent })
  const eventId = Number(event.id)
  try {
    await answered(context, 'schedule_scheduleeventresource', 'add', { scheduleEventResource: { eventId, resourceId } })
    const templateEntryId = await addTemplate(context, line)
    const update = { scheduleEventId: eventId, scheduleEvent: { objectType: event.objectType, templateEntryId } }
    await answered(context, 'schedule_scheduleevent', 'update', update)
    return { eventId, templateEntryId, resourceId }
  } catch (error) {
    if (error instanceof LineError) throw new LineError(error.message, error.code, eventId)
    throw error
  }
}

async function dealWith(context: JobContext, line: CsvLine): Promise<LineResult> {
  const base = { line: line.line, rowData: line.raw, action: line.values.get('action') ?? null }
  const fields: Record<string, string | number> = Object.fromEntries(
    [...line.values].filter(([name]) => !['action', 'startTime', 'endTime', 'resourceID', 'resource'].includes(name)),
  )
  try {
    const { eventId, templateEntryId, resourceId } = await create(context, line)
    const made = { ...fields, templateEntryId, resourceId: String(resourceId) }
    return { ...base, fields: made, status: ResultStatus.ok, objectId: eventId }
  } catch (error) {
    if (!(error instanceof LineError)) throw error
    return {
      ...base,
      fields,
      status: ResultStatus.error,
      objectId: error.eventId,
      errorDescription: error.message,
      errorType: error.code === null ? ErrorType.app : ErrorType.api,
      ...(error.code === null ? {} : { errorCode: error.code }),
    }
  }
}

/** Adds an event a line. */
export const eventCsvJob: JobHandler = async context => {
  for (const line of readCsv(context.job.content, EVENT_COLUMNS))
    if (!context.done.has(line.line)) await context.record(await dealWith(context, line))
}
