import fc from 'fast-check'
import { expect } from 'vitest'
import { Parser } from 'xml2js'
import { ask, basic, get, propfind, put, syncCollection } from './dav.ts'
import { type Case, cases, wire } from './fuzz.ts'
import { openGateway } from './gateway.ts'
import { exchange } from './raw.ts'
import { lecture } from './text.ts'

/** Seconds one answer may take. */
const longest = 5
/** 501: a method nobody has; 502: COPY or MOVE to another server (RFC 4918 §9.8.5). Every other 5xx is a defect. */
const allowed5xx = new Set([501, 502])

/** Methods that cannot change what a GET answers. */
const reading = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT'])

/**
 * Runs the judgements of requests that write one after the other, and those that read beside them: between a PUT and the
 * GET that looks at it, no other lane may move the event away.
 */
function inTurn(): (sent: Case, judgement: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve()
  return (sent, judgement) => {
    if (reading.has(sent.method)) return judgement()
    const mine = last.then(judgement)
    last = mine.catch(() => undefined)
    return mine
  }
}

/** What has to hold of an answer, whatever was asked. */
async function judge(port: number, authorization: string, sent: Case): Promise<void> {
  const answer = await exchange(port, wire(sent, authorization), longest)
  expect(answer.status).toBeGreaterThanOrEqual(200)
  if (answer.status >= 500) expect(allowed5xx).toContain(answer.status)
  const type = answer.headers.get('content-type') ?? ''
  const text = answer.body.toString()
  if (answer.status === 207) expect(type).toMatch(/^application\/xml/)
  if (/xml/.test(type) && text !== '') await new Parser({ xmlns: true }).parseStringPromise(text)
  if (answer.status === 207) expect(text).not.toMatch(/HTTP\/1\.1 500/)
  if (sent.method !== 'PUT' || !answer.headers.has('etag') || answer.status >= 300) return
  const read = await exchange(
    port,
    wire({ method: 'GET', path: sent.path, headers: [], body: '' }, authorization),
    longest,
  )
  expect([read.status, read.headers.get('etag')]).toEqual([200, answer.headers.get('etag')])
  // RFC 8144 §3.1: who asks for what is there now gets its tag, also where that is not what was sent.
  const told =
    answer.headers.get('preference-applied') === 'return=representation' ? answer.body : Buffer.from(sent.body)
  expect(read.body.equals(told)).toBe(true)
}

/** Sends `count` cases to a gateway of its own, and looks at the gateway afterwards. */
export async function fuzz(count: number, lanes: number): Promise<void> {
  const gateway = await openGateway({ rooms: ['lh101', 'lh102'] })
  try {
    const room = `${gateway.url}/dav/calendars/lh101/`
    const kept = lecture({ uid: 'kept-safe-from-everything', summary: 'Kept' })
    const etag = await put(gateway, `${room}kept-safe-from-everything.ics`, kept)
    const port = Number(new URL(gateway.url).port)
    const turn = inTurn()
    const property = fc.asyncProperty(cases, sent => turn(sent, () => judge(port, basic(gateway), sent)))
    const numRuns = Math.ceil(count / lanes)
    const seed = fc.readConfigureGlobal().seed ?? Date.now()
    // With one seed every lane would send the same requests at the same time.
    await Promise.all(Array.from({ length: lanes }, (_, lane) => fc.assert(property, { numRuns, seed: seed + lane })))

    const after = await get(gateway, `${room}kept-safe-from-everything.ics`)
    expect([after.text, after.headers.get('etag')]).toEqual([kept, etag])
    expect((await propfind(gateway, `${gateway.url}/dav/calendars/`, 1, '<D:displayname/>')).status).toBe(207)
    for (const name of ['lh101', 'lh102', '_schedule']) {
      const url = `${gateway.url}/dav/calendars/${name}/`
      const { changed } = await syncCollection(gateway, url, '')
      for (const href of changed.keys()) expect((await get(gateway, new URL(href, url).href)).status).toBe(200)
      expect((await ask(gateway, 'GET', url)).status).toBe(200)
    }
    // A refusal with a 5xx status (502, see above) is logged as an error; anything else that is, is a defect.
    const defects = gateway
      .output()
      .split('\n')
      .filter(line => /"level":"(error|fatal)"/.test(line) && !line.includes('"type":"DavError"'))
    expect(defects).toEqual([])
  } finally {
    await gateway.close()
  }
}
