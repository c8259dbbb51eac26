import { ApiError } from '../api-error.ts'
import { isOutput, type Output } from '../wire/output.ts'
import { eventOf } from './ical-event.ts'
import { type IcalComponent, rawOf, readIcal } from './ical-reader.ts'
import { ErrorType, type LineResult, ResultStatus } from './job.ts'
import type { JobContext, JobHandler } from './runner.ts'

const EVENTS = 'schedule_scheduleevent'
/** Components of one run; what exists already is looked up anew for each. */
const RUN = 101
/** UIDs of one look-up. */
const MAX_IN_FILTER = 100
const CANCEL = 'scheduleBulkUpload.CANCEL'

interface Item {
  readonly line: number
  readonly component: IcalComponent
}

const uidOf = (item: Item): string => item.component.fields.get('UID') ?? ''
/** Only a METHOD inside the event counts. */
const cancels = (item: Item): boolean => item.component.fields.get('METHOD') === 'CANCEL'

/** Ids of events by their referenceId; of several, the last listed. */
async function existingEvents(context: JobContext, items: readonly Item[]): Promise<Map<string, number>> {
  const uids = items.filter(item => !cancels(item)).map(uidOf)
  const found = new Map<string, number>()
  for (let at = 0; at < uids.length; at += MAX_IN_FILTER) {
    const asked = uids.slice(at, at + MAX_IN_FILTER).filter(uid => uid !== '')
    if (asked.length === 0) continue
    const answer = await context.call(EVENTS, 'list', {
      filter: { objectType: 'KalturaScheduleEventFilter', referenceIdIn: asked.join(',') },
      pager: { pageSize: MAX_IN_FILTER },
    })
    if (answer instanceof ApiError) throw new Error(answer.message)
    for (const event of Array.isArray(answer.objects) ? (answer.objects as readonly Output[]) : [])
      found.set(String(event.referenceId), Number(event.id))
  }
  return found
}

async function send(
  context: JobContext,
  item: Item,
  existing: ReadonlyMap<string, number>,
): Promise<Output | ApiError> {
  const uid = uidOf(item)
  // The UID is passed as the number of an event: `123-x` cancels event 123.
  if (cancels(item)) return context.call(EVENTS, 'cancel', { scheduleEventId: uid })
  const clock = { now: context.account.now(), serverZone: context.account.timeZone }
  const scheduleEvent = eventOf(item.component, context.job.eventsType, clock)
  const id = existing.get(uid)
  return id === undefined
    ? context.call(EVENTS, 'add', { scheduleEvent })
    : context.call(EVENTS, 'update', { scheduleEventId: id, scheduleEvent })
}

export function resultOf(
  line: number,
  rowData: string,
  answer: Output | ApiError,
  more: Pick<LineResult, 'action' | 'fields'>,
): LineResult {
  if (answer instanceof ApiError)
    return {
      line,
      rowData,
      ...more,
      status: ResultStatus.error,
      objectId: null,
      errorCode: answer.code,
      errorDescription: answer.message,
      errorType: ErrorType.api,
    }
  const objectId = isOutput(answer) && typeof answer.id === 'number' ? answer.id : null
  return { line, rowData, ...more, status: ResultStatus.ok, objectId }
}

/** Every VEVENT: update where its UID is known, add otherwise, cancel where it says so. */
export const icalJob: JobHandler = async context => {
  const items = readIcal(context.job.content)
    .map((component, line) => ({ line, component }))
    .filter(({ line }) => !context.done.has(line))
  for (let at = 0; at < items.length; at += RUN) {
    const run = items.slice(at, at + RUN)
    const existing = await existingEvents(context, run)
    for (const item of run) {
      const answer = await send(context, item, existing)
      const uid = uidOf(item)
      const more = {
        action: cancels(item) ? CANCEL : null,
        fields: { ...(uid === '' ? {} : { referenceId: uid }), eventType: context.job.eventsType },
      }
      await context.record(resultOf(item.line, rawOf(item.component), answer, more))
    }
  }
}
