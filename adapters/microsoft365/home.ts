/**
 * Rooms that are invited. Our meetings lie in the organizer's calendar; what the room keeps of them is a copy whose
 * title and text the room's own mailbox replaces, so it only tells where to look.
 */
import { KaldavError } from '../../src/errors.ts'
import type { ScheduleEvent } from '../../src/schedule/event.ts'
import type { RemoteRef } from '../../src/sync/source.ts'
import { isItemTrouble, type Mailbox } from './mailbox.ts'
import { versionOf } from './series.ts'
import type { Found } from './sorting.ts'
import { copyKey, type Titles } from './titles.ts'
import type { GraphEvent } from './translate.ts'
import type { Window } from './window.ts'

/** A room, and the organizer's calendar where it is invited; `home: null`: written to directly. */
export interface Place {
  readonly room: Mailbox
  readonly home: Mailbox | null
  /** Meetings, by their id at the organizer's, that the room has not answered yet. */
  readonly asked: Set<string>
  /** Ids of what was written from here: where a list leaves out its mark, it is asked once more. */
  readonly written: Set<string>
  /** What meetings of others said before the room answered; outlives a cursor that has died. */
  readonly titles: Titles
}

/** A ref into the organizer's calendar, not the room's. */
export const isHome = (at: RemoteRef): boolean => at.parts?.home === true
export const homeRef = ({ id, version }: RemoteRef): RemoteRef => ({ id, version, parts: { home: true } })

/** Whether the room is free is the room's answer: at the organizer's nothing is tentative. */
export const unanswered = (event: ScheduleEvent): ScheduleEvent => withStatus(event, 'CONFIRMED')

const withStatus = (event: ScheduleEvent, status: 'CONFIRMED' | 'TENTATIVE'): ScheduleEvent => ({
  ...event,
  master: event.master && { ...event.master, status },
  overrides: event.overrides.map(override => ({ ...override, status })),
})

const sameAddress = (a: string | null | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase()

/** Our meetings at the organizer's, for one read of the room. */
export class Home {
  readonly #place: Place
  readonly #home: Mailbox
  /** Ids at the organizer's by the keys of the room's copies. */
  readonly copies: Record<string, string>
  /** Those that the room has declined, until they are cancelled. */
  readonly declined: Set<string>
  readonly #wanted = new Map<string, GraphEvent | null>()
  readonly #known = new Map<string, GraphEvent>()

  constructor(
    place: Place,
    home: Mailbox,
    { copies = {}, declined = [] }: { copies?: Readonly<Record<string, string>>; declined?: readonly string[] },
  ) {
    this.declined = new Set(declined)
    this.#place = place
    this.#home = home
    this.copies = { ...copies }
  }

  /** A meeting is to be looked at. */
  want(id: string): void {
    this.#wanted.set(id, null)
  }

  askAgain(): void {
    for (const id of this.#place.asked) this.want(id)
  }

  /** Only what the engine has heard of before is cancelled: a meeting that is gone would else be taken for deleted. */
  async cancelDeclined(): Promise<void> {
    for (const id of this.declined) {
      try {
        if (await this.#home.item(id)) {
          await this.#home.request({ method: 'POST', path: `${this.#home.eventPath(id)}/cancel`, body: {} })
        }
        this.declined.delete(id)
      } catch (error) {
        // Reading the room does not depend on it: it is tried again with the next.
        if (!(error instanceof KaldavError)) throw error
      }
    }
  }

  /** Reads every meeting of ours for the room that is not over: a whole read. */
  async readAll({ from }: Window): Promise<void> {
    for (const item of await this.#home.markedItems()) {
      if (item.iCalUId) this.#known.set(item.iCalUId, item)
      const isOver = !item.recurrence && Date.parse(`${item.end?.dateTime.slice(0, 19)}Z`) / 1000 < from
      if (!isOver) this.#wanted.set(item.id, item)
    }
  }

  /** Whether the room's item is the copy of a meeting of ours, which is then looked at where it lies. */
  async claims(copy: GraphEvent): Promise<boolean> {
    const { address } = this.#home
    if (copy.isOrganizer !== false || !copy.iCalUId || !sameAddress(copy.organizer?.emailAddress?.address, address))
      return false
    const item = this.#known.get(copy.iCalUId) ?? (await this.#home.byCalUid(copy.iCalUId))
    // A copy may outlive our meeting until the room has heard of its end.
    const id = item?.id ?? this.copies[copyKey(copy.id)]
    if (id === undefined) return false
    this.copies[copyKey(copy.id)] = id
    this.#wanted.set(id, this.#wanted.get(id) ?? item)
    return true
  }

  /** Whether an item that is gone from the room was the copy of a meeting of ours. */
  lost(id: string): boolean {
    const key = copyKey(id)
    const known = this.copies[key]
    if (known === undefined) return false
    delete this.copies[key]
    this.#wanted.set(known, null)
    return true
  }

  async look(found: Found): Promise<void> {
    await Promise.all([...this.#wanted].map(([id, item]) => this.#lookAt(id, item, found)))
  }

  async #lookAt(id: string, known: GraphEvent | null, found: Found): Promise<void> {
    if (this.declined.has(id)) return
    const item = known ?? (await this.#home.item(id))
    const uid = item && this.#home.uidOn(item)
    if (!item || item.isCancelled || !uid) {
      this.#place.asked.delete(id)
      found.removed.push(id)
      return
    }
    const answer = this.#answer(item)
    if (/^(accepted|declined)$/i.test(answer)) this.#place.asked.delete(id)
    else this.#place.asked.add(id)
    if (/^declined$/i.test(answer)) {
      this.declined.add(id)
      const reason = `The room ${this.#place.room.address} has declined the invitation: it is taken or closed then.`
      found.refused.push({ id, uid, code: 'declined', reason, remedy: 'Move the event, and it is invited again.' })
      return
    }
    try {
      const { event } = await this.#home.hold(item, uid)
      const ref = homeRef({ id, version: versionOf(event) })
      found.changed.push({ ref, event: withStatus(event, /^accepted$/i.test(answer) ? 'CONFIRMED' : 'TENTATIVE') })
    } catch (error) {
      if (!isItemTrouble(error)) throw error
      found.unreadable.push({ id, uid, reason: error.message })
    }
  }

  #answer(item: GraphEvent): string {
    const { address } = this.#place.room
    const room = item.attendees?.find(({ emailAddress }) => sameAddress(emailAddress?.address, address))
    return room?.status?.response ?? 'none'
  }
}
