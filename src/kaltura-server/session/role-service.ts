import { apiError } from '../api-error.ts'
import type { Call, Service } from '../call.ts'
import { pageOf } from '../events/search.ts'
import { int, object } from '../schema/schema.ts'
import { takeIds } from '../storage/rows.ts'
import { type Input, isSent, numberIn, objectIn, required, textIn } from '../wire/input.ts'
import { project } from '../wire/output.ts'
import { csv } from '../wire/values.ts'
import { findRole, listRoles, presentRole, type Role, RoleStatus, storeRole } from './role.ts'

const ID = { field: int('userRoleId') }
const ROLE = { field: object('userRole', 'KalturaUserRole') }
const MANAGE = ['ADMIN_ROLE_UPDATE']

async function existing(call: Call, args: Input): Promise<Role> {
  const id = numberIn(args, 'userRoleId') ?? 0
  const role = await findRole(call.database, call.account.partner.id, String(id))
  if (!role) throw apiError('INVALID_OBJECT_ID', id)
  return role
}

function withSent(role: Role, input: Input, now: number): Role {
  for (const [name, field] of input.type.fields)
    if (field.readOnly && isSent(input, name))
      throw apiError('PROPERTY_VALIDATION_NOT_UPDATABLE', `${input.type.name}::${name}`)
  const text = (field: 'name' | 'systemName' | 'description' | 'permissionNames'): string =>
    textIn(input, field) ?? role[field]
  return {
    ...role,
    name: text('name'),
    systemName: text('systemName'),
    description: text('description'),
    permissionNames: text('permissionNames'),
    status: numberIn(input, 'status') ?? role.status,
    updatedAt: now,
  }
}

async function add(call: Call, input: Input): Promise<Role> {
  if (!textIn(input, 'name')) throw apiError('PROPERTY_VALIDATION_CANNOT_BE_NULL', `${input.type.name}::name`)
  const blank: Role = {
    id: await takeIds(call.database, 'role'),
    partnerId: call.account.partner.id,
    systemName: '',
    name: '',
    description: '',
    permissionNames: '',
    status: RoleStatus.active,
    createdAt: call.now,
    updatedAt: call.now,
  }
  return storeRole(call.database, withSent(blank, input, call.now))
}

function matches(role: Role, filter: Input | null): boolean {
  if (!filter) return true
  const among = (list: string | null, value: string): boolean => !list || csv(list).includes(value)
  const id = numberIn(filter, 'idEqual')
  return (
    (id === null || role.id === id) &&
    among(textIn(filter, 'idIn'), String(role.id)) &&
    among(textIn(filter, 'systemNameEqual'), role.systemName) &&
    among(textIn(filter, 'systemNameIn'), role.systemName) &&
    among(textIn(filter, 'nameEqual'), role.name)
  )
}

const roleIn = (args: Input): Input => required(objectIn(args, 'userRole'), 'userRole')

/** Roles with just the permissions somebody needs, for `setrole` in the privileges of an app token. */
export const roleService: Service = {
  add: {
    parameters: [ROLE],
    permissions: MANAGE,
    writes: true,
    run: async (call, args) => project(presentRole(await add(call, roleIn(args))), call.profile),
  },
  get: {
    parameters: [ID],
    permissions: MANAGE,
    run: async (call, args) => project(presentRole(await existing(call, args)), call.profile),
  },
  update: {
    parameters: [ID, ROLE],
    permissions: MANAGE,
    writes: true,
    run: async (call, args) => {
      const role = withSent(await existing(call, args), roleIn(args), call.now)
      return project(presentRole(await storeRole(call.database, role)), call.profile)
    },
  },
  delete: {
    parameters: [ID],
    permissions: MANAGE,
    writes: true,
    run: async (call, args) => {
      const role = { ...(await existing(call, args)), status: RoleStatus.deleted, updatedAt: call.now }
      return project(presentRole(await storeRole(call.database, role)), call.profile)
    },
  },
  list: {
    parameters: [
      { field: object('filter', 'KalturaUserRoleFilter'), optional: true },
      { field: object('pager', 'KalturaFilterPager'), optional: true },
    ],
    permissions: MANAGE,
    run: async (call, args) => {
      const filter = objectIn(args, 'filter')
      const roles = (await listRoles(call.database, call.account.partner.id)).filter(role => matches(role, filter))
      const page = pageOf(objectIn(args, 'pager'))
      return {
        objectType: 'KalturaUserRoleListResponse',
        totalCount: roles.length,
        objects: roles
          .slice(page.offset, page.offset + page.size)
          .map(role => project(presentRole(role), call.profile)),
      }
    },
  },
}
