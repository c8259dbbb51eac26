/**
 * The Kaltura adapter against every fault at every request, every change of shape, and long random histories.
 * `HISTORIES` is how many of these; 1,000 unless told.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { breaks, startAccount, type TestAccount } from '../adapters/kaltura/account.ts'
import { change, pairsOf } from '../adapters/kaltura/changes.ts'
import { shapes } from '../adapters/kaltura/events.ts'
import { hold, openScenarios, scenario, scenarios } from '../adapters/kaltura/faults.ts'
import { historyOn } from '../adapters/kaltura/history.ts'

let account: TestAccount
afterEach(() => account.empty())
afterAll(() => account.close())

describe.each(Object.keys(scenarios))('when %s', name => {
  beforeAll(async () => {
    account = await openScenarios()
  })
  const places = [...Array(16).keys()]

  it.each(breaks)('a request is %s, whichever it is', async fault => {
    for (const skip of places) await hold(scenario(name), fault, skip, false)
  })

  it('a request is dropped and the process dies, whenever it does', async () => {
    for (const skip of places) await hold(scenario(name), 'dropped', skip, true)
  })
})

describe('on an account of its own', () => {
  beforeAll(async () => {
    account = await startAccount()
  })

  it('any shape of event becomes any other', async () => {
    const room = await account.room('changes')
    const source = account.open()
    await source.resources()
    const pairs = pairsOf([...Object.keys(shapes), 'cancelled'])
    for (const [from, to] of pairs) await change(account, source, room, from, to)
    expect(pairs.length).toBeGreaterThan(3000)
  })

  it('random histories are read as they are', async () => {
    await historyOn(
      account,
      [await account.room('one'), await account.room('two')],
      Number(process.env.HISTORIES ?? 1000),
    )
  })
})
