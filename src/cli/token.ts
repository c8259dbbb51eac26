import { Command } from 'commander'
import { localTime, note, print, printJson, table, utcTime } from './output.ts'
import { publicUrl } from './public-url.ts'
import { resourceNamed } from './resource-named.ts'
import { WrongUse, withGateway } from './run.ts'

interface CreateOptions {
  readonly resource?: string
  readonly all?: boolean
  readonly device?: boolean
  readonly label?: string
  readonly json?: boolean
}

const create = new Command('create')
  .description('make the token of a feed URL; it is shown only now')
  .option('--resource <name>', 'the resource it reads (systemName or name)')
  .option('--all', 'let it read every resource')
  .option('--device', 'for a capture device: it also sees stream passwords')
  .option('--label <text>', 'what it is for')
  .option('--json', 'print JSON')
  .action((options: CreateOptions) =>
    withGateway(async ({ store, auth, config }) => {
      if ((options.resource === undefined) === !options.all) throw new WrongUse('Choose one of --resource and --all.')
      const resource = options.resource === undefined ? null : (await resourceNamed(store, options.resource)).systemName
      const label = options.label ?? ''
      const { id, token } = await auth.createFeedToken({ resource, label, device: options.device ?? false })
      const segment = resource === null ? '<systemName>' : encodeURIComponent(resource)
      const profile = options.device ? '?profile=device' : ''
      const url = `${publicUrl(config)}/feeds/${token}/${segment}.ics${profile}`
      if (options.json) printJson({ id, token, url, resource, device: options.device ?? false, label })
      else print(url)
      note('Who knows this URL can read the feed; "kaldav token revoke" ends it.')
    }),
  )

const list = new Command('list')
  .description('list the tokens, without what gives access')
  .option('--json', 'print JSON')
  .action(({ json }: { json?: boolean }) =>
    withGateway(async ({ auth, config }) => {
      const tokens = await auth.feedTokens()
      if (json) {
        const times = (token: (typeof tokens)[number]) => ({
          createdAt: utcTime(token.createdAt),
          lastUsed: utcTime(token.lastUsed),
        })
        printJson(tokens.map(token => ({ ...token, ...times(token) })))
        return
      }
      const rows = tokens.map(({ id, prefix, resource, device, label, lastUsed }) => [
        id,
        `${prefix}…`,
        resource ?? 'all',
        device ? 'device' : 'reader',
        localTime(lastUsed, config.timeZone) ?? 'never',
        label,
      ])
      print(table(['ID', 'TOKEN', 'RESOURCE', 'FOR', 'LAST USED', 'LABEL'], rows))
    }),
  )

const revoke = new Command('revoke')
  .description('end a token')
  .argument('<id>', 'its id, as "kaldav token list" shows it, or the token itself')
  .action((id: string) =>
    withGateway(async ({ auth }) => {
      await auth.revokeFeedToken((await auth.feedToken(id))?.id ?? id)
    }),
  )

export const token = new Command('token')
  .description('the tokens of feed URLs')
  .addCommand(create)
  .addCommand(list)
  .addCommand(revoke)
