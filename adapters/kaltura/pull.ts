/**
 * Reading the account: all of it, or what has changed since a cursor. Kaltura's own words for change are not enough: its
 * list lags, knows no deletions, and does not show that occurrences changed with their series. So what is listed is read
 * again with everything around it, ids are counted each time and compared one by one when the count is wrong, and what
 * seems gone is asked for by id before it counts as gone.
 */
import { setImmediate } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Changes, RemoteEvent } from '../../src/sync/source.ts'
import { claims, itemsOf } from './claims.ts'
import { type Cursor, type HotRow, readCursor, writeCursor } from './cursor.ts'
import { quarterOf } from './expand.ts'
import { type Harvest, harvest, LAG } from './harvest.ts'
import { allRows, groupId, type Item, idOf, isPiece, type Links, topRows } from './item.ts'
import { byEvent, chunks, DATABASE_VALUES, listEvents, listLinks, PAGE, pageOf, type Reader } from './read.ts'
import { type EventRow, readEvent, readLink } from './rows.ts'
import type { KalturaSession } from './session.ts'
import type { AccountContext } from './surroundings.ts'
import { LIVE } from './translate.ts'

/** How far behind the last stamp a read begins, for rows that the index shows late, seconds. */
const OVERLAP = 3 * LAG
/** Ids are compared one by one at least this often, seconds. */
const SCAN_EVERY = 6 * 3600

export interface Pulling {
  readonly session: KalturaSession
  readonly reader: Reader
  readonly context: AccountContext
  readonly log: Logger
  readonly isHeld: (uid: string) => boolean
  /** Rows that a write of ours has deleted or not found. */
  readonly suspects: Set<number>
}

export interface Pulled {
  readonly changes: Changes
  /** Endless series that need their next rows. */
  readonly due: readonly RemoteEvent[]
}

/** Followers move with their leader without a new sequence. */
const stampOf = ({ sequence, status, updatedAt, startDate }: EventRow): string =>
  `${sequence}.${status}.${updatedAt.toString(36)}.${startDate.toString(36)}`

const latest = (rows: readonly EventRow[], from: number): number =>
  rows.reduce((at, { updatedAt }) => Math.max(at, updatedAt), from)

const recentOf = (rows: readonly EventRow[], at: number): Map<number, string> =>
  new Map(rows.filter(({ updatedAt }) => updatedAt >= at - OVERLAP).map(row => [row.id, stampOf(row)]))

const isOccurrence = (row: EventRow): boolean => row.recurrenceType === 2 && row.parentId > 0

function byParent(rows: readonly EventRow[]): Map<number, EventRow[]> {
  const children = new Map<number, EventRow[]>()
  for (const row of rows) {
    const known = children.get(row.parentId)
    if (known) known.push(row)
    else children.set(row.parentId, [row])
  }
  return children
}

const idsOf = (items: readonly Item[]): number[] => items.flatMap(item => allRows(item).map(({ id }) => id))

const groupsOf = (items: readonly Item[]): [string, number[]][] =>
  items.flatMap(item => (item.kind === 'pieces' ? [[item.uid, item.rows.map(({ id }) => id)]] : []))

/**
 * Rows written in the second in which their links were read: a link made or taken away later in that second leaves no
 * trace in the list of changes. The second before counts too, for clocks that do not quite agree, unless that is a great
 * many.
 */
function hotOf(items: readonly Item[], links: Links, second: number): Map<number, HotRow> {
  const since = (from: number) =>
    items.flatMap(item => allRows(item).flatMap(row => (row.updatedAt >= from ? [[item, row] as const] : [])))
  const generous = since(second - 1)
  const hot = generous.length <= DATABASE_VALUES ? generous : since(second)
  return new Map(
    hot.map(([item, row]) => [
      row.id,
      { item: idOf(item), updatedAt: row.updatedAt, resources: inOrder(links.get(row.id) ?? []) },
    ]),
  )
}

const inOrder = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b)

/** Entries whose endpoints a device asks for. */
const liveEntries = (items: readonly Item[]): string[] =>
  items.flatMap(topRows).flatMap(row => (row.objectType === LIVE ? [row.templateEntryId] : []))

