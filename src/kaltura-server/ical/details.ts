import type { Row } from '../../store/database.ts'
import type { Account } from '../call.ts'
import { type Event, findEvents } from '../events/event.ts'
import { words } from '../events/index-entry.ts'
import { ResourceStatus } from '../schema/enums.ts'
import { Conditions, rowsWhere } from '../storage/rows.ts'
import type { Output } from '../wire/output.ts'

/** Endpoints and credentials of a live entry; null fields are written empty. */
interface LiveEntry {
  readonly primaryBroadcastingUrl: string
  readonly secondaryBroadcastingUrl: string
  readonly primaryRtspBroadcastingUrl: string
  readonly secondaryRtspBroadcastingUrl: string
  readonly streamName: string
  readonly streamUsername: string
  readonly streamPassword: string
}

/** What iCalendar says of an event beyond its own fields. */
export interface Details {
  /** Own links, or else those of the series; never resource 0. */
  readonly resourceIds: readonly number[]
  /** Names of the resources linked to the event itself or its series, for an event without a location. */
  readonly resourceNames: readonly string[]
  readonly parentUid: string | null
  readonly liveEntry: LiveEntry | null
  /** Full ids of the categories, such as `12>44`. */
  readonly categoryPaths: readonly string[]
  /** Of an occurrence: when it was to start before anybody moved it (epoch seconds). */
  readonly originalStart: number | null
  /** Of an occurrence: its series. */
  readonly parent: Event | null
  /** The event, or its series, is the first of all that carry its reference: nothing keeps references unique. */
  readonly ownsReference: boolean
}

interface LinkRow extends Row {
  readonly event_id: number
  readonly resource_id: number
}

const LIVE_STREAM = '7'

async function liveEntries(account: Account, objects: readonly Output[]): Promise<Map<string, LiveEntry>> {
  const ids = new Set(
    objects.flatMap(object => (typeof object.templateEntryId === 'string' ? object.templateEntryId : [])),
  )
  const rows = await rowsWhere<{ id: string; type: string; own: string }>(account.database, 'kaltura_entry', 'id', [
    ...ids,
  ])
  const text = (own: Record<string, unknown>, name: string): string => String(own[name] ?? '')
  return new Map(
    rows
      .filter(row => row.type === LIVE_STREAM)
      .map(row => {
        const own = JSON.parse(row.own) as Record<string, unknown>
        return [
          row.id,
          {
            primaryBroadcastingUrl: text(own, 'primaryBroadcastingUrl'),
            secondaryBroadcastingUrl: text(own, 'secondaryBroadcastingUrl'),
            primaryRtspBroadcastingUrl: text(own, 'primaryRtspBroadcastingUrl'),
            secondaryRtspBroadcastingUrl: text(own, 'secondaryRtspBroadcastingUrl'),
            streamName: text(own, 'streamName'),
            streamUsername: text(own, 'streamUsername'),
            streamPassword: text(own, 'streamPassword'),
          },
        ]
      }),
  )
}

const uidOf = (event: Event | null): string | null =>
  event && typeof event.own.referenceId === 'string' && event.own.referenceId !== '' ? event.own.referenceId : null

/** Ids of events whose reference an older event carries too. */
async function latecomers(account: Account, events: Iterable<Event>): Promise<Set<number>> {
  const references = new Set([...events].flatMap(event => words(uidOf(event) ?? '') || []))
  if (references.size === 0) return new Set()
  const where = new Conditions()
    .add('partner_id = ?', account.partner.id)
    .add('parent_id IS NULL')
    .oneOf('reference', [...references])
  const rows = await account.database.query<{ id: number; reference: string }>(
    `SELECT id, reference FROM kaltura_event_index WHERE ${where.sql}`,
    where.values,
  )
  const shared = [...Map.groupBy(rows, row => row.reference).values()].filter(group => group.length > 1).flat()
  const found = await findEvents(
    account.database,
    shared.map(row => row.id),
  )
  const first = new Map<string, number>()
  for (const event of found.sort((a, b) => a.id - b.id))
    first.set(uidOf(event) ?? '', first.get(uidOf(event) ?? '') ?? event.id)
  return new Set(found.filter(event => first.get(uidOf(event) ?? '') !== event.id).map(event => event.id))
}

/** Reads, in a few queries for all of them, what the calendar says of these objects. */
export async function readDetails(account: Account, objects: readonly Output[]): Promise<Map<Output, Details>> {
  const { database } = account
  const ids = objects.flatMap(object => (typeof object.id === 'number' ? object.id : []))
  const events = new Map((await findEvents(database, ids)).map(event => [event.id, event]))
  const parentIds = [...events.values()].flatMap(event => event.parentId ?? [])
  for (const parent of await findEvents(
    database,
    [...new Set(parentIds)].filter(id => !events.has(id)),
  ))
    events.set(parent.id, parent)
  const links = await rowsWhere<LinkRow>(database, 'kaltura_event_resource', 'event_id', [...events.keys()])
  const linked = Map.groupBy(
    links.filter(link => link.resource_id !== 0).sort((a, b) => a.resource_id - b.resource_id),
    link => link.event_id,
  )
  const resources = await rowsWhere<{ id: number; name: string; status: number }>(database, 'kaltura_resource', 'id', [
    ...new Set(links.map(link => link.resource_id)),
  ])
  const names = new Map(resources.filter(row => row.status !== ResourceStatus.deleted).map(row => [row.id, row.name]))
  const entries = await liveEntries(account, objects)
  const late = await latecomers(account, events.values())
  return new Map(
    objects.map(object => {
      const event = typeof object.id === 'number' ? (events.get(object.id) ?? null) : null
      const parent = event?.parentId ? (events.get(event.parentId) ?? null) : null
      const own = (event && linked.get(event.id)) ?? (parent && linked.get(parent.id)) ?? []
      const resourceIds = own.map(link => link.resource_id)
      return [
        object,
        {
          resourceIds,
          resourceNames: resourceIds.flatMap(id => names.get(id) ?? []),
          parentUid: uidOf(parent),
          liveEntry: entries.get(String(object.templateEntryId ?? '')) ?? null,
          categoryPaths: [],
          originalStart: event && typeof event.own.originalStartDate === 'number' ? event.own.originalStartDate : null,
          parent,
          ownsReference: !late.has(parent?.id ?? event?.id ?? 0),
        },
      ]
    }),
  )
}
