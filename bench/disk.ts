/** What the disk does by itself: no durable write can be answered before it has done this once. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryFolder } from '../test/conformance/support/process.ts'

const [piece, pieces] = [32 * 1024, 128]
const seconds = 3

/** Writes of 32 kB over a file of 4 MB, each followed by fdatasync, one after the other: how many in a second. */
export async function syncsPerSecond(): Promise<number> {
  const folder = await temporaryFolder('disk')
  const file = await open(join(folder.path, 'probe'), 'w')
  const bytes = Buffer.alloc(piece, 1)
  try {
    for (let index = 0; index < pieces; index += 1) await file.write(bytes, 0, piece, index * piece)
    await file.sync()
    const begun = performance.now()
    let count = 0
    for (; performance.now() - begun < seconds * 1000; count += 1) {
      await file.write(bytes, 0, piece, (count % pieces) * piece)
      await file.datasync()
    }
    return count / seconds
  } finally {
    await file.close()
    await folder.remove()
  }
}
