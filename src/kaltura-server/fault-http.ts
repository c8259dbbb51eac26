import { setTimeout as wait } from 'node:timers/promises'
import type { Response } from 'express'
import type { Account } from './call.ts'
import type { Fault } from './faults.ts'
import type { Grouped } from './wire/parameters.ts'
import { toText } from './wire/values.ts'

/** The calls of a request: one, or those of a multirequest. */
function callsIn(parameters: Grouped): { service: string; action: string }[] {
  const nameOf = (group: Grouped) => ({ service: toText(group.service), action: toText(group.action) })
  const inner = Object.entries(parameters).flatMap(([key, value]) =>
    /^\d+$/.test(key) && value !== null && typeof value === 'object' ? nameOf(value as Grouped) : [],
  )
  return [nameOf(parameters), ...inner]
}

const take = (account: Account, parameters: Grouped, kinds: Parameters<NonNullable<Account['faults']>['take']>[2]) =>
  account.faults
    ? callsIn(parameters).flatMap(({ service, action }) => account.faults?.take(service, action, kinds) ?? [])
    : []

const refuse = (response: Response, fault: Fault): void => {
  response
    .status(fault.status ?? 503)
    .type('text/plain')
    .send('fault')
}

/** Faults before anything is done. True: the request has had its answer, or will never have one. */
export async function failBefore(account: Account, parameters: Grouped, response: Response): Promise<boolean> {
  for (const fault of take(account, parameters, ['latency', 'status', 'timeout'])) {
    if (fault.kind === 'latency') await wait(fault.milliseconds ?? 0)
    else if (fault.kind === 'timeout') return true
    else {
      refuse(response, fault)
      return true
    }
  }
  return false
}

/** Faults after everything is done and committed. True: the answer is withheld. */
export function failAfter(account: Account, parameters: Grouped, response: Response): boolean {
  const [fault] = take(account, parameters, ['commit-then-drop', 'commit-then-status'])
  if (!fault) return false
  if (fault.kind === 'commit-then-drop') response.req.socket.destroy()
  else refuse(response, fault)
  return true
}
