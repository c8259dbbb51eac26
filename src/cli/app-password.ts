import { Command } from 'commander'
import { localTime, note, print, printJson, table, utcTime } from './output.ts'
import { withGateway } from './run.ts'

const create = new Command('create')
  .description('make a password for one program of a person; it is shown only now')
  .argument('<user>')
  .option('--label <text>', 'which program or device', '')
  .option('--json', 'print JSON')
  .action((user: string, { label, json }: { label: string; json?: boolean }) =>
    withGateway(async ({ auth }) => {
      const { id, password } = await auth.createAppPassword(user, label)
      if (json) printJson({ id, user, label, password })
      else print(password)
      note(`It signs ${user} in until "kaldav app-password revoke ${id}".`)
    }),
  )

const list = new Command('list')
  .description('list the app passwords, without what gives access')
  .argument('[user]')
  .option('--json', 'print JSON')
  .action((user: string | undefined, { json }: { json?: boolean }) =>
    withGateway(async ({ auth, config }) => {
      const entries = await auth.appPasswords(user ?? null)
      if (json) {
        const times = (entry: (typeof entries)[number]) => ({
          createdAt: utcTime(entry.createdAt),
          lastUsed: utcTime(entry.lastUsed),
        })
        printJson(entries.map(entry => ({ ...entry, ...times(entry) })))
        return
      }
      const time = (epoch: number | null) => localTime(epoch, config.timeZone)
      const rows = entries.map(entry => [entry.id, entry.user, entry.label, time(entry.lastUsed) ?? 'never'])
      print(table(['ID', 'USER', 'LABEL', 'LAST USED'], rows))
    }),
  )

const revoke = new Command('revoke')
  .description('end an app password')
  .argument('<id>', 'its id, as "kaldav app-password list" shows it')
  .action((id: string) =>
    withGateway(async ({ auth }) => {
      await auth.revokeAppPassword(id)
    }),
  )

export const appPassword = new Command('app-password')
  .description('passwords for one program each, in place of the person’s own')
  .addCommand(create)
  .addCommand(list)
  .addCommand(revoke)
