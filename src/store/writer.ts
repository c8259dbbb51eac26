import { Rejected, VersionMismatch } from '../errors.ts'
import { SCHEDULE, type ScheduleEvent } from '../schedule/event.ts'
import { bodyFor, etagOf, isUnchanged, type Kept, type Secrets, scheduleEtag } from './body.ts'
import { logChange } from './change-log.ts'
import { refreshClashes } from './clash-finder.ts'
import {
  type ConflictFilter,
  conflictById,
  conflictId,
  DERIVED,
  deleteConflicts,
  saveConflict,
  toldConflicts,
} from './conflict-rows.ts'
import type { Database } from './database.ts'
import { addEntry } from './journal.ts'
import { defaultName } from './names.ts'
import { ACCOUNT, dropIndex, writeIndex } from './occurrence-index.ts'
import { Reader, type Settings } from './reader.ts'
import { saveResource } from './resources.ts'
import { dependsOnZone, type Spread, spreadKey, spreadOf } from './spread.ts'
import { checkText } from './text.ts'
import type { Actor, Conflict, Resource, StoredEvent } from './types.ts'

/** Octets: the UID is a key of indexes, and PostgreSQL takes no longer ones. */
const longestUid = 2000
const longestName = 1000

export interface PutOptions {
  /** The bytes as PUT; kept as they are. Without it the event is written by `writeCalendar`. */
  readonly body?: string
  /** The name a client chose in one calendar. */
  readonly name?: { readonly resourceId: number; readonly name: string }
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
  #wrote = false

  constructor(database: Database, settings: Settings, actor: Actor) {
    super(database, settings)
    this.#actor = actor
    this.#now = settings.now()
  }

  /** Whether anything has been written. */
  get wrote(): boolean {
    return this.#wrote
  }

  /**
   * Stores an event, new or changed, on the resources it names; nothing is written where nothing differs.
   * @throws TooManyOccurrences it cannot be indexed; nothing was written
   * @throws VersionMismatch the name chosen belongs to another event, or the event has another name there; nothing was
   * written
   * @throws Rejected the UID or the text cannot be kept; nothing was written
   */
  async put(event: ScheduleEvent, options: PutOptions = {}): Promise<StoredEvent> {
    const { uid } = event
    checkUid(uid)
    const before = await this.kept(uid)
    const resourceIds = [...new Set(event.resourceIds)].filter(id => id !== SCHEDULE).sort((a, b) => a - b)
    const wanted = { ...event, resourceIds }
    const { body, secrets } = bodyFor(wanted, options.body, before, this.settings.parsed)
    checkText(body)
    const next = { uid, event: wanted, body, secrets, resourceIds, etag: etagOf(body) }
    const names = await this.#names(next, options.name)
    if (before && isUnchanged(before, next)) return before
    const spreads = await this.#spreads(wanted)
    const key = spreadKey([...spreads])
    const others = key === before?.spread ? null : await this.#index(uid, spreads, before !== null)
    await this.#save(next, names, before, key)
    for (const other of others ?? []) await this.#flag(other)
    const stored = await this.kept(uid)
    if (!stored) throw new TypeError(`event ${uid} is not there after it was written`)
    return stored
  }

