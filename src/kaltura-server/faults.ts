/** The service that switches faults on; it is never met by one. */
export const FAULT_SERVICE = 'kaldav_fault'

/** What an administrator can make go wrong, in test mode only. */
export const FAULT_KINDS = [
  'latency',
  'status',
  'timeout',
  'expired',
  'lag',
  'commit-then-drop',
  'commit-then-status',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/**
 * `latency`: answers `milliseconds` later. `status`: answers with this HTTP status and does nothing. `timeout`: never
 * answers, and does nothing. `expired`: answers INVALID_KS with EXPIRED. `lag`: what is written appears in `list` only
 * `seconds` later. `commit-then-drop`, `commit-then-status`: does what was asked, then drops the connection or answers
 * with this status.
 */
export interface Fault {
  readonly kind: FaultKind
  /** Of which service and action (the id on the wire, without case); null: of any. */
  readonly service?: string | null
  readonly action?: string | null
  /** How many calls it meets; 1 unless said, 0: all of them. */
  readonly count?: number
  /** How many calls pass before the first it meets. */
  readonly skip?: number
  readonly milliseconds?: number
  readonly seconds?: number
  readonly status?: number
}

interface Armed {
  readonly fault: Fault
  skip: number
  left: number
}

const same = (asked: string | null | undefined, name: string): boolean =>
  asked === null || asked === undefined || asked === '' || asked.toLowerCase() === name.toLowerCase()

/** The faults switched on, each used up call by call. */
export class Faults {
  #armed: Armed[] = []

  add(fault: Fault): void {
    const count = fault.count ?? 1
    this.#armed.push({ fault, skip: fault.skip ?? 0, left: count === 0 ? Number.POSITIVE_INFINITY : count })
  }

  clear(): void {
    this.#armed = []
  }

  list(): Fault[] {
    return this.#armed.map(({ fault, skip, left }) => ({
      ...fault,
      skip,
      count: Number.isFinite(left) ? left : 0,
    }))
  }

  /** Seconds by which `list` lags; stays until it is cleared. */
  get lag(): number {
    return Math.max(0, ...this.#armed.map(({ fault }) => (fault.kind === 'lag' ? (fault.seconds ?? 0) : 0)))
  }

  /** The faults of these kinds that meet this call; they are used up by it. */
  take(service: string, action: string, kinds: readonly FaultKind[]): Fault[] {
    const met: Fault[] = []
    if (service.toLowerCase() === FAULT_SERVICE) return met
    for (const armed of this.#armed) {
      const { fault } = armed
      if (!kinds.includes(fault.kind) || !same(fault.service, service) || !same(fault.action, action)) continue
      if (armed.skip > 0) armed.skip -= 1
      else {
        armed.left -= 1
        met.push(fault)
      }
    }
    this.#armed = this.#armed.filter(({ fault, left }) => fault.kind === 'lag' || left > 0)
    return met
  }
}
