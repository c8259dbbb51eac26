import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { KaldavError, Unavailable } from '../errors.ts'
import type { Gateway } from '../main.ts'
import { randomWord } from '../password.ts'
import { restore as readBackup, backup as writeBackup } from '../store/backup.ts'
import { count, note, print, printJson } from './output.ts'
import { WrongUse, withGateway } from './run.ts'

export const restore = new Command('restore')
  .description('make everything as a backup says; what there is now is backed up first')
  .argument('<file>', 'written by "kaldav backup"')
  .option('--json', 'print JSON')
  .addHelpText('after', '\nThe gateway may run. Calendar programs then read everything anew.')
  .action((file: string, { json }: { json?: boolean }) =>
    withGateway(async gateway => {
      await access(file).catch(() => {
        throw new WrongUse(`${file} cannot be read.`, { remedy: 'Check the name, and the rights on the file.' })
      })
      const before = await saveBefore(gateway)
      const { tables, rows } = await readBackup(gateway.store.database, file, { force: true }).catch(
        (error: unknown) => {
          throw error instanceof Unavailable || !(error instanceof KaldavError) ? error : wrongFile(error)
        },
      )
      if (json) printJson({ file, tables, rows, before })
      else print(`${count(rows, 'row')} of ${count(tables, 'table')} from ${file}`)
      if (before) note(`What there was before is in ${before}.`)
    }),
  )

/** The store is as it was: a restore that fails changes nothing. */
const wrongFile = ({ message, remedy, cause }: KaldavError): WrongUse =>
  new WrongUse(message, { cause, ...(remedy !== null && { remedy }) })

/** @returns the file; `null` where there was nothing to lose */
async function saveBefore({ store, config }: Gateway): Promise<string | null> {
  if ((await store.resources()).length === 0 && (await store.uids()).length === 0) return null
  const time = Temporal.Now.plainDateTimeISO().toString({ smallestUnit: 'second' }).replace(/[-:]/g, '')
  const file = join(config.dataDir, `before-restore-${time}-${randomWord(4)}.kaldav`)
  await writeBackup(store.database, file)
  return file
}
