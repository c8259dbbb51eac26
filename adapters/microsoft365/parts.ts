/**
 * A series that Exchange has no pattern for, as single events: each carries the place it has in the series and the
 * series' rules, so that together they say the series again.
 */
import { createHash, randomUUID } from 'node:crypto'
import { Rejected, TooManyOccurrences, VersionMismatch } from '../../src/errors.ts'
import { endOf, fromEpoch, timeAt } from '../../src/schedule/caltime.ts'
import {
  type Component,
  emptyMaster,
  isDate,
  isRecurring,
  type Master,
  type Override,
  type ScheduleEvent,
} from '../../src/schedule/event.ts'
import { differences } from '../../src/schedule/merge.ts'
import { type Occurrence, occurrences } from '../../src/schedule/recurrence.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { partId } from './identity.ts'
import type { Held, Mailbox } from './mailbox.ts'
import { hasPattern } from './recurrence.ts'
import { versionOf } from './series.ts'
import { refuseIfTaken } from './taken.ts'
import {
  bodyOf,
  claims,
  componentOf,
  type GraphEvent,
  placeKey,
  saysNothing,
  spanOf,
  Untranslatable,
} from './translate.ts'
import { changedFields, erase, held, insert, patch } from './write.ts'

/** More single events than this for one series are refused. */
const most = 200
/** Of the text of the rules; Exchange keeps named properties of this size without trouble. */
const longestRules = 4000
const everywhere = { from: -62_000_000_000, to: 250_000_000_000 }

type Rules = Pick<Master, 'start' | 'end' | 'rrules' | 'exrules' | 'rdates'>

type Content = Pick<Component, 'summary' | 'description' | 'location' | 'status' | 'transparent' | 'classification'>

/** What a part says of itself. `said`: what the series said when it was written, in short. */
interface Part {
  readonly place: string
  readonly rules: Rules
  readonly said: string
  /** The same in full, where every part is an exception. */
  readonly content?: Content
}

export const partsRef = (uid: string): string => `parts/${uid}`
export const uidOfParts = (id: string): string | null => (id.startsWith('parts/') ? id.slice('parts/'.length) : null)

/** Whether an event can only be kept as single events. */
export const needsParts = (event: ScheduleEvent, room: string): boolean =>
  event.master !== null && isRecurring(event) && (!hasPattern(event.master, room) || crosses(event, room))

/**
 * Whether an occurrence was moved to or over the day of a neighbour, which Exchange refuses
 * (`ErrorOccurrenceCrossingBoundary`). A series too long for single events is left to that refusal.
 */
export function crosses(event: ScheduleEvent, room: string): boolean {
  const { master, overrides } = event
  if (!master || overrides.length === 0) return false
  const clock = isDate(master.start) ? room : (master.start.tzid ?? room)
  try {
    const places = [...placesOf(event, room)].sort(([a], [b]) => (a < b ? -1 : 1))
    const days = places.map(([, { start: at }]) => placeKey(fromEpoch(at, clock)).slice(0, 10))
    return days.some((day, n) => n > 0 && day <= (days[n - 1] ?? ''))
  } catch (error) {
    if (error instanceof TooManyOccurrences) return false
    throw error
  }
}

export const isPart = (item: GraphEvent): boolean => partText(item) !== null

const partText = (item: GraphEvent): string | null =>
  item.singleValueExtendedProperties?.find(({ id }) => id.toLowerCase() === partId.toLowerCase())?.value ?? null

function partOf(item: GraphEvent): Part | null {
  try {
    const part = JSON.parse(partText(item) ?? 'null') as Part | null
    return typeof part?.place === 'string' && Array.isArray(part.rules?.rrules) ? part : null
  } catch {
    return null
  }
}

const bare = (uid: string, rules: Rules): ScheduleEvent => ({
  ...{ uid, overrides: [], resourceIds: [] },
  master: { ...emptyMaster(rules.start, rules.end), ...rules },
})

