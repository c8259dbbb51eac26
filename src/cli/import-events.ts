/** Calendar files into the account schedule: what each event becomes is decided here, the store is written in batches. */
import { randomUUID } from 'node:crypto'
import { KaldavError, Unavailable } from '../errors.ts'
import { sameEvent } from '../schedule/caltime.ts'
import { mainComponent, type ScheduleEvent } from '../schedule/event.ts'
import { type Finding, type ParsedCalendar, parseCalendar } from '../schedule/ical.ts'
import { checkRecurrence } from '../schedule/recurrence.ts'
import type { Actor, Resource, Store } from '../store/store.ts'

/** So many events are one transaction: small enough for a running server to go on between them. */
const batchSize = 250

export interface ImportResult {
  imported: number
  updated: number
  unchanged: number
  readonly rejected: Finding[]
  readonly notices: Finding[]
}

export interface ImportOptions {
  readonly store: Store
  /** Where the events take place; `null`: what each says itself. */
  readonly resource: Resource | null
  /** How many events have been dealt with, of how many known so far. */
  readonly onProgress?: (done: number, total: number) => void
}

export class Importer {
  readonly result: ImportResult = { imported: 0, updated: 0, unchanged: 0, rejected: [], notices: [] }
  readonly #options: ImportOptions
  readonly #actor: Actor = { source: 'import', user: null, run: `import-${randomUUID().slice(0, 8)}` }
  readonly #places: Places
  #done = 0
  #total = 0

  private constructor(options: ImportOptions, resources: readonly Resource[]) {
    this.#options = options
    this.#places = new Places(resources)
  }

  static async open(options: ImportOptions): Promise<Importer> {
    return new Importer(options, await options.store.resources())
  }

  /** The run's name in the journal. */
  get run(): string | null {
    return this.#actor.run
  }

  /** Takes in one file. Whatever is wrong with its content is a finding. */
  async add(file: string, text: string): Promise<void> {
    const parsed = parseCalendar(text, { file })
    this.result.rejected.push(...parsed.rejected)
    this.result.notices.push(...parsed.notices)
    this.#nameOthers(parsed, file)
    this.#total += parsed.events.length
    for (let first = 0; first < parsed.events.length; first += batchSize) {
      await this.#addBatch(parsed.events.slice(first, first + batchSize), parsed, file)
    }
  }

  /** Notes a file that gave nothing, with the reason. */
  reject(file: string, reason: string): void {
    this.result.rejected.push({ file, line: 0, component: 'VCALENDAR', uid: null, reason })
  }

