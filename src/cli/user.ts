import { Command, Option } from 'commander'
import type { Role } from '../auth.ts'
import { type Access, type AccessList, LEVELS } from '../store/access.ts'
import { note, print, printJson, table } from './output.ts'
import { type PasswordOptions, readPassword } from './read-password.ts'
import { WrongUse, withGateway } from './run.ts'

const withPassword = (command: Command): Command =>
  command
    .option('--password <text>', 'the password (other users of this machine may see it while the command runs)')
    .option('--password-stdin', 'read the password from standard input')

const role = new Option('--role <role>', 'what they may do').choices(['admin', 'booker', 'viewer']).default('booker')

const levels = LEVELS.join(', ')

/** `lh101=write`: exceptions from what the role says, by systemName; `*` are all that are not named. */
function readAccess(words: readonly string[]): AccessList {
  const list: Record<string, Access> = {}
  for (const word of words) {
    const [, name, level] = /^(.+)=(\w+)$/.exec(word) ?? []
    const known = LEVELS.find(each => each === level)
    if (name === undefined || !known) throw new WrongUse(`"${word}" is not of the form RESOURCE=LEVEL (${levels})`)
    list[name] = known
  }
  return list
}

const accessText = (access: AccessList = {}): string =>
  Object.entries(access)
    .map(([name, level]) => `${name}=${level}`)
    .join(' ')

const add = withPassword(new Command('add').description('add a person; without a password, one is made up and shown'))
  .argument('<name>')
  .addOption(role)
  .option('--access <resource=level...>', `what they may do with some resources ("*": all others): ${levels}`, [])
  .action((name: string, options: PasswordOptions & { role: Role; access: string[] }) =>
    withGateway(async ({ auth }) => {
      const access = readAccess(options.access)
      const { password, made } = await readPassword(options)
      await auth.addUser({ name, role: options.role, access }, password)
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

const access = new Command('access')
  .description('say what a person may do with which resource, instead of what was said before; nothing: as their role')
  .argument('<name>')
  .argument('[resource=level...]', `"*" are all resources that are not named; levels: ${levels}`)
  .action((name: string, words: string[]) =>
    withGateway(async ({ auth }) => {
      await auth.setAccess(name, readAccess(words))
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
            ['NAME', 'ROLE', 'ACCESS', 'KEPT IN'],
            users.map(user => [user.name, user.role, accessText(user.access), user.origin]),
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
  .addCommand(access)
  .addCommand(list)
  .addCommand(remove)
