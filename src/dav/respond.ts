import type { ServerResponse } from 'node:http'
import { breathe } from '../breath.ts'
import { NAMESPACES, PROLOG } from './write.ts'

export type Headers = Readonly<Record<string, string>>

export const XML_TYPE = 'application/xml; charset=utf-8'
export const MULTISTATUS_OPEN = `${PROLOG}<D:multistatus${NAMESPACES}>`
export const MULTISTATUS_CLOSE = '</D:multistatus>'

/** From here on an answer is sent while it is made, so that nobody holds all of it in memory. */
const STREAM_FROM = 256 * 1024

export const send = (response: ServerResponse, status: number, headers: Headers = {}, body?: string | Buffer): void => {
  if (status === 204 || status === 304) response.writeHead(status, headers)
  else if (body === undefined) response.writeHead(status, { ...headers, 'Content-Length': '0' })
  else response.writeHead(status, { ...headers, 'Content-Length': String(Buffer.byteLength(body)) })
  response.end(body)
}

export const sendXml = (response: ServerResponse, status: number, body: string, headers: Headers = {}): void =>
  send(response, status, { 'Content-Type': XML_TYPE, ...headers }, body)

/** The client has taken what was written, or is gone. */
const drained = (response: ServerResponse): Promise<void> =>
  new Promise(resolve => {
    // Who has gone already says so no more.
    if (response.destroyed) return resolve()
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })

/**
 * A multistatus whose parts are made one after the other. Short ones carry their length; long ones are streamed, and a
 * failure in the middle of one breaks the connection, so that half an answer never looks whole.
 */
export const sendMultistatus = async (
  response: ServerResponse,
  parts: AsyncIterable<string> | Iterable<string>,
  headers: Headers = {},
): Promise<void> => {
  let pending = MULTISTATUS_OPEN
  for await (const part of parts) {
    pending += part
    if (pending.length < STREAM_FROM) continue
    if (!response.headersSent) response.writeHead(207, { 'Content-Type': XML_TYPE, ...headers })
    if (!response.write(pending)) await drained(response)
    pending = ''
    if (response.destroyed) return
  }
  pending += MULTISTATUS_CLOSE
  if (response.headersSent) response.end(pending)
  else sendXml(response, 207, pending, headers)
}

/** A body that comes in parts, as fast as the client takes it. */
export const sendParts = async (
  response: ServerResponse,
  headers: Headers,
  parts: AsyncIterable<string | Buffer> | Iterable<string | Buffer>,
): Promise<void> => {
  response.writeHead(200, headers)
  for await (const part of parts) {
    if (!response.write(part)) await drained(response)
    if (response.destroyed) return
    await breathe()
  }
  response.end()
}

/** A whole multistatus, to keep. */
export const multistatusText = async (parts: AsyncIterable<string>): Promise<string> => {
  let text = MULTISTATUS_OPEN
  for await (const part of parts) text += part
  return text + MULTISTATUS_CLOSE
}

/** Items rendered in turns that let other requests in between. */
export async function* inSlices<T>(items: Iterable<T>, render: (item: T) => string): AsyncGenerator<string> {
  let text = ''
  for (const item of items) {
    text += render(item)
    const turn = breathe()
    if (!turn && text.length < STREAM_FROM) continue
    yield text
    text = ''
    await turn
  }
  if (text !== '') yield text
}
