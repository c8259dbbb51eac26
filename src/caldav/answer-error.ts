import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { DavError, errorDocument, forbidden } from '../dav/errors.ts'
import { caldav } from '../dav/names.ts'
import { sendXml } from '../dav/respond.ts'
import {
  AccessDenied,
  CursorExpired,
  KaldavError,
  NotFound,
  ReadOnly,
  Rejected,
  TooManyOccurrences,
  Unavailable,
  VersionMismatch,
} from '../errors.ts'
import { invalidToken } from './tokens.ts'

type ErrorClass = abstract new (...args: never[]) => KaldavError

/** How what the other parts throw is said in HTTP. */
const RENDERED: readonly (readonly [ErrorClass, (error: KaldavError) => DavError])[] = [
  [NotFound, error => new DavError(404, error.message)],
  [VersionMismatch, error => new DavError(412, error.message)],
  [CursorExpired, () => invalidToken()],
  [ReadOnly, error => new DavError(403, error.message)],
  [AccessDenied, error => new DavError(403, error.message)],
  [Rejected, error => new DavError(403, error.message)],
  [TooManyOccurrences, error => forbidden(caldav('max-instances'), error.message)],
  [Unavailable, error => new DavError(503, error.message, { headers: { 'Retry-After': '30' } })],
]

export const asDavError = (error: unknown): DavError | null => {
  if (error instanceof DavError) return error
  if (!(error instanceof KaldavError)) return null
  const rendered = RENDERED.find(([type]) => error instanceof type)?.[1](error) ?? new DavError(500, error.message)
  return error.remedy === null || rendered.remedy !== null
    ? rendered
    : new DavError(rendered.status, rendered.message, {
        ...(rendered.condition === null ? {} : { condition: rendered.condition }),
        headers: rendered.headers,
        remedy: error.remedy,
      })
}

/** The one place where an error becomes an answer. Half an answer is broken off, so that nobody takes it for whole. */
export const answerError = (log: Logger, request: IncomingMessage, response: ServerResponse, error: unknown): void => {
  const known = asDavError(error)
  if (!known || known.status >= 500)
    log.error({ err: error, method: request.method, url: request.url }, 'request failed')
  if (response.headersSent) {
    response.destroy()
    return
  }
  const rendered = known ?? new DavError(500, 'The request failed inside the gateway; its log has the details')
  // What is still coming of the request must be read before the client looks at the answer.
  request.resume()
  const body = request.method === 'HEAD' ? '' : errorDocument(rendered)
  sendXml(response, rendered.status, body, rendered.headers)
}
