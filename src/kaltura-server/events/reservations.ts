/** How long getConflicts holds the resources it found free (Kaltura: ResourceReservationDuration). */
const RESERVATION_SECONDS = 5

interface Reservation {
  readonly holder: string
  readonly until: number
}

/**
 * Resources held for a session for a few seconds after it found them free. Kept in memory: a hint between callers, not
 * a lock, and gone with the process as it is gone with Kaltura's cache.
 */
export class Reservations {
  readonly #held = new Map<string, Reservation>()

  /** Is the resource held by somebody else? */
  heldByOther(resourceId: string, holder: string, now: number): boolean {
    const held = this.#held.get(resourceId)
    return held !== undefined && held.until > now && held.holder !== holder
  }

  /** Holds all of them, or none: answers the first that another session holds. */
  reserve(resourceIds: readonly string[], holder: string, now: number): string | null {
    for (const [id, held] of this.#held) if (held.until <= now) this.#held.delete(id)
    const taken = resourceIds.find(id => this.heldByOther(id, holder, now))
    for (const id of resourceIds) {
      if (taken === undefined) this.#held.set(id, { holder, until: now + RESERVATION_SECONDS })
      else if (this.#held.get(id)?.holder === holder) this.#held.delete(id)
    }
    return taken ?? null
  }
}
