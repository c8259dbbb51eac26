import type { Database, Row, SqlValue } from '../../store/database.ts'
import { EventStatus } from '../schema/enums.ts'
import { putRows, rowsWhere } from '../storage/rows.ts'
import { csv } from '../wire/values.ts'
import { type Event, type EventRow, findEvents, textOf, toEvent } from './event.ts'

/**
 * The search index behind `list`: one entry per event, of its own columns only (an untouched occurrence has no owner,
 * tags, reference or template entry here), with the resources linked to it or else to its series.
 */
const COLUMNS = [
  'id',
  'partner_id',
  'parent_id',
  'type',
  'status',
  'recurrence_type',
  'start_date',
  'end_date',
  'priority',
  'created_at',
  'updated_at',
  'summary',
  'owner',
  'template_entry',
  'source_entry',
  'reference',
  'tags',
  'resources',
  'resource_names',
  'entries',
  'categories',
  'template_categories',
]

interface LinkRow extends Row {
  readonly event_id: number
  readonly resource_id: number
  readonly ancestors: string
}

/** The words of a text as the index compares them: lower case, punctuation apart. */
export function words(text: string): string {
  const found = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu)
  return found ? ` ${found.join(' ')} ` : ''
}

const list = (values: readonly (string | number)[]): string =>
  values.length > 0 ? ` ${[...new Set(values.map(String))].join(' ')} ` : ''

function resourceWords(links: readonly LinkRow[]): string {
  return list(links.flatMap(link => [link.resource_id, ...csv(link.ancestors).map(id => `r${id}`)]))
}

interface Around {
  readonly links: readonly LinkRow[]
  readonly ownLinks: readonly LinkRow[]
  readonly names: Names
  readonly templateCategories: ReadonlyMap<string, string>
}

function entryValues(event: Event, { links, ownLinks, names, templateCategories }: Around): SqlValue[] {
  const template = textOf(event.own, 'templateEntryId') ?? ''
  const systemNames = ownLinks.flatMap(link => names.get(link.resource_id) ?? [])
  return [
    event.id,
    event.partnerId,
    event.parentId,
    event.type,
    event.status,
    event.recurrenceType,
    event.startDate,
    event.endDate,
    event.priority ?? 0,
    event.createdAt,
    event.updatedAt,
    textOf(event.own, 'summary') ?? '',
    textOf(event.own, 'ownerId') ?? '',
    template,
    textOf(event.own, 'sourceEntryId') ?? '',
    words(textOf(event.own, 'referenceId') ?? ''),
    words(textOf(event.own, 'tags') ?? ''),
    resourceWords(links),
    systemNames.length > 0 ? `,${systemNames.join(',').toLowerCase()},` : '',
    words(textOf(event.own, 'entryIds') ?? ''),
    words(textOf(event.own, 'categoryIds') ?? ''),
    words(templateCategories.get(template) ?? ''),
  ]
}

type Names = ReadonlyMap<number, string>

async function systemNames(database: Database, links: readonly LinkRow[]): Promise<Names> {
  const ids = [...new Set(links.map(link => link.resource_id))]
  const rows = await rowsWhere<{ id: number; system_name: string }>(database, 'kaltura_resource', 'id', ids)
  return new Map(rows.filter(row => row.system_name !== '').map(row => [row.id, row.system_name]))
}

async function categoriesOfTemplates(database: Database, events: readonly Event[]): Promise<Map<string, string>> {
  const ids = new Set(events.flatMap(event => textOf(event.own, 'templateEntryId') || []))
  const rows = await rowsWhere<{ id: string; own: string }>(database, 'kaltura_entry', 'id', [...ids])
  return new Map(rows.map(({ id, own }) => [id, (JSON.parse(own) as { categoriesIds?: string }).categoriesIds ?? '']))
}

function byEvent(links: readonly LinkRow[]): Map<number, LinkRow[]> {
  return Map.groupBy(links, link => link.event_id)
}

