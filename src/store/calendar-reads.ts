/** Reads for whole lists of a calendar's members at once: what a CalDAV answer is made of. */
import type { Window } from '../schedule/recurrence.ts'
import { memberRows } from './change-log.ts'
import type { Database, Row } from './database.ts'
import { rangeScan, rollingBeyond } from './occurrence-index.ts'
import { inPages } from './pages.ts'
import type { Reader } from './reader.ts'
import { inLists, placeholders } from './sql.ts'
import type { Member } from './types.ts'

const member = (row: Row): Member => ({ name: String(row.name), uid: String(row.uid), etag: String(row.etag) })

const membersBy = async (
  database: Database,
  resourceId: number,
  column: 'name' | 'uid',
  values: readonly string[],
): Promise<Member[]> => {
  const found = new Map<string, Member>()
  for (const part of inLists(values)) {
    const rows = await database.query(
      `SELECT name, uid, etag FROM ${memberRows} m WHERE resource_id = $1 AND ${column} IN (${placeholders(part.length, 2)})`,
      [resourceId, ...part],
    )
    for (const row of rows) found.set(String(row.name), member(row))
  }
  return [...found.values()]
}

/** Names that do not exist are left out. */
export const membersNamed = (database: Database, resourceId: number, names: readonly string[]): Promise<Member[]> =>
  membersBy(database, resourceId, 'name', names)

/** CROSS JOIN: the scan comes first. With a LIMIT SQLite may else begin with all members. */
const MEMBERS = `SELECT m.name, m.uid, m.etag FROM (${rangeScan}) o CROSS JOIN ${memberRows} m
  WHERE m.uid = o.uid AND m.resource_id = $1`

/** The members with an occurrence in the window; one state where the index holds all of it. */
export const membersWithin = async (reader: Reader, resourceId: number, window: Window): Promise<Member[]> => {
  const { database } = reader
  const { from, to } = window
  const beyond = await rollingBeyond(database, resourceId, window)
  if (beyond.length === 0) {
    // Not DISTINCT: over the many occurrences of a few series that would be one long step.
    const members = new Map<string, Member>()
    await inPages(database, MEMBERS, [resourceId, from, to], row => {
      const name = String(row.name)
      if (!members.has(name)) members.set(name, member(row))
    })
    return [...members.values()]
  }
  return membersBy(database, resourceId, 'uid', await reader.uidsIn(resourceId, from, to))
}

/** An occurrence that occupies its calendar, and the version of its event. */
export interface BusyOccurrence {
  readonly uid: string
  readonly etag: string
  readonly recurrenceId: string | null
  readonly start: number
  readonly end: number
  readonly blackout: boolean
}

const BUSY = `SELECT o.uid, m.etag, o.recurrence_id, o.start_at, o.end_at, o.blackout FROM (${rangeScan}) o
  CROSS JOIN ${memberRows} m WHERE m.uid = o.uid AND m.resource_id = $1 AND (o.busy = 1 OR o.blackout = 1)`

const occurrence = (row: Row): BusyOccurrence => ({
  uid: String(row.uid),
  etag: String(row.etag),
  recurrenceId: row.recurrence_id === null ? null : String(row.recurrence_id),
  start: Number(row.start_at),
  end: Number(row.end_at),
  blackout: row.blackout === 1,
})

/** What occupies a calendar in the window; one state where the index holds all of it. @throws TooManyOccurrences */
export const busyWithin = async (reader: Reader, resourceId: number, window: Window): Promise<BusyOccurrence[]> => {
  const { database } = reader
  const { from, to } = window
  const beyond = await rollingBeyond(database, resourceId, window)
  if (beyond.length === 0) {
    const found: BusyOccurrence[] = []
    await inPages(database, BUSY, [resourceId, from, to], row => found.push(occurrence(row)))
    return found
  }
  const busy = (await reader.occurrencesIn(resourceId, from, to)).filter(row => row.busy || row.blackout)
  const members = await membersBy(database, resourceId, 'uid', [...new Set(busy.map(({ uid }) => uid))])
  const etags = new Map(members.map(({ uid, etag }) => [uid, etag]))
  return busy.map(row => ({ ...row, etag: etags.get(row.uid) ?? '' }))
}

