import { Rejected, VersionMismatch } from '../errors.ts'
import { plainUid, SCHEDULE, type ScheduleEvent } from '../schedule/event.ts'
import { differences } from '../schedule/merge.ts'
import { bodyFor, etagOf, isUnchanged, type Kept, keptEvent, type Secrets } from './body.ts'
import { type Change, ChangeWriter, memberRows } from './change-log.ts'
import { refreshClashes } from './clash-finder.ts'
import {
  addConflicts,
  type ConflictFilter,
  conflictById,
  conflictId,
  DERIVED,
  deleteConflicts,
  toldConflicts,
} from './conflict-rows.ts'
import type { Database, Row } from './database.ts'
import { addEntry } from './journal.ts'
import { defaultName } from './names.ts'
import { ACCOUNT, dropIndex, writeIndex } from './occurrence-index.ts'
import { Reader, type Settings } from './reader.ts'
import { Recent } from './recent.ts'
import { saveResource } from './resources.ts'
import { dependsOnZone, type Spread, spreadKey, spreadOf } from './spread.ts'
import { inLists, placeholders } from './sql.ts'
import { checkText } from './text.ts'
import type { Actor, CalendarChanges, Conflict, Member, Resource, StoredEvent } from './types.ts'

/** Octets: the UID is a key of indexes, and PostgreSQL takes no longer ones. */
const longestUid = 2000
const longestName = 1000

export interface PutOptions {
  /** The bytes as PUT; kept as they are. Without it the event is written by `writeCalendar`. */
  readonly body?: string
  /** What has been read from exactly that body; without it the body is read again when somebody asks what it means. */
  readonly meaning?: ScheduleEvent
  /** The name a client chose in one calendar. */
  readonly name?: { readonly resourceId: number; readonly name: string }
  /** Whether that calendar logs it even where nothing differs: its token moves, and the version stays. */
  readonly touch?: boolean
}

/** An event as it is about to be written. */
interface Next {
  readonly uid: string
  readonly event: ScheduleEvent
  readonly body: string
  readonly etag: string
  readonly secrets: Secrets
  readonly resourceIds: readonly number[]
}

/** Every write, inside one transaction that `Store.write` opens; its reads see what it has written. */
export class Writer extends Reader {
  readonly #actor: Actor
  readonly #now: number
  readonly #log: ChangeWriter
  readonly #recent = new Recent()
  #wrote = false
  #wroteResources = false

  constructor(database: Database, settings: Settings, actor: Actor) {
    super(database, settings)
    this.#actor = actor
    this.#now = settings.now()
    this.#log = new ChangeWriter(database, this.#now)
  }

  /** Completes the transaction. @returns whether anything has been written */
  async finish(): Promise<boolean> {
    await this.#log.settle()
    return this.#wrote || this.#log.wrote
  }

  get wroteResources(): boolean {
    return this.#wroteResources
  }

  protected override kept(uid: string): Promise<Kept | null> {
    return this.#recent.read(`event ${uid}`, () => super.kept(uid))
  }

  override member(resourceId: number, name: string): Promise<Member | null> {
    return this.#recent.read(`member ${resourceId} ${name}`, () => super.member(resourceId, name))
  }

  override async token(resourceId: number): Promise<number> {
    await this.#log.settle()
    return super.token(resourceId)
  }

  override async changesSince(resourceId: number, token: number, limit?: number): Promise<CalendarChanges> {
    await this.#log.settle()
    return super.changesSince(resourceId, token, limit)
  }

