import { randomUUID } from 'node:crypto'
import { breathe } from '../breath.ts'
import { TooManyOccurrences } from '../errors.ts'
import { SCHEDULE } from '../schedule/event.ts'
import { occurrences, type Window } from '../schedule/recurrence.ts'
import { etagOf, type Kept, keptColumns, keptEvent, type ParseCache } from './body.ts'
import { changesSince, memberRows, tokenOf } from './change-log.ts'
import { listConflicts } from './conflict-rows.ts'
import type { Database, Row } from './database.ts'
import { listEntries } from './journal.ts'
import { ACCOUNT, expandBeyond, indexed, rollingBeyond } from './occurrence-index.ts'
import { inPages } from './pages.ts'
import { listResources, resourceById, resourceByName } from './resources.ts'
import { ALWAYS } from './spread.ts'
import { inLists, placeholders } from './sql.ts'
import type { CalendarChanges, Conflict, JournalEntry, Member, OccurrenceRow, Resource, StoredEvent } from './types.ts'

/** What all readers of one store share. */
export interface Settings {
  /** IANA: the clock of the account schedule, and of calendars without one of their own. */
  readonly zone: string
  /** Epoch seconds. */
  readonly now: () => number
  readonly parsed: ParseCache
  /** What etags are made with beside the text. */
  readonly etagKey: string
}

const member = (row: Row): Member => ({ name: String(row.name), uid: String(row.uid), etag: String(row.etag) })

/** Whole seconds of years that can be counted. */
const within = (from: number, to: number): Window => ({
  from: Math.floor(Math.max(from, ALWAYS.from)),
  to: Math.ceil(Math.min(to, ALWAYS.to)),
})

/** Every read. `SCHEDULE` (0) stands for the whole account schedule wherever a resource id is asked for. */
export class Reader {
  /** For the parts of the store that live in modules of their own (bindings, users, properties). */
  readonly database: Database
  readonly #settings: Settings

  constructor(database: Database, settings: Settings) {
    this.database = database
    this.#settings = settings
  }

  get zone(): string {
    return this.#settings.zone
  }

  protected get settings(): Settings {
    return this.#settings
  }

