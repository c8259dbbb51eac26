import type { Database } from '../../store/database.ts'
import { apiError } from '../api-error.ts'
import { SessionType } from '../schema/enums.ts'
import { csv } from '../wire/values.ts'
import { findRole, RoleStatus } from './role.ts'
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
async function permissionsOf(database: Database, session: Session): Promise<readonly string[]> {
  const asked = privilegeOf(session, 'setrole')
  if (asked !== null) {
    if (/^-\d/.test(asked)) throw apiError('INVALID_SET_ROLE')
    const known = ROLES.get(asked)
    if (known) return known
    const own = await findRole(database, session.partnerId, asked)
    if (!own) throw apiError('INVALID_OBJECT_ID', '')
    return own.status === RoleStatus.active ? csv(own.permissionNames) : []
  }
  if (isWidget(session)) return ROLES.get('WIDGET_SESSION_ROLE') ?? []
  return ROLES.get(session.type === SessionType.admin ? 'PARTNER_ADMIN_ROLE' : 'BASE_USER_SESSION_ROLE') ?? []
}

/** May this session call an action that needs one of `permissions`? */
export async function isPermitted(
  database: Database,
  session: Session | null,
  permissions: readonly string[],
): Promise<boolean> {
  if (permissions.includes(ALWAYS)) return true
  if (!session) return false
  const held = await permissionsOf(database, session)
  return held.includes(EVERYTHING) || permissions.some(name => held.includes(name))
}