/** Every occurrence by its place. @throws TooManyOccurrences */
function placesOf(event: ScheduleEvent, zone: string): Map<string, Occurrence> {
  const all = occurrences(event, everywhere, { zone, maxOccurrences: most })
  return new Map(all.map(each => [placeKey(each.recurrenceId ?? each.startTime), each]))
}

/** The living parts of a series by their places. */
export async function readParts(room: Mailbox, uid: string): Promise<Map<string, GraphEvent>> {
  const parts = new Map<string, GraphEvent>()
  for (const item of await room.marked(uid)) {
    const part = partOf(item)
    if (part && claims(item) && !parts.has(part.place)) parts.set(part.place, item)
  }
  return parts
}

/** What the parts say together; `null` where none is left. @throws Untranslatable */
export function eventOfParts(uid: string, items: ReadonlyMap<string, GraphEvent>, zone: string): ScheduleEvent | null {
  const parts = [...items].flatMap(([place, item]) => {
    const part = partOf(item)
    return part ? [{ place, item, part }] : []
  })
  const [first] = parts
  if (!first) return null
  const { rules } = first.part
  const series = bare(uid, rules)
  let slots: Map<string, Occurrence>
  try {
    slots = placesOf(series, zone)
  } catch (error) {
    throw new Untranslatable(`the rules of the series cannot be followed: ${String(error)}`)
  }
  const contents = parts.map(({ item }) => componentOf(item, { start: rules.start, end: endOf(rules) }))
  // A part that somebody has edited, or that was written as an exception, speaks only for itself.
  const plain = contents[0] && { ...contents[0], ...first.part.content }
  const common = contents.find(content => shortOf(content) === first.part.said) ?? plain
  if (!common) return null
  const master: Master = { ...common, ...rules, exdates: [] }
  const overrides: Override[] = []
  const exdates = [...slots].filter(([place]) => !items.has(place)).map(([, slot]) => slot.startTime)
  for (const { place, item } of parts) {
    const slot = slots.get(place)
    if (!slot) continue
    const clock = 'date' in slot.startTime ? zone : (slot.startTime.tzid ?? zone)
    const override = { ...componentOf(item, spanOf(item, clock)), recurrenceId: slot.startTime, thisAndFuture: false }
    if (!saysNothing(override, master)) overrides.push(override)
  }
  overrides.sort((a, b) => (placeKey(a.recurrenceId) < placeKey(b.recurrenceId) ? -1 : 1))
  return { uid, master: { ...master, exdates }, overrides, resourceIds: [] }
}

/** What each place of the series is to hold. @throws Rejected */
function wishesOf(wanted: ScheduleEvent, room: Mailbox): Map<string, ScheduleEvent> {
  const remedy = `Give the series an end, at most ${most} occurrences, or write it as daily, weekly, monthly or yearly.`
  const said = wanted.master?.rrules.join(' and ') || 'single dates'
  const refusal = `Exchange has no pattern for a series of this kind, and it is too long for single events: ${said}`
  if (JSON.stringify(rulesOf(wanted)).length > longestRules) throw new Rejected('recurrence', refusal, { remedy })
  try {
    const living = [...placesOf(wanted, room.zone)].filter(([, { component }]) => component.status !== 'CANCELLED')
    return new Map(
      living.map(([place, { startTime: start, endTime, end: until, component }]) => {
        const end = isDate(endTime) ? endTime : timeAt(until, endTime.tzid ?? room.zone)
        const master: Master = { ...emptyMaster(start, end), ...contentOf(component), start, end }
        return [place, { uid: wanted.uid, master, overrides: [], resourceIds: [] }]
      }),
    )
  } catch (error) {
    if (error instanceof TooManyOccurrences) throw new Rejected('recurrence', refusal, { remedy, cause: error })
    throw error
  }
}

