import { apiError } from './api-error.ts'
import type { Service } from './call.ts'
import { FAULT_KINDS, type Fault, type Faults } from './faults.ts'
import { object } from './schema/schema.ts'
import { type Input, numberIn, objectIn, textIn } from './wire/input.ts'
import type { Output } from './wire/output.ts'

/** Held by an administrator only, who holds everything. */
const PERMISSIONS = ['KALDAV_FAULTS']

function faultIn(input: Input | null): Fault {
  const kind = FAULT_KINDS.find(known => known === (input && textIn(input, 'kind')))
  if (!input || !kind) throw apiError('INVALID_FIELD_VALUE', 'kind')
  return {
    kind,
    service: textIn(input, 'service'),
    action: textIn(input, 'action'),
    count: numberIn(input, 'count') ?? 1,
    skip: numberIn(input, 'skip') ?? 0,
    milliseconds: numberIn(input, 'milliseconds') ?? 0,
    seconds: numberIn(input, 'seconds') ?? 0,
    status: numberIn(input, 'status') ?? 503,
  }
}

const present = (fault: Fault): Output => ({ ...fault, objectType: 'KaldavFault' })

/** kaldav_fault: what goes wrong next. There only in test mode. */
export const faultService = (faults: Faults): Service => ({
  add: {
    parameters: [{ field: object('fault', 'KaldavFault') }],
    permissions: PERMISSIONS,
    run: async (_call, args) => {
      const fault = faultIn(objectIn(args, 'fault'))
      faults.add(fault)
      return present(fault)
    },
  },
  list: {
    parameters: [],
    permissions: PERMISSIONS,
    run: async () => faults.list().map(present),
  },
  clear: {
    parameters: [],
    permissions: PERMISSIONS,
    run: async () => {
      faults.clear()
      return null
    },
  },
})
