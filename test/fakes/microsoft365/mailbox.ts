/** One mailbox of the stand-in: items by id with change keys, series with their exceptions, and a log for delta tokens. */
import { resolveZone } from '../../../src/schedule/timezone.ts'
import { datesOf, type Recurrence } from './pattern.ts'

export interface Time {
  dateTime: string
  timeZone?: string | null
}

export interface Attendee {
  type?: string
  emailAddress: { address: string; name?: string }
  status?: { response?: string; time?: string }
}

export interface Item {
  id: string
  subject?: string | null
  body?: { contentType: string; content: string } | null
  location?: { displayName?: string | null } | null
  start: Time
  end: Time
  isAllDay?: boolean
  isCancelled?: boolean
  isOrganizer?: boolean
  organizer?: { emailAddress: { address: string; name?: string } }
  responseStatus?: { response: string; time?: string }
  responseRequested?: boolean
  attendees?: Attendee[]
  showAs?: string
  sensitivity?: string
  recurrence?: Recurrence | null
  originalStartTimeZone?: string
  iCalUId?: string
  singleValueExtendedProperties?: { id: string; value: string }[]
  createdDateTime?: string
  [field: string]: unknown
}

interface Stored {
  item: Item
  /** Changed and deleted occurrences of a series, by their date in the pattern. */
  exceptions: Map<string, Partial<Item> | 'deleted'>
  revision: number
}

/** Epoch ms of a Graph time. */
export function epochOf(time: Time): number {
  const zone = resolveZone(time.timeZone ?? 'UTC')
  if (!zone) throw new RangeError(`TimeZoneNotSupportedException: ${time.timeZone}`)
  return Temporal.PlainDateTime.from(time.dateTime.replace(/Z$/, '')).toZonedDateTime(zone).epochMilliseconds
}

const inUtc = (epoch: number): Time => ({
  dateTime: `${new Date(epoch).toISOString().slice(0, 19)}.0000000`,
  timeZone: 'UTC',
})

/** What an answer says: instants in UTC, all-day dates as midnights. */
const rendered = (time: Time, allDay: boolean | undefined): Time =>
  allDay ? { dateTime: `${time.dateTime.slice(0, 10)}T00:00:00.0000000`, timeZone: 'UTC' } : inUtc(epochOf(time))

/** What Exchange fills in where a pattern says nothing. */
const filled = (recurrence: Recurrence): Recurrence => ({
  pattern: { month: 0, dayOfMonth: 0, firstDayOfWeek: 'sunday', index: 'first', daysOfWeek: [], ...recurrence.pattern },
  range: { endDate: '0001-01-01', numberOfOccurrences: 0, ...recurrence.range },
})

/** Exchange counts start and end from midnight on the series' clock, whatever changes that makes. */
function clockEnd(item: Item, start: Time): string {
  const zone = resolveZone(item.start.timeZone ?? 'UTC') ?? 'UTC'
  const end = Temporal.Instant.fromEpochMilliseconds(epochOf(item.end)).toZonedDateTimeISO(zone).toPlainDateTime()
  const length = Temporal.PlainDateTime.from(item.start.dateTime).until(end)
  return Temporal.PlainDateTime.from(start.dateTime).add(length).toString({ smallestUnit: 'second' })
}

let counter = 0
export const newId = (): string => `AAkALg${String(++counter).padStart(6, '0')}/x+Q=`

export class FakeMailbox {
  readonly address: string
  readonly zone: string
  /** Grows with every change; a delta token names one. */
  revision = 0
  /** Tokens of an older generation are dead. */
  generation = 0
  access: 'yes' | 'denied' | 'gone' = 'yes'
  /**
   * What brings deleted and changed occurrences of a series back: a pattern or time that differs, any that is written, or
   * nothing.
   */
  drops: 'changed' | 'written' | 'never' = 'changed'
  readonly #items = new Map<string, Stored>()
  readonly #removed = new Map<string, number>()

  constructor(address: string, zone: string) {
    this.address = address
    this.zone = zone
  }

  put(item: Partial<Item> & Pick<Item, 'start' | 'end'>): Item {
    const id = item.id ?? newId()
    const before = this.#items.get(id)
    const full: Item = {
      ...{ subject: '', body: { contentType: 'text', content: '' }, location: { displayName: '' }, isAllDay: false },
      ...{ isCancelled: false, isOrganizer: true, showAs: 'busy', sensitivity: 'normal', recurrence: null },
      ...{ organizer: { emailAddress: { address: this.address, name: this.address } }, attendees: [] },
      ...{ responseRequested: true, responseStatus: { response: 'organizer' }, iCalUId: `040000008200${id}` },
      ...{ createdDateTime: new Date().toISOString(), originalStartTimeZone: item.start.timeZone ?? 'UTC' },
      ...before?.item,
      ...item,
      id,
    }
    this.#items.set(id, { item: full, exceptions: before?.exceptions ?? new Map(), revision: ++this.revision })
    this.#removed.delete(id)
    return structuredClone(full)
  }

  /** An occurrence goes without a trace in any delta round, as the field reports tell. */
  removeUnsaid(id: string): void {
    const place = this.#place(id)
    place?.stored.exceptions.set(place.date, 'deleted')
  }

  /** A new change key and nothing else, as background work of Exchange leaves it. */
  touch(id: string): void {
    const stored = this.#items.get(id)
    if (stored) stored.revision = ++this.revision
  }