const contentOf = ({ summary, description, location, status, transparent, classification }: Component): Content => ({
  ...{ summary, description, location, status, transparent, classification },
})

function speechOf({ master }: ScheduleEvent, parts: readonly ScheduleEvent[]): Pick<Part, 'said' | 'content'> {
  const said = master ? shortOf(master) : ''
  const isSaid = parts.some(part => part.master && shortOf(part.master) === said)
  return isSaid || !master ? { said } : { said, content: contentOf(master) }
}

const shortOf = (component: Component): string =>
  createHash('sha256')
    .update(JSON.stringify(contentOf(component)))
    .digest('base64url')
    .slice(0, 16)

function rulesOf({ master }: ScheduleEvent): Rules {
  if (!master) throw new TypeError('refused before')
  const { start, end, rrules, exrules, rdates } = master
  return { start, end, rrules, exrules, rdates }
}

/** Before anything gives way to single events: whether they can be written. @throws Rejected */
export const refuseParts = (wanted: ScheduleEvent, room: Mailbox): void => void wishesOf(wanted, room)

/** Writes the series as single events, onto what is there of it already. @param version what is there, where it is known */
export async function pushParts(room: Mailbox, wanted: ScheduleEvent, version: string | null): Promise<RemoteRef> {
  const wishes = wishesOf(wanted, room)
  const there = await readParts(room, wanted.uid)
  const event = eventOfParts(wanted.uid, there, room.zone)
  const done = event && differences(event, wanted).length === 0
  if (!done && version !== null && (!event || versionOf(event) !== version)) throw changedElsewhere(room)
  if (there.size === 0) await refuseIfTaken(room, wanted)
  const rules = rulesOf(wanted)
  const places = [...wishes.keys()]
  const speech = speechOf(wanted, [...wishes.values()])
  for (const place of done ? [] : places) {
    const wish = wishes.get(place)
    const text = JSON.stringify({ place, rules, ...speech } satisfies Part)
    if (wish) await writePart(room, wish, there.get(place), place, { id: partId, value: text })
  }
  for (const [place, item] of there) if (!wishes.has(place)) await erase(room, await held(room, item, wanted.uid))
  return { id: partsRef(wanted.uid), version: versionOf(done ? event : await reread(room, wanted)) }
}

async function reread(room: Mailbox, wanted: ScheduleEvent): Promise<ScheduleEvent> {
  return eventOfParts(wanted.uid, await readParts(room, wanted.uid), room.zone) ?? wanted
}

const changedElsewhere = (room: Mailbox): VersionMismatch =>
  new VersionMismatch(`Microsoft 365 mailbox ${room.address}: somebody else has changed the series`)

async function writePart(
  room: Mailbox,
  wish: ScheduleEvent,
  item: GraphEvent | undefined,
  place: string,
  property: { id: string; value: string },
): Promise<void> {
  if (!wish.master) return
  if (!item) {
    const find = async () => (await readParts(room, wish.uid)).get(place) ?? null
    const marks = { singleValueExtendedProperties: [room.mark(wish.uid), property] }
    const body = { ...bodyOf(wish.master, room.zone), isReminderOn: false, ...marks, transactionId: randomUUID() }
    await insert(room, find, body)
    return
  }
  const there: Held = await held(room, item, wish.uid)
  const fields = changedFields(there, wish, wish.master, room.zone)
  const marks = partText(item) === property.value ? {} : { singleValueExtendedProperties: [property] }
  const body = { ...fields, ...marks }
  if (Object.keys(body).length > 0) await patch(room, there, body)
}

/** @param version `null`: whatever is there */
export async function removeParts(room: Mailbox, uid: string, version: string | null): Promise<void> {
  const there = await readParts(room, uid)
  const event = eventOfParts(uid, there, room.zone)
  if (event && version !== null && versionOf(event) !== version) throw changedElsewhere(room)
  for (const item of there.values()) await erase(room, await held(room, item, uid))
}
