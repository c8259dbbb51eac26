import type { Request } from 'express'
import type { UploadedFile } from './input.ts'

/** Longest JSON or form body. */
export const MAX_BODY = 1024 * 1024

export interface Body {
  readonly fields: readonly (readonly [string, unknown])[]
  readonly files: readonly (readonly [string, UploadedFile])[]
}

/** A body longer than the limit: HTTP 413, before anything is read out of it. */
export class BodyTooLarge extends Error {}

const EMPTY: Body = { fields: [], files: [] }

async function readText(request: Request): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MAX_BODY) chunks.push(chunk)
  }
  if (size > MAX_BODY) throw new BodyTooLarge()
  return Buffer.concat(chunks).toString('utf8')
}

/** The members of a JSON object; anything that is none has no members, as a body Kaltura cannot read is passed over. */
export function jsonFields(text: string): (readonly [string, unknown])[] {
  const trimmed = text.trim()
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return []
  try {
    return Object.entries(JSON.parse(trimmed) as Record<string, unknown>)
  } catch {
    return []
  }
}

/** Parameters in the body. Kaltura wants `application/json` exactly; a charset after it is taken too. */
export async function readBody(request: Request): Promise<Body> {
  if (request.method === 'GET' || request.method === 'HEAD') return EMPTY
  const type = request.headers['content-type'] ?? ''
  const text = await readText(request)
  if (/^application\/json\b/i.test(type)) return { ...EMPTY, fields: jsonFields(text) }
  return { ...EMPTY, fields: [...new URLSearchParams(text)] }
}