/** Everything there is. */
export async function pullAll({ session, reader, context, log, isHeld }: Pulling): Promise<Pulled> {
  const rows = await reader.walk({}, null)
  const [readAt, second] = [session.now(), session.second()]
  const links = await reader.allLinks()
  const top = rows.filter(row => !isOccurrence(row))
  const items = itemsOf(top, byParent(rows.filter(isOccurrence)))
  await context.learnEndpoints(session, liveEntries(items))
  // Ten thousand rows are sorted out in tens of milliseconds: others get their turn in between.
  await setImmediate()
  const claimed = claims(items, top)
  await setImmediate()
  const found = await harvest(claimed, { context, links, now: readAt, isHeld, log })
  const ids = new Set(top.filter(({ recurrenceType }) => recurrenceType !== 2).map(({ id }) => id))
  const at = latest(rows, 0)
  const cursor: Cursor = {
    ...{ at, recent: recentOf(rows, at), ids, groups: new Map(groupsOf(items)), strays: found.strays },
    ...{ count: ids.size, scannedAt: readAt, hot: hotOf(items, links, second) },
    ...{ waiting: new Set(found.unfinished.map(({ id }) => id)), quarter: quarterOf(readAt) },
  }
  const changes: Changes = {
    changed: found.changed,
    removed: [],
    // What is still being written is there, and must not be taken for deleted.
    unreadable: [...found.unreadable, ...found.unfinished, ...found.hidden],
    cursor: writeCursor(cursor),
    completeWithin: { from: null, to: null },
  }
  return { changes, due: found.due }
}

interface News {
  /** Rows that were not seen before, or not like this. */
  readonly rows: readonly EventRow[]
  /** All rows that were listed, as they are now. */
  readonly listed: readonly EventRow[]
  readonly recent: ReadonlyMap<number, string>
  readonly at: number
  /** Series and single events, as the index counts them. */
  readonly count: number
  /** Refs of what has other links than when it was read. */
  readonly relinked: readonly string[]
}

async function readNews({ session, reader }: Pulling, cursor: Cursor): Promise<News> {
  const since = cursor.at > 0 ? { updatedAtGreaterThanOrEqual: cursor.at - OVERLAP } : {}
  const hot = [...chunks([...cursor.hot.keys()], DATABASE_VALUES)]
  const [listed, counted, ...linked] = await session.askAll([
    listEvents({ ...since, orderBy: '-updatedAt' }),
    listEvents({ recurrenceTypeIn: '0,1' }, 1, 1),
    ...hot.map(ids => listLinks({ eventIdIn: ids.join() })),
  ])
  const relinked = hot.flatMap((ids, index) => otherwiseLinked(cursor, ids, linked[index]))
  const action = 'schedule_scheduleevent list'
  const page = pageOf(listed, action, readEvent)
  const isKnown = (row: EventRow) => cursor.recent.get(row.id) === stampOf(row)
  const count = pageOf(counted, action, readEvent).total
  if (page.total === cursor.recent.size && page.rows.every(isKnown)) {
    return { rows: [], listed: page.rows, recent: cursor.recent, at: cursor.at, count, relinked }
  }
  const whole = page.total <= PAGE
  const rows = whole ? page.rows : await reader.walk({}, cursor.at > 0 ? cursor.at - OVERLAP : null)
  const at = latest(rows, cursor.at)
  return { rows: rows.filter(row => !isKnown(row)), listed: rows, recent: recentOf(rows, at), at, count, relinked }
}

/** What of these rows is on other resources now; all of them where the answer does not fit on a page. */
function otherwiseLinked({ hot }: Cursor, ids: readonly number[], answer: unknown): string[] {
  const page = pageOf(answer, 'schedule_scheduleeventresource list', readLink)
  const links = byEvent(page.rows)
  return ids.flatMap(id => {
    const known = hot.get(id)
    const same = inOrder(links.get(id) ?? []).join() === known?.resources.join()
    return known && (page.total > PAGE || !same) ? [known.item] : []
  })
}

interface Census {
  /** Rows that are gone for certain. */
  readonly gone: ReadonlySet<number>
  /** Rows that no list of changes has shown. */
  readonly unseen: readonly number[]
  readonly count: number
  readonly scannedAt: number
}

