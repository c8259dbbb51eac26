import { caldav } from '../dav/names.ts'
import { whenMinimal } from '../dav/prefer.ts'
import { propertyRequest, renderer } from '../dav/propfind.ts'
import { inSlices, sendMultistatus } from '../dav/respond.ts'
import { child, textOf, type XmlNode } from '../dav/xml.ts'
import type { Window } from '../schedule/recurrence.ts'
import type { Member } from '../store/store.ts'
import { reportProperties } from './calendar-data.ts'
import { eventTarget } from './entries.ts'
import { type ComponentFilter, parseFilter } from './filter.ts'
import type { Exchange } from './gateway.ts'
import { matchesFilter } from './match.ts'
import { eventHref } from './places.ts'
import type { Report } from './report.ts'
import { type Scope, scopesOf } from './scope.ts'
import { loadFor, sourceOf } from './sources.ts'
import { invalidFilter } from './time-range.ts'
import { timezoneChoice } from './timezone-choice.ts'
import { zoneOfTimezone, zoneOfTimezoneId } from './zones.ts'

/** What a filter says in terms of the occurrence index. */
interface Plan {
  readonly filter: ComponentFilter
  /** Times of events; `null`: any. */
  readonly window: Window | null
  /** Whether the index alone decides: nothing but VEVENT and its time range is asked. */
  readonly exact: boolean
  /** Whether events cannot match at all. */
  readonly nothing: boolean
  readonly zone: string | null
}

const EVENTLESS: ReadonlySet<string> = new Set(['VTODO', 'VJOURNAL', 'VFREEBUSY'])

const planOf = (filter: ComponentFilter): Omit<Plan, 'zone'> => {
  const { components, properties, isNotDefined } = filter
  const events = components.filter(({ name }) => name === 'VEVENT')
  const [only] = components
  const window = events.length === 1 ? (events[0]?.timeRange ?? null) : null
  const plain = (part: ComponentFilter): boolean =>
    !part.isNotDefined && part.properties.length === 0 && part.components.length === 0
  return {
    filter,
    window: events.some(part => part.isNotDefined) ? null : window,
    exact: properties.length === 0 && (!only || (components.length === 1 && only.name === 'VEVENT' && plain(only))),
    nothing: isNotDefined || components.some(part => EVENTLESS.has(part.name) && !part.isNotDefined),
  }
}

const plans = new WeakMap<XmlNode, Plan>()

const plan = (body: XmlNode): Plan => {
  const known = plans.get(body)
  if (known) return known
  const filter = child(body, caldav('filter'))
  if (!filter) throw invalidFilter('a calendar-query has one')
  const timezone = child(body, caldav('timezone'))
  const timezoneId = child(body, caldav('timezone-id'))
  const zone = timezoneId ? zoneOfTimezoneId(textOf(timezoneId)) : timezone ? zoneOfTimezone(textOf(timezone)) : null
  const made = { ...planOf(parseFilter(filter)), zone }
  plans.set(body, made)
  return made
}

const BATCH = 200

/** The members that may match; the filter decides later where the index alone does not. */
const candidates = async (exchange: Exchange, scope: Scope, asked: Plan): Promise<readonly Member[]> => {
  const { calendar, name } = scope
  const source = sourceOf(calendar)
  const zone = asked.zone ?? scope.zone
  if (name === null) return source.within(exchange.gateway, calendar, asked.window, zone)
  const member = await source.member(exchange.gateway, calendar, name)
  return member ? [member] : []
}

async function* responses(exchange: Exchange, scope: Scope, body: XmlNode, asked: Plan): AsyncGenerator<string> {
  const { prefer } = exchange
  const { calendar } = scope
  const row = renderer(
    propertyRequest(body),
    reportProperties(body, timezoneChoice(exchange.request.headers)),
    prefer.minimal,
  )
  const zone = asked.zone ?? scope.zone
  const target = eventTarget(exchange, { ...calendar, zone })
  const sure = asked.exact && (asked.window === null || (zone === calendar.zone && scope.name === null))
  const write = (member: Member, details: Parameters<typeof target>[1]): string => {
    const href = eventHref(calendar.segment, member.name)
    return row.render(target(member, details, href), href)
  }
  const members = await candidates(exchange, scope, asked)
  if (sure && !row.needsEvent) return yield* inSlices(members, member => write(member, null))
  for (let start = 0; start < members.length; start += BATCH) {
    const served = await loadFor(exchange, calendar, members.slice(start, start + BATCH))
    yield* inSlices(served, ({ member, details }) =>
      sure || matchesFilter(asked.filter, { body: details.body, event: details.event(), zone })
        ? write(member, details)
        : '',
    )
  }
}

/** RFC 4791 §7.8. Depth says nothing here: Windows asks with Depth 0 and means the events. */
export const query: Report = async (exchange, body) => {
  const asked = plan(body)
  reportProperties(body, timezoneChoice(exchange.request.headers))
  const scopes = await scopesOf(exchange)
  const parts = async function* (): AsyncGenerator<string> {
    for (const scope of asked.nothing ? [] : scopes) yield* responses(exchange, scope, body, asked)
  }
  await sendMultistatus(exchange.response, parts(), whenMinimal(exchange.prefer))
}
