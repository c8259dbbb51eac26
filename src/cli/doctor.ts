import { Command } from 'commander'
import type { Config } from '../config.ts'
import { createLog } from '../log.ts'
import { type CheckResult, failure, innerChecks, outerChecks, runChecks } from './doctor-checks.ts'
import { print, printJson } from './output.ts'
import { exit, readConfig } from './run.ts'

export const doctor = new Command('doctor')
  .description('look at everything around the gateway, and say what to mend')
  .option('--json', 'print JSON')
  .action(async ({ json }: { json?: boolean }) => {
    const config = readConfig()
    const results = [...(await runChecks(outerChecks(config))), ...(await inside(config))]
    if (json) printJson(results)
    else print(results.map(line).join('\n'))
    process.exitCode = results.every(({ ok }) => ok) ? exit.done : exit.findings
  })

/** What cannot even be opened is the finding. */
async function inside(config: Config): Promise<CheckResult[]> {
  const { openGateway } = await import('../main.ts')
  try {
    const gateway = await openGateway(config, createLog(process.env.LOG_LEVEL || 'silent'))
    try {
      return await runChecks(innerChecks(gateway))
    } finally {
      await gateway.close()
    }
  } catch (error) {
    const { message, remedy } = failure(error)
    return [{ check: 'opening', ok: false, message, remedy: remedy ?? null }]
  }
}

const line = ({ check, ok, message, remedy }: CheckResult): string =>
  `${ok ? 'ok     ' : 'FINDING'}  ${check.padEnd(13)}  ${message}${remedy ? `\n${' '.repeat(24)}${remedy}` : ''}`
