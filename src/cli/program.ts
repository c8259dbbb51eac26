/** The command line. One file per command; what a command needs is loaded when it runs. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError } from 'commander'
import { account } from './account.ts'
import { appPassword } from './app-password.ts'
import { backup } from './backup.ts'
import { bulkUpload } from './bulk-upload.ts'
import { conflicts } from './conflicts.ts'
import { doctor } from './doctor.ts'
import { exportCommand } from './export.ts'
import { history } from './history.ts'
import { importCommand } from './import.ts'
import { kalturaServer } from './kaltura-server.ts'
import { packageRoot } from './package-root.ts'
import { resources } from './resources.ts'
import { restore } from './restore.ts'
import { type ExitStatus, exit, report } from './run.ts'
import { serve } from './serve.ts'
import { sources } from './sources.ts'
import { sync } from './sync.ts'
import { token } from './token.ts'
import { user } from './user.ts'

const commands = [
  ...[serve, importCommand, exportCommand, resources, sync, sources, conflicts, history],
  ...[token, user, appPassword, account, bulkUpload, kalturaServer, doctor, backup, restore],
]

const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))

const program = new Command('kaldav')
  .description('Calendar bridge and CalDAV gateway for Kaltura.')
  .version(version, '-V, --version')
  .addHelpText(
    'after',
    `
Exit status: 0 done, 1 done with findings or rejected items (each is named), 2 wrong use or configuration.
Configuration: ./kaldav.yaml or KALDAV_CONFIG; see README.md.`,
  )
for (const command of commands) program.addCommand(command)
neverExit(program)

/** Runs one command. What it prints goes to stdout, what it has to say besides to stderr. */
export async function run(args: readonly string[]): Promise<ExitStatus> {
  process.exitCode = exit.done
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) return report(error)
    return error.exitCode === 0 ? exit.done : exit.wrongUse
  }
  return process.exitCode as ExitStatus
}

/** Wrong use ends with our status, not commander's. */
function neverExit(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help tells how it is used)')
  command.commands.forEach(neverExit)
}
