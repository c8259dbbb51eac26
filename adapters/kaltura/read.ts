/**
 * Reading rows. `list` asks Kaltura's index, which lags behind and ends at 10,000 rows, so it is walked by time stamp in
 * pages that never reach that far; a list by `idIn` alone, and everything about links, comes from the database itself.
 */
import { Unavailable } from '../../src/errors.ts'
import { ApiFailure, meaningOf } from './errors.ts'
import type { Links } from './item.ts'
import { type EventRow, isFields, type LinkRow, number, readEvent, readLink } from './rows.ts'
import { services } from './sdk.ts'
import type { Ask, KalturaSession } from './session.ts'

/** KalturaFilterPager takes no more. */
export const PAGE = 500
/** Values of an In filter: the index cuts the list in silence at 150, the database at 500. */
const INDEX_VALUES = 100
export const DATABASE_VALUES = 400
/** Lists asked for in one multirequest. */
const LISTS = 5
/** Pages of one query: offset 10,000 is refused (QUERY_EXCEEDED_MAX_MATCHES_ALLOWED). */
const MAX_PAGES = 10_000 / PAGE

type Filter = { readonly [field: string]: string | number }

export interface Page<T> {
  readonly rows: readonly T[]
  readonly total: number
}

const pager = (pageIndex: number, pageSize = PAGE) => ({ objectType: 'KalturaFilterPager', pageSize, pageIndex })

export const listEvents =
  (filter: Filter, pageIndex = 1, pageSize = PAGE): Ask =>
  () =>
    services.scheduleEvent.listAction(
      { objectType: 'KalturaScheduleEventFilter', ...filter },
      pager(pageIndex, pageSize),
    )

/** Blackouts must not hide what they overlap. */
export const listLinks =
  (filter: Filter, pageIndex = 1): Ask =>
  () =>
    services.scheduleEventResource.listAction(
      { objectType: 'KalturaScheduleEventResourceFilter', ...filter },
      pager(pageIndex),
      false,
    )

/** @throws Unavailable for what is no list: a partial read must not look like a whole one */
export function readPage<T>(answer: unknown, read: (value: unknown) => T | null): Page<T> {
  if (!isFields(answer) || !Array.isArray(answer.objects))
    throw new Unavailable('Kaltura answered a list without objects')
  return { rows: answer.objects.map(read).filter(row => row !== null), total: number(answer.totalCount) }
}

/** One answer of several. */
export function pageOf<T>(answer: unknown, action: string, read: (value: unknown) => T | null): Page<T> {
  if (answer instanceof ApiFailure) throw meaningOf(answer, action)
  return readPage(answer, read)
}

interface Walk<T> {
  readonly list: (bound: Filter, pageIndex: number) => Promise<Page<T>>
  /** The stamp the list is ordered by, ascending, and its filter. */
  readonly stamp: (row: T) => number
  readonly bound: (from: number) => Filter
  readonly key: (row: T) => string
  /** Pages that one query lets be read. */
  readonly maxPages: number
}

/**
 * Everything from `from` on (`null`: from the beginning). Each page begins at the last stamp seen, not at an offset:
 * rows that are written meanwhile move to the end and would else push others across the page boundary, unseen.
 * @param crowded reads all rows of one stamp that has more than a query may page through
 */
async function walk<T>(
  { list, stamp, bound, key, maxPages }: Walk<T>,
  from: number | null,
  crowded: (at: number) => Promise<readonly T[]>,
): Promise<T[]> {
  const seen = new Map<string, T>()
  let at = from
  let page = 1
  for (;;) {
    const { rows, total } = await list(at === null ? {} : bound(at), page)
    for (const row of rows) seen.set(key(row), row)
    if (total <= page * PAGE) return [...seen.values()]
    const last = rows.reduce((latest, row) => Math.max(latest, stamp(row)), at ?? 0)
    if (last > (at ?? 0)) {
      at = last
      page = 1
    } else if (page < maxPages) page++
    else {
      for (const row of await crowded(last)) seen.set(key(row), row)
      at = last + 1
      page = 1
    }
  }
}

const refuseCrowd =
  (what: string) =>
  (at: number): Promise<never> =>
    Promise.reject(
      new Unavailable(`Kaltura has more than 10,000 ${what} of one moment (${at}), more than it lets anybody read`),
    )

export function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

export class Reader {
  readonly #session: KalturaSession

  constructor(session: KalturaSession) {
    this.#session = session
  }

