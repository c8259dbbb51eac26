/** What people may do with the events of a resource: their role says it for all, exceptions say it for some. */
import type { View } from '../schedule/privacy.ts'
import type { Role } from './users.ts'

/**
 * Each level includes those before it. `none`: does not know of it; `busy`: sees when it is taken, not by what;
 * `read`: sees its events; `write`: creates, changes and deletes them.
 */
export const LEVELS = ['none', 'busy', 'read', 'write'] as const
export type Access = (typeof LEVELS)[number]

/** Exceptions from the role by systemName; `*`: every resource that is not named. */
export type AccessList = Readonly<Record<string, Access>>

export interface Holder {
  readonly role: Role
  readonly access?: AccessList
}

const OTHERS = '*'
const ofRole: Readonly<Record<Role, Access>> = { admin: 'write', booker: 'write', viewer: 'read' }

const least = (levels: readonly Access[]): Access =>
  LEVELS[Math.min(...levels.map(level => LEVELS.indexOf(level)))] ?? 'none'

export const allows = (has: Access, wanted: Access): boolean => LEVELS.indexOf(has) >= LEVELS.indexOf(wanted)

/** Whether anything sets this person apart from others of the role. */
export const isLimited = ({ role, access = {} }: Holder): boolean => role !== 'admin' && Object.keys(access).length > 0

/** An exception never lifts a viewer above reading, and never limits an administrator. */
export const accessTo = (holder: Holder, systemName: string): Access => {
  const { role, access = {} } = holder
  if (!isLimited(holder)) return ofRole[role]
  const level = access[systemName] ?? access[OTHERS] ?? ofRole[role]
  return least([level, ofRole[role]])
}

/** What may be done where all resources are seen at once: the least of what may be done with each. */
export const accessToAll = (holder: Holder): Access => {
  const { role, access = {} } = holder
  return isLimited(holder) ? least([ofRole[role], ...Object.values(access)]) : ofRole[role]
}

const VIEWS: Readonly<Record<Access, View>> = { none: 'busy', busy: 'busy', read: 'public', write: 'all' }

/** How much somebody sees where they have this access: those who book see what is private, those who only read do not. */
export const viewWith = (holder: Holder, access: Access): View =>
  isLimited(holder) || holder.role === 'viewer' ? VIEWS[access] : 'all'