  #nameOthers({ otherComponents, events, rejected }: ParsedCalendar, file: string): void {
    for (const component of new Set(otherComponents)) {
      const number = otherComponents.filter(other => other === component).length
      const reason = `${number} ${component} left out: the schedule holds events only`
      this.result.notices.push({ file, line: 0, component, uid: null, reason })
    }
    if (events.length === 0 && rejected.length === 0 && otherComponents.length === 0) {
      this.reject(file, 'There is no event in it: it may be no iCalendar file')
    }
  }

  async #addBatch(events: readonly ScheduleEvent[], parsed: ParsedCalendar, file: string): Promise<void> {
    const finding = (event: ScheduleEvent, reason: string): Finding => {
      return { file, line: parsed.lines.get(event.uid) ?? 0, component: 'VEVENT', uid: event.uid, reason }
    }
    const good = events.filter(event => {
      const problems = checkRecurrence(event)
      if (problems.length > 0) this.result.rejected.push(finding(event, problems.join('; ')))
      return problems.length === 0
    })
    try {
      await this.#write(good, finding)
    } catch (error) {
      if (isOutage(error)) throw error
      // One of them cannot be stored, and took the others of its transaction with it: each by itself.
      for (const event of good) await this.#writeAlone(event, finding)
    }
    this.#done += events.length
    this.#options.onProgress?.(this.#done, this.#total)
  }

  async #writeAlone(event: ScheduleEvent, finding: (event: ScheduleEvent, reason: string) => Finding): Promise<void> {
    try {
      await this.#write([event], finding)
    } catch (error) {
      if (isOutage(error)) throw error
      const remedy = error instanceof KaldavError && error.remedy ? ` (${error.remedy})` : ''
      this.result.rejected.push(finding(event, `${error instanceof Error ? error.message : String(error)}${remedy}`))
    }
  }

  async #write(
    events: readonly ScheduleEvent[],
    finding: (event: ScheduleEvent, reason: string) => Finding,
  ): Promise<void> {
    const { resource } = this.#options
    const counts = { imported: 0, updated: 0, unchanged: 0 }
    const notices: Finding[] = []
    await this.#options.store.write(this.#actor, async tx => {
      const stored = new Map((await tx.events(events.map(({ uid }) => uid))).map(found => [found.uid, found.event]))
      for (const event of events) {
        const before = stored.get(event.uid) ?? null
        const place = resource ? alsoAt(before, resource) : this.#places.of(event, before)
        if (place.notice) notices.push(finding(event, place.notice))
        const wanted = { ...event, resourceIds: place.resourceIds }
        if (before && sameEvent(before, wanted) && sameIds(before.resourceIds, wanted.resourceIds)) {
          counts.unchanged++
          continue
        }
        await tx.put(wanted)
        counts[before ? 'updated' : 'imported']++
      }
    })
    this.result.imported += counts.imported
    this.result.updated += counts.updated
    this.result.unchanged += counts.unchanged
    this.result.notices.push(...notices)
  }
}

interface Place {
  readonly resourceIds: readonly number[]
  readonly notice: string | null
}

/** Where events say they are: X-KALTURA-RESOURCE-IDS, else a LOCATION that names resources. */
class Places {
  readonly #ids: ReadonlySet<number>
  readonly #byName: ReadonlyMap<string, number>

  constructor(resources: readonly Resource[]) {
    const active = resources.filter(({ status }) => status !== 3)
    this.#ids = new Set(active.map(({ id }) => id))
    this.#byName = new Map([
      ...active.map(({ id, name }) => [key(name), id] as const),
      ...active.map(({ id, systemName }) => [key(systemName), id] as const),
    ])
  }

  of(event: ScheduleEvent, before: ScheduleEvent | null): Place {
    const known = event.resourceIds.filter(id => this.#ids.has(id))
    const unknown = event.resourceIds.filter(id => !this.#ids.has(id))
    const notice =
      unknown.length > 0 ? `The account has no resource ${unknown.join(', ')} (X-KALTURA-RESOURCE-IDS): left out` : null
    if (known.length > 0) return { resourceIds: known, notice }
    const { location } = mainComponent(event)
    const named = this.#named(location ?? '')
    if (named.length > 0) return { resourceIds: named, notice }
    // An event known from elsewhere keeps its rooms when a file does not speak of them.
    if (before && before.resourceIds.length > 0) return { resourceIds: before.resourceIds, notice }
    const where = location ? `"${location}" is no resource of the account` : 'it names no resource'
    return { resourceIds: [], notice: notice ?? `In the account schedule without a resource: ${where}` }
  }

  /** Outlook writes several rooms as one text, with semicolons between them. */
  #named(location: string): number[] {
    const whole = this.#byName.get(key(location))
    const ids = whole === undefined ? location.split(';').map(part => this.#byName.get(key(part))) : [whole]
    return [...new Set(ids.filter(id => id !== undefined))].sort((a, b) => a - b)
  }
}

const key = (name: string): string => name.trim().replace(/\s+/g, ' ').toLowerCase()

/** An event on two resources is one event: a file for another room adds that room. */
const alsoAt = (before: ScheduleEvent | null, { id }: Resource): Place => ({
  resourceIds: [...new Set([...(before?.resourceIds ?? []), id])].sort((a, b) => a - b),
  notice: null,
})

const sameIds = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, index) => id === b[index])

/** The store itself cannot be used: that is not the fault of an event. */
const isOutage = (error: unknown): boolean => error instanceof Unavailable
