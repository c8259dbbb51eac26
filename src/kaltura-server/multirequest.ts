import { ApiError } from './api-error.ts'
import type { Account } from './call.ts'
import { type Answer, dispatch } from './dispatch.ts'
import { jsonResult } from './wire/json.ts'
import type { Grouped } from './wire/parameters.ts'

/** Given once for all requests of a multirequest. */
const COMMON = ['ks', 'partnerId', 'p', 'clientTag', 'apiVersion', 'language', 'responseProfile']
const REFERENCE = /\{(\d+):result:?([^}]*)\}/g

type Group = { [name: string]: unknown }
const isGroup = (value: unknown): value is Group => value !== null && typeof value === 'object'

/** `{1:result:objects:0:id}`: a value of an earlier answer, counted from 1 by position. Not found: the text stays. */
function resolveText(text: string, earlier: readonly unknown[]): unknown {
  const whole = /^\{(\d+):result:?([^}]*)\}$/.exec(text)
  const look = (index: string, path: string): unknown => {
    const keys = path === '' ? [] : path.split(':')
    return keys.reduce<unknown>(
      (at, key) => (isGroup(at) && Object.hasOwn(at, key) ? at[key] : undefined),
      earlier[Number(index) - 1],
    )
  }
  if (whole) return look(whole[1] ?? '', whole[2] ?? '') ?? text
  return text.replace(REFERENCE, (reference, index: string, path: string) => {
    const value = look(index, path)
    return value === undefined || isGroup(value) ? reference : String(value)
  })
}

function resolveAll(value: unknown, earlier: readonly unknown[]): unknown {
  if (typeof value === 'string') return resolveText(value, earlier)
  if (!isGroup(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolveAll(inner, earlier)]))
}

/** The requests in the order of their numbers (0- or 1-based), up to the first that names no service or action. */
function requestsIn(parameters: Grouped): Group[] {
  const start = isGroup(parameters['0']) ? 0 : 1
  const requests: Group[] = []
  for (let at = start; ; at += 1) {
    const request = parameters[String(at)]
    if (!isGroup(request) || !request.service || !request.action) return requests
    requests.push(request)
  }
}

/** Runs the requests one after the other; an error is the answer of its own request, and the later ones still run. */
export async function multirequest(account: Account, parameters: Grouped): Promise<Answer[]> {
  const common: Group = {}
  for (const name of COMMON) if (parameters[name] !== undefined) common[name] = parameters[name]
  const answers: Answer[] = []
  const earlier: unknown[] = []
  for (const request of requestsIn(parameters)) {
    const resolved = resolveAll({ ...common, ...request }, earlier) as Grouped
    const answer = await dispatch(account, resolved)
    answers.push(answer)
    earlier.push(answer.result instanceof ApiError ? undefined : jsonResult(answer.result))
  }
  return answers
}
