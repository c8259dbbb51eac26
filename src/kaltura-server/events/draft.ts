import { type Input, type InputValue, isNull, NULL, numberIn } from '../wire/input.ts'
import { classOf, type EventClass } from './classes.ts'
import type { Json, OwnFields } from './event.ts'

/** An event as sent, being completed by its checks: start and end are worked out here. */
export interface Draft extends Input {
  readonly class: EventClass
}

export function draftOf(input: Input): Draft {
  return { type: input.type, values: new Map(input.values), class: classOf(input.type.name) }
}

/** `Class::property`, as the messages name it. */
export const qualified = (draft: Input, field: string): string => `${draft.type.name}::${field}`

/** What is not kept in `own`: columns of the row, and what the server alone sets. */
const NOT_OWN = new Set([
  'id',
  'partnerId',
  'parentId',
  'status',
  'createdAt',
  'updatedAt',
  'startDate',
  'endDate',
  'duration',
  'priority',
  'sequence',
  'recurrenceType',
  'linkedBy',
  'blackoutConflicts',
])

function plain(value: InputValue): Json | undefined {
  if (value === NULL) return null
  if (Array.isArray(value)) return value.map(item => ({ ...plainFields(item), objectType: item.type.name }))
  if (typeof value === 'object') return 'type' in value ? plainFields(value) : undefined
  return value as string | number | boolean
}

/** An object as sent, as plain data without what is null. */
export function plainFields(input: Input): { [field: string]: Json } {
  const result: { [field: string]: Json } = {}
  for (const [name, value] of input.values) {
    const data = plain(value)
    if (data !== undefined && data !== null) result[name] = data
  }
  return result
}

/** `own` with what was sent put in; `__null` takes a field out, so that an occurrence inherits it again. */
export function withSent(own: OwnFields, draft: Draft): OwnFields {
  const result: { [field: string]: Json | undefined } = { ...own }
  for (const [name, value] of draft.values) {
    if (NOT_OWN.has(name)) continue
    const data = plain(value)
    if (data === null) delete result[name]
    else result[name] = data
  }
  return result
}

/** A number that was sent, `otherwise` when it was not, null when it was sent as nothing. */
export function sentNumber(draft: Draft, field: string, otherwise: number | null): number | null {
  if (!draft.values.has(field)) return otherwise
  return isNull(draft, field) ? null : numberIn(draft, field)
}
