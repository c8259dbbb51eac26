/** The Kaltura account as a source: the one schedule that everything is merged into. */
import type { Logger } from 'pino'
import type { Changes, Source } from '../../src/sync/source.ts'
import { Writes } from './batch.ts'
import { type BulkFile, type BulkJob, bulkUpload } from './bulk.ts'
import { type AccountFinding, check } from './check.ts'
import { Lookups } from './lookups.ts'
import { isClaim } from './plan.ts'
import { type Pulled, pullAll, pullSince } from './pull.ts'
import { Pusher } from './push.ts'
import { Reader } from './read.ts'
import {
  addResource,
  deleteResource,
  type KalturaResource,
  listResources,
  type ResourceFields,
  updateResource,
} from './resources.ts'
import { KalturaSession, type SessionOptions } from './session.ts'
import { AccountContext, type SurroundingsOptions } from './surroundings.ts'
import { Round } from './together.ts'
import { normalize } from './view.ts'

export type { BulkFile, BulkItem, BulkJob } from './bulk.ts'
export type { AccountFinding } from './check.ts'
export type { KalturaResource, ResourceFields, ResourceType } from './resources.ts'

export type KalturaOptions = SessionOptions & SurroundingsOptions

export interface KalturaAccount extends Required<Omit<Source, 'watch' | 'confirm'>> {
  /** Every resource, also those deleted (status 3). */
  resources(): Promise<KalturaResource[]>
  addResource(fields: ResourceFields): Promise<KalturaResource>
  updateResource(id: number, fields: ResourceFields): Promise<KalturaResource>
  deleteResource(id: number): Promise<void>
  /** Has Kaltura read a file by itself; resolves when it is through with it. */
  bulkUpload(file: BulkFile): Promise<BulkJob>
  /** Looks after everything that can be wrong between the gateway and the account. */
  check(): Promise<AccountFinding[]>
}

/** Events written at once: enough to fill some multirequests, few enough to be held in memory. */
const TOGETHER = 100

/** Nothing is asked of Kaltura until it is needed. */
export function openKaltura(options: KalturaOptions): KalturaAccount {
  const { log } = options
  const session = new KalturaSession(options)
  const context = new AccountContext(options, () => session.now())
  const reader = new Reader(session)
  const suspects = new Set<number>()
  const round = new Round()
  const together = { round, lookups: new Lookups(reader, round), writes: new Writes(session, round) }
  const pusher = new Pusher({ session, context, log, suspects, ...together })
  const pulling = { session, reader, context, log, suspects, isHeld: (uid: string) => pusher.isHeld(uid) }

  const resources = async () => {
    const found = await listResources(session)
    context.learn(found)
    return found
  }
  const pull = async (cursor: string | null): Promise<Changes> => {
    if (!context.isKnown) await resources()
    const pulled = cursor === null ? await pullAll(pulling) : await pullSince(pulling, cursor)
    await extend(pusher, pulled, log)
    return pulled.changes
  }
  return {
    pull,
    push: (event, at) => pusher.push(event, at),
    remove: at => pusher.remove(at),
    together: TOGETHER,
    accepts: event => isClaim(event, context),
    normalize: event => normalize(event, context),
    resources,
    addResource: fields => addResource(session, fields),
    updateResource: (id, fields) => updateResource(session, id, fields),
    deleteResource: id => deleteResource(session, id),
    bulkUpload: file => bulkUpload(session, file),
    check: () => check(session, options.zone),
    close: async () => session.close(),
  }
}

/** Series that go on get their next rows; what fails is tried again with the next quarter's first pull. */
async function extend(pusher: Pusher, { due }: Pulled, log: Logger): Promise<void> {
  for (const { event, ref } of due) {
    try {
      await pusher.push(event, ref)
    } catch (error) {
      log.warn({ err: error, uid: event.uid }, 'an endless series could not be extended in Kaltura')
    }
  }
}
