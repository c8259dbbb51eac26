import { badRequest, DavError, errorContent, statusLine } from './errors.ts'
import { RESPONSE_CLOSE, responseOpen } from './multistatus.ts'
import { dav } from './names.ts'
import { element, emptyElements } from './write.ts'
import { child, children, type XmlNode } from './xml.ts'

/** One instruction of a DAV:propertyupdate, in the order of the document (RFC 4918 §9.2). */
export interface Patch {
  readonly name: string
  /** The element to keep; `null` removes the property. */
  readonly node: XmlNode | null
}

const LANG = '{http://www.w3.org/XML/1998/namespace}lang'

/** RFC 4918 §4.3: the language in scope belongs to the value, also where it is declared around it. */
const inLanguage = (property: XmlNode, ...around: readonly XmlNode[]): XmlNode => {
  if (property.attributes.has(LANG)) return property
  const language = around.map(node => node.attributes.get(LANG)).find(value => value !== undefined)
  return language === undefined
    ? property
    : { ...property, attributes: new Map([...property.attributes, [LANG, language]]) }
}

/** The instructions of a PROPPATCH, one at least. @throws DavError 400 */
export const parsePatches = (node: XmlNode | null): readonly Patch[] => {
  if (node?.name !== dav('propertyupdate')) throw badRequest('A PROPPATCH body is DAV:propertyupdate')
  const patches = children(node).flatMap(instruction => {
    if (instruction.name !== dav('set') && instruction.name !== dav('remove')) return []
    const prop = child(instruction, dav('prop'))
    if (!prop) throw badRequest('DAV:set and DAV:remove hold DAV:prop')
    return children(prop).map(property => ({
      name: property.name,
      node: instruction.name === dav('set') ? inLanguage(property, prop, instruction, node) : null,
    }))
  })
  if (patches.length === 0) throw badRequest('DAV:propertyupdate sets or removes one property at least')
  return patches
}

const propstat = (names: readonly string[], status: number, error?: DavError): string =>
  `<D:propstat><D:prop>${emptyElements(names)}</D:prop><D:status>${statusLine(status)}</D:status>${
    error ? element(dav('error'), errorContent(error)) : ''
  }</D:propstat>`

const dependency = new DavError(424, 'Another property of the same request was refused, so nothing was changed')

/** All or nothing: with one refusal the others are failed dependencies (RFC 4918 §9.2.1). */
export const patchResponse = (
  href: string,
  patches: readonly Patch[],
  refusals: ReadonlyMap<string, DavError>,
): string => {
  const names = [...new Set(patches.map(({ name }) => name))]
  const accepted = names.filter(name => !refusals.has(name))
  const refused = [...refusals].map(([name, error]) => propstat([name], error.status, error)).join('')
  const rest = accepted.length === 0 ? '' : propstat(accepted, refusals.size === 0 ? 200 : dependency.status)
  return responseOpen(href) + rest + refused + RESPONSE_CLOSE
}
