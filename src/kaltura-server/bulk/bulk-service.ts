import { readFile } from 'node:fs/promises'
import { apiError } from '../api-error.ts'
import type { Action, Call, Service } from '../call.ts'
import { userOf } from '../call.ts'
import { pageOf } from '../events/search.ts'
import { int, object } from '../schema/schema.ts'
import { FileAnswer } from '../wire/file-answer.ts'
import { fileIn, type Input, isNull, numberIn, objectIn, textIn } from '../wire/input.ts'
import type { Output } from '../wire/output.ts'
import { csv, toInt } from '../wire/values.ts'
import {
  createJob,
  findJob,
  type Job,
  type JobKind,
  JobStatus,
  listJobs,
  presentJob,
  resultsOf,
  setJobStatus,
} from './job.ts'
import { logOf } from './log.ts'

const MAX_FILE = 64 * 1024 * 1024
const FILE = { field: { name: 'fileData', type: 'file' } } as const
const ID = { field: int('id') }
const READ = ['BULK_UPLOAD_BASE', 'SCHEDULE_EVENT_MANAGE', 'SCHEDULE_RESOURCE_MANAGE']

const urlsOf = (job: Job) => ({
  log: `/api_v3/service/bulkUpload_bulk/action/serveLog/id/${job.id}`,
  file: `/api_v3/service/bulkUpload_bulk/action/serve/id/${job.id}`,
})

const present = async (call: Call, job: Job, withResults: boolean): Promise<Output> =>
  presentJob(job, withResults ? await resultsOf(call.database, job.id) : null, urlsOf(job))

async function submit(call: Call, args: Input, kind: JobKind, eventsType: number): Promise<Output> {
  const file = fileIn(args, 'fileData')
  if (!file || file.size > MAX_FILE) throw apiError('UPLOAD_ERROR')
  const data = objectIn(args, 'bulkUploadData')
  // NUL cannot be stored by PostgreSQL and has no place in either format.
  const content = (await readFile(file.path, 'utf8')).replaceAll('\u0000', '')
  const job = await createJob(call.database, {
    partnerId: call.account.partner.id,
    kind,
    fileName: (data && textIn(data, 'fileName')) || file.name,
    content,
    eventsType,
    uploadedBy: userOf(call),
    uploadedOn: call.now,
  })
  call.afterCommit(() => call.account.bulk.enqueue(call.account, job.id))
  return present(call, job, false)
}

/** A calendar or a CSV file of events. */
export const addEventsFromFile: Action = {
  parameters: [FILE, { field: object('bulkUploadData', 'KalturaBulkUploadScheduleEventJobData') }],
  permissions: ['SCHEDULE_EVENT_MANAGE'],
  writes: true,
  run: async (call, args) => {
    const data = objectIn(args, 'bulkUploadData')
    if (!data) throw apiError('MISSING_MANDATORY_PARAMETER', 'bulkUploadData')
    if (data.type.name !== 'KalturaBulkUploadICalJobData') return submit(call, args, 'event-csv', 0)
    if (isNull(data, 'eventsType')) throw apiError('MISSING_MANDATORY_PARAMETER', 'eventsType')
    return submit(call, args, 'ical', numberIn(data, 'eventsType') ?? 0)
  },
}

/** A CSV file of resources. */
export const addResourcesFromFile: Action = {
  parameters: [FILE, { field: object('bulkUploadData', 'KalturaBulkUploadCsvJobData'), optional: true }],
  permissions: ['SCHEDULE_RESOURCE_MANAGE', 'SCHEDULE_RESOURCE_DELETE'],
  writes: true,
  run: (call, args) => submit(call, args, 'resource-csv', 0),
}

async function existing(call: Call, args: Input): Promise<Job> {
  const id = numberIn(args, 'id') ?? 0
  const job = await findJob(call.database, call.account.partner.id, id)
  if (!job) throw apiError('BULK_UPLOAD_NOT_FOUND', id)
  return job
}

async function list(call: Call, filter: Input | null, pager: Input | null): Promise<Output> {
  const statuses = filter ? csv(textIn(filter, 'statusIn') ?? '').map(toInt) : []
  const status = filter && numberIn(filter, 'statusEqual')
  const jobs = (await listJobs(call.database, call.account.partner.id)).filter(
    job => (status === null || job.status === status) && (statuses.length === 0 || statuses.includes(job.status)),
  )
  const page = pageOf(pager)
  const shown = jobs.slice(page.offset, page.offset + page.size)
  return {
    objectType: 'KalturaBulkUploadListResponse',
    totalCount: jobs.length,
    objects: await Promise.all(shown.map(job => present(call, job, false))),
  }
}

/** bulkupload_bulk: jobs, and what became of their lines. */
export const bulkService: Service = {
  get: {
    parameters: [ID],
    permissions: READ,
    run: async (call, args) => present(call, await existing(call, args), true),
  },
  list: {
    parameters: [
      { field: object('bulkUploadFilter', 'KalturaBulkUploadFilter'), optional: true },
      { field: object('pager', 'KalturaFilterPager'), optional: true },
    ],
    permissions: READ,
    run: (call, args) => list(call, objectIn(args, 'bulkUploadFilter'), objectIn(args, 'pager')),
  },
  abort: {
    parameters: [ID],
    permissions: READ,
    writes: true,
    run: async (call, args) => {
      const job = await existing(call, args)
      const running = job.status === JobStatus.pending || job.status === JobStatus.processing
      if (running) await setJobStatus(call.database, job.id, JobStatus.aborted)
      return present(call, running ? { ...job, status: JobStatus.aborted } : job, true)
    },
  },
  servelog: {
    parameters: [ID],
    permissions: READ,
    run: async (call, args) => {
      const job = await existing(call, args)
      return logOf(job, await resultsOf(call.database, job.id))
    },
  },
  serve: {
    parameters: [ID],
    permissions: READ,
    run: async (call, args) => {
      const job = await existing(call, args)
      const type = job.kind === 'ical' ? 'text/calendar' : 'text/csv'
      return new FileAnswer(`${type}; charset=UTF-8`, job.content)
    },
  },
}

/** schedulebulkupload_schedulebulk */
export const scheduleBulkService: Service = {
  addscheduleevents: addEventsFromFile,
  addscheduleresources: addResourcesFromFile,
}
