/** The gateway beside Radicale and beside a bare Express route, in one run: same machine, same data, keep-alive. */
import { ask, syncCollection as synchronise } from '../test/conformance/support/dav.ts'
import { getAllMatches } from '../test/conformance/support/text.ts'
import { afterAll, epochOf } from './data.ts'
import { syncsPerSecond } from './disk.ts'
import { type Filled, filledGateway, filledRadicale, many, type Shape } from './fill.ts'
import { type Bench, cpuMs, openExpress } from './harness.ts'
import type { Measured } from './load.ts'
import { rate, request } from './load-client.ts'
import { calendarQuery, freeBusyQuery, listHome, listMembers, multiget, putNew, syncCollection } from './requests.ts'

type Result = Measured & { perSecond: number }

/** Work that is done on each server alike. */
interface Work {
  readonly work: string
  readonly goal: number
  readonly unit?: string
  /** Not for Radicale, with the reason. */
  readonly onlyHere?: string
  measure(server: Filled): Promise<Result>
  note?(result: Result): string
}

const big = { name: 'lh101', events: 10_000, series: 200 } as const
const p99 = (result: Result) => `p99 ${result.p99.toFixed(1)} ms`
const calendar = (server: Filled, name: string) => `${server.home}${name}/`
const spans = { warmUp: 2, seconds: 6 }

async function initialSync(server: Filled): Promise<Result> {
  const url = calendar(server, big.name)
  const list = listMembers(server, url)
  const { text } = await ask(
    server,
    'PROPFIND',
    url,
    { depth: '1', 'content-type': 'application/xml' },
    list.slice(list.indexOf('<?xml')),
  )
  const hrefs = getAllMatches(/<(?:\w+:)?href>([^<]*\.ics)</g, text)
  if (hrefs.length < big.events) throw new Error(`${hrefs.length} members, not ${big.events}`)
  const batches: string[] = []
  for (let at = 0; at < hrefs.length; at += 50) batches.push(multiget(server, url, hrefs.slice(at, at + 50)))
  const sync = () => rate(url, { connections: 1, requests: [list, ...batches], statuses: [207], once: true })
  await sync()
  const result = await sync()
  return { ...result, perSecond: hrefs.length / result.seconds }
}

async function mixed(server: Filled): Promise<Result> {
  const requests: string[] = []
  for (let index = 0; index < 50; index += 1) {
    const url = calendar(server, `room${index}`)
    const { token } = await synchronise(server, url, '')
    const [first = ''] = (await synchronise(server, url, '')).changed.keys()
    const reads = [
      syncCollection(server, url, token),
      calendarQuery(server, url, 3, 10, false),
      request(server, 'GET', new URL(first, url).href),
      multiget(server, url, [first]),
    ]
    for (let turn = 0; turn < 19; turn += 1) requests.push(reads[turn % reads.length] ?? '')
    requests.push(putNew(server, url))
  }
  // Neighbours in the list are of different calendars, as in life.
  const shuffled = requests
    .map((text, index) => ({ text, at: (index * 7919) % requests.length }))
    .sort((a, b) => a.at - b.at)
  return rate(server.home, {
    // Radicale resets some of 64 connections that come at once.
    connections: server.name === 'Radicale' ? 16 : 64,
    requests: shuffled.map(one => one.text),
    statuses: [200, 201, 204, 207],
    from: epochOf(afterAll),
    ...spans,
  })
}

const onBig: readonly Work[] = [
  {
    work: 'calendar-query, one week with data, 8 connections',
    goal: 500,
    measure: server => {
      const url = calendar(server, big.name)
      return rate(url, {
        connections: 8,
        requests: [calendarQuery(server, url, 10, 17, true)],
        statuses: [207],
        ...spans,
      })
    },
    note: p99,
  },
  {
    work: 'calendar-query, one week, ETags only, 8 connections',
    goal: 500,
    measure: server => {
      const url = calendar(server, big.name)
      const weeks = [10, 17, 24, 31, 38, 45].map(from => calendarQuery(server, url, from, from + 7, false))
      return rate(url, { connections: 8, requests: weeks, statuses: [207], ...spans })
    },
    note: p99,
  },
  {
    work: 'free-busy-query, one month, 8 connections',
    goal: 500,
    onlyHere: 'Radicale 3.1 has none',
    measure: server => {
      const url = calendar(server, big.name)
      return rate(url, { connections: 8, requests: [freeBusyQuery(server, url, 10, 40)], statuses: [200], ...spans })
    },
    note: p99,
  },
  {
    work: 'sync-collection, nothing new, 8 connections',
    goal: 6000,
    measure: async server => {
      const url = calendar(server, big.name)
      const { token } = await synchronise(server, url, '')
      return rate(url, { connections: 8, requests: [syncCollection(server, url, token)], statuses: [207], ...spans })
    },
    note: p99,
  },
  {
    work: 'initial sync: PROPFIND, multigets of 50, 10,000 events',
    goal: 30_000,
    unit: 'events/s',
    measure: initialSync,
    note: result => `one connection, ${result.seconds.toFixed(2)} s`,
  },
  {
    work: 'PUT, new events, 8 connections, durable',
    goal: 3000,
    measure: server => {
      const url = calendar(server, big.name)
      return rate(url, {
        connections: 8,
        requests: [putNew(server, url)],
        statuses: [201],
        from: epochOf(afterAll),
        ...spans,
      })
    },
    note: p99,
  },
]

