/**
 * Reading a room: a window by `calendarView/delta`, made anew each day. A delta says little (occurrences without a
 * title, deletions without a sign, removals that are none), so it only tells where to look.
 */
import { CursorExpired, Unavailable } from '../../src/errors.ts'
import type { Changes } from '../../src/sync/source.ts'
import { Home, type Place } from './home.ts'
import { isItemTrouble, type Mailbox, type Marks } from './mailbox.ts'
import { eventOfParts, isPart, partsRef, readParts } from './parts.ts'
import { versionOf } from './series.ts'
import { type Found, sorted } from './sorting.ts'
import { asWritten, copyKey, type Titles } from './titles.ts'
import { claims, type GraphEvent } from './translate.ts'
import { day, epochNow, instant, type Window, windowAt } from './window.ts'

/** A delta link keeps its window for ever: after this time there is a new one, seconds. */
const windowAge = day
/** More pages than any calendar has: a chain of links that leads nowhere. */
const mostPages = 5000

interface Cursor {
  readonly v: 1
  /** When the window was made, epoch seconds. */
  readonly made: number
  readonly link: string
  /** UIDs of series that lie there as single events, by the keys of those. */
  readonly parts?: Readonly<Record<string, string>>
  /** What meetings said before the room answered. */
  readonly titles?: Titles
  /** Where rooms are invited: what `Home` remembers from one read to the next. */
  readonly copies?: Readonly<Record<string, string>>
  readonly asked?: readonly string[]
}

interface Page {
  readonly value?: readonly GraphEvent[]
  readonly '@odata.nextLink'?: string
  readonly '@odata.deltaLink'?: string
}

function readCursor(text: string | null): Cursor | null {
  if (text === null) return null
  try {
    const cursor = JSON.parse(text) as Cursor
    if (cursor.v === 1) return cursor
  } catch {
    // Said below.
  }
  throw new CursorExpired('the cursor of a mailbox cannot be read')
}

export async function pull(place: Place, cursorText: string | null): Promise<Changes> {
  const { room, asked } = place
  const cursor = readCursor(cursorText)
  const now = epochNow()
  for (const id of cursor?.asked ?? []) asked.add(id)
  const home = place.home && new Home(place, place.home, cursor?.copies ?? {})
  const parts = { ...cursor?.parts }
  const titles = Object.assign(place.titles, cursor?.titles)
  const reading: Reading = { room, home, parts, titles }
  const next = (made: number, link: string): string => {
    const ours = home ? { copies: home.copies, asked: [...asked] } : {}
    return JSON.stringify({ v: 1, made, link, parts, titles, ...ours } satisfies Cursor)
  }
  if (cursor && now - cursor.made < windowAge && now >= cursor.made) {
    const round = await follow(room, cursor.link)
    const changes = await look(reading, round.items, null)
    return { ...changes, cursor: next(cursor.made, round.link) }
  }
  // What happened in the old window since the last look may lie outside the new one.
  const before = cursor ? await follow(room, cursor.link).catch(ignoreExpiry) : null
  const window = windowAt(now)
  const round = await wholeRound(room, window)
  await home?.readAll(window)
  const items = [...(before?.items ?? []), ...round.items]
  const changes = await look(reading, items, await room.marks())
  return {
    ...changes,
    cursor: next(now, round.link),
    completeWithin: { from: instant(window.from), to: instant(window.to) },
  }
}

const ignoreExpiry = (error: unknown): null => {
  if (error instanceof CursorExpired) return null
  throw error
}

/** A link of the round may die under way; then the round begins again, and nothing of the half one is used. */
async function wholeRound(room: Mailbox, { from, to }: Window) {
  const path = `${room.path}/calendarView/delta?startDateTime=${instant(from)}&endDateTime=${instant(to)}`
  for (let attempt = 1; ; attempt++) {
    try {
      return await follow(room, path)
    } catch (error) {
      if (!(error instanceof CursorExpired)) throw error
      if (attempt === 3) throw new Unavailable(error.message, { cause: error })
    }
  }
}

