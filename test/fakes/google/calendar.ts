/** One calendar of the stand-in: items by id with etags, tombstones and a revision for sync tokens. */
import rrule from 'rrule'

export interface Time {
  date?: string | null
  dateTime?: string | null
  timeZone?: string | null
}

export interface Attendee {
  email: string
  resource?: boolean
  self?: boolean
  responseStatus?: string
  [field: string]: unknown
}

export interface Item {
  id: string
  status: string
  etag?: string
  iCalUID?: string
  summary?: string
  start?: Time
  end?: Time
  recurrence?: string[]
  recurringEventId?: string
  originalStartTime?: Time
  attendees?: Attendee[]
  organizer?: { email: string; self?: boolean }
  extendedProperties?: { private?: Record<string, string>; shared?: Record<string, string> }
  transparency?: string
  [field: string]: unknown
}

interface Stored {
  item: Item
  revision: number
}

const compact = (instant: Date): string => instant.toISOString().replace(/[-:]|\.\d{3}/g, '')

/** Wall clock of `zone` at an instant, as if it were UTC. */
const wall = (epoch: number, zone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(epoch).toZonedDateTimeISO(zone).toPlainDateTime().toZonedDateTime('UTC')
    .epochMilliseconds

const instantOfWall = (wallTime: number, zone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(wallTime).toZonedDateTimeISO('UTC').toPlainDateTime().toZonedDateTime(zone)
    .epochMilliseconds

export class FakeCalendar {
  readonly id: string
  readonly zone: string
  readonly isRoom: boolean
  /** Grows with every change; a sync token is a revision. */
  revision = 0
  /** Tokens of an older generation are dead. */
  generation = 0
  /** Whether a room answers by itself; unset: the answer does not say. */
  autoAcceptInvitations: boolean | null = null
  access: 'writer' | 'reader' | 'freeBusyReader' | 'none' = 'writer'
  readonly #items = new Map<string, Stored>()
  #listeners: (() => void)[] = []

  constructor(id: string, zone: string) {
    this.id = id
    this.zone = zone
    this.isRoom = id.endsWith('@resource.calendar.google.com')
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  get(id: string): Item | null {
    const stored = this.#items.get(id)
    if (stored) return structuredClone(stored.item)
    return this.#instanceById(id)
  }

  put(item: Item): Item {
    this.revision++
    const stored: Item = { ...structuredClone(item), etag: `"${this.revision}${item.id.length}"` }
    stored.updated = new Date(1_700_000_000_000 + this.revision * 1000).toISOString()
    for (const name of ['start', 'end', 'originalStartTime'] as const)
      if (stored[name]) stored[name] = this.#time(stored[name])
    this.#items.set(item.id, { item: stored, revision: this.revision })
    for (const listener of this.#listeners) listener()
    return structuredClone(stored)
  }

  /** What is left of a deleted item: Google promises only the id (and for an exception, where it belonged). */
  remove(id: string): void {
    const item = this.get(id)
    if (!item) return
    const { recurringEventId, originalStartTime, iCalUID } = item
    if (recurringEventId && originalStartTime) {
      this.put({
        kind: 'calendar#event',
        id,
        status: 'cancelled',
        recurringEventId,
        originalStartTime,
        ...(iCalUID ? { iCalUID } : {}),
      })
      return
    }
    this.put({ kind: 'calendar#event', id, status: 'cancelled' })
    for (const { item: exception } of [...this.#items.values()]) {
      if (exception.recurringEventId === id) this.#items.delete(exception.id)
    }
  }

  /** Gives an item another etag and tells nobody: not every change moves a sync token. */
  touch(id: string): void {
    const stored = this.#items.get(id)
    if (stored) stored.item = { ...stored.item, etag: `"${stored.item.etag?.slice(1, -1)}t"` }
  }

  /** Forgets a tombstone, as Google does after a time. */
  purge(id: string): void {
    this.#items.delete(id)
  }

  clear(): void {
    this.#items.clear()
    this.generation++
  }

  since(revision: number): Item[] {
    return [...this.#items.values()]
      .filter(stored => stored.revision > revision)
      .sort((a, b) => a.revision - b.revision)
      .map(({ item }) => structuredClone(item))
  }

  all(): Item[] {
    return this.since(0)
  }

  living(): Item[] {
    return this.all().filter(({ status }) => status !== 'cancelled')
  }

  /** Start and end of an item in epoch ms; dates in the calendar's zone. */
  span(item: Item): { start: number; end: number } {
    return { start: this.instant(item.start), end: this.instant(item.end) }
  }

  instant(time: Time | undefined): number {
    if (time?.date) return instantOfWall(Date.parse(`${time.date}T00:00:00Z`), this.zone)
    return Date.parse(time?.dateTime ?? '')
  }

  /** The occurrences of a series: exceptions in their places, cancelled ones as tombstones. */
  instances(master: Item): Item[] {
    return this.#starts(master).map(start => {
      const id = this.#instanceId(master, start)
      return structuredClone(this.#items.get(id)?.item ?? this.#regular(master, start))
    })
  }

  /** Every occurrence that claims the calendar's time. */
  busy(): { start: number; end: number; id: string }[] {
    const claims = (item: Item): boolean =>
      item.status !== 'cancelled' &&
      item.transparency !== 'transparent' &&
      item.attendees?.find(({ self }) => self)?.responseStatus !== 'declined'
    return this.living()
      .filter(item => !item.recurringEventId)
      .flatMap(item => (item.recurrence?.length ? this.instances(item) : [item]))
      .filter(claims)
      .map(item => ({ ...this.span(item), id: item.recurringEventId ?? item.id }))
  }

  #time(time: Time): Time {
    const said = Object.fromEntries(Object.entries(time).filter(([, value]) => value !== null && value !== undefined))
    if (!said.dateTime || /(Z|[+-]\d{2}:\d{2})$/.test(String(said.dateTime))) return said
    const zone = String(said.timeZone ?? this.zone)
    const zoned = Temporal.PlainDateTime.from(String(said.dateTime)).toZonedDateTime(zone)
    return { ...said, dateTime: zoned.toString({ timeZoneName: 'never' }) }
  }

  #starts(master: Item): number[] {
    const zone = master.start?.timeZone ?? this.zone
    const allDay = Boolean(master.start?.date)
    const first = allDay ? Date.parse(`${master.start?.date}T00:00:00Z`) : wall(this.instant(master.start), zone)
    const stamp = compact(new Date(first))
    const lines = (master.recurrence ?? []).map(line => this.#floating(line, zone, allDay))
    const set = rrule.rrulestr([`DTSTART:${stamp}`, ...lines].join('\n'), { forceset: true }) as rrule.RRuleSet
    const walls = set.between(new Date(first - 1), new Date(first + 800 * 86_400_000), true).map(date => date.getTime())
    return walls.map(time => (allDay ? time : instantOfWall(time, zone)))
  }

  /** Rule lines on the wall clock, as the library has no zones. */
  #floating(line: string, zone: string, allDay: boolean): string {
    const local = (utc: string): string => {
      const iso = utc.replace(/(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z/, '$1-$2-$3T$4:$5:$6Z')
      return allDay ? utc : compact(new Date(wall(Date.parse(iso), zone)))
    }
    return line
      .replace(/;TZID=[^:;]+/, '')
      .replace(/;VALUE=DATE(?=[:;])/, '')
      .replace(/\d{8}T\d{6}Z/g, local)
      .replace(/^((?:EXDATE|RDATE):)(\d{8})$/, '$1$2T000000Z')
      .replace(/^((?:EXDATE|RDATE):.*T\d{6})$/, '$1Z')
  }

  #instanceId(master: Item, start: number): string {
    const stamp = compact(new Date(start))
    return `${master.id}_${master.start?.date ? stamp.slice(0, 8) : stamp}`
  }

  #instanceById(id: string): Item | null {
    const [masterId] = id.split('_')
    const master = masterId && masterId !== id ? this.#items.get(masterId)?.item : undefined
    if (!master?.recurrence?.length || master.status === 'cancelled') return null
    return this.instances(master).find(instance => instance.id === id) ?? null
  }

  #regular(master: Item, start: number): Item {
    const length = this.span(master).end - this.span(master).start
    const { recurrence: _, ...rest } = master
    const zone = master.start?.timeZone ?? this.zone
    const time = (epoch: number): Time => {
      if (master.start?.date) return { date: new Date(epoch).toISOString().slice(0, 10) }
      const zoned = Temporal.Instant.fromEpochMilliseconds(epoch).toZonedDateTimeISO(zone)
      return { dateTime: zoned.toString({ timeZoneName: 'never' }), timeZone: zone }
    }
    return {
      ...rest,
      id: this.#instanceId(master, start),
      recurringEventId: master.id,
      originalStartTime: time(start),
      start: time(start),
      end: time(start + length),
    }
  }
}
