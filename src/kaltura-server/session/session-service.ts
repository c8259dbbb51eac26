import { timingSafeEqual } from 'node:crypto'
import { apiError } from '../api-error.ts'
import type { Call, Service } from '../call.ts'
import { SessionType } from '../schema/enums.ts'
import { enumOf, int, string } from '../schema/schema.ts'
import { type Input, numberIn, textIn } from '../wire/input.ts'
import type { Output } from '../wire/output.ts'
import { writeKs } from './ks.ts'
import { ALWAYS } from './permissions.ts'

const DAY = 86_400
/** The partner's maximum (Kaltura: ks_max_expiry_in_seconds). */
const MAX_EXPIRY = 10 * 365 * DAY

const same = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** The admin secret opens both kinds of session, the user secret only that of a user. */
function start(call: Call, args: Input): string {
  const { partner } = call.account
  const partnerId = numberIn(args, 'partnerId') ?? 0
  const type = numberIn(args, 'type') ?? SessionType.user
  const secret = textIn(args, 'secret') ?? ''
  const right = same(secret, partner.adminSecret) || (type === SessionType.user && same(secret, partner.secret))
  if (partnerId !== partner.id || !right) throw apiError('START_SESSION_ERROR', partnerId)
  const lifetime = Math.min(numberIn(args, 'expiry') ?? DAY, MAX_EXPIRY)
  return writeKs(
    {
      partnerId,
      userId: textIn(args, 'userId') ?? '',
      type,
      expiry: call.now + lifetime,
      privileges: textIn(args, 'privileges') ?? '',
    },
    partner.adminSecret,
  )
}

const WIDGET_PRIVILEGES = 'view:*,widget:1'

function startWidget(call: Call, args: Input): Output {
  const { partner } = call.account
  const widgetId = textIn(args, 'widgetId') ?? ''
  if (widgetId !== `_${partner.id}`) throw apiError('INVALID_WIDGET_ID', widgetId)
  const expiry = call.now + (numberIn(args, 'expiry') ?? DAY)
  const content = { partnerId: partner.id, userId: '0', type: SessionType.user, expiry, privileges: WIDGET_PRIVILEGES }
  return {
    partnerId: partner.id,
    ks: writeKs(content, partner.adminSecret),
    userId: '0',
    objectType: 'KalturaStartWidgetSessionResponse',
  }
}

export const sessionService: Service = {
  start: {
    parameters: [
      { field: string('secret') },
      { field: string('userId'), fallback: '' },
      { field: enumOf('type', 'sessionType'), fallback: SessionType.user },
      { field: int('partnerId'), optional: true },
      { field: int('expiry'), fallback: DAY },
      { field: string('privileges'), optional: true },
    ],
    permissions: [ALWAYS],
    run: async (call, args) => start(call, args),
  },
  startwidgetsession: {
    parameters: [{ field: string('widgetId') }, { field: int('expiry'), fallback: DAY }],
    permissions: [ALWAYS],
    run: async (call, args) => startWidget(call, args),
  },
  get: {
    parameters: [{ field: string('session'), optional: true }],
    permissions: ['BASE_USER_SESSION_PERMISSION'],
    run: async call => ({
      ks: call.session?.ks ?? '',
      sessionType: call.session?.type ?? SessionType.user,
      partnerId: call.account.partner.id,
      userId: call.session?.userId ?? '',
      expiry: call.session?.expiry ?? 0,
      privileges: call.session?.privileges ?? '',
      objectType: 'KalturaSessionInfo',
    }),
  },
}
