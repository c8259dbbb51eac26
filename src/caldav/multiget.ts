import { badRequest, forbidden } from '../dav/errors.ts'
import { statusResponse } from '../dav/multistatus.ts'
import { dav } from '../dav/names.ts'
import { applied } from '../dav/prefer.ts'
import { propertyRequest, renderer } from '../dav/propfind.ts'
import { inSlices, sendMultistatus } from '../dav/respond.ts'
import { childrenNamed, textOf } from '../dav/xml.ts'
import { reportProperties } from './calendar-data.ts'
import type { Calendar } from './calendars.ts'
import { eventTarget } from './entries.ts'
import { MAX_MULTIGET } from './limits.ts'
import { calendarAt } from './locate.ts'
import { placeOfHref } from './places.ts'
import type { Report } from './report.ts'
import { sourceOf } from './sources.ts'

/** The name an href has inside `calendar`; `null` where it leads elsewhere. */
const nameIn = (calendar: Calendar, href: string): string | null => {
  const place = placeOfHref(href)
  return place?.kind === 'event' && place.calendar === calendar.segment ? place.name : null
}

const BATCH = 200

async function* responses(
  exchange: Parameters<Report>[0],
  calendar: Calendar,
  hrefs: readonly string[],
  body: Parameters<Report>[1],
): AsyncGenerator<string> {
  const { gateway, prefer } = exchange
  const source = sourceOf(calendar)
  const row = renderer(propertyRequest(body), reportProperties(body), prefer.minimal)
  const target = eventTarget(exchange, calendar)
  for (let start = 0; start < hrefs.length; start += BATCH) {
    const batch = hrefs.slice(start, start + BATCH)
    const names = batch.map(href => nameIn(calendar, href))
    const members = await source.named(
      gateway,
      calendar,
      names.flatMap(name => name ?? []),
    )
    const served = await source.load(gateway, calendar, [...members.values()])
    const byName = new Map(served.map(event => [event.member.name, event]))
    // The href is given back letter by letter: clients compare it with the one they asked for.
    yield* inSlices(batch.entries(), ([index, href]) => {
      const event = byName.get(names[index] ?? '')
      return event ? row.render(target(event.member, event.details), href) : statusResponse(href, 404)
    })
  }
}

/** RFC 4791 §7.9. One bad href is a 404 among the others. */
export const multiget: Report = async (exchange, body) => {
  const { place, prefer, response } = exchange
  if (place.kind !== 'calendar') throw badRequest('calendar-multiget is asked of a calendar')
  const calendar = await calendarAt(exchange, place.calendar)
  const hrefs = [...new Set(childrenNamed(body, dav('href')).map(node => textOf(node).trim()))]
  if (hrefs.length === 0) throw badRequest('calendar-multiget names no DAV:href')
  if (hrefs.length > MAX_MULTIGET) {
    throw forbidden(dav('number-of-matches-within-limits'), `One request may name ${MAX_MULTIGET} events`)
  }
  const headers = prefer.minimal ? applied('return=minimal') : {}
  await sendMultistatus(response, responses(exchange, calendar, hrefs, body), headers)
}