const onHome: readonly Work[] = [
  {
    work: 'PROPFIND depth 1 on a home of 200 calendars, 8 connections',
    goal: 2000,
    measure: server =>
      rate(server.home, { connections: 8, requests: [listHome(server, server.home)], statuses: [207], ...spans }),
    note: p99,
  },
]

const onMany: readonly Work[] = [
  { work: 'mixed 95/5 over 50 calendars, 64 connections', goal: 4000, measure: mixed, note: p99 },
]

interface Stage {
  readonly shapes: readonly Shape[]
  readonly works: readonly Work[]
}

const stages = {
  big: { shapes: [big], works: onBig },
  home: { shapes: many(200, 0, 0), works: onHome },
  mixed: { shapes: many(50, 200, 10), works: onMany },
} as const satisfies Record<string, Stage>

async function yardstick(): Promise<number> {
  const express = await openExpress()
  try {
    const requests = [request(null, 'PROPFIND', `${express.url}/207`)]
    return (await rate(express.url, { connections: 8, requests, statuses: [207], ...spans })).perSecond
  } finally {
    express.close()
  }
}

async function measurePeer({ shapes, works }: Stage): Promise<ReadonlyMap<Work, number>> {
  const rates = new Map<Work, number>()
  const peer = await filledRadicale(shapes)
  try {
    for (const work of works) if (!work.onlyHere) rates.set(work, (await work.measure(peer)).perSecond)
  } finally {
    await peer.close()
  }
  return rates
}

/** With the CPU time that the gateway took for each answer. */
async function measureOurs(ours: Filled, work: Work): Promise<{ result: Result; cpu: string }> {
  const pid = ours.gateway?.pid() ?? 0
  const before = await cpuMs(pid)
  const result = await work.measure(ours)
  const each = ((await cpuMs(pid)) - before) / result.total
  return { result, cpu: work.unit ? '' : `${each.toFixed(2)} ms CPU each` }
}

/** `--alone` leaves Radicale out, which takes minutes to fill. */
const alone = process.argv.includes('--alone')

const bench =
  (names: readonly (keyof typeof stages)[]): Bench =>
  async report => {
    const bare = await yardstick()
    report({ work: 'bare Express, constant 207, 8 connections', value: bare, unit: '/s', note: 'the yardstick' })
    report({ work: 'bare disk, 32 kB and fdatasync, one by one', value: await syncsPerSecond(), unit: '/s' })
    for (const name of names) {
      const stage: Stage = stages[name]
      const theirs = alone ? new Map<Work, number>() : await measurePeer(stage)
      const ours = await filledGateway(stage.shapes)
      try {
        for (const work of stage.works) {
          const { result, cpu } = await measureOurs(ours, work)
          const radicale = theirs.get(work)
          report({
            ...{ work: work.work, value: result.perSecond, unit: work.unit ?? '/s', goal: work.goal },
            peers: {
              ...(radicale === undefined ? {} : { Radicale: radicale }),
              ...(work.unit ? {} : { Express: bare }),
            },
            note: [work.note?.(result), cpu, work.onlyHere].filter(Boolean).join('; '),
          })
        }
      } finally {
        await ours.close()
      }
    }
  }

/** All of it, or one part: `caldav-big`, `caldav-home`, `caldav-mixed`. */
export const caldav: Readonly<Record<string, Bench>> = {
  caldav: bench(['big', 'home', 'mixed']),
  'caldav-big': bench(['big']),
  'caldav-home': bench(['home']),
  'caldav-mixed': bench(['mixed']),
}
