/** How long statements may follow one another before everything else has its turn, ms. */
const turn = 15

let turnBegan: number | null = null

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * Called before each statement. SQLite answers at once, so that a thousand awaited statements are one uninterrupted
 * run; this lets the event loop turn when such a run has become long.
 */
export function breathe(): Promise<void> | undefined {
  const now = performance.now()
  if (turnBegan === null) {
    turnBegan = now
    setImmediate(() => {
      turnBegan = null
    })
  }
  return now - turnBegan < turn ? undefined : nextTurn()
}
