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
