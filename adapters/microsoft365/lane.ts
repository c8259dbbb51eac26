/** One mailbox's turn: at most four requests at once (Exchange refuses a fifth), and silence where an answer asks for it. */
import { setTimeout as wait } from 'node:timers/promises'
import { GraphFailure } from './errors.ts'

export const atOnce = 4
/** A longer Retry-After is left to the engine, seconds. */
export const patience = 5

export class Lane {
  #busy = 0
  readonly #waiting: { readonly slots: number; readonly go: () => void }[] = []
  #count = 0
  /** Until when (epoch ms) the mailbox has asked to be left alone, and the number of the last request before that. */
  #resting = { since: 0, until: 0 }

  /** The number of a request, in the order of their coming. */
  enter(): number {
    return ++this.#count
  }

  /** @param seconds what an answer asked for: it holds for every request that waits */
  rest(seconds: number): void {
    this.#resting = { since: this.#count, until: Date.now() + seconds * 1000 }
  }

  /** Runs `work` in its turn. @param slots how many requests it is @throws GraphFailure a long rest has been asked for */
  async hold<T>(slots: number, entered: number, work: () => Promise<T>): Promise<T> {
    await this.#take(slots)
    try {
      await this.#silence(entered)
      return await work()
    } finally {
      this.#busy -= slots
      this.#next()
    }
  }

  /** Whoever comes after a refusal has been told how long to wait, and does so by itself. */
  async #silence(entered: number): Promise<void> {
    const { since, until } = this.#resting
    const seconds = (until - Date.now()) / 1000
    if (seconds <= 0) return
    if (seconds <= patience) await wait(seconds * 1000)
    else if (entered <= since) {
      throw new GraphFailure({ status: 429, code: 'resting', message: 'asked to wait', retryAfter: seconds }, null)
    }
  }

  #take(slots: number): Promise<void> {
    return new Promise(go => {
      this.#waiting.push({ slots, go })
      this.#next()
    })
  }

  /** In order: a group that needs all four is not overtaken for ever. */
  #next(): void {
    for (let first = this.#waiting[0]; first && this.#busy + first.slots <= atOnce; first = this.#waiting[0]) {
      this.#waiting.shift()
      this.#busy += first.slots
      first.go()
    }
  }
}
