import { setTimeout as wait } from 'node:timers/promises'

/** How long work may go on before everything else has its turn, ms. */
const longest = 10

/** Since when such work has been going on in this turn of the event loop, and its end. */
let turn: { readonly began: number; readonly ended: Promise<void> } | null = null

function newTurn(): { readonly began: number; readonly ended: Promise<void> } {
  const ended = new Promise<void>(resolve =>
    setImmediate(() => {
      turn = null
      // All who wait go on together, step by step: one alone would use the whole next turn for itself.
      resolve()
    }),
  )
  return { began: performance.now(), ended }
}

/**
 * Called between the steps of what may take long: the statements of a database that answers at once, the parts of a
 * long answer. All who call it share a turn; when that has become long, this is what they wait for.
 */
export function breathe(): Promise<void> | undefined {
  turn ??= newTurn()
  return performance.now() - turn.began < longest ? undefined : turn.ended
}

/** For how long such work has been going on in this turn of the event loop, ms. */
export const turnSoFar = (): number => (turn ? performance.now() - turn.began : 0)

/** When somebody outside was last answered, on the monotonic clock. */
let answered = Number.NEGATIVE_INFINITY
/** Where answers follow one another within this time, ms, others wait for theirs. */
const gap = 10

/** To be called whenever somebody outside has been answered. */
export function noteAnswer(): void {
  answered = performance.now()
}

/**
 * Called between the steps of work that nobody waits for: lets those go first who do, for `longest` ms at most, as some
 * of them never cease.
 */
export async function standAside(longest: number): Promise<void> {
  const until = performance.now() + longest
  for (let now = performance.now(); now < until && now - answered < gap; now = performance.now()) {
    await wait(gap)
  }
}
