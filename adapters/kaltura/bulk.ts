/** Bulk uploads: a file that Kaltura reads by itself, in a job of its own whose lines have a result each. */
import { setTimeout as wait } from 'node:timers/promises'
import { Unavailable } from '../../src/errors.ts'
import { isFields, number, text } from './rows.ts'
import { type Request, services } from './sdk.ts'
import type { KalturaSession } from './session.ts'

type Submit = (file: Buffer, data: object) => Request

/** The actions for files; the others are typed where the library is imported. */
const { scheduleEvent, scheduleResource, bulk } = services as unknown as {
  readonly scheduleEvent: { readonly addFromBulkUpload: Submit }
  readonly scheduleResource: { readonly addFromBulkUpload: Submit }
  readonly bulk: { readonly get: (id: number) => Request }
}

export interface BulkFile {
  /** Its name, as the job is to show it. */
  readonly name: string
  readonly content: string
  /** The type of all events of a calendar (1 record, 2 live stream, 3 blackout); `null`: a CSV file of resources. */
  readonly eventsType: 1 | 2 | 3 | null
}

/** What became of one VEVENT or line. */
export interface BulkItem {
  /** Counts from 1. */
  readonly item: number
  /** The UID of an event, the systemName or name of a resource. */
  readonly name: string | null
  /** Its id in Kaltura; `null` where it was refused. */
  readonly id: number | null
  readonly refused: boolean
  /** Why: the code of the API where it was the API that refused, and a sentence. */
  readonly code: string | null
  readonly reason: string | null
}

export interface BulkJob {
  readonly id: number
  /** Whether Kaltura went through the whole file. */
  readonly finished: boolean
  /** Why it did not. */
  readonly reason: string | null
  readonly items: readonly BulkItem[]
}

/** Kaltura: BatchJobStatus, as far as nothing follows. */
const finished = 5
const partially = 12
const ended = new Set([finished, 6, 7, 10, 11, partially])
/** Kaltura: BulkUploadResultStatus. */
const ERROR = '1'

/** ms between two looks at the job: the first, and the longest. */
const FIRST_LOOK = 200
const LONGEST = 5000
/** A job is given up on after so many ms; Kaltura goes on with it. */
const PATIENCE = 3_600_000

/**
 * Kaltura reads `…Z` on the clock of its server, which need not be UTC. Of a named zone it takes the offset of the day of
 * the upload, which for UTC is right on every day.
 */
const inUtc = (calendar: string): string =>
  calendar.replace(/(^|\r\n)(DTSTART|DTEND):(\d{8}T\d{6}Z)(?=\r\n)/g, '$1$2;TZID=UTC:$3')

const submit = ({ name, content, eventsType }: BulkFile): Request => {
  if (eventsType === null) {
    const data = { objectType: 'KalturaBulkUploadCsvJobData', fileName: name }
    return scheduleResource.addFromBulkUpload(Buffer.from(content), data)
  }
  const data = { objectType: 'KalturaBulkUploadICalJobData', eventsType, fileName: name }
  return scheduleEvent.addFromBulkUpload(Buffer.from(inUtc(content)), data)
}

const readItem = (value: unknown, index: number): BulkItem => {
  const row = isFields(value) ? value : {}
  const refused = text(row.status) === ERROR || number(row.status) === Number(ERROR)
  return {
    item: index + 1,
    name: text(row.referenceId) || text(row.systemName) || text(row.name) || null,
    id: refused ? null : number(row.objectId) || null,
    refused,
    code: text(row.errorCode) || null,
    reason: text(row.errorDescription) || null,
  }
}

/**
 * Sends a file and waits until Kaltura is through with it.
 * @throws Rejected · AccessDenied · Unavailable, also when the job takes more than an hour
 */
export async function bulkUpload(session: KalturaSession, file: BulkFile): Promise<BulkJob> {
  const accepted = await session.get(() => submit(file))
  const id = isFields(accepted) ? number(accepted.id) : 0
  const begun = performance.now()
  for (let pause = FIRST_LOOK; performance.now() - begun < PATIENCE; pause = Math.min(LONGEST, pause * 1.5)) {
    const job = await session.get(() => bulk.get(id))
    const status = isFields(job) ? number(job.status) : 0
    if (isFields(job) && ended.has(status)) {
      const results = Array.isArray(job.results) ? job.results : []
      const items = results.toSorted((a, b) => number(a?.lineIndex) - number(b?.lineIndex)).map(readItem)
      const done = status === finished || status === partially
      const reason = done ? null : text(job.error) || `the job ended with status ${status}`
      return { id, finished: done, reason, items }
    }
    await wait(pause)
  }
  throw new Unavailable(`Kaltura is not through with bulk upload ${id} after an hour`, {
    remedy: 'look at the job in Kaltura; what it has taken stays',
  })
}
