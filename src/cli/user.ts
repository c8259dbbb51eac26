import { Command, Option } from 'commander'
import type { Role } from '../auth.ts'
import { note, print, printJson, table } from './output.ts'
import { type PasswordOptions, readPassword } from './read-password.ts'
import { withGateway } from './run.ts'

const withPassword = (command: Command): Command =>
  command
    .option('--password <text>', 'the password (other users of this machine may see it while the command runs)')
    .option('--password-stdin', 'read the password from standard input')

const role = new Option('--role <role>', 'what they may do').choices(['admin', 'booker', 'viewer']).default('booker')

const add = withPassword(new Command('add').description('add a person; without a password, one is made up and shown'))
  .argument('<name>')
  .addOption(role)
  .action((name: string, options: PasswordOptions & { role: Role }) =>
    withGateway(async ({ auth }) => {
      const { password, made } = await readPassword(options)
      await auth.addUser(name, options.role, password)
      if (made) print(password)
      note(`${name} can sign in.`)
    }),
  )

const passwd = withPassword(new Command('passwd').description('give a person another password'))
  .argument('<name>')
  .action((name: string, options: PasswordOptions) =>
    withGateway(async ({ auth }) => {
      const { password, made } = await readPassword(options)
      await auth.setPassword(name, password)
      if (made) print(password)
      note(`The password of ${name} is changed.`)
    }),
  )

const list = new Command('list')
  .description('list the people')
  .option('--json', 'print JSON')
  .action(({ json }: { json?: boolean }) =>
    withGateway(async ({ auth }) => {
      const users = await auth.users()
      if (json) printJson(users)
      else
        print(
          table(
            ['NAME', 'ROLE', 'KEPT IN'],
            users.map(user => [user.name, user.role, user.origin]),
          ),
        )
    }),
  )

const remove = new Command('remove')
  .description('remove a person and their app passwords')
  .argument('<name>')
  .action((name: string) =>
    withGateway(async ({ auth }) => {
      await auth.removeUser(name)
    }),
  )

export const user = new Command('user')
  .description('the people who may sign in')
  .addCommand(add)
  .addCommand(passwd)
  .addCommand(list)
  .addCommand(remove)