/** Those of the events whose text says anywhere that something is tentative; their STATUS need not be it. */
export const sayingTentative = async (database: Database, uids: readonly string[]): Promise<string[]> => {
  const found: string[] = []
  for (const part of inLists(uids)) {
    const rows = await database.query(
      `SELECT uid FROM event WHERE uid IN (${placeholders(part.length)}) AND LOWER(body) LIKE '%tentative%'`,
      part,
    )
    found.push(...rows.map(({ uid }) => String(uid)))
  }
  return found
}

/** An event as a calendar serves it; nothing of it is parsed. */
export interface EventText {
  readonly member: Member
  readonly body: string
  /** Epoch seconds. */
  readonly createdAt: number
  readonly updatedAt: number
}

const eventText = (row: Row): EventText => ({
  member: member(row),
  body: String(row.body),
  createdAt: Number(row.created_at),
  updatedAt: Number(row.updated_at),
})

/** The texts of events in a resource's calendar, by name or UID, in no order; what is not there is left out. */
export const eventTexts = async (
  database: Database,
  resourceId: number,
  column: 'name' | 'uid',
  values: readonly string[],
): Promise<EventText[]> => {
  const found = new Map<string, EventText>()
  for (const part of inLists(values)) {
    const rows = await database.query(
      `SELECT m.name, e.uid, e.etag, e.created_at, e.updated_at, e.body FROM ${memberRows} m JOIN event e ON e.uid = m.uid
       WHERE m.resource_id = $1 AND m.${column} IN (${placeholders(part.length, 2)})`,
      [resourceId, ...part],
    )
    for (const row of rows) found.set(String(row.name), eventText(row))
  }
  return [...found.values()]
}

/** How far a calendar has come, and in which database: sync tokens of another one mean nothing. */
export interface CalendarState {
  readonly epoch: string
  readonly token: number
}

const EPOCH = `(SELECT value FROM meta WHERE key = 'epoch') AS epoch`
const TOKEN = (resource: string): string =>
  `COALESCE((SELECT token FROM calendar WHERE resource_id = ${resource}), 0) AS token`

const stateOf = async (reader: Reader, row: Row | undefined): Promise<CalendarState> => ({
  epoch: row?.epoch == null ? await reader.epoch() : String(row.epoch),
  token: Number(row?.token ?? 0),
})

export const calendarState = async (reader: Reader, resourceId: number): Promise<CalendarState> => {
  const [row] = await reader.database.query(`SELECT ${EPOCH}, ${TOKEN('$1')}`, [resourceId])
  return stateOf(reader, row)
}

/** The token of every calendar, by resource id; those without a change yet are left out. */
export const calendarTokens = async (database: Database): Promise<ReadonlyMap<number, number>> => {
  const rows = await database.query('SELECT resource_id, token FROM calendar')
  return new Map(rows.map(row => [Number(row.resource_id), Number(row.token)]))
}

/** The state of the whole schedule, and a text that moves whenever a conflict may have. */
export const scheduleState = async (reader: Reader): Promise<CalendarState & { readonly conflicts: string }> => {
  const [row] = await reader.database.query(
    `SELECT ${EPOCH}, ${TOKEN('0')}, (SELECT COUNT(*) FROM conflict) AS conflicts,
       (SELECT MAX(since) FROM conflict) AS newest`,
  )
  const state = await stateOf(reader, row)
  return { ...state, conflicts: `${state.token}.${row?.conflicts ?? 0}.${row?.newest ?? 0}` }
}

/** A change in one calendar. */
export interface CalendarChange {
  readonly resourceId: number
  readonly name: string
  /** The member now; `null`: gone. */
  readonly member: Member | null
}

/**
 * What has changed in the calendars of all resources since a token of the whole schedule. A change of the same second
 * may be given again.
 */
export const changesEverywhere = async (database: Database, since: number): Promise<CalendarChange[]> => {
  const [first] = await database.query('SELECT MIN(at) AS at FROM change WHERE resource_id = 0 AND token > $1', [since])
  if (!first || first.at === null) return []
  const rows = await database.query(
    `SELECT resource_id, name, uid, etag FROM change
     WHERE resource_id <> 0 AND at >= $1 AND uid IN (SELECT uid FROM change WHERE resource_id = 0 AND token > $2)
     ORDER BY resource_id, token`,
    [Number(first.at), since],
  )
  return rows.map(row => ({
    resourceId: Number(row.resource_id),
    name: String(row.name),
    member: row.etag === null ? null : member(row),
  }))
}
