/** 10,000 events to the embedded account, and from it; account, gateway and store share this process and its loop. */

import { withResources } from '../src/sync/resources.ts'
import { log, startAccount } from '../test/adapters/kaltura/account.ts'
import { event, shapeNamed } from '../test/adapters/kaltura/events.ts'
import { openHarness } from '../test/sync/harness.ts'
import { type Bench, residentMb, timed } from './harness.ts'

const events = 10_000
const whole = { resourceId: null, calendar: 'account', id: 'kaltura/account', source: 'kaltura', type: 'kaltura' }

/** The longest turn of the loop by what it worked, ms: a busy machine does not lengthen it. */
function longestTurn(): { stop(): number } {
  let longest = 0
  let before = process.threadCpuUsage()
  let next = setTimeout(look, 1)
  function look() {
    const { user, system } = process.threadCpuUsage(before)
    longest = Math.max(longest, (user + system) / 1000)
    before = process.threadCpuUsage()
    next = setTimeout(look, 1)
  }
  return {
    stop() {
      clearTimeout(next)
      return longest
    },
  }
}

export const kaltura: Bench = async report => {
  const account = await startAccount()
  const room = await account.room('lh101')
  const harness = await openHarness()
  const source = withResources(account.open(), harness.store, () => 'Europe/Berlin', log)
  const first = Temporal.Instant.from('2030-01-01T08:00:00Z')
  const at = (hours: number, minutes = 0) => {
    const zoned = first.add({ hours, minutes }).toZonedDateTimeISO('Europe/Berlin')
    return { dateTime: zoned.toPlainDateTime().toString({ smallestUnit: 'second' }), tzid: 'Europe/Berlin' }
  }
  for (let n = 0; n < events; n++) {
    const { master, ...rest } = event(`event-${n}`, shapeNamed('a single event'))
    if (!master) throw new TypeError('a single event has a master')
    await harness.put({ ...rest, master: { ...master, start: at(n), end: at(n, 50) }, resourceIds: [room] })
  }
  const measured = async (work: string, goal: number) => {
    account.requests.length = 0
    const turn = longestTurn()
    const { ms, value } = await timed(() => harness.run(source, whole))
    const longest = turn.stop()
    const note = `${value.pushed} pushed, ${value.pulled} pulled, ${account.requests.length} requests`
    report({ work: `Kaltura: ${work}`, value: ms / 1000, unit: 's', goal, note })
    report({ work: 'Kaltura: longest turn in it', value: longest, unit: 'ms', goal: 50 })
  }
  await measured(`push of ${events} events`, 60)
  report({ work: 'Kaltura: memory after it', value: await residentMb(process.pid), unit: 'MB' })
  await measured('reading them back', 20)
  await measured('nothing new', 1)
  report({
    work: 'Kaltura: requests for nothing new',
    value: account.requests.length,
    unit: 'requests',
    note: 'at most 3',
  })
  await harness.close()
  await account.close()
}
