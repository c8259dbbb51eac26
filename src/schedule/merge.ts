/**
 * Three-way merge of one event: what we hold, what a remote holds, and what both last agreed on.
 *
 * An event is laid out as slots, the smallest parts that only make sense whole (the time pattern of a series is one
 * slot, each exception another, each text a third). A side has changed a slot when it differs from the base. What one
 * side changed is taken; what both changed differently is a clash, decided by `prefer`, with the loser kept for people
 * to see. A remote is compared with what *it* would keep of ours (`view`), so what it cannot hold is never taken for
 * an erasure.
 */
import { endOf, toEpoch } from './caltime.ts'
import type { CalTime, Component, JCalProperty, KalturaIdentity, Master, Override, ScheduleEvent } from './event.ts'
import { isDate, isRecurring, timeKey } from './event.ts'

export type FieldGroup = 'time' | 'exceptions' | 'text' | 'status' | 'resources' | 'kaltura' | 'other'

/** Both sides changed the same thing differently. `kept` and `discarded` are the values, as JSON. */
export interface EditClash {
  readonly group: FieldGroup
  readonly slot: string
  readonly kept: unknown
  readonly discarded: unknown
}

export interface Merged {
  readonly event: ScheduleEvent
  readonly clashes: readonly EditClash[]
  /** Slots where the remote's change was taken. */
  readonly taken: readonly string[]
}

export type Prefer = 'ours' | 'theirs'

/** A slot: `key` is what is compared (a canonical text), `value` what is kept. */
interface Slot {
  readonly key: string
  readonly value: unknown
}
type Slots = ReadonlyMap<string, Slot>

const kalturaContent = [
  'type',
  'categoryIds',
  'entryIds',
  'tags',
  'templateEntryId',
  'primaryRtmpEndpoint',
  'secondaryRtmpEndpoint',
  'primaryRtspEndpoint',
  'secondaryRtspEndpoint',
  'liveStreamName',
  'liveStreamUsername',
  'liveStreamPassword',
] as const
const identityFields = ['id', 'partnerId', 'parentId', 'status'] as const satisfies readonly (keyof KalturaIdentity)[]
const texts = ['summary', 'description', 'location'] as const
const others = ['transparent', 'classification', 'parameters', 'components'] as const
/** Written by whoever saves last; no edit by anybody. */
const volatileProperties = new Set(['dtstamp', 'created', 'last-modified'])

const groupOf = (slot: string): FieldGroup => slot.slice(0, slot.indexOf(':')) as FieldGroup

/** JSON with sorted keys: equal values give equal text. */
const stable = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  ) ?? 'undefined'

const slot = (value: unknown, key: string = stable(value)): Slot => ({ key, value })

const byName = (properties: readonly JCalProperty[]): Map<string, JCalProperty[]> => {
  const names = new Map<string, JCalProperty[]>()
  for (const property of properties) {
    if (!volatileProperties.has(property[0])) names.set(property[0], [...(names.get(property[0]) ?? []), property])
  }
  return names
}

/** The slots of a component that say nothing about time. */
function contentSlots(component: Component): Map<string, Slot> {
  const slots = new Map<string, Slot>()
  for (const field of texts) if (component[field] !== null) slots.set(`text:${field}`, slot(component[field]))
  // CONFIRMED is what a missing STATUS means to every reader, so it is no edit.
  if (component.status !== null) {
    slots.set('status:status', slot(component.status, component.status === 'CONFIRMED' ? 'null' : component.status))
  }
  for (const field of kalturaContent) {
    const value = component.kaltura[field]
    if (value !== undefined) slots.set(`kaltura:${field}`, slot(value))
  }
  for (const field of others) slots.set(`other:${field}`, slot(component[field]))
  for (const [name, properties] of byName(component.extra)) slots.set(`other:extra:${name}`, slot(properties))
  return slots
}

/** A series lives on its wall clock; anything else on instants, however its zone is spelt. */
const canonicalTime = (time: CalTime, recurring: boolean): string =>
  recurring || isDate(time) || time.tzid === null ? timeKey(time) : `@${toEpoch(time, 'UTC')}`

const timesKey = (component: Component, recurring: boolean): string =>
  `${canonicalTime(component.start, recurring)}/${canonicalTime(endOf(component), recurring)}`

function timeSlot(master: Master, recurring: boolean): Slot {
  const { start, end, rrules, exrules, rdates } = master
  const key = stable([timesKey(master, recurring), [...rrules].sort(), [...exrules].sort(), rdates])
  return slot({ start, end, rrules, exrules, rdates }, key)
}

