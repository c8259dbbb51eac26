/** Nobody keeps the event loop for long, however much there is to do. */
import { setImmediate, setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { breathe, noteAnswer, standAside } from '../src/breath.ts'
import { inSlices } from '../src/dav/respond.ts'

const work = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** How often the event loop turned while `run` ran. */
async function turnsDuring(run: () => Promise<void>): Promise<number> {
  let [turns, running] = [0, true]
  const counting = (async () => {
    for (; running; turns++) await setImmediate()
  })()
  await run()
  running = false
  await counting
  return turns
}

test('short work is not interrupted', async () => {
  await setImmediate()
  expect(breathe()).toBeUndefined()
})

test('long work lets the event loop turn', async () => {
  const steps = async () => {
    for (let step = 0; step < 50; step++) {
      await breathe()
      work(4)
    }
  }
  expect(await turnsDuring(steps)).toBeGreaterThanOrEqual(10)
})

test('so do answers made of many batches, each of them short', async () => {
  const render = () => {
    work(2)
    return 'x'
  }
  const batches = async () => {
    for (let batch = 0; batch < 50; batch++) {
      for await (const text of inSlices([1, 2], render)) expect(text.length).toBeGreaterThan(0)
    }
  }
  expect(await turnsDuring(batches)).toBeGreaterThanOrEqual(10)
})

test('work that nobody waits for goes on at once where nobody else is answered', async () => {
  await wait(20)
  expect(await turnsDuring(() => standAside(10_000))).toBeLessThanOrEqual(2)
})

test('it lets those go first who are answered one after the other, but not for ever', async () => {
  const answers = { count: 0 }
  const answering = setInterval(() => {
    answers.count++
    noteAnswer()
  }, 1)
  noteAnswer()
  await standAside(200)
  clearInterval(answering)
  expect(answers.count).toBeGreaterThan(3)
})

test('and goes on once they cease', async () => {
  noteAnswer()
  await standAside(Number.POSITIVE_INFINITY)
})
