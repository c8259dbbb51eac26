import { afterAll, afterEach, beforeAll, it } from 'vitest'
import { breaks, type TestAccount } from './account.ts'
import { hold, openScenarios, scenario, scenarios } from './faults.ts'

let account: TestAccount
beforeAll(async () => {
  account = await openScenarios()
})
afterEach(() => account.empty())
afterAll(() => account.close())

/** Every fault at every request is tried by the long tests; here each scenario meets each fault once. */
const names = Object.keys(scenarios)

it.each(names)('when %s, and a request fails in any way', { timeout: 60_000 }, async name => {
  const shift = names.indexOf(name)
  for (const [index, fault] of breaks.entries()) await hold(scenario(name), fault, 1 + ((index + shift) % 7), false)
  await hold(scenario(name), 'dropped', 2 + (shift % 5), true)
})