/** Every page from `start` to the next delta link; of an item told twice the later one counts. */
async function follow(room: Mailbox, start: string): Promise<{ items: GraphEvent[]; link: string }> {
  const items = new Map<string, GraphEvent>()
  let path = start
  for (let pages = 0; pages < mostPages; pages++) {
    const page: Page = await room.request({ method: 'GET', path, prefer: ['odata.maxpagesize=200'] })
    if (!Array.isArray(page?.value)) throw new Unavailable(`${room.address}: the answer is no list of events`)
    for (const item of page.value) {
      items.delete(item.id)
      items.set(item.id, item)
    }
    const link = page['@odata.deltaLink']
    if (link) return { items: [...items.values()], link }
    const next = page['@odata.nextLink']
    if (!next || next === path) throw new Unavailable(`${room.address}: a page without a link to go on`)
    path = next
  }
  throw new Unavailable(`${room.address}: more than ${mostPages} pages`)
}

/** One read of a room: what is remembered for the next is changed in it. */
interface Reading {
  readonly room: Mailbox
  readonly home: Home | null
  readonly parts: Record<string, string>
  readonly titles: Titles
}

/** @param marks our properties by item id, where all have been read; else each item is asked */
async function look(
  reading: Reading,
  items: readonly GraphEvent[],
  marks: ReadonlyMap<string, Marks> | null,
): Promise<Found> {
  const { room, home, parts } = reading
  const found: Found = { changed: [], removed: [], unreadable: [] }
  const { singles, series, gone } = sorted(items)
  const split = new Set<string>()
  const lose = (id: string) => {
    const uid = parts[copyKey(id)]
    if (uid !== undefined) split.add(uid)
    else if (!home?.lost(id)) found.removed.push(id)
    delete reading.titles[copyKey(id)]
  }
  const take = async (plain: GraphEvent) => {
    const properties = marks?.get(plain.id)
    const item = properties ? { ...plain, singleValueExtendedProperties: properties } : plain
    const uid = room.uidOn(item)
    if (uid === null || !isPart(item)) return takeItem(reading, item, uid, found)
    split.add(uid)
    parts[copyKey(item.id)] = uid
  }
  // "Removed" also means moved out of the window: only the item itself knows.
  await Promise.all(
    [...gone].map(async id => {
      const item = await room.item(id)
      if (!item) lose(id)
      else if (item.seriesMasterId) series.add(item.seriesMasterId)
      else if (item.recurrence) series.add(id)
      else await take(item)
    }),
  )
  await Promise.all(
    [...singles.values()].map(async item => {
      // Only what was written in this mailbox can carry our mark; a round may tell of an item without telling it.
      const told = item.subject !== undefined && (marks || item.isOrganizer === false)
      const full = told ? item : await room.item(item.id)
      if (full) await take(full)
      else lose(item.id)
    }),
  )
  await Promise.all(
    [...series].map(async id => {
      const item = await room.item(id)
      if (item) await take(item)
      else lose(id)
    }),
  )
  await home?.look(found)
  await Promise.all([...split].map(uid => takeParts(room, uid, found)))
  return found
}

async function takeParts(room: Mailbox, uid: string, found: Found): Promise<void> {
  const id = partsRef(uid)
  try {
    const event = eventOfParts(uid, await readParts(room, uid), room.zone)
    if (event) found.changed.push({ ref: { id, version: versionOf(event) }, event })
    else found.removed.push(id)
  } catch (error) {
    if (!isItemTrouble(error)) throw error
    found.unreadable.push({ id, uid, reason: error.message })
  }
}

async function takeItem(
  { room, home, titles }: Reading,
  item: GraphEvent,
  uid: string | null,
  found: Found,
): Promise<void> {
  const { id } = item
  if (await home?.claims(item)) return
  if (!claims(item)) {
    found.removed.push(id)
    return
  }
  const name = uid ?? item.iCalUId ?? `${id}@outlook.com`
  try {
    const { event } = await room.hold(asWritten(item, titles), name)
    found.changed.push({ ref: { id, version: versionOf(event) }, event })
  } catch (error) {
    if (!isItemTrouble(error)) throw error
    found.unreadable.push({ id, uid: name, reason: error.message })
  }
}
