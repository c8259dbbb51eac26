import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Busboy, type BusboyFileStream } from '@fastify/busboy'
import type { Request } from 'express'
import { type Body, BodyTooLarge, jsonFields, MAX_BODY } from './body.ts'
import { UploadedFile } from './input.ts'

const MAX_FILES = 10
const MAX_FIELDS = 1000
/** The part that the official client puts the parameters in. */
const JSON_PART = 'json'

/** Streams a part to a file of its own. */
async function receive(stream: Readable, folder: string, name: string): Promise<UploadedFile> {
  const path = join(folder, randomUUID())
  const target = createWriteStream(path)
  await pipeline(stream, target)
  return new UploadedFile(path, name, target.bytesWritten)
}

export const dropFiles = (files: Body['files']): Promise<unknown> =>
  Promise.all(files.map(([, file]) => rm(file.path, { force: true })))

/** Parameters and files of a multipart/form-data body; files lie in `folder`, fields are held in memory and limited. */
export async function readMultipart(request: Request, folder: string): Promise<Body> {
  await mkdir(folder, { recursive: true })
  const fields: (readonly [string, unknown])[] = []
  const receiving: Promise<readonly [string, UploadedFile]>[] = []
  const limits = { fieldSize: MAX_BODY, fields: MAX_FIELDS, files: MAX_FILES }
  const headers = { ...request.headers, 'content-type': request.headers['content-type'] ?? '' }
  const parser = Busboy({ headers: headers as IncomingHttpHeaders & { 'content-type': string }, limits })
  let truncated = false
  parser.on('field', (name: string, value: string, _nameCut: boolean, valueCut: boolean) => {
    truncated ||= valueCut
    fields.push(...(name === JSON_PART ? jsonFields(value) : [[name, value] as const]))
  })
  parser.on('file', (name: string, stream: BusboyFileStream, fileName: string) => {
    receiving.push(receive(stream, folder, fileName).then(file => [name, file] as const))
  })
  const parsed = await pipeline(request, parser).then(
    () => null,
    (error: unknown) => error,
  )
  const settled = await Promise.allSettled(receiving)
  const files = settled.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = settled.find(result => result.status === 'rejected')
  if (!parsed && !failed && !truncated) return { fields, files }
  await dropFiles(files)
  if (truncated) throw new BodyTooLarge()
  // A body that breaks off is no request at all: there is nothing to answer to.
  return { fields: [], files: [] }
}
