/** What Kaltura's answers mean for an event. Errors come with HTTP 200; the code decides. */
import { AccessDenied, type KaldavError, Rejected, Unavailable, VersionMismatch } from '../../src/errors.ts'

/** An answer that says no: KalturaAPIException. */
export class ApiFailure extends Error {
  readonly code: string
  readonly args: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, args: Readonly<Record<string, unknown>>) {
    super(message)
    this.name = 'ApiFailure'
    this.code = code
    this.args = args
  }
}

/** No answer that can be believed: what was asked for may have been done or not. */
export class Unanswered extends Unavailable {}

/** Permissions, any one of which allows an action (deployment/permissions/service.schedule.*.ini). */
const permissions: { readonly [action: string]: string } = {
  'schedule_scheduleevent add': 'SCHEDULE_EVENT_MANAGE',
  'schedule_scheduleevent update': 'SCHEDULE_EVENT_MANAGE',
  'schedule_scheduleevent cancel': 'SCHEDULE_EVENT_MANAGE',
  'schedule_scheduleevent delete': 'SCHEDULE_EVENT_DELETE',
  'schedule_scheduleevent get': 'SCHEDULE_EVENT_BASE',
  'schedule_scheduleevent list': 'SCHEDULE_EVENT_BASE',
  'schedule_scheduleeventresource add': 'SCHEDULE_EVENT_MANAGE or SCHEDULE_RESOURCE_MANAGE',
  'schedule_scheduleeventresource delete': 'SCHEDULE_EVENT_DELETE or SCHEDULE_RESOURCE_DELETE',
  'schedule_scheduleeventresource list': 'SCHEDULE_EVENT_BASE or SCHEDULE_RESOURCE_BASE',
  'schedule_scheduleresource add': 'SCHEDULE_RESOURCE_MANAGE',
  'schedule_scheduleresource update': 'SCHEDULE_RESOURCE_MANAGE',
  'schedule_scheduleresource delete': 'SCHEDULE_RESOURCE_DELETE',
  'schedule_scheduleresource list': 'SCHEDULE_RESOURCE_BASE',
}

/** Refusals of the token itself, with what to do. */
const denials: { readonly [code: string]: string } = {
  APP_TOKEN_ID_NOT_FOUND: 'check account.appToken.id: the token does not exist in this account',
  APP_TOKEN_NOT_ACTIVE: 'the app token is disabled: enable it in Kaltura, or configure another',
  APP_TOKEN_EXPIRED: 'the app token has expired: make a new one in Kaltura and configure it',
  INVALID_APP_TOKEN_HASH: 'check account.appToken.token and hashType: they do not belong to that id',
  INVALID_WIDGET_ID: 'check account.partnerId and account.serviceUrl',
  INVALID_PARTNER_ID: 'check account.partnerId and account.serviceUrl',
  START_SESSION_ERROR: 'check account.partnerId',
  MISSING_KS: 'check account.partnerId: Kaltura does not know this account',
  INVALID_KS: 'check that the app token has not been deleted, and the clock of this machine',
  INVALID_SET_ROLE: "correct the role in the app token's privileges (setrole:…)",
  FEATURE_FORBIDDEN: 'ask Kaltura to enable the scheduling feature for this account',
}

/** Refusals of an event that people can do something about. */
const remedies: { readonly [code: string]: string } = {
  SCHEDULE_TIME_IN_USE: 'move the event, or give it another template entry: one entry takes one event at a time',
  MAX_SCHEDULE_DURATION_REACHED: 'make the event shorter: this account allows no longer ones',
  SCHEDULE_EVENT_TYPE_CANT_BE_UPDATED: 'delete the event and make it anew',
  SCHEDULE_RESOURCE_ID_NOT_FOUND: 'take the event off the resource that no longer exists in Kaltura',
  ENTRY_ID_NOT_FOUND: 'name an entry that exists in Kaltura, or none',
  INVALID_SCHEDULE_END_BEFORE_START: 'correct the end of the event',
  PROPERTY_VALIDATION_MAX_LENGTH: 'shorten the text that Kaltura names',
  FEATURE_FORBIDDEN: 'ask Kaltura to enable the feature for this account',
}

/** Something inside Kaltura broke, perhaps after it had done what was asked. */
const broken = new Set(['INTERNAL_SERVERL_ERROR', 'INTERNAL_SERVER_ERROR', 'INTERNAL_DATABASE_ERROR'])

/** How long a reservation by another session lasts, seconds (base.ini: ResourceReservationDuration). */
const RESERVATION = 5

/** A session's text must not get into a message: Kaltura repeats what it was given where it cannot read it. */
const withoutSession = (message: string): string => message.replace(/KS "[^"]{12,}"/g, 'KS "…"')

/** @param action `service action`, as it was asked */
export function meaningOf(failure: ApiFailure, action: string): KaldavError {
  const { code } = failure
  const said = `Kaltura ${action}: ${withoutSession(failure.message)} (${code})`
  if (code === 'SERVICE_FORBIDDEN') {
    const wanted = permissions[action] ?? 'the permission for this action'
    return new AccessDenied(said, {
      remedy: `give the app token a role with ${wanted}; CAPTURE_DEVICE_ROLE is not enough (docs/kaltura.md)`,
    })
  }
  const denied = denials[code]
  if (denied) return new AccessDenied(said, { remedy: denied })
  if (broken.has(code)) return new Unanswered(said)
  if (code === 'RESOURCE_IS_RESERVED') return new Unavailable(said, { retryAfter: RESERVATION })
  if (code === 'QUERY_EXCEEDED_MAX_MATCHES_ALLOWED') return new Unavailable(said)
  if (code === 'INVALID_OBJECT_ID') return new VersionMismatch(said)
  const remedy = remedies[code]
  return new Rejected(code, said, remedy ? { remedy } : {})
}

export const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof ApiFailure && codes.includes(error.code)
