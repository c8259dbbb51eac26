/** The example campus of a first start: rooms, cameras, a live entry and two terms of lectures. */

import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Store } from '../store/store.ts'
import { Importer, type ImportResult } from './import-events.ts'
import { packageRoot } from './package-root.ts'
import { applyRows, type ResourceAccount } from './resource-apply.ts'
import { parseResourceCsv } from './resource-csv.ts'

export interface ExampleOptions {
  readonly store: Store
  readonly account: ResourceAccount
  /** Brings what was made in the account into the store. */
  readonly readAccount: () => Promise<unknown>
}

/** What the CSV cannot say: it has no column for the entry. */
const liveEntry = {
  type: 'live_entry',
  name: 'Live stream of the Auditorium',
  systemName: 'auditorium-live',
  description: 'The stream that public lectures are sent on',
  entryId: '0_audilive',
} as const

/** Fills an empty store; does nothing where there is anything already. */
export async function seedExample({ store, account, readAccount }: ExampleOptions): Promise<ImportResult | null> {
  if ((await store.resources()).length > 0 || (await store.uids()).length > 0) return null
  const folder = join(packageRoot, 'examples')
  const { rows } = parseResourceCsv(await readFile(join(folder, 'resources.csv'), 'utf8'))
  await applyRows(account, rows)
  await account.addResource(liveEntry)
  await readAccount()
  const importer = await Importer.open({ store, resource: null })
  for (const file of (await readdir(folder)).filter(name => name.endsWith('.ics')).sort()) {
    await importer.add(basename(file), await readFile(join(folder, file), 'utf8'))
  }
  return importer.result
}
