import { Command } from 'commander'
import { explain, showConflicts } from '../store/shown-conflicts.ts'
import type { Conflict } from '../store/store.ts'
import { count, localTime, note, print, printJson, utcTime } from './output.ts'
import { resourceNamed } from './resource-named.ts'
import { withGateway } from './run.ts'

const indented = (text: string): string => text.replace(/^/gm, '  ')

export const conflicts = new Command('conflicts')
  .description('list the open conflicts')
  .option('--resource <name>', 'only those of this resource (systemName or name)')
  .option('--uid <uid>', 'only those of this event')
  .option('--json', 'print JSON')
  .action((options: { resource?: string; uid?: string; json?: boolean }) =>
    withGateway(async ({ store, config }) => {
      const resource = options.resource === undefined ? null : await resourceNamed(store, options.resource)
      const filter = { ...(resource && { resourceId: resource.id }), ...(options.uid && { uid: options.uid }) }
      const open = await store.conflicts(filter)
      const shown = await showConflicts(store, open)
      const names = new Map((await store.resources()).map(({ id, systemName }) => [id, systemName]))
      const nameOf = ({ resourceId }: Conflict) =>
        resourceId === null ? null : (names.get(resourceId) ?? `${resourceId}`)
      if (options.json) {
        printJson(
          shown.map(({ conflict: { resourceId: _, ...conflict }, title, sides, remedy }) => ({
            ...conflict,
            resource: nameOf({ ...conflict, resourceId: _ }),
            start: utcTime(conflict.start),
            end: utcTime(conflict.end),
            since: utcTime(conflict.since),
            title,
            events: sides,
            remedy,
          })),
        )
        return
      }
      const time = (epoch: number | null) => localTime(epoch, config.timeZone)
      for (const each of shown) {
        const { kind, start, end } = each.conflict
        const when = start === null ? '' : `  ${time(start)} to ${time(end)}`
        print(`${kind}  ${nameOf(each.conflict) ?? 'the whole schedule'}${when}\n${indented(explain(each))}\n`)
      }
      note(count(open.length, 'open conflict'))
    }),
  )
