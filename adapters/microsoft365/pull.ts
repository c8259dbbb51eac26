/**
 * Reading a room: a window by `calendarView/delta`, made anew each day. A delta says little (occurrences without a
 * title, deletions without a sign, removals that are none), so it only tells where to look.
 */
import { CursorExpired } from '../../src/errors.ts'
import type { Changes, Confirmed, RemoteRef } from '../../src/sync/source.ts'
import { Home, isHome, type Place } from './home.ts'
import { isItemTrouble, type Mailbox, type Marks } from './mailbox.ts'
import { eventOfParts, isPart, partsRef, readParts, uidOfParts } from './parts.ts'
import { follow, followWhole } from './rounds.ts'
import { versionOf } from './series.ts'
import { type Found, isTold, type KeptRound, nothingFound, Round } from './sorting.ts'
import { asWritten, copyKey, type Titles } from './titles.ts'
import { claims, epochOf, type GraphEvent } from './translate.ts'
import { day, epochNow, instant, type Window, windowAt } from './window.ts'

/** A delta link keeps its window for ever: after this time there is a new one, seconds. */
const windowAge = day

interface Cursor {
  readonly v: 1
  /** Links hold the mailbox's address: renamed, it is read anew, and its items are still the same. */
  readonly address?: string
  /** When the window was made, epoch seconds. */
  readonly made: number
  /** `null`: the first round is not at its end. */
  readonly link: string | null
  /** A round between two of its pages: where it goes on, and what it has told. */
  readonly round?: { readonly whole: boolean; readonly made: number; readonly link: string; readonly told: KeptRound }
  /** UIDs of series that lie there as single events, by the keys of those. */
  readonly parts?: Readonly<Record<string, string>>
  /** What meetings said before the room answered. */
  readonly titles?: Titles
  /** Where rooms are invited: what `Home` remembers from one read to the next. */
  readonly copies?: Readonly<Record<string, string>>
  readonly asked?: readonly string[]
  readonly declined?: readonly string[]
}

function readCursor(text: string | null, address: string): Cursor | null {
  if (text === null) return null
  try {
    const cursor = JSON.parse(text) as Cursor
    if (cursor.v === 1 && (cursor.address ?? address) === address) return cursor
  } catch {
    // Said below.
  }
  throw new CursorExpired('the cursor of a mailbox cannot be read')
}

const isOld = (made: number, now: number): boolean => now - made >= windowAge || now < made

/** @param keep is given a cursor between two pages of a long round */
export async function pull(
  place: Place,
  cursorText: string | null,
  keep?: (cursor: string) => Promise<void>,
): Promise<Changes> {
  const { room, asked } = place
  const cursor = readCursor(cursorText, room.address)
  const now = epochNow()
  for (const id of cursor?.asked ?? []) asked.add(id)
  const home = place.home && new Home(place, place.home, cursor ?? {})
  if (keep) await home?.cancelDeclined()
  const reading: Reading = {
    room,
    home,
    parts: { ...cursor?.parts },
    titles: Object.assign(place.titles, cursor?.titles),
    written: place.written,
  }
  const written = (state: Pick<Cursor, 'made' | 'link' | 'round'>): string => {
    const { parts, titles } = reading
    const ours = home ? { copies: home.copies, asked: [...asked], declined: [...home.declined] } : {}
    return JSON.stringify({ v: 1, address: room.address, ...state, parts, titles, ...ours } satisfies Cursor)
  }
  const known = cursor?.round && !isOld(cursor.round.made, now) ? cursor.round : null
  const whole = known ? known.whole : !cursor?.link || isOld(cursor.made, now)
  const made = known?.made ?? (whole || !cursor ? now : cursor.made)
  const round = known ? Round.from(known.told) : new Round()
  const [lastMade, lastLink] = [cursor?.made ?? now, cursor?.link ?? null]
  const keepRound = async (link: string) =>
    keep?.(written({ made: lastMade, link: lastLink, round: { whole, made, link, told: round.toJSON() } }))
  home?.askAgain()
  if (!whole) {
    const link = await follow(room, known?.link ?? lastLink ?? '', round, keepRound)
    const found = await look(reading, round, null, windowAt(made))
    return { ...found, cursor: written({ made, link }) }
  }
  // What happened in the old window since the last look may lie outside the new one.
  if (!known && lastLink) await follow(room, lastLink, round, async () => {}).catch(doubtExpired(round))
  const window = windowAt(made)
  const link = await followWhole(room, window, known?.link ?? null, round, keepRound)
  await home?.readAll(window)
  const found = await look(reading, round, await room.marks(), window)
  return {
    ...found,
    cursor: written({ made, link }),
    completeWithin: { from: instant(window.from), to: instant(window.to) },
  }
}

