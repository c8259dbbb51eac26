import { readFile } from 'node:fs/promises'
import { SingleBar } from 'cli-progress'
import { Command } from 'commander'
import type { Finding } from '../schedule/ical.ts'
import { decode } from './decode.ts'
import { Importer, type ImportResult } from './import-events.ts'
import { count, note, print, printJson } from './output.ts'
import { resourceNamed } from './resource-named.ts'
import { exit, withGateway } from './run.ts'

export const importCommand = new Command('import')
  .description('take events of iCalendar files into the account schedule')
  .argument('<file...>', '.ics files, in any encoding')
  .option('--resource <name>', 'the resource they take place at (systemName or name)')
  .option('--json', 'print JSON')
  .addHelpText(
    'after',
    `
Without --resource an event goes to the resources of its X-KALTURA-RESOURCE-IDS, or to those that its LOCATION
names, with semicolons between them. An event whose UID is known already is updated. What is rejected is named with
file, line, UID and reason.`,
  )
  .action((files: string[], options: { resource?: string; json?: boolean }) =>
    withGateway(async ({ store }) => {
      const resource = options.resource === undefined ? null : await resourceNamed(store, options.resource)
      const bar = new SingleBar({
        format: '{bar} {value}/{total} events  {eta_formatted}',
        stream: process.stderr,
        noTTYOutput: false,
        clearOnComplete: true,
      })
      const onProgress = (done: number, total: number) => {
        bar.setTotal(total)
        bar.update(done)
      }
      const importer = await Importer.open({ store, resource, onProgress })
      bar.start(0, 0)
      try {
        for (const file of files) await addFile(importer, file)
      } finally {
        bar.stop()
      }
      if (options.json) printJson({ run: importer.run, ...importer.result })
      else printResult(importer.result)
      return importer.result.rejected.length > 0 ? exit.findings : exit.done
    }),
  )

async function addFile(importer: Importer, file: string): Promise<void> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    importer.reject(file, `It cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    return
  }
  await importer.add(file, decode(bytes))
}

/** Of one file; what is rejected is named without end. */
const noticesShown = 20

function printResult({ imported, updated, unchanged, rejected, notices }: ImportResult): void {
  for (const [file, found] of Map.groupBy(notices, notice => notice.file)) {
    for (const notice of found.slice(0, noticesShown)) note(line('notice', notice))
    const more = found.length - noticesShown
    if (more > 0) note(`notice  ${file}  ${count(more, 'notice')} more: --json has them all`)
  }
  for (const finding of rejected) note(line('rejected', finding))
  print(`imported ${imported}, updated ${updated}, unchanged ${unchanged}, rejected ${rejected.length}`)
}

/** `rejected  term.ics:12  UID  reason`: what editors and terminals make a link of comes first. */
const line = (kind: string, { file, line: at, uid, component, reason }: Finding): string =>
  `${kind}  ${file}${at > 0 ? `:${at}` : ''}  ${uid ?? component}  ${reason}`
