import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openSqlite } from '../../adapters/sqlite.ts'
import { SCHEDULE } from '../../src/schedule/event.ts'
import { Store } from '../../src/store/store.ts'

const folder = mkdtempSync(join(tmpdir(), 'kaldav-durability-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Writes until killed in the middle. @returns what was acknowledged: number, uid and etag of each */
function writeAndKill(path: string, from: number, after: number): Promise<{ n: number; uid: string; etag: string }[]> {
  const program = join(import.meta.dirname, '../support/write-until-killed.ts')
  const child = spawn(process.execPath, [program, path, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    if (said === '') setTimeout(() => child.kill('SIGKILL'), after)
    said += chunk.toString()
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => {
      const lines = said.slice(0, said.lastIndexOf('\n')).split('\n')
      resolve(lines.map(line => line.split(' ')).map(([n, uid = '', etag = '']) => ({ n: Number(n), uid, etag })))
    })
  })
}

test('kill -9 in the middle of writes loses none that was acknowledged', async () => {
  const path = join(folder, 'killed.db')
  let from = 0
  for (const after of [5, 60, 130, 210, 300]) {
    const acknowledged = await writeAndKill(path, from, after)
    expect(acknowledged.length).toBeGreaterThan(0)
    const last = new Map(acknowledged.toSorted((a, b) => a.n - b.n).map(each => [each.uid, each]))
    const database = await openSqlite(path)
    const store = await Store.open(database, { zone: 'Europe/Berlin' })
    expect(await database.query('PRAGMA integrity_check')).toMatchObject([{ integrity_check: 'ok' }])
    for (const { uid, n, etag } of last.values()) {
      const stored = await store.event(uid)
      const written = Number(stored?.event.master?.summary)
      // Up to eight more were on their way.
      expect(written).toBeGreaterThanOrEqual(n)
      if (written === n) expect(stored?.etag).toBe(etag)
      expect((await store.journal({ uid, limit: 1 }))[0]?.after).toBe(stored?.body)
      expect(await store.memberOf(1, uid)).toMatchObject({ etag: stored?.etag })
      expect(await store.memberOf(SCHEDULE, uid)).toMatchObject({ etag: stored?.scheduleEtag })
    }
    from = Math.max(...acknowledged.map(({ n }) => n)) + 41
    await database.close()
  }
})
