import { Command } from 'commander'
import type { Conflict } from '../store/store.ts'
import { count, localTime, note, print, printJson, table, utcTime } from './output.ts'
import { resourceNamed } from './resource-named.ts'
import { withGateway } from './run.ts'

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
      const names = new Map((await store.resources()).map(({ id, systemName }) => [id, systemName]))
      const nameOf = ({ resourceId }: Conflict) =>
        resourceId === null ? null : (names.get(resourceId) ?? `${resourceId}`)
      if (options.json) {
        printJson(
          open.map(({ resourceId: _, ...conflict }) => ({
            ...conflict,
            resource: nameOf({ ...conflict, resourceId: _ }),
            start: utcTime(conflict.start),
            end: utcTime(conflict.end),
            since: utcTime(conflict.since),
          })),
        )
        return
      }
      const time = (epoch: number | null) => localTime(epoch, config.timeZone)
      const rows = open.map(conflict => [
        conflict.kind,
        nameOf(conflict),
        time(conflict.start),
        time(conflict.end),
        conflict.uids.join(' · '),
        conflict.source,
      ])
      print(table(['KIND', 'RESOURCE', 'FROM', 'TO', 'EVENTS', 'SOURCE'], rows))
      note(count(open.length, 'open conflict'))
    }),
  )
