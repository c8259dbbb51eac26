/**
 * Reading a room: a window by `calendarView/delta`, made anew each day. A delta says little (occurrences without a
 * title, deletions without a sign, removals that are none), so it only tells where to look.
 */
import { CursorExpired, Unavailable } from '../../src/errors.ts'
import type { Changes, RemoteEvent, Unreadable } from '../../src/sync/source.ts'
import { isItemTrouble, type Mailbox } from './mailbox.ts'
import { versionOf } from './series.ts'
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

export async function pull(room: Mailbox, cursorText: string | null): Promise<Changes> {
  const cursor = readCursor(cursorText)
  const now = epochNow()
  if (cursor && now - cursor.made < windowAge && now >= cursor.made) {
    const round = await follow(room, cursor.link)
    const changes = await look(room, round.items, null)
    return { ...changes, cursor: JSON.stringify({ ...cursor, link: round.link } satisfies Cursor) }
  }
  // What happened in the old window since the last look may lie outside the new one.
  const before = cursor ? await follow(room, cursor.link).catch(ignoreExpiry) : null
  const window = windowAt(now)
  const round = await wholeRound(room, window)
  const changes = await look(room, [...(before?.items ?? []), ...round.items], await room.marks())
  return {
    ...changes,
    cursor: JSON.stringify({ v: 1, made: now, link: round.link } satisfies Cursor),
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

/** What to look at: ids of single events with their state, of series, and of items said to be gone. */
function sorted(items: readonly GraphEvent[]) {
  const singles = new Map<string, GraphEvent>()
  const series = new Set<string>()
  const gone = new Set<string>()
  for (const item of items) {
    gone.delete(item.id)
    if (item['@removed']) {
      singles.delete(item.id)
      series.delete(item.id)
      gone.add(item.id)
    } else if (item.seriesMasterId) series.add(item.seriesMasterId)
    else if (item.type === 'seriesMaster' || item.recurrence) series.add(item.id)
    else singles.set(item.id, item)
  }
  return { singles, series, gone }
}

interface Found {
  readonly changed: RemoteEvent[]
  readonly removed: string[]
  readonly unreadable: Unreadable[]
}

/** @param marks our UIDs by item id, where all have been read; else each item is asked */
async function look(
  room: Mailbox,
  items: readonly GraphEvent[],
  marks: ReadonlyMap<string, string> | null,
): Promise<Found> {
  const found: Found = { changed: [], removed: [], unreadable: [] }
  const { singles, series, gone } = sorted(items)
  // "Removed" also means moved out of the window: only the item itself knows.
  await Promise.all(
    [...gone].map(async id => {
      const item = await room.item(id)
      if (!item) found.removed.push(id)
      else if (item.seriesMasterId) series.add(item.seriesMasterId)
      else if (item.recurrence) series.add(id)
      else await take(room, item, room.uidOn(item), found)
    }),
  )
  await Promise.all(
    [...singles.values()].map(async item => {
      // Only what was written in this mailbox can carry our mark.
      const full = marks || item.isOrganizer === false ? item : await room.item(item.id)
      if (!full) found.removed.push(item.id)
      else await take(room, full, marks?.get(item.id) ?? room.uidOn(full), found)
    }),
  )
  await Promise.all(
    [...series].map(async id => {
      const item = await room.item(id)
      if (!item) found.removed.push(id)
      else await take(room, item, room.uidOn(item), found)
    }),
  )
  return found
}

async function take(room: Mailbox, item: GraphEvent, uid: string | null, found: Found): Promise<void> {
  const { id } = item
  if (!claims(item)) {
    found.removed.push(id)
    return
  }
  const name = uid ?? item.iCalUId ?? `${id}@outlook.com`
  try {
    const { event } = await room.hold(item, name)
    found.changed.push({ ref: { id, version: versionOf(event) }, event })
  } catch (error) {
    if (!isItemTrouble(error)) throw error
    found.unreadable.push({ id, uid: name, reason: error.message })
  }
}
