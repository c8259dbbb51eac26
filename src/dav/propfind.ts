import { badRequest } from './errors.ts'
import { found, missing, RESPONSE_CLOSE, responseOpen } from './multistatus.ts'
import { dav } from './names.ts'
import { emptyElements, tagOf } from './write.ts'
import { child, children, type XmlNode } from './xml.ts'

/** A live property: one row of a resource's table. */
export interface Property<T> {
  /** Clark notation. */
  readonly name: string
  /** Its content as XML; `null` where this resource does not have it. */
  readonly value: (target: T) => string | null
  /** Whether DAV:allprop brings it: only the properties of RFC 4918 do (RFC 4791 §5.2, RFC 3744 §5). */
  readonly allprop?: boolean
  /** Whether a person may put an own value over it. All others are protected. */
  readonly personal?: boolean
  /** XML attributes of the element, with a leading space. */
  readonly attributes?: string
  /** Whether its value comes from the stored event, not only from the listing of its calendar. */
  readonly needsEvent?: boolean
}

export type PropertyTable<T> = ReadonlyMap<string, Property<T>>

export const propertyTable = <T>(...rows: readonly (readonly Property<T>[])[]): PropertyTable<T> =>
  new Map(rows.flat().map(row => [row.name, row]))

/** What a request asks for. One object per request text, so that what is derived from it is kept beside it. */
export type PropertyRequest =
  | { readonly kind: 'prop'; readonly names: readonly string[] }
  | { readonly kind: 'allprop'; readonly include: readonly string[] }
  | { readonly kind: 'propname' }

/** What a person wrote over or beside the live properties of one resource: Clark name → the whole element. */
export type DeadProperties = ReadonlyMap<string, string>

const ALLPROP: PropertyRequest = { kind: 'allprop', include: [] }
const PROPNAME: PropertyRequest = { kind: 'propname' }
const requests = new WeakMap<XmlNode, PropertyRequest>()

const namesIn = (node: XmlNode): readonly string[] => [...new Set(children(node).map(({ name }) => name))]

const readRequest = (node: XmlNode): PropertyRequest => {
  const prop = child(node, dav('prop'))
  if (prop) return { kind: 'prop', names: namesIn(prop) }
  if (child(node, dav('propname'))) return PROPNAME
  const include = child(node, dav('include'))
  return include ? { kind: 'allprop', include: namesIn(include) } : ALLPROP
}

/** The properties asked for inside a DAV:propfind or a report; none asked for means DAV:allprop (RFC 4918 §9.1). */
export const propertyRequest = (node: XmlNode | null): PropertyRequest => {
  if (!node) return ALLPROP
  const known = requests.get(node) ?? readRequest(node)
  requests.set(node, known)
  return known
}

export const parsePropfind = (node: XmlNode | null): PropertyRequest => {
  if (node && node.name !== dav('propfind')) throw badRequest(`A PROPFIND body is DAV:propfind, not ${node.name}`)
  if (node && children(node).filter(({ name }) => /^\{DAV:\}(prop|allprop|propname)$/.test(name)).length !== 1) {
    throw badRequest('DAV:propfind holds one of DAV:prop, DAV:allprop and DAV:propname')
  }
  return propertyRequest(node)
}

/** Renders the DAV:response of one resource. */
export interface Renderer<T> {
  readonly needsEvent: boolean
  render(target: T, href: string, dead?: DeadProperties): string
}

interface Row<T> {
  readonly property: Property<T> | null
  readonly name: string
  readonly open: string
  readonly close: string
  readonly empty: string
}

const rowOf = <T>(table: PropertyTable<T>, name: string): Row<T> => {
  const { open, close } = tagOf(name)
  const property = table.get(name) ?? null
  const tag = open + (property?.attributes ?? '')
  return { property, name, open: `<${tag}>`, close: `</${close}>`, empty: `<${open}/>` }
}

