/** Start, memory, import, conflict check, one query, 304: what a single machine has to do well. */
import { type Access, ask } from '../test/conformance/support/dav.ts'
import { openGateway } from '../test/conformance/support/gateway.ts'
import { clashing } from './data.ts'
import { filledGateway } from './fill.ts'
import { type Bench, median, openExpress, residentMb, timed } from './harness.ts'
import { rate } from './load-client.ts'
import { calendarQuery, getFeed } from './requests.ts'

export const start: Bench = async report => {
  const gateway = await openGateway({ example: true })
  try {
    const times = [gateway.startMs()]
    for (let again = 0; again < 5; again += 1) {
      await gateway.stop()
      await gateway.start()
      times.push(gateway.startMs())
    }
    report({ work: 'first start to ready, with the example campus', value: times[0] ?? 0, unit: 'ms' })
    report({ work: 'start to ready', value: median(times.slice(1)), unit: 'ms', goal: 1500, note: 'median of 5' })
  } finally {
    await gateway.close()
  }
}

/** Milliseconds of each of `count` PUTs of a new series of 14 that clashes with lectures already there. */
async function seriesPuts(access: Access, url: string, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index += 1) {
    const target = `${url}clashing-${index}.ics`
    const put = () => ask(access, 'PUT', target, { 'content-type': 'text/calendar' }, clashing(index))
    const { ms, value } = await timed(put)
    if (value.status !== 201) throw new Error(`PUT: ${value.status} ${value.text}`)
    times.push(ms)
  }
  return times
}

export const room: Bench = async report => {
  const filled = await filledGateway([{ name: 'lh101', events: 10_000, series: 200 }])
  const url = `${filled.home}lh101/`
  try {
    report({
      work: 'import of 10,000 events',
      value: filled.importMs / 1000,
      unit: 's',
      goal: 10,
      note: '`kaldav import`',
    })
    const memory = async (when: string) =>
      report({
        work: `memory with 10,000 events, ${when}`,
        value: await residentMb(filled.gateway.pid()),
        unit: 'MB',
        goal: 200,
      })
    await memory('after start and synchronisation')
    const query = [calendarQuery(filled, url, 10, 17, true)]
    const one = await rate(url, { connections: 1, requests: query, statuses: [207], warmUp: 1, seconds: 4 })
    report({
      work: 'calendar-query, one week of 10,000 events',
      value: one.p50,
      unit: 'ms',
      goal: 10,
      note: `with data; p99 ${one.p99.toFixed(1)} ms`,
    })
    const puts = await seriesPuts(filled, url, 60)
    report({
      work: 'PUT of a new series of 14 with its conflict check, 10,000 events',
      value: median(puts.slice(10)),
      unit: 'ms',
      goal: 10,
      note: 'the whole request, durable; median of 50',
    })
    await memory('after this load')
  } finally {
    await filled.close()
  }
}

export const notModified: Bench = async report => {
  const filled = await filledGateway([{ name: 'lh101', events: 1000, series: 20 }])
  const express = await openExpress()
  try {
    const token = JSON.parse(await filled.gateway.cli('token', 'create', '--resource', 'lh101', '--json')) as {
      url?: string
      token: string
    }
    const url = `${filled.gateway.url}/feeds/${token.token}/lh101.ics?profile=device`
    const etag = (await fetch(url)).headers.get('etag')
    if (!etag) throw new Error('the feed has no ETag')
    const common = { connections: 32, statuses: [304], warmUp: 2, seconds: 5 }
    const ours = await rate(url, { ...common, requests: [getFeed(url, etag)] })
    const bare = await rate(express.url, { ...common, requests: [getFeed(`${express.url}/304`, etag)] })
    const again = await rate(url, { ...common, requests: [getFeed(url, etag)] })
    const best = Math.max(ours.perSecond, again.perSecond)
    const peers = { 'bare Express 304': bare.perSecond }
    report({ work: 'feed GET answered 304, 32 connections', value: best, unit: '/s', goal: bare.perSecond / 2, peers })
  } finally {
    express.close()
    await filled.close()
  }
}