  /**
   * Stores an event, new or changed, on the resources it names; nothing is written where nothing differs.
   * @throws TooManyOccurrences it cannot be indexed; nothing was written
   * @throws VersionMismatch the name chosen belongs to another event, or the event has another name there; nothing was
   * written
   * @throws Rejected the UID, a name, a time or the text cannot be kept; nothing was written
   */
  async put(event: ScheduleEvent, options: PutOptions = {}): Promise<StoredEvent> {
    const { uid } = event
    checkUid(uid)
    const before = await this.kept(uid)
    const resourceIds = [...new Set(event.resourceIds)].filter(id => id !== SCHEDULE).sort((a, b) => a - b)
    const wanted = { ...event, resourceIds }
    const { body, secrets } = bodyFor(wanted, options.body, before, this.settings.parsed)
    checkText(body)
    const next = { uid, event: wanted, body, secrets, resourceIds, etag: etagOf(body, this.settings.etagKey) }
    const present = before ? await this.#places(uid) : new Map<number, string>()
    const names = await this.#names(next, present, options.name)
    if (before && isUnchanged(before, next)) {
      if (options.touch) await this.#touch(next, options.name)
      return before
    }
    const spreads = await this.#spreads(wanted)
    const spread = spreadKey([...spreads])
    const others = spread === before?.spread ? null : await this.#index(uid, spreads, before !== null)
    const left = [...present].filter(([id]) => !names.has(id))
    const saved = await this.#save(next, spread, before)
    await this.#change([
      ...[...names]
        .filter(([id]) => id === SCHEDULE || !present.has(id) || before?.etag !== next.etag)
        .map(entering(next)),
      ...left.map(leaving(uid)),
    ])
    await addEntry(this.database, this.#actor, { at: this.#now, uid, before, after: next })
    if (others) await this.#flag([...others])
    if (before) await this.#answer(before.event, wanted)
    if (options.meaning && body === options.body) this.settings.parsed.set(next.etag, options.meaning)
    return keptEvent({ ...saved, schedule_etag: this.#log.scheduleEtag(uid) }, this.settings.parsed)
  }

  /** In the account schedule a version is that of the log: there it would be another one. */
  async #touch(next: Next, chosen: PutOptions['name']): Promise<void> {
    if (chosen && chosen.resourceId !== SCHEDULE) await this.#change([entering(next)([chosen.resourceId, chosen.name])])
  }

  /** Removes an event from every calendar. One that is not there is no error. */
  async remove(uid: string): Promise<void> {
    const before = await this.kept(uid)
    if (!before) return
    await dropIndex(this.database, uid)
    const { others } = await refreshClashes(this.database, uid, new Map(), this.#now)
    await this.#change([...(await this.#places(uid))].map(leaving(uid)))
    await this.database.query('DELETE FROM event WHERE uid = $1', [uid])
    this.#recent.forget()
    await addEntry(this.database, this.#actor, { at: this.#now, uid, before, after: null })
    await this.clearConflicts({ uid })
    await this.#flag([...others])
  }

  /** A new zone moves the dates and floating times in the calendar. */
  async putResource(resource: Resource): Promise<void> {
    const before = await this.resource(resource.id)
    if (before && JSON.stringify(before) === JSON.stringify(ordered(resource))) return
    this.#wrote = true
    this.#wroteResources = true
    await saveResource(this.database, resource)
    if ((before?.timeZone ?? this.zone) === resource.timeZone) return
    const rows = await this.database.query(
      `SELECT e.uid FROM ${memberRows} m JOIN event e ON e.uid = m.uid WHERE m.resource_id = $1 AND e.local_times = 1`,
      [resource.id],
    )
    for (const { uid } of rows) await this.reindex(String(uid))
  }

  /**
   * Keeps a conflict that somebody has found; the same again changes nothing. Overlaps and blackouts are found by the
   * store itself.
   */
  async addConflict(conflict: Omit<Conflict, 'id' | 'since'>): Promise<Conflict> {
    const { kind, resourceId, uids, start, end, source, detail } = conflict
    if (DERIVED.includes(kind)) throw new TypeError(`conflicts of kind ${kind} follow from the events`)
    const id = conflictId([kind, resourceId, uids, start, end, source, detail])
    const known = await conflictById(this.database, id)
    if (known) return known
    const added = { ...conflict, id, since: this.#now }
    this.#wrote = true
    await addConflicts(this.database, [added])
    await this.#flag(uids)
    return added
  }

  /** A clash of values is answered by a new value, one with a deletion by a person who goes on with the event. */
  async #answer(before: ScheduleEvent, after: ScheduleEvent): Promise<void> {
    const told = await toldConflicts(this.database, { uid: after.uid })
    if (!told.some(({ kind }) => kind === 'edit' || kind === 'delete-edit')) return
    const changed = new Set(differences(before, after))
    const answered = told.filter(({ kind, detail }) =>
      kind === 'edit'
        ? changed.has(String(detail.slot))
        : kind === 'delete-edit' && changed.size > 0 && this.#actor.user !== null,
    )
    for (const { id } of answered) await this.clearConflicts({ id })
  }

  /** Takes back what `addConflict` kept and matches all that is given; overlaps and blackouts stay. */
  async clearConflicts(filter: ConflictFilter): Promise<void> {
    const conflicts = await toldConflicts(this.database, filter)
    if (conflicts.length === 0) return
    this.#wrote = true
    await deleteConflicts(
      this.database,
      conflicts.map(({ id }) => id),
    )
    await this.#flag(conflicts.flatMap(({ uids }) => uids))
  }

  /** Indexes an event anew, where its zone or the horizon has moved; the event itself does not change. */
  async reindex(uid: string): Promise<void> {
    const kept = await this.kept(uid)
    if (!kept) return
    const spreads = await this.#spreads(kept.event)
    const key = spreadKey([...spreads])
    if (key === kept.spread) return
    await this.database.query('UPDATE event SET spread = $2 WHERE uid = $1', [uid, key])
    this.#recent.forget()
    await writeIndex(this.database, uid, [...spreads])
    const { changed, others } = await refreshClashes(this.database, uid, spreads, this.#now)
    if (changed) await this.#flag([uid, ...others])
  }

  /** Where the occurrences of an event are indexed, each calendar on its own clock. */
  async #spreads(event: ScheduleEvent): Promise<Map<number, Spread>> {
    const now = this.#now
    const own = readableSpread(event, this.zone, now)
    const spreads = new Map([[SCHEDULE, own]])
    const byZone = new Map([[this.zone, own]])
    const local = dependsOnZone(event)
    for (const id of event.resourceIds) {
      const zone = local ? ((await this.resource(id))?.timeZone ?? this.zone) : this.zone
      const spread = byZone.get(zone) ?? spreadOf(event, zone, now)
      byZone.set(zone, spread)
      spreads.set(id, spread)
    }
    const blackouts = own.rows.filter(({ blackout }) => blackout)
    if (event.resourceIds.length === 0 && blackouts.length > 0) spreads.set(ACCOUNT, { ...own, rows: blackouts })
    return spreads
  }

  async #index(uid: string, spreads: ReadonlyMap<number, Spread>, known: boolean): Promise<ReadonlySet<string>> {
    await writeIndex(this.database, uid, [...spreads], known)
    return (await refreshClashes(this.database, uid, spreads, this.#now, known)).others
  }

  /** The name of the event in each calendar it is to be in. */
  async #names(next: Next, present: Places, chosen: PutOptions['name']): Promise<Places> {
    const { uid, resourceIds } = next
    if (chosen) await this.#checkName(uid, chosen, present.get(chosen.resourceId))
    const names = new Map<number, string>()
    const nameless: number[] = []
    for (const id of [SCHEDULE, ...resourceIds]) {
      const name = present.get(id) ?? (chosen?.resourceId === id ? chosen.name : undefined)
      if (name === undefined) nameless.push(id)
      else names.set(id, name)
    }
    for (const [id, name] of await this.#freeNames(nameless, uid)) names.set(id, name)
    return names
  }

  async #checkName(uid: string, chosen: { resourceId: number; name: string }, present: string | undefined) {
    const { resourceId, name } = chosen
    checkText(name)
    if (/^\.{0,2}$/.test(name) || Buffer.byteLength(name) > longestName) {
      throw new Rejected('invalid-name', `a name is one segment of a path, of ${longestName} octets at most`)
    }
    if (present === name) return
    if (present !== undefined) throw new VersionMismatch(`the event ${uid} is in this calendar already, as ${present}`)
    const taken = await this.member(resourceId, name)
    if (taken) throw new VersionMismatch(`the name ${name} belongs to the event ${taken.uid}`)
  }

  async #freeNames(calendars: readonly number[], uid: string): Promise<Places> {
    const names = new Map<number, string>()
    let left = calendars
    for (let again = 0; left.length > 0; again++) {
      const name = defaultName(uid, again)
      const taken = new Set<number>()
      for (const part of inLists(left)) {
        const rows = await this.database.query(
          `SELECT resource_id FROM ${memberRows} m WHERE name = $1 AND resource_id IN (${placeholders(part.length, 2)})`,
          [name, ...part],
        )
        for (const { resource_id } of rows) taken.add(Number(resource_id))
      }
      for (const id of left) if (!taken.has(id)) names.set(id, name)
      left = [...taken]
    }
    return names
  }

  async #places(uid: string): Promise<Places> {
    const rows = await this.database.query(`SELECT resource_id, name FROM ${memberRows} m WHERE uid = $1`, [uid])
    return new Map(rows.map(row => [Number(row.resource_id), String(row.name)]))
  }

  /** @returns the row as it is now */
  async #save(next: Next, spread: string, before: Kept | null): Promise<Row> {
    const { uid, body, etag, resourceIds } = next
    const secrets = Object.keys(next.secrets).length > 0 ? JSON.stringify(next.secrets) : null
    const resources = JSON.stringify(resourceIds)
    await this.database.query(
      `INSERT INTO event (uid, etag, source, created_at, updated_at, resources, spread, local_times, secrets, body)
       VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (uid) DO UPDATE SET etag = excluded.etag, updated_at = excluded.updated_at,
         resources = excluded.resources, spread = excluded.spread, local_times = excluded.local_times,
         secrets = excluded.secrets, body = excluded.body`,
      [
        ...[uid, etag, this.#actor.source, this.#now, resources, spread],
        ...[Number(dependsOnZone(next.event)), secrets, body],
      ],
    )
    this.#recent.forget()
    const first = { source: before?.source ?? this.#actor.source, created_at: before?.createdAt ?? this.#now }
    return { uid, etag, ...first, updated_at: this.#now, resources, spread, secrets, body }
  }

  async #change(changes: readonly Change[]): Promise<void> {
    await this.#log.write(changes)
    this.#recent.forget()
  }

  /** The account schedule shows the conflicts of an event: when they change, so does the event there, and only there. */
  async #flag(uids: readonly string[]): Promise<void> {
    const found: Row[] = []
    for (const part of inLists([...new Set(uids)])) {
      const rows = await this.database.query(
        `SELECT e.uid, e.etag, m.name FROM event e JOIN ${memberRows} m ON m.uid = e.uid AND m.resource_id = 0
         WHERE e.uid IN (${placeholders(part.length)})`,
        part,
      )
      found.push(...rows)
    }
    const changes = found.map(({ uid, etag, name }) => ({ uid: String(uid), etag: String(etag), name: String(name) }))
    await this.#change(changes.map(change => ({ resourceId: SCHEDULE, ...change })))
  }
}

