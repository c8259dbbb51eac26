import { ApiError } from '../api-error.ts'
import type { Account } from '../call.ts'
import { findType, isA } from '../schema/registry.ts'
import { isOutput, type Output, type Result } from '../wire/output.ts'
import { readDetails } from './details.ts'
import { standardCount, standardError, standardEvents, wrapStandard } from './standard.ts'
import { totalCount, verbatimError, verbatimEvents, verbatimOther, wrapVerbatim } from './verbatim.ts'

/** `standard`: correct iCalendar; `verbatim`: byte for byte as Kaltura writes it. */
export type IcalOutput = 'standard' | 'verbatim'

const OLD_STANDARD = 'FEATURE_DISABLE_NEW_ICAL_STANDARD'

const isEvent = (object: Output): boolean => {
  const type = findType(object.objectType)
  return type !== null && isA(type, 'KalturaScheduleEvent')
}

async function writeEvents(account: Account, mode: IcalOutput, events: readonly Output[]): Promise<string> {
  const details = await readDetails(account, events)
  if (mode === 'standard') return standardEvents(events, details)
  return verbatimEvents(events, details, !account.partner.features.includes(OLD_STANDARD))
}

async function writeOne(account: Account, mode: IcalOutput, result: Result | ApiError): Promise<string> {
  if (result instanceof ApiError) return mode === 'standard' ? standardError(result) : verbatimError(result)
  if (!isOutput(result)) return ''
  if (isEvent(result)) return writeEvents(account, mode, [result])
  if (result.objectType !== 'KalturaScheduleEventListResponse') return mode === 'standard' ? '' : verbatimOther(result)
  const events = Array.isArray(result.objects) ? (result.objects as readonly Output[]) : []
  const count = mode === 'standard' ? standardCount(result.totalCount) : totalCount(result.totalCount)
  const body = await writeEvents(account, mode, events)
  return mode === 'standard' ? count + body : body + count
}

/** One calendar for whatever was answered; an error is a component of it, with HTTP 200. */
export async function writeIcal(
  account: Account,
  mode: IcalOutput,
  results: Result | ApiError | readonly (Result | ApiError)[],
): Promise<string> {
  const list = Array.isArray(results) ? results : [results as Result | ApiError]
  const parts: string[] = []
  for (const result of list) parts.push(await writeOne(account, mode, result))
  return mode === 'standard' ? wrapStandard(parts.join('')) : wrapVerbatim(parts.join(''))
}