  /** Removes an event from every calendar. One that is not there is no error. */
  async remove(uid: string): Promise<void> {
    const before = await this.kept(uid)
    if (!before) return
    await dropIndex(this.database, uid)
    const { others } = await refreshClashes(this.database, uid, new Map(), this.#now)
    for (const { name, resource_id } of await this.#membersOf(uid)) {
      await this.#leave(Number(resource_id), String(name), uid)
    }
    await this.database.query('DELETE FROM event WHERE uid = $1', [uid])
    await addEntry(this.database, this.#actor, { at: this.#now, uid, before, after: null })
    await this.clearConflicts({ uid })
    for (const other of others) await this.#flag(other)
  }

  /** A new zone moves the dates and floating times in the calendar. */
  async putResource(resource: Resource): Promise<void> {
    const before = await this.resource(resource.id)
    if (before && JSON.stringify(before) === JSON.stringify(ordered(resource))) return
    this.#wrote = true
    await saveResource(this.database, resource)
    if ((before?.timeZone ?? this.zone) === resource.timeZone) return
    const rows = await this.database.query(
      'SELECT e.uid FROM member m JOIN event e ON e.uid = m.uid WHERE m.resource_id = $1 AND e.local_times = 1',
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
    await saveConflict(this.database, added)
    for (const uid of new Set(uids)) await this.#flag(uid)
    return added
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
    for (const uid of new Set(conflicts.flatMap(({ uids }) => uids))) await this.#flag(uid)
  }

  /** Indexes an event anew, where its zone or the horizon has moved; the event itself does not change. */
  async reindex(uid: string): Promise<void> {
    const kept = await this.kept(uid)
    if (!kept) return
    const spreads = await this.#spreads(kept.event)
    const key = spreadKey([...spreads])
    if (key === kept.spread) return
    await this.database.query('UPDATE event SET spread = $2 WHERE uid = $1', [uid, key])
    await writeIndex(this.database, uid, [...spreads])
    const { changed, others } = await refreshClashes(this.database, uid, spreads, this.#now)
    for (const each of changed ? [uid, ...others] : []) await this.#flag(each)
  }

  /** Where the occurrences of an event are indexed, each calendar on its own clock. */
  async #spreads(event: ScheduleEvent): Promise<Map<number, Spread>> {
    const now = this.#now
    const own = spreadOf(event, this.zone, now)
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

  /** The name of the event in each of its calendars. */
  async #names(next: Next, chosen: PutOptions['name']): Promise<ReadonlyMap<number, string>> {
    const { uid } = next
    const names = new Map((await this.#membersOf(uid)).map(row => [Number(row.resource_id), String(row.name)]))
    if (chosen) await this.#checkName(uid, chosen, names.get(chosen.resourceId))
    const calendars = [SCHEDULE, ...next.resourceIds]
    const found = new Map<number, string>()
    for (const id of calendars) {
      const own = chosen?.resourceId === id ? chosen.name : undefined
      found.set(id, names.get(id) ?? own ?? (await this.#freeName(id, uid)))
    }
    return found
  }

  async #checkName(uid: string, chosen: { resourceId: number; name: string }, present: string | undefined) {
    const { resourceId, name } = chosen
    checkText(name)
    if (Buffer.byteLength(name) > longestName) {
      throw new Rejected('name-too-long', `a name may have ${longestName} octets at most`)
    }
    if (present === name) return
    if (present !== undefined) throw new VersionMismatch(`the event ${uid} is in this calendar already, as ${present}`)
    const taken = await this.member(resourceId, name)
    if (taken) throw new VersionMismatch(`the name ${name} belongs to the event ${taken.uid}`)
  }

  async #freeName(resourceId: number, uid: string): Promise<string> {
    for (let again = 0; ; again++) {
      const name = defaultName(uid, again)
      if (!(await this.member(resourceId, name))) return name
    }
  }

  #membersOf(uid: string) {
    return this.database.query('SELECT resource_id, name, etag FROM member WHERE uid = $1', [uid])
  }

  /** Writes the event, its place in each calendar, the change log and the journal. */
  async #save(next: Next, names: ReadonlyMap<number, string>, before: Kept | null, spread: string): Promise<void> {
    const { uid, body, etag, resourceIds } = next
    const version = await this.#log(SCHEDULE, names.get(SCHEDULE) ?? '', uid)
    await this.database.query(
      `INSERT INTO event (uid, etag, schedule_version, source, created_at, updated_at, resources, spread, local_times,
         secrets, body)
       VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (uid) DO UPDATE SET etag = excluded.etag, schedule_version = excluded.schedule_version,
         updated_at = excluded.updated_at, resources = excluded.resources, spread = excluded.spread,
         local_times = excluded.local_times, secrets = excluded.secrets, body = excluded.body`,
      [
        ...[uid, etag, version, this.#actor.source, this.#now, JSON.stringify(resourceIds), spread],
        Number(dependsOnZone(next.event)),
        Object.keys(next.secrets).length > 0 ? JSON.stringify(next.secrets) : null,
        body,
      ],
    )
    await this.#enter(SCHEDULE, names.get(SCHEDULE) ?? '', uid, scheduleEtag(etag, version))
    const present = new Set(before?.resourceIds)
    for (const id of resourceIds) {
      const name = names.get(id) ?? ''
      if (present.has(id) && before?.etag === etag) continue
      await this.#log(id, name, uid)
      await this.#enter(id, name, uid, etag)
    }
    await this.#leaveOthers(uid, new Set([SCHEDULE, ...resourceIds]))
    await addEntry(this.database, this.#actor, { at: this.#now, uid, before, after: next })
  }

  async #leaveOthers(uid: string, staying: ReadonlySet<number>): Promise<void> {
    for (const { resource_id, name } of await this.#membersOf(uid)) {
      if (!staying.has(Number(resource_id))) await this.#leave(Number(resource_id), String(name), uid)
    }
  }

  async #enter(resourceId: number, name: string, uid: string, etag: string): Promise<void> {
    await this.database.query(
      `INSERT INTO member (resource_id, name, uid, etag) VALUES ($1, $2, $3, $4)
       ON CONFLICT (resource_id, name) DO UPDATE SET etag = excluded.etag`,
      [resourceId, name, uid, etag],
    )
  }

  async #leave(resourceId: number, name: string, uid: string): Promise<void> {
    await this.database.query('DELETE FROM member WHERE resource_id = $1 AND name = $2', [resourceId, name])
    await this.#log(resourceId, name, uid, true)
  }

  #log(resourceId: number, name: string, uid: string, removed = false): Promise<number> {
    this.#wrote = true
    return logChange(this.database, { resourceId, name, uid, removed }, this.#now)
  }

  /** The account schedule shows the conflicts of an event: when they change, so does the event there, and only there. */
  async #flag(uid: string): Promise<void> {
    const [row] = await this.database.query(
      'SELECT m.name, e.etag FROM event e JOIN member m ON m.uid = e.uid AND m.resource_id = 0 WHERE e.uid = $1',
      [uid],
    )
    if (!row) return
    const version = await this.#log(SCHEDULE, String(row.name), uid)
    await this.database.query('UPDATE event SET schedule_version = $2 WHERE uid = $1', [uid, version])
    await this.#enter(SCHEDULE, String(row.name), uid, scheduleEtag(String(row.etag), version))
  }
}

function checkUid(uid: string): void {
  checkText(uid)
  const length = Buffer.byteLength(uid)
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