/** Finds deletions by counting, and only where the count is wrong or it is time by comparing. */
async function takeCensus({ session, reader, suspects }: Pulling, cursor: Cursor, news: News): Promise<Census> {
  const fresh = news.rows.filter(row => row.recurrenceType !== 2 && !cursor.ids.has(row.id)).map(({ id }) => id)
  const gone = await missing(
    reader,
    [...suspects].filter(id => cursor.ids.has(id)),
  )
  const expected = cursor.count + fresh.length - gone.size
  const overdue = session.now() - cursor.scannedAt > SCAN_EVERY
  // More than expected means rows that the index counts and the database has lost, or a change that is yet to be listed.
  if (news.count >= expected && !overdue) {
    return { gone, unseen: [], count: expected, scannedAt: cursor.scannedAt }
  }
  const listed = new Set(await reader.ids())
  const absent = [...cursor.ids].filter(id => !listed.has(id) && !gone.has(id))
  const more = await missing(reader, absent)
  const known = new Set([...cursor.ids, ...fresh])
  const unseen = [...listed].filter(id => !known.has(id))
  return { gone: new Set([...gone, ...more]), unseen, count: news.count, scannedAt: session.now() }
}

async function missing(reader: Reader, ids: readonly number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set()
  const there = new Set((await reader.byId(ids)).map(({ id }) => id))
  return new Set(ids.filter(id => !there.has(id)))
}

/** Rows by id, and groups by UID. */
interface Touched {
  readonly rows: Set<number>
  readonly groups: ReadonlySet<string>
}

/** What has to be read again because of the news, the deletions, and what was left over last time. */
function touchedBy(cursor: Cursor, news: News, census: Census): Touched {
  const groupOf = new Map([...cursor.groups].flatMap(([uid, ids]) => ids.map(id => [id, uid] as const)))
  const rows = new Set<number>(census.unseen)
  const groups = new Set<string>()
  const leftOver = (id: string) => (id.startsWith('uid:') ? groups.add(id.slice(4)) : rows.add(Number(id)))
  for (const row of news.rows) {
    rows.add(isOccurrence(row) ? row.parentId : row.id)
    if (isPiece(row)) groups.add(row.referenceId)
  }
  for (const id of [...news.relinked, ...cursor.waiting]) leftOver(cursor.strays.get(Number(id)) ?? id)
  for (const id of [...census.gone, ...rows]) {
    const uid = groupOf.get(id)
    if (uid !== undefined) groups.add(uid)
  }
  for (const uid of groups) for (const id of cursor.groups.get(uid) ?? []) rows.add(id)
  for (const id of census.gone) rows.delete(id)
  return { rows, groups }
}

/** Whether all is as the cursor says: what most looks find. */
const isNothing = (cursor: Cursor, news: News, census: Census, { rows, groups }: Touched): boolean =>
  rows.size + groups.size + census.gone.size + cursor.hot.size === 0 &&
  news.recent === cursor.recent &&
  census.count === cursor.count &&
  census.scannedAt === cursor.scannedAt

/** What has changed since the cursor. @throws CursorExpired */
export async function pullSince(pulling: Pulling, text: string): Promise<Pulled> {
  const { session, reader, context, log, isHeld, suspects } = pulling
  const cursor = readCursor(text)
  const asked = [...suspects]
  const news = await readNews(pulling, cursor)
  const census = await takeCensus(pulling, cursor, news)
  const touched = touchedBy(cursor, news, census)
  const quarter = quarterOf(session.now())
  const newQuarter = quarter !== cursor.quarter
  if (newQuarter) for (const id of [...cursor.groups.values()].flat()) touched.rows.add(id)
  if (!newQuarter && isNothing(cursor, news, census, touched)) {
    for (const id of asked) suspects.delete(id)
    return { changes: { changed: [], removed: [], unreadable: [], cursor: text }, due: [] }
  }

  await setImmediate()
  const items = await loadItems(pulling, touched.rows, news.listed)
  const [readAt, second] = [session.now(), session.second()]
  const links = await reader.links(idsOf(items))
  await context.learnEndpoints(session, liveEntries(items))
  const found = await harvest(claims(items, await rivals(reader, items)), {
    context,
    links,
    now: readAt,
    isHeld,
    log,
  })

  await setImmediate()
  const ids = new Set(cursor.ids)
  for (const item of items) for (const row of topRows(item)) if (row.recurrenceType !== 2) ids.add(row.id)
  const loaded = new Set(idsOf(items))
  const gone = new Set([...census.gone, ...[...touched.rows].filter(id => cursor.ids.has(id) && !loaded.has(id))])
  for (const id of gone) ids.delete(id)
  const groups = new Map(cursor.groups)
  for (const uid of touched.groups) groups.delete(uid)
  for (const [uid, rows] of groupsOf(items)) groups.set(uid, rows)

  const disbanded = [...touched.groups].filter(uid => !groups.has(uid)).map(groupId)
  const strays = remainingStrays(cursor, found, items, new Set([...[...gone].map(String), ...disbanded]))
  const removed = removedRefs(cursor, { items, gone, groups, strays, touched: touched.groups })
  for (const id of asked) suspects.delete(id)
  const next: Cursor = {
    ...{ at: news.at, recent: news.recent, ids, groups, strays, quarter },
    ...{ count: census.count, scannedAt: census.scannedAt },
    ...{
      hot: new Map([...stillHot(cursor, touched, gone, second), ...hotOf(items, links, second)]),
      waiting: new Set(found.unfinished.map(({ id }) => id)),
    },
  }
  const reported = found.changed.filter(({ ref }) => !removed.has(ref.id))
  const changes = { changed: reported, removed: [...removed], unreadable: found.unreadable, cursor: writeCursor(next) }
  return { changes, due: found.due }
}

