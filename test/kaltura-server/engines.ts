import { describe } from 'vitest'
import { openPostgres } from '../../adapters/postgres.ts'
import type { KalturaServerOptions } from '../../src/kaltura-server/index.ts'
import { newPostgresDatabase } from '../support/postgres.ts'
import { startAccount, type TestAccount } from './account.ts'

/** An account on the engine, or null where the machine has none. `close` drops what was made for it. */
async function open(engine: string, options: Partial<KalturaServerOptions>): Promise<TestAccount | null> {
  if (engine === 'sqlite') return startAccount(options)
  const made = await newPostgresDatabase()
  if (!made) return null
  const database = await openPostgres(made.url)
  const account = await startAccount({ ...options, database })
  const close = async (): Promise<void> => {
    await account.close()
    await database.close()
    await made.drop()
  }
  return { ...account, close }
}

/** The same tests on both engines; `account()` is the one that all tests of the block share. */
export function eachEngine(
  title: string,
  options: Partial<KalturaServerOptions>,
  define: (hooks: { start(): Promise<TestAccount | null> }) => void,
): void {
  describe.each(['sqlite', 'postgres'])(`${title}, on %s`, engine => {
    define({ start: () => open(engine, options) })
  })
}
