import { ApiError, apiError } from './api-error.ts'
import type { Account, Action, Call } from './call.ts'
import { typeNamed } from './schema/registry.ts'
import { serviceNamed } from './services.ts'
import { isPermitted } from './session/permissions.ts'
import { checkUsable, invalidKs, openSession, privilegeOf, type Session } from './session/session.ts'
import { numberIn, textIn } from './wire/input.ts'
import type { Result } from './wire/output.ts'
import type { Grouped } from './wire/parameters.ts'
import type { Profile } from './wire/profile.ts'
import { readArguments, readObject } from './wire/read-object.ts'
import { csv, toInt, toText } from './wire/values.ts'

export interface Answer {
  readonly result: Result | ApiError
  readonly wrote: boolean
}

function actionOf(account: Account, service: string, action: string): Action {
  const found = serviceNamed(account, service)
  if (!found) throw apiError('SERVICE_DOES_NOT_EXISTS', service)
  const entry = Object.hasOwn(found, action) ? found[action] : undefined
  if (!entry) throw apiError('ACTION_DOES_NOT_EXISTS', action, service)
  return entry
}

function profileIn(parameters: Grouped, now: number): Profile | null {
  const given = parameters.responseProfile
  if (given === null || typeof given !== 'object') return null
  const profile = readObject(typeNamed('KalturaDetachedResponseProfile'), given, 'responseProfile', now)
  const type = numberIn(profile, 'type')
  return type === null ? null : { include: type === 1, fields: csv(textIn(profile, 'fields') ?? '') }
}

/** A session may be told what time it is (`reftime`), which relative times then count from. */
function nowFor(account: Account, session: Session | null): number {
  const told = session && privilegeOf(session, 'reftime')
  return told ? toInt(told) : account.now()
}

/** No session and no partner: MISSING_KS. Another partner than the session's, or a role that may not: SERVICE_FORBIDDEN. */
async function checkPermitted(
  account: Account,
  session: Session | null,
  entry: Action,
  asked: number,
  name: string,
): Promise<void> {
  const foreign = asked !== 0 && asked !== account.partner.id
  if ((await isPermitted(account.database, session, entry.permissions)) && !(session && foreign)) return
  if (!session && asked !== account.partner.id) throw apiError('MISSING_KS')
  throw apiError('SERVICE_FORBIDDEN', name)
}

/** Service, session, arguments, rights, in Kaltura's order: bad arguments are told even to who may not call. */
async function run(account: Account, service: string, action: string, parameters: Grouped): Promise<Answer> {
  const entry = actionOf(account, service, action)
  const ks = toText(parameters.ks)
  const session = ks === '' ? null : openSession(ks, account.partner)
  const now = nowFor(account, session)
  const args = readArguments(entry.parameters, parameters, now)
  const profile = profileIn(parameters, now)
  if (session && account.faults?.take(service, action, ['expired']).length) throw invalidKs('EXPIRED')
  if (session) await checkUsable(account.database, session, account.now())
  const partner = toInt(parameters.partnerId ?? parameters.p ?? 0)
  await checkPermitted(account, session, entry, partner, `${service}->${action}`)
  const after: (() => void)[] = []
  const afterCommit = (work: () => void): void => {
    after.push(work)
  }
  const call: Omit<Call, 'database'> = { account, now: account.now(), session, profile, afterCommit }
  const result = entry.writes
    ? await account.database.transaction(database => entry.run({ ...call, database }, args))
    : await entry.run({ ...call, database: account.database }, args)
  for (const work of after) work()
  return { result, wrote: entry.writes ?? false }
}

/** Runs one action; what it refuses becomes the answer. Anything else that goes wrong is an error of the server. */
export async function dispatch(account: Account, parameters: Grouped): Promise<Answer> {
  const service = toText(parameters.service).toLowerCase()
  const action = toText(parameters.action).toLowerCase()
  try {
    if (service === '') throw apiError('SERVICE_NOT_SPECIFIED')
    return await run(account, service, action, parameters)
  } catch (error) {
    if (error instanceof ApiError) return { result: error, wrote: false }
    account.report(error)
    return { result: apiError('INTERNAL_SERVERL_ERROR'), wrote: false }
  }
}
