/** Writes events until it is killed, eight at a time, and says of each when it has been acknowledged. */
import { writeSync } from 'node:fs'
import { openSqlite } from '../../adapters/sqlite.ts'
import { Store } from '../../src/store/store.ts'
import { actor, event } from '../store/events.ts'

const [path = '', from = '0'] = process.argv.slice(2)
const store = await Store.open(await openSqlite(path), { zone: 'Europe/Berlin' })
let next = Number(from)

async function write(): Promise<never> {
  for (;;) {
    const n = next++
    const minute = String(n % 60).padStart(2, '0')
    const stored = await store.write(actor, tx =>
      tx.put(event(`e${n % 40}`, { start: `2026-11-02T09:${minute}`, summary: `${n}` })),
    )
    // Not process.stdout: what it still holds would be lost with the process.
    writeSync(1, `${n} e${n % 40} ${stored.etag}\n`)
  }
}

await Promise.all(Array.from({ length: 8 }, write))
