import type { IncomingMessage } from 'node:http'
import { TextDecoder } from 'node:util'
import { badRequest, DavError } from './errors.ts'
import { parseXml, type XmlNode } from './xml.ts'

/** Bytes of a request body we take: XML (RFC 4918 §20.6 asks for a limit) and calendar objects alike. */
export const MAX_BODY = 1024 * 1024
/** How much more we read and drop, so that the client gets our answer instead of a broken connection. */
const MAX_DRAIN = 16 * MAX_BODY

const tooLarge = (): DavError =>
  new DavError(413, `The request body is larger than ${MAX_BODY} bytes`, { headers: { Connection: 'close' } })

/**
 * The whole body.
 * @throws DavError 413 above MAX_BODY, 415 for a content coding
 */
export const readBody = (request: IncomingMessage): Promise<Buffer> => {
  const coding = request.headers['content-encoding']
  if (coding && coding !== 'identity') {
    request.resume()
    throw new DavError(415, `The content coding ${coding} is not supported`, {
      headers: { 'Accept-Encoding': 'identity' },
    })
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= MAX_BODY) chunks.push(chunk)
      else if (size > MAX_DRAIN) {
        request.pause()
        reject(tooLarge())
      }
    })
    request.once('end', () => {
      const [first, second] = chunks
      if (size > MAX_BODY) reject(tooLarge())
      else resolve(first && !second ? first : Buffer.concat(chunks, size))
    })
    request.once('error', reject)
    request.once('close', () => {
      if (!request.complete) reject(badRequest('The connection closed before the request body ended'))
    })
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Media type in lower case without parameters, and its charset; both `null` where not given. */
export const contentType = (request: IncomingMessage): { type: string | null; charset: string | null } => {
  const header = request.headers['content-type']
  if (header === undefined) return { type: null, charset: null }
  const type = header.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(header)?.[1]?.toLowerCase() ?? null
  return { type: type || null, charset }
}

/**
 * Bytes as text, a byte order mark kept.
 * @throws RangeError for a charset nobody knows @throws TypeError for bytes that are not of it
 */
export const decodeText = (bytes: Buffer, charset: string | null): string =>
  charset === null || charset === 'utf-8' || charset === 'utf8'
    ? utf8.decode(bytes)
    : new TextDecoder(charset, { fatal: true, ignoreBOM: true }).decode(bytes)

const XML_TYPES = /^(?:text\/xml|application\/xml|application\/[a-z0-9.+-]+\+xml)$/

const utf16 = (bytes: Buffer): string | null =>
  bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : null

/**
 * The XML body of a request; `null` for an empty one.
 * @throws DavError 400, 413, 415
 */
export const readXml = async (request: IncomingMessage): Promise<XmlNode | null> => {
  const bytes = await readBody(request)
  if (bytes.length === 0) return null
  const { type, charset } = contentType(request)
  if (type !== null && !XML_TYPES.test(type)) {
    throw new DavError(415, `A ${request.method} request takes XML, not ${type}`, {
      remedy: 'Send Content-Type: application/xml; charset=utf-8',
    })
  }
  let text: string
  try {
    text = decodeText(bytes, utf16(bytes) ?? charset)
  } catch {
    throw badRequest(`The request body is not valid ${charset ?? 'UTF-8'}`)
  }
  return parseXml(text)
}
