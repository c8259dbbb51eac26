import { readXml } from '../dav/body.ts'
import { badRequest, forbidden } from '../dav/errors.ts'
import { dav } from '../dav/names.ts'
import { applied } from '../dav/prefer.ts'
import { parsePropfind } from '../dav/propfind.ts'
import { sendMultistatus } from '../dav/respond.ts'
import { type Entry, entryAt, type Question, responsesBelow } from './entries.ts'
import type { Exchange, Method } from './gateway.ts'
import { personalOf } from './personal.ts'

/** Without a Depth header, PROPFIND means all that lies below (RFC 4918 §9.1), which nobody gets here. */
const depthOf = ({ request }: Exchange): 0 | 1 => {
  const depth = String(request.headers.depth ?? 'infinity')
    .trim()
    .toLowerCase()
  if (depth === '0') return 0
  if (depth === '1') return 1
  if (depth !== 'infinity') throw badRequest(`Depth is 0 or 1, not ${depth}`)
  throw forbidden(dav('propfind-finite-depth'), 'PROPFIND is answered for Depth 0 and 1 only', {
    remedy: 'Send the header Depth: 0 or Depth: 1',
  })
}

async function* responses(exchange: Exchange, entry: Entry, depth: 0 | 1, question: Question): AsyncGenerator<string> {
  if (depth === 0 || !exchange.prefer.noRoot) yield entry.write(question)
  if (depth === 1) yield* responsesBelow(exchange, exchange.place, question)
}

export const propfind: Method = async exchange => {
  const request = parsePropfind(await readXml(exchange.request))
  const depth = depthOf(exchange)
  const entry = await entryAt(exchange, exchange.place)
  const { byPath: personal } = await personalOf(exchange)
  const { minimal, noRoot } = exchange.prefer
  const question = { request, minimal, personal }
  const headers = minimal ? applied('return=minimal') : noRoot && depth === 1 ? applied('depth-noroot') : {}
  await sendMultistatus(exchange.response, responses(exchange, entry, depth, question), headers)
}
