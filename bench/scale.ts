/** Cost per request must not grow with the calendar where the answer does not. */
import { syncCollection as synchronise } from '../test/conformance/support/dav.ts'
import { afterAll, epochOf } from './data.ts'
import { filledGateway } from './fill.ts'
import { type Bench, residentMb } from './harness.ts'
import { rate } from './load-client.ts'
import { calendarQuery, freeBusyQuery, putNew, syncCollection } from './requests.ts'

const sizes = [1000, 10_000, 50_000] as const
/** A day far from the lectures that grow denser with the size of the calendar: every size has the same answer there. */
const quiet = afterAll

export const scale: Bench = async report => {
  const times = new Map<string, number[]>()
  for (const events of sizes) {
    const filled = await filledGateway([{ name: 'lh101', events, series: 0 }])
    const url = `${filled.home}lh101/`
    const { token } = await synchronise(filled, url, '')
    const works: Record<string, { request: string; status: number }> = {
      'sync-collection, nothing new': { request: syncCollection(filled, url, token), status: 207 },
      'calendar-query, one week': { request: calendarQuery(filled, url, quiet, quiet + 7, true), status: 207 },
      'free-busy-query, one month': { request: freeBusyQuery(filled, url, quiet, quiet + 30), status: 200 },
      'PUT, new event': { request: putNew(filled, url), status: 201 },
    }
    for (const [work, { request, status }] of Object.entries(works)) {
      const one = await rate(url, {
        connections: 1,
        requests: [request],
        statuses: [status],
        from: epochOf(quiet + 60),
        warmUp: 1,
        seconds: 3,
      })
      times.set(work, [...(times.get(work) ?? []), one.p50])
    }
    const memory = await residentMb(filled.gateway.pid())
    const goal = events === 50_000 ? { goal: 350 } : {}
    report({ work: `memory at ${events.toLocaleString('en')} events`, value: memory, unit: 'MB', ...goal })
    await filled.close()
  }
  for (const [work, [small = 1, ...larger]] of times) {
    const all = [small, ...larger].map(ms => `${ms.toFixed(2)} ms`).join(', ')
    report({
      work: `${work}: growth from 1,000 to 50,000`,
      value: (larger.at(-1) ?? 0) / small,
      unit: '×',
      goal: 1.5,
      note: all,
    })
  }
}