  /** PATCH: top-level parts are replaced whole; a new pattern drops every exception, as `drops` says. */
  change(id: string, part: Partial<Item>): Item | null {
    const place = this.#place(id)
    if (place) {
      const { stored, date } = place
      const before = stored.exceptions.get(date)
      if (before === 'deleted') return null
      stored.exceptions.set(date, { ...before, ...part })
      stored.revision = ++this.revision
      return this.get(id)
    }
    const stored = this.#items.get(id)
    if (!stored) return null
    const { recurrence, start, end } = stored.item
    const isOther = JSON.stringify([recurrence, start, end]) !== JSON.stringify([part.recurrence, part.start, part.end])
    const drops = { changed: isOther, written: true, never: part.recurrence === null }
    if (part.recurrence !== undefined && drops[this.drops]) stored.exceptions.clear()
    this.put({
      ...stored.item,
      ...part,
      ...(part.start ? { originalStartTimeZone: part.start.timeZone ?? 'UTC' } : {}),
    })
    return this.get(id)
  }

  /** @returns whether there was something to delete */
  remove(id: string): boolean {
    const place = this.#place(id)
    if (place) {
      if (place.stored.exceptions.get(place.date) === 'deleted') return false
      place.stored.exceptions.set(place.date, 'deleted')
      place.stored.revision = ++this.revision
      return true
    }
    if (!this.#items.delete(id)) return false
    this.#removed.set(id, ++this.revision)
    return true
  }

  /** As a GET shows it; occurrences too. */
  get(id: string): Item | null {
    const place = this.#place(id)
    if (place) return this.occurrences(place.stored.item.id).find(item => item.id === id) ?? null
    const stored = this.#items.get(id)
    return stored ? this.#shown(stored) : null
  }

  /** Single events and masters. */
  all(): Item[] {
    return [...this.#items.values()].map(stored => this.#shown(stored))
  }

  occurrences(masterId: string): Item[] {
    const stored = this.#items.get(masterId)
    const recurrence = stored?.item.recurrence
    if (!stored || !recurrence) return []
    return datesOf(recurrence).flatMap(date => this.#occurrence(stored, date) ?? [])
  }

  /** What lies in a stretch of time: single events and occurrences, never masters. Epoch ms. */
  view(from: number, to: number): Item[] {
    const items = [...this.#items.values()].flatMap(({ item }) =>
      item.recurrence ? this.occurrences(item.id) : (this.get(item.id) ?? []),
    )
    return items.filter(item => this.#overlaps(item, from, to))
  }

  /** The entries of a delta round since a revision: bare occurrences, and removals that are none. */
  delta(since: number, from: number, to: number): Record<string, unknown>[] {
    const entries: { revision: number; values: Record<string, unknown>[] }[] = []
    const gone = (id: string) => ({ id, '@removed': { reason: 'deleted' } })
    for (const stored of this.#items.values()) {
      const { item, revision } = stored
      if (revision <= since) continue
      const shown = this.#shown(stored)
      const inside = item.recurrence
        ? this.occurrences(item.id).filter(each => this.#overlaps(each, from, to))
        : this.#overlaps(shown, from, to)
      if (inside === false || (Array.isArray(inside) && inside.length === 0)) {
        if (since > 0) entries.push({ revision, values: [gone(item.id)] })
        continue
      }
      const { singleValueExtendedProperties: _, ...plain } = shown
      const bare = Array.isArray(inside) ? inside.map(bareOf) : []
      entries.push({ revision, values: [plain, ...bare] })
    }
    for (const [id, revision] of this.#removed)
      if (revision > since && since > 0) entries.push({ revision, values: [gone(id)] })
    return entries.sort((a, b) => a.revision - b.revision).flatMap(({ values }) => values)
  }

  #overlaps(item: Item, from: number, to: number): boolean {
    return epochOf(item.start) < to && epochOf(item.end) > from
  }

  #shown({ item, revision }: Stored): Item {
    const { recurrence } = item
    return structuredClone({
      ...item,
      ...{ '@odata.etag': `W/"ck${revision}"`, changeKey: `ck${revision}` },
      start: rendered(item.start, item.isAllDay),
      end: rendered(item.end, item.isAllDay),
      recurrence: recurrence ? filled(recurrence) : null,
      type: recurrence ? 'seriesMaster' : 'singleInstance',
      lastModifiedDateTime: new Date(1_800_000_000_000 + revision * 1000).toISOString(),
    })
  }

  #place(id: string): { stored: Stored; date: string } | null {
    const parts = /^OID\.(.+)\.(\d{4}-\d\d-\d\d)$/.exec(id)
    const stored = this.#items.get(parts?.[1] ?? '')
    const date = parts?.[2] ?? ''
    return stored?.item.recurrence && datesOf(stored.item.recurrence).includes(date) ? { stored, date } : null
  }

  #occurrence(stored: Stored, date: string): Item | null {
    const { item } = stored
    const exception = stored.exceptions.get(date)
    if (exception === 'deleted') return null
    const start = { ...item.start, dateTime: `${date}T${item.start.dateTime.slice(11)}` }
    const regular = { start, end: { ...start, dateTime: clockEnd(item, start) } }
    const { recurrence: _, singleValueExtendedProperties: __, ...common } = item
    const whole = { ...common, ...regular, ...exception }
    return structuredClone({
      ...whole,
      id: `OID.${item.id}.${date}`,
      '@odata.etag': `W/"ck${stored.revision}"`,
      type: exception ? 'exception' : 'occurrence',
      seriesMasterId: item.id,
      originalStart: new Date(epochOf(start)).toISOString().replace('.000', ''),
      start: rendered(whole.start, whole.isAllDay),
      end: rendered(whole.end, whole.isAllDay),
    })
  }
}

const bareOf = (item: Item): Record<string, unknown> => ({
  ...{ '@odata.etag': item['@odata.etag'], id: item.id, type: item.type, seriesMasterId: item.seriesMasterId },
  ...{ start: item.start, end: item.end },
})