const doubtExpired = (round: Round) => (error: unknown) => {
  if (!(error instanceof CursorExpired)) throw error
  round.doubt()
}

/** What has become of copies that a whole read did not show: they may lie outside its window. */
export async function confirm(place: Place, refs: readonly RemoteRef[]): Promise<Confirmed> {
  const { room, titles } = place
  const home = place.home && new Home(place, place.home, {})
  const round = new Round()
  const found = nothingFound()
  for (const ref of refs) {
    const parts = uidOfParts(ref.id)
    if (parts !== null) await takeParts(room, parts, found)
    else if (isHome(ref)) home?.want(ref.id)
    else round.gone.add(ref.id)
  }
  const looked = await look({ room, home, parts: {}, titles, written: place.written }, round, null, { from: 0, to: 0 })
  const changed = [...found.changed, ...looked.changed].map(({ ref, event }) => ({ ref, event }))
  return {
    changed,
    removed: [...found.removed, ...looked.removed],
    unreadable: [...found.unreadable, ...looked.unreadable],
  }
}

/** One read of a room: what is remembered for the next is changed in it. */
interface Reading {
  readonly room: Mailbox
  readonly home: Home | null
  readonly parts: Record<string, string>
  readonly titles: Titles
  readonly written: ReadonlySet<string>
}

/**
 * @param marks our properties by item id, where all have been read; else each item is asked
 * @param window what is watched
 */
async function look(
  reading: Reading,
  round: Round,
  marks: ReadonlyMap<string, Marks> | null,
  window: Window,
): Promise<Found> {
  const { room, home, parts, written } = reading
  const found = nothingFound()
  const { singles, series, gone } = round
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
    if (uid === null || !isPart(item)) return takeItem(reading, item, uid, window, found)
    split.add(uid)
    parts[copyKey(item.id)] = uid
  }
  /** Only what was written in this mailbox can carry our mark, and only a whole read knows all marks. */
  const isKnown = (item: GraphEvent) =>
    isTold(item) && (item.isOrganizer === false || (marks !== null && (!written.has(item.id) || marks.get(item.id))))
  const lookAt = async (id: string) => {
    const item = await room.item(id)
    if (!item) lose(id)
    else if (item.seriesMasterId) series.set(item.seriesMasterId, series.get(item.seriesMasterId) ?? null)
    else await take(item)
  }
  // "Removed" also means moved out of the window, or made outside of it: only the item itself knows.
  await Promise.all([...gone].map(lookAt))
  await Promise.all([...singles.values()].map(item => (isKnown(item) ? take(item) : lookAt(item.id))))
  await Promise.all(
    [...series].map(async ([id, told]) => {
      const master = told && isKnown(told) ? told : await room.item(id)
      if (master) await take(master)
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

/** Whether an item can be told by a round. A series without an end never lies before the window. */
function liesIn({ start, end, recurrence }: GraphEvent, { from, to }: Window): boolean {
  const { type = '', endDate = '' } = recurrence?.range ?? {}
  const last = recurrence ? (type === 'endDate' ? Date.parse(`${endDate}T23:59:59Z`) / 1000 + day : to) : epochOf(end)
  return epochOf(start) < to && last > from
}

async function takeItem(
  { room, home, titles }: Reading,
  item: GraphEvent,
  uid: string | null,
  window: Window,
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
    const ref = { id, version: versionOf(event) }
    found.changed.push(liesIn(item, window) ? { ref, event } : { ref, event, onlyIfKnown: true })
  } catch (error) {
    if (!isItemTrouble(error)) throw error
    found.unreadable.push({ id, uid: name, reason: error.message })
  }
}
