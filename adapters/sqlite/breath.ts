/** How long statements may follow one another before everything else has its turn, ms. */
const longest = 15

/** Since when statements have been running in this turn of the event loop, and its end. */
let turn: { readonly began: number; readonly ended: Promise<void> } | null = null

function newTurn(): { readonly began: number; readonly ended: Promise<void> } {
  const ended = new Promise<void>(resolve =>
    setImmediate(() => {
      turn = null
      // All who wait go on together, statement by statement: one alone would use the whole next turn for itself.
      resolve()
    }),
  )
  return { began: performance.now(), ended }
}

/**
 * Called before each statement. SQLite answers at once, so that a thousand awaited statements are one uninterrupted
 * run; this lets the event loop turn when such a run has become long.
 */
export function breathe(): Promise<void> | undefined {
  turn ??= newTurn()
  return performance.now() - turn.began < longest ? undefined : turn.ended
}
