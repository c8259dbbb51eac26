import { randomUUID } from 'node:crypto'
import { Command, InvalidArgumentError } from 'commander'
import { NotFound } from '../errors.ts'
import type { Gateway } from '../main.ts'
import { undoRun } from '../sync/undo.ts'
import { count, localTime, note, print, printJson, table, utcTime } from './output.ts'
import { type ExitStatus, exit, WrongUse, withGateway } from './run.ts'

const positive = (text: string): number => {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It is a number from 1 on.')
  return Number(text)
}

interface Options {
  readonly run?: string
  readonly limit: number
  readonly undo?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export const history = new Command('history')
  .description('show what was changed, when and by whom, or take a run back')
  .argument('[uid]', 'only the changes of this event')
  .option('--run <run>', 'only the changes of one synchronisation run or import')
  .option('--limit <number>', 'how many at most, the newest', positive, 50)
  .option('--undo', 'with --run: write again what was there before that run')
  .option('--dry-run', 'with --undo: print what would be done, and write nothing')
  .option('--json', 'print JSON, with each event before and after')
  .action((uid: string | undefined, options: Options) =>
    withGateway(async gateway => {
      if (!options.undo) {
        if (options.dryRun) throw new WrongUse('--dry-run goes with --undo.')
        return list(gateway, uid, options)
      }
      if (options.run === undefined || uid !== undefined) throw new WrongUse('--undo needs --run, and no event.')
      return undo(gateway, options.run, options)
    }),
  )

async function list({ store, config }: Gateway, uid: string | undefined, options: Options): Promise<ExitStatus> {
  const filter = { ...(uid !== undefined && { uid }), ...(options.run !== undefined && { run: options.run }) }
  const entries = await store.journal({ ...filter, limit: options.limit })
  if (options.json) {
    printJson(entries.map(entry => ({ ...entry, at: utcTime(entry.at) })))
    return exit.done
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
  return exit.done
}

/** What was changed by somebody else since stays, and is a finding. */
async function undo({ store }: Gateway, run: string, { dryRun = false, json }: Options): Promise<ExitStatus> {
  const actor = { source: 'undo', user: null, run: `undo-${randomUUID().slice(0, 8)}` }
  const steps = await undoRun(store, run, actor, dryRun)
  if (steps.length === 0) throw new NotFound(`There is no run ${run}.`, { remedy: 'See "kaldav history".' })
  if (json) printJson(steps.map(({ uid, action }) => ({ uid, action })))
  else
    print(
      table(
        ['ACTION', 'EVENT'],
        steps.map(({ uid, action }) => [action, uid]),
      ),
    )
  const skipped = steps.filter(({ action }) => action === 'skip').length
  if (skipped > 0) note(`${count(skipped, 'event')} changed since and left alone`)
  return skipped > 0 ? exit.findings : exit.done
}