const isExcluded = (value: unknown): value is { readonly exdate: CalTime } =>
  typeof value === 'object' && value !== null && 'exdate' in value

const overrideKey = (override: Override): string =>
  override.status === 'CANCELLED'
    ? 'excluded'
    : stable([
        timesKey(override, false),
        override.thisAndFuture,
        [...contentSlots(override)]
          .filter(([, { key }]) => key !== 'null')
          .map(([name, { key }]) => [name, key])
          .sort(),
      ])

function slotsOf(event: ScheduleEvent): Map<string, Slot> {
  const slots = new Map<string, Slot>()
  slots.set('resources:ids', slot([...event.resourceIds].sort((a, b) => a - b)))
  const recurring = isRecurring(event)
  if (event.master) {
    for (const [name, value] of contentSlots(event.master)) slots.set(name, value)
    slots.set('time:pattern', timeSlot(event.master, recurring))
    for (const exdate of event.master.exdates) {
      slots.set(`exceptions:${timeKey(exdate)}`, slot({ exdate }, 'excluded'))
    }
  }
  for (const override of event.overrides) {
    slots.set(`exceptions:${timeKey(override.recurrenceId)}`, slot(override, overrideKey(override)))
  }
  return slots
}

const keyAt = (slots: Slots | null, name: string): string => slots?.get(name)?.key ?? 'null'

/** Puts what the remote says of an occurrence onto what we know of it, keeping what the remote cannot hold. */
function liftOverride(theirs: Override, view: Component | null, ours: Component | null): Override {
  if (!view || !ours) return theirs
  const seen = contentSlots(view)
  const said = contentSlots(theirs)
  const full = contentSlots(ours)
  const result = new Map(full)
  for (const name of new Set([...seen.keys(), ...said.keys()])) {
    if (keyAt(seen, name) === keyAt(said, name)) continue
    const value = said.get(name)
    if (value) result.set(name, value)
    else result.delete(name)
  }
  const { start, end, recurrenceId, thisAndFuture } = theirs
  return { ...build(ours, result), start, end, recurrenceId, thisAndFuture, kaltura: withIdentity(result, theirs) }
}

const withIdentity = (slots: Slots, from: Component | null): Component['kaltura'] => {
  const kaltura: Record<string, unknown> = {}
  for (const field of identityFields) if (from?.kaltura[field] !== undefined) kaltura[field] = from.kaltura[field]
  for (const field of kalturaContent) {
    const value = slots.get(`kaltura:${field}`)?.value
    if (value !== undefined) kaltura[field] = value
  }
  return kaltura as Component['kaltura']
}

/** A component with the content of `slots` and the rest (identity, order of properties, time) of `from`. */
function build(from: Component, slots: Slots): Component {
  const text = (name: string) => (slots.get(name)?.value ?? null) as string | null
  const extra: JCalProperty[] = from.extra.filter(([name]) => volatileProperties.has(name))
  const wanted = new Map<string, readonly JCalProperty[]>()
  for (const [name, { value }] of slots) {
    if (name.startsWith('other:extra:')) wanted.set(name.slice('other:extra:'.length), value as JCalProperty[])
  }
  // The properties we had keep their places; new ones follow.
  const ordered = [...new Set([...from.extra.map(([name]) => name), ...wanted.keys()])]
  for (const name of ordered) extra.push(...(wanted.get(name) ?? []))
  return {
    start: from.start,
    end: from.end,
    sequence: from.sequence,
    summary: text('text:summary'),
    description: text('text:description'),
    location: text('text:location'),
    status: text('status:status') as Component['status'],
    transparent: slots.get('other:transparent')?.value === true,
    classification: text('other:classification') as Component['classification'],
    parameters: (slots.get('other:parameters')?.value ?? {}) as Component['parameters'],
    components: (slots.get('other:components')?.value ?? []) as Component['components'],
    kaltura: withIdentity(slots, from),
    extra,
  }
}

function rebuild(uid: string, from: ScheduleEvent, slots: Slots): ScheduleEvent {
  const time = slots.get('time:pattern')?.value as Pick<Master, 'start' | 'end' | 'rrules' | 'exrules' | 'rdates'>
  const exceptions = [...slots].filter(([name]) => groupOf(name) === 'exceptions').map(([, { value }]) => value)
  const exdates = exceptions.filter(isExcluded).map(({ exdate }) => exdate)
  const overrides = exceptions.filter(value => !isExcluded(value)) as Override[]
  const base = from.master ?? from.overrides[0]
  return {
    uid,
    master: time && base ? { ...build(base, slots), ...time, exdates: sortTimes(exdates) } : null,
    overrides: overrides.sort((a, b) => (timeKey(a.recurrenceId) < timeKey(b.recurrenceId) ? -1 : 1)),
    resourceIds: (slots.get('resources:ids')?.value ?? []) as number[],
  }
}

