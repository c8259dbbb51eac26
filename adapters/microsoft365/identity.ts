/**
 * Which Exchange event stands for which event of ours: a named property on the item, which nobody sees in Outlook.
 * It does not travel with invitations, so only the mailbox an event was written in carries it.
 */
import type { GraphEvent } from './translate.ts'

const propertySet = '{7f0f3a52-8b7e-4d0b-9a41-2c1b6f0e9d35}'
export const propertyId = `String ${propertySet} Name kaldavUid`

/** Of single events that stand for a series: the place of each, and the series' rules. */
export const partId = `String ${propertySet} Name kaldavPart`

/** The property's value: gateways of other accounts that share the room leave ours alone. */
export const markOf = (tenant: string, uid: string): string => `${tenant}/${uid}`

/** The UID that an item of ours carries; `null`: not ours, or read without its properties. */
export function uidOn(item: GraphEvent, tenant: string): string | null {
  const value = item.singleValueExtendedProperties?.find(({ id }) => id.toLowerCase() === propertyId.toLowerCase())
  const prefix = `${tenant}/`
  return value?.value?.startsWith(prefix) ? value.value.slice(prefix.length) : null
}

/** Asks for our properties with an item. */
const wanted = `singleValueExtendedProperties($filter=id eq '${propertyId}' or id eq '${partId}')`
export const expandMark = `$expand=${encodeURIComponent(wanted)}`

/** Graph compares values without case: what it finds is looked at again. */
export function markedAs(mark: string): string {
  const value = mark.replaceAll("'", "''")
  const any = `singleValueExtendedProperties/Any(ep: ep/id eq '${propertyId}' and ep/value eq '${value}')`
  return `$filter=${encodeURIComponent(any)}&${expandMark}`
}
