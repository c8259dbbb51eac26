import { createReadStream } from 'node:fs'
import { mkdir, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { apiError } from '../api-error.ts'
import type { Account, Call } from '../call.ts'
import { boolIn, fileIn, type Input, numberIn, textIn, type UploadedFile } from '../wire/input.ts'
import {
  complete,
  existingToken,
  storeUploadToken,
  UploadStatus,
  type UploadToken,
  uploadedSize,
  withSpan,
} from './upload-token.ts'

/** An upload can be taken up again for a week. */
const MAX_RESUME = 7 * 86_400
const POLL = 50

interface Chunk {
  readonly file: UploadedFile
  readonly resume: boolean
  readonly final: boolean
  /** Where it belongs; -1: after what is there. */
  readonly at: number
}

/** Where the file of a token lies. The id is one of ours: letters, digits and an underscore. */
export const pathOf = (account: Account, tokenId: string): string => join(account.uploadDir, 'tokens', tokenId)

async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  )
}

function checkOpen(call: Call, token: UploadToken): void {
  const { status, updatedAt } = token
  if (status === UploadStatus.partial && updatedAt < call.now - MAX_RESUME)
    throw apiError('UPLOAD_PASSED_MAX_RESUME_TIME_ALLOWED', MAX_RESUME)
  if (status !== UploadStatus.pending && status !== UploadStatus.partial)
    throw apiError('UPLOAD_TOKEN_INVALID_STATUS_FOR_UPLOAD')
}

/** Writes a chunk at its place, without holding the file in memory. */
async function writeAt(path: string, source: string, at: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const handle = await open(path, 'a').then(async created => {
    await created.close()
    return open(path, 'r+')
  })
  await pipeline(createReadStream(source), handle.createWriteStream({ start: at }))
}

async function placeOf(call: Call, token: UploadToken, chunk: Chunk): Promise<number> {
  if (!chunk.resume) return 0
  if ((await sizeOf(pathOf(call.account, token.id))) === null) throw apiError('UPLOAD_TOKEN_CANNOT_RESUME')
  return chunk.at >= 0 ? chunk.at : uploadedSize(token)
}

/** Notes what has arrived; without `resume` everything before is forgotten. */
async function note(call: Call, id: string, at: number, chunk: Chunk): Promise<UploadToken> {
  return call.account.database.transaction(async database => {
    const token = await existingToken(call, database, id)
    checkOpen(call, token)
    const spans = withSpan(chunk.resume ? token.own.spans : [], { from: at, to: at + chunk.file.size })
    return storeUploadToken(database, {
      ...token,
      status: UploadStatus.partial,
      updatedAt: call.now,
      own: { ...token.own, fileName: token.own.fileName ?? chunk.file.name, spans },
    })
  })
}

/** The last chunk waits for those still under way; when they do not come, the call can be made again. */
async function whenComplete(call: Call, id: string, size: number): Promise<UploadToken> {
  const patience = performance.now() + call.account.finalChunkWait * 1000
  for (;;) {
    const token = await existingToken(call, call.account.database, id)
    if (uploadedSize(token) >= size) return token
    if (performance.now() >= patience) throw apiError('UPLOAD_TOKEN_CANNOT_MATCH_EXPECTED_SIZE')
    await wait(POLL)
  }
}

const chunkIn = (args: Input, file: UploadedFile): Chunk => ({
  file,
  resume: boolIn(args, 'resume') ?? false,
  final: boolIn(args, 'finalChunk') ?? true,
  at: numberIn(args, 'resumeAt') ?? -1,
})

function endsWith(token: UploadToken, chunk: Chunk, at: number): number | null {
  const { fileSize, autoFinalize } = token.own
  if (autoFinalize === 1 && fileSize !== undefined && uploadedSize(token) >= fileSize) return fileSize
  return chunk.final ? at + chunk.file.size : null
}

/** Takes one chunk. Not in one transaction: the last chunk may wait for others that are written meanwhile. */
export async function upload(call: Call, args: Input): Promise<UploadToken> {
  const id = textIn(args, 'uploadTokenId') ?? ''
  const file = fileIn(args, 'fileData')
  const token = await existingToken(call, call.account.database, id)
  checkOpen(call, token)
  if (!file || file.name === '') throw apiError('UPLOAD_ERROR')
  const chunk = chunkIn(args, file)
  if (file.size === 0 && !chunk.final && chunk.at > 0) return token
  const at = await placeOf(call, token, chunk)
  const path = pathOf(call.account, id)
  if (!chunk.resume) await truncateFile(path)
  await writeAt(path, file.path, at)
  const noted = await note(call, id, at, chunk)
  const size = endsWith(noted, chunk, at)
  if (size === null) return noted
  const whole = await whenComplete(call, id, size)
  return call.account.database.transaction(database => complete(call, database, whole))
}

async function truncateFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await (await open(path, 'w')).close()
}