const sortTimes = (times: readonly CalTime[]): CalTime[] =>
  [...times].sort((a, b) => (timeKey(a) < timeKey(b) ? -1 : 1))

const pattern = 'time:pattern'

/**
 * Whose exceptions count: recurrence ids only mean something under the pattern they were made for, so who changed the
 * pattern and won brings all of them; `null` where nobody did, and each exception is merged by itself.
 */
function patternOwner(was: string, mine: string, yours: string, agreed: boolean, prefer: Prefer): Prefer | null {
  if (mine === yours) return null
  if (agreed && mine === was) return 'theirs'
  return agreed && yours === was ? 'ours' : prefer
}

/** The remote's value of a slot; an occurrence it has changed is put onto what we know of that occurrence. */
function lift(name: string, value: Slot, seen: ScheduleEvent, ours: ScheduleEvent): Slot {
  if (groupOf(name) !== 'exceptions' || isExcluded(value.value)) return value
  const at = (event: ScheduleEvent) =>
    event.overrides.find(override => `exceptions:${timeKey(override.recurrenceId)}` === name) ?? event.master
  return slot(liftOverride(value.value as Override, at(seen), at(ours)))
}

/**
 * @param base what both agreed on, as the remote keeps it; `null` where they never did
 * @param ours what we hold, whole
 * @param theirs what the remote holds now, as it keeps it
 * @param prefer which side wins where both changed the same slot
 * @param view what the remote would keep of an event of ours
 */
export function merge(
  base: ScheduleEvent | null,
  ours: ScheduleEvent,
  theirs: ScheduleEvent,
  prefer: Prefer,
  view: (event: ScheduleEvent) => ScheduleEvent = event => event,
): Merged {
  const seen = view(ours)
  const [b, o, t, full] = [base && slotsOf(base), slotsOf(seen), slotsOf(theirs), slotsOf(ours)]
  const result = new Map(full)
  const clashes: EditClash[] = []
  const taken: string[] = []
  const owner = patternOwner(keyAt(b, pattern), keyAt(o, pattern), keyAt(t, pattern), base !== null, prefer)
  for (const name of new Set([...o.keys(), ...t.keys(), ...(b?.keys() ?? [])])) {
    const [was, mine, yours] = [keyAt(b, name), keyAt(o, name), keyAt(t, name)]
    const theyChanged = base === null || yours !== was
    const weChanged = base === null || mine !== was
    const bound = groupOf(name) === 'exceptions' ? owner : null
    if (yours === mine || (!theyChanged && bound !== 'theirs')) continue
    const take = bound ? bound === 'theirs' : !weChanged || prefer === 'theirs'
    const value = t.get(name)
    if (theyChanged && weChanged) {
      const values = [full.get(name)?.value ?? null, value?.value ?? null]
      clashes.push({ group: groupOf(name), slot: name, kept: values[take ? 1 : 0], discarded: values[take ? 0 : 1] })
    }
    if (!take) continue
    taken.push(name)
    if (value) result.set(name, lift(name, value, seen, ours))
    else result.delete(name)
  }
  const unchanged = taken.length === 0
  const merged = unchanged ? ours : rebuild(ours.uid, ours.master ? ours : theirs, result)
  return { event: merged, clashes, taken }
}

/** Whether two events say the same, apart from identity, sequence and time stamps. */
export function sameContent(a: ScheduleEvent, b: ScheduleEvent): boolean {
  return differences(a, b).length === 0
}

/** The slots in which two events differ, for plans and the journal. */
export function differences(a: ScheduleEvent, b: ScheduleEvent): string[] {
  const [x, y] = [slotsOf(a), slotsOf(b)]
  return [...new Set([...x.keys(), ...y.keys()])].filter(name => keyAt(x, name) !== keyAt(y, name))
}

/** A text that is equal exactly when `sameContent` is. */
export const contentKey = (event: ScheduleEvent): string =>
  stable(
    [...slotsOf(event)]
      .map(([name, { key }]) => [name, key])
      .filter(([, key]) => key !== 'null')
      .sort(),
  )