  /** An etag of what is not stored but made: as those of events, it cannot be guessed from the text. */
  etagOf(text: string): string {
    return etagOf(text, this.#settings.etagKey)
  }

  /** By id; also disabled and deleted ones. */
  resources(): Promise<Resource[]> {
    return listResources(this.database)
  }

  resource(id: number): Promise<Resource | null> {
    return resourceById(this.database, id)
  }

  resourceBySystemName(name: string): Promise<Resource | null> {
    return resourceByName(this.database, name)
  }

  /** Which database this is. A new or restored one has another epoch, and tokens of an earlier one mean nothing in it. */
  async epoch(): Promise<string> {
    for (;;) {
      const [row] = await this.database.query(`SELECT value FROM meta WHERE key = 'epoch'`)
      if (row) return String(row.value)
      await this.database.query(`INSERT INTO meta (key, value) VALUES ('epoch', $1) ON CONFLICT DO NOTHING`, [
        randomUUID(),
      ])
    }
  }

  event(uid: string): Promise<StoredEvent | null> {
    return this.kept(uid)
  }

  /** In the order asked for; what does not exist is left out. */
  async events(uids: readonly string[]): Promise<StoredEvent[]> {
    const found = new Map<string, StoredEvent>()
    for (const part of inLists(uids)) {
      const rows = await this.database.query(`${keptColumns} WHERE e.uid IN (${placeholders(part.length)})`, part)
      for (const row of rows) found.set(String(row.uid), keptEvent(row, this.#settings.parsed))
    }
    return uids.flatMap(uid => found.get(uid) ?? [])
  }

  async uids(): Promise<string[]> {
    return (await this.database.query('SELECT uid FROM event ORDER BY uid')).map(({ uid }) => String(uid))
  }

  /** The newest token of a calendar: it grows with every change there. */
  token(resourceId: number): Promise<number> {
    return tokenOf(this.database, resourceId)
  }

  /** By name. */
  async members(resourceId: number): Promise<Member[]> {
    const found: Member[] = []
    const sql = `SELECT name, uid, etag FROM ${memberRows} m WHERE resource_id = $1 ORDER BY name`
    await inPages(this.database, sql, [resourceId], row => found.push(member(row)))
    return found
  }

  async member(resourceId: number, name: string): Promise<Member | null> {
    const [row] = await this.database.query(
      `SELECT name, uid, etag FROM ${memberRows} m WHERE resource_id = $1 AND name = $2`,
      [resourceId, name],
    )
    return row ? member(row) : null
  }

  async memberOf(resourceId: number, uid: string): Promise<Member | null> {
    const [row] = await this.database.query(
      `SELECT name, uid, etag FROM ${memberRows} m WHERE uid = $1 AND resource_id = $2`,
      [uid, resourceId],
    )
    return row ? member(row) : null
  }

  /**
   * What has changed since `token`, oldest change first; 0 is before everything, and gives no removals.
   * @throws CursorExpired for a token that was never given or is older than what is remembered (180 days)
   */
  changesSince(resourceId: number, token: number, limit?: number): Promise<CalendarChanges> {
    return changesSince(this.database, resourceId, token, limit)
  }

  /**
   * The occurrences that overlap [from, to), epoch seconds, by start; one without length where from <= start < to. For
   * `ACCOUNT` those of blackouts that hold for every resource.
   * Between 1 year back and 3 ahead it is a range scan; beyond, series that go on are expanded.
   * @throws TooManyOccurrences
   */
  async occurrencesIn(resourceId: number, from: number, to: number): Promise<OccurrenceRow[]> {
    const window = within(from, to)
    const rows = await indexed(this.database, resourceId, window)
    const series = await this.#rolling(resourceId, window)
    const beyond = series.length > 0 ? await expandBeyond(series, window, await this.#zoneOf(resourceId)) : []
    rows.push(...beyond.filter(({ blackout }) => blackout || resourceId !== ACCOUNT))
    return rows.sort((a, b) => a.start - b.start || a.end - b.end)
  }

  /**
   * The events with an occurrence in [from, to). Unlike `occurrencesIn` it answers for any length of time: a series that
   * is too much to follow there counts as having one.
   */
  async uidsIn(resourceId: number, from: number, to: number): Promise<string[]> {
    const window = within(from, to)
    const found = new Set((await indexed(this.database, resourceId, window)).map(({ uid }) => uid))
    const series = (await this.#rolling(resourceId, window)).filter(({ event }) => !found.has(event.uid))
    const zone = series.length > 0 ? await this.#zoneOf(resourceId) : this.zone
    for (const { event } of series) {
      await breathe()
      try {
        if (occurrences(event, window, { zone, maxOccurrences: 100 }).length > 0) found.add(event.uid)
      } catch (error) {
        if (!(error instanceof TooManyOccurrences)) throw error
        found.add(event.uid)
      }
    }
    return [...found]
  }

  /** By first overlap; those without one at the end. */
  conflicts(filter: { readonly resourceId?: number; readonly uid?: string } = {}): Promise<Conflict[]> {
    return listConflicts(this.database, filter)
  }

  /** Newest first, 100 unless told. */
  journal(
    filter: { readonly uid?: string; readonly run?: string; readonly limit?: number } = {},
  ): Promise<JournalEntry[]> {
    return listEntries(this.database, filter)
  }

  protected async kept(uid: string): Promise<Kept | null> {
    const [row] = await this.database.query(`${keptColumns} WHERE e.uid = $1`, [uid])
    return row ? keptEvent(row, this.#settings.parsed) : null
  }

  async #rolling(resourceId: number, window: Window) {
    const calendar = resourceId === ACCOUNT ? SCHEDULE : resourceId
    const series = await rollingBeyond(this.database, calendar, window)
    const parts = new Map(series.map(({ uid, part }) => [uid, part]))
    const stored = await this.events([...parts.keys()])
    return stored.flatMap(({ uid, event }) => {
      const part = parts.get(uid)
      if (!part || (resourceId === ACCOUNT && event.resourceIds.length > 0)) return []
      return [{ event, part }]
    })
  }

  async #zoneOf(resourceId: number): Promise<string> {
    const resource = resourceId <= SCHEDULE ? null : await this.resource(resourceId)
    return resource?.timeZone ?? this.zone
  }
}
