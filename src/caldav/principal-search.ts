import { badRequest, needPrivilege } from '../dav/errors.ts'
import { caldav, calendarserver, dav, kaldav } from '../dav/names.ts'
import { whenMinimal } from '../dav/prefer.ts'
import { type PropertyRequest, propertyRequest } from '../dav/propfind.ts'
import { sendMultistatus, sendXml } from '../dav/respond.ts'
import { document, element, emptyElements } from '../dav/write.ts'
import { attribute, child, children, childrenNamed, textOf, type XmlNode } from '../dav/xml.ts'
import { allPrincipals, type Entry, entriesBelow } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { personalOf } from './personal.ts'
import { homeHref, userHref } from './places.ts'
import type { Report } from './report.ts'

/** What principals are found by, in the words RFC 3744 §9.5 asks for. */
const SEARCHABLE: Readonly<Record<string, string>> = {
  [dav('displayname')]: 'Name',
  [caldav('calendar-user-address-set')]: 'Calendar address',
  [calendarserver('email-address-set')]: 'Mail address',
  [caldav('calendar-user-type')]: 'Kind: INDIVIDUAL, ROOM or RESOURCE',
  [kaldav('building')]: 'Building',
  [kaldav('capacity')]: 'Capacity',
}

type Test = (entry: Entry) => boolean

const textIn = (entry: Entry, name: string): string =>
  (entry.property(name, new Map()) ?? '')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&amp;', '&')
    .toLowerCase()

const matchers: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  contains: (value, wanted) => value.includes(wanted),
  'starts-with': (value, wanted) => value.trim().startsWith(wanted),
  'ends-with': (value, wanted) => value.trim().endsWith(wanted),
  equals: (value, wanted) => value.trim() === wanted,
}

const equals = (one: string, other: string): boolean => one === other

/** An attribute that takes one of a few words; `null` where it is missing. @throws DavError 400 for any other word */
const oneOf = (node: XmlNode, name: string, words: readonly string[], same = equals): string | null => {
  const value = attribute(node, name)
  if (value === null) return null
  const word = words.find(candidate => same(candidate, value))
  if (word === undefined) throw badRequest(`${name}="${value}" is none of ${words.join(', ')}`)
  return word
}

const KINDS: readonly string[] = ['individual', 'group', 'resource', 'room', 'unknown']

/** How many results are wanted (CS:limit). @throws DavError 400 for a limit without a number */
const limitOf = (body: XmlNode): number | undefined => {
  const limit = child(body, calendarserver('limit'))
  if (!limit) return undefined
  const results = child(limit, calendarserver('nresults'))
  const text = results ? textOf(results).trim() : ''
  if (!/^\d{1,9}$/.test(text)) throw badRequest('A limit holds nresults, a whole number')
  return Number(text)
}

/** DAV:property-search: every property named has to match. */
const searchTest = (node: XmlNode): Test => {
  const prop = child(node, dav('prop'))
  const match = child(node, dav('match'))
  if (!prop || !match) throw badRequest('DAV:property-search holds DAV:prop and DAV:match')
  const wanted = textOf(match).trim().toLowerCase()
  oneOf(match, 'caseless', ['yes', 'no'])
  const matches = matchers[oneOf(match, 'match-type', Object.keys(matchers)) ?? 'contains']
  const names = children(prop).map(({ name }) => name)
  return entry => names.every(name => SEARCHABLE[name] !== undefined && matches?.(textIn(entry, name), wanted))
}

/** These reports are about the resource they are asked of, which is Depth 0 (RFC 3744 §9). @throws DavError 400 */
export const requireDepth0 = ({ request }: Exchange): void => {
  const depth = String(request.headers.depth ?? '0').trim()
  if (depth !== '0') throw badRequest(`This report is asked with Depth: 0, not ${depth}`)
}

const requireOneProp = (body: XmlNode, least: 0 | 1): void => {
  const count = childrenNamed(body, dav('prop')).length
  if (count > 1 || count < least) throw badRequest(`${body.name} holds one DAV:prop, not ${count}`)
}

const answer = async (
  exchange: Exchange,
  request: PropertyRequest,
  test: Test,
  limit = Number.POSITIVE_INFINITY,
): Promise<void> => {
  const { byPath: personal } = await personalOf(exchange)
  const question = { request, minimal: exchange.prefer.minimal, personal }
  const found = (await allPrincipals(exchange)).filter(test).slice(0, limit)
  await sendMultistatus(
    exchange.response,
    found.map(entry => entry.write(question)),
    whenMinimal(exchange.prefer),
  )
}

/** The children of a search that are no properties. */
const PARTS: ReadonlySet<string> = new Set([
  ...['prop', 'property-search', 'apply-to-principal-collection-set'].map(dav),
  calendarserver('limit'),
])

/** What is asked about those found. python-caldav leaves DAV:prop empty and writes its properties beside it. */
const propertiesAsked = (body: XmlNode): PropertyRequest => {
  const asked = propertyRequest(body)
  if (asked.kind !== 'prop' || asked.names.length > 0) return asked
  return { kind: 'prop', names: children(body).flatMap(({ name }) => (PARTS.has(name) ? [] : [name])) }
}

