import type { Database } from '../../store/database.ts'
import { apiError } from '../api-error.ts'
import type { Call } from '../call.ts'
import { EventStatus } from '../schema/enums.ts'
import { orderBy } from '../storage/order.ts'
import { Conditions } from '../storage/rows.ts'
import { type Input, isSent, numberIn, textIn } from '../wire/input.ts'
import { csv, toInt } from '../wire/values.ts'
import { typeOfFilter } from './classes.ts'
import { type Event, findEvents } from './event.ts'
import { catchUp, words } from './index-entry.ts'

/** Longer lists are cut silently: the index takes 150, the database 500. */
const MAX_IN_INDEX = 150
const MAX_IN_DATABASE = 500
/** Longer than anything that is indexed. */
const MAX_WORD = 1000
/** The index gives no more than its first 10,000 matches. */
const MAX_MATCHES = 10_000

export interface Page {
  readonly size: number
  readonly offset: number
}

const DEFAULT_PAGE_SIZE = 30
const MAX_PAGE_SIZE = 500

/** pageSize within 0 to 500 (30 when not given), pageIndex from 1. */
export function pageOf(pager: Input | null): Page {
  const asked = pager ? numberIn(pager, 'pageSize') : null
  const size = Math.max(0, Math.min(asked ?? DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE))
  const index = Math.max(1, (pager && numberIn(pager, 'pageIndex')) ?? 1)
  return { size, offset: (index - 1) * size }
}

/** Columns that both the table and the index have. */
const NUMBERS: Readonly<Record<string, string>> = {
  id: 'id',
  parentId: 'parent_id',
  status: 'status',
  recurrenceType: 'recurrence_type',
  priority: 'priority',
}
const RANGES: Readonly<Record<string, string>> = {
  startDate: 'start_date',
  endDate: 'end_date',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  priority: 'priority',
}
const ORDER: ReadonlyMap<string, string> = new Map([...Object.entries(RANGES), ['summary', 'summary']])
const ORDER_IN_DATABASE: ReadonlyMap<string, string> = new Map(Object.entries(RANGES))

/** Filters on words of the index: its column, and how a word of the filter reads there. */
const WORDS: Readonly<Record<string, { column: string; word: (text: string) => string }>> = {
  tags: { column: 'tags', word: words },
  resourceIds: { column: 'resources', word: id => ` ${toInt(id)} ` },
  parentResourceIds: { column: 'resources', word: id => ` r${toInt(id)} ` },
  resourceSystemNames: { column: 'resource_names', word: name => `,${name.toLowerCase()},` },
  entryIds: { column: 'entries', word: words },
  templateEntryCategoriesIds: { column: 'template_categories', word: words },
  categoryIds: { column: 'categories', word: words },
  parentCategoryIds: { column: 'categories', word: id => ` p${toInt(id)} ` },
}

const like = (word: string): string => `%${word.replace(/[\\%_]/g, '\\$&')}%`

function addNumbers(where: Conditions, filter: Input, maxIn: number): void {
  for (const [field, column] of Object.entries(NUMBERS)) {
    const equal = numberIn(filter, `${field}Equal`)
    if (equal !== null) where.add(`${column} = ?`, equal)
    for (const [suffix, negate] of [
      ['In', false],
      ['NotIn', true],
    ] as const) {
      const list = textIn(filter, field + suffix)
      if (list) where.oneOf(column, csv(list).map(toInt).slice(0, maxIn), negate)
    }
  }
  for (const [field, column] of Object.entries(RANGES)) {
    const from = numberIn(filter, `${field}GreaterThanOrEqual`)
    const to = numberIn(filter, `${field}LessThanOrEqual`)
    if (from !== null) where.add(`${column} >= ?`, from)
    if (to !== null) where.add(`${column} <= ?`, to)
  }
}

/** Like: one word; MultiLikeOr, MultiLikeAnd: a list of them. Is any of these asked for? */
function addWords(where: Conditions, filter: Input): boolean {
  let used = false
  for (const [field, { column, word }] of Object.entries(WORDS)) {
    for (const [suffix, joint] of [
      ['Like', null],
      ['MultiLikeOr', ' OR '],
      ['MultiLikeAnd', ' AND '],
    ] as const) {
      const asked = textIn(filter, field + suffix)
      if (!asked) continue
      used = true
      const asWords = (joint === null ? [asked] : csv(asked)).slice(0, MAX_IN_INDEX)
      const texts = asWords.map(text => word(text.slice(0, MAX_WORD))).filter(text => text.trim() !== '')
      const parts = texts.map(() => `${column} LIKE ? ESCAPE '\\'`)
      where.add(parts.length > 0 ? parts.join(joint ?? '') : '1 = 0', ...texts.map(like))
    }
  }
  return used
}

