import type { Database, Row } from '../../store/database.ts'
import type { Output } from '../wire/output.ts'

export const RoleStatus = { active: 1, blocked: 2, deleted: 3 } as const

/** A role of the account's own: the permissions that `setrole:<id or systemName>` gives. */
export interface Role {
  readonly id: number
  readonly partnerId: number
  readonly systemName: string
  readonly name: string
  readonly description: string
  readonly permissionNames: string
  readonly status: number
  readonly createdAt: number
  readonly updatedAt: number
}

interface RoleRow extends Row {
  readonly id: number
  readonly partner_id: number
  readonly system_name: string
  readonly name: string
  readonly description: string
  readonly permission_names: string
  readonly status: number
  readonly created_at: number
  readonly updated_at: number
}

const toRole = (row: RoleRow): Role => ({
  id: row.id,
  partnerId: row.partner_id,
  systemName: row.system_name,
  name: row.name,
  description: row.description,
  permissionNames: row.permission_names,
  status: row.status,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

export async function listRoles(database: Database, partnerId: number): Promise<Role[]> {
  const rows = await database.query<RoleRow>(
    `SELECT * FROM kaltura_role WHERE partner_id = $1 AND status <> $2 ORDER BY id`,
    [partnerId, RoleStatus.deleted],
  )
  return rows.map(toRole)
}

/** By id or system name, as `setrole` names it. */
export async function findRole(database: Database, partnerId: number, name: string): Promise<Role | null> {
  const roles = await listRoles(database, partnerId)
  return roles.find(role => String(role.id) === name || (name !== '' && role.systemName === name)) ?? null
}

export async function storeRole(database: Database, role: Role): Promise<Role> {
  await database.query(
    `INSERT INTO kaltura_role
       (id, partner_id, system_name, name, description, permission_names, status, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (id) DO UPDATE SET system_name = excluded.system_name, name = excluded.name,
       description = excluded.description, permission_names = excluded.permission_names, status = excluded.status,
       updated_at = excluded.updated_at`,
    [
      role.id,
      role.partnerId,
      role.systemName,
      role.name,
      role.description,
      role.permissionNames,
      role.status,
      role.createdAt,
      role.updatedAt,
    ],
  )
  return role
}

export const presentRole = (role: Role): Output => ({ ...role, objectType: 'KalturaUserRole' })