  async events(filter: Filter, pageIndex = 1): Promise<Page<EventRow>> {
    return readPage(await this.#session.get(listEvents(filter, pageIndex)), readEvent)
  }

  /** All rows the filter lets through that were changed at or after `since`, by the index. */
  walk(filter: Filter, since: number | null): Promise<EventRow[]> {
    return this.#walk(filter, 'updatedAt', since, at =>
      this.#walk(
        { ...filter, updatedAtGreaterThanOrEqual: at, updatedAtLessThanOrEqual: at },
        'startDate',
        null,
        refuseCrowd('events'),
      ),
    )
  }

  #walk(
    filter: Filter,
    stamp: 'updatedAt' | 'startDate',
    from: number | null,
    crowded: (at: number) => Promise<readonly EventRow[]>,
    profile: object | null = null,
  ): Promise<EventRow[]> {
    const steps: Walk<EventRow> = {
      list: async (bound, page) => {
        const list = listEvents({ ...filter, ...bound, orderBy: `+${stamp}` }, page)
        return readPage(await this.#session.get(profile ? () => list().setResponseProfile(profile) : list), readEvent)
      },
      stamp: row => row[stamp],
      bound: at => ({ [`${stamp}GreaterThanOrEqual`]: at }),
      key: ({ id }) => String(id),
      maxPages: MAX_PAGES,
    }
    return walk(steps, from, crowded)
  }

  /** The ids of all series and single events, by the index. */
  async ids(): Promise<number[]> {
    // Of occurrences, a profile that names only fields they have would answer with their series instead.
    const responseProfile = {
      objectType: 'KalturaDetachedResponseProfile',
      type: 1,
      fields: 'id,startDate,endDate,updatedAt,linkedTo',
    }
    const rows = await this.#walk(
      { recurrenceTypeIn: '0,1' },
      'updatedAt',
      null,
      refuseCrowd('events'),
      responseProfile,
    )
    return rows.map(({ id }) => id)
  }

  /** Rows by id, from the database: what is not among them is gone. */
  async byId(ids: readonly number[]): Promise<EventRow[]> {
    const rows: EventRow[] = []
    for (const some of chunks([...new Set(ids)], DATABASE_VALUES)) {
      rows.push(...(await this.events({ idIn: some.join() })).rows)
    }
    return rows
  }

  /** Series and single events with one of these reference ids, by the index, which only knows words: compared again. */
  async byReference(references: readonly string[]): Promise<EventRow[]> {
    const wanted = new Set(references)
    const [plain, odd] = [[...wanted].filter(isListable), [...wanted].filter(reference => !isListable(reference))]
    const filters: Filter[] = [
      ...[...chunks(plain, INDEX_VALUES)].map(some => ({ referenceIdIn: some.join() })),
      ...odd.map(reference => ({ referenceIdEqual: reference })),
    ]
    const rows: EventRow[] = []
    for (const some of chunks(
      filters.map(filter => ({ ...filter, recurrenceTypeIn: '0,1' })),
      LISTS,
    )) {
      const answers = await this.#session.askAll(some.map(filter => listEvents(filter)))
      for (const [index, filter] of some.entries()) {
        const page = pageOf(answers[index], 'schedule_scheduleevent list', readEvent)
        rows.push(...(page.total <= PAGE ? page.rows : await this.walk(filter, null)))
      }
    }
    return rows.filter(row => row.recurrenceType !== 2 && wanted.has(row.referenceId))
  }

  /** The occurrences of these series, by the index. */
  async children(parents: readonly number[]): Promise<EventRow[]> {
    const rows: EventRow[] = []
    for (const some of chunks([...new Set(parents)], INDEX_VALUES)) {
      rows.push(...(await this.walk({ parentIdIn: some.join() }, null)))
    }
    return rows
  }

  /** Rows by id and their links, from the database, in one request where that is enough. */
  async rowsWithLinks(ids: readonly number[]): Promise<{ rows: EventRow[]; links: Links }> {
    const rows: EventRow[] = []
    const links = new Map<number, readonly number[]>()
    for (const some of chunks([...new Set(ids)], DATABASE_VALUES)) {
      const [events, linked] = await this.#session.askAll([
        listEvents({ idIn: some.join() }),
        listLinks({ eventIdIn: some.join(), orderBy: '+createdAt' }),
      ])
      rows.push(...pageOf(events, 'schedule_scheduleevent list', readEvent).rows)
      const page = pageOf(linked, 'schedule_scheduleeventresource list', readLink)
      const found = page.total <= PAGE ? byEvent(page.rows) : await this.links(some)
      for (const [id, resourceIds] of found) links.set(id, resourceIds)
    }
    return { rows, links }
  }

  /** The links of these events, from the database. */
  async links(eventIds: readonly number[]): Promise<Links> {
    const links: LinkRow[] = []
    for (const some of chunks([...new Set(eventIds)], DATABASE_VALUES)) {
      links.push(...(await this.#links({ eventIdIn: some.join() })))
    }
    return byEvent(links)
  }

  /** Every link of the account. */
  async allLinks(): Promise<Links> {
    return byEvent(await this.#links({}))
  }

  #links(filter: Filter): Promise<LinkRow[]> {
    const steps: Walk<LinkRow> = {
      list: async (bound, page) =>
        readPage(await this.#session.get(listLinks({ ...filter, ...bound, orderBy: '+createdAt' }, page)), readLink),
      stamp: ({ createdAt }) => createdAt,
      bound: at => ({ createdAtGreaterThanOrEqual: at }),
      key: ({ eventId, resourceId }) => `${eventId} ${resourceId}`,
      maxPages: Number.POSITIVE_INFINITY,
    }
    return walk(steps, null, refuseCrowd('resource links'))
  }
}

/** Commas separate the values of an In filter, and nothing escapes them. */
const isListable = (reference: string): boolean => !reference.includes(',') && reference === reference.trim()

export function byEvent(links: readonly LinkRow[]): Links {
  const found = new Map<number, number[]>()
  for (const { eventId, resourceId } of links) {
    const known = found.get(eventId)
    if (known) known.push(resourceId)
    else found.set(eventId, [resourceId])
  }
  return found
}
