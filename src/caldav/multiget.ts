import { badRequest, forbidden } from '../dav/errors.ts'
import { statusResponse } from '../dav/multistatus.ts'
import { dav } from '../dav/names.ts'
import { whenMinimal } from '../dav/prefer.ts'
import { propertyRequest, renderer } from '../dav/propfind.ts'
import { inSlices, sendMultistatus } from '../dav/respond.ts'
import { childrenNamed, textOf, type XmlNode } from '../dav/xml.ts'
import { reportProperties } from './calendar-data.ts'
import { eventTarget } from './entries.ts'
import type { Exchange } from './gateway.ts'
import { MAX_MULTIGET } from './limits.ts'
import { placeOfHref } from './places.ts'
import type { Report } from './report.ts'
import { type Scope, scopesOf } from './scope.ts'
import { loadNamedFor, type Served } from './sources.ts'
import { timezoneChoice } from './timezone-choice.ts'

/** The name an href has inside one of the calendars in scope; `null` where it leads elsewhere. */
const spotOf = (scopes: ReadonlyMap<string, Scope>, href: string): { segment: string; name: string } | null => {
  const place = placeOfHref(href)
  if (place?.kind !== 'event') return null
  const scope = scopes.get(place.calendar)
  if (!scope || (scope.name !== null && scope.name !== place.name)) return null
  return { segment: place.calendar, name: place.name }
}

const BATCH = 200

/** Loads what a batch of hrefs names, calendar by calendar: `segment/name` → event. */
const loadBatch = async (
  exchange: Exchange,
  scopes: ReadonlyMap<string, Scope>,
  spots: readonly ({ readonly segment: string; readonly name: string } | null)[],
): Promise<ReadonlyMap<string, Served>> => {
  const found = new Map<string, Served>()
  const bySegment = Map.groupBy(
    spots.filter(spot => spot !== null),
    ({ segment }) => segment,
  )
  for (const [segment, own] of bySegment) {
    const calendar = scopes.get(segment)?.calendar
    if (!calendar) continue
    const names = own.map(({ name }) => name)
    for (const event of await loadNamedFor(exchange, calendar, names)) {
      found.set(`${segment}/${event.member.name}`, event)
    }
  }
  return found
}

async function* responses(
  exchange: Exchange,
  scopes: ReadonlyMap<string, Scope>,
  hrefs: readonly string[],
  body: XmlNode,
): AsyncGenerator<string> {
  const row = renderer(
    propertyRequest(body),
    reportProperties(body, timezoneChoice(exchange.request.headers)),
    exchange.prefer.minimal,
  )
  const targets = new Map(
    [...scopes].map(([segment, { calendar, zone }]) => [segment, eventTarget(exchange, { ...calendar, zone })]),
  )
  for (let start = 0; start < hrefs.length; start += BATCH) {
    const batch = hrefs.slice(start, start + BATCH)
    const spots = batch.map(href => spotOf(scopes, href))
    const loaded = await loadBatch(exchange, scopes, spots)
    // The href is given back letter by letter: clients compare it with the one they asked for.
    yield* inSlices(batch.entries(), ([index, href]) => {
      const spot = spots[index]
      const event = spot && loaded.get(`${spot.segment}/${spot.name}`)
      const target = spot && targets.get(spot.segment)
      return event && target ? row.render(target(event.member, event.details, href), href) : statusResponse(href, 404)
    })
  }
}

/** RFC 4791 §7.9. One bad href is a 404 among the others. */
export const multiget: Report = async (exchange, body) => {
  const { prefer, response } = exchange
  const hrefs = [...new Set(childrenNamed(body, dav('href')).map(node => textOf(node).trim()))]
  if (hrefs.length === 0) throw badRequest('calendar-multiget names no DAV:href')
  if (hrefs.length > MAX_MULTIGET) {
    throw forbidden(dav('number-of-matches-within-limits'), `One request may name ${MAX_MULTIGET} events`)
  }
  reportProperties(body, timezoneChoice(exchange.request.headers))
  const scopes = new Map((await scopesOf(exchange)).map(scope => [scope.calendar.segment, scope]))
  await sendMultistatus(response, responses(exchange, scopes, hrefs, body), whenMinimal(prefer))
}
