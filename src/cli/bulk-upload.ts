import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { Command, Option } from 'commander'
import { type BulkType, bulkTypes } from '../feeds/kaltura-bulk.ts'
import type { Gateway } from '../main.ts'
import { decode } from './decode.ts'
import { count, note, print, printJson, table } from './output.ts'
import { exit, WrongUse, withGateway } from './run.ts'

type Job = Awaited<ReturnType<Gateway['account']['bulkUpload']>>

export const bulkUpload = new Command('bulk-upload')
  .description('have Kaltura read a file by itself, and say what became of each item')
  .argument('<file>', 'events (.ics, as "kaldav export --profile kaltura-bulk" writes it) or resources (.csv)')
  .addOption(
    new Option('--type <type>', 'what the events of an .ics file are')
      .choices(Object.keys(bulkTypes))
      .default('record'),
  )
  .option('--json', 'print JSON')
  .addHelpText(
    'after',
    `
Kaltura reads other calendars with losses and knows no resources in them: "kaldav import" is the better way for those.`,
  )
  .action((file: string, { type, json }: { type: BulkType; json?: boolean }) => {
    const kind = kindOf(file, type)
    return withGateway(async ({ account }) => {
      const content = decode(await readFile(file))
      const job = await account.bulkUpload({ name: basename(file), content, ...kind })
      if (json) printJson(job)
      else printJob(job)
      const refused = job.items.some(item => item.refused)
      return refused || !job.finished || job.items.length === 0 ? exit.findings : exit.done
    })
  })

function kindOf(file: string, type: BulkType): { eventsType: 1 | 2 | 3 | null } {
  const extension = extname(file).toLowerCase()
  if (extension === '.ics') return { eventsType: bulkTypes[type] }
  if (extension === '.csv') return { eventsType: null }
  throw new WrongUse(`"${file}" is neither .ics nor .csv.`, { remedy: 'Name a calendar, or a CSV file of resources.' })
}

function printJob({ id, finished, reason, items }: Job): void {
  const rows = items.map(item => {
    const why = [item.code, item.reason].filter(part => part !== null).join(': ')
    return [item.item, item.name, item.refused ? 'refused' : 'done', item.id, why || null]
  })
  print(table(['ITEM', 'NAME', 'RESULT', 'ID', 'REASON'], rows))
  if (!finished) note(`Kaltura gave up on the file: ${reason}`)
  else if (items.length === 0) note('Kaltura found nothing in the file. Lines must end in CRLF.')
  const refused = items.filter(item => item.refused).length
  print(`bulk upload ${id}: ${count(items.length, 'item')}, refused ${refused}`)
}
