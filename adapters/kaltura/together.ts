/**
 * Pushes that are under way at the same time go step by step together: what they ask at the same stage becomes one
 * request. A push by itself never waits.
 */
import { setImmediate as turn } from 'node:timers/promises'

/** How long those who wait stay for one that does something else, ms. */
const PATIENCE = 50
/** Answers given out before others have their turn. */
const AT_ONCE = 5

/** Those who are under way, and when all of them wait for an answer. */
export class Round {
  #active = 0
  #waiting = 0
  readonly #starts = new Set<() => void>()
  #timer: NodeJS.Timeout | null = null

  async join<T>(work: () => Promise<T>): Promise<T> {
    this.#active++
    try {
      return await work()
    } finally {
      this.#active--
      this.#look()
    }
  }

  /** @param start is called once, when nobody else is on the way to asking */
  wait(start: () => void): void {
    this.#waiting++
    this.#starts.add(start)
    this.#look()
  }

  #look(): void {
    if (this.#waiting === 0) return
    if (this.#waiting >= this.#active) setImmediate(() => this.#waiting >= this.#active && this.#start())
    else this.#timer ??= setTimeout(() => this.#start(), PATIENCE)
  }

  #start(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#waiting = 0
    const starts = [...this.#starts]
    this.#starts.clear()
    for (const start of starts) start()
  }
}

interface Waiting<Question, Answer> {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: unknown) => void
}

/** One kind of question; those asked in one round are answered by one call. */
export class Together<Question, Answer> {
  readonly #round: Round
  readonly #answer: (questions: readonly Question[]) => Promise<(index: number) => Answer>
  readonly #start = () => void this.#run()
  #waiting: Waiting<Question, Answer>[] = []

  /** @param answer answers all; what it throws, and what its result throws for one of them, is the answer */
  constructor(round: Round, answer: (questions: readonly Question[]) => Promise<(index: number) => Answer>) {
    this.#round = round
    this.#answer = answer
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject })
      this.#round.wait(this.#start)
    })
  }

  async #run(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const answerOf = await this.#answer(waiting.map(({ question }) => question))
      for (const [index, { resolve, reject }] of waiting.entries()) {
        if (index % AT_ONCE === AT_ONCE - 1) await turn()
        try {
          resolve(answerOf(index))
        } catch (error) {
          reject(error)
        }
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }
}
