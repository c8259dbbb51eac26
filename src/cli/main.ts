/** The command line. One file per command; what a command needs is loaded when it runs. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { account } from './account.ts'
import { appPassword } from './app-password.ts'
import { backup } from './backup.ts'
import { conflicts } from './conflicts.ts'
import { doctor } from './doctor.ts'
import { exportCommand } from './export.ts'
import { history } from './history.ts'
import { importCommand } from './import.ts'
import { resources } from './resources.ts'
import { restore } from './restore.ts'
import { exit, report } from './run.ts'
import { serve } from './serve.ts'
import { sources } from './sources.ts'
import { sync } from './sync.ts'
import { token } from './token.ts'
import { user } from './user.ts'

const commands = [
  ...[serve, importCommand, exportCommand, resources, sync, sources, conflicts, history],
  ...[token, user, appPassword, account, doctor, backup, restore],
]

const program = new Command('kaldav')
  .description('Calendar bridge and CalDAV gateway for Kaltura.')
  .version(version(), '-V, --version')
  .addHelpText(
    'after',
    `
Exit status: 0 done, 1 done with findings or rejected items (each is named), 2 wrong use or configuration.
Configuration: ./kaldav.yaml or KALDAV_CONFIG; see README.md.`,
  )
for (const command of commands) program.addCommand(command)
neverExit(program)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exit.done : exit.wrongUse
  else process.exitCode = report(error)
}

/** Wrong use ends with our status, not commander's. */
function neverExit(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help tells how it is used)')
  command.commands.forEach(neverExit)
}

/** From the nearest package.json: one folder further up where this is built. */
function version(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
      if (name === 'kaldav') return version
    } catch {}
  }
  return 'unknown'
}
