import { badRequest } from '../dav/errors.ts'
import { caldav, calendarserver, dav, kaldav } from '../dav/names.ts'
import { propertyRequest } from '../dav/propfind.ts'
import { sendMultistatus, sendXml } from '../dav/respond.ts'
import { document, element, emptyElements } from '../dav/write.ts'
import { attribute, child, children, childrenNamed, textOf, type XmlNode } from '../dav/xml.ts'
import { allPrincipals, type Entry } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { personalOf } from './personal.ts'
import { userHref } from './places.ts'
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

/** DAV:property-search: every property named has to match. */
const searchTest = (node: XmlNode): Test => {
  const prop = child(node, dav('prop'))
  const match = child(node, dav('match'))
  if (!prop || !match) throw badRequest('DAV:property-search holds DAV:prop and DAV:match')
  const wanted = textOf(match).trim().toLowerCase()
  const matches = matchers[attribute(match, 'match-type') ?? 'contains'] ?? matchers.contains
  const names = children(prop).map(({ name }) => name)
  return entry => names.every(name => SEARCHABLE[name] !== undefined && matches?.(textIn(entry, name), wanted))
}

const answer = async (
  exchange: Exchange,
  body: XmlNode,
  test: Test,
  limit = Number.POSITIVE_INFINITY,
): Promise<void> => {
  const { byPath: personal } = await personalOf(exchange)
  const question = { request: propertyRequest(body), minimal: exchange.prefer.minimal, personal }
  const found = (await allPrincipals(exchange)).filter(test).slice(0, limit)
  await sendMultistatus(
    exchange.response,
    found.map(entry => entry.write(question)),
  )
}

/** RFC 3744 §9.4; `test="anyof"` as Apple's clients send it. */
export const principalPropertySearch: Report = async (exchange, body) => {
  const tests = childrenNamed(body, dav('property-search')).map(searchTest)
  if (tests.length === 0) throw badRequest('DAV:principal-property-search holds DAV:property-search')
  const any = attribute(body, 'test') === 'anyof'
  await answer(exchange, body, entry => (any ? tests.some(test => test(entry)) : tests.every(test => test(entry))))
}

/** RFC 3744 §9.5. */
export const principalSearchPropertySet: Report = async ({ response }) => {
  const rows = Object.entries(SEARCHABLE).map(([name, description]) =>
    element(
      dav('principal-search-property'),
      `${element(dav('prop'), emptyElements([name]))}<D:description xml:lang="en">${description}</D:description>`,
    ),
  )
  sendXml(response, 200, document(dav('principal-search-property-set'), rows.join('')))
}

/** Which kinds of principal a person looks for when they fill in this field. */
const CONTEXTS: Readonly<Record<string, readonly string[]>> = {
  user: ['individual'],
  group: [],
  attendee: ['individual', 'room', 'resource'],
  location: ['room'],
  resource: ['resource'],
}

/** A number finds the rooms that seat as many; any other word is looked for in everything a principal says. */
const tokenTest = (token: string): Test => {
  const wanted = token.toLowerCase()
  const seats = /^\d+$/.test(wanted) ? Number(wanted) : null
  return entry =>
    Object.keys(SEARCHABLE).some(name => textIn(entry, name).includes(wanted)) ||
    (seats !== null && Number(textIn(entry, kaldav('capacity'))) >= seats)
}

/** Apple's own search (caldav-principal-search): every word has to be found somewhere. */
export const calendarserverPrincipalSearch: Report = async (exchange, body) => {
  const tokens = childrenNamed(body, calendarserver('search-token')).map(node => textOf(node).trim())
  if (tokens.every(token => token === '')) throw badRequest('The search has no search-token')
  const context = attribute(body, 'context')
  const kinds = context === null ? null : (CONTEXTS[context] ?? [])
  const limit = child(body, calendarserver('limit'))
  const results = limit && child(limit, calendarserver('nresults'))
  const tests = tokens.filter(token => token !== '').map(tokenTest)
  const ofKind: Test = entry => !kinds || kinds.includes(textIn(entry, caldav('calendar-user-type')).trim())
  await answer(
    exchange,
    body,
    entry => ofKind(entry) && tests.every(test => test(entry)),
    results ? Math.max(0, Number(textOf(results)) || 0) : undefined,
  )
}

/** RFC 3744 §9.3: which of these are me. Nothing here belongs to a single person but their principal. */
export const principalMatch: Report = async (exchange, body) => {
  const property = child(body, dav('principal-property'))
  const own = userHref(exchange.person.name)
  const [name] = property ? children(property).map(node => node.name) : []
  await answer(exchange, body, entry =>
    name === undefined ? entry.href === own : (entry.property(name, new Map()) ?? '').includes(`>${own}<`),
  )
}

/** RFC 3744 §9.2: the principals an access control list names; ours name whoever asks. */
export const aclPrincipalPropSet: Report = async (exchange, body) =>
  answer(exchange, body, entry => entry.href === userHref(exchange.person.name))
