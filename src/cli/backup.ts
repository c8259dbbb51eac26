import { Command } from 'commander'
import { backup as writeBackup } from '../store/backup.ts'
import { count, print, printJson } from './output.ts'
import { withGateway } from './run.ts'

export const backup = new Command('backup')
  .description('write everything into one file, as it is at this moment; the gateway may run')
  .argument('<file>', 'where to; it holds password hashes and is readable for you only')
  .option('--json', 'print JSON')
  .action((file: string, { json }: { json?: boolean }) =>
    withGateway(async ({ store }) => {
      const { tables, rows } = await writeBackup(store.database, file)
      if (json) printJson({ file, tables, rows })
      else print(`${count(rows, 'row')} of ${count(tables, 'table')} in ${file}`)
    }),
  )
