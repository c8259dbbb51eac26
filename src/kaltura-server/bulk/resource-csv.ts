import { ApiError } from '../api-error.ts'
import type { Output } from '../wire/output.ts'
import { type CsvLine, readCsv } from './csv.ts'
import { resultOf } from './ical-job.ts'
import { ErrorType, type LineResult, ResultStatus } from './job.ts'
import type { JobContext, JobHandler } from './runner.ts'

export const RESOURCE_COLUMNS = [
  'action',
  'resourceId',
  'name',
  'type',
  'systemName',
  'description',
  'tags',
  'parentType',
  'parentSystemName',
]
const RESOURCES = 'schedule_scheduleresource'
const Action = { add: '1', update: '2', delete: '3', addOrUpdate: '6' } as const
const ACTIONS: readonly string[] = Object.values(Action)

const CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    location: 'KalturaLocationScheduleResource',
    camera: 'KalturaCameraScheduleResource',
    live_entry: 'KalturaLiveEntryScheduleResource',
  }),
)

interface Line {
  readonly csv: CsvLine
  readonly action: string
  readonly type: string
  readonly parentType: string
}

/** A line that cannot be dealt with: what its result says. */
class LineError extends Error {}

function readLine(csv: CsvLine): Line {
  const { values } = csv
  const action = values.get('action') ?? Action.add
  const type = values.get('type') ?? 'location'
  const parentType = values.get('parentType') ?? 'location'
  const named = values.has('resourceId') || values.has('systemName')
  if (!CLASSES.has(parentType)) throw new LineError(`Wrong value passed for property parentType [${parentType}]`)
  if (!CLASSES.has(type)) throw new LineError(`Wrong value passed for property type [${type}]`)
  if (!named && (action === Action.update || action === Action.delete))
    throw new LineError('Mandatory Columns [resourceId or systemName] missing from CSV.')
  return { csv, action, type, parentType }
}

/** The id of the resource of this type and systemName: one that is there, or one an earlier line has added. */
async function idOf(context: JobContext, type: string, systemName: string): Promise<number | null> {
  const filter = { objectType: `${CLASSES.get(type)}Filter`, systemNameEqual: systemName }
  const answer = await context.call(RESOURCES, 'list', { filter })
  const [found] = answer instanceof ApiError ? [] : ((answer.objects ?? []) as readonly Output[])
  return found ? Number(found.id) : null
}

async function objectOf(context: JobContext, { csv, type, parentType }: Line): Promise<Record<string, unknown>> {
  const object: Record<string, unknown> = { objectType: CLASSES.get(type) }
  for (const field of ['name', 'systemName', 'description', 'tags']) {
    const value = csv.values.get(field)
    if (value !== undefined) object[field] = value
  }
  const parent = csv.values.get('parentSystemName')
  if (parent === undefined) return object
  const parentId = await idOf(context, parentType, parent)
  if (parentId === null) throw new LineError(`Unable to find parent ${parentType} resource [${parent}]`)
  return { ...object, parentId }
}

async function perform(context: JobContext, line: Line): Promise<{ action: string; answer: Output | ApiError }> {
  const { csv, type } = line
  const systemName = csv.values.get('systemName') ?? ''
  const given = csv.values.get('resourceId')
  const looksUp = given === undefined && systemName !== '' && line.action !== Action.add
  const id = given ?? (looksUp ? await idOf(context, type, systemName) : null)
  const action = line.action === Action.addOrUpdate ? (id === null ? Action.add : Action.update) : line.action
  if (!ACTIONS.includes(action)) throw new LineError(`Unknown action passed: [${action}]`)
  if (action === Action.add)
    return { action, answer: await context.call(RESOURCES, 'add', { scheduleResource: await objectOf(context, line) }) }
  if (id === null) throw new LineError(`Unable to find ${type} resource [${systemName}]`)
  const target = { scheduleResourceId: id }
  if (action === Action.delete) return { action, answer: await context.call(RESOURCES, 'delete', target) }
  const scheduleResource = await objectOf(context, line)
  return { action, answer: await context.call(RESOURCES, 'update', { ...target, scheduleResource }) }
}

async function dealWith(context: JobContext, csv: CsvLine): Promise<LineResult> {
  const fields = Object.fromEntries([...csv.values].filter(([name]) => name !== 'action'))
  try {
    const { action, answer } = await perform(context, readLine(csv))
    return resultOf(csv.line, csv.raw, answer, { action, fields })
  } catch (error) {
    if (!(error instanceof LineError)) throw error
    return {
      line: csv.line,
      rowData: csv.raw,
      fields,
      action: csv.values.get('action') ?? Action.add,
      status: ResultStatus.error,
      objectId: null,
      errorType: ErrorType.app,
      errorDescription: error.message,
    }
  }
}

/** Adds, changes and deletes resources line by line; a line may name a parent that an earlier line adds. */
export const resourceCsvJob: JobHandler = async context => {
  for (const line of readCsv(context.job.content, RESOURCE_COLUMNS))
    if (!context.done.has(line.line)) await context.record(await dealWith(context, line))
}
