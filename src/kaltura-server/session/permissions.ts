import { apiError } from '../api-error.ts'
import { SessionType } from '../schema/enums.ts'
import { privilegeOf, type Session } from './session.ts'

/** Held by everyone, with or without a session. */
export const ALWAYS = 'ALWAYS_ALLOWED_ACTIONS'
const EVERYTHING = '*'

/** Kaltura's own roles, as far as scheduling goes (Kaltura: 03.UserRole.ini). */
const ROLES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    PARTNER_ADMIN_ROLE: [EVERYTHING],
    BASE_USER_SESSION_ROLE: ['BASE_USER_SESSION_PERMISSION', 'CONTENT_INGEST_UPLOAD'],
    WIDGET_SESSION_ROLE: ['WIDGET_SESSION_PERMISSION'],
    CAPTURE_DEVICE_ROLE: ['CAPTURE_DEVICE_PERMISSION'],
  }),
)

const isWidget = (session: Session): boolean => privilegeOf(session, 'widget') !== null

/** `setrole` of the session wins over its type (Kaltura: kPermissionManager::getRoleIds). */
function roleOf(session: Session): string {
  const asked = privilegeOf(session, 'setrole')
  if (asked !== null) {
    if (/^-\d/.test(asked)) throw apiError('INVALID_SET_ROLE')
    if (!ROLES.has(asked)) throw apiError('INVALID_OBJECT_ID', '')
    return asked
  }
  if (isWidget(session)) return 'WIDGET_SESSION_ROLE'
  return session.type === SessionType.admin ? 'PARTNER_ADMIN_ROLE' : 'BASE_USER_SESSION_ROLE'
}

/** May this session call an action that needs one of `permissions`? */
export function isPermitted(session: Session | null, permissions: readonly string[]): boolean {
  if (permissions.includes(ALWAYS)) return true
  if (!session) return false
  const held = ROLES.get(roleOf(session)) ?? []
  return held.includes(EVERYTHING) || permissions.some(name => held.includes(name))
}