/** Writes the index entries of these events as they are now. */
async function write(database: Database, events: readonly Event[]): Promise<void> {
  const ids = new Set<number>()
  for (const event of events) {
    ids.add(event.id)
    if (event.parentId !== null) ids.add(event.parentId)
  }
  const links = await linksOf(database, [...ids])
  const names = await systemNames(database, links)
  const of = byEvent(links)
  const templateCategories = await categoriesOfTemplates(database, events)
  const entries = events.map(event => {
    const own = of.get(event.id) ?? []
    const effective = own.length > 0 || event.parentId === null ? own : (of.get(event.parentId) ?? [])
    return entryValues(event, { links: effective, ownLinks: own, names, templateCategories })
  })
  await putRows(database, 'kaltura_event_index', COLUMNS, entries, 'id')
}

const CHUNK = 500

async function linksOf(database: Database, ids: readonly number[]): Promise<LinkRow[]> {
  const found: LinkRow[] = []
  for (let at = 0; at < ids.length; at += CHUNK)
    found.push(...(await rowsWhere<LinkRow>(database, 'kaltura_event_resource', 'event_id', ids.slice(at, at + CHUNK))))
  return found.sort((a, b) => a.resource_id - b.resource_id)
}

async function drop(database: Database, ids: readonly number[]): Promise<void> {
  for (let at = 0; at < ids.length; at += CHUNK) {
    const chunk = ids.slice(at, at + CHUNK)
    const holders = chunk.map((_, index) => `$${index + 1}`).join(', ')
    await database.query(`DELETE FROM kaltura_event_index WHERE id IN (${holders})`, chunk)
  }
}

/** Brings the entries of these ids to what the tables say now; entries of gone events go. */
async function refresh(database: Database, ids: readonly number[]): Promise<void> {
  const events: Event[] = []
  for (let at = 0; at < ids.length; at += CHUNK) events.push(...(await findEvents(database, ids.slice(at, at + CHUNK))))
  await write(database, events)
  const present = new Set(events.map(event => event.id))
  await drop(
    database,
    ids.filter(id => !present.has(id)),
  )
}

interface When {
  readonly now: number
  /** Seconds until the index knows. */
  readonly lag: number
}

/** Makes the index say what the events of these ids are: at once, or when `lag` seconds have passed. */
export async function indexEvents(database: Database, ids: readonly number[], when: When): Promise<void> {
  if (ids.length === 0) return
  if (when.lag <= 0) return refresh(database, ids)
  const due = when.now + when.lag
  await putRows(
    database,
    'kaltura_index_due',
    ['id', 'due_at'],
    ids.map(id => [id, due]),
    'id',
  )
}

/** The same for events that have just been stored, which need not be read again. */
export async function indexStored(database: Database, events: readonly Event[], when: When): Promise<void> {
  const idsOf = (some: readonly Event[]): number[] => some.map(event => event.id)
  if (when.lag > 0) return indexEvents(database, idsOf(events), when)
  await write(
    database,
    events.filter(event => event.status !== EventStatus.deleted),
  )
  await drop(database, idsOf(events.filter(event => event.status === EventStatus.deleted)))
}

/** Applies what has become due; called before every search. */
export async function catchUp(database: Database, now: number): Promise<void> {
  const due = await database.query<{ id: number }>(`SELECT id FROM kaltura_index_due WHERE due_at <= $1`, [now])
  if (due.length === 0) return
  await database.transaction(async tx => {
    await refresh(
      tx,
      due.map(row => row.id),
    )
    await tx.query(`DELETE FROM kaltura_index_due WHERE due_at <= $1`, [now])
  })
}

/** Ids of the series and its occurrences, which change in the index together. */
export async function familyOf(database: Database, eventId: number): Promise<number[]> {
  const rows = await database.query<EventRow>(`SELECT * FROM kaltura_event WHERE id = $1 OR parent_id = $1`, [eventId])
  return rows
    .map(toEvent)
    .filter(event => event.status !== EventStatus.deleted)
    .map(event => event.id)
}