const kindOf = (entry: Entry): string => textIn(entry, caldav('calendar-user-type')).trim()

/**
 * RFC 3744 §9.4; `test="anyof"` and `type="ROOM"` as Apple's clients send them. Without a condition it finds everybody,
 * which is how python-caldav lists principals.
 */
export const principalPropertySearch: Report = async (exchange, body) => {
  requireDepth0(exchange)
  requireOneProp(body, 0)
  const tests = childrenNamed(body, dav('property-search')).map(searchTest)
  const any = oneOf(body, 'test', ['anyof', 'allof']) === 'anyof'
  const type = oneOf(body, 'type', KINDS, (kind, value) => kind === value.toLowerCase())
  const limit = limitOf(body)
  await answer(
    exchange,
    propertiesAsked(body),
    entry =>
      (type === null || kindOf(entry) === type) &&
      (any && tests.length > 0 ? tests.some(test => test(entry)) : tests.every(test => test(entry))),
    limit,
  )
}

/** RFC 3744 §9.5. */
export const principalSearchPropertySet: Report = async (exchange, body) => {
  requireDepth0(exchange)
  if (children(body).length > 0) throw badRequest('DAV:principal-search-property-set is empty')
  const rows = Object.entries(SEARCHABLE).map(([name, description]) =>
    element(
      dav('principal-search-property'),
      `${element(dav('prop'), emptyElements([name]))}<D:description xml:lang="en">${description}</D:description>`,
    ),
  )
  sendXml(exchange.response, 200, document(dav('principal-search-property-set'), rows.join('')))
}

/** Which kinds of principal a person looks for when they fill in this field. */
const CONTEXTS: Readonly<Record<string, readonly string[]>> = {
  user: ['individual'],
  group: [],
  attendee: ['individual', 'room', 'resource'],
  location: ['room'],
  resource: ['resource'],
}

/** Where words are looked for that people type: an address or a kind would answer to parts of words of its own. */
const SPOKEN = [dav('displayname'), calendarserver('email-address-set'), kaldav('building'), kaldav('capacity')]

/** A number finds the rooms that seat as many; any other word is looked for in the names of a principal. */
const tokenTest = (token: string): Test => {
  const wanted = token.toLowerCase()
  const seats = /^\d+$/.test(wanted) ? Number(wanted) : null
  return entry =>
    SPOKEN.some(name => textIn(entry, name).includes(wanted)) ||
    (seats !== null && Number(textIn(entry, kaldav('capacity'))) >= seats)
}

/** Apple's own search (caldav-principal-search): every word has to be found somewhere. */
export const calendarserverPrincipalSearch: Report = async (exchange, body) => {
  const tokens = childrenNamed(body, calendarserver('search-token')).map(node => textOf(node).trim())
  if (tokens.every(token => token === '')) throw badRequest('The search has no search-token')
  const context = attribute(body, 'context')
  const kinds = context === null ? null : (CONTEXTS[context] ?? [])
  const limit = limitOf(body)
  const tests = tokens.filter(token => token !== '').map(tokenTest)
  const ofKind: Test = entry => !kinds || kinds.includes(kindOf(entry))
  await answer(exchange, propertyRequest(body), entry => ofKind(entry) && tests.every(test => test(entry)), limit)
}

/** RFC 3744 §9.3: which of the principals here are me, or which of the resources name me in a property. */
export const principalMatch: Report = async (exchange, body) => {
  requireDepth0(exchange)
  requireOneProp(body, 0)
  const property = child(body, dav('principal-property'))
  const self = child(body, dav('self'))
  if ((property === null) === (self === null))
    throw badRequest('DAV:principal-match holds DAV:self or DAV:principal-property')
  const own = userHref(exchange.person.name)
  if (!property) return answer(exchange, propertyRequest(body), entry => entry.href === own)
  const [name] = children(property).map(node => node.name)
  if (name === undefined) throw badRequest('DAV:principal-property names a property')
  const { byPath: personal } = await personalOf(exchange)
  const question = { request: propertyRequest(body), minimal: exchange.prefer.minimal, personal }
  const entries = await entriesBelow(exchange, exchange.place)
  const found = entries.filter(entry => (entry.property(name, personal) ?? '').includes(`>${own}<`))
  await sendMultistatus(
    exchange.response,
    found.map(entry => entry.write(question)),
    whenMinimal(exchange.prefer),
  )
}

/**
 * RFC 3744 §9.2: the principals an access control list names; ours name whoever asks.
 * @throws DavError 403 at the home, whose list nobody may read
 */
export const aclPrincipalPropSet: Report = async (exchange, body) => {
  requireDepth0(exchange)
  requireOneProp(body, 1)
  if (exchange.place.kind === 'home') {
    throw needPrivilege(homeHref, 'read-acl', 'The home has no access list of its own: ask a calendar')
  }
  await answer(exchange, propertyRequest(body), entry => entry.href === userHref(exchange.person.name))
}
