import { badRequest } from '../dav/errors.ts'
import { found, missing, RESPONSE_CLOSE, responseOpen, statusResponse } from '../dav/multistatus.ts'
import { dav } from '../dav/names.ts'
import { whenMinimal } from '../dav/prefer.ts'
import { sendMultistatus } from '../dav/respond.ts'
import { emptyElements } from '../dav/write.ts'
import { attribute, childrenNamed, type XmlNode } from '../dav/xml.ts'
import type { PersonalProperties } from '../store/properties.ts'
import { type Entry, entryAt, findEntry } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { personalOf } from './personal.ts'
import { placeOfHref } from './places.ts'
import { requireDepth0 } from './principal-search.ts'
import type { Report } from './report.ts'

/** Clients ask two levels deep; each level multiplies. */
const MAX_DEPTH = 5

/** NCName of Namespaces in XML 1.0 §3, but for the rarest letters. */
const ELEMENT_NAME = /^[\p{L}_][\p{L}\p{N}\p{M}._·-]*$/u

const nameOf = (property: XmlNode): string => {
  const name = attribute(property, 'name') ?? ''
  // It becomes the name of an element of the answer.
  if (!ELEMENT_NAME.test(name)) throw badRequest('DAV:property has the name of an element')
  const namespace = attribute(property, 'namespace') ?? 'DAV:'
  if (/[{}<>"\s]/.test(namespace)) throw badRequest('The namespace of a DAV:property is a URI')
  return `{${namespace}}${name}`
}

const HREF = /<D:href>([^<]*)<\/D:href>/g

const responseFor = async (
  exchange: Exchange,
  href: string,
  asked: readonly XmlNode[],
  personal: PersonalProperties,
  depth: number,
): Promise<string> => {
  const place = placeOfHref(href.replaceAll('&amp;', '&'))
  const entry = place && (await findEntry(exchange, place))
  return entry ? expandEntry(exchange, entry, asked, personal, depth) : statusResponse(href, 404)
}

/** A property whose hrefs are replaced by what they lead to. */
const expanded = async (
  exchange: Exchange,
  text: string,
  asked: readonly XmlNode[],
  personal: PersonalProperties,
  depth: number,
): Promise<string> => {
  if (asked.length === 0 || depth >= MAX_DEPTH) return text
  let written = ''
  let end = 0
  for (const match of text.matchAll(HREF)) {
    written += text.slice(end, match.index) + (await responseFor(exchange, match[1] ?? '', asked, personal, depth))
    end = match.index + match[0].length
  }
  return written + text.slice(end)
}

const expandEntry = async (
  exchange: Exchange,
  entry: Entry,
  asked: readonly XmlNode[],
  personal: PersonalProperties,
  depth: number,
): Promise<string> => {
  let present = ''
  const absent: string[] = []
  for (const property of asked) {
    const name = nameOf(property)
    const text = entry.property(name, personal)
    if (text === null) absent.push(name)
    else present += await expanded(exchange, text, childrenNamed(property, dav('property')), personal, depth + 1)
  }
  const rest = absent.length === 0 || exchange.prefer.minimal ? '' : missing(emptyElements(absent))
  return responseOpen(entry.href) + (present === '' && rest !== '' ? '' : found(present)) + rest + RESPONSE_CLOSE
}

/** RFC 3253 §3.8. */
export const expandProperty: Report = async (exchange, body) => {
  requireDepth0(exchange)
  const entry = await entryAt(exchange, exchange.place)
  const { byPath: personal } = await personalOf(exchange)
  const asked = childrenNamed(body, dav('property'))
  await sendMultistatus(
    exchange.response,
    [await expandEntry(exchange, entry, asked, personal, 0)],
    whenMinimal(exchange.prefer),
  )
}