const writeRow = <T>(row: Row<T>, target: T, dead: DeadProperties | undefined): string | null => {
  const own = row.property === null || row.property.personal ? dead?.get(row.name) : undefined
  if (own !== undefined) return own
  const value = row.property?.value(target) ?? null
  if (value === null) return null
  return value === '' ? row.empty : row.open + value + row.close
}

/** One property of one resource as a whole element; `null` where it is missing. */
export const writeProperty = <T>(
  table: PropertyTable<T>,
  target: T,
  name: string,
  dead: DeadProperties | undefined,
): string | null => writeRow(rowOf(table, name), target, dead)

const renderNamed = <T>(rows: readonly Row<T>[], minimal: boolean): Renderer<T>['render'] => {
  return (target, href, dead) => {
    let present = ''
    let absent = ''
    for (const row of rows) {
      const text = writeRow(row, target, dead)
      if (text === null) absent += row.empty
      else present += text
    }
    // RFC 8144 §2.1: what is missing is left out, but a response never stays without a propstat.
    const rest = absent === '' || minimal ? '' : missing(absent)
    return responseOpen(href) + (present === '' && rest !== '' ? '' : found(present)) + rest + RESPONSE_CLOSE
  }
}

const renderNames = <T>(table: PropertyTable<T>): Renderer<T>['render'] => {
  const rows = [...table.keys()].map(name => rowOf(table, name))
  return (target, href, dead) => {
    const live = rows.filter(row => row.property?.value(target) !== null || dead?.has(row.name)).map(row => row.name)
    const own = [...(dead?.keys() ?? [])].filter(name => !table.has(name))
    return responseOpen(href) + found(emptyElements([...live, ...own])) + RESPONSE_CLOSE
  }
}

const renderAll = <T>(table: PropertyTable<T>, include: readonly string[], minimal: boolean): Renderer<T>['render'] => {
  const standard = [...table.values()].filter(property => property.allprop).map(({ name }) => name)
  const optional = new Set(standard)
  const rows = [...new Set([...standard, ...include])].map(name => rowOf(table, name))
  return (target, href, dead) => {
    let present = ''
    let absent = ''
    for (const row of rows) {
      const text = writeRow(row, target, dead)
      if (text !== null) present += text
      else if (!optional.has(row.name)) absent += row.empty
    }
    for (const [name, text] of dead ?? []) if (!rows.some(row => row.name === name)) present += text
    return responseOpen(href) + found(present) + (absent === '' || minimal ? '' : missing(absent)) + RESPONSE_CLOSE
  }
}

const needsEvent = <T>(request: PropertyRequest, table: PropertyTable<T>): boolean => {
  if (request.kind === 'prop') return request.names.some(name => table.get(name)?.needsEvent)
  return [...table.values()].some(property => property.needsEvent && (property.allprop || request.kind === 'propname'))
}

const compile = <T>(request: PropertyRequest, table: PropertyTable<T>, minimal: boolean): Renderer<T> => {
  const needs = needsEvent(request, table)
  if (request.kind === 'propname') return { needsEvent: needs, render: renderNames(table) }
  if (request.kind === 'allprop') return { needsEvent: needs, render: renderAll(table, request.include, minimal) }
  const rows = request.names.map(name => rowOf(table, name))
  return { needsEvent: needs, render: renderNamed(rows, minimal) }
}

const compiled = new WeakMap<PropertyRequest, Map<unknown, [full: unknown, minimal: unknown]>>()

/**
 * What `request` asks of resources that have `table`; worked out once for each request text and table.
 * `minimal`: what is missing is not mentioned (RFC 8144 §2.1).
 */
export const renderer = <T>(request: PropertyRequest, table: PropertyTable<T>, minimal: boolean): Renderer<T> => {
  const byTable = compiled.get(request) ?? new Map<unknown, [unknown, unknown]>()
  compiled.set(request, byTable)
  const pair = byTable.get(table) ?? [compile(request, table, false), compile(request, table, true)]
  byTable.set(table, pair)
  return pair[minimal ? 1 : 0] as Renderer<T>
}
