import type { Database, Row } from '../../store/database.ts'
import { takeIds } from '../storage/rows.ts'
import type { Output } from '../wire/output.ts'

/** Kaltura: BatchJobStatus, as far as a job here passes through it. */
export const JobStatus = { pending: 0, processing: 2, finished: 5, failed: 6, aborted: 7, partially: 12 } as const
/** Kaltura: BulkUploadResultStatus. */
export const ResultStatus = { error: '1', ok: '2', inProgress: '3' } as const
/** Kaltura: BatchJobErrorTypes. */
export const ErrorType = { app: 1, runtime: 2, http: 3, curl: 4, api: 5 } as const

export type JobKind = 'ical' | 'event-csv' | 'resource-csv'

export interface Job {
  readonly id: number
  readonly partnerId: number
  readonly kind: JobKind
  readonly status: number
  readonly fileName: string
  readonly content: string
  /** The type of all events of an iCal file. */
  readonly eventsType: number
  readonly uploadedBy: string
  readonly uploadedOn: number
  readonly error: string | null
}

/** What became of one line or component; `line` counts from 1 in a CSV file and from 0 in a calendar, as Kaltura does. */
export interface LineResult {
  readonly line: number
  readonly status: string
  readonly action: string | null
  readonly objectId: number | null
  readonly rowData: string
  readonly errorDescription?: string
  readonly errorCode?: string
  readonly errorType?: number
  readonly fields: Readonly<Record<string, string | number>>
}

interface JobRow extends Row {
  readonly id: number
  readonly partner_id: number
  readonly kind: string
  readonly status: number
  readonly file_name: string
  readonly content: string
  readonly events_type: number
  readonly uploaded_by: string
  readonly uploaded_on: number
  readonly error: string | null
}

const toJob = (row: JobRow): Job => ({
  id: row.id,
  partnerId: row.partner_id,
  kind: row.kind as JobKind,
  status: row.status,
  fileName: row.file_name,
  content: row.content,
  eventsType: row.events_type,
  uploadedBy: row.uploaded_by,
  uploadedOn: row.uploaded_on,
  error: row.error,
})

export async function createJob(database: Database, job: Omit<Job, 'id' | 'status' | 'error'>): Promise<Job> {
  const created: Job = { ...job, id: await takeIds(database, 'bulk'), status: JobStatus.pending, error: null }
  await database.query(
    `INSERT INTO kaltura_bulk
       (id, partner_id, kind, status, file_name, content, events_type, uploaded_by, uploaded_on, error)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL)`,
    [
      created.id,
      job.partnerId,
      job.kind,
      created.status,
      job.fileName,
      job.content,
      job.eventsType,
      job.uploadedBy,
      job.uploadedOn,
    ],
  )
  return created
}

export async function findJob(database: Database, partnerId: number, id: number): Promise<Job | null> {
  const [row] = await database.query<JobRow>(`SELECT * FROM kaltura_bulk WHERE id = $1 AND partner_id = $2`, [
    id,
    partnerId,
  ])
  return row ? toJob(row) : null
}

export async function listJobs(database: Database, partnerId: number): Promise<Job[]> {
  const rows = await database.query<JobRow>(`SELECT * FROM kaltura_bulk WHERE partner_id = $1 ORDER BY id DESC`, [
    partnerId,
  ])
  return rows.map(toJob)
}

/** Jobs that were begun or waiting when the server went down. */
export async function openJobs(database: Database, partnerId: number): Promise<number[]> {
  const rows = await database.query<{ id: number }>(
    `SELECT id FROM kaltura_bulk WHERE partner_id = $1 AND status IN ($2, $3) ORDER BY id`,
    [partnerId, JobStatus.pending, JobStatus.processing],
  )
  return rows.map(row => row.id)
}

/** Moves a job on, unless it was aborted meanwhile: false then. */
export async function setJobStatus(
  database: Database,
  id: number,
  status: number,
  error: string | null = null,
): Promise<boolean> {
  const rows = await database.query(
    `UPDATE kaltura_bulk SET status = $2, error = $3 WHERE id = $1 AND status <> $4 RETURNING id`,
    [id, status, error, JobStatus.aborted],
  )
  return rows.length > 0
}

export async function storeResult(database: Database, jobId: number, result: LineResult): Promise<void> {
  await database.query(
    `INSERT INTO kaltura_bulk_result (job_id, line, own) VALUES ($1, $2, $3)
     ON CONFLICT (job_id, line) DO UPDATE SET own = excluded.own`,
    [jobId, result.line, JSON.stringify(result)],
  )
}

export async function resultsOf(database: Database, jobId: number): Promise<LineResult[]> {
  const rows = await database.query<{ own: string }>(
    `SELECT own FROM kaltura_bulk_result WHERE job_id = $1 ORDER BY line`,
    [jobId],
  )
  return rows.map(row => JSON.parse(row.own) as LineResult)
}

const OBJECT: Readonly<Record<JobKind, string>> = {
  ical: 'SCHEDULE_EVENT',
  'event-csv': 'SCHEDULE_EVENT',
  'resource-csv': 'SCHEDULE_RESOURCE',
}

const pluginName = (value: string): string => `scheduleBulkUpload.${value}`

function presentResult(job: Job, result: LineResult): Output {
  return {
    id: job.id * 100_000 + result.line,
    bulkUploadJobId: job.id,
    lineIndex: result.line,
    partnerId: job.partnerId,
    status: result.status,
    action: result.action,
    objectId: result.objectId === null ? null : String(result.objectId),
    bulkUploadResultObjectType: pluginName(OBJECT[job.kind]),
    rowData: result.rowData,
    errorDescription: result.errorDescription ?? null,
    errorCode: result.errorCode ?? null,
    errorType: result.errorType ?? null,
    ...result.fields,
    objectType: `KalturaBulkUploadResult${job.kind === 'resource-csv' ? 'ScheduleResource' : 'ScheduleEvent'}`,
  }
}

/** `urls` are where the file and the log of its lines can be read. */
export function presentJob(
  job: Job,
  results: readonly LineResult[] | null,
  urls: { readonly log: string; readonly file: string },
): Output {
  return {
    id: job.id,
    uploadedBy: job.uploadedBy,
    uploadedByUserId: job.uploadedBy,
    uploadedOn: job.uploadedOn,
    numOfEntries: results?.length ?? null,
    numOfObjects: results?.length ?? null,
    status: job.status,
    logFileUrl: urls.log,
    bulkFileUrl: urls.file,
    csvFileUrl: job.kind === 'ical' ? null : urls.file,
    bulkUploadType: job.kind === 'ical' ? pluginName('ICAL') : 'bulkUploadCsv.CSV',
    results: results?.map(result => presentResult(job, result)) ?? null,
    error: job.error,
    fileName: job.fileName,
    bulkUploadObjectType: pluginName(OBJECT[job.kind]),
    objectType: 'KalturaBulkUpload',
  }
}