/** Names by calendar. */
type Places = ReadonlyMap<number, string>

const entering =
  ({ uid, etag }: Next) =>
  ([resourceId, name]: readonly [number, string]): Change => ({ resourceId, name, uid, etag })

const leaving =
  (uid: string) =>
  ([resourceId, name]: readonly [number, string]): Change => ({ resourceId, name, uid, etag: null })

/** @throws Rejected where a time of the event is none */
function readableSpread(event: ScheduleEvent, zone: string, now: number): Spread {
  try {
    return spreadOf(event, zone, now)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new Rejected('invalid-time', `a time of the event ${event.uid} cannot be read: ${error.message}`, {
      cause: error,
    })
  }
}

function checkUid(uid: string): void {
  checkText(uid)
  const length = Buffer.byteLength(uid)
  if (uid !== plainUid(uid)) throw new Rejected('invalid-uid', 'a UID with control characters or white space around it')
  if (length > 0 && length <= longestUid) return
  throw new Rejected('invalid-uid', `a UID has between 1 and ${longestUid} octets; this one has ${length}`)
}

/** With the keys in the order a stored one has them, so that both can be compared as text. */
const ordered = (of: Resource): Resource => ({
  id: of.id,
  systemName: of.systemName,
  name: of.name,
  type: of.type,
  description: of.description,
  tags: of.tags,
  parentId: of.parentId,
  entryId: of.entryId,
  timeZone: of.timeZone,
  status: of.status,
})
