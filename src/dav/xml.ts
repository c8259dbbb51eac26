import { LRUCache } from 'lru-cache'
import { Parser } from 'xml2js'
import { badRequest } from './errors.ts'
import { PREFIXES, splitName } from './names.ts'
import { escapeXml, tagOf } from './write.ts'

/** An element of a request, immutable: parsed requests are shared between those who send the same text. */
export interface XmlNode {
  /** Clark notation. */
  readonly name: string
  /** By Clark name; namespace declarations are left out. */
  readonly attributes: ReadonlyMap<string, string>
  readonly content: readonly (XmlNode | string)[]
}

const MAX_DEPTH = 100
const XMLNS = 'http://www.w3.org/2000/xmlns/'
const XML = 'http://www.w3.org/XML/1998/namespace'

interface RawAttribute {
  readonly value: string
  readonly local: string
  readonly uri: string
}
interface RawNode {
  readonly $ns?: { readonly uri: string; readonly local: string }
  readonly $?: { readonly [name: string]: RawAttribute }
  readonly $$?: readonly RawNode[]
  readonly _?: string
}
interface OpenTag {
  readonly name: string
  readonly attributes: { readonly [name: string]: unknown }
}
/** What of the parser below xml2js we watch: depth and DTDs are refused while reading, before they cost anything. */
interface Sax {
  onopentag: (node: OpenTag) => void
  onclosetag: (name: string) => void
  ondoctype: (text: string) => void
  onerror: (error: unknown) => void
}

const clark = (uri: string, local: string): string => (uri === '' ? local : `{${uri}}${local}`)

const attributesOf = (raw: RawNode): ReadonlyMap<string, string> =>
  new Map(
    Object.values(raw.$ ?? {})
      .filter(attribute => attribute.uri !== XMLNS)
      .map(attribute => [clark(attribute.uri, attribute.local), attribute.value]),
  )

const convert = (raw: RawNode): XmlNode =>
  Object.freeze({
    name: clark(raw.$ns?.uri ?? '', raw.$ns?.local ?? ''),
    attributes: attributesOf(raw),
    content: Object.freeze((raw.$$ ?? []).map(child => (child.$ns ? convert(child) : (child._ ?? '')))),
  })

/** The parser's complaint in one line: sax adds lines with position and character. */
const reason = (error: unknown): string => {
  const [what = '', line = ''] = error instanceof Error ? error.message.split('\n') : [String(error)]
  return `${what.replace(/\.$/, '')}${line.startsWith('Line: ') ? ` in line ${Number(line.slice(6)) + 1}` : ''}`
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 §2.2 leaves out, and sax lets pass
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

/** Namespaces in XML 1.0 §4; sax lets other names pass, and no answer could repeat them. */
const QUALIFIED = /^[^:\d.-][^:]*(?::[^:\d.-][^:]*)?$/

const read = (text: string): XmlNode => {
  if (FORBIDDEN.test(text)) throw badRequest('The request body has a character that XML does not allow')
  const parser = new Parser({
    xmlns: true,
    explicitRoot: false,
    explicitChildren: true,
    preserveChildrenOrder: true,
    charsAsChildren: true,
    includeWhiteChars: true,
  })
  const sax = (parser as unknown as { saxParser: Sax }).saxParser
  const { onopentag, onclosetag, onerror } = sax
  let depth = 0
  let root: RawNode | null = null
  let failure: unknown = null
  sax.onopentag = node => {
    if (root) throw new RangeError('there is more than one root element')
    depth += 1
    if (depth > MAX_DEPTH) throw new RangeError(`elements are nested more than ${MAX_DEPTH} deep`)
    const bad = [node.name, ...Object.keys(node.attributes)].find(name => !QUALIFIED.test(name))
    if (bad !== undefined) throw new RangeError(`${bad} is no name with at most one prefix`)
    onopentag(node)
  }
  sax.onclosetag = name => {
    depth -= 1
    onclosetag(name)
  }
  sax.ondoctype = () => {
    throw new RangeError('document type declarations are not accepted')
  }
  // Once the root is closed, xml2js has answered and forgets what follows.
  sax.onerror = error => {
    failure ??= error
    onerror(error)
  }
  try {
    parser.parseString(text, (error: unknown, result: RawNode | null) => {
      if (error) failure ??= error
      else root = result
    })
  } catch (error) {
    failure ??= error
  }
  if (failure) throw badRequest(`The request body is not well-formed XML: ${reason(failure)}`)
  if (!root) throw badRequest('The request body holds no XML element')
  return convert(root)
}

/** Clients repeat their requests letter by letter. Long ones (multiget with its hrefs) never come twice. */
const MAX_CACHED = 8192
const cache = new LRUCache<string, XmlNode>({ maxSize: 4_000_000, sizeCalculation: (_, text) => text.length + 200 })

/** @throws DavError 400 for what is not well-formed, has a DTD, an undeclared prefix or entity, or is nested too deep */
export const parseXml = (text: string): XmlNode => {
  const known = cache.get(text)
  if (known) return known
  const node = read(text)
  if (text.length <= MAX_CACHED) cache.set(text, node)
  return node
}

export const isNode = (content: XmlNode | string): content is XmlNode => typeof content !== 'string'
export const children = (node: XmlNode): readonly XmlNode[] => node.content.filter(isNode)
export const childrenNamed = (node: XmlNode, name: string): readonly XmlNode[] =>
  children(node).filter(child => child.name === name)
export const child = (node: XmlNode, name: string): XmlNode | null => childrenNamed(node, name)[0] ?? null
/** All text directly inside. */
export const textOf = (node: XmlNode): string => node.content.filter(part => typeof part === 'string').join('')
/** An attribute without a namespace. */
export const attribute = (node: XmlNode, name: string): string | null => node.attributes.get(name) ?? null

const CONTROLS: Readonly<Record<string, string>> = { "'": '&#39;', '\n': '&#10;', '\t': '&#9;' }
const inQuotes = (value: string): string =>
  escapeXml(value).replace(/['\n\t]/g, character => CONTROLS[character] ?? character)

/** With its declaration, where its namespace has no prefix of ours; `index` keeps the declarations apart. */
const writeAttribute = (name: string, value: string, index: number): string => {
  const [uri, local] = splitName(name)
  if (uri === '') return ` ${local}='${inQuotes(value)}'`
  const prefix = uri === XML ? 'xml' : PREFIXES.get(uri)
  if (prefix) return ` ${prefix}:${local}='${inQuotes(value)}'`
  return ` Y${index}:${local}='${inQuotes(value)}' xmlns:Y${index}='${inQuotes(uri)}'`
}

/** An element as it is written into a document of ours: how a property a client set is kept and given back. */
export const writeNode = (node: XmlNode): string => {
  const { open, close } = tagOf(node.name)
  const attributes = [...node.attributes].map(([name, value], index) => writeAttribute(name, value, index)).join('')
  const content = node.content.map(part => (isNode(part) ? writeNode(part) : escapeXml(part))).join('')
  const tag = close + attributes + open.slice(close.length)
  return content === '' ? `<${tag}/>` : `<${tag}>${content}</${close}>`
}