/** Rows of what was not read again now, and may still have been written in that second. */
function stillHot({ hot }: Cursor, { rows, groups }: Touched, gone: ReadonlySet<number>, second: number) {
  const again = new Set([...[...rows, ...gone].map(String), ...[...groups].map(groupId)])
  return [...hot].filter(
    ([id, { item, updatedAt }]) => updatedAt >= second - 1 && !again.has(item) && !again.has(String(id)),
  )
}

async function loadItems({ reader }: Pulling, ids: ReadonlySet<number>, listed: readonly EventRow[]): Promise<Item[]> {
  const rows = new Map(listed.filter(row => ids.has(row.id)).map(row => [row.id, row]))
  const unknown = [...ids].filter(id => !rows.has(id))
  for (const row of unknown.length > 0 ? await reader.byId(unknown) : []) rows.set(row.id, row)
  const top = [...rows.values()].filter(row => !isOccurrence(row))
  const series = top.filter(({ recurrenceType }) => recurrenceType === 1).map(({ id }) => id)
  return itemsOf(top, byParent(await reader.children(series)))
}

/** The rows that may claim the same UIDs. */
async function rivals(reader: Reader, items: readonly Item[]): Promise<EventRow[]> {
  const own = items.flatMap(topRows)
  const uids = own.map(({ referenceId }) => referenceId).filter(uid => uid !== '')
  if (uids.length === 0) return own
  const rows = new Map((await reader.byReference(uids)).map(row => [row.id, row]))
  // What was read just now is newer than what the index leads to.
  for (const row of own) rows.set(row.id, row)
  return [...rows.values()]
}

/**
 * Strays that are still there: those of what was read again as they were found, the others as they were known.
 * @param gone refs of what is no longer there
 */
function remainingStrays(
  cursor: Cursor,
  found: Harvest,
  read: readonly Item[],
  gone: ReadonlySet<string>,
): Map<number, string> {
  const again = new Set(read.map(idOf))
  const before = [...cursor.strays].filter(([, parent]) => !again.has(parent) && !gone.has(parent))
  const waiting = new Set(found.unfinished.map(({ id }) => id))
  const kept = [...cursor.strays].filter(([, parent]) => waiting.has(parent))
  return new Map([...before, ...kept, ...found.strays])
}

interface Read {
  readonly items: readonly Item[]
  readonly gone: ReadonlySet<number>
  readonly groups: ReadonlyMap<string, readonly number[]>
  readonly strays: ReadonlyMap<number, string>
  /** UIDs of the groups that were read again. */
  readonly touched: ReadonlySet<string>
}

/** The refs that mean nothing any more. */
function removedRefs(cursor: Cursor, { items, gone, groups, strays, touched }: Read): Set<string> {
  const pieces = new Set([...cursor.groups.values()].flat())
  const removed = new Set([...gone].filter(id => !pieces.has(id)).map(String))
  for (const uid of touched) if (cursor.groups.has(uid) && !groups.has(uid)) removed.add(groupId(uid))
  for (const id of cursor.strays.keys()) if (!strays.has(id)) removed.add(String(id))
  // A row that has become a piece is no longer an event of its own.
  const became = items.flatMap(item => (item.kind === 'pieces' ? item.rows : []))
  for (const { id } of became) if (cursor.ids.has(id) && !pieces.has(id)) removed.add(String(id))
  return removed
}
