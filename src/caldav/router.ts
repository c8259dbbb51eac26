import type { IncomingMessage, ServerResponse } from 'node:http'
import { DavError } from '../dav/errors.ts'
import { decodePath, pathOf } from '../dav/href.ts'
import { preferences } from '../dav/prefer.ts'
import { send } from '../dav/respond.ts'
import { answerError } from './answer-error.ts'
import { authenticate } from './authenticate.ts'
import { copy, move } from './copy-move.ts'
import { remove } from './delete.ts'
import type { Gateway, Method } from './gateway.ts'
import { get } from './get.ts'
import { refuseCollection } from './mkcalendar.ts'
import { allow, allowedMethods, answerOptions } from './options.ts'
import { type Place, placeOf, postedTo, rootHref } from './places.ts'
import { post } from './post.ts'
import { propfind } from './propfind.ts'
import { proppatch } from './proppatch.ts'
import { put } from './put.ts'
import { report } from './report.ts'

const METHODS: Readonly<Record<string, Method>> = {
  GET: get,
  HEAD: get,
  PUT: put,
  DELETE: remove,
  PROPFIND: propfind,
  PROPPATCH: proppatch,
  REPORT: report,
  COPY: copy,
  MOVE: move,
  POST: post,
  MKCALENDAR: refuseCollection,
  MKCOL: refuseCollection,
}

/** Methods that say themselves why they are not for collections. */
const REFUSING = new Set(['MKCALENDAR', 'MKCOL', 'PUT', 'DELETE', 'COPY', 'MOVE'])
const DAV_METHODS = new Set(['OPTIONS', 'PROPFIND', 'PROPPATCH', 'REPORT'])
/** macOS looks here before it tries anything else, and `OPTIONS *` means the server: all are answered as the DAV root. */
const ROOT_ALIASES = new Set(['/', '/principals', '/principals/', '*'])
/** Other servers' addresses that clients guess; they are sent to ours. */
const GUESSES = /^\/(?:\.well-known\/caldav\/?$|(?:calendar\/dav|caldav|calendars|principals)(?:\/|$))/

type Route = { readonly redirect: true } | { readonly redirect: false; readonly place: Place | null }

/** Whether a request is ours at all: `null` for another part of the gateway. @throws DavError 400 */
const routeOf = (method: string, path: string): Route | null => {
  if (path === '/dav' || path.startsWith('/dav/')) {
    return { redirect: false, place: placeOf(decodePath(path).segments.slice(1)) }
  }
  if (path === '/.well-known/caldav' || path === '/.well-known/caldav/') return { redirect: true }
  if (!DAV_METHODS.has(method)) return null
  if (ROOT_ALIASES.has(path)) return { redirect: false, place: { kind: 'root' } }
  return GUESSES.test(path) ? { redirect: true } : null
}

const answer = async (
  gateway: Gateway,
  request: IncomingMessage,
  response: ServerResponse,
  route: { readonly place: Place | null },
): Promise<void> => {
  const method = request.method ?? 'GET'
  const place = method === 'POST' ? postedTo(route.place) : route.place
  if (method === 'OPTIONS') return answerOptions(gateway, response, place?.kind ?? 'root')
  const person = await authenticate(gateway, request)
  const handler = METHODS[method]
  // RFC 4918 §9.7.1: what would have no collection around it is a conflict, not a missing resource.
  if (!place && method === 'PUT') throw new DavError(409, 'There is no calendar that could hold this')
  if (!place) throw new DavError(404, 'There is nothing at this address', { remedy: `Start at ${rootHref}` })
  const exchange = { gateway, request, response, person, place, prefer: preferences(request.headers) }
  if (!handler || !(REFUSING.has(method) || allowedMethods(place.kind).includes(method))) {
    throw new DavError(405, `${method} is not offered here`, { headers: { Allow: allow(place.kind) } })
  }
  await handler(exchange)
}

/**
 * CalDAV under /dav/, and what clients probe to find it; all else is for `next`. Mounted at `/`, and no router of express:
 * where it comes before one, a request is spared what that does to each.
 */
export const caldavRouter =
  (gateway: Gateway) =>
  (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const fail = (error: unknown): void => answerError(gateway.log, request, response, error)
    let route: Route | null
    try {
      route = routeOf(request.method ?? 'GET', pathOf(request.url ?? '/'))
    } catch (error) {
      fail(error)
      return
    }
    if (!route) next()
    else if (route.redirect) {
      request.resume()
      send(response, 301, { Location: `${gateway.config.baseUrl?.replace(/\/$/, '') ?? ''}${rootHref}` })
    } else answer(gateway, request, response, route).catch(fail)
  }
