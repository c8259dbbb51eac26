import { Command } from 'commander'
import { NotFound } from '../errors.ts'
import type { SyncReport } from '../sync/report.ts'
import { note, print, printJson, table } from './output.ts'
import { type ExitStatus, exit, WrongUse, withGateway } from './run.ts'

interface Options {
  readonly dryRun?: boolean
  readonly approve?: boolean
  readonly restore?: boolean
  readonly json?: boolean
}

export const sync = new Command('sync')
  .description('synchronise now: one source, or all')
  .argument('[source]', 'id of a source of the configuration, or kaltura for the account')
  .option('--dry-run', 'print what would be done, and write nothing')
  .option('--approve', 'let the deletions that wait for a person happen, of one source or of all')
  .option('--restore', 'keep the events whose deletion waits, and write them to the source again')
  .option('--json', 'print JSON')
  .action((source: string | undefined, options: Options) =>
    withGateway(async ({ sync: engine }) => {
      const answer = options.approve ? 'approve' : options.restore ? 'restore' : null
      if ([options.approve, options.restore, options.dryRun].filter(Boolean).length > 1) {
        throw new WrongUse('Choose one of --dry-run, --approve and --restore.')
      }
      const known = new Set((await engine.sources()).map(state => state.source))
      if (source !== undefined && !known.has(source)) {
        throw new NotFound(`There is no source ${source}.`, { remedy: `There are ${[...known].join(', ')}.` })
      }
      const reports = answer
        ? await engine.answer(source ?? null, answer)
        : await engine.run(source ?? null, { dryRun: options.dryRun ?? false })
      if (options.json) printJson(reports)
      else printReports(reports)
      return status(reports)
    }),
  )

const counts = ['pulled', 'created', 'updated', 'removed', 'pushed', 'rejected', 'held', 'conflicts'] as const

function printReports(reports: readonly SyncReport[]): void {
  const head = ['SOURCE', 'CALENDAR', ...counts.map(name => name.toUpperCase())]
  print(
    table(
      head,
      reports.map(report => [report.source, report.calendar, ...counts.map(name => report[name])]),
    ),
  )
  const plan = reports.flatMap(({ source, calendar, plan: lines }) =>
    lines.map(({ action, side, uid, fields }) => [`${source}/${calendar}`, side, action, uid, fields.join(', ')]),
  )
  if (plan.length > 0) print(`\n${table(['PLAN FOR', 'SIDE', 'ACTION', 'EVENT', 'FIELDS'], plan)}`)
  for (const { source, calendar, error, remedy } of reports) {
    if (error) note(`${source}/${calendar}: ${error}${remedy ? `\n  ${remedy}` : ''}`)
  }
}

const status = (reports: readonly SyncReport[]): ExitStatus =>
  reports.some(({ error, rejected, held }) => error !== null || rejected > 0 || held > 0) ? exit.findings : exit.done
