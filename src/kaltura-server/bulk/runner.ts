import { ApiError } from '../api-error.ts'
import type { Account } from '../call.ts'
import { dispatch } from '../dispatch.ts'
import { writeKs } from '../session/ks.ts'
import { isOutput, type Output } from '../wire/output.ts'
import type { Grouped } from '../wire/parameters.ts'
import { eventCsvJob } from './event-csv.ts'
import { icalJob } from './ical-job.ts'
import {
  findJob,
  type Job,
  type JobKind,
  JobStatus,
  type LineResult,
  ResultStatus,
  resultsOf,
  setJobStatus,
  storeResult,
} from './job.ts'
import { resourceCsvJob } from './resource-csv.ts'

/** Who adds what a bulk upload brings; it cannot be chosen. */
const BATCH_USER = 'batchUser'
const DAY = 86_400
const ADMIN = 2

/** What a job works with: the API itself, as an administrator called batchUser, and a place for its results. */
export interface JobContext {
  readonly account: Account
  readonly job: Job
  /** Lines that an earlier run has dealt with. */
  readonly done: ReadonlySet<number>
  call(service: string, action: string, parameters: Grouped): Promise<Output | ApiError>
  record(result: LineResult): Promise<void>
}

/** Throws to fail the whole job; the message is what the job says. */
export type JobHandler = (context: JobContext) => Promise<void>

const HANDLERS: Readonly<Record<JobKind, JobHandler>> = {
  ical: icalJob,
  'event-csv': eventCsvJob,
  'resource-csv': resourceCsvJob,
}

class Aborted extends Error {}

const sessionUntil = (account: Account, expiry: number): string =>
  writeKs(
    { partnerId: account.partner.id, userId: BATCH_USER, type: ADMIN, expiry, privileges: '' },
    account.partner.adminSecret,
  )

function contextOf(account: Account, job: Job, ks: string, done: ReadonlySet<number>): JobContext {
  return {
    account,
    job,
    done,
    async call(service, action, parameters) {
      const { result, wrote } = await dispatch(account, { ...parameters, service, action, ks })
      if (wrote) account.changed()
      if (result instanceof ApiError || isOutput(result)) return result
      return { objectType: 'KalturaObject' }
    },
    async record(result) {
      await storeResult(account.database, job.id, result)
      const now = await findJob(account.database, job.partnerId, job.id)
      if (now?.status === JobStatus.aborted) throw new Aborted()
    },
  }
}

/** Runs one job to its end; lines dealt with before a restart are not dealt with again. */
async function runJob(account: Account, id: number, ks: string): Promise<void> {
  const { database, partner } = account
  const job = await findJob(database, partner.id, id)
  if (!job || !(await setJobStatus(database, id, JobStatus.processing))) return
  const done = new Set((await resultsOf(database, id)).map(result => result.line))
  try {
    await HANDLERS[job.kind](contextOf(account, job, ks, done))
    const failed = (await resultsOf(database, id)).some(result => result.status === ResultStatus.error)
    await setJobStatus(database, id, failed ? JobStatus.partially : JobStatus.finished)
  } catch (error) {
    if (error instanceof Aborted) return
    await setJobStatus(database, id, JobStatus.failed, error instanceof Error ? error.message : String(error))
  }
}

/** Jobs one after the other, in the background. */
export class BulkQueue {
  #last: Promise<void> = Promise.resolve()
  #closed = false
  #session = { ks: '', expiry: 0 }

  /** One session for all jobs, so that what one reserves is not closed to the next. */
  #sessionFor(account: Account): string {
    const now = account.now()
    if (this.#session.expiry < now + DAY) {
      const expiry = now + 2 * DAY
      this.#session = { ks: sessionUntil(account, expiry), expiry }
    }
    return this.#session.ks
  }

  enqueue(account: Account, id: number): void {
    this.#last = this.#last.then(async () => {
      if (this.#closed) return
      await runJob(account, id, this.#sessionFor(account)).catch(account.report)
    })
  }

  /** Waits for the job under way; those behind it are taken up at the next start. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }
}