async function checkOwners(database: Database, partnerId: number, owners: readonly string[]): Promise<void> {
  const where = new Conditions().add('partner_id = ?', partnerId).oneOf('id', owners)
  const known = await database.query(`SELECT id FROM kaltura_user WHERE ${where.sql}`, where.values)
  if (known.length === 0) throw apiError('INVALID_USER_ID')
}

/** Equalities on words: a referenceId matches by its words, so case and punctuation do not count. */
async function addTexts(call: Call, where: Conditions, filter: Input): Promise<boolean> {
  const before = where.values.length
  const reference = textIn(filter, 'referenceIdEqual')
  if (reference) where.add('reference = ?', words(reference))
  const references = textIn(filter, 'referenceIdIn')
  if (references) where.oneOf('reference', csv(references).map(words).slice(0, MAX_IN_INDEX))
  const template = textIn(filter, 'templateEntryIdEqual')
  if (template) where.add('template_entry = ?', template)
  const source = textIn(filter, 'sourceEntryIdEqual')
  if (source) where.add('source_entry = ?', source)
  const resource = textIn(filter, 'resourceIdEqual')
  if (resource) where.add('resources = ?', ` ${toInt(resource)} `)
  const asked = [textIn(filter, 'ownerIdEqual') ?? [], csv(textIn(filter, 'ownerIdIn') ?? '')].flat()
  const owners = asked.slice(0, MAX_IN_INDEX)
  if (owners.length > 0) {
    await checkOwners(call.database, call.account.partner.id, owners)
    where.oneOf('owner', owners)
  }
  return where.values.length > before
}

export interface Found {
  readonly events: readonly Event[]
  readonly total: number
}

async function readPage(database: Database, table: string, where: Conditions, order: string, page: Page) {
  const counted = await database.query<{ total: number }>(
    `SELECT count(*) AS total FROM ${table} WHERE ${where.sql}`,
    where.values,
  )
  const ids = await database.query<{ id: number }>(
    `SELECT id FROM ${table} WHERE ${where.sql} ORDER BY ${order} LIMIT ${page.size} OFFSET ${page.offset}`,
    where.values,
  )
  return { ids: ids.map(row => row.id), total: Number(counted[0]?.total ?? 0) }
}

/** Rows are read again by id, deleted ones left out: a page may hold fewer than its size. */
async function inOrder(database: Database, ids: readonly number[]): Promise<Event[]> {
  const found = new Map((await findEvents(database, ids)).map(event => [event.id, event]))
  return ids.flatMap(id => found.get(id) ?? [])
}

/**
 * What `list` finds. Asked by idEqual or idIn and plain columns alone, Kaltura asks its database, which knows every
 * write; anything else goes to the index, which may lag and ends at 10,000 matches.
 */
export async function searchEvents(call: Call, filter: Input, page: Page): Promise<Found> {
  const byId = isSent(filter, 'idEqual') || isSent(filter, 'idIn')
  const where = new Conditions().add('partner_id = ?', call.account.partner.id).add('status <> ?', EventStatus.deleted)
  const type = typeOfFilter(filter.type.name)
  if (type !== null) where.add('type = ?', type)
  addNumbers(where, filter, byId ? MAX_IN_DATABASE : MAX_IN_INDEX)
  const byWords = addWords(where, filter)
  const byText = await addTexts(call, where, filter)
  const inDatabase = byId && !byWords && !byText
  if (!inDatabase && page.offset >= MAX_MATCHES) throw apiError('QUERY_EXCEEDED_MAX_MATCHES_ALLOWED')
  if (!inDatabase) await catchUp(call.database, call.now)
  const table = inDatabase ? 'kaltura_event' : 'kaltura_event_index'
  const { ids, total } = await readPage(
    call.database,
    table,
    where,
    orderBy(textIn(filter, 'orderBy'), inDatabase ? ORDER_IN_DATABASE : ORDER, 'id ASC'),
    page,
  )
  return { events: await inOrder(call.database, ids), total }
}
