import { Command } from 'commander'
import { localTime, note, print, printJson, table, utcTime } from './output.ts'
import { withGateway } from './run.ts'

export const sources = new Command('sources')
  .description('show every calendar that is synchronised, and how it goes')
  .option('--json', 'print JSON')
  .action(({ json }: { json?: boolean }) =>
    withGateway(async ({ sync, config }) => {
      const states = await sync.sources()
      if (json) {
        printJson(
          states.map(state => ({
            ...state,
            lastSuccess: utcTime(state.lastSuccess),
            nextDue: utcTime(state.nextDue || null),
          })),
        )
        return
      }
      const rows = states.map(state => [
        state.source,
        state.calendar,
        state.resource,
        state.direction,
        localTime(state.lastSuccess, config.timeZone) ?? 'never',
        state.frozen ? 'frozen' : state.error ? `failing (${state.failures})` : 'ok',
      ])
      print(table(['SOURCE', 'CALENDAR', 'RESOURCE', 'DIRECTION', 'LAST SYNC', 'STATE'], rows))
      for (const { id, error, remedy } of states) {
        if (error) note(`${id}: ${error}${remedy ? `\n  ${remedy}` : ''}`)
      }
    }),
  )
