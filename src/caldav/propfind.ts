import { LRUCache } from 'lru-cache'
import { readXml } from '../dav/body.ts'
import { badRequest, forbidden } from '../dav/errors.ts'
import { dav } from '../dav/names.ts'
import { applied } from '../dav/prefer.ts'
import { type PropertyRequest, parsePropfind } from '../dav/propfind.ts'
import { type Headers, multistatusText, send, sendMultistatus, XML_TYPE } from '../dav/respond.ts'
import { type Entry, entryAt, type Question, responsesBelow } from './entries.ts'
import type { Exchange, Method } from './gateway.ts'
import { homeToken } from './home.ts'
import { personalOf } from './personal.ts'

/** Without a Depth header, PROPFIND means all that lies below (RFC 4918 §9.1), which nobody gets here. */
const depthOf = ({ request, place }: Exchange): 0 | 1 => {
  const depth = String(request.headers.depth ?? 'infinity')
    .trim()
    .toLowerCase()
  if (depth === '0') return 0
  if (depth === '1') return 1
  if (depth !== 'infinity') throw badRequest(`Depth is 0 or 1, not ${depth}`)
  // Nothing lies below an event: only for collections may this be refused.
  if (place.kind === 'event') return 0
  throw forbidden(dav('propfind-finite-depth'), 'PROPFIND is answered for Depth 0 and 1 only', {
    remedy: 'Send the header Depth: 0 or Depth: 1',
  })
}

/** The home's listing as bytes, by all that goes into it: who asks for what, and the state of everything shown. */
const listings = new LRUCache<string, Buffer>({ maxSize: 16_000_000, sizeCalculation: body => body.length })
const requestIds = new WeakMap<PropertyRequest, number>()
let lastId = 0

const idOf = (request: PropertyRequest): number => {
  const id = requestIds.get(request) ?? ++lastId
  requestIds.set(request, id)
  return id
}

const listingKey = async (exchange: Exchange, request: PropertyRequest): Promise<string> => {
  const { person, prefer } = exchange
  return `${idOf(request)} ${Number(prefer.minimal)}${Number(prefer.noRoot)} ${await homeToken(exchange)} ${person.role} ${JSON.stringify(person.access ?? null)} ${person.name}`
}

async function* responses(exchange: Exchange, entry: Entry, depth: 0 | 1, question: Question): AsyncGenerator<string> {
  if (depth === 0 || !exchange.prefer.noRoot) yield entry.write(question)
  if (depth === 1) yield* responsesBelow(exchange, exchange.place, question)
}

const preferenceHeaders = ({ prefer }: Exchange, depth: 0 | 1): Headers => {
  const taken = [
    ...(prefer.minimal ? ['return=minimal'] : []),
    ...(prefer.noRoot && depth === 1 ? ['depth-noroot'] : []),
  ]
  return taken.length > 0 ? applied(taken.join(', ')) : {}
}

export const propfind: Method = async exchange => {
  const request = parsePropfind(await readXml(exchange.request))
  const depth = depthOf(exchange)
  const key = exchange.place.kind === 'home' && depth === 1 ? await listingKey(exchange, request) : null
  const known = key === null ? undefined : listings.get(key)
  const type = { 'Content-Type': XML_TYPE }
  if (known) return send(exchange.response, 207, { ...type, ...preferenceHeaders(exchange, depth) }, known)
  const entry = await entryAt(exchange, exchange.place)
  const { byPath: personal } = await personalOf(exchange)
  const { minimal } = exchange.prefer
  const question = { request, minimal, personal }
  const headers = preferenceHeaders(exchange, depth)
  const parts = responses(exchange, entry, depth, question)
  if (key === null) return sendMultistatus(exchange.response, parts, headers)
  const body = Buffer.from(await multistatusText(parts))
  listings.set(key, body)
  send(exchange.response, 207, { ...type, ...headers }, body)
}
