import { Command, InvalidArgumentError } from 'commander'
import { localTime, note, print, printJson, table, utcTime } from './output.ts'
import { withGateway } from './run.ts'

const positive = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It is a number from 1 on.')
  return Number(text)
}

interface Options {
  readonly run?: string
  readonly limit: number
  readonly json?: boolean
}

export const history = new Command('history')
  .description('show what was changed, when and by whom')
  .argument('[uid]', 'only the changes of this event')
  .option('--run <run>', 'only the changes of one synchronisation run or import')
  .option('--limit <number>', 'how many at most, the newest', positive, 50)
  .option('--json', 'print JSON, with each event before and after')
  .action((uid: string | undefined, options: Options) =>
    withGateway(async ({ store, config }) => {
      const filter = { ...(uid !== undefined && { uid }), ...(options.run !== undefined && { run: options.run }) }
      const entries = await store.journal({ ...filter, limit: options.limit })
      if (options.json) {
        printJson(entries.map(entry => ({ ...entry, at: utcTime(entry.at) })))
        return
      }
      const rows = entries.map(entry => [
        localTime(entry.at, config.timeZone),
        entry.action,
        entry.user ? `${entry.source} (${entry.user})` : entry.source,
        entry.uid,
        entry.run,
      ])
      print(table(['WHEN', 'WHAT', 'BY', 'EVENT', 'RUN'], rows))
      if (entries.length === 0) note(uid === undefined ? 'Nothing has changed yet.' : `Nothing is known of ${uid}.`)
    }),
  )
