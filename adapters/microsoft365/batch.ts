/** Several reads in one request (`POST /$batch`), each with an answer of its own. */
import { type Failure, GraphFailure, retryAfterOf } from './errors.ts'

/** Graph takes no more. */
export const mostInBatch = 20

interface Answer {
  readonly id?: string
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

/** @param paths relative to the version @param prefer of each part: the batch's own header does not reach them */
export const batchOf = (paths: readonly { readonly path: string; readonly prefer: string }[]): object => ({
  requests: paths.map(({ path, prefer }, n) => ({
    ...{ id: String(n), method: 'GET', url: path, headers: { Prefer: prefer } },
  })),
})

const unanswered: Failure = { status: 0, code: '', message: 'a part of a batch was not answered', retryAfter: null }

/** The answer to each part in the order they were asked: its body, or why there is none. */
export function answersOf(answer: unknown, count: number): (GraphFailure | { readonly body: unknown })[] {
  const list = (answer as { responses?: unknown } | null)?.responses
  const byId = new Map((Array.isArray(list) ? (list as Answer[]) : []).map(each => [String(each?.id), each]))
  return Array.from({ length: count }, (_, n) => partOf(byId.get(String(n))))
}

function partOf(part: Answer | undefined): GraphFailure | { readonly body: unknown } {
  if (!part) return new GraphFailure(unanswered, null)
  const { status = 0, headers, body } = part
  const isObject = typeof body === 'object' && body !== null
  if (status >= 200 && status < 300 && isObject) return { body }
  const { code = '', message = `HTTP ${status}` } = (isObject && (body as { error?: Partial<Failure> }).error) || {}
  return new GraphFailure({ status, code: isObject ? code : 'html', message, retryAfter: retryAfterOf(headers) }, part)
}

/** Whether a refusal means that there are no batches here: the parts are then asked one by one. */
export const isUnknownBatch = ({ status }: Failure): boolean => [400, 404, 405, 501].includes(status)
